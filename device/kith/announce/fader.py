"""Louder and quieter without a click."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kith.types import SAMPLE_RATE_HZ

FADE_MS = 30
"""From silence to full: slow enough to be smooth, and done before a buzzer's pulse of 80 ms is over."""

_STEP = 1000 / (FADE_MS * SAMPLE_RATE_HZ)


class Fader:
    """A gain that moves evenly to where it is told."""

    def __init__(self) -> None:
        self._gain = self._target = 1.0

    def to(self, gain: float) -> None:
        """Move there from now on; 0..1."""
        self._target = gain

    def next(self, count: int) -> NDArray[np.float64]:
        """The gains of the next samples, f64[count, 1], or [1, 1] where they are all alike."""
        if self._gain == self._target:
            return np.full((1, 1), self._gain)
        way = self._target - self._gain
        steps = np.minimum(np.arange(1, count + 1) * _STEP, abs(way))
        gains: NDArray[np.float64] = self._gain + np.copysign(steps, way)
        if count * _STEP >= abs(way):
            self._gain = self._target
        elif count:
            self._gain = float(gains[-1])
        return gains.reshape(-1, 1)
