"""Whether a sensor can be relied on, and when the wearer is told that it cannot. Pure."""

from __future__ import annotations

from enum import Enum

from kith.clock import NS_PER_MS
from kith.guard.ports import Fault, Health, Signal
from kith.guard.settings import HealthSettings

_MOST_DOUBT = 10


class Answer(Enum):
    """What a reading was worth."""

    DISTANCE = 0
    NO_ECHO = 1
    UNSURE = 2
    IMPOSSIBLE = 3
    FAULT = 4


class SensorHealth:
    """The health of one sensor, and the signals that it is worth.

    A signal is repeated while its cause lasts; causes that come and go are told no more often than that,
    but a thing near by that was warned of and is lost from sight is told each time.
    """

    def __init__(self, settings: HealthSettings, now_ns: int) -> None:
        self._silent_ns = settings.silent_after_ms * NS_PER_MS
        self._start_ns = settings.start_within_ms * NS_PER_MS
        self._unsure_ns = settings.unsure_after_ms * NS_PER_MS
        self._no_echo_ns = settings.no_echo_after_ms * NS_PER_MS
        self._no_echo_repeat_ns = settings.no_echo_repeat_ms * NS_PER_MS
        self._blind_repeat_ns = settings.blind_repeat_ms * NS_PER_MS
        self._dead_repeat_ns = settings.dead_repeat_ms * NS_PER_MS
        self._stuck_after = settings.stuck_after_readings
        self._began_ns = self._alive_ns = self._saw_ns = now_ns
        self._answered = False
        self._last = Answer.NO_ECHO
        self._same_mm = -1
        self._same_times = 0
        self._doubt = 0
        self._doubt_ns = 0
        self._lost = False
        self._told_dead_ns: int | None = None
        self._told_blind_ns: int | None = None
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

    def judge(self, now_ns: int, *, sees: bool, lost: bool) -> Signal | None:
        """Judge anew. sees: a distance is believed; lost: the warning of a thing near by has ended
        since it was lost from sight."""
        if sees:
            self._saw_ns, self._lost = now_ns, False
        self._lost = self._lost or lost
        dead = self._why_dead(now_ns)
        if dead is not None:
            self.health, self.fault, self._lost = Health.DEAD, dead, False
            return self._tell_dead(now_ns, lost)
        blind = None if sees else self._why_blind(now_ns)
        if blind is not None:
            self.health, self.fault = Health.BLIND, blind
            return self._tell_blind(now_ns, blind, lost)
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
        if self._told_dead_ns is not None:
            times.append(self._told_dead_ns + self._dead_repeat_ns)
        if self._told_blind_ns is not None:
            times += (
                self._told_blind_ns + self._blind_repeat_ns,
                self._told_blind_ns + self._no_echo_repeat_ns,
            )
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

    def _tell_dead(self, now_ns: int, lost: bool) -> Signal | None:
        told_ns = self._told_dead_ns
        ends_a_warning = lost and told_ns is not None and told_ns < self._saw_ns
        if not ends_a_warning and told_ns is not None and now_ns - told_ns < self._dead_repeat_ns:
            return None
        self._told_dead_ns = now_ns
        return Signal.DEAD

    def _tell_blind(self, now_ns: int, why: Fault, lost: bool) -> Signal | None:
        repeat_ns = self._no_echo_repeat_ns if why is Fault.NO_ECHO else self._blind_repeat_ns
        if not lost and self._told_blind_ns is not None and now_ns - self._told_blind_ns < repeat_ns:
            return None
        self._told_blind_ns = now_ns
        return Signal.BLIND
