"""The lines of a serial console, each with the time at which it came."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from image import ImageError

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]|[\x00-\x08\x0b-\x1f]")
_LAST_LINES = 25


class NotSeen(ImageError):
    """A line did not come within its time, or the machine ended before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleLine:
    """One line, and the seconds from power on to it."""

    at_s: float
    text: str


class Console:
    """Reads `source` to its end on a thread of its own, into memory and into the file `log`.

    tell: called with every line, for those who watch. clock: seconds, monotonic.
    """

    def __init__(
        self,
        source: IO[bytes],
        log: Path,
        tell: Callable[[ConsoleLine], None] = lambda line: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source, self._log, self._tell, self._clock = source, log, tell, clock
        self._began_s = clock()
        self._lines: list[ConsoleLine] = []
        self._ended = False
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._read, name="console", daemon=True)
        self._thread.start()

    @property
    def lines(self) -> list[ConsoleLine]:
        """All so far."""
        with self._news:
            return list(self._lines)

    def now_s(self) -> float:
        """Seconds since power on."""
        return self._clock() - self._began_s

    def wait(self, pattern: str, limit_s: float, *, after: int = 0) -> ConsoleLine:
        """The first line in which `pattern` is found, of those from place `after` on. Raises NotSeen."""
        wanted, end_s, place = re.compile(pattern), self.now_s() + limit_s, after
        with self._news:
            while True:
                for line in self._lines[place:]:
                    if wanted.search(line.text):
                        return line
                place = len(self._lines)
                left_s = end_s - self.now_s()
                if self._ended or left_s <= 0:
                    why = "the machine ended" if self._ended else f"{limit_s:.0f} s were over"
                    raise NotSeen(f"'{pattern}' was not seen on the console: {why}\n{self._tail()}")
                self._news.wait(min(left_s, 1.0))

    def find(self, pattern: str) -> list[ConsoleLine]:
        """All lines so far in which it is found."""
        return [line for line in self.lines if re.search(pattern, line.text)]

    def join(self, limit_s: float) -> None:
        """Wait until all that was written is read."""
        self._thread.join(limit_s)

    def _tail(self) -> str:
        return "\n".join(f"    {line.at_s:7.1f} {line.text}" for line in self._lines[-_LAST_LINES:])

    def _read(self) -> None:
        with self._log.open("w", encoding="utf-8") as log:
            for raw in self._source:
                text = _ESCAPES.sub("", raw.decode("utf-8", "replace")).rstrip()
                line = ConsoleLine(at_s=self.now_s(), text=text)
                log.write(f"{line.at_s:8.2f} {text}\n")
                log.flush()
                with self._news:
                    self._lines.append(line)
                    self._news.notify_all()
                self._tell(line)
        with self._news:
            self._ended = True
            self._news.notify_all()
