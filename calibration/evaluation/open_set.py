"""Open-set 1:N: who is named when some people are enrolled and the others are not.

TPIR: of enrolled people's looks, the share that gets their name alone; FPIR: of strangers' looks, the share
that gets any name, one or two. A look that Kith refuses to judge names nobody and counts. The decisions are
the matcher's own at the shipped operating point; the curve takes the scores of the same matcher with its
thresholds taken away, its margins left as they are.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration._lfw import Pictured, Trial
from calibration._progress import progress
from calibration.evaluation.statistics import (
    F64,
    I64,
    Cells,
    Estimate,
    Rate,
    Resampling,
    interval,
    rate,
    share_at_or_above,
    threshold_at,
)
from kith.app.identify import judge
from kith.recognition.matcher import Matcher, TemplateSet
from kith.recognition.operating_point import OperatingPoint
from kith.types import Identification, Outcome
from kith.vision.tracks import Track

TARGET_FPIRS = (0.001, 0.003, 0.01)
_CURVE_FPIRS = np.logspace(-4, 0, 81)
_FEWEST_FALSE_NAMES = 30
_NEVER = -2.0
_CODES = {None: 0, Outcome.UNKNOWN: 1, Outcome.AMBIGUOUS: 2, Outcome.KNOWN: 3}

Bools = NDArray[np.bool_]
Answer = tuple[Identification | None, Identification | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What became of probes, one row each. cells: the gallery and whose look it was; mated: whether that
    person is enrolled; best i64: the person_id that scored highest, -1 for none; right: whether that is who
    it was; clear: whether they were far enough before the next person; score f64: below every threshold where
    the look was not judged; code: as in `named`."""

    cells: Cells
    mated: Bools
    best: I64
    right: Bools
    clear: Bools
    score: F64
    code: I64

    @property
    def judged(self) -> Bools:
        """Whether the look was worth judging."""
        return np.asarray(self.code > _CODES[None], np.bool_)

    @property
    def named(self) -> Bools:
        """Whether any name was said, one or two."""
        return np.asarray(self.code >= _CODES[Outcome.AMBIGUOUS], np.bool_)

    @property
    def ambiguous(self) -> Bools:
        """Whether two names were said."""
        return np.asarray(self.code == _CODES[Outcome.AMBIGUOUS], np.bool_)

    @property
    def alone(self) -> Bools:
        """Whether one name was said."""
        return np.asarray(self.code == _CODES[Outcome.KNOWN], np.bool_)

    def where(self, chosen: Bools) -> Answers:
        """Some of the rows."""
        cells = Cells(
            galleries=self.cells.galleries[chosen], people=self.cells.people[chosen], shape=self.cells.shape
        )
        columns = {
            each.name: getattr(self, each.name)[chosen]
            for each in dataclasses.fields(self)
            if each.name != "cells"
        }
        return Answers(cells=cells, **columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipped:
    """At the operating point as shipped. tpir, wrong_name, ambiguous: of enrolled people's looks, the share
    given their own name alone, another's alone, two; fpir, fpir_alone: of strangers' looks, the share given
    any name, and one alone; rejected: of all looks. None where there was no look of that kind."""

    tpir: Rate | None
    wrong_name: Rate | None
    ambiguous: Rate | None
    fpir: Rate | None
    fpir_alone: Rate | None
    rejected: Rate | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    """TPIR with its interval at the threshold that allows this FPIR."""

    fpir: float
    threshold: float
    tpir: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSet:
    """Of galleries of `people` with `photos` each, `galleries` of them. worst_gallery_fpir: of the one that
    did worst."""

    people: int
    photos: int
    galleries: int
    shipped: Shipped
    worst_gallery_fpir: float
    tpir_at: tuple[CurvePoint, ...]
    curve: tuple[CurvePoint, ...]


class Asked:
    """A gallery's matcher as shipped, and the same matcher without a threshold."""

    def __init__(self, templates: TemplateSet, point: OperatingPoint) -> None:
        self._shipped = Matcher(templates, point)
        self._eager = Matcher(
            templates, dataclasses.replace(point, threshold=-1.0, fused_threshold=-1.0, growth=0.0)
        )

    def photo(self, one: Pictured) -> Answer:
        """Who the face meant is, as `kith identify` decides it; None twice when it is not judged."""
        if one.meant is None:
            return None, None
        return judge(self._shipped, one.meant), judge(self._eager, one.meant)

    def track(self, track: Track) -> Answer:
        """Who a track is, as the wearable decides it."""
        fused = track.fused()
        if fused is None:
            return None, None
        looks = len(track.looks)
        return self._shipped.identify(fused, looks), self._eager.identify(fused, looks)


class Collector:
    """Gathers answers into columns. Numbers people in the order they come."""

    def __init__(self) -> None:
        self._rows: list[tuple[int, int, bool, int, bool, bool, float, int]] = []
        self._people: dict[str, int] = {}

    def add(self, gallery: int, person: str, truth: int | None, answer: Answer) -> None:
        """One probe; truth: the person_id, None for a stranger."""
        shipped, eager = answer
        number = self._people.setdefault(person, len(self._people))
        score = _NEVER if eager is None or eager.score is None else eager.score
        best = -1 if eager is None or eager.person_id is None else eager.person_id
        clear = eager is not None and eager.outcome is Outcome.KNOWN
        code = _CODES[None if shipped is None else shipped.outcome]
        mine = truth is not None and best == truth
        self._rows.append((gallery, number, truth is not None, best, mine, clear, score, code))

    def answers(self) -> Answers:
        """All so far."""
        columns = list(zip(*self._rows, strict=True)) or [()] * 8
        shape = max((row[0] for row in self._rows), default=-1) + 1, len(self._people)
        whole = [np.array(columns[at], np.int64) for at in (0, 1, 3, 7)]
        return Answers(
            cells=Cells(galleries=whole[0], people=whole[1], shape=shape),
            mated=np.array(columns[2], bool),
            best=whole[2],
            right=np.array(columns[4], bool),
            clear=np.array(columns[5], bool),
            score=np.array(columns[6], np.float64),
            code=whole[3],
        )


def ask_photos(trials: Sequence[Trial], point: OperatingPoint, what: str) -> Answers:
    """Every probe of every trial, a gallery each; what: for the progress on stderr."""
    collector = Collector()
    for gallery, trial in enumerate(progress(trials, what)):
        asked = Asked(trial.templates, point)
        for person, one, truth in trial.probes:
            collector.add(gallery, person, truth, asked.photo(one))
    return collector.answers()


def shipped(answers: Answers, resamples: int, seed: int) -> Shipped:
    """The rates at the shipped operating point."""
    mated, strangers = answers.where(answers.mated), answers.where(~answers.mated)

    def share(of: Answers, hits: Bools) -> Rate | None:
        return rate(of.cells, hits, resamples, seed)

    return Shipped(
        tpir=share(mated, mated.alone & mated.right),
        wrong_name=share(mated, mated.alone & ~mated.right),
        ambiguous=share(mated, mated.ambiguous),
        fpir=share(strangers, strangers.named),
        fpir_alone=share(strangers, strangers.alone),
        rejected=share(answers, ~answers.judged),
    )


def curve(answers: Answers, resamples: int, seed: int) -> tuple[CurvePoint, ...]:
    """TPIR over FPIR as the threshold moves and the margins stay, at FPIRs from 0.01 % to 1 and at
    TARGET_FPIRS, as far as there are strangers enough."""
    mated, strangers = answers.where(answers.mated), answers.where(~answers.mated)
    if len(mated.score) == 0 or len(strangers.score) == 0:
        return ()
    rates = np.array(sorted({*TARGET_FPIRS, *_CURVE_FPIRS.tolist()}))
    rates = rates[(rates * len(strangers.score) >= 1) & (rates <= strangers.judged.mean())]
    thresholds = np.array([threshold_at(each, strangers.score) for each in rates])
    # A look with the wrong name on top, or too near to the next, is not right at any threshold.
    fine = np.where(mated.right & mated.clear, mated.score, _NEVER)
    values = share_at_or_above(fine, thresholds)
    drawn = _drawn_anew(answers, fine, thresholds, rates, (resamples, seed))
    people = len(np.unique(mated.cells.people))
    points = []
    for at, value in enumerate(values):
        low, high = interval(drawn[:, at], float(value), people)
        estimate = Estimate(value=float(value), low=low, high=high)
        points.append(CurvePoint(fpir=float(rates[at]), threshold=float(thresholds[at]), tpir=estimate))
    return tuple(points)


def open_set(answers: Answers, size: tuple[int, int], resamples: int, seed: int) -> OpenSet:
    """Everything about galleries of one size (people, photos of each)."""
    points = curve(answers, resamples, seed)
    strangers = answers.where(~answers.mated)
    named, all_of = strangers.cells.table(strangers.named).sum(axis=1), strangers.cells.table().sum(axis=1)
    enough = {each for each in TARGET_FPIRS if each * len(strangers.score) >= _FEWEST_FALSE_NAMES}
    return OpenSet(
        people=size[0],
        photos=size[1],
        galleries=answers.cells.shape[0],
        shipped=shipped(answers, resamples, seed),
        worst_gallery_fpir=float((named / np.maximum(all_of, 1)).max(initial=0.0)),
        tpir_at=tuple(each for each in points if each.fpir in enough),
        curve=points,
    )


def _drawn_anew(answers: Answers, fine: F64, thresholds: F64, rates: F64, drawing: tuple[int, int]) -> F64:
    """TPIR at each FPIR f64[resamples, rates], galleries and people drawn anew, the threshold set anew."""
    mated, strangers = answers.where(answers.mated), answers.where(~answers.mated)
    drawn = Resampling(answers.cells.shape, *drawing)
    named = [drawn.sums(mated.cells.table(fine >= limit)) for limit in thresholds]
    mistaken = [drawn.sums(strangers.cells.table(strangers.score >= limit)) for limit in thresholds]
    all_mated, all_strangers = drawn.sums(mated.cells.table()), drawn.sums(strangers.cells.table())
    usable = (all_mated > 0) & (all_strangers > 0)
    tpirs = np.stack(named)[:, usable] / all_mated[usable]
    fpirs = np.stack(mistaken)[:, usable] / all_strangers[usable]
    # Thresholds fall from row to row: the last row whose FPIR is allowed is the loosest that may be taken.
    results = np.empty((int(usable.sum()), len(rates)))
    for at, allowed in enumerate(rates):
        within = np.maximum((fpirs <= allowed * (1 + 1e-12)).sum(axis=0) - 1, 0)
        results[:, at] = np.take_along_axis(tpirs, within[np.newaxis], axis=0)[0]
    return results
