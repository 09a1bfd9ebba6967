"""Recordings of any kind come out as the same sound."""

from __future__ import annotations

import struct
import wave
from pathlib import Path

import numpy as np
import pytest

from kith.announce.recording import LONGEST_S, read_recording
from kith.errors import InputError
from kith.types import SAMPLE_RATE_HZ
from kith.wav_file import wav_bytes

PITCH_HZ = 500.0


def write_wav(path: Path, *, rate_hz: int, channels: int = 1, width: int = 2, seconds: float = 0.5) -> Path:
    """A sine of half of full scale; in a stereo file the right ear is silent."""
    wave_form = 0.5 * np.sin(2 * np.pi * PITCH_HZ * np.arange(round(rate_hz * seconds)) / rate_hz)
    frames = np.zeros((len(wave_form), channels))
    frames[:, 0] = wave_form
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate_hz)
        file.writeframes(encode(frames, width))
    return path


def encode(frames: np.ndarray[tuple[int, int], np.dtype[np.float64]], width: int) -> bytes:
    whole = np.rint(frames * (2 ** (8 * width - 1) - 1)).astype(np.int64).ravel()
    if width == 1:
        return bytes((whole + 128).tolist())
    return b"".join(struct.pack("<q", value)[:width] for value in whole.tolist())


@pytest.mark.parametrize("rate_hz", [8000, 16_000, 22_050, 44_100, 48_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_any_rate_and_number_of_channels(tmp_path: Path, rate_hz: int, channels: int) -> None:
    sound = read_recording(write_wav(tmp_path / "a.wav", rate_hz=rate_hz, channels=channels))
    assert sound.dtype == np.int16
    assert len(sound) == pytest.approx(SAMPLE_RATE_HZ / 2, abs=1)
    expected = 0.5 * 32767 * np.sin(2 * np.pi * PITCH_HZ * np.arange(len(sound)) / SAMPLE_RATE_HZ)
    middle = slice(1000, -1000)
    assert np.abs(sound[middle, 0] - expected[middle]).max() < 0.02 * 32767
    if channels == 1:
        assert (sound[:, 0] == sound[:, 1]).all()
    else:
        assert np.abs(sound[:, 1]).max() == 0


@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_any_width(tmp_path: Path, width: int) -> None:
    sound = read_recording(write_wav(tmp_path / "a.wav", rate_hz=SAMPLE_RATE_HZ, width=width))
    assert np.abs(sound).max() == pytest.approx(0.5 * 32767, rel=0.02)


def test_what_the_lower_rate_cannot_hold_is_gone_and_not_folded_down(tmp_path: Path) -> None:
    path = tmp_path / "hiss.wav"
    wave_form = 0.5 * np.sin(2 * np.pi * 15_000 * np.arange(48_000) / 48_000)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(48_000)
        file.writeframes(encode(wave_form[:, None], 2))
    assert np.abs(read_recording(path)[500:-500]).max() < 0.01 * 32767


def test_a_torn_file_gives_what_is_there(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", rate_hz=SAMPLE_RATE_HZ)
    path.write_bytes(path.read_bytes()[: 44 + 5001])
    assert len(read_recording(path)) == 2500


@pytest.mark.parametrize("content", [b"", b"RIFF", b"not a recording at all, only words" * 9])
def test_what_is_no_recording_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(InputError, match="not a WAV recording"):
        read_recording(path)


def test_a_missing_an_empty_and_a_long_recording_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read"):
        read_recording(tmp_path / "none.wav")
    with pytest.raises(InputError, match="no sound"):
        read_recording(write_wav(tmp_path / "empty.wav", rate_hz=8000, seconds=0.0))
    with pytest.raises(InputError, match="longer than"):
        read_recording(write_wav(tmp_path / "long.wav", rate_hz=8000, seconds=LONGEST_S + 0.1))
    with pytest.raises(InputError, match="3 channels"):
        read_recording(write_wav(tmp_path / "three.wav", rate_hz=8000, channels=3))


@pytest.mark.parametrize("count", [1, 2, 12_345])
def test_what_was_recorded_is_read_back_sample_by_sample(tmp_path: Path, count: int) -> None:
    samples = np.random.default_rng(count).integers(-32768, 32768, count).astype(np.int16)
    path = tmp_path / "a name.wav"
    path.write_bytes(wav_bytes(samples))
    with wave.open(str(path)) as file:
        assert file.getparams()[:4] == (1, 2, SAMPLE_RATE_HZ, count)
    back = read_recording(path)
    assert np.abs(back[:, 0].astype(int) - samples).max() <= 1
    assert (back[:, 0] == back[:, 1]).all()


@pytest.mark.parametrize("wrong", [np.zeros((5, 2), np.int16), np.zeros(5), np.zeros(5, np.int32)])
def test_what_is_no_mono_recording_is_not_written(
    wrong: np.ndarray[tuple[int, ...], np.dtype[np.int16]],
) -> None:
    with pytest.raises(ValueError, match="a recording is"):
        wav_bytes(wrong)
