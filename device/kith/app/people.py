"""Enrolling people from photos, at a desk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from kith.app.likeness import resembling
from kith.app.opening import Recognition
from kith.app.photos import Study, study
from kith.errors import PersonNotFound
from kith.recognition.matcher import Matcher
from kith.recognition.names import normal_name
from kith.types import F32, Person

MIN_AGREEMENT = 0.3
"""Least cosine between a photo's face and the mean of the person's others. Of development photos it keeps
98.3 % of strangers' out and refuses 0.23 % of the person's own, some of them mislabelled."""

CLEAR_LIKENESS = 0.46
"""From this cosine on to the middle of the person's others a face of several in a photo is theirs, where all
the others stay below MIN_AGREEMENT. Of development photos of several faces that settles 96 % with one other
photo and 98 % with two, none of 1,399 wrongly; with another person's photos 0.02 % of 34,091 found a face."""

SAME_PICTURE = 0.9995
"""Two faces closer than this come from one picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What became of the photos. person: None when none could be used. resembles: the name of someone
    else enrolled whom the new person looks like."""

    person: Person | None
    studies: tuple[Study, ...]
    resembles: str | None = None

    @property
    def kept(self) -> int:
        """How many photos are now templates."""
        return sum(each.refusal is None for each in self.studies)


def add_photos(recognition: Recognition, name: str, photos: Sequence[Path], consented_at: datetime) -> Added:
    """Enrol someone from photos, or give someone enrolled more templates. Photos that cannot be used are
    refused with a reason, the others kept. Raises InputError for an impossible name, GalleryError."""
    normal_name(name)
    gallery = recognition.gallery
    try:
        existing = gallery.person(name)
    except PersonNotFound:
        existing = None
    studies = [study(recognition.analyzer, path) for path in photos]
    templates = gallery.templates()
    mine = (
        templates.vectors[:0] if existing is None else _of(existing, templates.vectors, templates.person_ids)
    )
    studies = agreeing(studies, mine)
    good = [each.embedding for each in studies if each.embedding is not None]
    if not good:
        return Added(person=None, studies=tuple(studies))
    if existing is not None:
        gallery.add_templates(existing.person_id, good, source="photo")
        return Added(person=gallery.person(name), studies=tuple(studies))
    resembles = resembling(Matcher(templates, recognition.point), good, gallery.people())
    person = gallery.add_person(name, good, consented_at, source="photo")
    return Added(person=person, studies=tuple(studies), resembles=resembles)


def agreeing(studies: Sequence[Study], known: F32) -> list[Study]:
    """The studies with those refused that do not show the person of the templates known f32[N, D], or where
    there are none, of most of the photos; and those that are there already. Two photos of two people are
    both refused: nobody can say which is right, unless a photo of several shows one of them. Of a photo of
    several people, the face that is clearly the person's is taken once the other photos have shown whose it
    must be."""
    result = _once(studies, known)
    if not len(known):
        return _settled(_agreeing_together(result), known)
    middle = known.sum(axis=0)
    return _settled(
        [
            _refused(each, "shows another person than the photos before")
            if each.embedding is not None and _cosine(each.embedding.vector, middle) < MIN_AGREEMENT
            else each
            for each in result
        ],
        known,
    )


def _agreeing_together(studies: list[Study]) -> list[Study]:
    while (worst := _worst(studies)) is not None:
        left = [at for at, each in enumerate(studies) if each.embedding is not None]
        if len(left) == 2:
            return _one_of_two(studies, left)
        studies[worst] = _refused(studies[worst], "shows another person than the others")
    return studies


def _one_of_two(studies: list[Study], left: Sequence[int]) -> list[Study]:
    """Which of two photos that disagree is right, when a photo of several people shows only one of the two;
    else neither."""
    rivals = [rival.vector for each in studies for rival in each.rivals]
    seen = [at for at in left if any(_like(studies[at], vector) >= CLEAR_LIKENESS for vector in rivals)]
    return [
        each if [at] == seen else _refused(each, "shows another person than the other photo")
        for at, each in enumerate(studies)
    ]


def _like(study: Study, vector: F32) -> float:
    return -1.0 if study.embedding is None else float(study.embedding.vector @ vector)


def _settled(studies: list[Study], known: F32) -> list[Study]:
    """The studies with the person's own face where a photo shows several."""
    sure = [*known, *(each.embedding.vector for each in studies if each.embedding is not None)]
    if not sure:
        return studies
    settled = [_settle(each, np.sum(sure, axis=0)) for each in studies]
    return _once(settled, known)


def _settle(each: Study, middle: F32) -> Study:
    likeness = [_cosine(rival.vector, middle) for rival in each.rivals]
    if not likeness or max(likeness) < CLEAR_LIKENESS:
        return each
    best = int(np.argmax(likeness))
    if any(other >= MIN_AGREEMENT for at, other in enumerate(likeness) if at != best):
        return each
    return Study(path=each.path, embedding=each.rivals[best], refusal=None)


def _once(studies: Sequence[Study], known: F32) -> list[Study]:
    seen = list(known)
    result = []
    for each in studies:
        if each.embedding is None:
            result.append(each)
        elif any(float(vector @ each.embedding.vector) > SAME_PICTURE for vector in seen):
            result.append(_refused(each, "the same picture again"))
        else:
            seen.append(each.embedding.vector)
            result.append(each)
    return result


def _worst(studies: Sequence[Study]) -> int | None:
    """Which photo agrees least with the rest, when that is too little."""
    places = [at for at, each in enumerate(studies) if each.embedding is not None]
    vectors = [each.embedding.vector for each in studies if each.embedding is not None]
    if len(vectors) < 2:
        return None
    total = np.sum(vectors, axis=0)
    agreement = [_cosine(vector, total - vector) for vector in vectors]
    least = int(np.argmin(agreement))
    return places[least] if agreement[least] < MIN_AGREEMENT else None


def _cosine(unit: F32, other: F32) -> float:
    return float(unit @ other) / max(float(np.linalg.norm(other)), 1e-6)


def _refused(each: Study, reason: str) -> Study:
    return each if each.embedding is None else Study(path=each.path, embedding=None, refusal=reason)


def _of(person: Person, vectors: F32, person_ids: np.typing.NDArray[np.int64]) -> F32:
    mine: F32 = vectors[person_ids == person.person_id]
    return mine
