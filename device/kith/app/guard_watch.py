"""What the main daemon knows of the guard, and what the wearer is to be told of it. Pure.

The guard never waits for it. What it last said counts by its own time, not by when it was read: after a
pause of the main daemon, old messages wait in the socket.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kith.clock import NS_PER_MS, NS_PER_S, Tick
from kith.config import GuardWatchSettings
from kith.guard.messages import ProximityLevel, SensorReport
from kith.guard.ports import Fault, Health, Level, Position

FAULTS = {
    Fault.NONE: "no fault",
    Fault.SILENT: "no readings came",
    Fault.NO_ANSWER: "it does not answer",
    Fault.STUCK: "it gave the same number again and again",
    Fault.IMPOSSIBLE: "it gave numbers that cannot be",
    Fault.NO_ECHO: "it heard no echo",
    Fault.UNSURE: "it could not measure, as in bright sun",
}
"""A sensor's faults in words, for the log and the doctor."""

_KNOWN = (Health.SEES, Health.NOTHING, Health.DEAD)
"""Of a sensor that starts or is blind it cannot be said whether it works."""
_AWAY_NS = NS_PER_S
"""A Tick is never so late while this process runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardFault:
    """Something to tell the wearer. key: of its line in the wording; text: for the log and the timeline;
    broke: False when it works again."""

    key: str
    text: str
    broke: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelChanged:
    """The guard warns more or less urgently; level None: unknown. distance_mm: of what it warns of, as far
    as it is known."""

    level: Level | None
    position: Position | None
    distance_mm: int | None


GuardNews = GuardFault | LevelChanged


class GuardWatch:
    """Feed it with the guard's messages, and with a Tick when `next_deadline_ns` has come."""

    def __init__(self, settings: GuardWatchSettings, now_ns: int, *, expected: bool) -> None:
        """expected: whether it is a fault that the guard is never heard."""
        self._stale_ns = settings.stale_after_ms * NS_PER_MS
        self._silent_ns = settings.silent_after_ms * NS_PER_MS
        self._steady_ns = settings.steady_after_ms * NS_PER_MS
        self._repeat_ns = settings.repeat_ms * NS_PER_MS
        self._heard_ns: int | None = None
        self._silence_ns = now_ns + settings.start_within_ms * NS_PER_MS if expected else None
        self._silent = False
        self._missed_again_ns = 0
        self._there_since_ns = now_ns
        self._refused = False
        self._sensors: dict[Position, _Part] = {}
        self._outputs = _Part()
        self._muffled_again_ns = 0
        self.level: Level | None = None
        """What the guard warns of; None when that is not known."""

    @property
    def muffled(self) -> bool:
        """Whether what the guard warns of cannot be heard or felt, or could not until just now."""
        return self._outputs.failed

    @property
    def next_deadline_ns(self) -> int | None:
        """When it wants a Tick."""
        if self.level is None or self._heard_ns is None:
            return self._silence_ns
        stale_ns = self._heard_ns + self._stale_ns
        return stale_ns if self._silence_ns is None else min(stale_ns, self._silence_ns)

    def step(self, event: ProximityLevel | Tick, now_ns: int) -> list[GuardNews]:
        """Take one event; what is news."""
        heard = self._heard(event, now_ns) if isinstance(event, ProximityLevel) else ()
        return [*heard, *self._overdue(now_ns)]

    def _heard(self, message: ProximityLevel, now_ns: int) -> Iterator[GuardNews]:
        at_ns = min(message.at_ns, now_ns)
        if now_ns - at_ns >= self._stale_ns or (self._heard_ns is not None and at_ns < self._heard_ns):
            return
        if self._heard_ns is None or at_ns - self._heard_ns >= self._stale_ns:
            self._there_since_ns = at_ns
        self._heard_ns = at_ns
        self._silence_ns = max(at_ns + self._silent_ns, self._missed_again_ns if self._silent else 0)
        if message.level is not self.level:
            self.level = message.level
            yield _changed(message)
        if self._silent and at_ns - self._there_since_ns >= self._steady_ns:
            self._silent, self._silence_ns = False, at_ns + self._silent_ns
            yield GuardFault(key="guard.back", text="the distance guard is back", broke=False)
        for sensor in message.sensors:
            yield from self._sensor(sensor, at_ns, alone=len(message.sensors) == 1)
        yield from self._hearable(message.muffled, at_ns)
        if message.misconfigured and not self._refused:
            yield GuardFault(key="settings.refused", text="the guard's settings were refused", broke=True)
        self._refused = message.misconfigured

    def _sensor(self, sensor: SensorReport, at_ns: int, *, alone: bool) -> Iterator[GuardNews]:
        part = self._sensors.setdefault(sensor.position, _Part())
        works = None if sensor.health not in _KNOWN else sensor.health is not Health.DEAD
        news = part.step(works, at_ns, self._steady_ns)
        if news is None:
            return
        topic, called = ("sensor", "distance") if alone else (sensor.position.value,) * 2
        if news:
            yield GuardFault(key=f"{topic}.works", text=f"the {called} sensor works again", broke=False)
        else:
            why = FAULTS[sensor.last_fault]
            yield GuardFault(key=f"{topic}.failed", text=f"the {called} sensor has failed: {why}", broke=True)

    def _hearable(self, muffled: bool, at_ns: int) -> Iterator[GuardNews]:
        news = self._outputs.step(not muffled, at_ns, self._steady_ns)
        if news is True:
            yield GuardFault(key="buzzer.works", text="the buzzer works again", broke=False)
        elif news is False or (muffled and at_ns >= self._muffled_again_ns):
            self._muffled_again_ns = at_ns + self._repeat_ns
            yield GuardFault(key="buzzer.failed", text="the buzzer does not work", broke=True)

    def _overdue(self, now_ns: int) -> Iterator[GuardNews]:
        heard_ns = self._heard_ns
        if self.level is not None and heard_ns is not None and now_ns - heard_ns >= self._stale_ns:
            self.level = None
            yield LevelChanged(level=None, position=None, distance_mm=None)
        if self._silence_ns is None or now_ns < self._silence_ns:
            return
        if now_ns - self._silence_ns >= _AWAY_NS:
            # It was this process that stood still; what the guard says meanwhile is yet to be read.
            self._silence_ns = now_ns + self._silent_ns
            return
        self._silent = True
        self._silence_ns = self._missed_again_ns = now_ns + self._repeat_ns
        yield GuardFault(key="guard.silent", text="the distance guard does not answer", broke=True)


class _Part:
    """Whether a sensor or the outputs work. Breaking is news at once, working again once it lasts."""

    def __init__(self) -> None:
        self.failed = False
        self._works_since_ns: int | None = None

    def step(self, works: bool | None, at_ns: int, steady_ns: int) -> bool | None:
        """works: None when it cannot be told. False: it has just failed; True: it works again; None: no
        news."""
        if not works:
            self._works_since_ns = None
            if works is None or self.failed:
                return None
            self.failed = True
            return False
        if not self.failed:
            return None
        self._works_since_ns = at_ns if self._works_since_ns is None else self._works_since_ns
        if at_ns - self._works_since_ns < steady_ns:
            return None
        self.failed = False
        return True


def _changed(message: ProximityLevel) -> LevelChanged:
    distances = (each.distance_mm for each in message.sensors if each.position is message.position)
    return LevelChanged(level=message.level, position=message.position, distance_mm=next(distances, None))
