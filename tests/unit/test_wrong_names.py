"""Names marked wrong by a hold, on the whole core: not made again, taken back, asked about, marked twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from kith.recognition.gallery import Gallery
from kith.types import Embedding
from tests.unit._core_kit import ANNA, BEN, KEYS, Life
from tests.unit._gallery_kit import MODEL, looks
from tests.unit.test_surveying import a_thing, an_object, survey

LOOKALIKE, OTHER = 21, 22
HERE = "Anna, ahead, two metres."


def like(first: int, second: int, share: float = 0.6, look: int = 0) -> Embedding:
    """A look of somebody who is like the first person, as far as `share` goes, and otherwise the second."""
    vector = share * looks(first)[0].vector + (1 - share) * looks(second)[look].vector
    return Embedding(vector=(vector / np.linalg.norm(vector)).astype(np.float32), model_id=MODEL)


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    life = Life(tmp_path, people={"Anna": ANNA, "Ben": BEN})
    life.quiet()
    yield life
    life.gallery.close()


def marks(life: Life, name: str = "Anna") -> int:
    with Gallery.open(life.file, MODEL) as gallery:
        return gallery.person(name).marks


def gone(life: Life, seconds: float = 70) -> None:
    life.scene.clear()
    life.live(seconds)


def test_the_same_stranger_met_again_is_not_named_and_the_true_person_still_is(life: Life) -> None:
    life.stands(1, LOOKALIKE, look=like(ANNA, LOOKALIKE))
    assert life.hear(4) == [HERE]
    life.press("hold")
    assert life.hear(6) == ["Noted. That was not Anna."]
    life.press("tap")
    assert life.hear(3) == ["One person I don't know."]
    gone(life)
    for track, look in enumerate((0, 1, 2), start=2):
        life.stands(track, LOOKALIKE, look=like(ANNA, LOOKALIKE, look=look))
        assert life.hear(5) == []
        life.press("tap")
        assert life.hear(4) == ["One person I don't know."]
        gone(life)
    for track, own in enumerate(looks(ANNA), start=10):
        life.stands(track, ANNA, look=own)
        assert life.hear(5) == [HERE]
        gone(life)


def test_without_the_mark_the_same_stranger_is_named_again(life: Life) -> None:
    """What the test before would see if a mark did nothing."""
    for track in (1, 2):
        life.stands(track, LOOKALIKE, look=like(ANNA, LOOKALIKE))
        assert life.hear(5) == [HERE]
        gone(life)


def test_an_answer_to_a_tap_can_be_wrong_too(life: Life) -> None:
    life.stands(1, LOOKALIKE, look=like(ANNA, LOOKALIKE))
    life.live(40)
    life.press("hold")
    assert life.hear(4) == ["Nothing to undo."]  # it was said 40 s ago
    life.press("tap")
    life.live(4)
    life.press("hold")
    assert life.hear(4) == ["Noted. That was not Anna."]
    assert marks(life) == 1


def test_a_hold_once_more_takes_it_back_and_the_name_returns(life: Life) -> None:
    life.stands(1, ANNA)
    life.live(4)
    life.press("hold")
    life.live(4)
    assert marks(life) == 1
    life.press("hold")
    assert life.hear(6) == ["Taken back. That was Anna.", HERE]
    assert marks(life) == 0


def test_after_half_a_minute_it_stays_marked(life: Life) -> None:
    life.stands(1, LOOKALIKE, look=like(ANNA, LOOKALIKE))
    life.live(4)
    life.press("hold")
    life.live(33)
    life.press("hold")
    assert life.hear(4) == ["Nothing to undo."]
    assert marks(life) == 1


def test_marked_twice_a_name_asks_for_a_new_enrollment(life: Life) -> None:
    for track, who in enumerate((LOOKALIKE, OTHER), start=1):
        life.stands(track, who, look=like(ANNA, who))
        life.live(4)
        life.press("hold")
        life.live(6)
        gone(life)
    assert life.said[-1][1] == "Noted. Anna was wrong two times. Remember Anna anew."


def test_of_two_in_one_sentence_it_asks_which(life: Life) -> None:
    life.stands(1, ANNA)
    life.stands(2, BEN, bearing_deg=20, distance_mm=3000)
    assert life.hear(5) == ["Anna, ahead, two metres. Ben, right, three metres."]
    life.press("hold")
    assert life.hear(4) == ["Was Anna wrong? Double tap: yes. Tap: no."]
    life.press("tap")
    assert life.hear(4) == ["Was Ben wrong? Double tap: yes. Tap: no."]
    life.press("double")
    assert life.hear(5) == ["Noted. That was not Ben."]
    assert (marks(life), marks(life, "Ben")) == (0, 1)
    life.press("tap")
    assert life.hear(4) == ["Anna, ahead, two metres. One other."]


def test_and_of_both_if_both_were(life: Life) -> None:
    life.stands(1, ANNA)
    life.stands(2, BEN, bearing_deg=20, distance_mm=3000)
    life.live(5)
    life.press("hold")
    life.live(4)
    life.press("double")
    life.live(4)
    life.press("double")
    assert life.hear(5) == ["Noted. That was none of them."]
    assert (marks(life), marks(life, "Ben")) == (1, 1)


@pytest.mark.parametrize("how", ["hold", None])
def test_never_mind(life: Life, how: str | None) -> None:
    life.stands(1, ANNA)
    life.stands(2, BEN, bearing_deg=20, distance_mm=3000)
    life.live(5)
    life.press("hold")
    life.live(4)
    if how is not None:
        life.press(how)
    assert life.hear(30)[-1] == "Nothing was changed."
    assert (marks(life), marks(life, "Ben")) == (0, 0)


def test_two_who_cannot_be_told_apart_are_both_marked(tmp_path: Path) -> None:
    life = Life(tmp_path, people={"Anna": ANNA, "Ben": BEN})
    life.quiet()
    both = like(ANNA, BEN, 0.5)
    life.stands(1, 9, look=both)
    assert life.hear(5) in (["Anna or Ben, ahead, two metres."], ["Ben or Anna, ahead, two metres."])
    life.press("hold")
    assert life.hear(5) == ["Noted. That was none of them."]
    assert (marks(life), marks(life, "Ben")) == (1, 1)
    life.gallery.close()


def test_a_name_whose_bearer_went_can_still_be_wrong(life: Life) -> None:
    life.stands(1, LOOKALIKE, look=like(ANNA, LOOKALIKE))
    life.live(4)
    life.scene.clear()
    life.press("hold", 15)
    assert life.hear(20) == ["Noted. That was not Anna."]
    assert marks(life) == 1


def test_of_someone_forgotten_meanwhile_nothing_is_marked(life: Life) -> None:
    life.stands(1, ANNA)
    life.live(4)
    with Gallery.open(life.file, MODEL) as carer:
        carer.forget("Anna")
    life.press("hold")
    said = life.hear(5)
    assert len(said) == 1
    assert life.names == ["Ben"]


def test_closing_the_camera_forgets_what_could_be_marked(life: Life) -> None:
    life.stands(1, ANNA)
    life.live(4)
    life.press("hold4")
    life.live(8)
    life.press("hold")
    assert life.hear(4) == ["Nothing to undo."]
    assert marks(life) == 0


# --- beside the names of things -------------------------------------------------------------------------


@pytest.fixture
def with_keys(tmp_path: Path) -> Iterator[Life]:
    life = Life(tmp_path, people={"Anna": ANNA}, things={"keys": KEYS})
    life.survey = survey(a_thing(life.gallery.thing("keys").person_id, bearing_deg=20.0))
    life.quiet()
    yield life
    life.gallery.close()


def test_after_people_and_things_nobody_is_marked_and_what_to_do_is_told(with_keys: Life) -> None:
    with_keys.stands(1, ANNA)
    with_keys.live(5)
    with_keys.press("triple")
    assert with_keys.hear(5) == ["Anna, ahead, two metres. keys, right."]
    for _ in range(2):
        with_keys.press("hold")
        assert with_keys.hear(4) == ["Tap, and hold after the name that was wrong."]
        assert marks(with_keys) == 0
    with_keys.press("tap")
    assert with_keys.hear(4) == [HERE]
    with_keys.press("hold")
    assert with_keys.hear(4) == ["Noted. That was not Anna."]
    assert marks(with_keys) == 1


@pytest.mark.parametrize("unasked", [False, True])
def test_the_name_of_a_thing_is_not_marked_nor_whom_was_named_before(with_keys: Life, unasked: bool) -> None:
    with_keys.stands(1, ANNA)
    with_keys.live(4)
    with_keys.scene.clear()
    with_keys.live(4)
    if unasked:
        with_keys.things.set_announced(with_keys.gallery.thing("keys").person_id, True)
        assert with_keys.hear(8) == ["keys, right."]
    else:
        with_keys.press("triple")
        assert with_keys.hear(5) == ["keys, right."]
    with_keys.press("hold")
    assert with_keys.hear(4) == ["A thing cannot be marked as wrong."]
    assert marks(with_keys) == 0


def test_after_an_answer_with_people_and_no_taught_thing_it_is_as_ever(with_keys: Life) -> None:
    with_keys.survey = survey(an_object("chair", -20.0))
    with_keys.stands(1, ANNA)
    with_keys.live(5)
    with_keys.press("triple")
    assert with_keys.hear(5) == ["Anna, ahead, two metres. A chair on the left."]
    with_keys.press("hold")
    assert with_keys.hear(4) == ["Noted. That was not Anna."]
    assert marks(with_keys) == 1


def test_half_a_minute_after_the_name_of_a_thing_there_is_nothing_to_say_of_it(with_keys: Life) -> None:
    with_keys.press("triple")
    assert with_keys.hear(5) == ["keys, right."]
    with_keys.press("hold", 31)
    assert with_keys.hear(36) == ["Nothing to undo."]
