"""Faces found in the camera's own small picture are those that are found in the large one shrunk."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import cv2
import numpy as np
import pytest

from kith.config import VisionSettings
from kith.drivers.picamera import small_size
from kith.types import U8, AlignedFace, BoxPx, Embedding, Face, FaceQuality, Frame
from kith.vision.pipeline import Assessment, FaceAnalyzer, FacePipeline, open_analyzer
from kith.vision.second_look import Region
from tests.unit._gallery_kit import MODEL, POINT, looks

ROOT = Path(__file__).parents[2]
CLIPS = Path(os.environ.get("KITH_DATA", ROOT.parent / "shared" / "data")) / "clips"
NO_FINE = VisionSettings(second_looks=False)


class Someone:
    """An analyzer that sees a face in the middle of whatever it is shown, a quarter as wide."""

    model_id = MODEL

    def __init__(self) -> None:
        self.shown: list[tuple[int, ...]] = []
        self.assessed: list[Face] = []

    def detect(self, rgb: U8) -> list[Face]:
        self.shown.append(rgb.shape)
        height, width = rgb.shape[:2]
        box = BoxPx(x=width * 3 / 8, y=height / 4, w=width / 4, h=height / 2)
        landmarks = np.array([[width / 2, height / 3]] * 5, np.float32)
        return [Face(box=box, landmarks=landmarks, score=0.9)]

    def detect_within(self, rgb: U8, region: Region) -> list[Face]:
        return []

    def assess(self, rgb: U8, face: Face) -> Assessment:
        self.assessed.append(face)
        quality = FaceQuality(sharpness=20, luma=120, yaw_deg=0, pitch_deg=0, inter_eye_px=40)
        aligned = AlignedFace(rgb=np.zeros((112, 112, 3), np.uint8))
        return Assessment(face=face, quality=quality, rejection=None, aligned=aligned)

    def embed(self, aligned: AlignedFace) -> Embedding:
        return looks(1)[0]


@pytest.mark.parametrize("small", [None, (288, 384), (288, 383), (216, 384)])
def test_a_face_is_told_in_pixels_of_the_frame(small: tuple[int, int] | None) -> None:
    analyzer = Someone()
    pipeline = FacePipeline(cast(FaceAnalyzer, analyzer), NO_FINE, np.array(POINT.centre, np.float32))
    frame = Frame(
        seq=0,
        captured_ns=0,
        rgb=np.zeros((1232, 1640, 3), np.uint8),
        small=None if small is None else np.zeros((*small, 3), np.uint8),
    )
    (tracked,) = pipeline.process(frame)
    assert analyzer.shown == [(*(small or (1232, 1640)), 3)]
    assert [tracked.face] == analyzer.assessed
    box = tracked.face.box
    assert (box.x, box.y, box.w, box.h) == pytest.approx((615, 308, 410, 616))
    assert tracked.face.landmarks == pytest.approx(np.array([[820, 1232 / 3]] * 5), rel=1e-5)
    if small is not None:
        assert not tracked.face.landmarks.flags.writeable


def _as_a_camera_shrinks(rgb: U8, size: tuple[int, int]) -> U8:
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    planes = cv2.cvtColor(small, cv2.COLOR_RGB2YUV_I420)
    return np.asarray(cv2.cvtColor(planes, cv2.COLOR_YUV2RGB_I420), np.uint8)


def _frames(film: Path, every: int) -> Iterator[U8]:
    capture = cv2.VideoCapture(str(film))
    number = 0
    while capture.grab():
        if number % every == 0:
            yield np.ascontiguousarray(capture.retrieve()[1][..., ::-1], np.uint8)
        number += 1


@pytest.mark.data
@pytest.mark.skipif(not CLIPS.is_dir(), reason=f"needs the clips in {CLIPS} (KITH_DATA)")
def test_the_same_faces_are_found_at_the_same_places() -> None:
    analyzer, shifts = open_analyzer(ROOT / "models", NO_FINE), []
    for film in sorted(CLIPS.glob("*/*.mkv")):
        for rgb in _frames(film, 20):
            height_px, width_px = rgb.shape[:2]
            size = small_size((width_px, height_px), 0)
            assert size is not None
            times = np.array([width_px / size[0], height_px / size[1]])
            (large, *others), small = analyzer.detect(rgb), analyzer.detect(_as_a_camera_shrinks(rgb, size))
            assert len(small) >= 1 + len(others)
            eyes_px = float(np.linalg.norm(large.landmarks[0] - large.landmarks[1]))
            moved_px = np.linalg.norm(small[0].landmarks * times - large.landmarks, axis=1).mean()
            shifts.append(moved_px / eyes_px)
    assert len(shifts) >= 30
    assert np.median(shifts) < 0.04, "of the distance between the eyes"
    assert max(shifts) < 0.25
