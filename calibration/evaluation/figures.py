"""Draws the curves of an evaluation, without a face in them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib
from matplotlib.figure import Figure

from calibration.evaluation.degraded import ByCondition
from calibration.evaluation.open_set import OpenSet
from calibration.evaluation.statistics import Rate
from calibration.evaluation.verification import Verification
from calibration.evaluation.words import people, photos

if TYPE_CHECKING:
    from calibration.evaluation.measure import Evaluation

_COLOURS = ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7")
"""Okabe and Ito's, told apart by people who do not see all colours too; lines differ in their dashes too."""
_DASHES = ("-", "--", "-.", ":", "-")
_LEAST_FPIR = 1e-4
_ACROSS = 5


def det_svg(verification: Verification) -> str:
    """FMR against FNMR, both logarithmic."""
    drawing = Figure(figsize=(6.4, 4.6), layout="constrained")
    _det(drawing.subplots(), verification)
    return _svg(drawing)


def open_set_svg(results: Sequence[OpenSet], title: str, names: Sequence[str] = ()) -> str:
    """TPIR against FPIR, a line for each result, the shipped operating point on each. names: of the lines;
    else how many people."""
    drawing = Figure(figsize=(6.4, 4.6), layout="constrained")
    _open_set(drawing.subplots(), results, title, names)
    return _svg(drawing)


def condition_svg(condition: ByCondition) -> str:
    """TPIR and rejected looks over the levels, FPIR below."""
    drawing = Figure(figsize=(6.4, 4.6), layout="constrained")
    upper, lower = drawing.subplots(2, 1, height_ratios=(3, 2), sharex=True)
    _condition(upper, lower, condition)
    upper.legend(frameon=False, fontsize=9)
    return _svg(drawing)


def draw_all(evaluation: Evaluation, path: Path) -> None:
    """One PNG: DET, TPIR over FPIR, and every condition."""
    rows = (len(evaluation.conditions) + _ACROSS - 1) // _ACROSS
    drawing = Figure(figsize=(15, 4.6 + 3.4 * rows), layout="constrained")
    parts: Any = drawing.subfigures(2, 1, height_ratios=(4.6, max(3.4 * rows, 0.1)))
    _curves(parts[0].subplots(1, 3), evaluation)
    if rows:
        axes = parts[1].subplots(2 * rows, _ACROSS, height_ratios=(3, 2) * rows, squeeze=False)
        for at in range(rows * _ACROSS):
            upper, lower = axes[2 * (at // _ACROSS) : 2 * (at // _ACROSS) + 2, at % _ACROSS]
            if at < len(evaluation.conditions):
                _condition(upper, lower, evaluation.conditions[at])
            else:
                upper.set_axis_off()
                lower.set_axis_off()
        axes[0, 0].legend(frameon=False, fontsize=8)
    drawing.savefig(path, dpi=80)


def _curves(axes: Any, evaluation: Evaluation) -> None:
    if evaluation.verification is not None:
        _det(axes[0], evaluation.verification)
    if evaluation.main is not None:
        same = [each for each in evaluation.open_set if each.photos == evaluation.main.photos]
        _open_set(axes[1], same, f"1:N, {photos(evaluation.main.photos)} of each")
        tracks = [] if evaluation.tracks is None else [evaluation.tracks]
        names = ("single looks", "fused tracks of 3 to 5 looks")
        _open_set(axes[2], [evaluation.main, *tracks], f"1:N, {people(evaluation.main.people)}", names)


def _det(axes: Any, verification: Verification) -> None:
    points = [each for each in verification.curve if each.high > 0]
    fmrs = [each.fmr for each in points]
    axes.fill_between(fmrs, [each.low for each in points], [each.high for each in points], alpha=0.2, lw=0)
    axes.plot(fmrs, [each.fnmr for each in points], color=_COLOURS[0], label="all pairs of looks")
    if verification.fmr > 0 and verification.fnmr > 0:
        axes.plot(
            verification.fmr,
            verification.fnmr,
            "*",
            color=_COLOURS[3],
            markersize=13,
            label="Kith's threshold",
        )
    if verification.eer is not None and verification.eer.value > 0:
        value = verification.eer.value
        axes.plot(value, value, "o", color=_COLOURS[2], label=f"EER {100 * value:.2f} %")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("FMR: pairs of two people taken for one")
    axes.set_ylabel("FNMR: pairs of one person missed")
    axes.set_title("1:1, DET curve")
    _plain(axes)


def _open_set(axes: Any, results: Sequence[OpenSet], title: str, names: Sequence[str] = ()) -> None:
    lowest = 1.0
    for at, each in enumerate(results):
        colour = _COLOURS[at % len(_COLOURS)]
        points = [point for point in each.curve if point.fpir >= _LEAST_FPIR]
        fpirs = [point.fpir for point in points]
        name = names[at] if names else people(each.people)
        axes.plot(fpirs, [point.tpir.value for point in points], _DASHES[at % 5], color=colour, label=name)
        spread = [point.tpir.low for point in points], [point.tpir.high for point in points]
        axes.fill_between(fpirs, *spread, color=colour, alpha=0.12, lw=0)
        lowest = min([lowest, *(point.tpir.value for point in points if point.fpir >= 5e-4)])
        _operating_point(axes, each, colour)
    axes.set_xscale("log")
    axes.set_xlim(_LEAST_FPIR, 1)
    axes.set_ylim(max(0.0, lowest - 0.25 * (1 - lowest) - 0.01), 1.002)
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.4g} %")
    axes.set_xlabel("FPIR: strangers given a name")
    axes.set_ylabel("TPIR: enrolled people given theirs")
    axes.set_title(title)
    _plain(axes)


def _operating_point(axes: Any, result: OpenSet, colour: str) -> None:
    tpir, fpir = result.shipped.tpir, result.shipped.fpir
    if tpir is None or fpir is None:
        return
    at = max(fpir.value, _LEAST_FPIR)  # none at all is drawn at the edge
    across = [[at - max(fpir.low, _LEAST_FPIR)], [max(fpir.high, at) - at]]
    along = [[tpir.value - tpir.low], [tpir.high - tpir.value]]
    axes.errorbar(
        at, tpir.value, along, across, fmt="*", color=colour, markersize=11, markeredgecolor="black"
    )


def _condition(upper: Any, lower: Any, condition: ByCondition) -> None:
    places = range(len(condition.levels))
    rates = [each.rates for each in condition.levels]
    for kind, name, colour, mark in (
        ([each.tpir for each in rates], "TPIR", _COLOURS[0], "o-"),
        ([each.rejected for each in rates], "not judged", _COLOURS[1], "s--"),
    ):
        _marked(upper, list(places), kind, (name, colour, mark))
    _marked(lower, list(places), [each.fpir for each in rates], ("FPIR", _COLOURS[3], "d-"), 1000)
    labels = [each.label.replace("as photographed", "as is") for each in condition.levels]
    upper.set_xticks(list(places))
    lower.set_xticks(list(places), labels, fontsize=8)
    lower.set_xlabel(condition.unit, fontsize=9)
    lower.set_ylabel("strangers\nnamed, ‰", fontsize=8)
    lower.set_ylim(bottom=0)
    upper.set_ylim(-0.02, 1.02)
    upper.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
    upper.set_title(condition.title, fontsize=11)
    upper.tick_params(labelbottom=False, labelsize=8)
    lower.tick_params(labelsize=8)
    for axes in (upper, lower):
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)


def _marked(
    axes: Any, places: list[int], rates: Sequence[Rate | None], look: tuple[str, str, str], scale: float = 1
) -> None:
    told = [(place, each) for place, each in zip(places, rates, strict=True) if each is not None]
    if not told:
        return
    name, colour, mark = look
    values = [each.value * scale for _, each in told]
    below = [(each.value - each.low) * scale for _, each in told]
    above = [(each.high - each.value) * scale for _, each in told]
    axes.errorbar(
        [place for place, _ in told], values, [below, above], fmt=mark, color=colour, markersize=4, label=name
    )


def _plain(axes: Any) -> None:
    axes.grid(which="major", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=9)


def _svg(drawing: Figure) -> str:
    text = io.StringIO()
    # A fixed salt: the same figures give the same file.
    with matplotlib.rc_context({"svg.hashsalt": "kith"}):
        drawing.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()
