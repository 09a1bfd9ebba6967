"""Draws the report of `calibration.approaches`: how soon each warns, and how often needlessly."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure as Drawing

if TYPE_CHECKING:
    from calibration._approach_report import Approaches, Needless, Report

_NAMES = {"hcsr04": "HC-SR04 (ultrasound)", "vl53l1x": "VL53L1X (laser)"}
_COLOURS = ("#0072b2", "#e69f00", "#d55e00", "#7f7f7f")
"""Told apart by people who do not see all colours too."""
_ROW, _LONGEST_S = 0.19, 5.0


def draw(report: Report, path: Path) -> None:
    """Write a PNG."""
    drawing = Drawing(figsize=(13, 11), layout="constrained")
    axes = drawing.subplots(2, 2, height_ratios=(5, 4), sharex="row", sharey="row")
    # Room for the words right of the longest bar.
    axes[1][0].set_xlim(0, max(each.warnings_a_minute.high for each in report.needless) * 1.45)
    warners = list(dict.fromkeys(each.warner for each in report.approaches))
    for column, sensor in enumerate(dict.fromkeys(each.sensor for each in report.approaches)):
        _soon(axes[0][column], [each for each in report.approaches if each.sensor == sensor], warners)
        _needless(axes[1][column], [each for each in report.needless if each.sensor == sensor], warners)
        axes[0][column].set_title(_NAMES[sensor], fontsize=13, fontweight="bold")
    handles, labels = axes[0][0].get_legend_handles_labels()
    drawing.legend(
        handles, labels, loc="outside lower center", ncols=len(warners), frameon=False, fontsize=11
    )
    drawing.suptitle(
        f"{report.approaches[0].runs} simulated approaches at 0.3 to 2 m/s (above); "
        f"{report.needless[0].runs} walks of a minute on which nothing is touched (below)",
        fontsize=12,
    )
    drawing.savefig(path, dpi=100)


def _soon(axes: Any, approaches: Sequence[Approaches], warners: Sequence[str]) -> None:
    targets = list(dict.fromkeys(each.target for each in approaches))
    for each in approaches:
        at = _row(targets.index(each.target), warners.index(each.warner))
        colour = _COLOURS[warners.index(each.warner)]
        low, middle, high = (min(each.quantiles_s[share // 5], _LONGEST_S) for share in (5, 50, 95))
        if high >= 0:
            axes.plot([max(low, 0.0), high], [at, at], color=colour, linewidth=5, solid_capstyle="butt")
        if middle >= 0:
            label = each.warner if each.target == targets[0] else None
            axes.plot(middle, at, "o", color=colour, markeredgecolor="black", markersize=7, label=label)
        if each.never.value > 0:
            axes.text(-0.06, at, f"{each.never.value:.1%}", ha="right", va="center", fontsize=8, color=colour)
    axes.text(-0.06, _row(0, -1), "never:", ha="right", va="center", fontsize=8)
    _rows(axes, targets)
    axes.axvline(0.0, color="black", linewidth=1)
    axes.set_xlim(-0.75, _LONGEST_S + 0.05)
    axes.set_xlabel("first warning, seconds before contact\n(median, and the middle 90 of 100 approaches)")


def _needless(axes: Any, walks: Sequence[Needless], warners: Sequence[str]) -> None:
    names = list(dict.fromkeys(each.walk for each in walks))
    for each in walks:
        at = _row(names.index(each.walk), warners.index(each.warner))
        rate = each.warnings_a_minute
        axes.barh(at, rate.value, _ROW * 0.9, color=_COLOURS[warners.index(each.warner)])
        axes.plot([rate.low, rate.high], [at, at], color="black", linewidth=1.5)
        words = f"{rate.value:.1f}, {each.share_of_time.value:.1%} of the time"
        axes.text(max(rate.high, rate.value) + 0.3, at, words, va="center", fontsize=8)
    _rows(axes, names)
    axes.set_xlabel(
        "needless warnings a minute\n(with its 95 % interval, and how much of the time they lasted)"
    )


def _rows(axes: Any, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), names, fontsize=11)
    axes.set_ylim(len(names) - 0.45, -0.65)
    axes.grid(axis="x", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)


def _row(group: int, index: int) -> float:
    return group + (index - 1.5) * _ROW
