"""The guard's mind: readings in; warnings and signals out. Pure.

See `docs/guard.md` for what it does and how it was measured.
"""

from __future__ import annotations

from kith.clock import NS_PER_MS, NS_PER_S, Tick
from kith.guard.approach import Approach, Sight
from kith.guard.filter import Tracks
from kith.guard.health import Answer, SensorHealth
from kith.guard.ports import (
    Level,
    Position,
    RangeReading,
    RangeStatus,
    SensorState,
    Signal,
    Warned,
)
from kith.guard.settings import GuardSettings
from kith.guard.zones import Zones

PolicyCommand = Warned | Signal


class Policy:
    """Judges each sensor by itself and warns of the most urgent: `step` gives what changed.

    Time that goes back counts as standing still, a reading from the future as one of now; one that is older
    than the sensor's last one, or comes twice, is dropped. Its memory is bounded, without reference cycles.
    """

    def __init__(self, settings: GuardSettings, positions: tuple[Position, ...], now_ns: int) -> None:
        self._now_ns = now_ns
        self._takeover_mm = settings.zones.hysteresis_mm
        self._sensors = {each: _Sensor(each, settings, now_ns) for each in positions}
        self.warned = Warned(level=Level.QUIET)
        self.next_deadline_ns = now_ns + NS_PER_S
        self._judge()

    @property
    def sensors(self) -> tuple[SensorState, ...]:
        """Each sensor as it was judged last."""
        return tuple(each.state for each in self._sensors.values())

    def step(self, event: RangeReading | Tick, now_ns: int) -> list[PolicyCommand]:
        """Take a reading, or let time pass."""
        self._now_ns = max(now_ns, self._now_ns)
        if isinstance(event, RangeReading) and event.position in self._sensors:
            self._sensors[event.position].take(event, self._now_ns)
        return self._judge()

    def _judge(self) -> list[PolicyCommand]:
        now_ns = self._now_ns
        signals = [each.judge(now_ns) for each in self._sensors.values()]
        later = [
            time_ns
            for each in self._sensors.values()
            for time_ns in each.deadlines_ns(now_ns)
            if time_ns > now_ns
        ]
        self.next_deadline_ns = min(later, default=now_ns + NS_PER_S)
        commands: list[PolicyCommand] = []
        warned = self._most_urgent()
        if warned != self.warned:
            self.warned = warned
            commands.append(warned)
        commands += [each for each in signals if each is not None]
        return commands

    def _most_urgent(self) -> Warned:
        level = max((each.level for each in self._sensors.values()), default=Level.QUIET)
        if level is Level.QUIET:
            return Warned(level=level)
        top = [each for each in self._sensors.values() if each.level is level]
        chosen = min(top, key=lambda each: each.urgency)
        for each in top:
            # A wall is as far from both: the pitch is not to jump with their noise.
            if (
                each.position is self.warned.position
                and chosen.distance_mm > each.distance_mm - self._takeover_mm
            ):
                chosen = each
        return Warned(level=level, position=chosen.position)


class _Sensor:
    """One sensor: its readings, what it sees, its level and its health."""

    def __init__(self, position: Position, settings: GuardSettings, now_ns: int) -> None:
        self.position = position
        self._settings = settings
        self._least_closing_mm_s = settings.approach.least_closing_mm_s
        self._ahead_ns = settings.approach.ahead_ms * NS_PER_MS
        self._tracks = Tracks(settings.filter, settings.approach)
        self._approach = Approach(settings.approach, settings.filter.median_of)
        self._zones = Zones(settings.zones, settings.approach)
        self._health = SensorHealth(settings.health, now_ns)
        self._covered_ns: int | None = None
        self._sight: Sight | None = None
        self._known: Sight | None = None

    @property
    def level(self) -> Level:
        return self._zones.level

    @property
    def distance_mm(self) -> int:
        """The last that was known, for comparing."""
        return self._settings.filter.most_mm if self._known is None else self._known.distance_mm

    @property
    def urgency(self) -> tuple[int, int]:
        """The less the more urgent: time to contact, then distance."""
        contact_ms = None if self._known is None else self._known.contact_ms(self._least_closing_mm_s)
        return (1 << 30 if contact_ms is None else contact_ms, self.distance_mm)

    @property
    def state(self) -> SensorState:
        sight = self._sight
        return SensorState(
            position=self.position,
            health=self._health.health,
            last_fault=self._health.fault,
            distance_mm=None if sight is None else sight.distance_mm,
            closing_mm_s=None if sight is None else sight.closing_mm_s,
            level=self.level,
            muted=self._zones.muted,
            seen_ns=self._health.heard_ns,
        )

    def take(self, reading: RangeReading, now_ns: int) -> None:
        at_ns = min(reading.at_ns, now_ns)
        if self._health.heard_ns is not None and at_ns <= self._health.heard_ns:
            return
        answer, mm = self._worth(reading), reading.distance_mm
        if answer is Answer.DISTANCE:
            self._covered_ns = None
        elif answer is Answer.IMPOSSIBLE and mm is not None and self._is_covered(at_ns):
            self._health.hear(Answer.DISTANCE, None, at_ns)
            self._tracks.add((at_ns, max(mm, 0)))
            return
        self._health.hear(answer, mm, at_ns)
        if answer is Answer.DISTANCE and mm is not None and not self._health.stuck:
            self._tracks.add((at_ns, mm))

    def judge(self, now_ns: int) -> Signal | None:
        self._tracks.forget(now_ns)
        self._sight = None if self._health.stuck else self._most_urgent(now_ns)
        lost = Level.QUIET
        if self._sight is None:
            lost = self._zones.see_nothing(now_ns)
        else:
            self._known = self._sight
            self._zones.see(self._sight, now_ns)
        return self._health.judge(now_ns, sees=self._sight is not None, lost=lost)

    def deadlines_ns(self, now_ns: int) -> list[int]:
        times = [*self._zones.deadlines_ns, *self._health.deadlines_ns, *self._tracks.deadlines_ns]
        if self._sight is not None:
            crossing_ns = self._zones.crossing_ns(self._sight, now_ns)
            if crossing_ns is not None and crossing_ns <= self._sight.seen_ns + self._ahead_ns:
                times.append(crossing_ns)
        return times

    def _worth(self, reading: RangeReading) -> Answer:
        if reading.status is RangeStatus.FAULT:
            return Answer.FAULT
        if reading.status is RangeStatus.NO_ECHO:
            return Answer.NO_ECHO
        if reading.status is RangeStatus.UNSURE:
            return Answer.UNSURE
        limits = self._settings.filter
        if reading.distance_mm is None or reading.distance_mm < limits.least_mm:
            return Answer.IMPOSSIBLE
        return Answer.DISTANCE if reading.distance_mm <= limits.most_mm else Answer.NO_ECHO

    def _is_covered(self, at_ns: int) -> bool:
        # What came into contact comes nearer than a sensor can measure: a hand or a coat upon it.
        known, limits = self._known, self._settings
        if (
            self._zones.level is not Level.CONTACT
            or self._health.stuck
            or known is None
            or known.distance_mm >= limits.zones.contact_mm
        ):
            return False
        if self._covered_ns is None:
            self._covered_ns = at_ns
        return at_ns - self._covered_ns < limits.filter.covered_ms * NS_PER_MS

    def _most_urgent(self, now_ns: int) -> Sight | None:
        sights = [self._approach.sight(each, now_ns) for each in self._tracks.believed(now_ns)]
        return max(sights, key=lambda each: (self._zones.of(each), -each.distance_mm), default=None)
