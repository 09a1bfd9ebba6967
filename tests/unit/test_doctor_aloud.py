"""What `kith doctor --aloud` says, and that it stays silent where it has no voice."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from kith.announce.words import LINES
from kith.app.doctor_aloud import _LINES, begin, outcome, tell
from kith.app.findings import Finding, Verdict
from kith.cli import main
from kith.config import AnnounceSettings
from kith.drivers import speaker, speech
from kith.drivers.simulated_speech import SimulatedSpeech
from kith.errors import AudioUnavailable
from kith.types import I16

SETTINGS = AnnounceSettings()


def found(**verdicts: Verdict) -> list[Finding]:
    parts = dict.fromkeys(
        ("system", "networks", "gallery", "voice", "speaker", "camera", "guard"), Verdict.OK
    )
    return [Finding(part=part, verdict=how, text="Anna") for part, how in (parts | verdicts).items()]


def said(findings: list[Finding]) -> list[str]:
    return [each.phrase.text for each in outcome(findings, SETTINGS) if each.phrase]


def test_when_all_is_well_one_sentence_is_enough() -> None:
    assert said(found()) == ["Every part works."]


def test_else_how_many_work_then_each_that_does_not_and_what_to_do() -> None:
    assert said(found(camera=Verdict.FAILED, microphone=Verdict.MISSING)) == [
        "Four parts work.",
        "The camera does not work: check its cable.",
        "There is no microphone: people get a number for a name.",
    ]


def test_what_has_one_cause_is_said_once() -> None:
    assert said(found(networks=Verdict.FAILED, figures=Verdict.FAILED))[1:] == [LINES["doctor.system"].text]


def test_no_battery_that_can_be_asked_is_no_news_and_counts_for_nothing() -> None:
    assert said(found(battery=Verdict.MISSING)) == ["Every part works."]


def test_a_part_without_words_of_its_own_is_not_passed_over() -> None:
    assert said(found(compass=Verdict.FAILED))[1:] == [LINES["doctor.other"].text]


def test_none_and_one() -> None:
    bad = Finding(part="camera", verdict=Verdict.FAILED, text="")
    well = Finding(part="guard", verdict=Verdict.OK, text="")
    assert said([bad])[0] == "No part works."
    assert said([bad, well])[0] == "One part works."


def test_every_line_is_used() -> None:
    counts = {"doctor.begin", "doctor.well", "doctor.other"}
    counts |= {f"doctor.works_{count}" for count in ("none", "one", "many")}
    assert {key for key in LINES if key.startswith("doctor.")} == counts | set(_LINES.values())


class Ear:
    """A speaker that keeps what it played."""

    def __init__(self, device: str = "") -> None:
        EARS.append(self)
        self.blocks: list[I16] = []
        self.closed = False

    def write(self, block: I16) -> None:
        self.blocks.append(block)

    def close(self) -> None:
        self.closed = True


EARS: list[Ear] = []


@pytest.fixture
def ears() -> list[Ear]:
    EARS.clear()
    return EARS


def test_words_and_sound_are_handed_over_in_order(ears: list[Ear]) -> None:
    voice, ear = SimulatedSpeech(), Ear()
    announcements = (*begin(SETTINGS), *outcome(found(camera=Verdict.FAILED), SETTINGS))
    tell(announcements, voice, ear, 0.8)
    assert voice.said == [
        "I check my parts. That takes a moment.",
        "Four parts work.",
        "The camera does not work: check its cable.",
    ]
    assert np.abs(np.concatenate(ear.blocks)).max() > 1000


def doctor(tmp_path: Path, *words: str) -> Any:
    config = tmp_path / "kith.toml"
    config.write_text('[camera]\nkind = "v4l2"\nv4l2_device = "/dev/there-is-no-camera"\n')
    return CliRunner().invoke(
        main, ["--config", str(config), "doctor", "--data", str(tmp_path / "s"), *words]
    )


def test_the_command_says_it_and_ends_as_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ears: list[Ear]
) -> None:
    voices: list[SimulatedSpeech] = []

    def opened(settings: AnnounceSettings) -> SimulatedSpeech:
        voices.append(SimulatedSpeech())
        return voices[-1]

    monkeypatch.setattr(speech, "open_speech", opened)
    monkeypatch.setattr(speaker, "SpeakerSink", Ear)
    done = doctor(tmp_path, "--aloud", "--wearable")
    texts = [text for each in voices for text in each.said]
    assert done.exit_code == 1
    assert texts[0] == "I check my parts. That takes a moment."
    assert texts[1].endswith("work.")
    assert "The camera does not work: check its cable." in texts
    assert all(ear.closed for ear in ears)
    assert "camera     FAILED" in done.stdout


def test_without_a_speaker_it_ends_as_before_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(device: str) -> Ear:
        raise AudioUnavailable("there is no sound device")

    monkeypatch.setattr(speaker, "SpeakerSink", none)
    began_s = time.monotonic()
    done = doctor(tmp_path, "--aloud", "--wearable")
    assert done.exit_code == 1
    assert "nobody could be told aloud: there is no sound device" in done.stderr
    assert time.monotonic() - began_s < 60
