"""The guard's buzzer as sound: what a small piezo would make of the guard's edges, as samples.

For sound files and for learning the sounds on the speaker; on the wearable the buzzer itself is heard.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kith.clock import NS_PER_MS, NS_PER_S
from kith.guard.ports import OutputEdge
from kith.types import I16, SAMPLE_RATE_HZ

_EDGE_NS = 2 * NS_PER_MS
_HARMONICS = (1, 3, 5)
_HIGHEST_HZ = 9000.0
"""Partials above are left out: half the sample rate is 11025 Hz."""
_SLACK_NS = 15 * NS_PER_MS
"""Blocks whose times differ less from the count of samples follow each other without a gap."""
_FULL_SCALE = 32767


@dataclass(frozen=True, slots=True, kw_only=True)
class _Beep:
    """One pitch from on_ns to off_ns, None: it goes on. partials: order and strength, peak 1 together."""

    pitch_hz: int
    partials: tuple[tuple[int, float], ...]
    on_ns: int
    off_ns: int | None = None


class BuzzerSound:
    """Give it the guard's edges, in order, and take blocks of sound; belongs to one thread.

    A beep begins and ends at its edge's own time, or with the next block when that time is past.
    """

    def __init__(self, level: float = 0.25) -> None:
        """level: the peak, 0..1 of full scale."""
        self._level = level
        self._edges: deque[OutputEdge] = deque()
        self._beeps: list[_Beep] = []  # of which the last may go on
        self._start_ns, self._samples = 0, -1

    def edge(self, edge: OutputEdge) -> None:
        """The outputs go on or off; with a time to come it waits for its block."""
        self._edges.append(edge)

    def render(self, samples: int, from_ns: int) -> I16:
        """The next block i16[samples, 2], both ears alike; its first sample is heard at from_ns."""
        begin_ns = self._follow(from_ns)
        self._samples += samples
        end_ns = self._ns(self._samples)
        while self._edges and self._edges[0].at_ns < end_ns:
            self._take(self._edges.popleft(), begin_ns)
        times_s = (np.arange(samples) / SAMPLE_RATE_HZ) + (begin_ns - self._start_ns) / NS_PER_S
        mono = np.zeros(samples)
        for beep in self._beeps:
            mono += self._wave(beep, times_s)
        self._beeps = [b for b in self._beeps if b.off_ns is None or b.off_ns + _EDGE_NS > end_ns]
        mono = np.clip(mono * self._level * _FULL_SCALE, -_FULL_SCALE, _FULL_SCALE)
        return np.repeat(np.rint(mono).astype(np.int16)[:, None], 2, axis=1)

    def _follow(self, from_ns: int) -> int:
        """When this block begins by the count of samples, so that blocks join without a click though their
        times are rounded; anew after a gap."""
        if self._samples < 0 or abs(from_ns - self._ns(self._samples)) > _SLACK_NS:
            self._start_ns, self._samples = from_ns, 0
        return self._ns(self._samples)

    def _ns(self, samples: int) -> int:
        return self._start_ns + samples * NS_PER_S // SAMPLE_RATE_HZ

    def _take(self, edge: OutputEdge, begin_ns: int) -> None:
        at_ns = max(edge.at_ns, begin_ns)
        last = self._beeps[-1] if self._beeps else None
        sounding = last is not None and last.off_ns is None
        if last is not None and sounding:
            if last.pitch_hz == edge.pitch_hz:
                return
            self._beeps[-1] = replace(last, off_ns=at_ns)
        if edge.pitch_hz:
            self._beeps.append(_Beep(pitch_hz=edge.pitch_hz, partials=_partials(edge.pitch_hz), on_ns=at_ns))

    def _wave(self, beep: _Beep, times_s: NDArray[np.float64]) -> NDArray[np.float64]:
        since_s = times_s - (beep.on_ns - self._start_ns) / NS_PER_S
        gain = _rise(since_s)
        if beep.off_ns is not None:
            gain = gain * (1.0 - _rise(times_s - (beep.off_ns - self._start_ns) / NS_PER_S))
        phase = 2 * np.pi * beep.pitch_hz * since_s
        wave = np.zeros(len(times_s))
        for order, strength in beep.partials:
            wave += strength * np.sin(order * phase)
        return wave * gain


def _rise(since_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """From 0 at 0 to 1 after the length of an edge, as a raised cosine."""
    share = np.clip(since_s * (NS_PER_S / _EDGE_NS), 0.0, 1.0)
    rise: NDArray[np.float64] = 0.5 - 0.5 * np.cos(np.pi * share)
    return rise


def _partials(pitch_hz: int) -> tuple[tuple[int, float], ...]:
    """A square wave's first harmonics."""
    orders = [order for order in _HARMONICS if order * pitch_hz <= _HIGHEST_HZ] or [1]
    phase = np.linspace(0.0, 2 * np.pi, 512)
    peak = float(np.abs(sum(np.sin(order * phase) / order for order in orders)).max())
    return tuple((order, 1 / order / peak) for order in orders)
