"""Draws what the lead of `calibration.correction` changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure

from kith.recognition.matcher import DENIAL_LEAD

if TYPE_CHECKING:
    from calibration._corrections import Shares
    from calibration._lfw import Rate

_COLOURS = ("#d55e00", "#0072b2")
"""Told apart by people who do not see all colours too."""


def draw(shares: Mapping[str, Mapping[float, Shares]], path: Path) -> None:
    """Write a PNG. shares: by what a look is, then by lead."""
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    for (look, by_lead), colour in zip(shares.items(), _COLOURS, strict=True):
        every = list(by_lead.values())
        before = every[0].again_before
        left.axhline(before.value * 100, color=colour, linestyle="--", label=f"{look}, before")
        _line(left, by_lead, [each.again for each in every], f"{look}, after the mark", colour)
        _line(right, by_lead, [each.mistaken for each in every], f"{look}", colour)
    left.set_title("A marked stranger's other looks\nthat are given that name again")
    right.set_title(
        "The true person's other looks that are given\ntheir name, after one was marked by mistake"
    )
    for axes in (left, right):
        axes.axvline(DENIAL_LEAD, color="black", linewidth=0.8, linestyle=":")
        axes.text(DENIAL_LEAD, 0.5, "shipped ", transform=axes.get_xaxis_transform(), rotation=90, ha="right")
        axes.set_xlabel("lead of the counter-example over the person's middle (cosine)")
        axes.set_ylabel("% of looks")
        axes.set_ylim(bottom=0)
        axes.grid(alpha=0.3)
    left.legend(frameon=False, loc="center left", bbox_to_anchor=(0, 0.72))
    right.legend(frameon=False, loc="lower right")
    figure.savefig(path, dpi=100)


def _line(axes: Any, leads: Iterable[float], rates: Sequence[Rate], label: str, colour: str) -> None:
    at = list(leads)
    axes.plot(at, [100 * each.value for each in rates], color=colour, marker="o", label=label)
    low, high = [100 * each.low for each in rates], [100 * each.high for each in rates]
    axes.fill_between(at, low, high, color=colour, alpha=0.2)
