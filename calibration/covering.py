"""Whether strangers' faces leave the device: python -m calibration.covering DATA.

Photographs are set at random places and sizes, several at once, into frames of a simulated camera. What the
finer search finds is covered and made the JPEG that would be sent; docs/scenes.md says what came of it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import cv2
import numpy as np

from calibration import _distance_scenes as scenes
from calibration import _lfw
from calibration._distance_walks import choose_people, shipped_point
from calibration._progress import progress
from kith.app.paths import models_dir
from kith.config import SceneSettings, VisionSettings
from kith.drivers.scene_narrator import picture_to_send
from kith.ports import Subject
from kith.recognition.matcher import Matcher, TemplateSet
from kith.types import F32, U8, BoxPx, Outcome
from kith.vision.aligner import align
from kith.vision.every_face import every_face
from kith.vision.imaging import as_rgb, open_photo
from kith.vision.pipeline import FaceAnalyzer, open_analyzer

WIDTHS_PX = (640, 1280)
FACES = 4
ENROLLED_PHOTOS = 3
EDGES_PX = (2, 3, 4, 5, 6, 8, 12, 20, 40)
"""Of the bins, by the distance between the eyes in the camera's frame."""
SEED = 1
_ROOM = 3.6
"""So many eyes' distances a photograph reaches from its face: no other face may lie under it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pasted:
    """A face in a frame. landmarks f32[5, 2]: in pixels of the frame; person: its number."""

    person: int
    landmarks: F32

    @property
    def eyes_px(self) -> float:
        """Between the eyes."""
        return float(np.hypot(*(self.landmarks[1] - self.landmarks[0])))

    @property
    def middle(self) -> tuple[float, float]:
        """Of the face."""
        x, y = self.landmarks.mean(axis=0)
        return float(x), float(y)

    def is_in(self, box: BoxPx) -> bool:
        """Whether a box is of this face: it holds its middle, and is not many times as large."""
        x, y = self.middle
        return box.x <= x <= box.x + box.w and box.y <= y <= box.y + box.h and box.w < 6 * self.eyes_px


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What came of one face. found: by the search; left: parts of it lie open in the picture that is sent;
    found_after, named_after: by Kith's own networks in that picture, the embedder told where it is;
    named_before: likewise in the picture as it was."""

    eyes_px: float
    found: bool
    left: bool
    found_after: bool
    named_before: bool
    named_after: bool


@click.command()
@click.argument("data", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--frames", type=click.IntRange(min=1), default=150, show_default=True)
@click.option("--people", type=click.IntRange(min=FACES), default=50, show_default=True)
@click.option("--picture", type=click.Path(path_type=Path, dir_okay=False), help="Keep one JPEG, to look at.")
def main(data: Path, frames: int, people: int, picture: Path | None) -> None:
    """Measure on DATA, a folder laid out as LFW is: NAME/NAME_0001.jpg, the person meant in the middle.

    People, three photos of each, are enrolled in a gallery of somebody who looks for them; a further photo of
    each walks through the frames. Prints Markdown tables.
    """

    def measure() -> None:
        analyzer = open_analyzer(models_dir(), VisionSettings())
        matcher, walking = _acquaintances(analyzer, data, people)
        for width in WIDTHS_PX:
            rng = np.random.default_rng(SEED)
            found = [
                _one(analyzer, matcher, walking, width, rng, picture if at == 0 else None)
                for at in progress(range(frames), f"{width} px")
            ]
            _report(width, [fate for fates, _ in found for fate in fates], [count for _, count in found])

    _lfw.run(measure)


def _acquaintances(analyzer: FaceAnalyzer, data: Path, count: int) -> tuple[Matcher, list[tuple[U8, F32]]]:
    """A matcher that knows people, and a further photo of each with its landmarks."""
    vectors: list[F32] = []
    ids: list[int] = []
    walking: list[tuple[U8, F32]] = []
    for _, photos in progress(choose_people(data, 2 * count, SEED), "enrolling"):
        looks = [_alone(analyzer, photo) for photo in photos]
        whole = [look for look in looks if look is not None]
        if len(whole) == len(photos) and len(walking) < count:
            for rgb, landmarks in whole[:ENROLLED_PHOTOS]:
                vectors.append(analyzer.embed(align(rgb, landmarks)).vector)
                ids.append(len(walking))
            walking.append(whole[-1])
    point = shipped_point(analyzer.model_id)
    templates = TemplateSet(
        vectors=np.array(vectors, np.float32), person_ids=np.array(ids, np.int64), model_id=point.model_id
    )
    return Matcher(templates, point), walking


def _alone(analyzer: FaceAnalyzer, photo: Path) -> tuple[U8, F32] | None:
    """A photo in which one face is found, and its landmarks; None for any other."""
    rgb = open_photo(photo).rgb
    faces = analyzer.detect(rgb)
    return (rgb, faces[0].landmarks) if len(faces) == 1 else None


def _one(
    analyzer: FaceAnalyzer,
    matcher: Matcher,
    walking: Sequence[tuple[U8, F32]],
    width: int,
    rng: np.random.Generator,
    keep: Path | None,
) -> tuple[list[Fate], int]:
    """The fates of one frame's faces, and how many boxes were covered that are none."""
    frame, pasted = _frame(walking, width, rng)
    boxes = [face.box for face in every_face(analyzer, frame)]
    subject = Subject(rgb=frame, hide=tuple(boxes))
    jpeg = picture_to_send(subject, width)
    sent = as_rgb(np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), np.uint8))
    if keep:
        keep.with_suffix(f".{width}.jpg").write_bytes(picture_to_send(subject, SceneSettings().picture_px))
    after = [face.box for face in every_face(analyzer, sent)]
    fates = [
        Fate(
            eyes_px=face.eyes_px,
            found=any(map(face.is_in, boxes)),
            left=_open(sent, face),
            found_after=any(map(face.is_in, after)),
            named_before=_named(analyzer, matcher, frame, face),
            named_after=_named(analyzer, matcher, sent, face),
        )
        for face in pasted
    ]
    return fates, sum(not any(face.is_in(box) for face in pasted) for box in boxes)


def _frame(
    walking: Sequence[tuple[U8, F32]], width: int, rng: np.random.Generator
) -> tuple[U8, list[Pasted]]:
    """A frame with several people, each of whom is in it once."""
    scene, scale = scenes.dead_leaves(rng), width / scenes.SENSOR_WIDTH_PX
    pasted: list[Pasted] = []
    for person in rng.choice(len(walking), FACES, replace=False):
        rgb, landmarks = walking[int(person)]
        own_px = float(np.hypot(*(landmarks[1] - landmarks[0])))
        times = math.exp(rng.uniform(math.log(EDGES_PX[0]), math.log(EDGES_PX[-1]))) / scale / own_px
        place = _place(landmarks, times, [(each.middle, each.eyes_px) for each in pasted], rng)
        if place is None:
            continue
        matrix = np.array([[times, 0, place[0]], [0, times, place[1]]])
        scenes.overlay(scene, rgb, matrix, rng)
        moved = (landmarks * times + np.array(place)).astype(np.float32)
        pasted.append(Pasted(person=int(person), landmarks=moved))
    frame = scenes.shrunk(scenes.sensed(scene, float(np.exp(rng.uniform(-0.7, 0.2))), rng), width)
    return frame, [
        Pasted(person=each.person, landmarks=each.landmarks * np.float32(scale)) for each in pasted
    ]


def _place(
    landmarks: F32,
    times: float,
    others: Sequence[tuple[tuple[float, float], float]],
    rng: np.random.Generator,
) -> tuple[float, float] | None:
    """Where the photo's corner lies, so that the face is in the frame and away from the others."""
    middle, eyes_px = landmarks.mean(axis=0) * times, float(np.hypot(*(landmarks[1] - landmarks[0]))) * times
    edge = 1.5 * eyes_px
    for _ in range(50):
        x = rng.uniform(edge, scenes.SENSOR_WIDTH_PX - edge)
        y = rng.uniform(edge, scenes.SENSOR_HEIGHT_PX - edge)
        if all(math.dist((x, y), at) > _ROOM * (eyes_px + other_px) for at, other_px in others):
            return x - float(middle[0]), y - float(middle[1])
    return None


def _open(sent: U8, face: Pasted) -> bool:
    """Whether the square around eyes and mouth is anything but one flat grey, the JPEG's error aside."""
    (left, top), (right, bottom) = face.landmarks.min(axis=0), face.landmarks.max(axis=0)
    part = sent[int(top) : int(bottom) + 1, int(left) : int(right) + 1].astype(int)
    return bool(np.abs(part - 128).max() > 24)


def _named(analyzer: FaceAnalyzer, matcher: Matcher, rgb: U8, face: Pasted) -> bool:
    identity = matcher.identify(analyzer.embed(align(rgb, face.landmarks)))
    return identity.outcome is Outcome.KNOWN and identity.person_id == face.person


def _report(width: int, fates: Sequence[Fate], needless: Sequence[int]) -> None:
    click.echo(f"\n{width} px wide, {len(needless)} frames, {len(fates)} faces\n")
    click.echo("| eyes, px | faces | found | open when sent | found then | named before | named when sent |")
    click.echo("| --- | --- | --- | --- | --- | --- | --- |")
    for low, high in [*itertools.pairwise(EDGES_PX), (EDGES_PX[0], EDGES_PX[-1])]:
        click.echo(" | ".join(_row(low, high, [fate for fate in fates if low <= fate.eyes_px < high])))
    click.echo(f"\n{sum(needless)} boxes were covered that are no face, {np.mean(needless):.2f} a frame.")


def _row(low: int, high: int, fates: Sequence[Fate]) -> Iterator[str]:
    yield f"| {low} to {high}"
    yield str(len(fates))
    for name in ("found", "left", "found_after", "named_before", "named_after"):
        hits = sum(getattr(fate, name) for fate in fates)
        share = f"{hits / len(fates):.1%}" if fates else "-"
        yield f"{share} ({hits})" + (" |" if name == "named_after" else "")


if __name__ == "__main__":
    main()
