"""Draws what the lead of `calibration.correction` changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure

from kith.recognition.matcher import DENIAL_LEAD

if TYPE_CHECKING:
    from calibration._corrections import Shares
    from calibration._lfw import Rate

_COLOURS = ("#d55e00", "#0072b2", "#009e73")
"""Told apart by people who do not see all colours too."""


def draw(shares: Mapping[float, Shares], path: Path) -> None:
    """Write a PNG."""
    figure = Figure(figsize=(10, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    leads = list(shares)
    every = list(shares.values())
    _line(left, leads, [each.again for each in every], "after one look was marked", _COLOURS[0])
    before = every[0].again_before
    left.axhline(before.value * 100, color="#7f7f7f", linestyle="--", label="before")
    left.set_title("A marked stranger's other looks\nthat are given that name again")
    _line(right, leads, [each.true for each in every], "after five strangers' looks were marked", _COLOURS[1])
    _line(right, leads, [each.mistaken for each in every], "after one of theirs was, by mistake", _COLOURS[2])
    right.set_title("The true person's looks\nthat are given their name")
    for axes in (left, right):
        axes.axvline(DENIAL_LEAD, color="black", linewidth=0.8, linestyle=":")
        axes.annotate(
            "shipped", (DENIAL_LEAD, 0.5), xycoords=("data", "axes fraction"), rotation=90, ha="right"
        )
        axes.set_xlabel("lead of the counter-example over the person's middle (cosine)")
        axes.set_ylabel("% of looks")
        axes.set_ylim(bottom=0)
        axes.grid(alpha=0.3)
        axes.legend(frameon=False, loc="center left" if axes is left else "lower right")
    figure.savefig(path, dpi=100)


def _line(axes: Any, leads: Sequence[float], rates: Sequence[Rate], label: str, colour: str) -> None:
    axes.plot(leads, [100 * each.value for each in rates], color=colour, marker="o", label=label)
    low, high = [100 * each.low for each in rates], [100 * each.high for each in rates]
    axes.fill_between(leads, low, high, color=colour, alpha=0.2)
