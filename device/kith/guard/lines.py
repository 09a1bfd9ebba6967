"""Text that must never hold up the guard: a thread of its own writes it; what it cannot take is dropped."""

from __future__ import annotations

import logging
import os
import queue
import threading


class LineWriter:
    """Writes lines to a descriptor from a thread of its own. When nobody reads there, at most `capacity`
    lines wait; more are dropped, counted, and told of in the text once somebody reads again."""

    def __init__(self, descriptor: int, *, name: str, capacity: int = 256) -> None:
        self._descriptor, self._capacity = descriptor, capacity
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._told = 0
        self.dropped = 0
        self.failure = ""
        """Why a line could not be written, the last time."""

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def write(self, line: str) -> None:
        """Hand over a line without its end; returns at once."""
        if self._lines.qsize() < self._capacity:
            self._lines.put(line)
        else:
            self.dropped += 1

    def close(self, timeout_s: float = 0.2) -> bool:
        """Wait, for so long at most, until all is written. Whether nothing more is waiting."""
        self._lines.put(None)
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while (line := self._lines.get()) is not None:
            self._put(line)
            if self._lines.empty():
                self._tell_loss()
        self._tell_loss()

    def _tell_loss(self) -> None:
        missing = self.dropped - self._told
        if missing:
            self._told += missing
            self._put(self.loss(missing))

    def loss(self, missing: int) -> str:
        """The line that stands for lines that are missing."""
        return f"kith-guard: {missing} lines were lost here, since nobody read them"

    def _put(self, line: str) -> None:
        content = (line + "\n").encode(errors="replace")
        try:
            while content:
                content = content[os.write(self._descriptor, content) :]
        except OSError as error:
            # A closed pipe or a full disk: there is nowhere to say so.
            self.dropped += 1
            self.failure = error.strerror or ""


class LineHandler(logging.Handler):
    """Logs to a LineWriter."""

    def __init__(self, writer: LineWriter) -> None:
        super().__init__()
        self._writer = writer

    def emit(self, record: logging.LogRecord) -> None:
        """See logging.Handler."""
        self._writer.write(self.format(record))
