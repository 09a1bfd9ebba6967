"""Conversations by button and ear, played as scripts: what is said and done, and when."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from kith.clock import Tick
from kith.interaction.messages import Done, NoMicrophone, PromptEnded, Say
from kith.types import Gesture
from tests.unit._machine_kit import ms


class Machine(Protocol):
    @property
    def next_deadline_ns(self) -> int | None: ...


PRESSES = {
    "tap": Gesture.TAP,
    "double": Gesture.DOUBLE,
    "triple": Gesture.TRIPLE,
    "hold": Gesture.HOLD_1S,
    "taphold": Gesture.TAP_HOLD,
}
EVENTS: dict[str, Any] = {
    **PRESSES,
    "hold4": Gesture.HOLD_4S,
    "heard": PromptEnded(heard=True),
    "cut": PromptEnded(heard=False),
    "done": Done(ok=True),
    "failed": Done(ok=False),
    "missing": NoMicrophone(),
}


def told(command: object) -> str:
    """`entry 2` for Say(BOOK_ENTRY, (2,)), `closed` for Closed()."""
    if isinstance(command, Say):
        return " ".join([command.line.value.partition(".")[2], *map(str, command.person_ids)])
    person_id = getattr(command, "person_id", None)
    identities = getattr(command, "identities", None)
    what = type(command).__name__.lower()
    if identities is not None:
        return f"{what} {' '.join('/'.join(map(str, ids)) for ids in identities)}"
    return what if person_id is None else f"{what} {person_id}"


class Talk:
    """A machine and its clock; every Tick that is due is given."""

    def __init__(self, machine: Machine, step: Callable[[Any, int], Sequence[object]]) -> None:
        self.machine, self._step = machine, step
        self.at_ms = 0

    def give(self, event: object) -> list[str]:
        return [told(command) for command in self._step(event, ms(self.at_ms))]

    def play(self, script: str) -> list[str]:
        """What comes of words of EVENTS; a number waits so many ms."""
        made: list[str] = []
        for word in script.split():
            made += self.wait(int(word)) if word.isdigit() else self.give(EVENTS[word])
        return made

    def wait(self, duration_ms: int) -> list[str]:
        made: list[str] = []
        until_ms = self.at_ms + duration_ms
        while (due := self.machine.next_deadline_ns) is not None and due <= ms(until_ms):
            self.at_ms = max(self.at_ms, due // ms(1))
            made += self.give(Tick())
            later = self.machine.next_deadline_ns
            assert later is None or later > ms(self.at_ms), "it wants the same Tick again"
        self.at_ms = until_ms
        return made
