"""1:1: every look of the folder compared with every other, one against one.

FMR: of pairs of two people, the share whose score reaches the threshold; FNMR: of pairs of one person, the
share whose score does not. Looks that Kith refuses to judge make no pair; their share is the failure to
acquire. The score of a pair is what the matcher computes for a person of one template.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.evaluation.statistics import (
    F64,
    I64,
    Estimate,
    equal_error,
    interval,
    share_at_or_above,
    threshold_at,
)
from kith.types import F32

TARGET_FMRS = (1e-3, 1e-4, 1e-5)
FEWEST_FALSE_MATCHES = 30
"""An error rate is not told from fewer errors than these: the rule of 30 (Doddington et al., Speech
Communication 2000)."""
_TAIL_PAIRS = 1_000_000
_ROWS_AT_ONCE = 512
_CURVE_FMRS = (*(float(f"{digit}e{power}") for power in range(-6, -1) for digit in range(1, 10)), 0.1)
_EER_STEPS = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Scores of all pairs. first, second: whose looks the non-mated ones are, of those kept; mated_people:
    whose the mated ones are. nonmated f64[n] descending: the highest, at most a million, of nonmated_total;
    looks i64[people]: how many each person has."""

    mated: F64
    mated_people: I64
    nonmated: F64
    first: I64
    second: I64
    nonmated_total: int
    looks: I64


@dataclass(frozen=True, slots=True, kw_only=True)
class DetPoint:
    """One point of the DET curve; low and high: the 95 % interval of fnmr at this fmr."""

    fmr: float
    fnmr: float
    low: float
    high: float
    threshold: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FnmrAt:
    """FNMR where the threshold allows an FMR of at most `fmr`."""

    fmr: float
    threshold: float
    fnmr: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The result. eer: None when the curves meet beyond the pairs kept; fnmr_at: the FMRs of TARGET_FMRS for
    which there are pairs enough; fmr, fnmr: at Kith's own threshold."""

    looks: int
    people: int
    mated_pairs: int
    nonmated_pairs: int
    eer: Estimate | None
    fnmr_at: tuple[FnmrAt, ...]
    curve: tuple[DetPoint, ...]
    threshold: float
    fmr: float
    fnmr: float


def all_pairs(vectors: F32, people: I64) -> Pairs:
    """Compare unit vectors f32[N, D], people i64[N] from 0, each with each."""
    mated, mated_people = _mated(vectors, people)
    pieces = []
    lowest = -np.inf
    for at in range(0, len(vectors), _ROWS_AT_ONCE):
        pieces.append(_nonmated(vectors, people, at, lowest))
        if sum(len(piece) for piece in pieces) > 2 * _TAIL_PAIRS:
            pieces = [_highest(np.concatenate(pieces))]
            lowest = float(pieces[0]["score"].min())
    kept = _highest(np.concatenate(pieces)) if pieces else _nonmated(vectors, people, 0, lowest)
    kept = kept[np.argsort(-kept["score"], kind="stable")]
    looks = np.bincount(people)
    return Pairs(
        mated=mated,
        mated_people=mated_people,
        nonmated=kept["score"].astype(np.float64),
        first=people[kept["first"]],
        second=people[kept["second"]],
        nonmated_total=_pairs_between(looks.astype(np.float64)),
        looks=looks,
    )


def verify(pairs: Pairs, threshold: float, resamples: int, seed: int) -> Verification | None:
    """FMR, FNMR, EER and the curve, at Kith's threshold too; None without both kinds of pairs."""
    if len(pairs.mated) == 0 or len(pairs.nonmated) == 0:
        return None
    rates = np.array(sorted({*TARGET_FMRS, *_CURVE_FMRS}))
    rates = rates[rates * pairs.nonmated_total < len(pairs.nonmated)]
    thresholds = np.array([_threshold(pairs, each) for each in rates])
    values = 1 - share_at_or_above(pairs.mated, thresholds)
    drawn, eers = _resampled(pairs, rates, resamples, seed)
    owners = len(np.unique(pairs.mated_people))
    spans = [interval(drawn[:, at], float(value), owners) for at, value in enumerate(values)]
    told = [
        (float(fmr), float(limit), Estimate(value=float(value), low=low, high=high))
        for fmr, limit, value, (low, high) in zip(rates, thresholds, values, spans, strict=True)
    ]
    enough = [each for each in told if each[0] * pairs.nonmated_total >= FEWEST_FALSE_MATCHES]
    kept_share = len(pairs.nonmated) / pairs.nonmated_total
    return Verification(
        looks=int(pairs.looks.sum()),
        people=int((pairs.looks > 0).sum()),
        mated_pairs=len(pairs.mated),
        nonmated_pairs=pairs.nonmated_total,
        eer=_eer(pairs, eers),
        fnmr_at=tuple(
            FnmrAt(fmr=fmr, threshold=limit, fnmr=fnmr) for fmr, limit, fnmr in enough if fmr in TARGET_FMRS
        ),
        curve=tuple(
            DetPoint(fmr=fmr, fnmr=fnmr.value, low=fnmr.low, high=fnmr.high, threshold=limit)
            for fmr, limit, fnmr in told
            if fmr * pairs.nonmated_total >= 1
        ),
        threshold=threshold,
        fmr=float(share_at_or_above(pairs.nonmated, np.array([threshold]))[0]) * kept_share,
        fnmr=float(1 - share_at_or_above(pairs.mated, np.array([threshold]))[0]),
    )


def too_few_for(verification: Verification) -> Sequence[float]:
    """The FMRs of TARGET_FMRS that this many pairs say nothing of."""
    return [each for each in TARGET_FMRS if each not in {told.fmr for told in verification.fnmr_at}]


_PAIR = np.dtype([("score", np.float32), ("first", np.int32), ("second", np.int32)])


def _mated(vectors: F32, people: I64) -> tuple[F64, I64]:
    scores, owners = [np.zeros(0)], [np.zeros(0, np.int64)]
    for person in np.flatnonzero(np.bincount(people, minlength=1) > 1):
        own = vectors[people == person].astype(np.float64)
        found = (own @ own.T)[np.triu_indices(len(own), 1)]
        scores.append(found)
        owners.append(np.full(len(found), person))
    return np.concatenate(scores), np.concatenate(owners)


def _nonmated(vectors: F32, people: I64, at: int, lowest: float) -> NDArray[np.void]:
    """The pairs of rows from `at` on with all rows after them, above a score."""
    scores = vectors[at : at + _ROWS_AT_ONCE] @ vectors.T
    rows = np.arange(at, at + len(scores))[:, np.newaxis]
    later = np.arange(len(vectors))[np.newaxis] > rows
    others = people[rows] != people[np.newaxis]
    first, second = np.nonzero(later & others & (scores > lowest))
    found: NDArray[np.void] = np.empty(len(first), _PAIR)
    found["score"], found["first"], found["second"] = scores[first, second], first + at, second
    return found


def _highest(found: NDArray[np.void]) -> NDArray[np.void]:
    if len(found) <= _TAIL_PAIRS:
        return found
    kept: NDArray[np.void] = found[np.argpartition(-found["score"], _TAIL_PAIRS)[:_TAIL_PAIRS]]
    return kept


def _pairs_between(looks: F64) -> int:
    """How many pairs of looks are of two people, f64[people] looks each."""
    return round(float(looks.sum() ** 2 - (looks**2).sum()) / 2)


def _threshold(pairs: Pairs, fmr: float) -> float:
    share = fmr * pairs.nonmated_total / len(pairs.nonmated)
    return threshold_at(share, pairs.nonmated)


def _resampled(pairs: Pairs, rates: F64, resamples: int, seed: int) -> tuple[F64, F64]:
    """FNMR at each FMR f64[resamples, rates], and the EER f64[resamples], people drawn anew.

    A pair of two people counts as often as both were drawn together; two drawings of one person are not
    compared with each other."""
    rng = np.random.default_rng(seed)
    count = len(pairs.looks)
    order = np.argsort(pairs.mated)
    mated, owners = pairs.mated[order], pairs.mated_people[order]
    steps = np.unique(np.geomspace(1, len(pairs.nonmated), _EER_STEPS).astype(np.int64))[::-1] - 1
    mated_below = np.searchsorted(mated, _beyond(pairs.nonmated[steps]), side="left")
    fnmrs, eers = np.full((resamples, len(rates)), np.nan), np.full(resamples, np.nan)
    for at in range(resamples):
        weights = rng.multinomial(count, np.full(count, 1 / count)).astype(np.float64)
        below = np.concatenate([[0.0], np.cumsum(weights[owners])])
        matched = np.cumsum(weights[pairs.first] * weights[pairs.second])
        total = _pairs_between(weights * pairs.looks)
        if below[-1] == 0 or total == 0:
            continue
        # A looser threshold lets the next pair in; the strictest that a rate still allows is after it.
        allowed = np.searchsorted(matched, rates * total * (1 + 1e-12), side="right")
        limit = pairs.nonmated[np.minimum(allowed, len(matched) - 1)]
        fnmrs[at] = below[np.searchsorted(mated, limit, side="right")] / below[-1]
        eers[at] = equal_error(np.append(matched[steps], 0) / total, below[mated_below] / below[-1])
    drawn = ~np.isnan(fnmrs).any(axis=1)
    return fnmrs[drawn], eers[drawn]


def _eer(pairs: Pairs, drawn: F64) -> Estimate | None:
    ascending = pairs.nonmated[::-1]
    matched = np.arange(len(ascending), -1, -1) / pairs.nonmated_total
    value = equal_error(matched, 1 - share_at_or_above(pairs.mated, _beyond(ascending)))
    beyond = len(ascending) < pairs.nonmated_total and value >= matched[0]
    if np.isnan(value) or np.isnan(drawn).any() or beyond:
        return None
    low, high = interval(drawn, value, len(np.unique(pairs.mated_people)))
    return Estimate(value=value, low=low, high=high)


def _beyond(thresholds: F64) -> F64:
    """Ascending thresholds, and one that no pair of two people reaches."""
    return np.append(thresholds, np.nextafter(thresholds[-1], np.inf))
