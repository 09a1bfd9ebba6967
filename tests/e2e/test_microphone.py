"""A name said into a real sound device, and what is left of it: ALSA to the trimmed recording."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from kith.announce.earcons import EarconBank
from kith.announce.recording import read_recording
from kith.clock import NS_PER_S, MonotonicClock
from kith.config import AnnounceSettings, NamingSettings
from kith.drivers.alsa_microphone import AlsaMicrophone
from kith.drivers.espeak import EspeakSpeech
from kith.drivers.speaker import SpeakerSink
from kith.errors import AudioUnavailable, HardwareError
from kith.interaction.name_capture import NameCapture
from kith.types import I16, SAMPLE_RATE_HZ, Earcon, VoiceBlock
from kith.wav_file import wav_bytes
from tests.e2e.pulse import Pulse, pulse, why_not

pytestmark = pytest.mark.skipif(
    not shutil.which("arecord"), reason="arecord is missing: sudo apt-get install alsa-utils"
)
PATIENCE_S = 20.0
PROMPT, NAME = "Say the name after the tone.", "Christopher Smith."


@pytest.fixture(scope="module")
def said() -> dict[str, I16]:
    """The prompt and the name, without the silence around them."""
    try:
        speech = EspeakSpeech(AnnounceSettings())
    except AudioUnavailable as error:
        pytest.skip(str(error))
    sounds = {}
    for text in (PROMPT, NAME):
        sound = speech.say(text).read(10**9, wait=True)
        loud = np.flatnonzero(np.abs(sound) > np.abs(sound).max() * 0.01)
        sounds[text] = sound[loud[0] : loud[-1] + 1]
    speech.close()
    return sounds


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Pulse]:
    if reason := why_not():
        pytest.skip(reason)
    with pulse(tmp_path) as running:
        yield running


def silence(seconds: float) -> I16:
    """Not quite: a room is never silent."""
    return np.random.default_rng(1).normal(0.0, 10.0, round(seconds * SAMPLE_RATE_HZ)).astype(np.int16)


def tone() -> I16:
    return EarconBank().sound(Earcon.LISTEN)[:, 0]


def record(device: str, enough: Callable[[list[VoiceBlock]], bool]) -> list[VoiceBlock]:
    blocks: list[VoiceBlock] = []
    faults: list[HardwareError] = []
    microphone = AlsaMicrophone(device, MonotonicClock())
    microphone.start(blocks.append, faults.append)
    until(lambda: faults or enough(blocks))
    microphone.stop()
    assert faults == []
    return blocks


def capture(blocks: list[VoiceBlock], from_ns: int) -> I16:
    naming = NameCapture(NamingSettings())
    naming.begin(from_ns)
    for block in blocks:
        captured = naming.step(block, block.at_ns)
        if captured is not None:
            assert captured.recording is not None
            return captured.recording
    raise AssertionError("no name was heard")


def likeness(sound: I16, part: I16) -> tuple[float, int]:
    """The best cosine of a part with the sound, and where in the sound it begins."""
    padded = np.concatenate([np.zeros(len(part)), sound, np.zeros(len(part))])
    size = 1 << (len(padded) + len(part)).bit_length()
    product = np.fft.irfft(np.fft.rfft(padded, size) * np.conj(np.fft.rfft(part.astype(float), size)))
    at = int(np.argmax(product[: len(padded) - len(part)]))
    return float(product[at] / (norm(padded[at : at + len(part)]) * norm(part))), at - len(part)


def norm(sound: NDArray[np.number]) -> float:
    return float(np.linalg.norm(sound.astype(float)))


def holds_the_name_alone(take: I16, said: dict[str, I16]) -> None:
    name = said[NAME]
    like, at = likeness(take, name)
    assert like > 0.97
    # The margins, and not a word of the prompt, which is longer than they are.
    assert 0 < at < 0.2 * SAMPLE_RATE_HZ
    assert 0 < len(take) - at - len(name) < 0.2 * SAMPLE_RATE_HZ
    assert norm(take[: at - 441]) < 0.05 * norm(take)


def test_from_a_file_through_alsa_to_the_recording_that_is_played(
    said: dict[str, I16], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = np.concatenate([silence(0.3), said[PROMPT], silence(0.1), tone()])
    sound = np.concatenate([before, silence(0.6), said[NAME], silence(1.2)])
    path = tmp_path / "what is heard.raw"
    sound.astype("<i2").tofile(path)
    # ALSA takes a space in this path for the end of it.
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        config = Path(folder, "asound.conf")
        config.write_text(
            'pcm.room { type file slave.pcm { type null } file "/dev/null" format "raw" '
            f'infile "{path}" }}\n'
        )
        monkeypatch.setenv("ALSA_CONFIG_PATH", str(config))
        blocks = record("room", lambda blocks: 441 * len(blocks) > len(sound) - 441)
    # A file is read as fast as it can be: here its own time is put back.
    timed = [
        VoiceBlock(samples=block.samples, at_ns=(index + 1) * 441 * NS_PER_S // SAMPLE_RATE_HZ)
        for index, block in enumerate(blocks)
    ]
    take = capture(timed, len(before) * NS_PER_S // SAMPLE_RATE_HZ)
    holds_the_name_alone(take, said)
    recording = tmp_path / "1.wav"
    recording.write_bytes(wav_bytes(take))
    assert np.abs(read_recording(recording)[:, 0].astype(int) - take).max() <= 1


def test_amid_what_the_device_itself_plays_in_real_time(server: Pulse, said: dict[str, I16]) -> None:
    """What is played into the sink is heard by the microphone: the prompt, the tone, and then the name."""
    speaker = SpeakerSink()
    blocks: list[VoiceBlock] = []
    faults: list[HardwareError] = []
    microphone = AlsaMicrophone("pulse", MonotonicClock())
    microphone.start(blocks.append, faults.append)
    try:
        until(lambda: faults or blocks)
        began_ns = time.monotonic_ns()
        play(speaker, said[PROMPT], silence(0.1), tone())
        heard_ns = time.monotonic_ns()
        play(speaker, silence(0.6), said[NAME], silence(1.5))
    finally:
        microphone.stop()
        speaker.close()
    assert faults == []
    holds_the_name_alone(capture(blocks, heard_ns), said)
    # The prompt was heard, at the time it was played: it was left out, and did not merely fail to arrive.
    prompt = [block for block in blocks if began_ns < block.at_ns < heard_ns]
    assert likeness(np.concatenate([block.samples for block in prompt]), said[PROMPT])[0] > 0.9


def play(speaker: SpeakerSink, *sounds: I16) -> None:
    sound = np.concatenate(sounds)
    for at in range(0, len(sound), 441):
        speaker.write(np.column_stack([sound[at : at + 441]] * 2))


def until(true: Callable[[], object]) -> None:
    end_s = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end_s, "waited in vain"
        time.sleep(0.005)
