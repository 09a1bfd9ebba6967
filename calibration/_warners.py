"""What warns, for the guard's statistics: the guard itself and what others build; and when each was heard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from kith.clock import NS_PER_S, Tick, VirtualClock
from kith.drivers.simulated_rangefinder import SimulatedRangeFinder
from kith.drivers.simulated_scene import Scene
from kith.guard.policy import Policy
from kith.guard.ports import Level, Position, RangeReading, Signal
from kith.guard.settings import GuardSettings

_NEVER_NS = 1 << 62


class Warner(Protocol):
    """Takes readings; warns or does not."""

    warns: bool
    told: int
    """How often it said that it cannot see."""

    @property
    def next_deadline_ns(self) -> int:
        """When it wants a Tick."""

    def step(self, event: RangeReading | Tick, now_ns: int) -> None:
        """A reading, or time."""


class Guard:
    """The guard with these settings."""

    def __init__(self, settings: GuardSettings) -> None:
        self._policy = Policy(settings, (Position.HEAD,), 0)
        self.warns, self.told = False, 0

    @property
    def next_deadline_ns(self) -> int:
        """See Warner."""
        return self._policy.next_deadline_ns

    def step(self, event: RangeReading | Tick, now_ns: int) -> None:
        """See Warner."""
        said = self._policy.step(event, now_ns)
        self.told += sum(isinstance(each, Signal) for each in said)
        self.warns = self._policy.warned.level is not Level.QUIET


class Plain:
    """What most projects do: the newest reading is nearer than a metre, so beep. To its credit it takes a
    lost echo for none, where many take it for 0."""

    next_deadline_ns = _NEVER_NS

    def __init__(self, nearer_mm: int = 1000) -> None:
        self._nearer_mm = nearer_mm
        self.warns, self.told = False, 0

    def step(self, event: RangeReading | Tick, now_ns: int) -> None:
        """See Warner."""
        if isinstance(event, RangeReading):
            self.warns = event.distance_mm is not None and event.distance_mm < self._nearer_mm


def by_distance(settings: GuardSettings, outermost_mm: int) -> GuardSettings:
    """The same guard, its filter, hysteresis, hold and mute too, but without time to contact: its outermost
    zone begins at this distance."""
    zones = replace(
        settings.zones, far_contact_ms=0, middle_contact_ms=0, near_contact_ms=0, middle_mm=outermost_mm
    )
    return replace(settings, zones=zones)


def warners(settings: GuardSettings) -> dict[str, Callable[[], Warner]]:
    """All that are compared, by name."""
    return {
        "guard": lambda: Guard(settings),
        "zones by distance, 1 m": lambda: Guard(by_distance(settings, 1000)),
        "zones by distance, 1.75 m": lambda: Guard(by_distance(settings, 1750)),
        "beep under 1 m": Plain,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """When it warned, seconds of the scene (from, to), and how often it said that it cannot see."""

    warnings: tuple[tuple[float, float], ...]
    told: int


def readings(scene: Scene, kind: str, seed: int, until_s: float) -> Iterator[RangeReading]:
    """What a sensor of this kind says of a scene; its first reading at a random moment of its pace."""
    clock = VirtualClock()
    finder = SimulatedRangeFinder(Position.HEAD, kind, scene, clock, seed=seed, paced=False)
    finder.start()
    until_ns = round(until_s * NS_PER_S)
    while finder.next_due_ns <= until_ns:
        yield finder.read()


def listen(warner: Warner, said: list[RangeReading], until_s: float) -> Heard:
    """Give it the readings, each when it was taken, and its Ticks between them."""
    until_ns = round(until_s * NS_PER_S)
    warnings: list[tuple[float, float]] = []
    since_ns: int | None = None
    for event, now_ns in _events(warner, said, until_ns):
        warner.step(event, now_ns)
        if warner.warns and since_ns is None:
            since_ns = now_ns
        elif not warner.warns and since_ns is not None:
            warnings.append((since_ns / NS_PER_S, now_ns / NS_PER_S))
            since_ns = None
    if since_ns is not None:
        warnings.append((since_ns / NS_PER_S, until_s))
    return Heard(warnings=tuple(warnings), told=warner.told)


def _events(
    warner: Warner, said: list[RangeReading], until_ns: int
) -> Iterator[tuple[RangeReading | Tick, int]]:
    for each in said:
        while warner.next_deadline_ns < each.at_ns:
            yield Tick(), warner.next_deadline_ns
        yield each, each.at_ns
    while warner.next_deadline_ns <= until_ns:
        yield Tick(), warner.next_deadline_ns
