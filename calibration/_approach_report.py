"""The figures of `calibration.approaches`: their intervals, their file and their tables."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

_RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure and its interval, 95 %."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Approaches:
    """How long before contact (s) one warner warned of one target seen by one kind of sensor; negative: it
    was silent. quantiles_s: for 0, 5, ..., 100 of 100 runs."""

    sensor: str
    target: str
    warner: str
    runs: int
    fifth_s: Figure
    median_s: Figure
    never: Figure
    later_than_half_s: Figure
    later_than_1_s: Figure
    quantiles_s: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Needless:
    """How often and for what share of the time it warned on walks on which nothing was touched, and how often
    it said that it cannot see."""

    sensor: str
    walk: str
    warner: str
    runs: int
    warnings_a_minute: Figure
    share_of_time: Figure
    told_blind_a_minute: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All of it. first_seed: the seeds are this and the following."""

    first_seed: int
    approaches: tuple[Approaches, ...]
    needless: tuple[Needless, ...]


def quantile(ordered: np.ndarray, share: float) -> Figure:
    """The interval by the ranks between which it lies whatever the distribution."""
    count = len(ordered)
    spread = 1.96 * (count * share * (1 - share)) ** 0.5
    ranks = np.clip(np.array([0.0, -spread, spread]) + share * count, 0, count - 1).astype(int)
    value, low, high = (float(ordered[rank]) for rank in ranks)
    return Figure(value, low, high)


def share_of(hits: int, count: int) -> Figure:
    """Wilson's interval."""
    z = 1.96
    share = hits / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    spread = z / (1 + z * z / count) * (share * (1 - share) / count + z * z / (4 * count * count)) ** 0.5
    return Figure(share, max(middle - spread, 0.0), min(middle + spread, 1.0))


def mean(values: np.ndarray) -> Figure:
    """The interval by drawing walks anew, with the same chance each time."""
    chance = np.random.default_rng(1)
    means = values[chance.integers(0, len(values), (_RESAMPLES, len(values)))].mean(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return Figure(float(values.mean()), float(low), float(high))


def as_json(report: Report) -> str:
    """A row a line."""
    tables: dict[str, Sequence[Approaches | Needless]] = {
        "approaches": report.approaches,
        "needless": report.needless,
    }
    rows = {name: ",\n  ".join(json.dumps(asdict(each)) for each in table) for name, table in tables.items()}
    return "\n".join(
        [
            f'{{"first_seed": {report.first_seed},',
            f' "approaches": [\n  {rows["approaches"]}],',
            f' "needless": [\n  {rows["needless"]}]}}\n',
        ]
    )


def from_json(text: str) -> Report:
    """What `as_json` wrote."""
    table = json.loads(text)

    def row(values: dict[str, Any]) -> dict[str, Any]:
        made: dict[str, Any] = {
            name: Figure(**value) if isinstance(value, dict) else value for name, value in values.items()
        }
        if "quantiles_s" in made:
            made["quantiles_s"] = tuple(made["quantiles_s"])
        return made

    return Report(
        first_seed=table["first_seed"],
        approaches=tuple(Approaches(**row(each)) for each in table["approaches"]),
        needless=tuple(Needless(**row(each)) for each in table["needless"]),
    )


def as_text(report: Report) -> str:
    """Two tables in Markdown."""
    lines = [
        "| sensor | towards | warned by | 5th of 100, s before contact | median, s before contact "
        "| never, % | less than 0.5 s before, % | less than 1 s before, % |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {each.sensor} | {each.target} | {each.warner} | {_seconds(each.fifth_s)} "
        f"| {_seconds(each.median_s)} | {_percent(each.never)} | {_percent(each.later_than_half_s)} "
        f"| {_percent(each.later_than_1_s)} |"
        for each in report.approaches
    ]
    lines += [
        "",
        "| sensor | walk | warned by | needless warnings a minute | share of the time, % "
        "| said that it cannot see, a minute |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {each.sensor} | {each.walk} | {each.warner} | {_plain(each.warnings_a_minute)} "
        f"| {_percent(each.share_of_time)} | {_plain(each.told_blind_a_minute)} |"
        for each in report.needless
    ]
    return "\n".join(lines)


def _seconds(figure: Figure) -> str:
    if figure.value < 0:
        return "never"
    low = "never" if figure.low < 0 else f"{figure.low:.2f}"
    return f"{figure.value:.2f} ({low}–{figure.high:.2f})"


def _percent(figure: Figure) -> str:
    return f"{figure.value * 100:.1f} ({figure.low * 100:.1f}–{figure.high * 100:.1f})"


def _plain(figure: Figure) -> str:
    return f"{figure.value:.1f} ({figure.low:.1f}–{figure.high:.1f})"
