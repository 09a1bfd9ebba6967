"""The core in ticks: all machines, a real gallery and a real player, no threads and no clock."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from kith.app.core import Trouble
from kith.clock import NS_PER_S
from kith.errors import GalleryFull
from kith.recognition import store
from kith.recognition.gallery import Gallery
from kith.types import Earcon, View
from tests.unit._core_kit import ANNA, BEN, STRANGER, CannotMount, Life, agrees, enrol, fill_disk, small_disk
from tests.unit._gallery_kit import MODEL, TODAY, looks

NAMES = ("Anna", "Ben", "Carla", "person 1", "person 3")
HERE = "Anna, ahead, two metres."


@pytest.fixture(autouse=True)
def no_name_is_ever_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level(logging.DEBUG)
    yield
    logged = [record.getMessage() for record in caplog.records if record.name.startswith("kith")]
    assert not [line for line in logged for name in NAMES if name in line]


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    life = Life(tmp_path, people={"Anna": ANNA, "Ben": BEN})
    yield life
    life.gallery.close()


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Life]:
    """Nobody is known; the greeting is over."""
    life = Life(tmp_path)
    life.quiet()
    yield life
    life.gallery.close()


# --- greeting and naming ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("people", "greeting"),
    [
        ({}, "Kith is ready. Nobody known yet."),
        ({"Anna": ANNA}, "Kith is ready. One person known."),
        ({"Anna": ANNA, "Ben": BEN}, "Kith is ready. Two people known."),
    ],
)
def test_it_greets_and_tells_how_many_it_knows(tmp_path: Path, people: dict[str, int], greeting: str) -> None:
    life = Life(tmp_path, people=people)
    assert life.hear(5) == [greeting]
    assert life.of("ready")[0].fields["known"] == len(people)


def test_a_name_is_said_after_three_votes_and_only_once(life: Life) -> None:
    life.quiet()
    life.stands(1, ANNA)
    came_s = life.now_ns / NS_PER_S
    assert life.hear(10) == [HERE]
    assert 0.2 <= life.said[-1][0] - came_s <= 0.4
    (appeared,) = life.of("appeared")
    assert appeared.fields == {"person": "Anna", "people": ["Anna"], "track": 1, "distance_mm": 2000}
    assert life.eyes.sure == {1}


def test_two_looks_are_no_name(life: Life) -> None:
    life.quiet()
    life.stands(1, ANNA)
    life.live(0.15)
    life.scene.clear()
    assert life.hear(5) == []
    assert not life.of("appeared")


def test_the_greeting_yields_to_a_name_and_two_share_a_sentence(life: Life) -> None:
    life.stands(1, BEN, bearing_deg=20, distance_mm=3000)
    life.stands(2, ANNA, bearing_deg=-20)
    said = life.hear(10)
    assert said == ["Kith is ready. Two people known.", "Anna, left, two metres. Ben, right, three metres."]
    assert life.said[1][0] < 0.5


def test_a_stranger_is_a_click_and_never_a_name(life: Life) -> None:
    life.quiet()
    life.stands(1, STRANGER)
    assert life.hear(5) == []
    assert [event.text for event in life.of("sound")] == ["stranger"]


def test_someone_who_left_is_named_again_only_after_the_cooldown(life: Life) -> None:
    life.quiet()
    life.stands(1, ANNA)
    life.live(4)
    life.scene.clear()
    life.live(4)
    assert life.of("left")[0].fields["person"] == "Anna"
    life.stands(2, ANNA)
    assert life.hear(4) == []
    life.scene.clear()
    life.live(60)
    life.stands(3, ANNA)
    assert life.hear(4) == [HERE]


# --- the tap ------------------------------------------------------------------------------------------------


def test_a_tap_is_answered_with_who_is_here(life: Life) -> None:
    life.quiet()
    life.press("tap")
    assert life.hear(3) == ["Nobody I know."]
    life.stands(1, ANNA)
    life.live(5)
    life.press("tap")
    assert life.hear(4) == [HERE]
    life.scene.clear()
    life.view = View.DARK
    life.live(2)
    life.press("tap")
    assert life.hear(4) == ["Too dark to see."]
    assert life.ears.cues == [Earcon.PRESS] * 3


def test_a_tap_while_it_speaks_stops_it_and_nothing_else_is_said(life: Life) -> None:
    life.live(0.2)
    assert life.core.speaking
    life.press("tap")
    assert life.hear(0.6) == []
    assert not life.core.speaking
    assert life.ears.cues == [Earcon.PRESS]


def test_a_tap_that_was_meant_to_stop_is_no_question_when_the_speech_has_ended_meanwhile(life: Life) -> None:
    life.quiet()
    greeting_s = life.now_ns / NS_PER_S
    life.press("tap")
    life.live(0.6)
    answer_s = life.said[-1][0]
    life.quiet()
    length_s = life.now_ns / NS_PER_S - answer_s
    assert greeting_s < answer_s
    assert length_s > 0.5
    life.live(3)
    life.press("tap")  # asks again
    life.press("tap", 0.5 + length_s - 0.1)  # goes down just before the answer ends
    assert life.hear(4) == ["Nobody I know."]
    assert [event.text for event in life.of("button")] == ["tap"] * 3


def test_after_a_stop_it_says_nothing_unasked_for_two_seconds(life: Life) -> None:
    life.live(0.2)
    life.press("tap")
    stopped_s = life.now_ns / NS_PER_S
    life.live(0.6)
    life.stands(1, ANNA)
    assert life.hear(6) == [HERE]
    assert 1.8 <= life.said[-1][0] - stopped_s <= 2.2


# --- the camera ---------------------------------------------------------------------------------------------


def test_a_long_hold_closes_the_camera_and_another_opens_it(life: Life) -> None:
    life.quiet()
    life.press("hold4")
    assert life.hear(8) == ["Privacy on. The camera is closed."]
    assert life.power.camera == [False]
    life.stands(1, ANNA)  # whatever still comes from the camera
    assert life.hear(10) == []
    life.press("tap")
    life.press("double", 5)
    assert life.hear(10) == ["Privacy is on. The camera is closed.", "Not remembered: privacy is on."]
    assert not life.of("appeared")
    life.press("hold4")
    said = life.hear(12)
    assert said == ["Privacy off. The camera is open again.", HERE]
    assert life.power.camera == [False, True]
    assert [event.text for event in life.of("privacy")] == ["on", "off"]
    assert not life.of("fault")


def test_closing_the_camera_ends_an_enrollment(fresh: Life) -> None:
    fresh.press("double")
    fresh.press("hold4", 1)
    assert "Privacy on. The camera is closed." in fresh.hear(10)
    assert not fresh.eyes.attentive
    fresh.stands(1, STRANGER)
    fresh.live(25)
    assert fresh.names == []


@pytest.mark.parametrize("how", ["silent", "frozen"])
def test_a_camera_that_stops_is_told_once_and_told_when_it_is_back(life: Life, how: str) -> None:
    life.quiet()
    life.live(3)
    life.camera = how
    stopped_s = life.now_ns / NS_PER_S
    assert life.hear(60) == ["The camera has stopped."]
    assert 1.9 <= life.said[-1][0] - stopped_s <= 2.1
    life.press("tap")
    life.press("double", 4)
    assert life.hear(9) == ["The camera does not answer.", "Not remembered: the camera does not answer."]
    life.camera = "works"
    assert life.hear(10) == ["The camera is back."]
    assert [event.kind for event in life.events if event.kind in ("fault", "recovered")] == [
        "fault",
        "recovered",
    ]


def test_a_covered_lens_is_told_once_and_told_when_it_sees_again(life: Life) -> None:
    life.quiet()
    life.view = View.COVERED
    covered_s = life.now_ns / NS_PER_S
    cannot = "I can see nothing. The camera is covered, or it is dark."
    assert life.hear(30) == [cannot]
    assert 2.9 <= life.said[-1][0] - covered_s <= 3.2
    life.press("taphold")
    life.live(4)
    assert cannot in life.said[-1][1]
    life.press("taphold")
    life.live(3)
    life.view = View.NORMAL
    assert life.hear(10) == ["The camera sees again."]
    life.view = View.COVERED
    life.live(1)  # a hand that passes
    life.view = View.NORMAL
    assert life.hear(10) == []


def test_a_camera_reported_missing_again_and_again_is_told_once(life: Life) -> None:
    life.quiet()
    life.camera = "silent"
    for _ in range(20):
        life.core.handle(Trouble(key="camera.missing", text="there is no camera"), life.now_ns)
        life.live(1)
    assert [text for _, text in life.said[1:]] == ["No camera was found."]
    assert len(life.of("fault")) == 1


def test_a_camera_that_stops_ends_an_enrollment(fresh: Life) -> None:
    fresh.press("double")
    fresh.live(1)
    fresh.camera = "silent"
    said = fresh.hear(8)
    assert said[-2:] == ["Cancelled. Nothing was kept.", "The camera has stopped."]


# --- the voice ----------------------------------------------------------------------------------------------


def test_a_voice_that_breaks_is_told_once_and_the_name_again(life: Life) -> None:
    life.quiet()
    life.stands(1, ANNA)
    life.live(1)
    assert life.speech.current is not None
    life.speech.current.break_down()
    assert life.hear(10) == ["Speech had failed. It works again.", HERE]
    assert [event.text for event in life.of("fault")] == ["speech failed"]


def test_names_in_one_sentence_are_all_told_again(life: Life) -> None:
    life.quiet()
    life.stands(1, ANNA)
    life.stands(2, BEN, distance_mm=3000)
    life.live(1)
    assert life.speech.current is not None
    life.speech.current.break_down()
    assert life.hear(12)[-1] == "Anna, ahead, two metres. Ben, ahead, three metres."


def test_a_name_whose_bearer_left_meanwhile_is_not_told(life: Life) -> None:
    life.quiet()
    life.stands(1, ANNA)
    life.speech.refuses = True
    life.live(1)
    life.scene.clear()
    life.live(5)
    life.speech.refuses = False
    life.core.handle(Trouble(key="voice.failed", text="there was no sound for a while"), life.now_ns)
    assert life.hear(10) == ["Speech had failed. It works again."]


def test_after_an_outage_of_all_sound_it_says_so_and_who_is_here(life: Life) -> None:
    life.quiet()
    life.speech.refuses = True
    life.stands(1, ANNA)
    life.stands(2, BEN, distance_mm=3000)
    life.live(30)
    assert len(life.of("fault")) == 1
    life.speech.refuses = False
    life.core.handle(Trouble(key="voice.failed", text="there was no sound for a while"), life.now_ns)
    said = life.hear(12)
    assert said == [
        "Speech had failed. It works again.",
        "Anna, ahead, two metres. Ben, ahead, three metres.",
    ]


def test_a_voice_that_cannot_be_had_does_not_keep_the_core_busy(life: Life) -> None:
    life.quiet()
    life.speech.refuses = True
    life.stands(1, ANNA)
    life.press("tap", 2)
    life.live(60)
    assert len(life.said) < 12
    assert len(life.of("fault")) <= 2


# --- the gallery --------------------------------------------------------------------------------------------


def test_what_a_carer_changes_is_seen_within_two_seconds(life: Life) -> None:
    life.quiet()
    life.stands(1, STRANGER)
    life.live(5)
    with Gallery.open(life.file, MODEL) as carer:
        carer.add_person("Carla", looks(STRANGER), TODAY)
        assert life.hear(4.5) == ["Carla, ahead, two metres."]
        assert life.said[-1][0] - (life.now_ns / NS_PER_S - 4.5) <= 4.0  # 2 s, and the looks before outvoted
        carer.forget("Carla")
    life.live(4)
    life.press("tap")
    assert life.hear(4) == ["One person I don't know."]


def test_a_gallery_that_cannot_be_read_again_leaves_what_was_known(life: Life) -> None:
    life.quiet()
    os.truncate(life.file, 0)
    life.live(5)
    life.stands(1, ANNA)
    assert life.hear(4) == [HERE]


@pytest.fixture
def full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Life, Path | None]]:
    """Anna and Ben are enrolled and the disk is full; with the file that fills it, or None without root."""
    try:
        with small_disk(tmp_path / "disk", 512) as folder:
            life = Life(folder, people={"Anna": ANNA, "Ben": BEN})
            life.quiet()
            yield life, fill_disk(folder)
            life.gallery.close()
    except CannotMount:
        life = Life(tmp_path, people={"Anna": ANNA, "Ben": BEN})
        life.quiet()

        def no_room(path: Path, content: bytes) -> None:
            raise GalleryFull("the disk is full")

        monkeypatch.setattr(store, "write_private", no_room)
        yield life, None
        life.gallery.close()


def test_on_a_full_disk_nobody_is_remembered_and_nobody_is_lost(full: tuple[Life, Path | None]) -> None:
    life, ballast = full
    agrees(life, STRANGER)
    assert life.hear(8)[-1] == "Not remembered: the disk is full."
    assert not life.of("enrolled")
    assert life.of("rejected")[0].fields["reason"] == "disk_full"
    assert len(life.people) == 2
    assert [person.name for person in life.gallery.people()] == ["Anna", "Ben"]
    life.scene.clear()
    life.stands(8, ANNA)
    assert HERE in life.hear(4)
    if ballast is None:
        return
    assert life.names == ["Anna", "Ben"]
    ballast.unlink()
    life.scene.clear()
    life.live(10)
    enrol(life, track=9)
    assert life.names == ["Anna", "Ben", "person 3"]


def test_a_disk_full_from_the_start_is_told(tmp_path: Path) -> None:
    try:
        with small_disk(tmp_path / "disk", 512) as folder:
            Life(folder, people={"Anna": ANNA}).gallery.close()
            fill_disk(folder)
            life = Life(folder)
            assert life.hear(8)[1] == "The disk is full: nothing was kept."
            life.stands(1, ANNA)
            assert HERE in life.hear(4)
            life.scene = {}
            life.live(4)
            agrees(life, STRANGER, track=2)
            assert life.hear(8)[-1] == "Not remembered: the disk is full."
            life.gallery.close()
    except CannotMount as reason:
        pytest.skip(str(reason))


def test_a_gallery_restored_from_its_backup_is_told(tmp_path: Path) -> None:
    Life(tmp_path, people={"Anna": ANNA}).gallery.close()
    os.truncate(tmp_path / "kith.db", 5000)
    life = Life(tmp_path)
    assert life.hear(8)[1] == "The gallery was damaged and was restored from its backup."
    life.stands(1, ANNA)
    assert life.hear(4) == [HERE]
    assert life.of("fault")[0].fields["part"] == "gallery"


# --- switching off ------------------------------------------------------------------------------------------


def test_ten_seconds_warn_say_goodbye_and_switch_off_once(life: Life) -> None:
    life.quiet()
    life.press("hold10")
    said = life.hear(20)
    assert said == ["Switching off."]
    assert [event.text for event in life.of("sound")] == ["power_warning"]
    assert life.power.switched_off == 1
    assert life.ears.cues == [Earcon.PRESS] * 3  # down, one second, four seconds


def test_it_switches_off_though_it_cannot_say_so(life: Life) -> None:
    life.quiet()
    life.speech.refuses = True
    life.press("hold10")
    life.live(20)
    assert life.power.switched_off == 1


def test_let_go_after_the_warning_it_stays_on(life: Life) -> None:
    life.quiet()
    life.press("hold4")
    life.live(8)
    assert life.power.switched_off == 0
    life.press("tap")
    assert life.hear(5) == ["Privacy is on. The camera is closed."]


def test_a_press_cuts_what_is_said_at_once_and_nothing_that_comes_after(life: Life) -> None:
    life.live(0.3)
    assert life.core.speaking
    life.press("tap")
    life.live(0.05)
    assert not life.core.speaking
    life.stands(1, ANNA)
    life.live(4)
    assert [text for _, text in life.said][-1] == HERE


def test_a_picture_that_stands_still_answers_nobody(life: Life) -> None:
    life.live(4)
    life.camera = "frozen"
    life.live(1.3)
    life.press("tap")
    assert life.hear(0.7)[0] == "The camera does not answer."
