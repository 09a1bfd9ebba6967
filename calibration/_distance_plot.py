"""Draws what `calibration.distance` measured: who is named, against metres."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure as Drawing

if TYPE_CHECKING:
    from calibration.distance import Cell

_STYLES = {
    "640, one look": ("#7f7f7f", "--", "640 px, one look (as before)"),
    "640": ("#0072b2", "-", "640 px"),
    "1280": ("#d55e00", "-", "1280 px"),
    "640, wide": ("#56b4e9", ":", "640 px, wide camera"),
    "1280, wide": ("#e69f00", ":", "1280 px, wide camera"),
}
"""Colours told apart by people who do not see all of them too."""


def draw(cells: Sequence[Cell], people: int, path: Path) -> None:
    """Write a PNG."""
    drawing = Drawing(figsize=(12, 8.5), layout="constrained")
    axes = drawing.subplots(2, 2)
    _curves(axes[0][0], cells, "track", "named within a walk of 1.5 s")
    _curves(axes[0][1], cells, "found", "face found, share of looks")
    _curves(axes[1][0], cells, "mistaken", "enrolled, but told as a stranger")
    _curves(axes[1][1], cells, "fpir_track", "stranger given a name in a walk")
    axes[1][0].set_ylim(-0.005, max(0.3, axes[1][0].get_ylim()[1]))
    axes[1][1].set_ylim(-0.002, max(0.05, axes[1][1].get_ylim()[1]))
    handles, labels = axes[0][0].get_legend_handles_labels()
    drawing.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False, fontsize=11)
    drawing.suptitle(
        f"A simulated camera; {people} people of LFW's development half walk, "
        "50 enrolled; bands: 95 % over people",
        fontsize=12,
    )
    drawing.savefig(path, dpi=95)


def _curves(axes: Any, cells: Sequence[Cell], measure: str, title: str) -> None:
    for name in dict.fromkeys(cell.variant for cell in cells):
        colour, line, label = _STYLES[name]
        mine = [cell for cell in cells if cell.variant == name]
        metres = [cell.metres for cell in mine]
        rates = [cell.rates[measure] for cell in mine]
        axes.plot(metres, [r.value for r in rates], line, color=colour, marker="o", markersize=4, label=label)
        axes.fill_between(
            metres, [r.low for r in rates], [r.high for r in rates], color=colour, alpha=0.12, linewidth=0
        )
    axes.set_title(title, fontsize=12)
    axes.set_xlabel("metres")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.set_xlim(0, None)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
