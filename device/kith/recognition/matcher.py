"""Who a face is: exact search over everybody, and the decision at the operating point.

A score is a cosine after the network's mean face is taken away from both sides. All faces share that mean,
and what is no face at all lies near it too; without it strangers are less like everybody, and one threshold
holds however many templates a person has. A person is the middle of their templates, less those that disagree
with the rest. What was tried, and the figures: docs/decisions/matching.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kith.errors import CalibrationMismatch, GalleryModelMismatch
from kith.recognition.operating_point import OperatingPoint
from kith.types import F32, Embedding, Identification, Outcome

I64 = NDArray[np.int64]

DENIAL_LEAD = 0.1
"""So much nearer than a person's middle a counter-example of theirs must be for the name to be withheld. With
less, more of the true person's looks are withheld where the wearer marked one of these by mistake; with more,
more of a marked stranger's looks are named again (docs/correction.md)."""

OUTLIER_AGREEMENT = 0.2
"""Least centred cosine of a template to the middle of the person's others, where there are two or more.
Of the development faces 0.1 % fall below it, some of them mislabelled; of strangers' faces 98.6 % do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateSet:
    """All templates of a gallery: vectors f32[N, D] of unit norm, person_ids i64[N] ascending, both
    read-only."""

    vectors: F32
    person_ids: I64
    model_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Middles:
    """What people are compared by: person_ids i64[P] ascending, vectors f32[P, D] centred and of unit norm,
    templates i64[P]: how many templates each one is made of."""

    person_ids: I64
    vectors: F32
    templates: I64


class Matcher:
    """Immutable, so one may be made in a thread and handed to another."""

    def __init__(
        self, templates: TemplateSet, point: OperatingPoint, counterexamples: TemplateSet | None = None
    ) -> None:
        """counterexamples: looks that were given a person's name wrongly. Raises CalibrationMismatch when the
        operating point is of another network."""
        _check(templates, point)
        self._centre = np.array(point.centre, np.float32)
        self._middles = middles(templates, self._centre)
        self._point = point
        self._denials: dict[int, F32] = {}
        if counterexamples is not None and len(counterexamples.vectors):
            _check(counterexamples, point)
            vectors, owners = centred(counterexamples.vectors, self._centre), counterexamples.person_ids
            self._denials = {int(owner): vectors[owners == owner] for owner in np.unique(owners)}

    @property
    def point(self) -> OperatingPoint:
        """The operating point at which it decides."""
        return self._point

    @property
    def centre(self) -> F32:
        """The network's mean face f32[D]."""
        return self._centre

    def identify(self, embedding: Embedding, looks: int = 1) -> Identification:
        """Compare a probe with everybody. looks: how many looks are fused in it. Raises
        GalleryModelMismatch for an embedding of another network."""
        if embedding.model_id != self._point.model_id:
            raise GalleryModelMismatch(
                f"a face of {embedding.model_id} cannot be compared with templates of {self._point.model_id}"
            )
        people = self._middles.person_ids.size
        if people == 0:
            return _answer(Outcome.UNKNOWN)
        probe = centred(embedding.vector, self._centre)
        scores = self._middles.vectors @ probe
        answer = self._decide(scores, self._point.threshold_for(people, looks))
        if self._denials and answer.person_id is not None:
            return self._unless_denied(answer, probe, scores, self._point.threshold_for(people, looks))
        return answer

    def _decide(self, scores: F32, threshold: float) -> Identification:
        best = int(np.argmax(scores))
        score = float(scores[best])
        scores[best] = -np.inf
        second = int(np.argmax(scores))
        second_score = float(scores[second])
        scores[best] = score
        if math.isinf(second_score):  # there is no other
            return self._named(score, threshold, best, None, None)
        return self._named(score, threshold, best, second, score - second_score)

    def _unless_denied(
        self, answer: Identification, probe: F32, scores: F32, threshold: float
    ) -> Identification:
        """The answer where no counter-example speaks against it. Where one of two is denied the other is
        named if they would be without the first; nobody is named in the place of a name that was denied."""
        two = [each for each in (answer.person_id, answer.runner_up_id) if each is not None]
        rows = {each: int(np.searchsorted(self._middles.person_ids, each)) for each in two}
        denied = [each for each in two if self._denies(each, probe, float(scores[rows[each]]))]
        if not denied:
            return answer
        if len(denied) < len(two):
            scores[rows[denied[0]]] = -np.inf
            other = self._decide(scores, threshold)
            if other.outcome is Outcome.KNOWN and other.person_id in two:
                return other
        return _answer(Outcome.UNKNOWN, score=answer.score, margin=answer.margin)

    def _denies(self, person_id: int, probe: F32, score: float) -> bool:
        looks = self._denials.get(person_id)
        return looks is not None and float(np.max(looks @ probe)) > score + DENIAL_LEAD

    def _named(
        self, score: float, threshold: float, best: int, second: int | None, margin: float | None
    ) -> Identification:
        if not score >= threshold:  # nor what is no number
            return _answer(Outcome.UNKNOWN, score=score, margin=margin)
        person_id = int(self._middles.person_ids[best])
        if second is None or margin is None or margin >= self._least_margin(best, second):
            return _answer(Outcome.KNOWN, person_id, score=score, margin=margin)
        other_id = int(self._middles.person_ids[second])
        return _answer(Outcome.AMBIGUOUS, person_id, other_id, score=score, margin=margin)

    def _least_margin(self, best: int, second: int) -> float:
        of = self._middles
        likeness = of.vectors[best] @ of.vectors[second]
        counts = of.templates[[best, second]]
        growth = float(margin_growth(likeness, counts[0], counts[1], self._point.scatter))
        return growth if math.isinf(growth) else self._point.margin * growth


def centred(vectors: F32, centre: F32) -> F32:
    """Unit vectors f32[..., D] without the network's mean face f32[D], of unit norm again."""
    rest = vectors - centre
    lengths = np.linalg.norm(rest, axis=-1, keepdims=True)
    return np.asarray(rest / np.maximum(lengths, 1e-6), np.float32)


def middles(templates: TemplateSet, centre: F32) -> Middles:
    """Each person's templates as one vector: their mean, without those that OUTLIER_AGREEMENT sets aside."""
    people, starts, counts = np.unique(templates.person_ids, return_index=True, return_counts=True)
    if people.size == 0:
        return Middles(person_ids=people, vectors=np.zeros((0, centre.size), np.float32), templates=counts)
    vectors = centred(templates.vectors, centre)
    sums = np.add.reduceat(vectors, starts, axis=0)
    agreements = _agreements(vectors, np.repeat(sums, counts, axis=0))
    for at in np.flatnonzero((counts > 2) & (np.minimum.reduceat(agreements, starts) < OUTLIER_AGREEMENT)):
        kept = _without_outliers(vectors[starts[at] : starts[at] + counts[at]])
        sums[at], counts[at] = kept.sum(axis=0), len(kept)
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    unit = np.asarray(sums / np.maximum(lengths, 1e-6), np.float32)
    return Middles(person_ids=people, vectors=unit, templates=counts)


def margin_growth(
    likeness: NDArray[np.floating], first: I64, second: I64, scatter: float
) -> NDArray[np.float64]:
    """By how much the margin between two people grows with the cosine `likeness` of their middles, made of
    `first` and `second` templates; 1 for people who have nothing in common.

    Middles of n templates are blurred: two of one person have a cosine of only `same`. What still sets two
    people apart is that part of their difference which this does not explain; from `same` on nothing
    does, and the growth is infinite.
    """
    same = 1 / np.sqrt((1 + scatter / first) * (1 + scatter / second))
    room = same - likeness
    return np.where(room > 0, same * (1 - likeness) / np.maximum(room, 1e-9), np.inf)


def _agreements(vectors: F32, sums: F32) -> F32:
    """Cosine of each unit vector f32[N, D] to its sum f32[N, D] less itself."""
    along = np.einsum("ij,ij->i", vectors, sums)
    lengths = np.sqrt(np.maximum(np.einsum("ij,ij->i", sums, sums) - 2 * along + 1, 1e-12))
    return np.asarray((along - 1) / lengths, np.float32)


def _without_outliers(vectors: F32) -> F32:
    """The worst goes first: it spoils how well the others agree. Of two nobody can say which is right."""
    while len(vectors) > 2:
        agreements = _agreements(vectors, np.broadcast_to(vectors.sum(axis=0), vectors.shape))
        worst = int(np.argmin(agreements))
        if agreements[worst] >= OUTLIER_AGREEMENT:
            break
        vectors = np.delete(vectors, worst, axis=0)
    return vectors


def _check(templates: TemplateSet, point: OperatingPoint) -> None:
    if point.model_id != templates.model_id:
        raise CalibrationMismatch(
            f"the operating point was measured for {point.model_id}, the gallery holds templates of "
            f"{templates.model_id}; run `make calibrate`"
        )
    if len(templates.vectors) and templates.vectors.shape[1] != len(point.centre):
        raise CalibrationMismatch(
            f"the operating point's centre has {len(point.centre)} numbers, a template "
            f"{templates.vectors.shape[1]}; run `make calibrate`"
        )


def _answer(
    outcome: Outcome,
    person_id: int | None = None,
    runner_up_id: int | None = None,
    *,
    score: float | None = None,
    margin: float | None = None,
) -> Identification:
    return Identification(
        outcome=outcome, person_id=person_id, runner_up_id=runner_up_id, score=score, margin=margin
    )
