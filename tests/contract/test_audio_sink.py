"""One contract for all sinks, and what each owes beside it."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from kith.drivers import speaker, wav
from kith.drivers.speaker import SpeakerSink
from kith.drivers.wav import PacedSink, TeeSink, WavSink
from kith.errors import AudioFault, AudioUnavailable
from kith.ports import AudioSink
from kith.types import I16, SAMPLE_RATE_HZ
from tests.e2e import pulse
from tests.hardware.parts import needs, settings

RNG = np.random.default_rng(0)


def noise(count: int) -> I16:
    return RNG.integers(-32768, 32767, (count, 2)).astype(np.int16)


def read_back(path: Path) -> I16:
    with wave.open(str(path), "rb") as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (SAMPLE_RATE_HZ, 2, 2)
        return np.frombuffer(file.readframes(file.getnframes()), np.int16).reshape(-1, 2)


@pytest.fixture(params=["wav", "paced", "tee", "speaker", pytest.param("card", marks=needs("speaker"))])
def sink(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AudioSink]:
    if request.param == "wav":
        yield WavSink(tmp_path / "a.wav")
    elif request.param == "paced":
        yield PacedSink(WavSink(tmp_path / "a.wav"))
    elif request.param == "tee":
        yield TeeSink(WavSink(tmp_path / "a.wav"), WavSink(tmp_path / "b.wav"))
    elif request.param == "card":
        card = SpeakerSink(settings().announce.sound_device)
        yield card
        card.close()
    else:
        if reason := pulse.why_not():
            pytest.skip(reason)
        with pulse.pulse(tmp_path):
            real = SpeakerSink()
            yield real
            real.close()


def test_blocks_of_any_length_are_taken_and_closing_is_final(sink: AudioSink) -> None:
    for count in (0, 1, 220, 221, 2000):
        block = noise(count)
        block.flags.writeable = False
        sink.write(block)
    # A slice that is not contiguous.
    sink.write(noise(400)[::2])
    sink.close()
    sink.close()
    with pytest.raises(AudioFault):
        sink.write(noise(220))


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    sink = WavSink(tmp_path / "a.wav")
    blocks = [noise(count) for count in (220, 1, 0, 50_000, 221)]
    for block in blocks:
        sink.write(block)
    sink.close()
    assert (read_back(tmp_path / "a.wav") == np.concatenate(blocks)).all()


def test_an_older_longer_file_is_replaced(tmp_path: Path) -> None:
    for count in (1000, 10):
        sink = WavSink(tmp_path / "a.wav")
        sink.write(noise(count))
        sink.close()
    assert len(read_back(tmp_path / "a.wav")) == 10
    assert (tmp_path / "a.wav").stat().st_size == 44 + 40


def test_the_file_can_be_played_after_the_process_was_killed(tmp_path: Path) -> None:
    program = (
        "import sys; import numpy as np; from pathlib import Path; from kith.drivers.wav import WavSink\n"
        "sink = WavSink(Path(sys.argv[1]))\n"
        "for _ in range(350): sink.write(np.full((220, 2), 99, np.int16))\n"
        "print('written', flush=True); sys.stdin.read()"
    )
    root = str(Path(wav.__file__).parents[2])
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "a.wav")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": root},
    )
    assert process.stdout
    assert process.stdout.readline() == b"written\n"
    process.kill()
    process.communicate()
    sound = read_back(tmp_path / "a.wav")
    assert len(sound) > 350 * 220 - 1.01 * SAMPLE_RATE_HZ
    assert (sound == 99).all()


@contextmanager
def full_disk(spare_bytes: int) -> Iterator[None]:
    """The kernel refuses to let any file grow beyond this."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (spare_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_a_fault_and_leaves_a_file_that_can_be_played(tmp_path: Path) -> None:
    sink = WavSink(tmp_path / "a.wav")
    block = noise(1000)
    sink.write(block)
    with full_disk(5000), pytest.raises(AudioFault, match=r"cannot write the sound to .*a\.wav"):
        sink.write(noise(1000))
    sink.close()
    assert (read_back(tmp_path / "a.wav") == block).all()


def test_a_file_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    for path in (tmp_path / "none" / "a.wav", tmp_path, Path("/dev/full")):
        with pytest.raises(AudioUnavailable, match="cannot write the sound"):
            WavSink(path)


def test_a_wav_file_never_outgrows_its_header(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wav, "_LARGEST_DATA", 4000)
    sink = WavSink(tmp_path / "a.wav")
    sink.write(noise(1000))
    with pytest.raises(AudioFault, match="4 GiB"):
        sink.write(noise(1))
    sink.close()
    assert len(read_back(tmp_path / "a.wav")) == 1000


def test_a_paced_sink_takes_as_long_as_the_sound(tmp_path: Path) -> None:
    sink = PacedSink(WavSink(tmp_path / "a.wav"))
    begin_s = time.monotonic()
    for _ in range(30):
        sink.write(noise(220))
    assert time.monotonic() - begin_s > 0.95 * 30 * 220 / SAMPLE_RATE_HZ
    sink.close()


class BrokenSink:
    """Takes one block, then fails."""

    def __init__(self) -> None:
        self.blocks = 0
        self.closed = False

    def write(self, block: I16) -> None:
        self.blocks += 1
        if self.blocks > 1:
            raise AudioFault("the disk is full")

    def close(self) -> None:
        self.closed = True


def test_a_copy_that_fails_does_not_silence_the_device(tmp_path: Path) -> None:
    copy = BrokenSink()
    sink = TeeSink(WavSink(tmp_path / "a.wav"), copy)
    blocks = [noise(220) for _ in range(4)]
    for block in blocks:
        sink.write(block)
    sink.close()
    assert (read_back(tmp_path / "a.wav") == np.concatenate(blocks)).all()
    assert copy.blocks == 2
    assert copy.closed


def test_a_device_that_fails_is_a_fault_also_with_a_copy(tmp_path: Path) -> None:
    sink = TeeSink(BrokenSink(), WavSink(tmp_path / "b.wav"))
    sink.write(noise(220))
    with pytest.raises(AudioFault, match="disk is full"):
        sink.write(noise(220))
    sink.close()
    assert len(read_back(tmp_path / "b.wav")) == 440


def test_a_missing_portaudio_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speaker, "somebody_mixes", lambda: True)
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(AudioUnavailable, match="pip install sounddevice"):
        SpeakerSink()
    monkeypatch.delitem(sys.modules, "sounddevice")
    monkeypatch.setattr("builtins.__import__", importing(OSError("PortAudio library not found")))
    with pytest.raises(AudioUnavailable, match="sudo apt-get install libportaudio2"):
        SpeakerSink()


def importing(error: Exception) -> Callable[..., object]:
    real = __import__

    def instead(name: str, *rest: object) -> object:
        if name == "sounddevice":
            raise error
        return real(name, *rest)  # type: ignore[arg-type]

    return instead
