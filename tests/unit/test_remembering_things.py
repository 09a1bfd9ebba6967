"""Teaching a thing by button and ear, on the whole core: to the end, broken off, and taken back."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from kith.app.enrolling import FACE_AGE_NS, FACE_WITHIN_MM
from kith.clock import NS_PER_S
from kith.recognition.gallery import Gallery
from kith.types import ButtonEdge, Earcon, Kind, View, Want
from tests.unit._core_kit import ANNA, KEYS, MUG, STRANGER, Life, name_said, thing_look
from tests.unit._gallery_kit import MODEL, THINGS
from tests.unit.test_surveying import a_thing, survey

LOOKING = "No face in view. Hold a thing up in front of the camera."
FACE = "Looking for a face to remember."
TURN = "Turn it a little."
SAY_IT = "Say the name after the tone."
REVIEW = "the name. Double tap: keep. Tap: say it again."
DONE = "thing 1 is remembered."
NUMBER = "Remembered as thing 1. No name was recorded."
CANCELLED = "Cancelled. Nothing was kept."
SAME = "This looks like my keys. Double tap: add to my keys. Tap: another thing."


@pytest.fixture(autouse=True)
def no_name_is_ever_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level(logging.DEBUG)
    yield
    logged = [record.getMessage() for record in caplog.records if record.name.startswith("kith")]
    assert not [line for line in logged for name in ("my keys", "thing 1", "Anna") if name in line]


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Life]:
    """Nothing was taught; the greeting is over; there is no microphone."""
    yield from begun(Life(tmp_path, things={}))


@pytest.fixture
def hearing(tmp_path: Path) -> Iterator[Life]:
    """Nothing was taught; there is a microphone, and two names will be said."""
    yield from begun(Life(tmp_path, things={}, says=[name_said(1), name_said(2)]))


@pytest.fixture
def known(tmp_path: Path) -> Iterator[Life]:
    """Anna and the keys are known."""
    yield from begun(Life(tmp_path, people={"Anna": ANNA}, things={"my keys": KEYS}))


def begun(life: Life) -> Iterator[Life]:
    life.quiet()
    yield life
    life.gallery.close()


def until_said(life: Life, text: str, seconds: float = 40) -> list[str]:
    """Let time pass until these words begin; all that began."""
    before = len(life.said)
    life.live(seconds, until=lambda: any(said == text for _, said in life.said[before:]))
    assert life.said[-1][1] == text
    return [said for _, said in life.said[before:]]


def names(life: Life, kind: Kind = Kind.THING) -> list[str]:
    """As another program sees them."""
    with Gallery.open(life.file, MODEL, THINGS) as gallery:
        return [one.name for one in (gallery.things() if kind is Kind.THING else gallery.people())]


def traces(life: Life, thing: int) -> list[str]:
    trace = thing_look(thing).vector.tobytes()
    files = [path for path in life.file.parent.rglob("*") if path.is_file()]
    return [path.name for path in files if trace in path.read_bytes()]


def teach(life: Life, thing: int = KEYS) -> None:
    """A thing is held up and learnt, without a name or with the next that is said."""
    before = len(life.of("enrolled"))
    life.press("double")
    until_said(life, LOOKING)
    life.quiet()
    life.holds(thing)
    life.live(30, until=lambda: len(life.of("enrolled")) > before)
    assert len(life.of("enrolled")) == before + 1


# --- to the end -----------------------------------------------------------------------------------------


def test_without_a_microphone_it_is_a_number(fresh: Life) -> None:
    fresh.press("double")
    assert until_said(fresh, LOOKING) == [LOOKING]
    assert fresh.eyes.wants == {Want.HELD}
    assert not fresh.eyes.attentive
    fresh.holds(KEYS)
    assert until_said(fresh, NUMBER)[-1] == NUMBER  # nobody is asked to agree
    assert fresh.ears.cues.count(Earcon.SHUTTER) == 5
    assert fresh.ears.tones
    assert fresh.eyes.wants == frozenset()
    assert names(fresh) == ["thing 1"]
    (thing,) = fresh.gallery.things()
    assert thing.extent == pytest.approx(0.25)
    assert [event.fields["kind"] for kind in ("enrolling", "enrolled") for event in fresh.of(kind)] == [
        "thing",
        "thing",
    ]


def test_the_name_is_recorded_and_played_back_and_kept(hearing: Life) -> None:
    hearing.press("double")
    until_said(hearing, LOOKING)
    hearing.holds(KEYS)
    said = until_said(hearing, REVIEW)
    assert said[-2:] == [SAY_IT, REVIEW]
    assert names(hearing) == []  # only with its name, at once
    hearing.press("double", 0.3)
    assert hearing.hear(6) == [DONE]
    (thing,) = hearing.gallery.things()
    assert thing.name_recording is not None
    assert names(hearing, Kind.PERSON) == []


def test_a_thing_that_is_not_turned_is_learnt_as_it_is(fresh: Life) -> None:
    fresh.willing = False
    fresh.holds(KEYS)
    fresh.press("double")
    said = until_said(fresh, NUMBER)
    assert TURN in said
    assert fresh.gallery.things()[0].templates == 5


def test_a_thing_that_was_taught_is_known_from_then_on(fresh: Life) -> None:
    teach(fresh)
    assert fresh.eyes.things.known(thing_look(KEYS, 25)) == fresh.gallery.things()[0].person_id
    assert fresh.eyes.things.known(thing_look(MUG)) is None


# --- a face or a thing ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("away_s", "words"), [(0.0, FACE), (1.0, FACE), (3.0, LOOKING)])
def test_who_was_in_view_just_now_is_meant(fresh: Life, away_s: float, words: str) -> None:
    fresh.stands(7, STRANGER)
    fresh.live(1)
    if away_s:
        fresh.scene.clear()
    fresh.press("double", max(0.0, away_s - FACE_AGE_NS / NS_PER_S))
    assert fresh.hear(away_s + 1) == [words]


@pytest.mark.parametrize(("somebody", "words"), [(True, FACE), (False, LOOKING)])
def test_a_double_tap_may_take_long(fresh: Life, somebody: bool, words: str) -> None:
    if somebody:
        fresh.stands(7, STRANGER)
    fresh.live(1)
    at_s = ((0.0, True), (0.9, False), (1.2, True), (2.1, False))
    fresh._edges += [ButtonEdge(down=down, at_ns=fresh.now_ns + round(s * NS_PER_S)) for s, down in at_s]
    assert fresh.hear(3)[0] == words


@pytest.mark.parametrize(("distance_mm", "words"), [(FACE_WITHIN_MM, FACE), (FACE_WITHIN_MM + 100, LOOKING)])
def test_who_is_far_off_is_not_meant(fresh: Life, distance_mm: int, words: str) -> None:
    fresh.stands(7, STRANGER, distance_mm=distance_mm)
    fresh.live(1)
    fresh.press("double")
    assert fresh.hear(1.5)[0] == words


def test_in_the_dark_nobody_knows_whether_there_is_a_face(fresh: Life) -> None:
    fresh.view = View.DARK
    fresh.live(3)
    fresh.press("double")
    assert fresh.hear(1.5) == [FACE]


@pytest.mark.parametrize("why", ["missing", "off", "broken"])
def test_where_no_thing_can_be_learnt_it_is_always_a_face(why: str, tmp_path: Path) -> None:
    life = Life(tmp_path, things=None if why in ("missing", "off") else {})
    life.eyes.things.broken = why == "broken"
    life.quiet()
    life.press("double")
    assert life.hear(1.5) == [FACE]
    assert life.eyes.attentive
    assert life.eyes.wants == frozenset()
    life.gallery.close()


def test_a_face_that_comes_ends_it_and_another_double_tap_means_that(fresh: Life) -> None:
    fresh.press("double")
    until_said(fresh, LOOKING)
    fresh.stands(7, STRANGER)
    assert fresh.hear(4) == ["Not remembered: a face is in view."]
    assert fresh.eyes.wants == frozenset()
    fresh.press("double")
    assert fresh.hear(1.5)[0] == FACE


# --- not kept -------------------------------------------------------------------------------------------

AT_EACH_STAGE = [LOOKING, TURN, SAY_IT, REVIEW]


def at_stage(life: Life, words: str) -> None:
    """A thing is being taught, and these words begin."""
    life.willing = words != TURN
    life.press("double")
    until_said(life, LOOKING)
    if words != LOOKING:
        life.holds(KEYS)
        until_said(life, words)


@pytest.mark.parametrize("words", AT_EACH_STAGE)
def test_a_hold_cancels_it_at_any_point_and_keeps_nothing(hearing: Life, words: str) -> None:
    at_stage(hearing, words)
    hearing.press("hold", 0.2)
    assert hearing.hear(8)[-1] == CANCELLED
    assert hearing.of("cancelled")[0].fields["kind"] == "thing"
    assert hearing.eyes.wants == frozenset()
    assert names(hearing) == []
    assert not traces(hearing, KEYS)
    assert not hearing.busy


@pytest.mark.parametrize("words", AT_EACH_STAGE)
def test_closing_the_camera_ends_it_at_any_point(hearing: Life, words: str) -> None:
    at_stage(hearing, words)
    hearing.willing = False  # time passes while the button is held
    hearing.press("hold4", 0.1)
    assert hearing.hear(10)[-1] == "Privacy on. The camera is closed."
    assert hearing.eyes.wants == frozenset()
    assert hearing.hear(60) == []
    assert names(hearing) == []


@pytest.mark.parametrize("words", [LOOKING, TURN])
def test_a_camera_that_stops_ends_the_looking(hearing: Life, words: str) -> None:
    at_stage(hearing, words)
    hearing.camera = "silent"
    assert hearing.hear(12)[-2:] == [CANCELLED, "The camera has stopped."]
    assert names(hearing) == []


def test_a_part_that_breaks_meanwhile_ends_the_looking(fresh: Life) -> None:
    at_stage(fresh, LOOKING)
    fresh.eyes.things.broken = True
    assert fresh.hear(5) == ["Not remembered: the part that knows things does not work."]
    assert fresh.eyes.wants == frozenset()
    assert fresh.of("rejected")[0].fields == {
        "text": "Not remembered: the part that knows things does not work.",
        "reason": "things_failed",
        "kind": "thing",
    }


def test_with_nothing_held_up_it_says_so_and_gives_up(fresh: Life) -> None:
    fresh.press("double")
    said = fresh.hear(40)
    assert said[0] == LOOKING
    assert set(said[1:-1]) == {"Nothing is held up."}
    assert said[-1] == "Not remembered: nothing is held up."


def test_a_double_tap_while_it_looks_says_so_again(fresh: Life) -> None:
    at_stage(fresh, LOOKING)
    fresh.live(1)
    fresh.press("double")
    assert fresh.hear(1.5) == [LOOKING]


# --- a thing known already ------------------------------------------------------------------------------


def to_same(life: Life) -> None:
    life.press("double")
    until_said(life, LOOKING)
    life.holds(KEYS)
    until_said(life, SAME)
    life.quiet()


def test_these_looks_are_added_to_the_thing_that_is_known(known: Life) -> None:
    to_same(known)
    known.press("double")
    assert until_said(known, "my keys is remembered better now.")
    (thing,) = known.gallery.things()
    assert thing.templates == 8
    known.press("hold", 4)
    assert known.hear(8) == ["The new looks of my keys are forgotten again."]
    assert known.gallery.things()[0].templates == 3


def test_or_it_is_another_thing(known: Life) -> None:
    to_same(known)
    known.press("tap")
    until_said(known, "Remembered as thing 2. No name was recorded.")
    assert sorted(names(known)) == ["my keys", "thing 2"]


def test_it_is_taken_back_after_its_name_was_said_too(fresh: Life) -> None:
    teach(fresh)
    fresh.live(4)
    fresh.survey = survey(a_thing(fresh.gallery.thing("thing 1").person_id))
    fresh.press("triple")
    assert "thing 1, ahead." in fresh.hear(5)
    fresh.press("hold")
    assert fresh.hear(4) == ["thing 1 is forgotten again."]


# --- taken back -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["fresh", "hearing"])
def test_a_hold_takes_it_back_and_leaves_no_trace(way: str, request: pytest.FixtureRequest) -> None:
    life: Life = request.getfixturevalue(way)
    teach(life)
    life.live(4)
    assert traces(life, KEYS)
    life.press("hold", 20)
    assert life.hear(24)[-1] == "thing 1 is forgotten again."
    assert life.of("undone")[0].fields == {"person": "thing 1", "kind": "thing"}
    assert names(life) == []
    assert not traces(life, KEYS)
    assert not list(life.file.parent.rglob("*.wav"))
    assert life.eyes.things.known(thing_look(KEYS)) is None
    life.press("hold")
    assert life.hear(5) == ["Nothing to undo."]


def test_after_half_a_minute_nothing_is_taken_back(fresh: Life) -> None:
    teach(fresh)
    fresh.press("hold", 31)
    assert fresh.hear(36)[-1] == "Nothing to undo."
    assert names(fresh) == ["thing 1"]


def test_the_newest_is_undone_be_it_a_person_or_a_thing(known: Life) -> None:
    teach(known, MUG)
    known.live(4)
    known.stands(1, ANNA)
    until_said(known, "Anna, ahead, two metres.")
    known.quiet()
    known.press("hold")
    assert known.hear(4) == ["Noted. That was not Anna."]
    assert sorted(names(known)) == ["my keys", "thing 2"]
