"""Whether a sensor can be relied on, and when the wearer is told that it cannot. Pure."""

from __future__ import annotations

from enum import Enum

from kith.clock import NS_PER_MS
from kith.guard.ports import Fault, Health, Level, Signal
from kith.guard.settings import HealthSettings

_MOST_DOUBT = 10
_MOST_TIMES = 20


class Answer(Enum):
    """What a reading was worth."""

    DISTANCE = 0
    NO_ECHO = 1
    UNSURE = 2
    IMPOSSIBLE = 3
    FAULT = 4


class SensorHealth:
    """The health of one sensor, and the signals that it is worth.

    A signal is repeated while its cause lasts, more and more seldom; causes that come and go are told no more
    often than that. But the end of a warning is told each time: of any, by the sensor's death; of a thing
    near by, by being lost from sight.
    """

    def __init__(self, settings: HealthSettings, now_ns: int) -> None:
        self._silent_ns = settings.silent_after_ms * NS_PER_MS
        self._start_ns = settings.start_within_ms * NS_PER_MS
        self._unsure_ns = settings.unsure_after_ms * NS_PER_MS
        self._no_echo_ns = settings.no_echo_after_ms * NS_PER_MS
        most_ns = settings.repeat_most_ms * NS_PER_MS
        self._no_echo = (settings.no_echo_repeat_ms * NS_PER_MS, settings.no_echo_repeat_most_ms * NS_PER_MS)
        self._unsure = (settings.blind_repeat_ms * NS_PER_MS, most_ns)
        self._dead = (settings.dead_repeat_ms * NS_PER_MS, most_ns)
        self._stuck_after = settings.stuck_after_readings
        self._began_ns = self._alive_ns = self._saw_ns = now_ns
        self._answered = False
        self._last = Answer.NO_ECHO
        self._same_mm = -1
        self._same_times = 0
        self._doubt = 0
        self._doubt_ns = 0
        self._lost = False
        self._ended = False
        self._told_dead = _Told(settings.well_after_ms * NS_PER_MS)
        self._told_blind = _Told(settings.well_after_ms * NS_PER_MS)
        self.heard_ns: int | None = None
        self.health = Health.STARTING
        self.fault = Fault.NONE

    @property
    def stuck(self) -> bool:
        """Whether it says the same again and again."""
        return self._same_times >= self._stuck_after

    def hear(self, answer: Answer, distance_mm: int | None, at_ns: int) -> None:
        """Take a reading that is newer than all before."""
        self.heard_ns = at_ns
        self._last = answer
        if answer in (Answer.IMPOSSIBLE, Answer.FAULT):
            return
        if not self._answered or at_ns - self._alive_ns >= self._silent_ns:
            # Only what was lived through counts as time without an echo.
            self._saw_ns = at_ns
        self._answered = True
        self._alive_ns = at_ns
        self._weigh(answer, at_ns)
        if answer is Answer.DISTANCE:
            self._same_times = self._same_times + 1 if distance_mm == self._same_mm else 1
            self._same_mm = -1 if distance_mm is None else distance_mm

    def judge(self, now_ns: int, *, sees: bool, lost: Level) -> Signal | None:
        """Judge anew. sees: a distance is believed; lost: the warning that has ended since what it was of
        was lost from sight."""
        if sees:
            self._saw_ns, self._lost, self._ended = now_ns, False, False
        # In a far warning most things are lost since they were beside the way: walking through doors, a tune
        # for each of those was four times as many tunes.
        self._lost = self._lost or lost >= Level.MIDDLE
        self._ended = self._ended or lost is not Level.QUIET
        dead = self._why_dead(now_ns)
        self._told_dead.note(now_ns, well=dead is None)
        if dead is not None:
            self._told_blind.note(now_ns, well=False)
            self.health, self.fault, self._lost = Health.DEAD, dead, False
            return self._tell_dead(now_ns)
        blind = None if sees else self._why_blind(now_ns)
        # Who sees now and then is not well: each quarter of a minute an echo, in open country.
        self._told_blind.note(now_ns, well=blind is None and now_ns - self._saw_ns < self._unsure_ns)
        if blind is not None:
            self.health, self.fault = Health.BLIND, blind
            return self._tell_blind(now_ns, blind, lost >= Level.MIDDLE)
        if sees:
            self.health = Health.SEES
        elif self._answered:
            self.health = Health.NOTHING
        return None

    @property
    def deadlines_ns(self) -> tuple[int, ...]:
        """When time alone may change something; some of them past."""
        times = [
            self._alive_ns + (self._silent_ns if self._answered else self._start_ns),
            (self._began_ns if self.heard_ns is None else self.heard_ns) + self._silent_ns,
            self._saw_ns + self._no_echo_ns,
        ]
        if self._doubt:
            times.append(self._doubt_ns + self._unsure_ns)
        for told, repeat_ns in (
            (self._told_dead, self._dead),
            (self._told_blind, self._unsure),
            (self._told_blind, self._no_echo),
        ):
            if (due_ns := told.due_ns(*repeat_ns)) is not None:
                times.append(due_ns)
        return tuple(times)

    def _weigh(self, answer: Answer, at_ns: int) -> None:
        # A chip in sunlight mixes its answers: doubt goes as it came, reading by reading.
        if answer is not Answer.UNSURE:
            self._doubt = max(self._doubt - 1, 0)
            return
        if not self._doubt:
            self._doubt_ns = at_ns
        self._doubt = min(self._doubt + 1, _MOST_DOUBT)

    def _why_dead(self, now_ns: int) -> Fault | None:
        if now_ns - self._alive_ns >= (self._silent_ns if self._answered else self._start_ns):
            if self.heard_ns is None or now_ns - self.heard_ns >= self._silent_ns:
                return Fault.SILENT
            return Fault.IMPOSSIBLE if self._last is Answer.IMPOSSIBLE else Fault.NO_ANSWER
        return Fault.STUCK if self.stuck else None

    def _why_blind(self, now_ns: int) -> Fault | None:
        if self._doubt and now_ns - self._doubt_ns >= self._unsure_ns:
            return Fault.UNSURE
        if self._lost:
            return Fault.UNSURE if self._doubt else Fault.NO_ECHO
        if self._answered and now_ns - self._saw_ns >= self._no_echo_ns:
            return Fault.NO_ECHO
        return None

    def _tell_dead(self, now_ns: int) -> Signal | None:
        told_ns = self._told_dead.at_ns
        ends_a_warning = self._ended and (told_ns is None or told_ns < self._saw_ns)
        self._ended = False
        return Signal.DEAD if self._told_dead.tell(now_ns, *self._dead, at_once=ends_a_warning) else None

    def _tell_blind(self, now_ns: int, why: Fault, at_once: bool) -> Signal | None:
        repeat_ns = self._no_echo if why is Fault.NO_ECHO else self._unsure
        return Signal.BLIND if self._told_blind.tell(now_ns, *repeat_ns, at_once=at_once) else None


class _Told:
    """When a signal was told, and how long until it is told again: each time twice as long."""

    __slots__ = ("_times", "_well_after_ns", "_well_ns", "at_ns")

    def __init__(self, well_after_ns: int) -> None:
        self._well_after_ns = well_after_ns
        self._well_ns: int | None = None
        self._times = 0
        self.at_ns: int | None = None

    def note(self, now_ns: int, *, well: bool) -> None:
        """After having been well for a while, what comes is told anew."""
        if self._well_ns is not None and now_ns - self._well_ns >= self._well_after_ns:
            self._times, self.at_ns = 0, None
        if not well:
            self._well_ns = None
        elif self._well_ns is None:
            self._well_ns = now_ns

    def due_ns(self, first_ns: int, most_ns: int) -> int | None:
        """When it is to be told again; None before it was told."""
        if self.at_ns is None:
            return None
        return self.at_ns + min(first_ns << self._times, most_ns)

    def tell(self, now_ns: int, first_ns: int, most_ns: int, *, at_once: bool) -> bool:
        """Whether it is to be told now; at_once: whatever the time since the last one."""
        due_ns = self.due_ns(first_ns, most_ns)
        if due_ns is not None and now_ns < due_ns and not at_once:
            return False
        if due_ns is not None and now_ns >= due_ns:
            self._times = min(self._times + 1, _MOST_TIMES)
        self.at_ns = now_ns
        return True
