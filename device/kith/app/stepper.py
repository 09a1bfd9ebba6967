"""Feeds a pure machine one event at a time, also when what it asks for brings the next one about at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

Event = TypeVar("Event")
Command = TypeVar("Command")


class Stepper(Generic[Event, Command]):
    """step: the machine's; do: carries one command out."""

    def __init__(
        self, step: Callable[[Event, int], list[Command]], do: Callable[[Command, int], None]
    ) -> None:
        self._step, self._do = step, do
        self._events: deque[tuple[Event, int]] = deque()
        self._busy = False

    def post(self, event: Event, now_ns: int) -> None:
        """Give the machine an event; those that arise meanwhile follow, in their order."""
        self._events.append((event, now_ns))
        if self._busy:
            return
        self._busy = True
        try:
            while self._events:
                one, at_ns = self._events.popleft()
                for command in self._step(one, at_ns):
                    self._do(command, at_ns)
        finally:
            self._busy = False
