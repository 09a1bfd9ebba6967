"""One sentence named several people and some name was wrong: which? Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from kith.clock import Tick
from kith.config import QuestionSettings
from kith.interaction.messages import (
    Cancel,
    Closed,
    DoubtCommand,
    DoubtEvent,
    DoubtWhich,
    Line,
    PromptEnded,
    Say,
    Wrong,
)
from kith.runtime.question import Due, Question
from kith.types import Gesture

Ids = tuple[int, ...]


@dataclass(slots=True, kw_only=True)
class _Asking:
    """to_ask: the first of them is asked about now."""

    to_ask: list[Ids]
    question: Question
    wrong: list[Ids] = field(default_factory=list)


class Doubt:
    """Asks of each in turn whether it was wrong: DOUBLE yes, TAP no, HOLD_1S never mind, which marks nothing.
    Any other gesture has it asked anew. Where nobody answers, asked twice, what was answered before counts.
    Every doubt ends with Closed.
    """

    def __init__(self, questions: QuestionSettings) -> None:
        self._questions = questions
        self._asking: _Asking | None = None

    @property
    def next_deadline_ns(self) -> int | None:
        """When it wants a Tick."""
        return None if self._asking is None else self._asking.question.next_deadline_ns

    def step(self, event: DoubtEvent, now_ns: int) -> list[DoubtCommand]:
        """Take one event. A DoubtWhich while it asks is ignored, and so is all else while it does not."""
        asking = self._asking
        if asking is None:
            return self._begin(event.identities, now_ns) if isinstance(event, DoubtWhich) else []
        match event:
            case Cancel():
                self._asking = None
                return [Closed()]
            case PromptEnded():
                asking.question.ended(now_ns)
                return []
            case Tick():
                return self._silence(asking, now_ns)
            case Gesture():
                return self._pressed(asking, event, now_ns)
            case _:
                return []

    def _begin(self, identities: tuple[Ids, ...], now_ns: int) -> list[DoubtCommand]:
        self._asking = _Asking(to_ask=list(identities), question=Question(self._questions, now_ns))
        return self._ask(self._asking, now_ns)

    def _pressed(self, asking: _Asking, gesture: Gesture, now_ns: int) -> list[DoubtCommand]:
        if gesture is Gesture.HOLD_1S:
            return self._end([])
        if gesture in (Gesture.DOUBLE, Gesture.TAP):
            one = asking.to_ask.pop(0)
            if gesture is Gesture.DOUBLE:
                asking.wrong.append(one)
        return self._ask(asking, now_ns)

    def _silence(self, asking: _Asking, now_ns: int) -> list[DoubtCommand]:
        match asking.question.due(now_ns):
            case Due.REPEAT:
                return [_which(asking)]
            case Due.GIVE_UP:
                return self._end(asking.wrong)
            case None:
                return []

    def _ask(self, asking: _Asking, now_ns: int) -> list[DoubtCommand]:
        if not asking.to_ask:
            return self._end(asking.wrong)
        asking.question = Question(self._questions, now_ns)
        return [_which(asking)]

    def _end(self, wrong: list[Ids]) -> list[DoubtCommand]:
        self._asking = None
        outcome = Wrong(identities=tuple(wrong)) if wrong else Say(line=Line.DOUBT_NONE)
        return [outcome, Closed()]


def _which(asking: _Asking) -> Say:
    return Say(line=Line.DOUBT_WHICH, person_ids=asking.to_ask[0])
