"""What becomes of looks, one by one and fused to tracks: scores against their own person and others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration._quality_looks import Looks
from kith.errors import InputError
from kith.types import F32

GALLERY_PEOPLE = 50
_GALLERIES = 20
_F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracks:
    """Simulated tracks. rows: of the looks in each, at most 8 of one person; templates: of that person from
    photos that are not in the track, f32[D]; person: whose."""

    rows: tuple[NDArray[np.int64], ...]
    templates: F32
    person: NDArray[np.int64]


def mated_scores(looks: Looks) -> F32:
    """The cosine of each look with the mean of its person's clean looks of other photos; nan where there is
    no other photo."""
    scores = np.full(len(looks.person), np.nan, np.float32)
    for person in np.unique(looks.person):
        own = np.flatnonzero(looks.person == person)
        for at in own:
            others = own[looks.clean[own] & (looks.photo[own] != looks.photo[at])]
            if len(others):
                scores[at] = float(looks.vector[at] @ unit(looks.vector[others].mean(axis=0)))
    return scores


def templates(looks: Looks) -> tuple[NDArray[np.int64], F32]:
    """The people who have a clean look, and the mean of theirs, f32[P, D]."""
    people = np.unique(looks.person[looks.clean])
    means = [unit(looks.vector[looks.clean & (looks.person == person)].mean(axis=0)) for person in people]
    return people, np.array(means, np.float32)


def stranger_scores(asked: Looks, everything: Looks, rng: np.random.Generator) -> F32:
    """The best score of each look asked about in each of 20 random galleries of 50 other people, f32[20, N];
    templates are of everything."""
    people, means = templates(everything)
    return np.stack([_best_of_others(asked, people, means, rng) for _ in range(_GALLERIES)])


def _best_of_others(looks: Looks, people: NDArray[np.int64], means: F32, rng: np.random.Generator) -> F32:
    drawn = rng.choice(len(people), min(GALLERY_PEOPLE, len(people) - 1), replace=False)
    scores = looks.vector @ means[drawn].T
    scores[looks.person[:, np.newaxis] == people[drawn][np.newaxis]] = -1.0
    return np.asarray(scores.max(axis=1), np.float32)


def threshold_at(looks: Looks, fmr: float) -> float:
    """The score that so small a share of the clean looks reach with the template of somebody else."""
    people, means = templates(looks)
    clean = looks.of(looks.clean)
    scores = clean.vector @ means.T
    return float(np.quantile(scores[clean.person[:, np.newaxis] != people[np.newaxis]], 1 - fmr))


def rejecting(value: F32, failed: NDArray[np.bool_] | F32, shares: Sequence[float]) -> list[float]:
    """The rate of failures among what is kept when the worst so large shares of the looks are dropped."""
    order = np.argsort(value, kind="stable")
    sorted_failures = failed[order].astype(np.float64)
    kept = [sorted_failures[round(share * len(order)) :] for share in shares]
    return [float(each.mean()) if len(each) else float("nan") for each in kept]


def draw_tracks(looks: Looks, each: int, rng: np.random.Generator) -> Tracks:
    """Up to `each` tracks a person, of 3 to 8 spoilt looks, of photos other than the half that is enrolled.
    Raises InputError when nobody has photos and looks enough."""
    rows: list[NDArray[np.int64]] = []
    means: list[F32] = []
    owners: list[int] = []
    for person in np.repeat(np.unique(looks.person), each).tolist():
        own = np.flatnonzero(looks.person == person)
        photos = rng.permutation(np.unique(looks.photo[own]))
        of_enrolled = np.isin(looks.photo[own], photos[: max(1, len(photos) // 2)])
        enrolled, seen = own[of_enrolled & looks.clean[own]], own[~of_enrolled & ~looks.clean[own]]
        if len(enrolled) and len(seen) >= 3:
            rows.append(rng.choice(seen, min(int(rng.integers(3, 9)), len(seen)), replace=False))
            means.append(unit(looks.vector[enrolled].mean(axis=0)))
            owners.append(person)
    if not rows:
        raise InputError("nobody has photos enough for a track; give more people or more spoilt looks")
    return Tracks(rows=tuple(rows), templates=np.array(means, np.float32), person=np.array(owners, np.int64))


def fused(looks: Looks, tracks: Tracks, weight: F32) -> F32:
    """One vector a track, f32[T, D]: the weighted mean of its looks, of length one."""
    vectors = [unit((looks.vector[rows] * weight[rows, np.newaxis]).sum(axis=0)) for rows in tracks.rows]
    return np.array(vectors, np.float32)


def mean_over_people(values: F32, person: NDArray[np.int64]) -> tuple[float, float, float]:
    """The mean, and its 95 % interval by drawing the people anew 2,000 times."""
    people, of = np.unique(person, return_inverse=True)
    sums, counts = np.bincount(of, values), np.bincount(of)
    drawn = np.random.default_rng(0).multinomial(len(people), np.full(len(people), 1 / len(people)), 2000)
    low, high = np.quantile((drawn @ sums) / (drawn @ counts), [0.025, 0.975])
    return float(values.mean()), float(low), float(high)


def unit(vector: F32) -> F32:
    """Made of length one."""
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9), np.float32)
