"""A narrator that tells what it was given to tell, at times of its own: for tests and simulations."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kith.clock import NS_PER_MS, Clock
from kith.ports import Narration, NarrationEnd, Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is told so long after a narration began. end: it ends with this."""

    after_ms: int
    text: str = ""
    end: NarrationEnd | None = None


class SimulatedNarrator:
    """`ports.Narrator` by a script for each narration. News comes when `advance` is called, in the caller's
    thread: whoever lets time pass calls it."""

    def __init__(self, clock: Clock, *scripts: Sequence[Told]) -> None:
        """scripts: of one narration after the other; the last is told again and again. A script that does not
        say how it ends is one of a narrator that hangs."""
        self._clock = clock
        self._scripts = deque(scripts)
        self._lock = threading.RLock()  # whoever is told may cancel, or begin anew
        self._waiting: deque[Told] = deque()
        self._number = self._began_ns = 0
        self._on_news: Callable[[Narration], None] | None = None
        self.subjects: list[Subject] = []
        """What it was shown."""

    def begin(self, number: int, subject: Subject, on_news: Callable[[Narration], None]) -> None:
        """See `ports.Narrator.begin`."""
        with self._lock:
            script = self._scripts[0] if len(self._scripts) == 1 else self._scripts.popleft()
            self._waiting = deque(script)
            self._number, self._began_ns, self._on_news = number, self._clock.now_ns(), on_news
            self.subjects.append(subject)

    def cancel(self) -> None:
        """See `ports.Narrator.cancel`."""
        with self._lock:
            self._waiting.clear()

    @property
    def working(self) -> bool:
        """Whether it has more to tell, or hangs before its end."""
        return bool(self._waiting)

    def advance(self) -> None:
        """Tell what is due by now."""
        with self._lock:
            since_ms = (self._clock.now_ns() - self._began_ns) / NS_PER_MS
            while self._waiting and self._waiting[0].after_ms <= since_ms and self._on_news:
                told = self._waiting.popleft()
                if told.end is not None:
                    self._waiting.clear()
                self._on_news(Narration(number=self._number, text=told.text, end=told.end))
