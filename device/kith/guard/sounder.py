"""What the wearer hears and feels: warnings as pulses, signals as short tunes. Pure."""

from __future__ import annotations

from kith.clock import NS_PER_MS, NS_PER_S, Tick
from kith.guard.ports import Level, OutputEdge, Position, Signal, Warned
from kith.guard.settings import SoundSettings

_Note = tuple[int, int]
"""Pitch in hertz, 0 for a rest, and how long, in milliseconds."""

_MARGIN_MS = 80
"""Rest between a warning's pulse and a tune, so that they are heard as two."""
_WAITS_NS = 10 * NS_PER_S
"""A signal that found no room for so long is old; what still holds will be said anew."""


def tune(signal: Signal, settings: SoundSettings) -> tuple[_Note, ...]:
    """The notes of a signal. By rhythm alone, on a motor or a plain buzzer: self-test short short long, blind
    long short, dead long long long; no warning has such a rhythm."""
    high, low = settings.head_hz, settings.knee_hz
    return {
        Signal.SELF_TEST: ((low, 80), (0, 80), (low, 80), (0, 80), (high, 320)),
        Signal.BLIND: ((high, 200), (0, 60), (low, 80)),
        Signal.DEAD: ((low, 400), (0, 120), (low, 400), (0, 120), (low, 400)),
    }[signal]


class Sounder:
    """Turns warnings and signals into edges of the outputs.

    A level that rises is heard at once, in the midst of a tune too; a fall takes effect at the next pulse,
    but for the continuous tone, which ends at once; QUIET lets the running pulse end. A tune that was
    interrupted or had no room waits for it; one of each kind at most, and not for long. Every sound but the
    continuous one has an end that `next_deadline_ns` names.
    """

    def __init__(self, settings: SoundSettings, now_ns: int) -> None:
        self._settings = settings
        self._pulse_ms = settings.pulse_ms
        self._gaps_ms = {
            Level.FAR: settings.far_gap_ms,
            Level.MIDDLE: settings.middle_gap_ms,
            Level.NEAR: settings.near_gap_ms,
        }
        self._now_ns = now_ns
        self._warned = Warned(level=Level.QUIET)
        self._sounded = Level.QUIET  # the level of the pulse that sounds or sounded last before this gap
        self._pitch_hz = 0
        self._plan: list[_Note] = []
        self._signal: Signal | None = None  # whose tune is being played
        self._waiting: dict[Signal, int] = {}
        self.next_deadline_ns: int | None = None

    def step(self, event: Warned | Signal | Tick, now_ns: int) -> list[OutputEdge]:
        """Take a warning or a signal, or let time pass."""
        self._now_ns = max(now_ns, self._now_ns)
        before_hz = self._pitch_hz
        if isinstance(event, Warned):
            self._warn(event)
        elif isinstance(event, Signal):
            self._waiting[event] = self._now_ns
        if self.next_deadline_ns is None:
            if self._sounded is not Level.CONTACT:
                self._go_on()
        elif self.next_deadline_ns <= self._now_ns:
            self._go_on()
        if self._pitch_hz == before_hz:
            return []
        return [OutputEdge(pitch_hz=self._pitch_hz, at_ns=self._now_ns)]

    def _warn(self, warned: Warned) -> None:
        before, self._warned = self._warned, warned
        if warned.level is Level.CONTACT:
            self._interrupt()
            self._plan.clear()
            self._sounded = Level.CONTACT
            self._play(self._pitch_of(warned.position), None)
        elif self._sounded is Level.CONTACT:
            self._play(0, self._gaps_ms.get(warned.level, _MARGIN_MS))
            self._sounded = warned.level
        elif warned.level > self._sounded or (self._signal is not None and warned.level > before.level):
            self._rise()

    def _rise(self) -> None:
        if self._pitch_hz and self._signal is None:
            # A pulse sounds already: what follows it is quicker.
            self._sounded = self._warned.level
            self._plan = [(0, self._gaps_ms[self._sounded])]
            return
        self._interrupt()
        self._plan.clear()
        self._go_on()

    def _interrupt(self) -> None:
        if self._signal is not None and self._signal is not Signal.SELF_TEST:
            self._waiting.setdefault(self._signal, self._now_ns)
        self._signal = None

    def _go_on(self) -> None:
        """The next note, of the plan or of a new one."""
        if not self._plan:
            self._signal = None
            self._sounded = Level.QUIET
            self._plan_pulse() if self._warned.level is not Level.QUIET else self._plan_tune()
        if self._plan:
            self._play(*self._plan.pop(0))
        else:
            self._play(0, None)

    def _plan_pulse(self) -> None:
        self._sounded = self._warned.level
        gap_ms = self._gaps_ms[self._sounded]
        self._plan = [(self._pitch_of(self._warned.position), self._pulse_ms)]
        self._plan.append((0, gap_ms))

    def _plan_tune(self) -> None:
        signal = self._next_signal()
        if signal is not None:
            del self._waiting[signal]
            self._signal = signal
            self._plan = [*tune(signal, self._settings), (0, _MARGIN_MS)]

    def _next_signal(self) -> Signal | None:
        for signal, since_ns in tuple(self._waiting.items()):
            if self._now_ns - since_ns >= _WAITS_NS:
                del self._waiting[signal]
        return next(
            (each for each in (Signal.SELF_TEST, Signal.DEAD, Signal.BLIND) if each in self._waiting), None
        )

    def _play(self, pitch_hz: int, length_ms: int | None) -> None:
        self._pitch_hz = pitch_hz
        self.next_deadline_ns = None if length_ms is None else self._now_ns + length_ms * NS_PER_MS

    def _pitch_of(self, position: Position | None) -> int:
        return self._settings.knee_hz if position is Position.KNEE else self._settings.head_hz
