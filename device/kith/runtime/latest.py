"""A slot one value deep: the newest wins, what nobody took is dropped and counted."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class LatestSlot(Generic[T]):
    """Hands the newest value from one thread to another; never queues, never blocks the giver."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._value: T | None = None
        self.dropped = 0

    def put(self, value: T) -> None:
        """Offer a value; one that nobody took is dropped."""
        with self._changed:
            if self._value is not None:
                self.dropped += 1
            self._value = value
            self._changed.notify()

    def take(self, timeout_s: float) -> T | None:
        """The newest value, waiting at most so long; None when none came."""
        with self._changed:
            self._changed.wait_for(lambda: self._value is not None, timeout_s)
            value, self._value = self._value, None
            return value

    def clear(self) -> None:
        """Drop what is waiting."""
        with self._changed:
            self._value = None
