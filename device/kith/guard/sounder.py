"""What the wearer hears and feels: warnings as pulses, signals as short tunes. Pure."""

from __future__ import annotations

from kith.clock import NS_PER_MS, NS_PER_S, Tick
from kith.guard.ports import Level, OutputEdge, Position, Signal, Warned
from kith.guard.settings import SoundSettings

_Note = tuple[int, int]
"""Pitch in hertz, 0 for a rest, and how long, in milliseconds."""
_Planned = tuple[int, int, Signal | None]
"""A note, and whose tune it belongs to."""

_MARGIN_MS = 80
"""Rest between a warning's pulse and a tune, so that they are heard as two."""
_WAITS_NS = 10 * NS_PER_S
"""A signal that found no room for so long is old; what still holds will be said anew."""
_MOST_BREAKS = 2
"""A tune broken into so often is given up: fragments tell nothing, and one note may pass for CONTACT."""
_BY_WEIGHT = (Signal.SELF_TEST, Signal.DEAD, Signal.BLIND)


def tune(signal: Signal, settings: SoundSettings) -> tuple[_Note, ...]:
    """The notes of a signal. By rhythm alone, on a motor or a plain buzzer: self-test short short long, blind
    long short, dead long long long; no warning has such a rhythm. Blind fits into a far warning's gap."""
    high, low = settings.head_hz, settings.knee_hz
    if signal is Signal.SELF_TEST:
        return ((low, 80), (0, 80), (low, 80), (0, 80), (high, 320))
    if signal is Signal.BLIND:
        return ((high, 200), (0, 60), (low, 80))
    return ((low, 400), (0, 120), (low, 400), (0, 120), (low, 400))


class Sounder:
    """Turns warnings and signals into edges of the outputs.

    A level that rises is heard at once, in the midst of a tune too; a fall takes effect at the next pulse,
    but for the continuous tone, which ends at once; QUIET lets the running pulse end. A tune of BLIND or DEAD
    that was interrupted or found no room waits for it, one of each kind at most and not for long; it is begun
    at most twice. Every sound but the continuous one has an end, which `next_deadline_ns` names.
    """

    def __init__(self, settings: SoundSettings, now_ns: int) -> None:
        self._settings = settings
        self._gaps_ms = {
            Level.FAR: settings.far_gap_ms,
            Level.MIDDLE: settings.middle_gap_ms,
            Level.NEAR: settings.near_gap_ms,
        }
        self._now_ns = now_ns
        self._warned = Warned(level=Level.QUIET)
        # The level of what sounds, or of the gap that follows it: a lower one waits for the gap's end.
        self._sounded = Level.QUIET
        self._pitch_hz = 0
        self._plan: list[_Planned] = []
        self._signal: Signal | None = None
        # Since when each signal waits, and how often its tune was broken; and the same of the tune planned.
        self._waiting: dict[Signal, tuple[int, int]] = {}
        self._begun = (now_ns, 0)
        self.next_deadline_ns: int | None = None

    def step(self, event: Warned | Signal | Tick, now_ns: int) -> list[OutputEdge]:
        """Take a warning or a signal, or let time pass. After a late Tick all is later, never shorter."""
        self._now_ns = max(now_ns, self._now_ns)
        before_hz = self._pitch_hz
        if isinstance(event, Warned):
            self._warn(event)
        elif isinstance(event, Signal):
            self._waiting[event] = (self._now_ns, 0)
        idle = self.next_deadline_ns is None and self._sounded is Level.QUIET
        due = self.next_deadline_ns is not None and self.next_deadline_ns <= self._now_ns
        if idle or due:
            self._go_on()
        if self._pitch_hz == before_hz:
            return []
        return [OutputEdge(pitch_hz=self._pitch_hz, at_ns=self._now_ns)]

    def _warn(self, warned: Warned) -> None:
        self._warned = warned
        if warned.level is Level.CONTACT:
            self._interrupt()
            self._sounded = Level.CONTACT
            self._play(self._pitch_of(warned.position), None)
        elif self._sounded is Level.CONTACT:
            self._sounded = warned.level
            self._play(0, self._gaps_ms.get(warned.level, _MARGIN_MS))
        elif warned.level > self._sounded:
            if self._pitch_hz and self._signal is None:
                # A pulse sounds already; what follows it is quicker.
                self._interrupt()
                self._sounded = warned.level
                self._plan = [(0, self._gaps_ms[warned.level], None)]
            else:
                self._interrupt()
                self._go_on()

    def _interrupt(self) -> None:
        since_ns, breaks = self._begun
        breaks += self._signal is not None
        for signal in (self._signal, *(whose for _, _, whose in self._plan)):
            if signal is not None and signal is not Signal.SELF_TEST and breaks < _MOST_BREAKS:
                self._waiting.setdefault(signal, (since_ns, breaks))
        self._signal = None
        self._plan.clear()

    def _go_on(self) -> None:
        if not self._plan:
            self._sounded = self._warned.level
            self._plan = self._tune(0) if self._sounded is Level.QUIET else self._pulse()
        if self._plan:
            pitch_hz, length_ms, self._signal = self._plan.pop(0)
            self._play(pitch_hz, length_ms)
        else:
            self._signal = None
            self._play(0, None)

    def _pulse(self) -> list[_Planned]:
        gap_ms = self._gaps_ms[self._sounded]
        pulse: _Planned = (self._pitch_of(self._warned.position), self._settings.pulse_ms, None)
        notes = self._tune(gap_ms)
        if notes:
            notes.insert(0, (0, _MARGIN_MS, None))
        rest_ms = gap_ms - sum(length_ms for _, length_ms, _ in notes)
        return [pulse, *notes, *([(0, rest_ms, None)] if rest_ms else [])]

    def _tune(self, gap_ms: int) -> list[_Planned]:
        """The weightiest tune that waits, with the rest after it; within a gap only one that fits."""
        for signal in _BY_WEIGHT:
            waits = self._waiting.get(signal)
            if waits is None:
                continue
            if self._now_ns - waits[0] >= _WAITS_NS:
                del self._waiting[signal]
                continue
            notes = tune(signal, self._settings)
            if not gap_ms or sum(length_ms for _, length_ms in notes) + 2 * _MARGIN_MS <= gap_ms:
                self._begun = self._waiting.pop(signal)
                return [
                    *((pitch_hz, length_ms, signal) for pitch_hz, length_ms in notes),
                    (0, _MARGIN_MS, None),
                ]
        return []

    def _play(self, pitch_hz: int, length_ms: int | None) -> None:
        self._pitch_hz = pitch_hz
        self.next_deadline_ns = None if length_ms is None else self._now_ns + length_ms * NS_PER_MS

    def _pitch_of(self, position: Position | None) -> int:
        return self._settings.knee_hz if position is Position.KNEE else self._settings.head_hz
