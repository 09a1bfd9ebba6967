"""Ways to score a face against a person's templates, learnt on one half of people and tried on the other.

A way is made from the learning half's faces; it then takes templates i64[P, S] and probes i64[N], rows of
the faces, and gives scores f64[N, P].
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kith.types import F32

I64 = NDArray[np.int64]
F64 = NDArray[np.float64]
Way = Callable[[I64, I64], F64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Faces:
    """One face a photo. vectors, flipped f32[N, D]: of the face and of its mirror image, of unit norm;
    weights f32[N]: how much it counts when looks are fused; owners i64[N]: whose it is."""

    vectors: F32
    flipped: F32
    weights: F32
    owners: I64


def unit(vectors: NDArray[np.floating]) -> F64:
    """Vectors of unit norm."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-9), np.float64)


def ways(faces: Faces, learnt_on: I64) -> dict[str, Way]:
    """All candidates by what the table calls them; learnt_on: the owners whose faces may be learnt from."""
    plain = unit(faces.vectors)
    known = plain[np.isin(faces.owners, learnt_on)]
    centre = known.mean(axis=0)
    less = unit(plain - centre)
    both = unit(less + unit(unit(faces.flipped) - centre))
    within = _within(faces, learnt_on)
    whitened = unit((plain - centre) @ _whitener(within, 0.5))
    return {
        "plain cosine": _to_middles(plain, plain),
        "less the mean face": _to_middles(less, less),
        "  best template": _to_best(less),
        "  templates by quality": _to_middles(less, less, faces.weights),
        "  mirrored at enrolling": _to_middles(both, less),
        "  mirrored at probing": _to_middles(less, both),
        "  mirrored at both": _to_middles(both, both),
        "  z-norm": _normed(less, known - centre, people=True, probes=False),
        "  t-norm": _normed(less, known - centre, people=False, probes=True),
        "  s-norm": _normed(less, known - centre, people=True, probes=True),
        "  whitened within": _to_middles(whitened, whitened),
        "  PLDA": _plda(plain - centre, within, np.cov(known.T)),
    }


def _to_middles(templates: F64, probes: F64, weights: F32 | None = None) -> Way:
    def scores(enrolled: I64, asked: I64) -> F64:
        chosen = templates[enrolled]
        if weights is not None:
            chosen = chosen * weights[enrolled][..., None]
        return probes[asked] @ unit(chosen.sum(axis=1)).T

    return scores


def _to_best(vectors: F64) -> Way:
    def scores(enrolled: I64, asked: I64) -> F64:
        everything = vectors[asked] @ vectors[enrolled.ravel()].T
        best: F64 = everything.reshape(len(asked), *enrolled.shape).max(axis=2)
        return best

    return scores


def _normed(vectors: F64, cohort: NDArray[np.floating], *, people: bool, probes: bool) -> Way:
    """Scores less what a cohort would score, in its standard deviations (Auckenthaler et al., 2000), computed
    from the cohort's mean and covariance alone: no face of it is needed."""
    looks = unit(cohort)
    mean, spread = looks.mean(axis=0), np.cov(looks.T)

    def deviations(scores: F64, of: F64, axis: int) -> F64:
        expected = np.expand_dims(of @ mean, axis)
        width = np.sqrt(((of @ spread) * of).sum(axis=1))
        return np.asarray((scores - expected) / np.expand_dims(width, axis), np.float64)

    def scores(enrolled: I64, asked: I64) -> F64:
        middles = unit(vectors[enrolled].sum(axis=1))
        plain = vectors[asked] @ middles.T
        return (deviations(plain, middles, 0) if people else 0) + (
            deviations(plain, vectors[asked], 1) if probes else np.zeros_like(plain)
        )

    return scores


def _within(faces: Faces, learnt_on: I64) -> F64:
    """Covariance of a person's faces around their own mean."""
    size = faces.vectors.shape[1]
    total, freedom = np.zeros((size, size)), 0
    for owner in learnt_on:
        own = unit(faces.vectors[faces.owners == owner])
        if len(own) > 1:
            rest = own - own.mean(axis=0)
            total += rest.T @ rest
            freedom += len(own) - 1
    return total / max(freedom, 1)


def _shrunk(covariance: F64, share: float) -> F64:
    size = len(covariance)
    shrunk: F64 = (1 - share) * covariance + share * np.trace(covariance) / size * np.eye(size)
    return shrunk


def _whitener(covariance: F64, shrunk: float) -> F64:
    values, axes = np.linalg.eigh(_shrunk(covariance, shrunk))
    return np.asarray((axes * values**-0.5) @ axes.T, np.float64)


def _plda(vectors: F64, within: F64, total: F64) -> Way:
    """Log-likelihood ratio of a two-covariance model (Prince and Elder, 2007), both covariances shrunk by
    0.8, the best of those tried, towards a multiple of the identity."""
    between = _shrunk(total - within, 0.8)
    whitener = _whitener(within, 0.8)
    variances, axes = np.linalg.eigh(whitener.T @ between @ whitener)
    looks, variances = vectors @ whitener @ axes, np.maximum(variances, 1e-6)

    def scores(enrolled: I64, asked: I64) -> F64:
        count = enrolled.shape[1]
        left = variances / (count * variances + 1)
        expected = count * left * looks[enrolled].mean(axis=1)
        probes = looks[asked]
        mine, anybody = 1 / (1 + left), 1 / (1 + variances)
        squares = probes**2 @ mine
        distance = squares[:, None] - 2 * (probes * mine) @ expected.T + expected**2 @ mine
        return np.asarray(((probes**2 @ anybody)[:, None] - distance) / 2, np.float64)

    return scores
