"""The one queue into the core: any thread puts, the main thread takes."""

from __future__ import annotations

import queue
from typing import Generic, TypeVar

from kith.clock import NS_PER_S, Clock

T = TypeVar("T")

_CAPACITY = 512


class Inbox(Generic[T]):
    """A bounded queue whose taker wakes at the next deadline. When it is full the newcomer is dropped and
    counted: a core that is stuck is the watchdog's business, not a reason to fill the memory.
    (With several givers at once it may hold a few more than it should.)"""

    def __init__(self, clock: Clock) -> None:
        # Of the queues only this one may be put to by a signal's handler: it may run amid a `take`.
        self._queue: queue.SimpleQueue[T] = queue.SimpleQueue()
        self._clock = clock
        self.dropped = 0

    def put(self, event: T) -> None:
        """Add an event; never blocks, not even in the handler of a signal."""
        if self._queue.qsize() < _CAPACITY:
            self._queue.put(event)
        else:
            self.dropped += 1

    def take(self, deadline_ns: int) -> T | None:
        """The next event, or None once `deadline_ns` is reached."""
        wait_s = (deadline_ns - self._clock.now_ns()) / NS_PER_S
        try:
            return self._queue.get(timeout=wait_s) if wait_s > 0 else self._queue.get_nowait()
        except queue.Empty:
            return None
