"""Galleries and probes as arrays, so that many operating points can be tried on the same scores."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration import _lfw
from kith.errors import InputError
from kith.recognition.matcher import centred, margin_growth, middles
from kith.types import F32, Embedding
from kith.vision import quality

People = dict[str, list[_lfw.Pictured]]

NOT_JUDGED = -1.0
TRACK_LOOKS = (3, 4, 5)
TRACKS_A_PERSON = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Probes:
    """Faces to be named: vectors f32[N, D] as the network gives them, zeros for what was not judged; people,
    and truth i64[N]: the person_id, -1 for a stranger."""

    vectors: F32
    people: tuple[str, ...]
    truth: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """What a gallery says of its probes. best f32[N]: score of the best candidate; right bool[N]: it is the
    true one; lead f64[N]: its lead over the next, divided by the growth of the margin between the two."""

    people: tuple[str, ...]
    strangers: NDArray[np.bool_]
    best: F32
    right: NDArray[np.bool_]
    lead: NDArray[np.float64]

    def named(self, threshold: float) -> NDArray[np.bool_]:
        """Probes that get any name."""
        return self.best >= threshold

    def named_rightly(self, threshold: float, margin: float) -> NDArray[np.bool_]:
        """Probes that get their own name alone."""
        return self.named(threshold) & self.right & (self.lead >= margin)


def looks_of(trial: _lfw.Trial) -> Probes:
    """Every probe photo by itself."""
    looks = [None if one.meant is None else one.meant.embedding for _, one, _ in trial.probes]
    nothing = np.zeros(next(look.vector.size for look in looks if look is not None), np.float32)
    vectors = np.array([nothing if look is None else look.vector for look in looks], np.float32)
    truth = [-1 if truth is None else truth for _, _, truth in trial.probes]
    people = tuple(person for person, _, _ in trial.probes)
    return Probes(vectors=vectors, people=people, truth=np.array(truth, np.int64))


def tracks_of(trial: _lfw.Trial, rng: np.random.Generator) -> Probes:
    """Tracks: three to five photos of one person that were judged, fused as the device fuses a track's
    looks; two tracks of each person who has photos enough."""
    photos: dict[tuple[str, int], list[Embedding]] = {}
    for person, one, truth in trial.probes:
        if one.meant is not None and one.meant.embedding is not None:
            photos.setdefault((person, -1 if truth is None else truth), []).append(one.meant.embedding)
    vectors, people, truths = [], [], []
    for (person, truth), looks in photos.items():
        if len(looks) < TRACK_LOOKS[0]:
            continue
        for count in rng.choice(TRACK_LOOKS, TRACKS_A_PERSON):
            vectors.append(fused([looks[at] for at in rng.permutation(len(looks))[:count]]))
            people.append(person)
            truths.append(truth)
    if not vectors:
        raise InputError(f"nobody has {TRACK_LOOKS[0]} photos beside those enrolled; tracks need them")
    return Probes(
        vectors=np.array(vectors, np.float32),
        people=tuple(people),
        truth=np.array(truths, np.int64),
    )


def fused(looks: Sequence[Embedding]) -> F32:
    """Weighted mean of looks, of unit norm, as `Track.fused` makes it."""
    weights = np.array([quality.weight(look) for look in looks], np.float32)
    total = weights @ np.array([look.vector for look in looks])
    return np.asarray(total / math.sqrt(float(total @ total)), np.float32)


def score(trial: _lfw.Trial, probes: Probes, centre: F32, scatter: float) -> Scores:
    """Compare all probes with a gallery, by the matcher's own functions."""
    gallery = middles(trial.templates, centre)
    if not len(gallery.person_ids):
        return _of_nobody(probes)
    cosines = centred(probes.vectors, centre) @ gallery.vectors.T
    rows = np.arange(len(cosines))
    first = np.argmax(cosines, axis=1)
    best = cosines[rows, first]
    lead = np.full(len(best), np.inf)
    if len(gallery.person_ids) > 1:
        cosines[rows, first] = -np.inf
        second = np.argmax(cosines, axis=1)
        likeness = np.einsum("ij,ij->i", gallery.vectors[first], gallery.vectors[second])
        counts = gallery.templates
        growth = margin_growth(likeness, counts[first], counts[second], scatter)
        lead = (best - cosines[rows, second]) / growth
    judged = probes.vectors.any(axis=1)
    return Scores(
        people=probes.people,
        strangers=probes.truth < 0,
        best=np.where(judged, best, np.float32(NOT_JUDGED)),
        right=gallery.person_ids[first] == probes.truth,
        lead=lead,
    )


def _of_nobody(probes: Probes) -> Scores:
    """No photo could be enrolled."""
    count = len(probes.people)
    return Scores(
        people=probes.people,
        strangers=probes.truth < 0,
        best=np.full(count, NOT_JUDGED, np.float32),
        right=np.zeros(count, np.bool_),
        lead=np.zeros(count),
    )


def mean_face(people: People) -> F32:
    """The mean over people of the mean of each one's looks, so that nobody counts more than once."""
    own = [
        [
            one.meant.embedding.vector
            for one in photos
            if one.meant is not None and one.meant.embedding is not None
        ]
        for photos in people.values()
    ]
    middle = np.mean([np.mean(vectors, axis=0) for vectors in own if vectors], axis=0)
    return np.asarray(np.round(middle, 4), np.float32)


def scatter_of(people: People, centre: F32) -> float:
    """The variance of one person's looks against that of people: of two middles of n looks each of one
    person the median cosine is n / (n + scatter). Measured with n of 3."""
    cosines = []
    for photos in people.values():
        own = [
            one.meant.embedding.vector
            for one in photos
            if one.meant is not None and one.meant.embedding is not None
        ]
        if len(own) >= 6:
            looks = centred(np.array(own, np.float32), centre)
            first, second = looks[0:6:2].sum(axis=0), looks[1:6:2].sum(axis=0)
            cosines.append(float(first @ second / np.linalg.norm(first) / np.linalg.norm(second)))
    return round(3 / float(np.median(cosines)) - 3, 2)


def halves(people: People, seed: int) -> tuple[People, People]:
    """The people in two halves at random; nobody is in both."""
    names = sorted(people)
    order = np.random.default_rng(seed).permutation(len(names))
    middle = len(names) // 2
    return (
        {names[at]: people[names[at]] for at in order[:middle]},
        {names[at]: people[names[at]] for at in order[middle:]},
    )
