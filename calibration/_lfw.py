"""Open-set trials on a folder in the layout of LFW: NAME/NAME_0001.jpg, the person meant in the middle.

Every photo is looked at once, by the functions of `kith people add` and of `kith identify`; the embeddings
stay in memory. Galleries are then drawn at random: of people with enough photos, some photos are enrolled
and the rest are mated probes; every photo of everybody else is a non-mated probe.
"""

from __future__ import annotations

import math
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kith.app.people import agreeing
from kith.app.photos import Looked, PhotoFaces, Study, look_at, study
from kith.errors import InputError
from kith.recognition.matcher import TemplateSet
from kith.vision.pipeline import FaceAnalyzer

_RESAMPLES = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictured:
    """One photo. study: what enrolling gets of it; meant: the face nearest to the middle, if any."""

    study: Study
    meant: Looked | None


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


def look_at_all(analyzer: FaceAnalyzer, folder: Path) -> dict[str, list[Pictured]]:
    """Every photo of every person. Shows its progress on a terminal. Raises InputError when the folder is
    not laid out as LFW is."""
    photos = sorted(folder.glob("*/*.jpg"))
    if not photos:
        raise InputError(f"{folder} holds no folders of photos named NAME/NAME_0001.jpg")
    people: dict[str, list[Pictured]] = {}
    for path in _progress(photos):
        pictured = Pictured(study=study(analyzer, path), meant=_meant(look_at(analyzer, path)))
        people.setdefault(path.parent.name, []).append(pictured)
    return people


def draw(
    people: dict[str, list[Pictured]], model_id: str, count: int, photos: int, rng: np.random.Generator
) -> Trial:
    """One random gallery. Raises InputError when too few people have more than `photos` photos."""
    eligible = [name for name in sorted(people) if len(people[name]) > photos]
    if len(eligible) < count:
        raise InputError(f"only {len(eligible)} people have more than {photos} photos; {count} are needed")
    chosen = [eligible[at] for at in rng.choice(len(eligible), count, replace=False)]
    vectors, owners, refused = [], [], Counter[str]()
    probes: list[tuple[str, Pictured, int | None]] = []
    for person_id, name in enumerate(chosen):
        order = [people[name][at] for at in rng.permutation(len(people[name]))]
        for each in agreeing([one.study for one in order[:photos]], np.zeros((0, 0), np.float32)):
            refused[each.refusal or "kept"] += 1
            if each.embedding is not None:
                vectors.append(each.embedding.vector)
                owners.append(person_id)
        probes += [(name, one, person_id) for one in order[photos:]]
    strangers = sorted(set(people) - set(chosen))
    probes += [(name, one, None) for name in strangers for one in people[name]]
    templates = TemplateSet(
        vectors=np.array(vectors, np.float32), person_ids=np.array(owners, np.int64), model_id=model_id
    )
    return Trial(templates=templates, enrolled=tuple(chosen), refused=refused, probes=tuple(probes))


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


def _meant(looked: PhotoFaces) -> Looked | None:
    def off_centre(face: Looked) -> float:
        box = face.assessment.face.box
        return math.hypot(box.center_x - looked.width_px / 2, box.center_y - looked.height_px / 2)

    return min(looked.faces, key=off_centre, default=None)


def _progress(photos: Sequence[Path]) -> Iterator[Path]:
    shown = sys.stderr.isatty()
    began = time.monotonic()
    for at, path in enumerate(photos):
        yield path
        if shown and (at % 20 == 0 or at + 1 == len(photos)):
            left_s = (time.monotonic() - began) / (at + 1) * (len(photos) - at - 1)
            sys.stderr.write(f"\rlooking at photo {at + 1} of {len(photos)}, {left_s:3.0f} s left ")
            sys.stderr.flush()
    if shown:
        sys.stderr.write("\n")


def run(command: Callable[[], None]) -> None:
    """Run a program of this folder; an error of Kith is one line."""
    from kith.errors import KithError

    try:
        command()
    except KithError as error:
        sys.exit(f"kith: {error}")
