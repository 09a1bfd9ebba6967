"""The wearer's own recordings: a WAV file to samples that the player can mix."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kith.errors import InputError
from kith.types import I16, SAMPLE_RATE_HZ

LONGEST_S = 10.0
"""A name takes a second; what is longer is not one and is not read into memory."""

_LOWEST_RATE_HZ, _HIGHEST_RATE_HZ = 4000, 192_000
_FULL_SCALE = 32767


def read_recording(path: Path) -> I16:
    """A WAV file of integers of any width and rate, mono or stereo, as i16[n, 2] at SAMPLE_RATE_HZ.

    Raises InputError when it cannot be read, holds no sound or is longer than 10 s.
    """
    try:
        with wave.open(str(path), "rb") as file:
            rate_hz, count, channels = file.getframerate(), file.getnframes(), file.getnchannels()
            _check(path, rate_hz, count, channels)
            samples = _samples(file.readframes(count), file.getsampwidth())
    except OSError as error:
        raise InputError(f"cannot read the recording {path}: {error.strerror}") from error
    except (wave.Error, EOFError) as error:
        raise InputError(f"{path} is not a WAV recording: {str(error) or 'it ends too soon'}") from error
    samples = samples[: len(samples) // channels * channels].reshape(-1, channels)
    if not len(samples):
        raise InputError(f"the recording {path} holds no sound; record it again")
    stereo = np.repeat(samples, 2, axis=1) if channels == 1 else samples
    block = np.rint(np.clip(_resample(stereo, rate_hz), -1.0, 1.0) * _FULL_SCALE).astype(np.int16)
    block.flags.writeable = False
    return block


def _check(path: Path, rate_hz: int, count: int, channels: int) -> None:
    if not _LOWEST_RATE_HZ <= rate_hz <= _HIGHEST_RATE_HZ or channels > 2:
        raise InputError(
            f"the recording {path} has {channels} channels at {rate_hz} Hz; save it as mono, 44100 Hz"
        )
    if count > LONGEST_S * rate_hz:
        raise InputError(f"the recording {path} is longer than {LONGEST_S:.0f} s; record the name only")


def _samples(data: bytes, width: int) -> NDArray[np.float32]:
    """Integers of 1 to 4 bytes as -1..1; a torn last sample is dropped."""
    data = data[: len(data) // width * width]
    if width == 1:
        return (np.frombuffer(data, np.uint8).astype(np.float32) - 128.0) / 128.0
    if width == 3:
        # As the upper three bytes of an i32.
        padded = np.zeros((len(data) // 3, 4), np.uint8)
        padded[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
        data, width = padded.tobytes(), 4
    return np.frombuffer(data, f"<i{width}").astype(np.float32) / np.float32(2 ** (8 * width - 1))


def _resample(sound: NDArray[np.float32], rate_hz: int) -> NDArray[np.float32]:
    """By the spectrum: exact for what both rates can hold, and no aliases when going down."""
    if rate_hz == SAMPLE_RATE_HZ:
        return sound
    # Whole tenths of a second at both rates, so that the lengths match and the transform is fast; the
    # silence at the end also keeps the end from ringing into the start.
    tenths = len(sound) * 10 // rate_hz + 2
    padded = np.zeros((round(tenths * rate_hz / 10), 2), np.float32)
    padded[: len(sound)] = sound
    count = tenths * SAMPLE_RATE_HZ // 10
    changed = np.fft.irfft(np.fft.rfft(padded, axis=0), n=count, axis=0) * (count / len(padded))
    return changed[: max(1, round(len(sound) * SAMPLE_RATE_HZ / rate_hz))].astype(np.float32)
