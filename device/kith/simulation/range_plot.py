"""What the guard measured and told, kept for a plot: an hour costs no more than a minute."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from kith.guard.ports import Fault, Health, Level, Position, RangeReading, SensorState, Warned

MOST_BINS = 2000
MOST_BEEPS = 3000
_FIRST_BIN_S = 0.025
_FIRST_GAP_S = 0.02


@dataclass(slots=True)
class SensorBin:
    """A sensor during one bin. raw_mm, filtered_mm: (nearest, farthest), None when there was none. lost: at
    its end the filtered range was unknown. ill: worst health if BLIND or DEAD, and why."""

    raw_mm: tuple[int, int] | None = None
    filtered_mm: tuple[int, int] | None = None
    lost: bool = False
    ill: Health | None = None
    fault: Fault = Fault.NONE
    muted: bool = False

    def take_in(self, later: SensorBin) -> None:
        """Become one with the bin after this one."""
        self.raw_mm = _both(self.raw_mm, later.raw_mm)
        self.filtered_mm = _both(self.filtered_mm, later.filtered_mm)
        self.lost = later.lost
        self.muted = later.muted
        if later.ill is not None and (self.ill is None or later.ill >= self.ill):
            self.ill, self.fault = later.ill, later.fault


@dataclass(slots=True)
class LevelBin:
    """The most urgent level during one bin, and the level at its end."""

    highest: Level
    last: Level

    def take_in(self, later: LevelBin) -> None:
        """Become one with the bin after this one."""
        self.highest, self.last = max(self.highest, later.highest), later.last


@dataclass(slots=True)
class Beep:
    """The outputs were on. signal: for something else than a warning."""

    from_s: float
    to_s: float
    pitch_hz: int
    signal: bool


T = TypeVar("T", SensorBin, LevelBin)


@dataclass(slots=True)
class Bins(Generic[T]):
    """Values by time, in bins that are made wider by two and two when there are too many."""

    make: Callable[[], T]
    every_s: float = _FIRST_BIN_S
    by_number: dict[int, T] = field(default_factory=dict)

    def at(self, t_s: float) -> T:
        """The bin of a time, made where there is none."""
        number = int(t_s / self.every_s)
        found = self.by_number.get(number)
        if found is None:
            found = self.by_number[number] = self.make()
            if len(self.by_number) > MOST_BINS:
                self._widen()
                return self.at(t_s)
        return found

    def in_order(self) -> Iterable[tuple[float, T]]:
        """(time at which it begins in s, bin)."""
        return ((number * self.every_s, self.by_number[number]) for number in sorted(self.by_number))

    def _widen(self) -> None:
        narrow, self.by_number = self.by_number, {}
        self.every_s *= 2
        for number in sorted(narrow):
            held = self.by_number.get(number // 2)
            if held is None:
                self.by_number[number // 2] = narrow[number]
            else:
                held.take_in(narrow[number])


class RangePlot:
    """Looks on at a guard; times are in s from the start of the run."""

    def __init__(self) -> None:
        self.sensors: dict[Position, Bins[SensorBin]] = {}
        self.levels = Bins(lambda: LevelBin(Level.QUIET, Level.QUIET))
        self.beeps: list[Beep] = []
        self.end_s = 0.0
        self._on: Beep | None = None
        self._quiet = True
        self._gap_s = _FIRST_GAP_S

    def reading(self, t_s: float, reading: RangeReading) -> None:
        """A sensor answered."""
        if reading.distance_mm is not None:
            held = self._sensor(reading.position).at(t_s)
            held.raw_mm = _both(held.raw_mm, (reading.distance_mm, reading.distance_mm))

    def state(self, t_s: float, warned: Warned, sensors: Iterable[SensorState]) -> None:
        """What the policy makes of it."""
        self.end_s = max(self.end_s, t_s)
        self._quiet = warned.level is Level.QUIET
        self.levels.at(t_s).take_in(LevelBin(warned.level, warned.level))
        for sensor in sensors:
            known = sensor.distance_mm
            ill = sensor.health if sensor.health in (Health.BLIND, Health.DEAD) else None
            now = SensorBin(
                filtered_mm=None if known is None else (known, known),
                lost=known is None,
                ill=ill,
                fault=sensor.last_fault,
                muted=sensor.muted,
            )
            self._sensor(sensor.position).at(t_s).take_in(now)

    def edge(self, t_s: float, pitch_hz: int) -> None:
        """The outputs go on at this pitch, or off (0); after what `state` says of the same moment."""
        self.end_s = max(self.end_s, t_s)
        if self._on is not None:
            self._on.to_s = t_s
            self._on = None
        if pitch_hz:
            self._on = Beep(t_s, t_s, pitch_hz, self._quiet)
            self.beeps.append(self._on)
            if len(self.beeps) > MOST_BEEPS:
                self._join_beeps()

    def sounded(self) -> list[Beep]:
        """All beeps; one that has no end yet ends with the run."""
        if self._on is not None:
            self._on.to_s = max(self.end_s, self._on.from_s)
        return self.beeps

    def _sensor(self, position: Position) -> Bins[SensorBin]:
        return self.sensors.setdefault(position, Bins(SensorBin))

    def _join_beeps(self) -> None:
        while len(self.beeps) > MOST_BEEPS // 2:
            self._gap_s *= 2
            joined: list[Beep] = []
            last: dict[tuple[int, bool], Beep] = {}
            for beep in self.beeps:
                kind = beep.pitch_hz, beep.signal
                sooner = last.get(kind)
                if sooner is not None and beep.from_s - sooner.to_s <= self._gap_s and beep is not self._on:
                    sooner.to_s = beep.to_s
                else:
                    last[kind] = beep
                    joined.append(beep)
            self.beeps = joined


def _both(first: tuple[int, int] | None, second: tuple[int, int] | None) -> tuple[int, int] | None:
    if first is None or second is None:
        return first or second
    return min(first[0], second[0]), max(first[1], second[1])
