"""A press counts for what there was when it began."""

from __future__ import annotations

from pathlib import Path

import pytest

from kith.app.core import Trouble
from kith.types import ButtonEdge, PlaybackResult
from tests.unit._core_kit import ANNA, BEN, STRANGER, Life

CONSENT = "May I remember this face? Double tap: yes. Tap: no."
LOOKING = "Looking for a face to remember."


@pytest.fixture
def life(tmp_path: Path) -> Life:
    life = Life(tmp_path, people={"Anna": ANNA, "Ben": BEN})
    life.live(3)
    return life


def words(life: Life) -> list[str]:
    return [text for _, text in life.said]


def until_said(life: Life, text: str) -> None:
    life.live(30, until=lambda: bool(words(life)) and words(life)[-1] == text)
    assert words(life)[-1] == text


def test_a_press_begun_before_a_question_is_no_answer_to_it(life: Life) -> None:
    """The question waits for the end of the press, and is answered by the next one."""
    life.stands(7, STRANGER)
    life.press("double")
    until_said(life, "And to your right.")
    life.live(2.0)  # the last view is taken 2.2 s after these words
    life.press("double")
    life.live(8)
    assert CONSENT in words(life)
    assert life.names == ["Anna", "Ben"]


def test_a_hold_that_was_to_cancel_does_not_undo_what_was_before(life: Life) -> None:
    life.stands(1, ANNA)
    life.live(4)
    life.scene.clear()
    life.stands(7, STRANGER)
    life.press("double")
    life.live(1.0)
    life.press("hold")
    life.live(0.5)
    life.core.handle(Trouble(key="camera.stopped", text="gone"), life.now_ns)
    life.live(5)
    assert "Cancelled. Nothing was kept." in words(life)
    assert not any(text.startswith("Noted") for text in words(life))


def test_who_comes_amid_a_hold_is_not_the_one_who_is_meant(life: Life) -> None:
    life.stands(1, ANNA)
    life.live(4)
    life.press("hold")
    life.live(0.4)
    life.stands(2, BEN, bearing_deg=20)
    life.live(4)
    assert "Noted. That was not Anna." in words(life)


def test_a_tap_that_silences_a_fault_is_no_answer(life: Life) -> None:
    life.stands(7, STRANGER)
    life.press("double")
    until_said(life, CONSENT)
    life.live(5)
    life.core.handle(Trouble(key="button.missing", text="gone"), life.now_ns)
    life.live(0.3)
    assert words(life)[-1] == "The button does not answer."
    life.press("tap")
    life.live(3)
    assert "Not remembered: nobody agreed." not in words(life)
    life.press("tap")
    assert "Not remembered: nobody agreed." in life.hear(3)


def test_a_question_that_could_not_be_said_is_not_answered_by_a_press(life: Life) -> None:
    life.stands(7, STRANGER)
    life.press("double")
    until_said(life, "And to your right.")
    life.speech.refuses = True
    life.live(4)
    failed = [one for one in life.ears.log if getattr(one, "result", None) is PlaybackResult.FAILED]
    assert failed
    life.press("double")
    life.live(4)
    assert life.names == ["Anna", "Ben"]


def test_after_a_lost_release_a_tap_is_answered(life: Life) -> None:
    life.stands(1, ANNA)
    life.live(3, until=lambda: life.core.speaking)
    life.core.handle(ButtonEdge(down=True, at_ns=life.now_ns), life.now_ns)  # cuts the name off
    life.live(3)
    life.press("tap")
    assert life.hear(3) == ["Anna, ahead, two metres."]
