"""Remembering somebody by button and ear, on the whole core: to the end, broken off, and taken back."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from kith.announce.recording import read_recording
from kith.clock import NS_PER_S
from kith.recognition.gallery import Gallery
from kith.types import SAMPLE_RATE_HZ, Earcon, Embedding, View
from tests.unit._core_kit import ANNA, ASK, BEN, STRANGER, Life, agrees, enrol, name_said
from tests.unit._gallery_kit import MODEL, TODAY, looks

LOOKING = "Looking for a face to remember."
LEFT, RIGHT = "Now look a little to your left.", "And to your right."
SAY_IT = "Say the name after the tone."
REVIEW = "the name. Double tap: keep. Tap: say it again."
DONE = "person 1 is remembered."
CANCELLED = "Cancelled. Nothing was kept."
SAME = "This looks like Anna. Double tap: add to Anna. Tap: someone new."


@pytest.fixture(autouse=True)
def no_name_is_ever_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level(logging.DEBUG)
    yield
    logged = [record.getMessage() for record in caplog.records if record.name.startswith("kith")]
    assert not [line for line in logged for name in ("Anna", "Ben", "person 1") if name in line]


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Life]:
    """Nobody is known; the greeting is over; there is no microphone."""
    life = Life(tmp_path)
    life.quiet()
    yield life
    life.gallery.close()


@pytest.fixture
def hearing(tmp_path: Path) -> Iterator[Life]:
    """Nobody is known; there is a microphone, and two names will be said."""
    life = Life(tmp_path, says=[name_said(1), name_said(2, syllables=5)])
    life.quiet()
    yield life
    life.gallery.close()


@pytest.fixture
def known(tmp_path: Path) -> Iterator[Life]:
    """Anna and Ben are known."""
    life = Life(tmp_path, people={"Anna": ANNA, "Ben": BEN})
    life.quiet()
    yield life
    life.gallery.close()


def until_said(life: Life, text: str, seconds: float = 40) -> list[str]:
    """Let time pass until these words begin; all that began."""
    before = len(life.said)
    life.live(seconds, until=lambda: any(said == text for _, said in life.said[before:]))
    assert life.said[-1][1] == text
    return [said for _, said in life.said[before:]]


def traces(life: Life, look: Embedding) -> list[str]:
    trace = look.vector.tobytes()
    files = [path for path in life.file.parent.rglob("*") if path.is_file()]
    return [path.name for path in files if trace in path.read_bytes()]


# --- to the end -----------------------------------------------------------------------------------------


def test_without_a_microphone_it_is_a_number(fresh: Life) -> None:
    fresh.stands(7, STRANGER)
    fresh.press("double", 0.5)
    assert until_said(fresh, ASK) == [LOOKING, LEFT, RIGHT, ASK]
    assert fresh.ears.cues.count(Earcon.SHUTTER) == 5
    assert fresh.ears.tones
    assert fresh.names == []
    fresh.press("double", 0.5)
    assert fresh.hear(6) == ["Remembered as person 1. No name was recorded."]
    assert fresh.names == ["person 1"]
    assert not fresh.eyes.attentive


def test_the_name_is_recorded_played_back_and_kept_and_played_from_then_on(hearing: Life) -> None:
    agrees(hearing, STRANGER)
    assert until_said(hearing, REVIEW) == [SAY_IT, REVIEW]
    assert hearing.names == []  # only with its name, at once
    assert hearing.hear(9) == [DONE]
    (person,) = hearing.gallery.people()
    assert person.name_recording is not None
    kept = read_recording(person.name_recording)[:, 0]
    assert 0.4 * SAMPLE_RATE_HZ < len(kept) < 1.2 * SAMPLE_RATE_HZ
    hearing.scene.clear()
    hearing.live(70)
    hearing.speech.said.clear()
    hearing.stands(8, STRANGER)
    assert hearing.hear(5) == ["person 1, ahead, two metres."]
    assert hearing.speech.said == ["ahead, two metres."]  # the voice does not say the name
    assert hearing.microphone is not None


def test_under_twenty_seconds_for_a_willing_person(hearing: Life) -> None:
    began_s = hearing.now_ns / NS_PER_S
    agrees(hearing, STRANGER)
    until_said(hearing, REVIEW)
    hearing.press("double", 0.3)  # as soon as the name is heard
    hearing.live(9, until=lambda: bool(hearing.of("enrolled")))
    assert hearing.of("enrolled")[0].at_ns / NS_PER_S - began_s < 20


def test_a_name_is_said_again_as_often_as_one_likes(hearing: Life) -> None:
    agrees(hearing, STRANGER)
    until_said(hearing, REVIEW)
    hearing.press("tap", 0.5)
    assert until_said(hearing, REVIEW) == [SAY_IT, REVIEW]
    hearing.press("double", 0.5)
    assert hearing.hear(4) == [DONE]
    (person,) = hearing.gallery.people()
    assert person.name_recording is not None
    assert (
        len(read_recording(person.name_recording)[:, 0]) > 0.7 * SAMPLE_RATE_HZ
    )  # five syllables and not three


def test_who_says_nothing_is_asked_again_and_gets_a_number(tmp_path: Path) -> None:
    life = Life(tmp_path, says=[])
    life.quiet()
    agrees(life, STRANGER)
    said = until_said(life, "Remembered as person 1. No name was recorded.")
    assert said[:2] == [SAY_IT, f"I heard nothing. {SAY_IT}"]


def test_a_microphone_that_is_pulled_out_is_told_and_the_person_kept(hearing: Life) -> None:
    agrees(hearing, STRANGER)
    until_said(hearing, SAY_IT)
    assert hearing.microphone is not None
    hearing.microphone.unplug()
    said = hearing.hear(8)
    assert said == ["The microphone does not work.", "Remembered as person 1. No name was recorded."]


def test_no_recording_holds_what_the_device_says(hearing: Life) -> None:
    """The simulated voice hums at 200 Hz, the tone is at 880: what was recorded holds neither for long."""
    agrees(hearing, STRANGER)
    until_said(hearing, REVIEW)
    hearing.live(10)
    (person,) = hearing.gallery.people()
    assert person.name_recording is not None
    kept = read_recording(person.name_recording)[:, 0].astype(float)
    name = name_said(1).astype(float)
    best = np.max(np.correlate(kept, name, "valid" if len(kept) > len(name) else "same"))
    alike = best / (np.linalg.norm(kept) * np.linalg.norm(name))
    assert alike > 0.8


def test_someone_who_does_not_turn_the_head_is_remembered_from_the_front(fresh: Life) -> None:
    fresh.willing = False
    enrol(fresh)
    assert fresh.ears.cues.count(Earcon.SHUTTER) == 3
    assert fresh.gallery.people()[0].templates == 3


def test_the_person_is_named_when_they_come_back_and_not_before(fresh: Life) -> None:
    enrol(fresh)
    assert not fresh.eyes.attentive
    fresh.hear(0.1)
    assert fresh.hear(12) == []  # not named on top of it, though they stand there
    assert fresh.of("appeared")[0].fields["person"] == "person 1"
    fresh.press("tap")
    assert fresh.hear(4) == ["person 1, ahead, two metres."]
    fresh.scene.clear()
    fresh.live(70)
    fresh.stands(8, STRANGER)
    assert fresh.hear(4) == ["person 1, ahead, two metres."]


def test_who_was_remembered_and_not_named_since_is_named_without_a_cooldown(fresh: Life) -> None:
    enrol(fresh)
    fresh.live(6)
    fresh.scene.clear()
    fresh.live(5)
    fresh.stands(8, STRANGER)
    assert fresh.hear(4) == ["person 1, ahead, two metres."]


# --- not kept -------------------------------------------------------------------------------------------

AT_EACH_STAGE = [LOOKING, LEFT, RIGHT, ASK, SAY_IT, REVIEW]


def at_stage(life: Life, words: str) -> None:
    """Somebody is being remembered, and these words begin."""
    if words in (SAY_IT, REVIEW):
        agrees(life, STRANGER)
    else:
        life.stands(7, STRANGER)
        life.press("double", 0.5)
    until_said(life, words)


@pytest.mark.parametrize("words", AT_EACH_STAGE)
def test_a_hold_cancels_it_at_any_point_and_keeps_nothing(hearing: Life, words: str) -> None:
    at_stage(hearing, words)
    if words == LOOKING:
        hearing.scene.clear()
    hearing.press("hold", 0.2)
    said = hearing.hear(8)
    if words in (LEFT, RIGHT):  # the head is turned while the button is held
        assert said[-1] == CANCELLED
    else:
        assert said == [CANCELLED]
    assert hearing.of("cancelled")
    assert not hearing.eyes.attentive
    assert hearing.names == []
    assert not traces(hearing, looks(STRANGER)[0])
    hearing.press("tap")
    assert hearing.hear(4) == ["Nobody I know." if words == LOOKING else "One person I don't know."]


@pytest.mark.parametrize("words", AT_EACH_STAGE)
def test_closing_the_camera_ends_it_at_any_point(hearing: Life, words: str) -> None:
    hearing.willing = False  # time passes while the button is held
    at_stage(hearing, words)
    hearing.press("hold4", 0.1)
    assert hearing.hear(10)[-1] == "Privacy on. The camera is closed."
    assert not hearing.eyes.attentive
    assert hearing.hear(60) == []
    assert hearing.names == []
    assert not hearing.busy


@pytest.mark.parametrize("words", [LOOKING, LEFT, RIGHT])
def test_a_camera_that_stops_ends_the_looking(hearing: Life, words: str) -> None:
    hearing.willing = False
    at_stage(hearing, words)
    hearing.camera = "silent"
    said = hearing.hear(12)
    assert said[-2:] == [CANCELLED, "The camera has stopped."]
    assert hearing.names == []


@pytest.mark.parametrize("words", [ASK, SAY_IT, REVIEW])
def test_a_camera_that_stops_afterwards_does_not_matter(hearing: Life, words: str) -> None:
    at_stage(hearing, words)
    hearing.camera = "silent"
    if words == ASK:
        hearing.press("double", 0.5)
    said = hearing.hear(40)
    assert DONE in said
    assert "The camera has stopped." in said
    assert CANCELLED not in said


def test_who_does_not_agree_is_not_kept(fresh: Life) -> None:
    at_stage(fresh, ASK)
    fresh.press("tap", 0.5)
    assert fresh.hear(6) == ["Not remembered: nobody agreed."]
    assert fresh.names == []
    assert not traces(fresh, looks(STRANGER)[0])


def test_a_question_that_nobody_answers_is_asked_once_more_and_given_up(fresh: Life) -> None:
    at_stage(fresh, ASK)
    assert fresh.hear(40) == [ASK, "Not remembered: there was no answer."]
    assert fresh.names == []


def test_two_faces_are_refused(fresh: Life) -> None:
    at_stage(fresh, LEFT)
    fresh.stands(8, BEN, bearing_deg=10)
    assert fresh.hear(5) == ["Not remembered: two faces, try again."]
    assert fresh.names == []


def test_another_face_in_the_same_place_is_refused(fresh: Life) -> None:
    at_stage(fresh, LEFT)
    fresh.stands(7, BEN)
    assert fresh.hear(5)[-1] == "Not remembered: not the same face."
    assert fresh.names == []


def test_a_face_that_is_lost_begins_again(fresh: Life) -> None:
    at_stage(fresh, LEFT)
    fresh.scene.clear()
    assert "Face lost. Starting again." in fresh.hear(3)
    fresh.stands(9, STRANGER)
    assert until_said(fresh, ASK) == [LEFT, RIGHT, ASK]


def test_in_the_dark_it_says_why_again_and_again_and_then_gives_up(fresh: Life) -> None:
    fresh.view = View.DARK
    fresh.press("double")
    said = fresh.hear(30)
    assert said[0] == LOOKING
    assert set(said[1:-1]) == {"Too dark."}
    assert said[-1] == "Not remembered: too dark."


def test_a_double_tap_while_it_looks_says_so_again(fresh: Life) -> None:
    fresh.press("double")
    fresh.live(1)
    fresh.press("double")
    assert fresh.hear(1) == [LOOKING]


def test_a_tap_and_hold_amid_the_looking_opens_the_book(fresh: Life) -> None:
    fresh.press("double")
    fresh.live(3)
    fresh.press("taphold")
    said = fresh.hear(12)
    assert said[-1].startswith("Nobody is known yet.")
    assert not fresh.eyes.attentive
    assert not fresh.busy


# --- somebody known already -----------------------------------------------------------------------------


def test_these_looks_are_added_to_who_is_known_and_no_consent_is_asked_for(known: Life) -> None:
    known.stands(1, ANNA)
    known.live(5)
    known.press("double")
    assert until_said(known, SAME) == [LOOKING, SAME]
    known.press("double", 0.5)
    assert until_said(known, "Anna is remembered better now.") == [
        LEFT,
        RIGHT,
        "Anna is remembered better now.",
    ]
    assert known.gallery.person("Anna").templates == 8
    assert known.names == ["Anna", "Ben"]
    known.press("hold", 5)
    assert known.hear(9) == ["The new looks of Anna are forgotten again."]
    assert known.gallery.person("Anna").templates == 3
    known.press("tap")
    assert known.hear(4) == ["Anna, ahead, two metres."]


def test_or_it_is_someone_new(known: Life) -> None:
    known.stands(1, ANNA)
    known.live(5)
    known.press("double")
    until_said(known, SAME)
    known.press("tap", 0.5)
    until_said(known, ASK)
    known.press("double", 0.5)
    assert known.hear(6) == ["Remembered as person 3. No name was recorded."]
    assert known.names == ["Anna", "Ben", "person 3"]


def test_and_without_an_answer_nothing_is_kept(known: Life) -> None:
    known.stands(1, ANNA)
    known.live(5)
    known.press("double")
    until_said(known, SAME)
    assert known.hear(40) == [SAME, "Not remembered: this looks like Anna."]
    assert known.of("rejected")[0].fields["reason"] == "known"


def test_nobody_is_named_while_it_leads_and_somebody_is_afterwards(known: Life) -> None:
    at_stage(known, ASK)
    known.stands(2, ANNA, bearing_deg=-20)
    known.stands(3, BEN, bearing_deg=20)
    assert known.hear(8) == []
    assert len(known.of("appeared")) == 2
    known.press("tap")
    said = known.hear(9)
    assert said[0] == "Not remembered: nobody agreed."
    assert "Anna, left, two metres. Ben, right, two metres." in said


def test_a_fault_waits_until_the_name_was_heard(hearing: Life) -> None:
    agrees(hearing, STRANGER)
    hearing.live(20, until=lambda: bool([e for e in hearing.of("sound") if e.text == "listen"]))
    hearing.live(0.5)
    hearing.camera = "silent"
    hearing.live(0.5)
    from_ns = hearing.now_ns
    said = until_said(hearing, REVIEW)
    assert said == [REVIEW]
    hearing.live(30)
    told = [event for event in hearing.of("announcement") if event.text == "The camera has stopped."]
    assert len(told) == 1
    assert told[0].at_ns > from_ns


# --- taken back -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["fresh", "hearing"])
def test_a_hold_takes_it_back_and_leaves_no_trace(way: str, request: pytest.FixtureRequest) -> None:
    life: Life = request.getfixturevalue(way)
    enrol(life)
    life.live(4)
    assert traces(life, looks(STRANGER)[0])
    life.press("hold", 20)
    assert life.hear(24) == ["person 1 is forgotten again."]
    assert life.names == []
    assert life.of("undone")[0].text == "person 1"
    assert not traces(life, looks(STRANGER)[0])
    assert not list(life.file.parent.rglob("*.wav"))
    life.press("tap")
    assert life.hear(4) == ["One person I don't know."]
    life.scene.clear()
    life.live(5)
    life.stands(9, STRANGER)
    assert life.hear(5) == []
    life.press("hold")
    assert life.hear(5) == ["Nothing to undo."]


def test_after_half_a_minute_nothing_is_taken_back(fresh: Life) -> None:
    enrol(fresh)
    fresh.press("hold", 31)
    assert fresh.hear(36)[-1] == "Nothing to undo."
    assert fresh.names == ["person 1"]


def test_an_undo_forgets_the_person_and_not_who_has_the_name_now(fresh: Life) -> None:
    enrol(fresh)
    # The gallery is read every two seconds; the hold ends between two readings, the carer comes before it.
    fresh.live(5, until=lambda: fresh.now_ns % (2 * NS_PER_S) == NS_PER_S // 2)
    fresh.press("hold")
    fresh.live(1.2)
    with Gallery.open(fresh.file, MODEL) as carer:
        carer.rename("person 1", "Carla")
        carer.add_person("person 1", looks(BEN), TODAY)
    assert "Carla is forgotten again." in fresh.hear(5)
    assert fresh.names == ["person 1"]


@pytest.mark.parametrize(
    "cut",
    [lambda life: life.press("tap"), lambda life: life.speech.current.break_down()],
    ids=["a press", "a voice that dies"],
)
def test_what_was_remembered_stays_though_its_words_are_cut_off(
    fresh: Life, cut: Callable[[Life], None]
) -> None:
    enrol(fresh)
    fresh.live(0.6)
    cut(fresh)
    fresh.live(5)
    assert fresh.names == ["person 1"]
    fresh.press("hold")
    assert "person 1 is forgotten again." in fresh.hear(6)
