"""Louder and quieter, sample by sample."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from kith.announce.fader import FADE_MS, Fader
from kith.types import SAMPLE_RATE_HZ

WHOLE = FADE_MS * SAMPLE_RATE_HZ // 1000


def over(fader: Fader, count: int) -> NDArray[np.float64]:
    return np.broadcast_to(fader.next(count), (count, 1))[:, 0]


def test_it_begins_at_full_and_stays() -> None:
    assert (over(Fader(), 1000) == 1.0).all()


@pytest.mark.parametrize("gain", [0.0, 0.25, 0.99])
def test_it_is_there_within_its_time_and_back(gain: float) -> None:
    fader = Fader()
    for target in (gain, 1.0):
        fader.to(target)
        moved = over(fader, WHOLE + 1)
        assert moved[-1] == pytest.approx(target)
        assert (over(fader, 10) == target).all()


@given(
    st.lists(st.tuples(st.none() | st.floats(0, 1), st.sampled_from([0, 1, 7, 220, 441, 3000])), max_size=20)
)
def test_it_never_jumps_and_never_leaves_its_range(script: list[tuple[float | None, int]]) -> None:
    fader = Fader()
    parts = [np.ones(1)]
    for gain, count in script:
        if gain is not None:
            fader.to(gain)
        parts.append(over(fader, count))
    gains = np.concatenate(parts)
    assert np.abs(np.diff(gains)).max(initial=0) <= 1 / WHOLE + 1e-9
    assert gains.min() >= -1e-9
    assert gains.max() <= 1 + 1e-9
