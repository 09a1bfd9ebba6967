"""The short sounds, made from a score instead of files.

| sound | what is heard | meant to say |
| --- | --- | --- |
| ready | three bells rising, C E G | I am on |
| press | one dry tick | I felt the press |
| stranger | one soft, low knock | somebody I do not know |
| shutter | two puffs of noise, click-clack | a good view taken |
| success | two bells, a fourth up | done |
| failure | two low notes, a third down | not done; the reason follows |
| undone | a quick slide down, then a low bell | taken back |
| fault | three low reedy notes | a part of the device is broken |
| privacy_on | a slide down, closing | the camera is closed |
| privacy_off | a slide up, opening | the camera is open again |
| power_warning | two notes to and fro, four times, 1 s | keep holding and I switch off |
| ask | two soft notes, a fifth up | a question follows |
| listen | one clear tone | speak now |
| working | two very soft taps | I am still at it |
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import numpy as np
from numpy.typing import NDArray

from kith.types import I16, SAMPLE_RATE_HZ, Earcon, Tone

EDGE_MS = 4.0
"""Every sound begins and ends with a raised cosine of this length, so that it does not click."""

_FULL_SCALE = 32767
_LOWEST_HZ, _HIGHEST_HZ = 20.0, 8000.0
_TONE_LEVEL = 0.35

_PURE = (1.0,)
_BELL = (1.0, 0.25, 0.12)
_REED = (1.0, 0.0, 0.5, 0.0, 0.3)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Note:
    """One note of a score. hz: pitch at its start and end, None for noise; level: peak, 0..1 of full
    scale; fall_ms: time in which it decays to a third, None for an even note; gap_ms: silence after."""

    hz: tuple[float, float] | None
    ms: float
    level: float = 0.4
    partials: tuple[float, ...] = _BELL
    fall_ms: float | None = None
    gap_ms: float = 0.0


def _bell(hz: float, ms: float = 140.0, level: float = 0.4, gap_ms: float = 0.0) -> _Note:
    return _Note(hz=(hz, hz), ms=ms, level=level, fall_ms=ms / 2.5, gap_ms=gap_ms)


def _slide(start_hz: float, end_hz: float, ms: float) -> _Note:
    return _Note(hz=(start_hz, end_hz), ms=ms, level=0.35)


_SCORE: dict[Earcon, tuple[_Note, ...]] = {
    Earcon.READY: (_bell(523.3), _bell(659.3), _bell(784.0, ms=280.0)),
    Earcon.PRESS: (_Note(hz=(1760.0, 1760.0), ms=24.0, level=0.4, partials=_PURE, fall_ms=8.0),),
    Earcon.STRANGER: (_Note(hz=(392.0, 330.0), ms=60.0, level=0.25, partials=_PURE, fall_ms=20.0),),
    Earcon.SHUTTER: (
        _Note(hz=None, ms=24.0, level=0.3, fall_ms=8.0, gap_ms=40.0),
        _Note(hz=None, ms=40.0, level=0.4, fall_ms=14.0),
    ),
    Earcon.SUCCESS: (_bell(784.0, ms=110.0), _bell(1046.5, ms=260.0)),
    Earcon.FAILURE: (
        _Note(hz=(330.0, 330.0), ms=160.0, fall_ms=120.0),
        _Note(hz=(262.0, 262.0), ms=280.0, fall_ms=140.0),
    ),
    Earcon.UNDONE: (_slide(1175.0, 440.0, ms=150.0), _bell(392.0, ms=200.0)),
    Earcon.FAULT: (
        _Note(hz=(220.0, 220.0), ms=130.0, partials=_REED, gap_ms=60.0),
        _Note(hz=(220.0, 220.0), ms=130.0, partials=_REED, gap_ms=60.0),
        _Note(hz=(196.0, 196.0), ms=260.0, partials=_REED),
    ),
    Earcon.PRIVACY_ON: (_slide(880.0, 294.0, ms=350.0),),
    Earcon.PRIVACY_OFF: (_slide(294.0, 880.0, ms=350.0),),
    Earcon.POWER_WARNING: (
        _Note(hz=(988.0, 988.0), ms=125.0, partials=_REED),
        _Note(hz=(740.0, 740.0), ms=125.0, partials=_REED),
    )
    * 4,
    Earcon.ASK: (_bell(587.3, ms=90.0, level=0.3), _bell(880.0, ms=160.0, level=0.3)),
    Earcon.LISTEN: (_Note(hz=(1046.5, 1046.5), ms=180.0, level=0.35, partials=_PURE),),
    # It may come again and again, so it is the softest of all.
    Earcon.WORKING: (
        _Note(hz=(494.0, 494.0), ms=45.0, level=0.17, partials=_PURE, fall_ms=20.0, gap_ms=90.0),
        _Note(hz=(494.0, 494.0), ms=45.0, level=0.17, partials=_PURE, fall_ms=20.0),
    ),
}


class EarconBank:
    """All short sounds, ready to play."""

    def __init__(self) -> None:
        self._sounds = {earcon: _stereo(_play(notes), pan=0.0) for earcon, notes in _SCORE.items()}

    def sound(self, earcon: Earcon) -> I16:
        """i16[n, 2], read-only, at SAMPLE_RATE_HZ, below half of full scale, silent at both ends."""
        return self._sounds[earcon]

    def tone(self, tone: Tone) -> I16:
        """i16[n, 2]: of the same loudness wherever it is panned. Pitch and pan out of range are clipped."""
        pitch_hz = min(max(tone.pitch_hz, _LOWEST_HZ), _HIGHEST_HZ)
        note = _Note(hz=(pitch_hz, pitch_hz), ms=tone.duration_ms, level=_TONE_LEVEL, partials=_PURE)
        return _stereo(_play((note,)), tone.pan)


def _play(notes: tuple[_Note, ...]) -> NDArray[np.float64]:
    return np.concatenate(
        [piece for note in notes for piece in (_sound(note), np.zeros(_samples(note.gap_ms)))]
    )


def _sound(note: _Note) -> NDArray[np.float64]:
    count = _samples(note.ms)
    wave = _noise(count) if note.hz is None else _partials(note.hz, note.partials, count)
    if note.fall_ms is not None:
        wave = wave * 3.0 ** (-np.arange(count) / _samples(note.fall_ms))
    wave = wave * _edges(count)
    peak = np.abs(wave).max(initial=0.0)
    return wave if peak == 0.0 else wave * (note.level / peak)


def _partials(hz: tuple[float, float], partials: tuple[float, ...], count: int) -> NDArray[np.float64]:
    # A slide goes evenly in octaves, as the ear has it.
    pitch_hz = np.geomspace(*hz, num=count) if count > 1 else np.full(count, hz[0])
    phase = 2 * np.pi * np.cumsum(pitch_hz) / SAMPLE_RATE_HZ
    levels, orders = np.array(partials), np.arange(1, len(partials) + 1)
    wave: NDArray[np.float64] = levels @ np.sin(np.outer(orders, phase))
    return wave


def _noise(count: int) -> NDArray[np.float64]:
    # NumPy's own generators would cost the daemon 3 MiB for good.
    chance = Random(1)
    hiss = np.array([chance.uniform(-1.0, 1.0) for _ in range(count)])
    # The moving average takes the hiss off.
    return np.convolve(hiss, np.ones(4) / 4, mode="same")


def _edges(count: int) -> NDArray[np.float64]:
    edge = min(_samples(EDGE_MS), count // 2)
    rise = 0.5 - 0.5 * np.cos(np.pi * np.arange(edge) / edge) if edge else np.zeros(0)
    return np.concatenate([rise, np.ones(count - 2 * edge), rise[::-1]])


def _stereo(wave: NDArray[np.float64], pan: float) -> I16:
    angle = (min(max(pan, -1.0), 1.0) + 1.0) * np.pi / 4
    block: I16 = np.rint(np.outer(wave, [np.cos(angle), np.sin(angle)]) * _FULL_SCALE).astype(np.int16)
    block.flags.writeable = False
    return block


def _samples(ms: float) -> int:
    return round(ms * SAMPLE_RATE_HZ / 1000)
