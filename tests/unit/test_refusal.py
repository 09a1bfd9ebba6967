"""When Kith cannot start, the wearer hears it and why."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from kith import errors
from kith.app import run as running
from kith.app.refusal import sentence
from kith.config import CameraSettings, Settings
from kith.drivers.simulated_speech import SimulatedSpeech
from kith.errors import (
    AudioUnavailable,
    ConfigError,
    GalleryError,
    GallerySchemaTooNew,
    KithError,
    ModelContractMismatch,
    ModelMissing,
)
from kith.types import I16, SAMPLE_RATE_HZ


class Voice(SimulatedSpeech):
    """Remembers whether it was let go."""

    closed = False

    def close(self) -> None:
        super().close()
        self.closed = True


class Ear:
    """A speaker that keeps what it played."""

    def __init__(self) -> None:
        self.blocks: list[I16] = []

    def write(self, block: I16) -> None:
        self.blocks.append(block)
        time.sleep(len(block) / SAMPLE_RATE_HZ / 10)

    def close(self) -> None:
        pass

    @property
    def loud_s(self) -> float:
        """How long it was not silent."""
        loud = np.concatenate(self.blocks).any(axis=1)
        return float(loud.sum() / SAMPLE_RATE_HZ)


@pytest.fixture
def voice(monkeypatch: pytest.MonkeyPatch) -> Voice:
    voice = Voice()
    monkeypatch.setattr(running, "open_speech", lambda settings: voice)
    return voice


@pytest.fixture
def ear(monkeypatch: pytest.MonkeyPatch) -> Ear:
    ear = Ear()
    monkeypatch.setattr(running, "SpeakerSink", lambda device: ear)
    return ear


def test_without_networks_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, voice: Voice, ear: Ear
) -> None:
    monkeypatch.setenv("KITH_HOME", str(tmp_path))
    with pytest.raises(KithError):
        running.run(Settings(), tmp_path / "state")
    assert voice.said == ["Kith cannot start: the networks are missing."]
    assert voice.closed
    assert ear.loud_s > 2  # the hum of 37 letters, and the earcon


def test_a_wrong_setting_is_told_too(tmp_path: Path, voice: Voice, ear: Ear) -> None:
    with pytest.raises(ConfigError):
        running.run(Settings(camera=CameraSettings(kind="film")), tmp_path)
    assert voice.said == ["Kith cannot start: a setting is wrong."]
    assert voice.closed


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ModelMissing, "the networks are missing"),
        (ModelContractMismatch, "the networks are damaged"),
        (GallerySchemaTooNew, "the gallery is of a newer Kith"),
        (GalleryError, "the gallery cannot be opened"),
    ],
)
def test_each_kind_has_its_words_and_none_of_the_error_s_own(error: type[KithError], said: str) -> None:
    assert sentence(error("Anna's file")) == f"Kith cannot start: {said}."


def test_every_error_has_words() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, KithError)]
    assert len(kinds) > 15
    for kind in kinds:
        assert sentence(kind("x")).startswith("Kith cannot start: ")


def test_without_a_speaker_it_ends_at_once_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, voice: Voice, caplog: pytest.LogCaptureFixture
) -> None:
    def none(device: str) -> Ear:
        raise AudioUnavailable("there is no sound device")

    monkeypatch.setattr(running, "SpeakerSink", none)
    began_s = time.monotonic()
    with pytest.raises(ConfigError):
        running.run(Settings(camera=CameraSettings(kind="film")), tmp_path)
    assert time.monotonic() - began_s < 3
    assert voice.closed
    assert not caplog.records  # the one line that the command ends with is enough


def test_a_speaker_that_hangs_does_not_keep_it_from_ending(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, voice: Voice
) -> None:
    class Stuck(Ear):
        def write(self, block: I16) -> None:
            time.sleep(60)

    monkeypatch.setattr(running, "SpeakerSink", lambda device: Stuck())
    began_s = time.monotonic()
    with pytest.raises(ConfigError):
        running.run(Settings(camera=CameraSettings(kind="film")), tmp_path)
    assert time.monotonic() - began_s < 12
    assert voice.closed
