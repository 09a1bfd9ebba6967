"""How the board itself does, as the kernel tells it without any program of the firmware's, and a twin.

Raspberry Pi's kernel has a file `get_throttled`, what the firmware last told the kernel. That asks every 2 s
and clears the bits 16 to 19 each time: they are of these 2 s, not since the start. Debian's kernel has the
voltage's alarm only, that same bit 16. Where neither is, as on a desk, the temperature is known, if that.
"""

from __future__ import annotations

from pathlib import Path

from kith.ports import BoardHealth

SYS = Path("/sys")

_GET_THROTTLED = "devices/platform/soc*/soc*:firmware/get_throttled"
"""A Pi 5 has its chip's bus, and so its folder, under another name."""
_ALARM = "rpi_volt"
_SENSORS = ("cpu-thermal", "cpu_thermal", "soc-thermal", "bcm2835_thermal", "x86_pkg_temp")
"""The names that kernels give the sensor in the processor."""
_LIKELY_C = (-40, 150)
"""What a sensor that works can say. One that is broken says its least or most, and nobody is told of that as
of heat."""
_UNDER_VOLTAGE, _CAPPED, _THROTTLED, _SOFT_LIMIT, _LATE_UNDER_VOLTAGE = (1 << bit for bit in (0, 1, 2, 3, 16))


class SysBoard:
    """root: where the kernel has its files."""

    def __init__(self, root: Path = SYS) -> None:
        self._root = root

    def health(self) -> BoardHealth:
        """See ports.Board."""
        flags = self._flags()
        temperature_c = self._temperature_c()
        if flags is None:
            return BoardHealth(temperature_c=temperature_c, under_voltage=self._alarm())
        weak = bool(flags & (_UNDER_VOLTAGE | _LATE_UNDER_VOLTAGE))
        return BoardHealth(
            temperature_c=temperature_c,
            under_voltage=weak,
            capped=bool(flags & _CAPPED),
            throttled=bool(flags & _THROTTLED),
            too_hot=bool(flags & _SOFT_LIMIT) or (bool(flags & _THROTTLED) and not weak),
        )

    def _flags(self) -> int | None:
        for file in sorted(self._root.glob(_GET_THROTTLED)):
            text = _read(file)
            try:
                return int(text or "", 16)
            except ValueError:
                continue
        return None

    def _alarm(self) -> bool | None:
        for chip in sorted(self._root.glob("class/hwmon/hwmon*")):
            if _read(chip / "name") == _ALARM:
                return {"0": False, "1": True}.get(_read(chip / "in0_lcrit_alarm") or "")
        return None

    def _temperature_c(self) -> float | None:
        zones = {_read(zone / "type"): zone for zone in self._root.glob("class/thermal/thermal_zone*")}
        for name in _SENSORS:
            text = _read(zones[name] / "temp") if name in zones else None
            try:
                millidegrees = int(text or "")
            except ValueError:
                continue
            if _LIKELY_C[0] * 1000 < millidegrees < _LIKELY_C[1] * 1000:
                return millidegrees / 1000
        return None


class SimulatedBoard:
    """Tells what it was given."""

    def __init__(self, health: BoardHealth | None = None) -> None:
        self.now = health or BoardHealth()

    def health(self) -> BoardHealth:
        """See ports.Board."""
        return self.now


def _read(file: Path) -> str | None:
    try:
        return file.read_bytes().decode("ascii", "replace").strip()
    except OSError:
        return None
