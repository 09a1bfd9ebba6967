"""The book of people and things: each row is what was pressed and heard, and what came of it."""

from __future__ import annotations

import pytest

from kith.config import QuestionSettings
from kith.interaction.book import Book
from kith.interaction.messages import Announce, Cancel, Entry, OpenBook
from kith.types import Gesture
from tests.unit._conversation_kit import Talk
from tests.unit._machine_kit import ms


def opened(*entries: Entry) -> Talk:
    book = Book(QuestionSettings())
    talk = Talk(book, book.step)
    assert talk.give(OpenBook(entries=entries)) == ["tell"]
    return talk


def of_three() -> Talk:
    return opened(Entry(person_id=1), Entry(person_id=2), Entry(person_id=3))


def with_an_expired() -> Talk:
    return opened(Entry(person_id=1, expired=True), Entry(person_id=2))


@pytest.mark.parametrize(
    ("script", "made"),
    [
        pytest.param(
            "heard tap heard tap heard tap heard tap heard tap",
            ["entry 1", "entry 2", "entry 3", "end", "entry 1"],
            id="round",
        ),
        pytest.param("tap cut tap cut tap", ["entry 1", "entry 2", "entry 3"], id="in a hurry"),
        pytest.param("tap tap cut", ["entry 1", "entry 2"], id="the press before the word of the cut"),
        pytest.param("heard taphold", ["closed", "closed"], id="leave at once"),
        pytest.param("heard tap cut taphold", ["entry 1", "closed", "closed"], id="leave"),
        pytest.param("heard tap heard 2999", ["entry 1"], id="not yet help"),
        pytest.param("heard tap heard 3000", ["entry 1", "help"], id="help"),
        pytest.param("heard tap cut 19000", ["entry 1"], id="who was not heard is no riddle"),
        pytest.param(
            "heard tap heard 3000 heard tap heard 19999", ["entry 1", "help", "entry 2"], id="help once"
        ),
        pytest.param("heard 20000", ["closed", "closed"], id="nobody goes on"),
        pytest.param(
            "heard tap heard 3000 heard 20000", ["entry 1", "help", "closed", "closed"], id="nobody leaves"
        ),
        pytest.param("heard double heard hold", ["help", "help"], id="before the first nobody is meant"),
        pytest.param(
            "tap tap tap tap heard double hold", ["entry 1", "entry 2", "entry 3", "end", "help", "help"]
        ),
        pytest.param("tap heard hold4", ["entry 1", "help"], id="what means nothing"),
    ],
)
def test_going_through_the_people(script: str, made: list[str]) -> None:
    assert of_three().play(script) == made


@pytest.mark.parametrize(
    ("script", "made"),
    [
        pytest.param("double done", ["rename 2", "renamed 2"], id="said anew"),
        pytest.param("double failed", ["rename 2", "unchanged"], id="not said"),
        pytest.param("double missing", ["rename 2", "no_microphone"], id="no microphone"),
        pytest.param("double done heard double", ["rename 2", "renamed 2", "rename 2"], id="and once more"),
        pytest.param("double done heard tap", ["rename 2", "renamed 2", "entry 3"], id="and on"),
        pytest.param(
            "double tap hold taphold cut 100000 done", ["rename 2", "renamed 2"], id="meanwhile it waits"
        ),
        pytest.param("hold heard double done", ["forget 2", "forget 2", "forgotten 2"], id="forgotten"),
        pytest.param("hold cut double failed", ["forget 2", "forget 2", "failed"], id="could not be"),
        pytest.param("hold heard tap", ["forget 2", "stays 2"], id="no"),
        pytest.param("hold heard hold", ["forget 2", "stays 2"], id="never mind"),
        pytest.param("hold heard tap heard double", ["forget 2", "stays 2", "rename 2"], id="still meant"),
        pytest.param("hold heard 5999", ["forget 2"], id="it is thought over"),
        pytest.param("hold heard 6000", ["forget 2", "forget 2"], id="asked twice"),
        pytest.param("hold heard 6000 heard 6000", ["forget 2", "forget 2", "stays 2"], id="no answer"),
        pytest.param("hold heard taphold", ["forget 2", "closed", "closed"], id="leave instead"),
        pytest.param("hold heard hold4", ["forget 2", "forget 2"], id="neither yes nor no"),
        pytest.param(
            "hold double done heard double heard hold heard tap",
            ["forget 2", "forget 2", "forgotten 2", "help", "help", "entry 3"],
            id="after it nobody is meant",
        ),
        pytest.param(
            "hold double done tap tap tap tap",
            ["forget 2", "forget 2", "forgotten 2", "entry 3", "end", "entry 1", "entry 3"],
            id="who is forgotten is not met again",
        ),
    ],
)
def test_on_an_entry(script: str, made: list[str]) -> None:
    talk = of_three()
    talk.play("tap tap heard")
    assert talk.play(script) == made


@pytest.mark.parametrize(
    ("script", "made"),
    [
        pytest.param("double done", ["keep 1", "kept 1"], id="kept"),
        pytest.param("double done heard double", ["keep 1", "kept 1", "rename 1"], id="kept, then said anew"),
        pytest.param("double failed heard double", ["keep 1", "failed", "keep 1"], id="could not be"),
        pytest.param(
            "double done tap tap tap", ["keep 1", "kept 1", "entry 2", "end", "entry 1"], id="for good"
        ),
        pytest.param("hold double done", ["forget 1", "forget 1", "forgotten 1"], id="forgotten"),
        pytest.param("10000", [], id="it says itself what to press"),
    ],
)
def test_on_somebody_not_met_for_long(script: str, made: list[str]) -> None:
    talk = with_an_expired()
    assert talk.play("tap heard") == ["entry_expired 1"]
    assert talk.play(script) == made


def with_things() -> Talk:
    """One person, a thing, and one that is told of unasked."""
    return opened(
        Entry(person_id=1), Entry(person_id=8, thing=True), Entry(person_id=9, thing=True, announced=True)
    )


@pytest.mark.parametrize(
    ("script", "made"),
    [
        pytest.param(
            "heard tap heard tap heard tap heard tap heard tap",
            ["entry 1", "entry 8", "entry_unasked 9", "end_things", "entry 1"],
            id="after the people",
        ),
        pytest.param(
            "tap heard 3000 heard tap heard 3000 heard tap heard 3000",
            ["entry 1", "help", "entry 8", "help_thing", "entry_unasked 9"],
            id="help once for people and once for things",
        ),
        pytest.param("tap tap tap heard 3000", ["entry 1", "entry 8", "entry_unasked 9", "help_thing"]),
        pytest.param("tap heard triple", ["entry 1", "help"], id="a person is not told of so"),
        pytest.param(
            "tap tap heard triple done", ["entry 1", "entry 8", "announce 8", "unasked 8"], id="marked"
        ),
        pytest.param(
            "tap tap triple done heard triple done heard triple done",
            ["entry 1", "entry 8", *["announce 8", "unasked 8", "announce 8", "asked 8"], "announce 8",
             "unasked 8"],
            id="to and fro",
        ),
        pytest.param(
            "tap tap triple done tap tap tap tap",
            ["entry 1", "entry 8", "announce 8", "unasked 8", "entry_unasked 9", "end_things", "entry 1",
             "entry_unasked 8"],
            id="and it says so from then on",
        ),
        pytest.param(
            "tap tap tap triple failed triple done tap tap tap tap",
            ["entry 1", "entry 8", "entry_unasked 9", "announce 9", "failed", "announce 9", "asked 9",
             "end_things", "entry 1", "entry 8", "entry 9"],
            id="what failed is as it was",
        ),
        pytest.param("tap tap double done", ["entry 1", "entry 8", "rename 8", "renamed 8"], id="said anew"),
        pytest.param(
            "tap tap hold heard double done tap",
            ["entry 1", "entry 8", "forget 8", "forget 8", "forgotten 8", "entry_unasked 9"],
            id="forgotten",
        ),
        pytest.param(
            "tap tap hold heard triple", ["entry 1", "entry 8", "forget 8", "forget 8"], id="no answer"
        ),
    ],
)  # fmt: skip
def test_things(script: str, made: list[str]) -> None:
    assert with_things().play(script) == made


@pytest.mark.parametrize(
    ("script", "made"),
    [
        pytest.param("heard tap heard 20000", ["entry_anew 8", "closed", "closed"], id="no riddle"),
        pytest.param("tap heard double", ["entry_anew 8", "teach 8", "closed"], id="taught"),
        pytest.param("tap double tap", ["entry_anew 8", "teach 8", "closed"], id="and it is closed"),
        pytest.param(
            "tap triple done tap tap",
            ["entry_anew 8", "announce 8", "unasked 8", "end_things", "entry_anew 8"],
        ),
        pytest.param("tap hold heard double done", ["entry_anew 8", "forget 8", "forget 8", "forgotten 8"]),
        pytest.param("tap hold double", ["entry_anew 8", "forget 8", "forget 8"], id="a yes teaches nothing"),
    ],
)
def test_what_is_to_be_taught_anew(script: str, made: list[str]) -> None:
    talk = opened(Entry(person_id=8, thing=True, anew=True))
    assert talk.play(script) == made


def test_what_is_to_be_done_with_it_is_said_exactly() -> None:
    talk = with_things()
    talk.play("tap tap")
    book = talk.machine
    assert isinstance(book, Book)
    assert book.step(Gesture.TRIPLE, ms(talk.at_ms)) == [Announce(person_id=8, announced=True)]
    talk.play("done")
    assert book.step(Gesture.TRIPLE, ms(talk.at_ms)) == [Announce(person_id=8, announced=False)]


@pytest.mark.parametrize(
    ("script", "takes"),
    [("", False), ("heard", False), ("tap", False), ("tap tap", True), ("tap tap heard", True),
     ("tap tap heard 3000", True), ("tap tap hold", False), ("tap tap hold heard tap", True),
     ("tap tap double", False), ("tap tap triple", False), ("tap tap triple done", True),
     ("tap tap hold double done", False), ("tap tap tap tap", False), ("tap tap taphold", False)],
)  # fmt: skip
def test_three_taps_are_its_own_only_on_a_thing(script: str, takes: bool) -> None:
    talk = with_things()
    talk.play(script)
    assert isinstance(talk.machine, Book)
    assert talk.machine.takes_triple is takes


@pytest.mark.parametrize(
    ("script", "made"),
    [
        pytest.param("heard", ["closed"], id="heard"),
        pytest.param("cut 4999", [], id="cut off by a press that may become a tap and a hold"),
        pytest.param("cut 5000", ["closed"], id="cut off by something else"),
        pytest.param("cut taphold", ["closed", "closed"], id="left"),
        pytest.param("tap", ["closed", "closed"], id="the press before the word of the cut"),
        pytest.param("65000", ["closed"], id="word of the end was lost"),
    ],
)
def test_where_nobody_is_known(script: str, made: list[str]) -> None:
    talk = opened()
    assert talk.play(script) == made
    assert talk.machine.next_deadline_ns is None or script == "cut 4999"


@pytest.mark.parametrize("ending", ["heard", "cut 5000", "cut tap"])
def test_with_the_last_forgotten_it_closes(ending: str) -> None:
    talk = opened(Entry(person_id=7))
    assert talk.play("tap hold double done") == ["entry 7", "forget 7", "forget 7", "forgotten 7"]
    assert talk.play(ending) == ["closed", "closed"]


@pytest.mark.parametrize("before", ["", "heard", "tap", "tap heard hold", "tap double", "tap hold double"])
def test_cancelled_it_says_nothing(before: str) -> None:
    talk = of_three()
    talk.play(before)
    assert talk.give(Cancel()) == ["closed"]
    assert talk.play("done missing tap double hold taphold heard 100000") == []
    assert talk.machine.next_deadline_ns is None


def test_word_of_an_end_that_is_lost_does_not_hold_it_open() -> None:
    talk = of_three()
    talk.play("tap")
    assert talk.play("60000 20000") == ["closed", "closed"]


def test_it_is_opened_once_at_a_time_and_again() -> None:
    talk = of_three()
    assert talk.give(OpenBook(entries=())) == []
    assert talk.play("tap taphold") == ["entry 1", "closed", "closed"]
    assert talk.give(OpenBook(entries=(Entry(person_id=5),))) == ["tell"]
    assert talk.play("tap heard 3000") == ["entry 5", "help"]


def test_an_answer_that_was_not_asked_for_changes_nothing() -> None:
    talk = of_three()
    assert talk.play("tap done missing failed heard") == ["entry 1"]
    assert talk.machine.next_deadline_ns == ms(3000)
