"""Draws what `calibration.quality` and `calibration.head_pose` found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure as Drawing

from kith.types import F32

_COLOURS = ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#7f7f7f", "#000000")
"""Told apart by people who do not see all colours too."""
_DASHES = ("-", "--")


def draw_curves(
    path: Path, shares: Sequence[float], panels: Sequence[tuple[str, Mapping[str, Sequence[float]]]]
) -> None:
    """Write a PNG: one panel for each error, (its words, rate by name of the judge at each share)."""
    drawing = Drawing(figsize=(13, 6.2), layout="constrained")
    for axes, (words, curves) in zip(drawing.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        for at, (name, rates) in enumerate(curves.items()):
            axes.plot(
                [100 * share for share in shares],
                [100 * rate for rate in rates],
                color=_COLOURS[at % len(_COLOURS)],
                linestyle=_DASHES[at // len(_COLOURS)],
                linewidth=1.8,
                label=name,
            )
        axes.set_xlabel("looks dropped, the worst first, %")
        axes.set_ylabel(words)
        axes.set_ylim(bottom=0)
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    handles, labels = axes.get_legend_handles_labels()
    drawing.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False)
    drawing.savefig(path, dpi=90)


def draw_poses(path: Path, panels: Sequence[tuple[str, F32, F32]]) -> None:
    """Write a PNG: for each angle its name, the truth and what is told, in degrees."""
    drawing = Drawing(figsize=(12, 5.6), layout="constrained")
    for axes, (name, true, told) in zip(
        drawing.subplots(1, len(panels), squeeze=False)[0], panels, strict=True
    ):
        most = float(np.abs(true).max()) * 1.1
        axes.plot([-most, most], [-most, most], color="black", linewidth=1, label="told as true")
        axes.plot(true, told, "o", color=_COLOURS[0], markersize=3, alpha=0.5, label="a turned face")
        axes.set_xlabel(f"true {name}, degrees")
        axes.set_ylabel(f"told {name}, degrees")
        axes.grid(alpha=0.3)
        axes.legend(frameon=False)
    drawing.savefig(path, dpi=90)
