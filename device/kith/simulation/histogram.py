"""Times of several stages as lines of text: median, p95, worst, and how they are spread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_EDGES_MS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_BARS = " ▁▂▃▄▅▆▇█"
_NAME = 38
_COLUMN = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """How long one stage took each time."""

    name: str
    ms: tuple[float, ...]


def table(stages: Sequence[Stage]) -> list[str]:
    """A line a stage under one of headings. A bar stands for the times that are less than the number over it
    and not less than the one before; the tallest of a line is its most frequent."""
    columns = "".join(f"{f'<{edge}':>{_COLUMN}}" for edge in _EDGES_MS) + f"{'more':>{_COLUMN}}"
    lines = [f"{'':{_NAME}} {'times':>6} {'median':>8} {'p95':>7} {'worst':>7} ms {columns}"]
    return lines + [_line(stage) for stage in stages]


def percentile(values: Sequence[float], share: float) -> float:
    """The least of the values that at least this share of them does not exceed; ValueError for none."""
    if not values:
        raise ValueError("there is no percentile of nothing")
    ranked = sorted(values)
    return ranked[max(0, -(-round(share * 1000) * len(ranked) // 1000) - 1)]


def _line(stage: Stage) -> str:
    if not stage.ms:
        return f"{stage.name:{_NAME}} {0:6d}"
    figures = (percentile(stage.ms, 0.5), percentile(stage.ms, 0.95), max(stage.ms))
    median, p95, worst = (f"{value:.1f}" for value in figures)
    bars = "".join(f"{bar * 4:>{_COLUMN}}" for bar in _bars(stage.ms))
    return f"{stage.name:{_NAME}} {len(stage.ms):6d} {median:>8} {p95:>7} {worst:>7}    {bars}".rstrip()


def _bars(ms: Sequence[float]) -> list[str]:
    counts = [0] * (len(_EDGES_MS) + 1)
    for value in ms:
        counts[sum(value >= edge for edge in _EDGES_MS)] += 1
    highest = len(_BARS) - 1
    # One alone among a thousand is seen too.
    return [_BARS[-(-count * highest // max(counts))] for count in counts]
