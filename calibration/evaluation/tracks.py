"""Fused looks: several photos of one person taken together, as a track's looks are on the wearable.

Photos of a person differ far more than frames of one moment do, so a track here is better off than one on the
wearable, whose looks share their light, their turn and their blur: read its rates as what fusing can give.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from calibration._lfw import Pictured, Trial
from calibration._progress import progress
from calibration.evaluation.open_set import Answers, Asked, Collector
from kith.app.photos import Looked
from kith.recognition.operating_point import OperatingPoint
from kith.types import F32
from kith.vision import quality
from kith.vision.tracks import Track

FEWEST_LOOKS, MOST_LOOKS = 3, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Whose photos may make tracks. truth: the person_id, None for a stranger."""

    name: str
    truth: int | None
    photos: tuple[Pictured, ...]


def ask_tracks(trials: Sequence[Trial], point: OperatingPoint, rng: np.random.Generator) -> Answers:
    """Tracks of FEWEST_LOOKS to MOST_LOOKS probes of every trial, no photo in two of them."""
    collector = Collector()
    centre = np.array(point.centre, np.float32)
    for gallery, trial in enumerate(progress(trials, "fused tracks")):
        asked = Asked(trial.templates, point)
        for person in _people(trial):
            for looks in _cut(person, rng):
                collector.add(gallery, person.name, person.truth, asked.track(fuse(looks, centre)))
    return collector.answers()


def fuse(looks: Sequence[Looked], centre: F32) -> Track:
    """The track after these looks, as `FacePipeline` keeps it: a look that cannot be of the same face begins
    it anew."""
    track = Track(track_id=0, face=looks[0].assessment.face, seen_ns=0)
    for at, look in enumerate(looks):
        if look.embedding is None:
            continue
        if not track.agrees(look.embedding, centre):
            track = Track(track_id=at, face=look.assessment.face, seen_ns=0)
        track.looks.append((look.embedding, quality.weight(look.embedding)))
    return track


def _people(trial: Trial) -> Iterator[Person]:
    photos: dict[str, list[Pictured]] = {}
    truths: dict[str, int | None] = {}
    for name, one, truth in trial.probes:
        photos.setdefault(name, []).append(one)
        truths[name] = truth
    for name, own in photos.items():
        yield Person(name=name, truth=truths[name], photos=tuple(own))


def _cut(person: Person, rng: np.random.Generator) -> Iterator[list[Looked]]:
    """The person's looks worth judging in random order, cut into tracks."""
    judged = [one.meant for one in person.photos if one.meant is not None and one.meant.embedding is not None]
    left = [judged[at] for at in rng.permutation(len(judged))]
    while len(left) >= FEWEST_LOOKS:
        count = int(rng.integers(FEWEST_LOOKS, MOST_LOOKS + 1))
        yield left[:count]
        left = left[count:]
