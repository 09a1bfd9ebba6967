"""What the guard took in and what it did, as JSON lines: enough to play it again, event by event."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence

from kith.clock import NS_PER_S
from kith.errors import InputError
from kith.guard.lines import LineWriter
from kith.guard.ports import Level, OutputEdge, RangeReading, Signal, Warned

_LOG = logging.getLogger(__name__)
_CAPACITY = 20_000
"""Lines: minutes of a disk that does not answer."""
_CLOSE_S = 2.0


class Trace:
    """Writes a file; see `GuardLoop.observers`. All times are monotonic nanoseconds.

    begin: when the machine was made, and what it was told to sound first. reading, tick: what the machine was
    given, at t_ns. edge: what it answered, and when the outputs had been set. level: the warning as it is
    from then on. end: how many lines are missing.
    """

    def __init__(self, path: str) -> None:
        """Raises InputError."""
        self._path = path
        try:
            # Line by line to the end of the file, so that a guard that is started again adds to it.
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise InputError(f"cannot write the trace to {path}: {error.strerror}") from error
        self._writer = _TraceWriter(self._file, name="kith-trace", capacity=_CAPACITY)
        self._writer.start()

    def begin(self, now_ns: int, sounds: Sequence[Signal]) -> None:
        """See Observer."""
        names = ", ".join(f'"{sound}"' for sound in sounds)
        self._writer.write(f'{{"event": "begin", "t_ns": {now_ns}, "sounds": [{names}]}}')

    def reading(self, reading: RangeReading, now_ns: int) -> None:
        """See Observer."""
        distance = "null" if reading.distance_mm is None else reading.distance_mm
        self._writer.write(
            f'{{"event": "reading", "t_ns": {now_ns}, "at_ns": {reading.at_ns},'
            f' "position": "{reading.position}", "status": "{reading.status}", "distance_mm": {distance}}}'
        )

    def tick(self, due_ns: int, now_ns: int) -> None:
        """See Observer."""
        self._writer.write(f'{{"event": "tick", "t_ns": {now_ns}, "due_ns": {due_ns}}}')

    def level(self, warned: Warned, distance_mm: int | None, now_ns: int) -> None:
        """See Observer."""
        position = "null" if warned.position is None else f'"{warned.position}"'
        self._writer.write(
            f'{{"event": "level", "t_ns": {now_ns}, "level": {int(warned.level)}, "position": {position}}}'
        )

    def edge(self, edge: OutputEdge, applied_ns: int) -> None:
        """See Observer."""
        self._writer.write(
            f'{{"event": "edge", "t_ns": {edge.at_ns}, "pitch_hz": {edge.pitch_hz},'
            f' "applied_ns": {applied_ns}}}'
        )

    def muffled(self, muffled: bool, now_ns: int) -> None:
        """See Observer."""

    def close(self) -> None:
        """Write what is left; what is missing is told of."""
        self._writer.write(self._writer.end())
        if not self._writer.close(_CLOSE_S) or self._writer.dropped:
            why = self._writer.failure or "it was not written as fast as it came"
            _LOG.error("the trace %s is not whole: %s", self._path, why)


class Timeline:
    """Tells on the terminal what is heard and why; see `GuardLoop.observers`."""

    def __init__(self, writer: LineWriter) -> None:
        self._writer = writer
        self._began_ns = 0
        self._pitch_hz = 0
        self._muffled = False

    def begin(self, now_ns: int, sounds: Sequence[Signal]) -> None:
        """See Observer."""
        self._began_ns = now_ns
        self._put(now_ns, f"begins: {', '.join(sounds)}")

    def reading(self, reading: RangeReading, now_ns: int) -> None:
        """See Observer."""

    def tick(self, due_ns: int, now_ns: int) -> None:
        """See Observer."""

    def level(self, warned: Warned, distance_mm: int | None, now_ns: int) -> None:
        """See Observer."""
        distance = "distance unknown" if distance_mm is None else f"{distance_mm} mm"
        if warned.level is Level.QUIET:
            self._put(now_ns, "no warning")
        else:
            self._put(now_ns, f"warning: {warned.level.name.lower()}, {warned.position} ({distance})")

    def edge(self, edge: OutputEdge, applied_ns: int) -> None:
        """See Observer."""
        self._pitch_hz = edge.pitch_hz
        unheard = " (not heard)" if edge.pitch_hz and self._muffled else ""
        self._put(applied_ns, self._sound() + unheard)

    def muffled(self, muffled: bool, now_ns: int) -> None:
        """See Observer."""
        self._muffled = muffled
        self._put(now_ns, "no output works" if muffled else f"an output works again: {self._sound()}")

    def _sound(self) -> str:
        return f"sound {self._pitch_hz} Hz" if self._pitch_hz else "silence"

    def _put(self, at_ns: int, text: str) -> None:
        self._writer.write(f"{(at_ns - self._began_ns) / NS_PER_S:8.3f}  {text}")


class _TraceWriter(LineWriter):
    def loss(self, missing: int) -> str:
        return f'{{"event": "lost", "lines": {missing}}}'

    def end(self) -> str:
        return f'{{"event": "end", "lost": {self.dropped}}}'
