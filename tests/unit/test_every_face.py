"""Every face of a picture: tiles that leave nothing out, and each face once."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kith.types import U8, BoxPx, Face
from kith.vision.every_face import every_face, tiles
from kith.vision.pipeline import FaceAnalyzer
from kith.vision.second_look import Region


def a_face(x: float, y: float, w: float, score: float = 0.9) -> Face:
    box = BoxPx(x=x, y=y, w=w, h=1.3 * w)
    return Face(box=box, landmarks=np.zeros((5, 2), np.float32), score=score)


class Finder:
    """An analyzer that finds faces as large as the detector likes them: from a twenty-fourth to a third of
    the part that it is shown."""

    def __init__(self, *faces: Face) -> None:
        self._faces = faces
        self.shown: list[Region] = []

    def detect_within(self, rgb: U8, region: Region, least_score: float | None = None) -> list[Face]:
        self.shown.append(region)
        assert least_score is not None
        return [
            face
            for face in self._faces
            if face.score >= least_score
            and region.w / 24 <= face.box.w <= region.w / 3
            and region.holds(face.box, rgb.shape[1], rgb.shape[0])
            and region.x <= face.box.center_x < region.x + region.w
            and region.y <= face.box.center_y < region.y + region.h
        ]


def found(*faces: Face, size: tuple[int, int] = (640, 480)) -> list[Face]:
    picture = np.zeros((size[1], size[0], 3), np.uint8)
    return every_face(cast(FaceAnalyzer, Finder(*faces)), picture)


SIZES = st.sampled_from([(640, 480), (480, 640), (1280, 960), (320, 240), (300, 300)])


@given(SIZES, st.data())
def test_a_face_that_a_tile_can_show_is_in_one(size: tuple[int, int], data: st.DataObject) -> None:
    width, height = size
    least = min(region.w for region in tiles(width, height)) / 24
    w = data.draw(st.floats(least, min(width, height) / 8))
    x = data.draw(st.floats(0, width - w))
    y = data.draw(st.floats(0, height - 1.3 * w))
    one = a_face(x, y, w)
    assert found(one, size=size) == [one]


@given(SIZES)
def test_each_level_covers_the_picture(size: tuple[int, int]) -> None:
    width, height = size
    covered = np.zeros((height, width), bool)
    levels: dict[int, np.ndarray[tuple[int, int], np.dtype[np.bool_]]] = {}
    for region in tiles(width, height):
        assert region.x >= 0
        assert region.y >= 0
        assert region.x + region.w <= width
        assert region.y + region.h <= height
        level = levels.setdefault(region.w, covered.copy())
        level[region.y : region.y + region.h, region.x : region.x + region.w] = True
    assert all(level.all() for level in levels.values())


def test_a_face_that_is_found_in_several_tiles_is_one() -> None:
    once = a_face(300, 200, 60, score=0.7)
    again = a_face(302, 201, 58, score=0.9)
    assert found(once, again) == [again]


def test_two_side_by_side_stay_two() -> None:
    faces = [a_face(200, 200, 60), a_face(250, 200, 60)]
    assert sorted(found(*faces), key=lambda face: face.box.x) == faces


def test_what_a_look_would_not_believe_counts() -> None:
    assert len(found(a_face(300, 200, 60, score=0.4))) == 1


def test_how_often_the_network_runs() -> None:
    """One run takes tens of milliseconds on a small board."""
    assert len(list(tiles(640, 480))) == 35
    assert len(list(tiles(1280, 960))) == 35


@pytest.mark.parametrize("size", [(1, 1), (2, 5000), (5000, 2), (3, 3)])
def test_a_sliver_of_a_picture_is_searched_too(size: tuple[int, int]) -> None:
    """At a desk somebody may name any file."""
    assert all(region.w >= 1 and region.h >= 1 for region in tiles(*size))


def test_a_larger_picture_is_searched_shrunk_and_its_faces_told_in_its_own_pixels() -> None:
    (one,) = found(a_face(300, 200, 60), size=(2560, 1920))
    assert (one.box.x, one.box.y, one.box.w) == (600, 400, 120)
    assert all(abs(one.landmarks[0] - 2 * a_face(300, 200, 60).landmarks[0]) < 1e-3)
