"""The buzzer's sound: the right pitch at the right time, in blocks of any size, without clicks."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from kith.clock import NS_PER_MS, NS_PER_S
from kith.drivers.buzzer_sound import BuzzerSound
from kith.guard.ports import OutputEdge
from kith.types import I16, SAMPLE_RATE_HZ


def edge(pitch_hz: int, at_ms: float) -> OutputEdge:
    return OutputEdge(pitch_hz=pitch_hz, at_ns=round(at_ms * NS_PER_MS))


BEEPS = (edge(2400, 100), edge(0, 180), edge(1200, 300), edge(0, 380))


def whole(*edges: OutputEdge, ms: int = 500, level: float = 0.25) -> I16:
    buzzer = BuzzerSound(level)
    for each in edges:
        buzzer.edge(each)
    return buzzer.render(ms * SAMPLE_RATE_HZ // 1000, 0)


def cut(sound: I16, from_ms: int, to_ms: int) -> NDArray[np.float64]:
    return sound[from_ms * SAMPLE_RATE_HZ // 1000 : to_ms * SAMPLE_RATE_HZ // 1000, 0].astype(np.float64)


def pitch_of(piece: NDArray[np.float64]) -> float:
    spectrum = np.abs(np.fft.rfft(piece * np.hanning(len(piece)), 8 * len(piece)))
    return float(spectrum.argmax() * SAMPLE_RATE_HZ / (8 * len(piece)))


def test_each_beep_has_its_pitch_its_time_and_its_level() -> None:
    sound = whole(*BEEPS)
    assert not cut(sound, 0, 100).any()
    assert not cut(sound, 183, 300).any()
    assert not cut(sound, 383, 500).any()
    assert pitch_of(cut(sound, 105, 175)) == pytest.approx(2400, abs=5)
    assert pitch_of(cut(sound, 305, 375)) == pytest.approx(1200, abs=5)
    for piece in (cut(sound, 105, 175), cut(sound, 305, 375)):
        assert np.abs(piece).max() == pytest.approx(0.25 * 32767, rel=0.03)
    assert (sound[:, 0] == sound[:, 1]).all()


@pytest.mark.parametrize("block", [1, 97, 220, 441, 5000])
def test_blocks_of_any_size_join_to_the_same_sound(block: int) -> None:
    buzzer = BuzzerSound()
    for each in BEEPS:
        buzzer.edge(each)
    count = SAMPLE_RATE_HZ // 2
    blocks = [
        # The time of a block is cut down to ten milliseconds, as a loop of that step has it.
        buzzer.render(
            min(block, count - done), done * NS_PER_S // SAMPLE_RATE_HZ // (10 * NS_PER_MS) * 10 * NS_PER_MS
        )
        for done in range(0, count, block)
    ]
    assert np.abs(np.concatenate(blocks).astype(int) - whole(*BEEPS)).max() <= 1


@pytest.mark.parametrize(
    "edges",
    [
        pytest.param(BEEPS, id="beeps"),
        pytest.param((edge(2400, 50), edge(1200, 200.3), edge(2400, 350.7)), id="pitch changes"),
        pytest.param((edge(2400, 50), edge(0, 50.9), edge(1200, 60), edge(0, 60.2)), id="cut in its rise"),
    ],
)
def test_nothing_clicks(edges: tuple[OutputEdge, ...]) -> None:
    """A click is in all of the spectrum; the beeps end below 8 kHz."""
    piece = cut(whole(*edges), 0, 500) / 32767
    windows = np.lib.stride_tricks.sliding_window_view(piece, 256)[::64] * np.hanning(256)
    spectrum = np.abs(np.fft.rfft(windows)) / 128
    assert spectrum[:, int(9500 / SAMPLE_RATE_HZ * 256) :].max() < 1e-3


def test_an_edge_that_comes_late_is_heard_with_the_next_block() -> None:
    buzzer = BuzzerSound()
    assert not buzzer.render(441, 0).any()
    buzzer.edge(edge(2400, 5))
    assert buzzer.render(441, 20 * NS_PER_MS)[200:].any()


def test_the_same_pitch_again_goes_on_and_off_twice_is_off() -> None:
    buzzer = BuzzerSound()
    for each in (edge(0, 10), edge(2400, 20), edge(2400, 60), edge(0, 100), edge(0, 120)):
        buzzer.edge(each)
    assert (buzzer.render(11025, 0) == whole(edge(2400, 20), edge(0, 100))).all()


def test_a_gap_in_time_keeps_the_edges_at_their_own_times() -> None:
    buzzer = BuzzerSound()
    buzzer.render(441, 0)
    buzzer.edge(edge(2400, 1100))
    later = buzzer.render(SAMPLE_RATE_HZ, 1000 * NS_PER_MS)
    assert not later[:2205].any()
    assert later[2205:4410].any()


def test_however_long_it_runs_it_keeps_no_more_than_what_sounds() -> None:
    buzzer = BuzzerSound()
    for at_ms in range(0, 60_000, 200):
        buzzer.edge(edge(2400, at_ms))
        buzzer.edge(edge(0, at_ms + 80))
    for at_ms in range(0, 60_000, 1000):
        buzzer.render(SAMPLE_RATE_HZ, at_ms * NS_PER_MS)
    assert len(buzzer._beeps) <= 1
    assert not buzzer._edges
