"""The figures of docs/speed.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from bench.peers.wire import ALIGN, DETECT, EMBED, WHOLE
from bench.response import LIMITS_MS as RESPONSE_LIMITS_MS
from bench.search import LIMITS_MS

if TYPE_CHECKING:
    from bench.peers.accuracy import Accuracy
    from bench.peers.rounds import Comparison, Measured
    from bench.response import Responses
    from bench.search import Searched

_COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7")
"""Told apart by people who do not see all colours too."""
_HIGH = 0.26
_TICKS_MS = (5, 10, 20, 50, 100, 200, 500, 1000)


def draw_comparison(found: Comparison, accuracy: Mapping[str, Accuracy], path: Path) -> None:
    """Write a PNG: a whole frame, its stages, memory, and accuracy beside time."""
    drawing = Figure(figsize=(13, 8.4), layout="constrained")
    axes = drawing.subplots(2, 2)
    labels = [measured.label for measured in found.peers.values()]
    whole = {
        words: [each.least_ms(faces, WHOLE) for each in found.peers.values()]
        for words, faces in (("no face", 0), ("one face", 1), ("two faces", 2))
    }
    stages = {
        words: [each.least_ms(1, stage) for each in found.peers.values()]
        for words, stage in (("detect", DETECT), ("align, judge", ALIGN), ("embed a face", EMBED))
    }
    weights = {
        "imported and opened": [_mib(each, "opened_mib") for each in found.peers.values()],
        "after its looks": [_mib(each, "running_mib") for each in found.peers.values()],
        "at most": [_mib(each, "peak_mib") for each in found.peers.values()],
    }
    _bars(axes[0][0], labels, whole, "a whole frame of 640×480, CPU ms on one thread", log=True)
    _bars(axes[0][1], labels, stages, "its stages, one face, CPU ms", log=True)
    _bars(axes[1][0], labels, weights, "memory of the process, MiB", log=False)
    _beside(axes[1][1], found, accuracy)
    drawing.savefig(path, dpi=90)


def draw_search(searched: Sequence[Searched], path: Path) -> None:
    """Write a PNG: the time of a search as the gallery grows."""
    drawing = Figure(figsize=(8, 4.6), layout="constrained")
    axes: Any = drawing.subplots()
    sizes = [each.templates for each in searched]
    axes.loglog(
        sizes, [each.matcher_ms for each in searched], "o-", color=_COLOURS[0], label="Kith's matcher"
    )
    axes.loglog(
        sizes,
        [each.every_template_ms for each in searched],
        "s--",
        color=_COLOURS[1],
        label="the probe against every template",
    )
    for people, limit_ms in LIMITS_MS.items():
        templates = people * 10
        axes.plot([templates / 1.5, templates * 1.5], [limit_ms] * 2, color="black", linewidth=2)
        axes.annotate(f"aim: {limit_ms:g} ms", (templates, limit_ms * 1.15), ha="center", fontsize=9)
    axes.set_xlabel("templates in the gallery, ten a person")
    axes.set_ylabel("CPU ms a search, median")
    axes.set_ylim(top=30)
    axes.grid(visible=True, alpha=0.3)
    axes.legend(frameon=False, loc="upper left")
    drawing.savefig(path, dpi=90)


def draw_responses(found: Responses, path: Path) -> None:
    """Write a PNG: how often each time was heard, with its limit."""
    drawing = Figure(figsize=(12, 3.6), layout="constrained")
    for axes, (words, ms), colour in zip(
        drawing.subplots(1, 3), found.measured.items(), _COLOURS, strict=False
    ):
        limit_ms = RESPONSE_LIMITS_MS[words]
        end_ms = max(limit_ms * 1.1, float(ms.max(initial=0)) + 2)
        axes.hist(ms, bins=np.arange(0, end_ms + 1, max(limit_ms / 50, 1.0)), color=colour)
        p99_ms = float(np.percentile(ms, 99)) if len(ms) else 0.0
        axes.axvline(p99_ms, color="black", linestyle=":", label=f"99 %: {p99_ms:.1f} ms")
        axes.axvline(limit_ms, color="black", label=f"limit: {limit_ms:.0f} ms")
        axes.set_title(f"{words}, n = {len(ms):,}", fontsize=11)
        axes.set_xlabel("ms")
        axes.legend(frameon=False, fontsize=9, loc="best")
    drawing.savefig(path, dpi=90)


def _bars(
    axes: Any, labels: Sequence[str], groups: Mapping[str, Sequence[float | None]], title: str, *, log: bool
) -> None:
    for number, (words, values) in enumerate(groups.items()):
        places = [at + (number - (len(groups) - 1) / 2) * _HIGH for at in range(len(labels))]
        shown = [(place, value) for place, value in zip(places, values, strict=True) if value is not None]
        if not shown:
            continue
        axes.barh(*zip(*shown, strict=True), _HIGH * 0.92, color=_COLOURS[number], label=words)
        for place, value in shown:
            axes.annotate(
                f"{value:.0f}" if value >= 10 else f"{value:.1f}",
                (value, place),
                xytext=(3, 0),
                textcoords="offset points",
                va="center",
                fontsize=8,
            )
    axes.set_yticks(range(len(labels)), labels)
    axes.invert_yaxis()
    if log:
        axes.set_xscale("log")
    # Room for the numbers, and for the legend beside the longest bars.
    axes.margins(x=0.12 if log else 0.5)
    axes.set_title(title, fontsize=11)
    axes.legend(frameon=False, fontsize=9)


def _beside(axes: Any, found: Comparison, accuracy: Mapping[str, Accuracy]) -> None:
    for number, (key, each) in enumerate(accuracy.items()):
        whole_ms = found.peers[key].least_ms(1, WHOLE) if key in found.peers else None
        if whole_ms is None:
            continue
        low, high = each.tpir.value - each.tpir.low, each.tpir.high - each.tpir.value
        axes.errorbar(
            whole_ms,
            each.tpir.value * 100,
            yerr=[[low * 100], [high * 100]],
            fmt="osD^v"[number % 5],
            color=(*_COLOURS, "black")[number % 5],
            label=each.label,
            capsize=3,
        )
    axes.set_xscale("log")
    axes.set_xlim(5, 1000)
    axes.set_xticks(_TICKS_MS, [str(tick) for tick in _TICKS_MS])
    axes.minorticks_off()
    axes.set_xlabel("CPU ms, a whole frame with one face")
    axes.set_ylabel("% of enrolled people's looks named")
    axes.set_title("named where 1 % of the strangers are (95 % interval)", fontsize=11)
    axes.grid(visible=True, alpha=0.3)
    axes.legend(frameon=False, fontsize=8, loc="lower left")


def _mib(measured: Measured, what: str) -> float | None:
    return None if measured.weight is None else float(getattr(measured.weight, what))
