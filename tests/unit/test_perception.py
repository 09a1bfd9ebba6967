"""Where a face is, whichever way the camera is mounted."""

from __future__ import annotations

import math
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from kith.app.perception import Perception
from kith.config import CameraSettings, VisionSettings
from kith.recognition.gallery import Gallery
from kith.recognition.matcher import Matcher
from kith.types import AlignedFace, BoxPx, Embedding, Face, FaceQuality, Frame
from kith.vision.pipeline import Assessment, FaceAnalyzer
from kith.vision.second_look import Region
from tests.unit._gallery_kit import MODEL, POINT, looks

FOCAL_PX = 320 / math.tan(math.radians(31.1))
"""Of the camera's 640 pixels over 62.2 degrees; turning the picture changes no lens."""
EYES_PX = FOCAL_PX * 63 / 2000
"""Between the eyes of an adult who stands two metres ahead."""


class Someone:
    """An analyzer that sees one face so many pixels to the right of the middle."""

    model_id = MODEL

    def __init__(self, offset_px: float) -> None:
        self._offset_px = offset_px

    def detect(self, rgb: np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]) -> list[Face]:
        box = BoxPx(x=rgb.shape[1] / 2 + self._offset_px - 30, y=100, w=60, h=80)
        return [Face(box=box, landmarks=np.zeros((5, 2), np.float32), score=0.9)]

    def detect_within(self, rgb: object, region: Region) -> list[Face]:
        return []

    def assess(self, rgb: object, face: Face) -> Assessment:
        quality = FaceQuality(sharpness=20, luma=120, yaw_deg=0, pitch_deg=0, inter_eye_px=EYES_PX)
        aligned = AlignedFace(rgb=np.zeros((112, 112, 3), np.uint8))
        return Assessment(face=face, quality=quality, rejection=None, aligned=aligned)

    def embed(self, aligned: AlignedFace) -> Embedding:
        return looks(1)[0]


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
