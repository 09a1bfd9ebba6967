"""What leaves the device of a picture: faces that are hidden, and marks in the place of names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from kith.app.known_people import KnownPeople
from kith.app.showing import Showing, as_it_is
from kith.types import BoxPx, Picture, PictureFace, Recorded, Spoken
from tests.unit._machine_kit import sighting

LEFT, MIDDLE, RIGHT = (BoxPx(x=x, y=100, w=50, h=60) for x in (100, 300, 500))
PICTURE = np.zeros((480, 640, 3), np.uint8)


class People:
    """Anna, Ben and Cleo, who are 1, 2 and 3."""

    def __init__(self) -> None:
        self.names = {1: "Anna", 2: "Ben", 3: "Cleo"}

    def name_of(self, person_id: int) -> str | None:
        return self.names.get(person_id)

    def voice_of(self, person_id: int) -> Spoken | Recorded | None:
        name = self.names.get(person_id)
        if name == "Cleo":
            return Recorded(text=name, path=Path("cleo.wav"))
        return None if name is None else Spoken(text=name)


TRACKS: dict[int, tuple[int, ...]] = {11: (1,), 12: (2,), 13: (3,), 14: (1, 2), 15: (), 16: (9,)}


def showing(people: People | None = None, *, hides: bool = True) -> Showing:
    return Showing(cast(KnownPeople, people or People()), TRACKS.get, hides=hides)


def picture(*faces: tuple[BoxPx, int | None]) -> Picture:
    """Everybody in it looks like whom their track is taken for."""
    seen = tuple(
        PictureFace(box=box, track_id=track_id, looks_like=next(iter(TRACKS.get(track_id or 0, ())), None))
        for box, track_id in faces
    )
    return Picture(rgb=PICTURE, faces=seen)


def text(pieces: tuple[object, ...]) -> str:
    return " ".join(str(getattr(piece, "text", "")) for piece in pieces)


def test_known_people_are_marked_from_left_to_right() -> None:
    subject = showing().show(picture((RIGHT, 11), (LEFT, 12))).subject
    assert subject.known == (("Person 1", LEFT), ("Person 2", RIGHT))
    assert subject.hide == ()
    assert subject.rgb is PICTURE


@pytest.mark.parametrize(
    "track_id",
    [
        pytest.param(None, id="no track"),
        pytest.param(15, id="a stranger"),
        pytest.param(17, id="not known yet"),
        pytest.param(14, id="one of two"),
        pytest.param(16, id="forgotten meanwhile"),
    ],
)
def test_every_other_face_is_hidden(track_id: int | None) -> None:
    subject = showing().show(picture((LEFT, 11), (RIGHT, track_id))).subject
    assert subject.hide == (RIGHT,)
    assert subject.known == (("Person 1", LEFT),)


@pytest.mark.parametrize(
    "looks_like", [pytest.param(None, id="nobody, or not well enough"), pytest.param(2, id="somebody else")]
)
@pytest.mark.parametrize("hides", [True, False])
def test_a_stranger_who_has_stepped_into_a_known_track_is_no_known_person(
    looks_like: int | None, hides: bool
) -> None:
    """The track is still Anna's; the picture does not show her."""
    stranger = PictureFace(box=LEFT, track_id=11, looks_like=looks_like)
    subject = showing(hides=hides).show(Picture(rgb=PICTURE, faces=(stranger,))).subject
    assert subject.hide == ((LEFT,) if hides else ())
    assert subject.known == ()


def test_where_the_wearer_wants_it_so_nobody_is_hidden() -> None:
    subject = showing(hides=False).show(picture((LEFT, 11), (RIGHT, None))).subject
    assert subject.hide == ()
    assert [mark for mark, _ in subject.known] == ["Person 1"]


@pytest.mark.parametrize(
    ("sentence", "heard"),
    [
        ("Person 1 stands at a table.", "Anna stands at a table."),
        ("A dog, and person 2 beside it.", "A dog, and Ben beside it."),
        ("Person 1 and Person 2 talk.", "Anna and Ben talk."),
        ("Person 3 waves.", "Person 3 waves."),
        ("Person 0 waves.", "Person 0 waves."),
        ("A person stands there.", "A person stands there."),
        ("Person 12 waves.", "Person 12 waves."),
        ("Person 1's hat is red.", "Anna's hat is red."),
        ("The hat is person 2’s.", "The hat is Ben’s."),
        ("Person 1 's hat.", "Anna's hat."),
        ("Person 3's hat, Person 1 'sits'.", "Person 3's hat, Anna 'sits'."),
    ],
)
def test_names_are_put_in_for_marks(sentence: str, heard: str) -> None:
    shown = showing().show(picture((LEFT, 11), (RIGHT, 12)))
    assert text(shown.named(sentence)) == heard


def test_a_recorded_name_is_heard_as_it_was_said() -> None:
    shown = showing().show(picture((LEFT, 13)))
    pieces = shown.named("On the left is Person 1, at a desk.")
    assert pieces == (
        Spoken(text="On the left is"),
        Recorded(text="Cleo,", path=Path("cleo.wav")),
        Spoken(text="at a desk."),
    )


@pytest.mark.parametrize(
    ("sentence", "before", "after"),
    [
        ("Person 1's hat is red.", (), "hat is red."),
        ("You see Person 1’s hat.", ("You see",), "hat."),
        ("You see Person 1 's hat.", ("You see",), "hat."),
    ],
)
def test_a_name_that_is_played_takes_no_s_which_a_voice_would_say_alone(
    sentence: str, before: tuple[str, ...], after: str
) -> None:
    pieces = showing().show(picture((LEFT, 13))).named(sentence)
    played = Recorded(text="Cleo", path=Path("cleo.wav"))
    assert pieces == (*(Spoken(text=each) for each in before), played, Spoken(text=after))


def test_an_s_and_no_more_leaves_its_punctuation_to_the_name() -> None:
    pieces = showing().show(picture((LEFT, 13))).named("The hat is Person 1's.")
    assert pieces == (Spoken(text="The hat is"), Recorded(text="Cleo.", path=Path("cleo.wav")))


def test_who_is_forgotten_while_it_is_told_has_no_name_any_more() -> None:
    people = People()
    shown = showing(people).show(picture((LEFT, 11)))
    people.names.clear()
    assert text(shown.named("Person 1 waves.")) == "Person 1 waves."


def test_for_reading_it_is_the_whole_frame_which_may_not_leave_the_device() -> None:
    shown = as_it_is(replace(sighting(0), rgb=PICTURE))
    assert shown is not None
    assert shown.subject.rgb is PICTURE
    assert shown.subject.hide is None
    assert as_it_is(replace(sighting(0), picture=picture((LEFT, None)))) is None


def test_a_frame_whose_faces_were_not_searched_for_is_shown_to_no_narrator_elsewhere() -> None:
    for each in (showing(), showing(hides=False)):
        assert each.seen(replace(sighting(0), rgb=PICTURE)) is None
        shown = each.seen(replace(sighting(0), rgb=PICTURE, picture=picture((LEFT, 11))))
        assert shown is not None
        assert shown.subject.hide == ()
