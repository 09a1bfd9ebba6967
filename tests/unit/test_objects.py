"""Anchors, decoding and telling each thing once, on network outputs made by hand."""

import math
from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from kith.types import BoxPx
from kith.vision.anchors import anchors, boxes
from kith.vision.networks import Network, read_manifest
from kith.vision.objects import LABELS, NAMESAKES, FoundObject, ObjectNetwork, decode, squeezed, told_once
from kith.vision.tflite import TensorSpec
from models import MODELS_DIR

NOTHING = -12.0
ANCHORS = anchors()


@dataclass
class _Outputs:
    """A runtime that gives what it was made with, and keeps the picture it was given."""

    classes: NDArray[np.float32]
    encodings: NDArray[np.float32]
    picture: NDArray[np.uint8] | None = None

    def run(self, picture: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
        self.picture = picture
        fine, coarse = np.full((1, 19, 19, 8), 1, np.float32), np.full((1, 10, 10, 16), 2, np.float32)
        return self.encodings[None], self.classes[None], fine, coarse


def _outputs() -> _Outputs:
    return _Outputs(np.full((1917, 24), NOTHING, np.float32), np.zeros((1917, 4), np.float32))


def _network(outputs: _Outputs, min_score: float = 0.5) -> ObjectNetwork:
    spec = replace(
        read_manifest(MODELS_DIR).networks["detector"],
        input=TensorSpec(name="picture", shape=(1, 300, 300, 3), dtype="int8", meaning="made"),
    )
    return ObjectNetwork(Network(spec=spec, model=outputs), min_score)


def _logit(score: float) -> float:
    return math.log(score / (1 - score))


def _found(label: str, score: float, x: float, y: float, w: float, h: float) -> FoundObject:
    return FoundObject(label=label, score=score, box=BoxPx(x=x, y=y, w=w, h=h))


def _told(*candidates: FoundObject) -> list[str]:
    return [found.label for found in told_once(candidates)]


def test_each_grid_has_its_boxes_around_the_middles_of_its_cells() -> None:
    assert ANCHORS.shape == (1917, 4)
    assert ANCHORS[0] == pytest.approx([0.5 / 19, 0.5 / 19, 0.1, 0.1])
    assert ANCHORS[1] == pytest.approx([0.5 / 19, 0.5 / 19, 0.2 / math.sqrt(2), 0.2 * math.sqrt(2)])
    second_cell, second_row = ANCHORS[3], ANCHORS[3 * 19]
    assert second_cell[:2] == pytest.approx([0.5 / 19, 1.5 / 19])
    assert second_row[:2] == pytest.approx([1.5 / 19, 0.5 / 19])
    second_grid = ANCHORS[3 * 19 * 19 :]
    assert second_grid[0] == pytest.approx([0.05, 0.05, 0.35, 0.35])
    assert second_grid[3, 2:] == pytest.approx([0.35 / math.sqrt(3), 0.35 * math.sqrt(3)])
    assert second_grid[5, 2:] == pytest.approx([math.sqrt(0.35 * 0.5)] * 2)
    assert ANCHORS[-6] == pytest.approx([0.5, 0.5, 0.95, 0.95])
    assert ANCHORS[-1] == pytest.approx([0.5, 0.5, math.sqrt(0.95), math.sqrt(0.95)])


def test_an_encoding_moves_and_stretches_its_anchor() -> None:
    around = np.array([[0.5, 0.4, 0.2, 0.1]], np.float32)
    encoding = np.array([[10.0, -20.0, 5 * math.log(2), 5 * math.log(3)]], np.float32)
    # Down by one of its heights, left by two of its widths; twice as high, three times as wide.
    (left, top, width, height) = boxes(encoding, around)[0]
    assert (width, height) == pytest.approx((0.3, 0.4))
    assert (left + width / 2, top + height / 2) == pytest.approx((0.2, 0.7))


def test_a_class_above_the_score_is_found_under_its_name_in_the_pixels_of_the_frame() -> None:
    outputs = _outputs()
    outputs.classes[-6, 1 + LABELS.index("chair")] = _logit(0.8)
    look = _network(outputs).look(np.zeros((480, 640, 3), np.uint8))
    (chair,) = look.objects
    assert chair.label == "chair"
    assert chair.score == pytest.approx(0.8)
    assert chair.box.x == pytest.approx(0.025 * 640, abs=1e-3)
    assert chair.box.y == pytest.approx(0.025 * 480, abs=1e-3)
    assert (chair.box.w, chair.box.h) == pytest.approx((0.95 * 640, 0.95 * 480))
    assert look.fine.shape == (19, 19, 8)
    assert look.coarse.shape == (10, 10, 16)


def test_nothing_is_found_below_the_score_and_the_class_of_nothing_never() -> None:
    outputs = _outputs()
    outputs.classes[:, 0] = 9.0
    outputs.classes[700, 5] = _logit(0.49)
    assert _network(outputs).look(np.zeros((480, 640, 3), np.uint8)).objects == ()


def test_a_box_is_cut_at_the_edges_of_the_frame() -> None:
    outputs = _outputs()
    outputs.classes[-6, 1 + LABELS.index("table")] = 3.0
    outputs.encodings[-6] = (5.0, -5.0, 0.0, 0.0)
    box = _network(outputs).look(np.zeros((100, 200, 3), np.uint8)).objects[0].box
    assert box.x == 0
    assert box.y + box.h == pytest.approx(100)
    assert box.x + box.w == pytest.approx(0.5 * 200, abs=1e-3)


@pytest.mark.parametrize("size", [(480, 640), (300, 300), (1067, 1599), (640, 480)])
def test_the_network_is_given_the_whole_frame_squeezed(size: tuple[int, int]) -> None:
    rgb = np.zeros((*size, 3), np.uint8)
    rgb[: size[0] // 2, size[1] // 2 :] = (250, 100, 0)
    outputs = _outputs()
    _network(outputs).look(rgb)
    assert outputs.picture is not None
    assert outputs.picture.shape == (300, 300, 3)
    assert outputs.picture.dtype == np.uint8
    assert tuple(outputs.picture[20, 280]) == (250, 100, 0)
    assert not outputs.picture[160:].any()
    assert not outputs.picture[:, :140].any()


def test_shrinking_takes_every_pixel_into_account() -> None:
    lines = np.zeros((1200, 1200, 3), np.uint8)
    lines[1::4] = lines[2::4] = 200
    assert np.unique(squeezed(lines, (300, 300))) == pytest.approx([100])


def test_decoding_gives_the_surest_first_and_no_more_than_a_hundred() -> None:
    classes = np.full((1917, 24), NOTHING, np.float32)
    classes[:300, 3] = np.linspace(0.1, 4, 300)
    found = decode(np.zeros((1917, 4), np.float32), classes, ANCHORS, 0.5)
    scores = [each.score for each in found]
    assert len(found) == 100
    assert scores == sorted(scores, reverse=True)
    assert scores[0] == pytest.approx(1 / (1 + math.exp(-4.0)))


@pytest.mark.parametrize("names", NAMESAKES)
def test_one_thing_under_two_names_is_told_once_by_the_surer(names: frozenset[str]) -> None:
    surer, other = sorted(names)[:2]
    assert _told(_found(surer, 0.7, 10, 10, 100, 60), _found(other, 0.6, 20, 14, 100, 60)) == [surer]


def test_all_names_that_are_merged_are_classes() -> None:
    assert frozenset().union(*NAMESAKES) <= frozenset(LABELS)
    assert len(set(LABELS)) == len(LABELS) == 23


def test_two_things_of_one_name_side_by_side_are_both_told() -> None:
    assert _told(_found("chair", 0.7, 0, 0, 50, 80), _found("chair", 0.6, 40, 0, 50, 80)) == ["chair"] * 2


def test_a_part_of_a_table_found_again_is_not_told() -> None:
    assert _told(_found("table", 0.7, 0, 0, 200, 100), _found("desk", 0.6, 10, 10, 60, 60)) == ["table"]


def test_a_person_before_a_larger_one_is_told() -> None:
    found = _told(_found("person", 0.7, 0, 0, 200, 200), _found("person", 0.6, 50, 90, 60, 100))
    assert found == ["person", "person"]


def test_a_cup_on_a_table_and_whoever_fills_a_chair_are_told_beside_them() -> None:
    assert _told(_found("table", 0.7, 0, 0, 200, 100), _found("mug", 0.6, 90, 10, 20, 20)) == ["table", "mug"]
    chair, person = _found("chair", 0.7, 0, 0, 100, 100), _found("person", 0.6, 0, 0, 100, 98)
    assert _told(chair, person) == ["chair", "person"]
