"""Time. Everything that decides takes a monotonic `now_ns`; a Pi's wall clock jumps."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Tick:
    """The event of every pure machine that says: nothing happened but time.

    A machine is driven by `step(event, now_ns)`. Once its `next_deadline_ns` has come it wants a Tick, after
    which its deadline lies in the future or is None. Events that wait go before the Tick.
    """


class Clock(Protocol):
    """A monotonic clock."""

    def now_ns(self) -> int:
        """Nanoseconds that never go back."""


class MonotonicClock:
    """The system's monotonic clock."""

    def now_ns(self) -> int:
        """Nanoseconds since some fixed moment."""
        return time.monotonic_ns()


class VirtualClock:
    """A clock that stands still until it is moved: ten minutes of life in milliseconds."""

    def __init__(self, start_ns: int = 0) -> None:
        self._now_ns = start_ns

    def now_ns(self) -> int:
        """The time it was last moved to."""
        return self._now_ns

    def advance_to(self, at_ns: int) -> None:
        """Move forward; a time already past is ignored."""
        self._now_ns = max(self._now_ns, at_ns)
