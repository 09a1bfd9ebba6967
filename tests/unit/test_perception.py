"""Where a face is, whichever way the camera is mounted; and what a look shows besides faces."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from kith.app.perception import Perception
from kith.clock import NS_PER_MS
from kith.config import CameraSettings, VisionSettings
from kith.errors import KithError, ModelMissing
from kith.recognition.gallery import Gallery
from kith.recognition.matcher import Matcher, TemplateSet
from kith.types import (
    U8,
    AlignedFace,
    BoxPx,
    Embedding,
    Face,
    FaceQuality,
    Frame,
    HeldFault,
    HeldThing,
    PictureFace,
    Rejection,
    Sighting,
    Survey,
    Want,
)
from kith.vision.pipeline import Assessment, FaceAnalyzer
from kith.vision.second_look import Region
from tests.unit._gallery_kit import MODEL, POINT, TODAY, looks

FOCAL_PX = 320 / math.tan(math.radians(31.1))
"""Of the camera's 640 pixels over 62.2 degrees; turning the picture changes no lens."""
EYES_PX = FOCAL_PX * 63 / 2000
"""Between the eyes of an adult who stands two metres ahead."""


def a_face(box: BoxPx) -> Face:
    return Face(box=box, landmarks=np.zeros((5, 2), np.float32), score=0.9)


class Someone:
    """An analyzer that sees one face so many pixels to the right of the middle; by a finer search these."""

    model_id = MODEL

    def __init__(self, offset_px: float, *finer: Face) -> None:
        self._offset_px, self._finer = offset_px, finer
        self.seed = 1
        self.rejection: Rejection | None = None

    def detect(self, rgb: np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]) -> list[Face]:
        return [a_face(BoxPx(x=rgb.shape[1] / 2 + self._offset_px - 30, y=100, w=60, h=80))]

    def detect_within(self, rgb: object, region: Region, least_score: float | None = None) -> list[Face]:
        return [] if least_score is None else list(self._finer)

    def assess(self, rgb: object, face: Face) -> Assessment:
        quality = FaceQuality(sharpness=20, luma=120, yaw_deg=0, pitch_deg=0, inter_eye_px=EYES_PX)
        aligned = AlignedFace(rgb=np.zeros((112, 112, 3), np.uint8))
        return Assessment(face=face, quality=quality, rejection=self.rejection, aligned=aligned)

    def embed(self, aligned: AlignedFace) -> Embedding:
        return looks(self.seed)[0]


@pytest.mark.parametrize(
    ("rotation_deg", "shape"),
    [(0, (480, 640, 3)), (180, (480, 640, 3)), (90, (640, 480, 3)), (270, (640, 480, 3))],
)
def test_distance_and_bearing_do_not_change_when_the_camera_is_mounted_on_its_side(
    tmp_path: Path, rotation_deg: int, shape: tuple[int, int, int]
) -> None:
    with Gallery.open(tmp_path / "kith.db", MODEL) as gallery:
        matcher = Matcher(gallery.templates(), POINT)
    analyzer = cast(FaceAnalyzer, Someone(FOCAL_PX * math.tan(math.radians(15))))
    settings = CameraSettings(rotation_deg=rotation_deg)
    perception = Perception(analyzer, matcher, settings, VisionSettings())
    sighting = perception.look(Frame(seq=0, captured_ns=0, rgb=np.zeros(shape, np.uint8)))
    (place,) = [face.place for face in sighting.faces]
    assert place.bearing_deg == pytest.approx(15, abs=0.1)
    assert place.distance_mm == pytest.approx(2000 / math.cos(math.radians(15)), abs=2)


# --- what else is asked for ---------------------------------------------------------------------------


class ThingEyes:
    """What knows things, and what was asked of it."""

    def __init__(self) -> None:
        self.asked: list[object] = []

    def learn(self, templates: TemplateSet, extents: Mapping[int, float]) -> None:
        self.asked.append(extents)

    def survey(self, rgb: U8, focal_px: float) -> Survey:
        self.asked.append("survey")
        assert focal_px == pytest.approx(FOCAL_PX)
        return Survey(objects=(), things=())

    def held(self, rgb: U8) -> HeldThing:
        self.asked.append("held")
        return HeldThing(box=None, fault=HeldFault.NO_THING, embedding=None, extent=0.0, looks_like=None)


class Opening:
    """Opens such eyes, and counts how often."""

    def __init__(self, error: KithError | None = None) -> None:
        self.eyes, self.count, self._error = ThingEyes(), 0, error

    def __call__(self) -> ThingEyes:
        self.count += 1
        if self._error is not None:
            raise self._error
        return self.eyes


@pytest.fixture
def matcher(tmp_path: Path) -> Matcher:
    with Gallery.open(tmp_path / "kith.db", MODEL) as gallery:
        return Matcher(gallery.templates(), POINT)


def perceiving(matcher: Matcher, opening: Opening | None, *others: Face) -> Perception:
    analyzer = cast(FaceAnalyzer, Someone(0.0, *others))
    return Perception(analyzer, matcher, CameraSettings(), VisionSettings(), opening)


def looked(perception: Perception, at_ms: int = 0) -> Sighting:
    frame = Frame(seq=0, captured_ns=at_ms * NS_PER_MS, rgb=np.zeros((480, 640, 3), np.uint8))
    return perception.look(frame)


def test_what_is_not_wanted_is_not_even_opened(matcher: Matcher) -> None:
    opening = Opening()
    sighting = looked(perceiving(matcher, opening))
    assert (sighting.survey, sighting.held, sighting.picture) == (None, None, None)
    assert opening.count == 0


def test_each_look_shows_what_is_wanted_and_no_more(matcher: Matcher) -> None:
    opening = Opening()
    perception = perceiving(matcher, opening)
    perception.wants = frozenset((Want.SURVEY,))
    sighting = looked(perception)
    assert sighting.survey is not None
    assert sighting.held is None
    perception.wants = frozenset((Want.HELD,))
    assert looked(perception, 100).held is not None
    perception.wants = frozenset()
    assert looked(perception, 200).survey is None
    assert opening.count == 1
    assert opening.eyes.asked == ["survey", "held"]


def test_a_part_that_cannot_be_opened_is_tried_once(matcher: Matcher) -> None:
    opening = Opening(ModelMissing("the network is missing: run `make models`"))
    perception = perceiving(matcher, opening)
    perception.wants = frozenset((Want.SURVEY, Want.HELD))
    for number in range(3):
        assert looked(perception, 100 * number).survey is None
    assert opening.count == 1
    assert perception.things.broken


def test_a_device_without_the_part_is_not_broken(matcher: Matcher) -> None:
    perception = perceiving(matcher, None)
    perception.wants = frozenset((Want.SURVEY, Want.HELD))
    assert looked(perception).survey is None
    assert not perception.things.broken


def test_what_was_taught_is_learnt_once_and_before_the_next_look(matcher: Matcher) -> None:
    opening = Opening()
    perception = perceiving(matcher, opening)
    perception.things.taught = cast(TemplateSet, None), {1: 0.3}
    perception.wants = frozenset((Want.SURVEY,))
    looked(perception)
    looked(perception, 100)
    perception.things.taught = cast(TemplateSet, None), {1: 0.5}
    looked(perception, 200)
    assert opening.eyes.asked == [{1: 0.3}, "survey", "survey", {1: 0.5}, "survey"]


def test_for_marked_things_one_frame_a_second_is_surveyed(matcher: Matcher) -> None:
    perception = perceiving(matcher, Opening())
    perception.survey_interval_ns = 1000 * NS_PER_MS
    surveyed = [at_ms for at_ms in range(0, 3000, 100) if looked(perception, at_ms).survey is not None]
    assert surveyed == [0, 1000, 2000]
    perception.survey_interval_ns = None
    assert looked(perception, 9000).survey is None


def test_a_frame_alone_takes_no_search_for_faces(matcher: Matcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kith.app.perception.every_face", lambda *_: pytest.fail("it was searched"))
    perception = perceiving(matcher, None)
    perception.wants = frozenset((Want.FRAME,))
    frame = Frame(seq=0, captured_ns=0, rgb=np.zeros((480, 640, 3), np.uint8))
    sighting = perception.look(frame)
    assert sighting.rgb is frame.rgb
    assert sighting.picture is None
    perception.wants = frozenset()
    assert perception.look(frame).rgb is None


def test_a_picture_has_every_face_and_whose_track_it_is(matcher: Matcher) -> None:
    """The tracked one in the finer search's box, and another one that only that search has found."""
    fine = BoxPx(x=292, y=102, w=58, h=78)
    far = BoxPx(x=500, y=80, w=12, h=16)
    perception = perceiving(matcher, None, a_face(fine), a_face(far))
    perception.wants = frozenset((Want.PICTURE,))
    sighting = looked(perception)
    picture = sighting.picture
    assert picture is not None
    (tracked,) = sighting.faces
    assert picture.faces == (
        PictureFace(box=fine, track_id=tracked.tracked.track_id),
        PictureFace(box=far, track_id=None),
    )


def test_a_face_that_only_the_look_has_found_is_in_the_picture_too(matcher: Matcher) -> None:
    perception = perceiving(matcher, None)
    perception.wants = frozenset((Want.PICTURE,))
    sighting = looked(perception)
    assert sighting.picture is not None
    (tracked,) = sighting.faces
    assert sighting.picture.faces == (
        PictureFace(box=tracked.tracked.face.box, track_id=tracked.tracked.track_id),
    )


def test_somebody_who_overlaps_a_known_face_a_little_is_somebody_else(matcher: Matcher) -> None:
    """Else a stranger beside the known one would be shown in the place of theirs."""
    beside = BoxPx(x=290 + 25, y=100, w=60, h=80)
    perception = perceiving(matcher, None, a_face(beside))
    perception.wants = frozenset((Want.PICTURE,))
    picture = looked(perception).picture
    assert picture is not None
    assert [face.track_id is None for face in picture.faces] == [False, True]
    assert picture.faces[1].box == beside


def test_a_picture_tells_whom_it_shows_by_itself(tmp_path: Path) -> None:
    """A track is embedded seldom once it is sure whose it is, and never in a look that is not good enough:
    somebody else may have stepped into it."""
    with Gallery.open(tmp_path / "kith.db", MODEL) as gallery:
        anna = gallery.add_person("Anna", looks(1), TODAY).person_id
        matcher = Matcher(gallery.templates(), POINT)
    someone = Someone(0.0)
    perception = Perception(cast(FaceAnalyzer, someone), matcher, CameraSettings(), VisionSettings())
    perception.wants = frozenset((Want.PICTURE,))
    (track_id,) = [face.tracked.track_id for face in looked(perception).faces]
    perception.sure = frozenset((track_id,))

    def shown(at_ms: int) -> list[tuple[int | None, int | None]]:
        picture = looked(perception, at_ms).picture
        assert picture is not None
        return [(face.track_id, face.looks_like) for face in picture.faces]

    assert shown(100) == [(track_id, anna)]
    someone.seed = 2
    assert shown(200) == [(track_id, None)]
    someone.seed, someone.rejection = 1, Rejection.BLURRED
    assert shown(300) == [(track_id, None)]
