"""The whole evaluation of one folder. What a folder is too small for is left out, and said."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from calibration import _lfw
from calibration._lfw import LookedAt, Pictured, Trial
from calibration.evaluation import degraded, strangers, tracks, words
from calibration.evaluation.degraded import ByCondition, Conditions
from calibration.evaluation.open_set import Answers, OpenSet, ask_photos, open_set
from calibration.evaluation.strangers import Stranger
from calibration.evaluation.verification import Verification, all_pairs, too_few_for, verify
from kith.recognition.matcher import centred
from kith.recognition.operating_point import OperatingPoint
from kith.vision.pipeline import FaceAnalyzer

MAIN_PEOPLE, MAIN_PHOTOS = 50, 3
"""The gallery of which conditions, tracks and strangers are told: that of the operating point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much is measured. galleries: people enrolled -> how many such galleries; photos: of each;
    sampled: looks that are spoilt, of people who can be enrolled and of others."""

    galleries: dict[int, int] = field(default_factory=lambda: {1: 60, 10: 40, 50: 20, 200: 10})
    photos: tuple[int, ...] = (1, 3, 5)
    track_galleries: int = 40
    condition_galleries: int = 20
    sampled: tuple[int, int] = (200, 250)
    resamples: int = 1000
    strangers: int = 12
    most_photos: int | None = None


FULL = Plan()
QUICK = Plan(
    galleries={1: 20, 10: 10, 50: 5, 200: 3},
    track_galleries=10,
    condition_galleries=10,
    sampled=(25, 35),
    resamples=300,
    most_photos=450,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What the folder held. photos_each: how many people have so many photos; judged: photos whose face
    `kith identify` judges, and why not the others; enrollable: photos that `kith people add` takes one by
    one, and why not the others."""

    photos: int
    people: int
    photos_each: dict[int, int]
    judged: dict[str, int]
    enrollable: dict[str, int]
    unreadable: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """All results. main: which of `open_set` the rest is told of; notes: what could not be measured."""

    counted: Counted
    point: OperatingPoint
    seed: int
    verification: Verification | None
    open_set: tuple[OpenSet, ...]
    main: OpenSet | None
    tracks: OpenSet | None
    conditions: tuple[ByCondition, ...]
    strangers: tuple[Stranger, ...]
    notes: tuple[str, ...]
    took_s: float


class Measuring:
    """One evaluation under way."""

    def __init__(self, analyzer: FaceAnalyzer, point: OperatingPoint, plan: Plan, seed: int) -> None:
        self._analyzer, self._point, self._plan, self._seed = analyzer, point, plan, seed
        self._rng = np.random.default_rng(seed)
        self._notes: list[str] = []

    def run(self, photos: Sequence[Path]) -> Evaluation:
        """Measure all that the photos allow. Raises InputError when none can be read."""
        began = time.monotonic()
        looked = _lfw.look_at_photos(self._analyzer, chosen(photos, self._plan.most_photos, self._rng))
        counted = _counted(looked)
        self._notes += [f"left out: {line}" for line in looked.unreadable]
        people = looked.people
        verification = self._one_to_one(people)
        every, trials, answers = self._galleries(people)
        main = next((each for each in every if (each.people, each.photos) == self._size(people)), None)
        return Evaluation(
            counted=counted,
            point=self._point,
            seed=self._seed,
            verification=verification,
            open_set=tuple(every),
            main=main,
            tracks=self._tracks(people),
            conditions=tuple(self._conditions(people, trials, answers)),
            strangers=tuple(self._strangers(people, trials, answers)),
            notes=tuple(self._notes),
            took_s=time.monotonic() - began,
        )

    def _one_to_one(self, people: dict[str, list[Pictured]]) -> Verification | None:
        vectors, owners = [], []
        for number, name in enumerate(sorted(people)):
            for one in people[name]:
                if one.meant is not None and one.meant.embedding is not None:
                    vectors.append(one.meant.embedding.vector)
                    owners.append(number)
        if not vectors:
            self._notes.append("1:1 was not measured: no photo shows a face that can be judged")
            return None
        scored = centred(np.array(vectors, np.float32), np.array(self._point.centre, np.float32))
        pairs = all_pairs(scored, np.array(owners, np.int64))
        result = verify(pairs, self._point.threshold_for(1), self._plan.resamples, self._seed)
        if result is None:
            self._notes.append("1:1 was not measured: it takes two people, one of them with two photos")
            return None
        for fmr in too_few_for(result):
            self._notes.append(f"FNMR at FMR {fmr:g} is not told: of {result.nonmated_pairs} pairs too few")
        return result

    def _galleries(self, people: dict[str, list[Pictured]]) -> tuple[list[OpenSet], list[Trial], Answers]:
        """Galleries of every size, and the trials of the main one with their answers."""
        results: list[OpenSet] = []
        kept: tuple[list[Trial], Answers] = ([], ask_photos([], self._point, ""))
        main = self._size(people)
        for photos in self._plan.photos:
            self._note_sizes(people, photos)
            for size, count in self._sizes(people, photos).items():
                what = f"galleries of {size} with {words.photos(photos)} each"
                trials = self._drawn(people, size, photos, count)
                answers = ask_photos(trials, self._point, what)
                results.append(open_set(answers, (size, photos), self._plan.resamples, self._seed))
                if (size, photos) == main:
                    kept = trials, answers
        return results, *kept

    def _sizes(self, people: dict[str, list[Pictured]], photos: int) -> dict[int, int]:
        """Gallery sizes that the folder has people enough for, the last one cut down if it must be."""
        able = _able(people, photos)
        sizes = {size: count for size, count in self._plan.galleries.items() if size <= able}
        missing = [size for size in self._plan.galleries if size > able]
        if able and missing:
            sizes.setdefault(able, self._plan.galleries[min(missing)])
        return sizes

    def _note_sizes(self, people: dict[str, list[Pictured]], photos: int) -> None:
        able = _able(people, photos)
        if able == 0:
            why = "nobody has more photos than that"
            self._notes.append(f"no galleries with {words.photos(photos)} of each: {why}")
        elif able < max(self._plan.galleries):
            end = f"end at {words.people(able)}: there are no more for them"
            self._notes.append(f"galleries with {words.photos(photos)} of each {end}")

    def _size(self, people: dict[str, list[Pictured]]) -> tuple[int, int]:
        """People and photos of the main gallery, (0, 1) where there is none: with as many photos as the usual
        one if two people have them."""
        several = [each for each in self._plan.photos if each <= MAIN_PHOTOS and _able(people, each) >= 2]
        photos = max(several, default=1)
        usual = [size for size in self._sizes(people, photos) if size <= MAIN_PEOPLE]
        return max(usual, default=0), photos

    def _drawn(self, people: dict[str, list[Pictured]], size: int, photos: int, count: int) -> list[Trial]:
        return [_lfw.draw(people, self._point.model_id, size, photos, self._rng) for _ in range(count)]

    def _tracks(self, people: dict[str, list[Pictured]]) -> OpenSet | None:
        size, photos = self._size(people)
        if size == 0:
            return None
        trials = self._drawn(people, size, photos, self._plan.track_galleries)
        answers = tracks.ask_tracks(trials, self._point, self._rng)
        if not len(answers.score):
            self._notes.append(f"fused tracks were not measured: nobody has {tracks.FEWEST_LOOKS} looks left")
            return None
        return open_set(answers, (size, photos), self._plan.resamples, self._seed)

    def _strangers(
        self, people: dict[str, list[Pictured]], trials: Sequence[Trial], answers: Answers
    ) -> list[Stranger]:
        centre = np.array(self._point.centre, np.float32)
        return strangers.highest(people, trials, answers, centre, self._plan.strangers)

    def _conditions(
        self, people: dict[str, list[Pictured]], trials: Sequence[Trial], answers: Answers
    ) -> list[ByCondition]:
        size, photos = self._size(people)
        looks, others = degraded.sample(people, photos, self._plan.sampled, self._rng)
        if not others or not trials:
            self._notes.append("conditions were not measured: nobody can be enrolled and has a photo left")
            return []
        galleries = degraded.galleries(
            others, (size, photos), self._plan.condition_galleries, self._point, self._rng
        )
        conditions = Conditions(self._analyzer, looks, galleries)
        drawing = self._plan.resamples, self._seed
        found = [conditions.measure(condition, *drawing) for condition in degraded.ALL_CONDITIONS]
        return [*found, degraded.by_yaw(trials, answers, *drawing)]


def chosen(photos: Sequence[Path], most: int | None, rng: np.random.Generator) -> list[Path]:
    """All photos; or about `most`: half of them of people with many, at most six of each, since somebody must
    be enrolled, and the rest of anybody else."""
    if most is None or len(photos) <= most:
        return list(photos)
    people: dict[str, list[Path]] = {}
    for path in photos:
        people.setdefault(path.parent.name, []).append(path)
    names = [sorted(people)[at] for at in rng.permutation(len(people))]
    many = [name for name in names if len(people[name]) > MAIN_PHOTOS]
    taken: list[Path] = []
    for group, room in ((many, most // 2), ([name for name in names if name not in many], most)):
        for name in group:
            if len(taken) < room:
                taken += people[name][:6]
    return sorted(taken)


def _able(people: dict[str, list[Pictured]], photos: int) -> int:
    """How many people a gallery can hold: each has another photo as a probe, and as many are strangers."""
    able = sum(len(own) > photos for own in people.values())
    return min(able, max(1, len(people) // 2))


def _counted(looked: LookedAt) -> Counted:
    photos = [one for own in looked.people.values() for one in own]
    return Counted(
        photos=len(photos),
        people=len(looked.people),
        photos_each=dict(sorted(Counter(len(own) for own in looked.people.values()).items())),
        judged=dict(Counter(_fate(one) for one in photos).most_common()),
        enrollable=dict(Counter(one.study.refusal or "taken" for one in photos).most_common()),
        unreadable=looked.unreadable,
    )


def _fate(one: Pictured) -> str:
    if one.meant is None:
        return "no face"
    return "judged" if one.meant.embedding is not None else str(one.meant.assessment.rejection)
