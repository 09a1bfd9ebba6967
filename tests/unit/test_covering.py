"""Covering faces: nothing of them is left, nothing else is touched more than it must."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kith.drivers.scene_narrator import picture_to_send
from kith.ports import Subject
from kith.types import U8, BoxPx
from kith.vision.covering import covered
from tools.scene_check import SUBJECT

LENGTH = st.floats(-200, 300, allow_nan=False)
SIZE = st.floats(0, 300, allow_nan=False)
BOXES = st.lists(st.builds(BoxPx, x=LENGTH, y=LENGTH, w=SIZE, h=SIZE), max_size=4)


def noise(height: int = 96, width: int = 128) -> U8:
    return np.random.default_rng(3).integers(0, 120, (height, width, 3), np.uint8)


@given(BOXES)
def test_nothing_of_a_box_is_left_wherever_it_lies(boxes: list[BoxPx]) -> None:
    rgb = noise()
    hidden = covered(rgb, boxes)
    for box in boxes:
        top, bottom = max(int(box.y), 0), max(int(np.ceil(box.y + box.h)), 0)
        left, right = max(int(box.x), 0), max(int(np.ceil(box.x + box.w)), 0)
        part = hidden[top:bottom, left:right] if box.w > 0 and box.h > 0 else hidden[:0]
        assert (part == 128).all()
    assert (hidden[hidden != rgb] == 128).all()


@given(BOXES)
def test_it_does_not_depend_on_what_is_covered(boxes: list[BoxPx]) -> None:
    rgb = noise()
    other = 255 - rgb
    mask = (covered(rgb, boxes) == 128).all(axis=2)
    assert (covered(other, boxes)[mask] == 128).all()


def test_hair_ears_and_chin_are_covered_too_but_not_the_room() -> None:
    hidden = covered(noise(), [BoxPx(x=50, y=40, w=20, h=20)])
    rows, columns = np.nonzero((hidden == 128).all(axis=2))
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (28, 65, 42, 77)


def test_the_picture_itself_is_left_as_it_was() -> None:
    rgb = noise()
    before = rgb.copy()
    rgb.setflags(write=False)
    covered(rgb, [BoxPx(x=0, y=0, w=50, h=50)])
    assert (rgb == before).all()


@pytest.mark.parametrize(
    ("size", "longer_side_px", "expected"),
    [((480, 640), 768, (480, 640)), ((960, 1280), 768, (576, 768)), ((1280, 960), 224, (224, 168)),
     ((2000, 3), 224, (224, 1))],
)  # fmt: skip
def test_a_picture_is_shrunk_but_never_grown(
    size: tuple[int, int], longer_side_px: int, expected: tuple[int, int]
) -> None:
    jpeg = picture_to_send(Subject(rgb=noise(*size), hide=()), longer_side_px)
    sent = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert sent is not None
    assert sent.shape == (*expected, 3)


def test_a_picture_whose_faces_were_not_searched_for_is_not_made_to_be_sent() -> None:
    with pytest.raises(ValueError, match="not searched for"):
        picture_to_send(Subject(rgb=noise()), 768)


def test_the_picture_of_the_check_on_a_real_server_may_be_sent() -> None:
    assert picture_to_send(SUBJECT, 768).startswith(b"\xff\xd8")


def test_a_jpeg_holds_its_pixels_and_nothing_else() -> None:
    jpeg = picture_to_send(Subject(rgb=noise(), hide=()), 768)
    kinds, at = [], 2
    while jpeg[at + 1] != 0xDA:
        kinds.append(jpeg[at + 1])
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
    # JFIF, quantisation, frame, Huffman tables: no EXIF (E1), no comment (FE).
    assert set(kinds) <= {0xE0, 0xDB, 0xC0, 0xC4}


def test_colours_arrive_as_they_are() -> None:
    rgb = np.zeros((64, 64, 3), np.uint8)
    rgb[..., 0] = 250
    jpeg = picture_to_send(Subject(rgb=rgb, hide=()), 768)
    bgr = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert bgr is not None
    assert bgr[32, 32, 2] > 240
    assert bgr[32, 32, 0] < 10
