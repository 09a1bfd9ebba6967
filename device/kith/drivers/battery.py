"""What the device runs on, as the kernel tells it, and a twin that is told."""

from __future__ import annotations

from pathlib import Path

SUPPLIES = Path("/sys/class/power_supply")


class SysBattery:
    """The first battery, by name, that the device itself runs on and whose charge can be read. A mouse's or a
    headset's counts for nothing. root: where the kernel has its power supplies."""

    def __init__(self, root: Path = SUPPLIES) -> None:
        self._root = root

    def percent(self) -> int | None:
        """See ports.Battery. None also where there is no battery, as on most wearables: those that hang on a
        power bank cannot ask it."""
        try:
            supplies = sorted(self._root.iterdir())
        except OSError:
            return None
        charges = (_charge(supply) for supply in supplies)
        return next((charge for charge in charges if charge is not None), None)


class SimulatedBattery:
    """Tells what it was given."""

    def __init__(self, percent: int | None) -> None:
        self._percent = percent

    def percent(self) -> int | None:
        """See ports.Battery."""
        return self._percent


def _charge(supply: Path) -> int | None:
    if _read(supply / "type") != "Battery" or _read(supply / "scope") == "Device":
        return None
    charge = _read(supply / "capacity")
    if charge is None or not (charge.isdecimal() and len(charge) <= 3):
        return None
    return int(charge) if int(charge) <= 100 and _read(supply / "present") != "0" else None


def _read(file: Path) -> str | None:
    try:
        return file.read_bytes().decode("ascii", "replace").strip()
    except OSError:
        return None  # Not there, or its chip does not answer.
