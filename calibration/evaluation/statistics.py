"""Error rates and their intervals. ISO/IEC 19795-1 gives the words; who is drawn anew are people.

Looks of one person are alike, so an interval over looks would be too narrow. Two-way tables, galleries by
people, are drawn anew both ways at once ("The Pigeonhole Bootstrap", Owen, Annals of Applied Statistics
2007), which is on the safe side. A rate of 0 or 1, where drawing anew shows no spread, gets the exact
interval of a binomial over people (Clopper and Pearson, Biometrika 1934).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

COVERAGE = 0.95
_TAILS = ((1 - COVERAGE) / 2, (1 + COVERAGE) / 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A share 0..1 with its 95 % interval over people; of `trials` looks of `people` people."""

    value: float
    low: float
    high: float
    trials: int
    people: int

    def __str__(self) -> str:
        return _spoken(self.value, self.low, self.high)

    @property
    def per_thousand(self) -> str:
        """The same of a thousand."""
        low, high = self.low * 1000, self.high * 1000
        return f"{self.value * 1000:.1f} ({low:.1f} to {high:.1f})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A value with its 95 % interval over people."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return _spoken(self.value, self.low, self.high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """Where each probe belongs: galleries i64[n] and people i64[n], numbered from 0; shape: how many there
    are of both, some perhaps without a probe."""

    galleries: I64
    people: I64
    shape: tuple[int, int]

    def table(self, hits: NDArray[np.bool_] | None = None) -> F64:
        """How many probes each cell holds, f64[galleries, people]; only those that are hits, if given."""
        flat = self.galleries * self.shape[1] + self.people
        counts = np.bincount(flat if hits is None else flat[hits], minlength=self.shape[0] * self.shape[1])
        return counts.astype(np.float64).reshape(self.shape)


class Resampling:
    """`resamples` drawings of galleries and people with replacement, the same for every table of a shape."""

    def __init__(self, shape: tuple[int, int], resamples: int, seed: int) -> None:
        rng = np.random.default_rng([seed, *shape])
        self._galleries = _drawn(shape[0], resamples, rng)
        self._people = _drawn(shape[1], resamples, rng)

    def sums(self, table: F64) -> F64:
        """The sum of a table f64[galleries, people] in each drawing, f64[resamples]."""
        occupied = table.any(axis=0)
        by_person = self._galleries @ table[:, occupied]
        return np.asarray((by_person * self._people[:, occupied]).sum(axis=1), np.float64)


def rate(cells: Cells, hits: NDArray[np.bool_], resamples: int, seed: int) -> Rate | None:
    """The share of probes that are hits bool[n]; None when there is no probe."""
    if len(hits) == 0:
        return None
    trials, found = cells.table(), cells.table(hits)
    used = np.ix_(trials.any(axis=1), trials.any(axis=0))
    trials, found = trials[used], found[used]
    people = trials.shape[1]
    value = float(hits.mean())
    drawn = Resampling(trials.shape, resamples, seed)
    totals = drawn.sums(trials)
    low, high = interval(drawn.sums(found)[totals > 0] / totals[totals > 0], value, people)
    return Rate(value=value, low=low, high=high, trials=len(hits), people=people)


def interval(values: F64, estimate: float, people: int) -> tuple[float, float]:
    """The middle 95 % of resampled shares, widened to hold the estimate itself; where that is 0 or 1, the
    exact interval over so many people."""
    if estimate in (0.0, 1.0):
        return exact_interval(round(estimate) * people, people)
    low, high = np.quantile(values, _TAILS)
    return min(float(low), estimate), max(float(high), estimate)


def exact_interval(hits: int, trials: int) -> tuple[float, float]:
    """Clopper and Pearson's interval where all of `trials` were hits, or none."""
    bound = float(_TAILS[0] ** (1 / trials))
    if hits == 0:
        return 0.0, 1 - bound
    if hits == trials:
        return bound, 1.0
    raise ValueError(f"{hits} of {trials} is neither none nor all")


def share_at_or_above(scores: F64, thresholds: F64) -> F64:
    """For each threshold f64[T] the share of scores f64[n] that reach it."""
    ascending = np.sort(scores)
    return (len(scores) - np.searchsorted(ascending, thresholds, side="left")) / max(len(scores), 1)


def threshold_at(false_rate: float, nonmated: F64) -> float:
    """The lowest threshold that at most a share `false_rate` of the non-mated scores f64[n] reaches."""
    descending = -np.sort(-nonmated)
    allowed = int(np.floor(false_rate * len(descending) * (1 + 1e-12)))
    if allowed >= len(descending):
        return float(descending[-1])
    return float(np.nextafter(descending[allowed], np.inf))


def equal_error(false_match: F64, false_non_match: F64) -> float:
    """Where two error rates meet, given over ascending thresholds, the first falling, the second rising:
    between the two thresholds around the crossing both are taken as straight lines."""
    above = np.flatnonzero(false_non_match >= false_match)
    if above.size == 0:
        return float("nan")
    after = int(above[0])
    if after == 0:
        return float((false_match[0] + false_non_match[0]) / 2)
    gap_before = false_match[after - 1] - false_non_match[after - 1]
    gap_after = false_non_match[after] - false_match[after]
    share = gap_before / (gap_before + gap_after)
    return float(false_match[after - 1] + share * (false_match[after] - false_match[after - 1]))


def _spoken(value: float, low: float, high: float) -> str:
    return f"{100 * value:.2f} % ({100 * low:.2f} to {100 * high:.2f})"


def _drawn(count: int, resamples: int, rng: np.random.Generator) -> F64:
    if count <= 1:
        return np.ones((resamples, count))
    drawn = rng.integers(count, size=(resamples, count)) + count * np.arange(resamples)[:, np.newaxis]
    weights = np.bincount(drawn.ravel(), minlength=resamples * count)
    return weights.astype(np.float64).reshape(resamples, count)
