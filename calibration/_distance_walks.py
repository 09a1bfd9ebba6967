"""Walks towards a simulated camera, seen by the device's own path, and who is named in them."""

from __future__ import annotations

import dataclasses
import math
import sys
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from calibration._distance_scenes import Subject, Walk, dead_leaves
from kith.app.paths import calibration_dir, models_dir
from kith.app.perception import Perception
from kith.app.photos import study
from kith.clock import NS_PER_MS, NS_PER_S
from kith.config import CameraSettings, PresenceSettings, VisionSettings
from kith.errors import InputError
from kith.recognition.matcher import Matcher, TemplateSet
from kith.recognition.operating_point import OperatingPoint, load_operating_point
from kith.recognition.presence import Presence
from kith.types import U8, Appeared, Embedding, Frame, Outcome, Sighting, StrangerAppeared
from kith.vision.imaging import open_photo
from kith.vision.pipeline import FaceAnalyzer, open_analyzer

LOOKS = 15
"""A second and a half: who comes towards a walking wearer is three metres nearer by then."""
ENROLLED_PHOTOS = 3
_BACKDROPS = 8
_SETTINGS = VisionSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A camera and a way to look."""

    name: str
    fov_deg: float
    width_px: int
    second_looks: bool

    def vision(self) -> VisionSettings:
        """The device's own settings, with or without second looks."""
        return dataclasses.replace(_SETTINGS, second_looks=self.second_looks)

    def camera(self) -> CameraSettings:
        """Of that size and field of view."""
        return CameraSettings(
            width_px=self.width_px, height_px=self.width_px * 3 // 4, horizontal_fov_deg=self.fov_deg
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """One walk as one variant saw it. found: in how many looks; first: the embedding of the first look that
    was judged; tracks: those of the face that was meant."""

    found: int
    first: Embedding | None
    tracks: frozenset[int]
    sightings: tuple[Sighting, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Someone of the data. walks: by variant name and metres; none for who is only enrolled."""

    name: str
    templates: tuple[Embedding, ...]
    walks: dict[tuple[str, float], Watched]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What came of one walk. single: what the first judged look alone said, None where no look was judged;
    ids: everybody whose name was said, each alone or as one of two; stranger: it was told as a stranger."""

    single: tuple[Outcome, int | None] | None
    ids: frozenset[tuple[int, ...]]
    stranger: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One person to be watched: the last of the photos walks, the others are enrolled. metres: none for who
    is only to be enrolled."""

    name: str
    photos: tuple[Path, ...]
    variants: tuple[Variant, ...]
    metres: tuple[float, ...]
    seed: int


def choose_people(
    folder: Path, count: int, seed: int, without: Collection[str] = ()
) -> list[tuple[str, tuple[Path, ...]]]:
    """Names, none of `without`, each with photos to be enrolled and one that walks. Raises InputError when
    too few people have as many photos."""
    rng = np.random.default_rng(seed)
    people: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("*/*.jpg")):
        people.setdefault(path.parent.name, []).append(path)
    eligible = [
        name for name in sorted(people) if len(people[name]) > ENROLLED_PHOTOS and name not in without
    ]
    if len(eligible) < count:
        raise InputError(
            f"{folder} has {len(eligible)} people with more than {ENROLLED_PHOTOS} photos who are left; "
            f"{count} are needed"
        )
    chosen = sorted(eligible[at] for at in rng.choice(len(eligible), count, replace=False))
    orders = [rng.permutation(len(people[name]))[: ENROLLED_PHOTOS + 1] for name in chosen]
    return [
        (name, tuple(people[name][at] for at in order)) for name, order in zip(chosen, orders, strict=True)
    ]


def watch_all(tasks: Sequence[Task], processes: int) -> Iterator[Person]:
    """Everybody whose photos can be used, as they are done."""
    if processes == 1:
        found: Iterator[Person | None] = map(watch, tasks)
        yield from _counted(found, len(tasks))
        return
    with ProcessPoolExecutor(max_workers=processes) as pool:
        yield from _counted(pool.map(watch, tasks), len(tasks))


def watch(task: Task) -> Person | None:
    """Enrol somebody and let them walk before every variant at every distance; None when no photo of theirs
    can be enrolled or the one that walks shows no face."""
    analyzer = _analyzer()
    *enrolled, walking = task.photos
    templates = [each.embedding for each in (study(analyzer, path) for path in enrolled)]
    kept = tuple(each for each in templates if each is not None)
    subject = _subject(analyzer, walking)
    if not kept or subject is None:
        return None
    walks: dict[tuple[str, float], Watched] = {}
    rng = np.random.default_rng(task.seed)
    for metres in task.metres:
        for fov_deg in dict.fromkeys(variant.fov_deg for variant in task.variants):
            backdrop = _backdrops()[int(rng.integers(_BACKDROPS))]
            walk = Walk(subject, fov_deg, metres, backdrop, rng)
            variants = [variant for variant in task.variants if variant.fov_deg == fov_deg]
            for name, watched in _watch(walk, variants, analyzer).items():
                walks[name, metres] = watched
    return Person(name=task.name, templates=kept, walks=walks)


def hear(watched: Watched, matcher: Matcher) -> Heard:
    """What a device with this gallery would have said."""
    presence = Presence(PresenceSettings())
    ids: set[tuple[int, ...]] = set()
    stranger = False
    for sighting in watched.sightings:
        for event in presence.step(_identified(sighting, matcher), sighting.captured_ns):
            match event:
                case Appeared():
                    ids.add(event.person_ids)
                case StrangerAppeared():
                    stranger = stranger or event.track_id in watched.tracks
    single = None if watched.first is None else matcher.identify(watched.first)
    return Heard(
        single=None if single is None else (single.outcome, single.person_id),
        ids=frozenset(ids),
        stranger=stranger,
    )


def gallery(
    people: Sequence[Person], enrolled: Sequence[int], others: Sequence[Person], point: OperatingPoint
) -> Matcher:
    """A matcher that knows the people of these places, by their place, and others, by numbers after these."""
    known = [(at, people[at]) for at in sorted(enrolled)] + list(enumerate(others, len(people)))
    rows = [(at, each.vector) for at, person in known for each in person.templates]
    return Matcher(
        TemplateSet(
            vectors=np.array([vector for _, vector in rows], np.float32),
            person_ids=np.array([at for at, _ in rows], np.int64),
            model_id=point.model_id,
        ),
        point,
    )


def _watch(walk: Walk, variants: Sequence[Variant], analyzer: FaceAnalyzer) -> dict[str, Watched]:
    eyes = {variant.name: _Eyes(variant, analyzer) for variant in variants}
    widths = tuple(dict.fromkeys(variant.width_px for variant in variants))
    for index in range(LOOKS):
        pictures = walk.looks(index, widths)
        for variant in variants:
            eyes[variant.name].look(index, pictures[variant.width_px], walk)
    return {name: each.watched() for name, each in eyes.items()}


class _Eyes:
    """The pipeline of one variant in one walk, before it is known who is enrolled."""

    def __init__(self, variant: Variant, analyzer: FaceAnalyzer) -> None:
        nobody = TemplateSet(
            vectors=np.zeros((0, 128), np.float32),
            person_ids=np.zeros(0, np.int64),
            model_id=analyzer.model_id,
        )
        matcher = Matcher(nobody, shipped_point(analyzer.model_id))
        self._perception = Perception(analyzer, matcher, variant.camera(), variant.vision())
        self._sightings: list[Sighting] = []
        self._tracks: set[int] = set()
        self._found = 0
        self._first: Embedding | None = None

    def look(self, index: int, rgb: U8, walk: Walk) -> None:

        at_ns = NS_PER_S + index * 100 * NS_PER_MS
        sighting = self._perception.look(Frame(seq=index, captured_ns=at_ns, rgb=rgb))
        self._sightings.append(sighting)
        mine = [each.tracked for each in sighting.faces if walk.shows(each.tracked.face.box, rgb.shape[1])]
        self._found += bool(mine)
        self._tracks.update(each.track_id for each in mine)
        judged = [each.embedding for each in mine if each.embedding is not None]
        if self._first is None and judged:
            self._first = judged[0]

    def watched(self) -> Watched:
        return Watched(
            found=self._found,
            first=self._first,
            tracks=frozenset(self._tracks),
            sightings=tuple(self._sightings),
        )


def _identified(sighting: Sighting, matcher: Matcher) -> Sighting:
    """As `Perception` names faces: each in the looks in which it was embedded, by all its looks together."""
    faces = tuple(
        dataclasses.replace(
            face,
            identification=None
            if face.tracked.embedding is None or face.tracked.fused is None
            else matcher.identify(face.tracked.fused, face.tracked.looks),
        )
        for face in sighting.faces
    )
    return dataclasses.replace(sighting, faces=faces)


def _subject(analyzer: FaceAnalyzer, path: Path) -> Subject | None:
    rgb = open_photo(path).rgb
    middle = (rgb.shape[1] / 2, rgb.shape[0] / 2)
    faces = analyzer.detect(rgb)
    face = min(
        faces,
        key=lambda f: math.hypot(f.box.center_x - middle[0], f.box.center_y - middle[1]),
        default=None,
    )
    if face is None:
        return None
    measured = analyzer.assess(rgb, face).quality
    eyes = face.landmarks[:2].mean(axis=0)
    # A turned head's eyes are seen closer together than 63 mm.
    frontal_px = measured.inter_eye_px / max(math.cos(math.radians(measured.yaw_deg)), 0.4)
    return Subject(rgb=rgb, eyes_px=(float(eyes[0]), float(eyes[1])), inter_eye_px=frontal_px)


@cache
def _analyzer() -> FaceAnalyzer:
    cv2.setNumThreads(1)
    return open_analyzer(models_dir(), _SETTINGS)


@cache
def shipped_point(model_id: str) -> OperatingPoint:
    """The operating point as shipped."""
    return load_operating_point(calibration_dir() / "operating_point.toml", model_id)


@cache
def _backdrops() -> tuple[U8, ...]:
    rng = np.random.default_rng(0)
    return tuple(dead_leaves(rng) for _ in range(_BACKDROPS))


def _counted(people: Iterator[Person | None], total: int) -> Iterator[Person]:
    for at, person in enumerate(people):
        if sys.stderr.isatty():
            sys.stderr.write(f"\rwatched {at + 1} of {total} people ")
            sys.stderr.flush()
        if person is not None:
            yield person
    if sys.stderr.isatty():
        sys.stderr.write("\n")
