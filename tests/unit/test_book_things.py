"""Things in the book, on the whole core: after the people, by the same presses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kith.errors import GalleryFull
from kith.recognition import store
from kith.recognition.gallery import Gallery
from kith.types import Kind
from tests.unit._core_kit import ANNA, KEYS, MUG, Life, name_said, thing_look
from tests.unit._gallery_kit import MODEL, THINGS

TOUR = (
    "One person and two things are known. I looked just now. I know of no fault. "
    "Tap to go through the people and the things."
)
HELP = (
    "Tap: next. Double tap: say the name anew. Three taps: tell of it unasked, or not. Hold: forget. "
    "Tap and hold: leave."
)
FORGET = "Forget keys for good? Double tap: yes. Tap: no."


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    things = {"keys": KEYS, "mug": MUG}
    life = Life(tmp_path, people={"Anna": ANNA}, things=things, says=[name_said(1), name_said(2)])
    life.live(8)
    yield life
    life.gallery.close()


def does(life: Life, press: str, seconds: float = 3) -> list[str]:
    life.press(press)
    return life.hear(seconds)


def at_the_keys(life: Life) -> None:
    assert does(life, "taphold", 8) == [TOUR]
    assert does(life, "tap") == ["Anna."]
    assert does(life, "tap", 2) == ["keys."]


def announced(life: Life) -> list[str]:
    with Gallery.open(life.file, MODEL, THINGS) as gallery:
        return [thing.name for thing in gallery.things() if thing.announced]


def test_they_come_after_the_people(life: Life) -> None:
    at_the_keys(life)
    assert does(life, "tap") == ["mug."]
    assert does(life, "tap") == ["That was all."]
    assert does(life, "tap") == ["Anna."]


def test_the_first_is_explained_though_people_were(life: Life) -> None:
    assert does(life, "taphold", 8) == [TOUR]
    assert does(life, "tap", 8)[0] == "Anna."
    assert does(life, "tap", 8) == ["keys.", HELP]
    assert does(life, "tap", 8) == ["mug."]


def test_three_taps_have_it_told_of_unasked_and_three_more_not(life: Life) -> None:
    at_the_keys(life)
    assert does(life, "triple") == ["keys is told of unasked from now on."]
    assert announced(life) == ["keys"]
    assert life.things.announced == {life.gallery.thing("keys").person_id}
    assert does(life, "tap") == ["mug."]
    assert does(life, "tap") == ["That was all."]
    assert does(life, "tap") == ["Anna."]
    assert does(life, "tap", 2) == ["keys, told of unasked."]
    assert does(life, "triple") == ["keys is told of only when asked."]
    assert announced(life) == []


def test_on_a_person_three_taps_leave_the_book(life: Life) -> None:
    assert does(life, "taphold", 8) == [TOUR]
    assert does(life, "tap", 2) == ["Anna."]
    life.press("triple")
    life.live(5)
    assert announced(life) == []
    assert not life.core._talk.book.active


def test_a_name_is_said_anew_and_kept_with_the_thing(life: Life) -> None:
    at_the_keys(life)
    assert does(life, "double", 14)[-1] == "keys is the name now."
    assert life.gallery.thing("keys").name_recording is not None
    assert life.gallery.person("Anna").name_recording is None


def test_forgotten_is_forgotten(life: Life) -> None:
    at_the_keys(life)
    assert does(life, "hold", 5) == [FORGET]
    assert does(life, "double") == ["keys is forgotten."]
    assert [each.name for each in life.gallery.things()] == ["mug"]
    trace = thing_look(KEYS).vector.tobytes()
    assert not [file for file in life.file.parent.rglob("*") if file.is_file() and trace in file.read_bytes()]
    assert does(life, "tap") == ["mug."]


def test_what_cannot_be_done_is_told(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*given: object) -> None:
        raise GalleryFull("the disk is full")

    at_the_keys(life)
    with monkeypatch.context() as patch:
        patch.setattr(store, "write_private", full)
        assert does(life, "triple") == ["It could not be done."]
    assert announced(life) == []


def test_what_a_carer_does_meanwhile_is_taken_over(life: Life) -> None:
    at_the_keys(life)
    with Gallery.open(life.file, None) as carer:
        carer.forget("mug", Kind.THING)
        carer.rename("keys", "old keys", Kind.THING)
    life.live(8)
    life.hear(0.1)
    assert does(life, "hold", 5) == ["Forget old keys for good? Double tap: yes. Tap: no."]
    assert does(life, "tap") == ["old keys stays."]
    assert does(life, "tap") == ["something known."]
    assert does(life, "triple") == ["It could not be done."]
    assert does(life, "tap") == ["That was all."]


def test_where_only_things_are_known_they_are_gone_through(tmp_path: Path) -> None:
    life = Life(tmp_path, things={"keys": KEYS})
    life.live(8)
    assert does(life, "taphold", 8) == [
        "Nobody is known yet, but one thing. I looked just now. I know of no fault. "
        "Tap to go through the things."
    ]
    assert does(life, "tap") == ["keys."]
    life.gallery.close()
