"""What the doctor says is heard, in the real voice, by a sound device of our own; and so is a notice."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from demo.recognised import NoRecogniser, Recogniser, found_of, words_of
from kith.announce.words import LINES, Phrasebook
from kith.app.doctor_aloud import tell
from kith.config import AnnounceSettings
from kith.drivers.espeak import EspeakSpeech
from kith.errors import AudioUnavailable
from kith.types import I16, SAMPLE_RATE_HZ
from tests.e2e._commands import built, kith
from tests.e2e.pulse import Pulse, pulse, why_not

PATIENCE_S = 60.0
SETTINGS = (
    '[camera]\nkind = "v4l2"\nv4l2_device = "/dev/there-is-no-camera"\n[microphone]\nalsa_device = ""\n'
)
LEAST_FOUND, MOST_OF_A_WRONG_ONE = 0.75, 0.4
"""As of the demo's enrollment."""
TRIED = ("doctor.begin", "doctor.camera", "doctor.microphone", "doctor.well")


class Kept:
    """A sink that keeps what it is given."""

    def __init__(self) -> None:
        self.blocks: list[I16] = []

    def write(self, block: I16) -> None:
        self.blocks.append(block)

    def close(self) -> None:
        pass


def test_its_words_are_understood() -> None:
    try:
        recogniser, voice = Recogniser(of_the_board=True), EspeakSpeech(AnnounceSettings())
    except (NoRecogniser, AudioUnavailable) as error:
        pytest.skip(str(error))
    heard: dict[str, tuple[str, ...]] = {}
    try:
        for key in TRIED:
            sink = Kept()
            tell([Phrasebook(AnnounceSettings()).announcement(key, 0)], voice, sink, 0.8)
            heard[key] = recogniser.hear(np.concatenate(sink.blocks)[:, 0])
    finally:
        voice.close()
    said = {key: words_of(LINES[key].text) for key in TRIED}
    found = sum(found_of(said[key], heard[key]) for key in TRIED)
    wrong = sum(found_of(said[key], heard[other]) for key, other in zip(TRIED, reversed(TRIED), strict=True))
    count = sum(len(words) for words in said.values())
    assert found / count >= LEAST_FOUND, heard
    assert wrong / count <= MOST_OF_A_WRONG_ONE, heard


# --- as processes -------------------------------------------------------------------------------------------


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Pulse]:
    if why := why_not():
        pytest.skip(why)
    with pulse(tmp_path) as server:
        yield server


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "kith.toml"
    file.write_text(SETTINGS)
    return file


def loud_s(sound: I16) -> float:
    """For how long something is heard, in pieces of 20 ms."""
    piece = SAMPLE_RATE_HZ // 50
    whole = np.abs(sound[: len(sound) // piece * piece, 0].astype(np.int32)).reshape(-1, piece)
    return float((whole.max(axis=1) > 300).sum() / 50)


@built
def test_the_doctor_is_heard_and_ends_as_it_does_in_silence(
    server: Pulse, config: Path, tmp_path: Path
) -> None:
    words = ("--config", config, "doctor", "--data", tmp_path / "state")
    with server.listen() as monitor:
        silent = kith(*words)
        assert loud_s(monitor.heard()) < 1  # the speaker is only opened
        aloud = kith(*words, "--aloud")
        time.sleep(0.5)
        heard_s = loud_s(monitor.heard())
    assert aloud.returncode == silent.returncode == 0
    assert "nobody could be told" not in aloud.stderr
    # "I check my parts. That takes a moment.", how many work, the camera, the button and more.
    assert heard_s > 6


@built
def test_a_notice_is_heard_and_taken_away(server: Pulse, config: Path, tmp_path: Path) -> None:
    words = ["--config", config, "run", "--verbose", "--data", tmp_path / "state"]
    with (tmp_path / "log").open("w") as log, server.listen() as monitor:
        daemon = subprocess.Popen(
            [sys.executable, "-m", "kith", *map(str, words)],
            env=os.environ | {"RUNTIME_DIRECTORY": str(tmp_path)},
            stderr=log,
        )
        try:
            end_s = time.monotonic() + PATIENCE_S
            while "ready" not in (tmp_path / "log").read_text():
                assert time.monotonic() < end_s
                time.sleep(0.1)
            time.sleep(6)  # the greeting, and the parts that are missing
            before_s = loud_s(monitor.heard())
            notice = tmp_path / "notices" / "update.done"
            notice.touch()
            while notice.exists():
                assert time.monotonic() < end_s, (tmp_path / "log").read_text()
                time.sleep(0.1)
            time.sleep(0.3)
            assert loud_s(monitor.heard()) - before_s > 0.7
        finally:
            daemon.terminate()
            daemon.wait(PATIENCE_S)
    assert "notice" in (tmp_path / "log").read_text()
