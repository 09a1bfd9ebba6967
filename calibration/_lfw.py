"""Open-set trials on a folder in the layout of LFW: NAME/NAME_0001.jpg, the person meant in the middle.

Every photo is looked at once, by the functions of `kith people add` and of `kith identify`; the embeddings
stay in memory. Galleries are then drawn at random: of people with enough photos, some photos are enrolled
and the rest are mated probes; every photo of everybody else is a non-mated probe.
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from calibration._progress import progress
from kith.app.people import agreeing
from kith.app.photos import Looked, PhotoFaces, Study, look_at, study
from kith.errors import InputError
from kith.recognition.matcher import TemplateSet
from kith.types import U8, AlignedFace, Embedding, Face
from kith.vision.pipeline import Assessment, FaceAnalyzer

_RESAMPLES = 2000
_SUFFIXES = (".jpg", ".jpeg", ".png")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictured:
    """One photo. study: what enrolling gets of it; meant: the face nearest to the middle, if any."""

    study: Study
    meant: Looked | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedAt:
    """A folder. people: name -> photos; unreadable: why photos are left out, a line each."""

    people: dict[str, list[Pictured]]
    unreadable: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One gallery. enrolled: the person of each person_id; refused: reasons at enrolling; probes: the
    photos that were not enrolled, as (person, photo, person_id or None for a stranger)."""

    templates: TemplateSet
    enrolled: tuple[str, ...]
    refused: Counter[str]
    probes: tuple[tuple[str, Pictured, int | None], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A share with its 95 % interval over people."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:7.2%}   {self.low:7.2%} to {self.high:7.2%}"


class Remembering(FaceAnalyzer):
    """An analyzer that does not work twice on the picture it was shown last: the functions of `kith people
    add` and of `kith identify` each look at a photo, and here both do, one after the other."""

    def __init__(self, analyzer: FaceAnalyzer) -> None:
        vars(self).update(vars(analyzer))
        self._rgb: U8 | None = None
        self._faces: list[Face] = []
        self._assessed: dict[int, Assessment] = {}
        self._embedded: dict[int, Embedding] = {}

    def detect(self, rgb: U8) -> list[Face]:
        """As FaceAnalyzer does."""
        if self._rgb is None or not np.array_equal(rgb, self._rgb):
            self._rgb, self._faces = rgb, super().detect(rgb)
            self._assessed, self._embedded = {}, {}
        return self._faces

    def assess(self, rgb: U8, face: Face) -> Assessment:
        """As FaceAnalyzer does."""
        if id(face) not in map(id, self._faces):
            return super().assess(rgb, face)
        if id(face) not in self._assessed:
            self._assessed[id(face)] = super().assess(rgb, face)
        return self._assessed[id(face)]

    def embed(self, aligned: AlignedFace) -> Embedding:
        """As FaceAnalyzer does."""
        if all(aligned is not known.aligned for known in self._assessed.values()):
            return super().embed(aligned)
        if id(aligned) not in self._embedded:
            self._embedded[id(aligned)] = super().embed(aligned)
        return self._embedded[id(aligned)]


def photos_of(folder: Path) -> list[Path]:
    """All photos, by person. Raises InputError when the folder is not laid out as LFW is."""
    if not folder.is_dir():
        raise InputError(
            f"{folder} is not a folder; DATA must hold folders of photos named NAME/NAME_0001.jpg"
        )
    photos = sorted(path for path in folder.glob("*/*") if path.suffix.lower() in _SUFFIXES)
    if photos:
        return photos
    deeper = next(iter(sorted(folder.glob("*/*/*.jpg"))), None)
    hint = "" if deeper is None else f"; did you mean {deeper.parent.parent}?"
    raise InputError(f"{folder} holds no folders of photos named NAME/NAME_0001.jpg{hint}")


def look_at_photos(analyzer: FaceAnalyzer, photos: Sequence[Path]) -> LookedAt:
    """Look at each photo as `kith people add` and `kith identify` do; progress goes to stderr."""
    remembering = Remembering(analyzer)
    people: dict[str, list[Pictured]] = {}
    unreadable = []
    for path in progress(photos, "looking at photos"):
        try:
            meant = meant_of(look_at(remembering, path))
        except InputError as error:
            unreadable.append(str(error).replace(str(path), f"{path.parent.name}/{path.name}"))
            continue
        pictured = Pictured(study=study(remembering, path), meant=meant)
        people.setdefault(path.parent.name, []).append(pictured)
    return LookedAt(people=people, unreadable=tuple(unreadable))


def look_at_all(analyzer: FaceAnalyzer, folder: Path) -> dict[str, list[Pictured]]:
    """Every photo of every person; what cannot be read is said and left out. Raises InputError when the
    folder is not laid out as LFW is."""
    looked = look_at_photos(analyzer, photos_of(folder))
    for line in looked.unreadable:
        click.echo(f"left out: {line}", err=True)
    return looked.people


def draw(
    people: dict[str, list[Pictured]], model_id: str, count: int, photos: int, rng: np.random.Generator
) -> Trial:
    """One random gallery. Raises InputError when too few people have more than `photos` photos."""
    eligible = [name for name in sorted(people) if len(people[name]) > photos]
    if len(eligible) < count:
        raise InputError(f"only {len(eligible)} people have more than {photos} photos; {count} are needed")
    chosen = [eligible[at] for at in rng.choice(len(eligible), count, replace=False)]
    orders = {name: [people[name][at] for at in rng.permutation(len(people[name]))] for name in chosen}
    templates, refused = enrol([orders[name][:photos] for name in chosen], model_id)
    probes: list[tuple[str, Pictured, int | None]] = []
    for person_id, name in enumerate(chosen):
        probes += [(name, one, person_id) for one in orders[name][photos:]]
    strangers = sorted(set(people) - set(chosen))
    probes += [(name, one, None) for name in strangers for one in people[name]]
    return Trial(templates=templates, enrolled=tuple(chosen), refused=refused, probes=tuple(probes))


def enrol(photos: Sequence[Sequence[Pictured]], model_id: str) -> tuple[TemplateSet, Counter[str]]:
    """The templates of people, each enrolled from some photos, numbered from 0; and what became of the
    photos: "kept" or the reason of the refusal."""
    vectors, owners, refused = [], [], Counter[str]()
    for person_id, own in enumerate(photos):
        for each in agreeing([one.study for one in own], np.zeros((0, 0), np.float32)):
            refused[each.refusal or "kept"] += 1
            if each.embedding is not None:
                vectors.append(each.embedding.vector)
                owners.append(person_id)
    templates = TemplateSet(
        vectors=np.array(vectors, np.float32), person_ids=np.array(owners, np.int64), model_id=model_id
    )
    return templates, refused


def rate(tally: dict[str, list[int]], seed: int) -> Rate:
    """Share of hits from person -> [hits, probes]; its interval by drawing the people anew 2,000 times."""
    counts: NDArray[np.float64] = np.array(list(tally.values()), np.float64).reshape(-1, 2)
    if counts.sum(axis=0)[1] == 0:
        raise InputError("there is not one photo to measure this on")
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(len(counts), np.full(len(counts), 1 / len(counts)), size=_RESAMPLES)
    sums = weights @ counts
    low, high = np.quantile(sums[:, 0] / np.maximum(sums[:, 1], 1), [0.025, 0.975])
    hits, probes = counts.sum(axis=0)
    return Rate(value=float(hits / probes), low=float(low), high=float(high))


def count(tally: dict[str, list[int]], person: str, hit: bool) -> None:
    """Add one probe to a tally."""
    entry = tally.setdefault(person, [0, 0])
    entry[0] += hit
    entry[1] += 1


def meant_of(looked: PhotoFaces) -> Looked | None:
    """The face nearest to the middle."""

    def off_centre(face: Looked) -> float:
        box = face.assessment.face.box
        return math.hypot(box.center_x - looked.width_px / 2, box.center_y - looked.height_px / 2)

    return min(looked.faces, key=off_centre, default=None)


def run(command: Callable[[], None]) -> None:
    """Run a program of this folder; an error of Kith is one line."""
    from kith.errors import KithError

    try:
        command()
    except KithError as error:
        sys.exit(f"kith: {error}")
