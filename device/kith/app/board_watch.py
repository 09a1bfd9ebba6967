"""What is worth saying of the board: its battery, its heat, its supply. Pure.

Each is told of once when it begins and once when it is over; in between lies a margin, and time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kith.clock import NS_PER_MS, Tick
from kith.config import BoardSettings
from kith.ports import BoardHealth, Charge

_STALE_CHECKS = 12
"""Readings that stay away for so many of them say nothing of now: a gauge hangs."""
LONGEST_STEADY = 16
"""Times the usual: what comes back again and again is told of more and more seldom, but not for ever so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardReading:
    """What the board and its battery told at one time."""

    health: BoardHealth
    charge: Charge


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardNews:
    """To be told. key: of its line; broke: else it is well again; count: percent, where the line has it."""

    key: str
    text: str
    broke: bool
    count: int | None = None


class BoardWatch:
    """Fed with each reading, and with a Tick when `next_deadline_ns` has come."""

    def __init__(self, settings: BoardSettings) -> None:
        self._settings = settings
        self._stale_ns = _STALE_CHECKS * settings.check_interval_ms * NS_PER_MS
        lasting_ns, steady_ns = settings.lasting_ms * NS_PER_MS, settings.steady_after_ms * NS_PER_MS
        self._heat, self._supply = _Lasting(lasting_ns, steady_ns), _Lasting(lasting_ns, steady_ns)
        self._battery = _Battery(settings)
        self._read_ns: int | None = None
        self.percent: int | None = None
        """Of the battery, by the newest reading; None when it is not known now."""

    @property
    def next_deadline_ns(self) -> int | None:
        """When it wants a Tick."""
        return None if self._read_ns is None else self._read_ns + self._stale_ns

    def step(self, event: BoardReading | Tick, now_ns: int) -> list[BoardNews]:
        """Take one event; what is news."""
        if isinstance(event, BoardReading):
            self._read_ns, self.percent = now_ns, event.charge.percent
            return list(self._read(event, now_ns))
        if self._read_ns is not None and now_ns - self._read_ns >= self._stale_ns:
            self._read_ns = self.percent = None
            self._heat.unknown()
            self._supply.unknown()
        return []

    def _read(self, reading: BoardReading, now_ns: int) -> Iterator[BoardNews]:
        yield from self._battery.step(reading.charge)
        hot = self._heat.step(self._is_hot(reading.health), now_ns)
        if hot is not None:
            text = "the board is too hot" if hot else "the board has cooled down"
            yield BoardNews(key="heat.hot" if hot else "heat.cooled", text=text, broke=hot)
        weak = self._supply.step(reading.health.under_voltage, now_ns)
        if weak is not None:
            text = "the supply's voltage is too low" if weak else "the supply's voltage is well again"
            yield BoardNews(key="supply.weak" if weak else "supply.well", text=text, broke=weak)

    def _is_hot(self, health: BoardHealth) -> bool | None:
        limit_c, temperature_c = self._settings.hot_from_deg, health.temperature_c
        if health.too_hot or (temperature_c is not None and temperature_c >= limit_c):
            return True
        if temperature_c is None:
            return health.too_hot
        return False if temperature_c < limit_c - self._settings.cooled_by_deg else None


class _Lasting:
    """Something that is there or not. It is news once it has lasted, either way; not known, or in between, it
    is as it was, and its time begins anew."""

    def __init__(self, lasting_ns: int, steady_ns: int) -> None:
        self._lasting_ns = lasting_ns
        self._usual_ns = self._steady_ns = steady_ns
        self._there = False
        self._other_ns: int | None = None
        self._over_ns: int | None = None

    def step(self, there: bool | None, now_ns: int) -> bool | None:
        """True: it has begun; False: it is over; None: no news."""
        if there is None or there is self._there:
            self._other_ns = None
            return None
        if self._other_ns is None:
            self._other_ns = now_ns
            if there and not self._lasting_ns:
                return self._begun(now_ns)
            return None
        if now_ns - self._other_ns < (self._lasting_ns if there else self._steady_ns):
            return None
        return self._begun(now_ns) if there else self._ended(now_ns)

    def unknown(self) -> None:
        """Nothing is known of it any more."""
        self._other_ns = None

    def _begun(self, now_ns: int) -> bool:
        self._there, self._other_ns = True, None
        longest_ns = self._usual_ns * LONGEST_STEADY
        if self._over_ns is None or now_ns - self._over_ns >= longest_ns:
            self._steady_ns = self._usual_ns
        else:
            self._steady_ns = min(2 * self._steady_ns, longest_ns)
        return True

    def _ended(self, now_ns: int) -> bool:
        self._there, self._other_ns, self._over_ns = False, None, now_ns
        return False


class _Battery:
    """Low is told of once, and once more when it is very low; never while it is being charged."""

    def __init__(self, settings: BoardSettings) -> None:
        self._low = settings.battery_low_percent
        self._very_low = settings.battery_very_low_percent
        self._well_above = max(settings.battery_well_percent, self._low)
        self._told_low = self._told_very_low = False

    def step(self, charge: Charge) -> Iterator[BoardNews]:
        percent = charge.percent
        if percent is None:
            return
        if self._told_low and percent > self._well_above:
            self._told_low = self._told_very_low = False
            yield BoardNews(key="battery.well", text="the battery is charged again", broke=False)
        very_low = percent <= self._very_low
        known = self._told_very_low if very_low else self._told_low
        if percent <= max(self._low, self._very_low) and not known and not charge.on_mains:
            self._told_low, self._told_very_low = True, self._told_very_low or very_low
            yield BoardNews(
                key="battery.low", text=f"the battery is at {percent} percent", broke=True, count=percent
            )
