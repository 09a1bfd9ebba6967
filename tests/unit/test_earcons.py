"""The short sounds: there, short, quiet at both ends, told apart."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from kith.announce.earcons import EDGE_MS, EarconBank
from kith.types import I16, SAMPLE_RATE_HZ, Earcon, Tone

BANK = EarconBank()


@pytest.mark.parametrize("earcon", Earcon)
def test_every_sound_is_short_stereo_and_leaves_room(earcon: Earcon) -> None:
    sound = BANK.sound(earcon)
    assert sound.dtype == np.int16
    assert sound.shape[1] == 2
    assert not sound.flags.writeable
    assert 0.02 <= len(sound) / SAMPLE_RATE_HZ <= 1.0
    assert 32767 * 0.1 < np.abs(sound).max() < 32767 * 0.5


@pytest.mark.parametrize("earcon", Earcon)
def test_no_sound_clicks_at_its_ends(earcon: Earcon) -> None:
    sound = BANK.sound(earcon)[:, 0].astype(int)
    assert sound[0] == sound[-1] == 0
    edge = round(EDGE_MS * SAMPLE_RATE_HZ / 1000) // 4
    # A quarter into a raised cosine 15 % of the level is reached; a note that dies away is loudest there.
    assert np.abs(sound[:edge]).max() <= 0.22 * np.abs(sound).max() + 1
    assert np.abs(sound[-edge:]).max() <= 0.22 * np.abs(sound).max() + 1


def test_no_two_sounds_are_alike() -> None:
    for one, other in itertools.combinations(Earcon, 2):
        assert likeness(BANK.sound(one), BANK.sound(other)) < 0.8, (one, other)


def test_a_sound_is_like_itself() -> None:
    assert likeness(BANK.sound(Earcon.READY), BANK.sound(Earcon.READY)) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("pan", "ears"), [(-1.0, (1.0, 0.0)), (0.0, (0.5, 0.5)), (1.0, (0.0, 1.0)), (-9.0, (1.0, 0.0))]
)
def test_a_tone_keeps_its_power_wherever_it_is(pan: float, ears: tuple[float, float]) -> None:
    sound = BANK.tone(Tone(pitch_hz=500.0, pan=pan, duration_ms=200)).astype(float)
    middle = BANK.tone(Tone(pitch_hz=500.0, pan=0.0, duration_ms=200)).astype(float)
    power = (sound**2).sum(axis=0)
    assert power / power.sum() == pytest.approx(ears, abs=1e-3)
    assert power.sum() == pytest.approx((middle**2).sum(), rel=1e-3)


@pytest.mark.parametrize("pitch_hz", [110.0, 440.0, 1760.0])
def test_a_tone_has_its_pitch(pitch_hz: float) -> None:
    sound = BANK.tone(Tone(pitch_hz=pitch_hz, pan=0.0, duration_ms=500))[:, 0]
    assert len(sound) == SAMPLE_RATE_HZ // 2
    spectrum = np.abs(np.fft.rfft(sound))
    assert np.argmax(spectrum) * SAMPLE_RATE_HZ / len(sound) == pytest.approx(pitch_hz, abs=3.0)


@pytest.mark.parametrize("pitch_hz", [0.0, -5.0, 1e9])
@pytest.mark.parametrize("duration_ms", [0, 1, 7])
def test_an_odd_tone_is_still_a_sound(pitch_hz: float, duration_ms: int) -> None:
    sound = BANK.tone(Tone(pitch_hz=pitch_hz, pan=0.3, duration_ms=duration_ms))
    assert sound.shape == (round(duration_ms * SAMPLE_RATE_HZ / 1000), 2)


def likeness(one: I16, other: I16) -> float:
    """1 for the same loudness of the same pitches at the same times."""
    length = max(len(one), len(other))
    a, b = spectrogram(one, length), spectrogram(other, length)
    return float((a * b).sum() / np.sqrt((a**2).sum() * (b**2).sum()))


def spectrogram(sound: I16, length: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    slot = SAMPLE_RATE_HZ // 40
    padded = np.zeros(-(-length // slot) * slot)
    padded[: len(sound)] = sound[:, 0]
    return np.abs(np.fft.rfft(padded.reshape(-1, slot) * np.hanning(slot), axis=1))
