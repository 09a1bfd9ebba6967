"""A name that is said to the device: what else happens meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kith.app.core import Trouble
from kith.app.surroundings import MicrophoneLost
from kith.guard.ports import Level
from kith.types import I16, SAMPLE_RATE_HZ, Earcon
from tests.unit._core_kit import ANNA, STRANGER, Life
from tests.unit._guard_kit import message, sensor

REVIEW = "the name. Double tap: keep. Tap: say it again."
ASK = "Say the name after the tone."
OBSTACLE = "Obstacle."


def spoken_name() -> I16:
    """Two syllables: like a voice, and unlike a hum, they have something of every pitch."""
    pulses = np.zeros(SAMPLE_RATE_HZ // 4)
    pulses[:: SAMPLE_RATE_HZ // 120] = 1.0
    swell = np.sin(np.pi * np.arange(len(pulses)) / len(pulses))
    samples: I16 = np.rint(20_000 * np.tile(pulses * swell, 2)).astype(np.int16)
    return samples


@pytest.fixture
def life(tmp_path: Path) -> Life:
    """Somebody new has said yes, and is asked for the name."""
    life = Life(tmp_path, people={"Anna": ANNA}, says=[spoken_name(), spoken_name()])
    life.live(3)
    life.stands(7, STRANGER)
    life.press("double", 0.5)
    life.live(30, until=lambda: any("May I remember" in text for _, text in life.said))
    life.press("double", 0.5)
    life.live(10, until=listening(life))
    assert listening(life)()
    return life


def listening(life: Life) -> Callable[[], bool]:
    return lambda: any(event.text == Earcon.LISTEN.value for event in life.of("sound"))


def reviewing(life: Life) -> bool:
    return any(text == REVIEW for _, text in life.said)


def test_a_fault_waits_until_the_name_is_said_and_is_not_lost(life: Life) -> None:
    life.live(0.4)
    life.core.handle(Trouble(key="button.missing", text="gone"), life.now_ns)
    life.live(10, until=lambda: reviewing(life))
    words = [text for _, text in life.said]
    assert words[-1] == REVIEW
    assert "The button does not answer." not in words
    assert "The button does not answer." in life.hear(5)


def test_what_is_kept_is_the_name_and_nothing_of_the_prompt(life: Life) -> None:
    life.live(10, until=lambda: reviewing(life))
    life.press("double")
    assert life.hear(3)[-1] == "person 2 is remembered."
    [recording] = [one.name_recording for one in life.gallery.people() if one.name == "person 2"]
    assert recording is not None
    assert 0.4 < (recording.stat().st_size / 2 / SAMPLE_RATE_HZ) < 0.9
    assert life.microphone is not None
    assert not life.microphone.listening


def test_a_microphone_that_breaks_leaves_a_number(life: Life) -> None:
    life.core.handle(MicrophoneLost(missing=False), life.now_ns)
    life.live(1)
    assert life.said[-1][1] == "The microphone does not work."
    assert life.hear(6)[-1] == "Remembered as person 2. No name was recorded."


def test_a_press_while_listening_has_the_name_said_anew(life: Life) -> None:
    life.press("tap", 0.2)
    life.live(1.2)
    assert life.said[-1][1] == ASK
    life.live(10, until=lambda: reviewing(life))
    assert reviewing(life)


def test_a_double_tap_right_after_the_name_keeps_what_was_said(life: Life) -> None:
    life.live(1.3)  # it is over after 1.0 s, and would be found to be after 1.7 s
    assert not reviewing(life)
    life.press("double")
    life.live(0.6)
    assert reviewing(life)


def test_a_fault_waits_also_between_two_prompts_of_a_naming(tmp_path: Path) -> None:
    life = Life(tmp_path, people={"Anna": ANNA}, says=[])
    life.live(3)
    life.stands(7, STRANGER)
    life.press("double")
    life.live(30, until=lambda: any("May I remember" in text for _, text in life.said))
    life.press("double", 0.5)
    nothing = "I heard nothing. Say the name after the tone."
    life.live(20, until=lambda: life.said[-1][1] == nothing)
    life.core.handle(Trouble(key="button.missing", text="gone"), life.now_ns)
    life.live(12)
    words = [text for _, text in life.said]
    assert words[-2:] == ["Remembered as person 2. No name was recorded.", "The button does not answer."]


def test_the_warning_by_voice_is_nobody_s_name(life: Life) -> None:
    life.live(0.5)  # the tone is over
    life.guard = lambda at_ms: message(at_ms, Level.CONTACT, sensor(distance_mm=300), muffled=True)
    life.live(5)
    words = [text for _, text in life.said]
    assert words[words.index(OBSTACLE) + 1] == ASK


@pytest.mark.parametrize("press", ["hold", "taphold", "hold4"])
def test_it_can_be_left_and_then_nobody_was_kept(life: Life, press: str) -> None:
    life.press(press, 0.2)
    life.live(8)
    assert life.names == ["Anna"]
    assert not any("remembered" in text for _, text in life.said)
    assert life.microphone is not None
    assert not life.microphone.listening
