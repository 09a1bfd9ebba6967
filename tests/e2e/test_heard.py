"""The check of a recorded enrollment by a real speech recogniser, on Kith's real voice."""

from __future__ import annotations

import json
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from demo.cutting import Told
from demo.heard import examine, problems
from demo.recognised import NoRecogniser, Recogniser, found_of, words_of
from kith.announce.earcons import EarconBank
from kith.config import AnnounceSettings
from kith.drivers.speech import open_speech
from kith.errors import AudioUnavailable
from kith.types import I16, SAMPLE_RATE_HZ, Earcon, Tone

LINES = ("Looking for a face to remember.", "Now look a little to your left.", "Say the name after the tone.")
FIRST_S, EVERY_S = 0.2, 2.0


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    try:
        return Recogniser(["Grace"])
    except NoRecogniser as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def voices() -> dict[str, I16]:
    """What Kith's voice makes of each text, i16[n]."""
    try:
        speech = open_speech(AnnounceSettings())
    except AudioUnavailable as error:
        pytest.skip(str(error))
    texts = (*LINES, "Grace.", "Too dark to see.")
    said = {text: speech.say(text).read(10 * SAMPLE_RATE_HZ, wait=True) for text in texts}
    speech.close()
    return said


@pytest.fixture(scope="module")
def recording(voices: dict[str, I16]) -> tuple[I16, list[Told]]:
    """Three lines and a name played back, with the viewfinder over the first two: i16[n, 2] and events."""
    bank, said = EarconBank(), [voices[text] for text in LINES]
    sound = np.zeros((9 * SAMPLE_RATE_HZ, 2), np.int32)

    def lay(block: I16, at_s: float) -> None:
        at = round(at_s * SAMPLE_RATE_HZ)
        sound[at : at + len(block)] += (
            (block if block.ndim == 2 else block[:, None]).astype(np.int32) * 4 // 5
        )

    for number, words in enumerate([*said, voices["Grace."]]):
        lay(words, FIRST_S + number * EVERY_S)
    for number in range(14):
        lay(
            bank.tone(Tone(pitch_hz=500.0 + 20 * number, pan=-0.5 + 0.03 * number, duration_ms=60)),
            0.25 * number,
        )
    lay(bank.sound(Earcon.LISTEN), 5.8)
    events = [told(FIRST_S + number * EVERY_S, "announcement", text) for number, text in enumerate(LINES)]
    events += [told(5.8, "sound", "listen"), told(6.2, "announcement", "the name.")]
    return sound.clip(-32768, 32767).astype(np.int16), events


def told(t_s: float, event: str, text: str) -> Told:
    return {"t_s": t_s, "event": event, "text": text}


def test_a_line_is_recognised_and_backwards_it_is_not(recogniser: Recogniser, voices: dict[str, I16]) -> None:
    for text in (*LINES, "Too dark to see."):
        assert recogniser.hear(voices[text]) == words_of(text)
    for text in ("Now look a little to your left.", "Too dark to see."):
        backwards = recogniser.hear(voices[text][::-1].copy())
        assert found_of(words_of(text), backwards) <= len(words_of(text)) // 2
    noise = np.random.default_rng(0).normal(0, 3000, SAMPLE_RATE_HZ).astype(np.int16)
    assert recogniser.hear(noise) not in [words_of(text) for text in LINES]


def test_a_good_recording_passes_and_the_wrong_words_do_not(
    recogniser: Recogniser, voices: dict[str, I16], recording: tuple[I16, list[Told]]
) -> None:
    sound, events = recording
    name = voices["Grace."]
    report = examine(sound, events, ["Grace"], name)
    assert report.share == 1.0
    assert report.told_apart == 1.0
    assert report.wrong_share < 0.3
    assert report.tones[0].side_db < report.tones[-1].side_db < 0
    assert problems(report) == []
    swapped = [
        dict(event, text=text) for event, text in zip(events, ("Nobody I know.", *LINES[:2]), strict=False)
    ]
    wrong = examine(sound, [*swapped, *events[3:]], ["Grace"], name)
    assert wrong.share < 0.3
    assert any("too few of the words" in problem for problem in problems(wrong))


def test_the_name_is_found_where_it_is_played_and_the_prompt_in_a_name_is_told(
    recogniser: Recogniser, voices: dict[str, I16], recording: tuple[I16, list[Told]]
) -> None:
    sound, events = recording
    name = voices["Grace."]
    good = examine(sound, events, ["Grace"], name)
    assert good.played is not None
    assert min(good.played) > 0.99
    assert good.prompted is not None
    assert good.prompted < 0.8
    another = examine(sound, events, ["Grace"], voices["Too dark to see."][: len(name)])
    assert any("not in it where it is played" in problem for problem in problems(another))
    spoilt = np.concatenate([voices[LINES[2]][-SAMPLE_RATE_HZ // 3 :], name])
    heard_itself = examine(sound, events, ["Grace"], spoilt)
    assert any("something of the prompt" in problem for problem in problems(heard_itself))


def test_the_command_ends_with_what_is_wrong(
    recogniser: Recogniser, recording: tuple[I16, list[Told]], tmp_path: Path
) -> None:
    sound, events = recording
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setparams((2, 2, SAMPLE_RATE_HZ, 0, "NONE", ""))
        file.writeframes(sound.tobytes())
    command = [sys.executable, "-m", "demo.heard", str(tmp_path / "a.wav"), str(tmp_path / "a.jsonl")]

    def ends(events: list[Told]) -> subprocess.CompletedProcess[str]:
        (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, events)), encoding="utf-8")
        return subprocess.run(
            [*command, "--said", "Grace"], capture_output=True, text=True, check=False, timeout=60
        )

    good = ends(events)
    assert good.returncode == 0, good.stdout
    assert "recognised: 100%" in good.stdout
    assert good.stderr == ""
    wrong = ends([dict(event, text="Nobody I know.") for event in events])
    assert wrong.returncode == 1
    assert "WRONG: too few of the words were recognised" in wrong.stdout
    (tmp_path / "a.wav").unlink()
    gone = ends(events)
    assert gone.returncode == 1
    assert "a.wav cannot be read" in gone.stderr
