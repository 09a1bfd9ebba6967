"""How long the answer to a spoken question is waited for. Pure."""

from __future__ import annotations

from enum import Enum

from kith.clock import NS_PER_MS, NS_PER_S
from kith.config import QuestionSettings

_LONGEST_NS = 20 * NS_PER_S
"""No question takes so long to say: word of its end was lost."""


class Due(Enum):
    """What the silence asks for."""

    REPEAT = "repeat"
    GIVE_UP = "give up"


class Question:
    """Time counts from the end of the question, or from where it was cut off: ask again after
    `repeat_after_ms`, give up `give_up_after_ms` after the end of that."""

    def __init__(self, settings: QuestionSettings, now_ns: int) -> None:
        """It begins to be asked now."""
        self._waits_ns = (settings.repeat_after_ms * NS_PER_MS, settings.give_up_after_ms * NS_PER_MS)
        self._asked = 1
        self._until_ns = now_ns + _LONGEST_NS

    @property
    def next_deadline_ns(self) -> int:
        """When `due` may say something."""
        return self._until_ns

    def ended(self, now_ns: int) -> None:
        """It is not being said any more."""
        self._until_ns = now_ns + self._waits_ns[self._asked - 1]

    def due(self, now_ns: int) -> Due | None:
        """What is due, once; with REPEAT it is taken to be asked again from now on."""
        if now_ns < self._until_ns:
            return None
        if self._asked == len(self._waits_ns):
            return Due.GIVE_UP
        self._asked += 1
        self._until_ns = now_ns + _LONGEST_NS
        return Due.REPEAT
