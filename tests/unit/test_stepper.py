"""Events that arise while one is being taken."""

from __future__ import annotations

import pytest

from kith.app.stepper import Stepper


def test_an_answer_that_comes_at_once_is_taken_after_all_that_was_asked() -> None:
    done: list[str] = []

    def step(event: str, now_ns: int) -> list[str]:
        return {"begin": ["ask", "beep"], "answer": ["thank"]}.get(event, [])

    def do(command: str, now_ns: int) -> None:
        done.append(f"{command} {now_ns}")
        if command == "ask":
            stepper.post("answer", now_ns + 1)

    stepper: Stepper[str, str] = Stepper(step, do)
    stepper.post("begin", 7)
    assert done == ["ask 7", "beep 7", "thank 8"]


def test_after_an_error_it_goes_on_with_the_next_event() -> None:
    done: list[str] = []

    def do(command: str, now_ns: int) -> None:
        if command == "bad":
            stepper.post("late", 1)
            raise ValueError(command)
        done.append(command)

    stepper: Stepper[str, str] = Stepper(lambda event, now_ns: [event], do)
    with pytest.raises(ValueError, match="bad"):
        stepper.post("bad", 0)
    stepper.post("good", 0)
    assert done[-1] == "good"
