"""Figures of a sound as it is heard: how loud, how clean, from which side, and whether another is in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kith.types import I16, SAMPLE_RATE_HZ

FULL_SCALE = 32768.0
_SPEECH = 100
"""What is louder belongs to the words, what is not to the pauses between them: -50 dBFS."""
_SLOT = SAMPLE_RATE_HZ * 20 // 1000
_SIDE = 30.0
_TONE_S = (0.03, 0.12)
_FFT = 8 * _SLOT
_NEAR = 3


def dbfs(amplitude: float) -> float:
    """Decibels below full scale."""
    return 20 * float(np.log10(max(amplitude, 1e-3) / FULL_SCALE))


def mono_of(sound: I16) -> I16:
    """i16[n] of i16[n, 2]: the middle of both sides."""
    return np.asarray(np.rint(sound.astype(np.float64).mean(axis=1)), np.int16)


def rms_of_speech(mono: I16) -> float:
    """Root mean square of the louder slots of 20 ms of i16[n], pauses left out; 0 where there are none."""
    levels = _slots(mono)
    loud = levels[levels > _SPEECH]
    return float(np.sqrt((loud**2).mean())) if len(loud) else 0.0


def peak_of(sound: I16) -> int:
    """The largest amplitude."""
    return int(np.abs(sound.astype(np.int32)).max(initial=0))


def clipped_in(sound: I16) -> int:
    """Samples at full scale."""
    return int((np.abs(sound.astype(np.int32)) >= FULL_SCALE - 1).sum())


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A tone that came from one side. side_db: how much louder the right is than the left."""

    at_s: float
    pitch_hz: float
    side_db: float


def tones_from_a_side(sound: I16) -> list[Heard]:
    """The viewfinder's tones in i16[n, 2]. Voice and earcons are alike on both sides, so that what is left
    of one side without the other are the tones; one from the very middle leaves nothing and is not found."""
    left, right = sound[:, 0].astype(np.float64), sound[:, 1].astype(np.float64)
    found = []
    for begin, end in _spans(_slots((right - left) / 2) > _SIDE):
        if _TONE_S[0] <= (end - begin) / SAMPLE_RATE_HZ <= _TONE_S[1]:
            spectrum = np.abs(np.fft.rfft((right - left)[begin:end], _FFT))
            peak = int(spectrum.argmax())
            sides = [np.abs(np.fft.rfft(side[begin:end], _FFT))[peak] for side in (left, right)]
            side_db = 20 * float(np.log10(max(sides[1], 1e-3) / max(sides[0], 1e-3)))
            pitch_hz = peak * SAMPLE_RATE_HZ / _FFT
            found.append(Heard(at_s=begin / SAMPLE_RATE_HZ, pitch_hz=pitch_hz, side_db=side_db))
    return found


def without_tones(sound: I16) -> I16:
    """i16[n] of i16[n, 2]: the middle of both sides, less the viewfinder's tones.

    Two ears tell a voice from a tone that comes from elsewhere; so does this: of the difference of the
    sides, which holds the tones alone, as much is taken away as leaves nothing at a tone's pitch.
    """
    left, right = sound[:, 0].astype(np.float64), sound[:, 1].astype(np.float64)
    voice, side = (left + right) / 2, right - left
    for begin, end in _spans(_slots(side / 2) > _SIDE / 3):
        span = slice(max(begin - _SLOT, 0), end + _SLOT)
        tone, both = np.fft.rfft(side[span], _FFT), np.fft.rfft(voice[span], _FFT)
        peak = int(np.abs(tone).argmax())
        near = slice(max(peak - _NEAR, 0), peak + _NEAR + 1)
        share = (both[near] * tone[near].conj()).sum().real / (np.abs(tone[near]) ** 2).sum()
        voice[span] -= share * side[span]
    return np.asarray(np.rint(np.clip(voice, -FULL_SCALE, FULL_SCALE - 1)), np.int16)


def likeness(piece: I16, sound: I16) -> float:
    """The largest normalised cross-correlation, 0..1, of i16[n] with any stretch of i16[m] as long as it:
    1 where the very samples are in it, however loud."""
    return float(_correlations(piece, sound).max(initial=0.0))


def first_like(piece: I16, sound: I16, least: float) -> int | None:
    """Where the first stretch of `sound` begins that is as like to `piece` as `least`; None for nowhere."""
    correlations = _correlations(piece, sound)
    like = np.flatnonzero(correlations >= least)
    if not len(like):
        return None
    near = correlations[like[0] : like[0] + len(piece)]
    return int(like[0]) + int(near.argmax())


def _correlations(piece: I16, sound: I16) -> NDArray[np.float64]:
    """By place, without their signs."""
    if len(piece) > len(sound):
        return np.zeros(0)
    one, other = piece.astype(np.float64), sound.astype(np.float64)
    size = 1 << int(np.ceil(np.log2(len(one) + len(other))))
    product = np.fft.irfft(np.fft.rfft(other, size) * np.conj(np.fft.rfft(one, size)), size)
    count = len(other) - len(one) + 1
    power = np.concatenate([[0.0], np.cumsum(other**2)])
    weights = np.sqrt(np.maximum(power[len(one) :] - power[:count], 1.0) * max((one**2).sum(), 1.0))
    return np.asarray(np.abs(product[:count] / weights), np.float64)


def likest_part(piece: I16, sound: I16, part_s: float) -> float:
    """The same for every stretch of part_s of `piece` that is no pause: the largest."""
    part = round(part_s * SAMPLE_RATE_HZ)
    parts = [piece[at : at + part] for at in range(0, len(piece) - part + 1, part // 2)]
    return max((likeness(each, sound) for each in parts if peak_of(each) > _SPEECH), default=0.0)


def _slots(mono: NDArray[np.generic]) -> NDArray[np.float64]:
    """Root mean square of each 20 ms."""
    whole = mono[: len(mono) // _SLOT * _SLOT].astype(np.float64).reshape(-1, _SLOT)
    return np.asarray(np.sqrt((whole**2).mean(axis=1)), np.float64)


def _spans(loud: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """From where to where, in samples, something is heard without a pause."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], loud, [False]]).astype(np.int8)))
    return (
        (int(begin) * _SLOT, int(end) * _SLOT) for begin, end in zip(edges[::2], edges[1::2], strict=True)
    )
