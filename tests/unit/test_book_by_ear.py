"""The book on the whole core: how the device does, and the people one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from kith.announce.recording import read_recording
from kith.config import ExpirySettings, Settings
from kith.errors import GalleryFull
from kith.recognition import store
from kith.recognition.gallery import Gallery
from tests.unit._core_kit import ANNA, BEN, Life, name_said
from tests.unit._gallery_kit import MODEL, looks

TOUR = "Two people are known. I looked just now. The battery is at 76 percent. I know of no fault. "
TAP_ON = "Tap to go through the people."
HELP = "Tap: next. Double tap: say the name anew. Hold: forget. Tap and hold: leave."
FORGET = "Forget Anna for good? Double tap: yes. Tap: no."
PEOPLE = {"Anna": ANNA, "Ben": BEN}


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    life = Life(tmp_path, people=PEOPLE, says=[name_said(1), name_said(2, syllables=5)], battery=76)
    life.live(8)
    yield life
    life.gallery.close()


def does(life: Life, press: str, seconds: float = 3) -> list[str]:
    life.press(press)
    return life.hear(seconds)


def at_anna(life: Life) -> None:
    assert does(life, "taphold", 4) == [TOUR + TAP_ON]
    assert does(life, "tap") == ["Anna."]


def test_it_tells_how_it_does_and_goes_through_the_people_by_taps(life: Life) -> None:
    at_anna(life)
    assert does(life, "tap") == ["Ben."]
    assert does(life, "tap") == ["That was everybody."]
    assert does(life, "tap", 6) == ["Anna.", HELP]
    assert does(life, "taphold") == ["The list is closed."]
    assert does(life, "tap") == ["Nobody I know."]


def test_nobody_is_named_meanwhile_and_somebody_is_afterwards(life: Life) -> None:
    at_anna(life)
    life.stands(1, BEN)
    assert life.hear(8) == [HELP]
    assert does(life, "taphold", 6) == ["The list is closed.", "Ben, ahead, two metres."]


def test_by_itself_it_closes_when_nothing_is_pressed(life: Life) -> None:
    at_anna(life)
    assert life.hear(40) == [HELP, "The list is closed."]


def test_a_name_is_said_anew_and_played_from_then_on(life: Life) -> None:
    at_anna(life)
    assert does(life, "double", 14) == [
        "Say the name after the tone.",
        "the name. Double tap: keep. Tap: say it again.",
        "Anna is the name now.",
    ]
    recording = life.gallery.person("Anna").name_recording
    assert recording is not None
    first = read_recording(recording)
    life.press("tap")  # Ben
    life.live(3)
    life.press("tap")
    life.live(3)
    life.speech.said.clear()
    assert does(life, "tap", 2) == ["Anna."]
    assert life.speech.said == []  # no synthetic voice: it is played
    assert "Anna is the name now." in does(life, "double", 14)
    second = life.gallery.person("Anna").name_recording
    assert second is not None
    assert len(read_recording(second)) > len(first)
    assert [file.name for file in second.parent.iterdir()] == [second.name]


@pytest.mark.parametrize("how", ["hold", "taphold"])
def test_a_hold_amid_the_naming_leaves_the_name_as_it_was(life: Life, how: str) -> None:
    at_anna(life)
    life.press("double")
    life.live(2.2)
    assert does(life, how, 4)[-1] == "The name stays as it was."
    assert life.gallery.person("Anna").name_recording is None
    assert does(life, "tap") == ["Ben."]


def test_without_a_microphone_no_name_is_said_anew(tmp_path: Path) -> None:
    life = Life(tmp_path, people=PEOPLE, battery=76)
    life.live(8)
    at_anna(life)
    assert does(life, "double") == ["There is no microphone to say a name to."]
    life.gallery.close()


def test_forgotten_is_forgotten(life: Life) -> None:
    at_anna(life)
    anna = [look.vector.tobytes() for look in looks(ANNA)]
    assert does(life, "hold", 4)[-1] == FORGET
    assert does(life, "double", 4) == ["Anna is forgotten."]
    assert life.names == ["Ben"]
    for file in [path for path in life.file.parent.rglob("*") if path.is_file()]:
        assert not [trace for trace in anna if trace in file.read_bytes()], file.name
    assert does(life, "hold", 6) == [HELP]  # nobody is meant
    assert does(life, "tap") == ["Ben."]
    assert does(life, "taphold") == ["The list is closed."]
    life.stands(1, ANNA)
    assert life.hear(4) == []
    assert does(life, "tap") == ["One person I don't know."]


@pytest.mark.parametrize("answer", ["tap", "hold", None])
def test_whoever_is_not_said_yes_about_stays(life: Life, answer: str | None) -> None:
    at_anna(life)
    life.press("hold")
    life.live(3)
    if answer is not None:
        life.press(answer)
    said = life.hear(24)
    assert "Anna stays." in said
    assert life.names == ["Anna", "Ben"]


def test_the_recording_goes_too_and_its_sound_is_the_last_that_is_heard_of_it(life: Life) -> None:
    at_anna(life)
    life.press("double")
    life.live(14)
    recording = life.gallery.person("Anna").name_recording
    assert recording is not None
    sound = recording.read_bytes()[2000:2100]
    life.press("hold")
    life.live(4)
    life.speech.said.clear()
    assert does(life, "double", 4) == ["Anna is forgotten."]
    assert life.speech.said == ["is forgotten."]
    assert not recording.exists()
    for file in [path for path in life.file.parent.rglob("*") if path.is_file()]:
        assert sound not in file.read_bytes(), file.name


def test_what_cannot_be_done_is_told(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    at_anna(life)

    def no_room(path: Path, content: bytes) -> None:
        raise GalleryFull("the disk is full")

    life.press("double")
    life.live(3)
    with monkeypatch.context() as patch:
        patch.setattr(store, "write_private", no_room)
        assert life.hear(12)[-1] == "The name stays as it was."
    assert life.gallery.person("Anna").name_recording is None


def test_privacy_closes_it_and_the_tour_tells_of_privacy(life: Life) -> None:
    at_anna(life)
    assert does(life, "hold4", 8)[-1] == "Privacy on. The camera is closed."
    assert does(life, "tap") == ["Privacy is on. The camera is closed."]
    said = does(life, "taphold", 4)
    assert "Privacy is on. The camera is closed." in said[0]


def test_a_fault_is_told_of_in_it(life: Life) -> None:
    life.camera = "silent"
    life.live(8)
    assert "The camera has stopped." in does(life, "taphold", 4)[0]
    life.live(40)
    life.camera = "works"
    life.live(5)
    assert does(life, "taphold", 4) == [TOUR + TAP_ON]


def test_where_nobody_is_known_it_closes_when_it_was_heard(tmp_path: Path) -> None:
    life = Life(tmp_path)
    life.live(5)
    assert does(life, "taphold", 10) == ["Nobody is known yet. I looked just now. I know of no fault."]
    assert does(life, "tap") == ["Nobody I know."]
    life.gallery.close()


# --- expiry -------------------------------------------------------------------------------------------------

LATER = date(2029, 6, 1)


def test_who_was_not_met_for_long_is_told_of_once_and_kept_or_forgotten_in_the_book(tmp_path: Path) -> None:
    Life(tmp_path, people=PEOPLE).gallery.close()
    life = Life(tmp_path, day=LATER, battery=76)
    told = "Two people were not met for a long time. Tap and hold, to keep or forget them."
    assert life.hear(30)[1:] == [told]
    life.press("taphold")
    life.live(15)
    expired = "{}, not met for a long time. Double tap: keep. Hold: forget."
    assert does(life, "tap", 6) == [expired.format("Anna")]
    assert does(life, "double") == ["Anna is kept."]
    assert does(life, "tap", 6) == [expired.format("Ben")]
    assert does(life, "hold", 4) == ["Forget Ben for good? Double tap: yes. Tap: no."]
    assert does(life, "double") == ["Ben is forgotten."]
    assert does(life, "taphold") == ["The list is closed."]
    life.gallery.close()
    again = Life(tmp_path, day=LATER)
    assert again.hear(30) == ["Kith is ready. One person known."]
    again.gallery.close()


def test_who_is_met_is_not_expired(tmp_path: Path) -> None:
    Life(tmp_path, people=PEOPLE).gallery.close()
    life = Life(tmp_path, day=LATER)
    life.stands(1, ANNA)
    told = life.hear(30)[-1]
    assert told == "Ben was not met for a long time. Tap and hold, to keep or forget them."
    life.gallery.close()


def test_after_the_grace_who_was_told_of_is_forgotten_where_the_settings_say_so(tmp_path: Path) -> None:
    forgets = replace(Settings(), expiry=ExpirySettings(forget=True))
    Life(tmp_path, people={"Anna": ANNA}).gallery.close()
    for settings, day, said in (
        (Settings(), LATER, ["Anna was not met for a long time. Tap and hold, to keep or forget them."]),
        (Settings(), date(2029, 12, 1), []),
        (forgets, date(2029, 6, 20), []),
        (forgets, date(2029, 7, 2), ["Anna was not met for a long time and is forgotten."]),
    ):
        life = Life(tmp_path, settings=settings, day=day)
        assert life.hear(30)[1:] == said
        life.gallery.close()
    with Gallery.open(tmp_path / "kith.db", MODEL) as gallery:
        assert gallery.people() == []


def test_a_clock_that_jumps_ahead_costs_nobody_at_once(tmp_path: Path) -> None:
    forgets = replace(Settings(), expiry=ExpirySettings(forget=True))
    Life(tmp_path, people={"Anna": ANNA}).gallery.close()
    for day in (date(2099, 1, 1), date(2026, 3, 2), date(2026, 3, 3)):
        life = Life(tmp_path, settings=forgets, day=day)
        life.live(30)
        assert life.names == ["Anna"]
        life.gallery.close()


def test_whoever_a_carer_forgot_meanwhile_is_nobody_by_name(life: Life) -> None:
    at_anna(life)
    life.press("hold")
    life.live(2)
    with Gallery.open(life.file, MODEL) as carer:
        carer.forget("Anna")
    life.live(3)
    assert does(life, "tap") == ["someone known stays."]
    assert does(life, "tap") == ["Ben."]
