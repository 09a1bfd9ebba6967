"""Which of several names was wrong: each row is what was answered, and what came of it."""

from __future__ import annotations

import pytest

from kith.config import QuestionSettings
from kith.interaction.doubt import Doubt
from kith.interaction.messages import Cancel, DoubtWhich
from tests.unit._conversation_kit import Talk


def asked(*identities: tuple[int, ...]) -> Talk:
    doubt = Doubt(QuestionSettings())
    talk = Talk(doubt, doubt.step)
    assert talk.give(DoubtWhich(identities=identities)) == [f"which {identities[0][0]}"]
    return talk


@pytest.mark.parametrize(
    ("script", "made"),
    [
        pytest.param("double tap tap", ["which 2 3", "which 4", "wrong 1", "closed"], id="the first"),
        pytest.param("tap double tap", ["which 2 3", "which 4", "wrong 2/3", "closed"], id="the two"),
        pytest.param(
            "double double double", ["which 2 3", "which 4", "wrong 1 2/3 4", "closed"], id="all of them"
        ),
        pytest.param("tap tap tap", ["which 2 3", "which 4", "none", "closed"], id="none"),
        pytest.param("cut double cut hold", ["which 2 3", "none", "closed"], id="never mind marks nothing"),
        pytest.param("heard 5999", [], id="it is thought over"),
        pytest.param("heard 6000", ["which 1"], id="asked twice"),
        pytest.param("heard 6000 heard 6000", ["which 1", "none", "closed"], id="no answer"),
        pytest.param(
            "double heard 6000 heard 6000",
            ["which 2 3", "which 2 3", "wrong 1", "closed"],
            id="answered in part",
        ),
        pytest.param("heard taphold tap", ["which 1", "which 2 3"], id="neither yes nor no"),
        pytest.param(
            "heard 6000 heard tap heard 6000", ["which 1", "which 2 3", "which 2 3"], id="each twice"
        ),
        pytest.param("39999", ["which 1"], id="word of the end was lost"),
        pytest.param("40000", ["which 1", "none", "closed"], id="word of both ends was lost"),
    ],
)
def test_of_three(script: str, made: list[str]) -> None:
    assert asked((1,), (2, 3), (4,)).play(script) == made


@pytest.mark.parametrize("before", ["", "heard", "double", "heard 6000"])
def test_cancelled_it_marks_and_says_nothing(before: str) -> None:
    talk = asked((1,), (2,))
    talk.play(before)
    assert talk.give(Cancel()) == ["closed"]
    assert talk.play("double tap hold heard 100000") == []
    assert talk.machine.next_deadline_ns is None


def test_it_asks_one_thing_at_a_time_and_again() -> None:
    talk = asked((1,), (2,))
    assert talk.give(DoubtWhich(identities=((8,), (9,)))) == []
    assert talk.play("tap double") == ["which 2", "wrong 2", "closed"]
    assert talk.give(DoubtWhich(identities=((8,), (9,)))) == ["which 8"]
