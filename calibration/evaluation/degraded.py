"""By condition: the same looks spoilt more and more, against galleries of the photographs as they are.

A sample of looks, one of a person, is spoilt at each level, saved without loss and looked at anew, as `kith
identify` looks at a file. Galleries are drawn from the other photos of those who have enough.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

from calibration._head_warp import turned
from calibration._lfw import Pictured, Trial, enrol, meant_of
from calibration._progress import progress
from calibration.conditions import CONDITIONS, Condition
from calibration.evaluation.open_set import Answers, Asked, Collector, Shipped, shipped
from kith.app.photos import look_at
from kith.recognition.operating_point import OperatingPoint
from kith.types import F32, U8
from kith.vision.imaging import load_photo
from kith.vision.pipeline import FaceAnalyzer

YAW_EDGES_DEG = (0.0, 10.0, 20.0, 30.0, 45.0, 90.0)


def _turned(rgb: U8, landmarks: F32, level: float) -> U8:
    """The head turned by `level` degrees, to the side it is turned to already."""
    across = landmarks[1] - landmarks[0]
    nose = float((landmarks[2] - landmarks[:2].mean(axis=0)) @ across)
    return turned(rgb, landmarks, level if nose >= 0 else -level, 0.0)[0]


TURNED = Condition(
    key="turned",
    title="Head turned",
    unit="degrees more than it was",
    words="drawn from the photograph laid over a plain head, to the side it is turned to already",
    levels=(20, 40, 60),
    degrade=_turned,
)
ALL_CONDITIONS = (*CONDITIONS, TURNED)
_EVERY = {TURNED.key: 2}
"""Of the sample every so many looks: drawing a turned head takes ten times as long as looking at it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """One look to be spoilt: whose, the photo, and where its face is."""

    person: str
    photo: Pictured
    landmarks: F32


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """The rates at one level; level None: as photographed."""

    level: float | None
    label: str
    rates: Shipped


@dataclass(frozen=True, slots=True, kw_only=True)
class ByCondition:
    """One condition, from good to bad."""

    key: str
    title: str
    unit: str
    words: str
    levels: tuple[Level, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gallery:
    """One gallery. ids: the person_id of each person enrolled."""

    asked: Asked
    ids: dict[str, int]


class Conditions:
    """The sample and its galleries. Measures one condition after the other."""

    def __init__(
        self, analyzer: FaceAnalyzer, sample: Sequence[Sampled], galleries: Sequence[Gallery]
    ) -> None:
        self._analyzer, self._sample, self._galleries = analyzer, sample, galleries

    def measure(self, condition: Condition, resamples: int, seed: int) -> ByCondition:
        """Every level of a condition, the photographs as they are first."""
        sample = self._sample[:: _EVERY.get(condition.key, 1)]
        clean = shipped(self._ask(sample, [each.photo for each in sample]), resamples, seed)
        levels = [Level(level=None, label="as photographed", rates=clean)]
        work = [(level, each) for level in condition.levels for each in sample]
        looked: dict[float, list[Pictured]] = {}
        with tempfile.TemporaryDirectory() as folder:
            for level, each in progress(work, condition.title.lower()):
                spoilt = condition.degrade(load_photo(each.photo.study.path), each.landmarks, level)
                meant = meant_of(look_at(self._analyzer, _written(spoilt, Path(folder) / "look.bmp")))
                looked.setdefault(level, []).append(Pictured(study=each.photo.study, meant=meant))
        for level, photos in looked.items():
            rates = shipped(self._ask(sample, photos), resamples, seed)
            levels.append(Level(level=level, label=_label(level), rates=rates))
        return ByCondition(
            key=condition.key,
            title=condition.title,
            unit=condition.unit,
            words=condition.words,
            levels=tuple(levels),
        )

    def _ask(self, sample: Sequence[Sampled], photos: Sequence[Pictured]) -> Answers:
        collector = Collector()
        for number, gallery in enumerate(self._galleries):
            for each, photo in zip(sample, photos, strict=True):
                collector.add(number, each.person, gallery.ids.get(each.person), gallery.asked.photo(photo))
        return collector.answers()


def sample(
    people: dict[str, list[Pictured]], photos: int, counts: tuple[int, int], rng: np.random.Generator
) -> tuple[list[Sampled], dict[str, list[Pictured]]]:
    """Looks to spoil, one a person: of at most counts[0] people who have `photos` others to be enrolled from,
    and of at most counts[1] more. And the others of the former."""
    seen = {name: own for name, own in people.items() if any(one.meant is not None for one in own)}
    able = [name for name in sorted(seen) if len(seen[name]) > photos]
    chosen = [able[at] for at in rng.permutation(len(able))[: counts[0]]]
    rest = sorted(set(seen) - set(chosen))
    rest = [rest[at] for at in rng.permutation(len(rest))[: counts[1]]]
    looks, others = [], {}
    for name in [*chosen, *rest]:
        order = [seen[name][at] for at in rng.permutation(len(seen[name]))]
        look, meant = next((one, one.meant) for one in order if one.meant is not None)
        looks.append(Sampled(person=name, photo=look, landmarks=meant.assessment.face.landmarks))
        if name in chosen:
            others[name] = [one for one in order if one is not look]
    return looks, others


def galleries(
    others: dict[str, list[Pictured]],
    size: tuple[int, int],
    count: int,
    point: OperatingPoint,
    rng: np.random.Generator,
) -> list[Gallery]:
    """`count` random galleries of size (people, photos of each) from the photos that are not spoilt."""
    names = sorted(others)
    made = []
    for _ in range(count):
        chosen = [names[at] for at in rng.choice(len(names), min(size[0], len(names)), replace=False)]
        own = [[others[name][at] for at in rng.permutation(len(others[name]))[: size[1]]] for name in chosen]
        templates, _ = enrol(own, point.model_id)
        ids = {name: person_id for person_id, name in enumerate(chosen)}
        made.append(Gallery(asked=Asked(templates, point), ids=ids))
    return made


def by_yaw(trials: Sequence[Trial], answers: Answers, resamples: int, seed: int) -> ByCondition:
    """The probes of these trials by how far the head is turned, as measured. answers: to the trials' probes,
    in their order."""
    meant = [one.meant for trial in trials for _, one, _ in trial.probes]
    yaws = np.array([np.nan if one is None else abs(one.assessment.quality.yaw_deg) for one in meant])
    levels = []
    for low, high in pairwise(YAW_EDGES_DEG):
        rates = shipped(answers.where((yaws >= low) & (yaws < high)), resamples, seed)
        levels.append(Level(level=low, label=f"{low:.0f}-{high:.0f}", rates=rates))
    return ByCondition(
        key="yaw",
        title="Head as it was turned",
        unit="degrees",
        words="all photographs, by the yaw measured from their landmarks",
        levels=tuple(levels),
    )


def _label(level: float) -> str:
    """Small shares as fractions."""
    return f"1/{round(1 / level)}" if 0 < level <= 0.25 else f"{level:g}"


def _written(rgb: U8, path: Path) -> Path:
    cv2.imwrite(str(path), cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
    return path
