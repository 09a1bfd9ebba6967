"""The scripted hour against its golden transcript, and what else must hold of it."""

from __future__ import annotations

import pytest

from kith.announce.words import LINES
from kith.clock import NS_PER_S
from kith.recognition.gallery import Gallery
from kith.types import Band
from tests.replay.day import Day
from tests.replay.hour import TRANSCRIPT, hour
from tests.unit._gallery_kit import MODEL

pytestmark = pytest.mark.timeout(300)

IN_THE_ISSUE = {
    "enroll": "enroll.done",
    "interrupted enrollment": "enroll.again",
    "cancelled enrollment": "enroll.cancelled",
    "two faces": "enroll.refused",
    "darkness": "answer.dark",
    "a covered lens": "camera.covered",
    "a double, yes": "enroll.added",
    "a double, no": "enroll.same",
    "wrong name": "wrong.noted",
    "wrong twice": "wrong.anew",
    "wrong, taken back": "wrong.taken_back",
    "undo": "undo.taken_back",
    "forget": "book.forgotten",
    "rename": "book.renamed",
    "pause": "privacy.on",
    "sensor fault": "knee.failed",
    "camera lost": "camera.stopped",
    "voice killed": "voice.failed",
    "no microphone": "name.broken",
    "expiry": "expiry.many",
    "kept": "book.kept",
    "forgotten after years": "expiry.forgotten",
    "what is here": "here",
    "a thing is taught": "thing.looking",
    "a thing is marked": "book.unasked",
    "no description": "scene.off",
    "no reading": "read.refused",
    "nothing is here": "here.nothing",
}


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Day:
    return hour(tmp_path_factory.mktemp("hour"))


def test_the_hour_is_heard_as_it_was_accepted(day: Day) -> None:
    """`python -m tests.replay` shows the difference, `--accept` keeps it."""
    assert day.transcript.splitlines() == TRANSCRIPT.read_text(encoding="utf-8").splitlines()


def test_it_lasts_an_hour(day: Day) -> None:
    assert day.now_ns == 3600 * NS_PER_S


def test_nothing_is_said_that_is_not_in_the_table(day: Day) -> None:
    assert [heard for heard in day.heard if not day.wording.allows(heard.text, heard.sound)] == []


def test_who_is_here_is_said_in_no_other_band(day: Day) -> None:
    for heard in day.heard:
        keys = day.wording.keys_of(heard.text)
        if heard.band is Band.AMBIENT:
            assert not heard.text or "people" in keys or "here" in keys, heard
        elif not {"people", "tour", "here"} & set(keys):
            assert any(LINES[key].band is heard.band for key in keys) or not heard.text, heard


@pytest.mark.parametrize(("what", "key"), IN_THE_ISSUE.items())
def test_it_comes_up(day: Day, what: str, key: str) -> None:
    assert any(key in day.wording.keys_of(heard.text) for heard in day.heard), what


def test_in_the_end_only_anna_is_known(day: Day) -> None:
    with Gallery.open(day.life.file, MODEL) as gallery:
        (anna,) = gallery.people()
        (mug,) = gallery.things()
    assert anna.name == "Anna"
    assert anna.name_recording is not None
    kept = [one.name_recording for one in (anna, mug)]
    assert set(anna.name_recording.parent.iterdir()) == set(kept)


def test_words_that_nobody_wrote_down_are_noticed(day: Day) -> None:
    for text in ("Anna is near.", "It is Anna, ahead, two metres.", "Remembered.", "One person is known"):
        assert not day.wording.keys_of(text)
    assert not day.wording.allows("Nobody I know.", LINES["enroll.done"].sound)
