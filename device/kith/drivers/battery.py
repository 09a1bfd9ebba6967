"""What the device runs on, as the kernel tells it, and a twin that is told."""

from __future__ import annotations

from pathlib import Path

from kith.ports import Charge

SUPPLIES = Path("/sys/class/power_supply")

_MAINS = ("Mains", "USB", "Wireless")
_CHARGED_BY = ("Charging", "Full", "Not charging")
"""What a battery says of itself while it is on mains: one that is kept from charging still is."""


class SysBattery:
    """The first battery, by name, that the device itself runs on and whose charge can be read. A mouse's or a
    headset's counts for nothing. root: where the kernel has its power supplies."""

    def __init__(self, root: Path = SUPPLIES) -> None:
        self._root = root

    def charge(self) -> Charge:
        """See ports.Battery. Nothing is known also where there is no battery, as on most wearables: those
        that hang on a power bank cannot ask it."""
        try:
            supplies = sorted(self._root.iterdir())
        except OSError:
            return Charge()
        charges = ((supply, _percent(supply)) for supply in supplies)
        found = next(((supply, percent) for supply, percent in charges if percent is not None), None)
        if found is None:
            return Charge()
        return Charge(percent=found[1], on_mains=_on_mains(found[0], supplies))


class SimulatedBattery:
    """Tells what it was given."""

    def __init__(self, percent: int | None = None, on_mains: bool | None = None) -> None:
        self.now = Charge(percent=percent, on_mains=on_mains)

    def charge(self) -> Charge:
        """See ports.Battery."""
        return self.now


def _percent(supply: Path) -> int | None:
    if _read(supply / "type") != "Battery" or _read(supply / "scope") == "Device":
        return None
    charge = _read(supply / "capacity")
    if charge is None or not (charge.isdecimal() and len(charge) <= 3):
        return None
    return int(charge) if int(charge) <= 100 and _read(supply / "present") != "0" else None


def _on_mains(battery: Path, supplies: list[Path]) -> bool | None:
    """By the battery itself, else by a plug beside it; None where neither tells."""
    status = _read(battery / "status")
    if status in _CHARGED_BY:
        return True
    if status == "Discharging":
        return False
    plugs = [_read(each / "online") for each in supplies if _read(each / "type") in _MAINS]
    return None if not plugs else any(each not in (None, "0") for each in plugs)


def _read(file: Path) -> str | None:
    try:
        return file.read_bytes().decode("ascii", "replace").strip()
    except OSError:
        return None  # Not there, or its chip does not answer.
