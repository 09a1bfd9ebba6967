from __future__ import annotations

from pathlib import Path
from typing import cast

import cv2
import numpy as np
import pytest

from kith.errors import CalibrationMismatch
from kith.types import BoxPx, HeldFault
from kith.vision.networks import has_network, load_network
from kith.vision.objects import ObjectNetwork
from kith.vision.thing_network import ThingNetwork
from kith.vision.things import (
    ThingEmbedder,
    candidates,
    held_up,
    load_thing_map,
    pooled,
    square_around,
)
from tests.unit._thing_kit import BLUE, GREEN, MAP_ID, RED, ColourNetwork, colour_map, found, frame

HELD = BoxPx(x=240, y=150, w=160, h=200)
ROOT = Path(__file__).parents[2]


def network(*objects: tuple[str, BoxPx, float]) -> ObjectNetwork:
    return cast(ObjectNetwork, ColourNetwork([found(*each) for each in objects]))


def test_what_is_unlike_the_border_is_held_up() -> None:
    rgb = frame((HELD, RED))
    seen = held_up(rgb, network().look(rgb))
    assert seen.fault is None
    assert seen.box is not None
    assert seen.box.iou(HELD) > 0.6


def test_the_box_of_an_object_however_unsure_is_the_finer_one() -> None:
    rgb = frame((HELD, RED))
    of_the_object = BoxPx(x=238, y=148, w=165, h=205)
    seen = held_up(rgb, network(("box", of_the_object, 0.03)).look(rgb))
    assert seen.box == of_the_object


def test_the_person_behind_is_not_what_is_held_up() -> None:
    rgb = frame((HELD, RED))
    seen = held_up(rgb, network(("person", BoxPx(x=230, y=140, w=180, h=220), 0.9)).look(rgb))
    assert seen.box is not None
    assert seen.box != BoxPx(x=230, y=140, w=180, h=220)


def test_a_bare_wall_is_nothing_held_up() -> None:
    rgb = frame()
    assert held_up(rgb, network().look(rgb)).fault is HeldFault.NO_THING


def test_what_stands_at_the_side_is_not_held_up() -> None:
    rgb = frame((BoxPx(x=5, y=150, w=100, h=200), RED))
    assert held_up(rgb, network().look(rgb)).fault is HeldFault.NO_THING


@pytest.mark.parametrize(
    ("colour", "wall", "fault"),
    [((2, 2, 8), (60, 60, 60), HeldFault.TOO_DARK), ((255, 255, 250), (110, 110, 110), HeldFault.TOO_BRIGHT)],
)
def test_what_is_wrong_with_the_light_is_told(
    colour: tuple[int, int, int], wall: tuple[int, int, int], fault: HeldFault
) -> None:
    rgb = frame((HELD, colour), wall=wall)
    rgb[150:350, 240:400] = colour
    assert held_up(rgb, network(("box", HELD, 0.3)).look(rgb)).fault is fault


@pytest.mark.parametrize(
    ("box", "fault"),
    [
        (BoxPx(x=200, y=130, w=230, h=230), None),
        (BoxPx(x=0, y=130, w=430, h=230), HeldFault.CUT_OFF),
        (BoxPx(x=200, y=0, w=230, h=360), HeldFault.CUT_OFF),
        (BoxPx(x=200, y=130, w=230, h=350), None),
    ],
    ids=["within", "left", "above", "below, where the hand goes on"],
)
def test_what_goes_beyond_the_frame_is_told(box: BoxPx, fault: HeldFault | None) -> None:
    rgb = frame((BoxPx(x=200, y=130, w=230, h=230), RED))
    assert held_up(rgb, network(("box", box, 0.3)).look(rgb)).fault is fault


def test_what_is_not_held_still_is_told() -> None:
    rgb = frame((HELD, RED))
    smeared = np.asarray(cv2.GaussianBlur(rgb, (0, 0), 9), np.uint8)
    inner = BoxPx(x=270, y=190, w=100, h=120)
    assert held_up(rgb, network(("box", inner, 0.3)).look(rgb)).fault is None
    assert held_up(smeared, network(("box", inner, 0.3)).look(smeared)).fault is HeldFault.BLURRED


def test_places_are_the_boxes_of_objects_whatever_they_are_each_place_once() -> None:
    boxes = [BoxPx(x=100 * i, y=10, w=50, h=50) for i in range(4)]
    again = BoxPx(x=5, y=12, w=50, h=50)
    room = BoxPx(x=0, y=0, w=600, h=400)
    look = network(
        ("table", room, 0.95),
        ("chair", boxes[0], 0.9),
        ("person", boxes[1], 0.8),
        ("box", again, 0.1),
        ("mug", boxes[2], 0.05),
        ("mug", boxes[3], 0.04),
    ).look(frame())
    assert candidates(look, 640 * 480, 3) == (boxes[0], boxes[1], boxes[2])


def test_a_square_shows_the_whole_thing_in_its_middle() -> None:
    box = BoxPx(x=500, y=300, w=60, h=120)
    square = square_around(frame((box, BLUE)), box, 300)
    assert square.shape == (300, 300, 3)
    blue = (square[..., 2] > 90) & (square[..., 0] < 60)
    rows, columns = np.nonzero(blue)
    assert (rows.mean(), columns.mean()) == pytest.approx((150, 150), abs=4)
    assert np.ptp(rows) == pytest.approx(300 / 1.15, abs=4)


def test_a_box_at_the_edge_is_looked_at_as_well() -> None:
    box = BoxPx(x=600, y=440, w=80, h=80)
    assert square_around(frame(), box, 224).shape == (224, 224, 3)


def test_a_look_is_a_unit_vector_of_the_maps_kind() -> None:
    embedder = ThingEmbedder(ColourNetwork(), colour_map())
    look = embedder.embed(frame((HELD, RED)), HELD)
    assert (look.model_id, embedder.model_id) == (MAP_ID, MAP_ID)
    assert float(np.linalg.norm(look.vector)) == pytest.approx(1.0, abs=1e-5)


def test_one_thing_elsewhere_and_smaller_is_more_like_itself_than_another_is() -> None:
    embedder = ThingEmbedder(ColourNetwork(), colour_map())
    near = embedder.embed(frame((HELD, RED)), HELD).vector
    box = BoxPx(x=40, y=300, w=60, h=80)
    far = embedder.embed(frame((box, RED), wall=(80, 90, 120)), box).vector
    other = embedder.embed(frame((box, GREEN)), box).vector
    assert near @ far > near @ other + 0.2


def test_a_map_of_another_network_is_refused(tmp_path: Path) -> None:
    through = colour_map()
    path = tmp_path / "map.npz"
    np.savez(path, model_id=through.model_id, network_id="colours", mean=through.mean, matrix=through.matrix)
    assert load_thing_map(path, "colours").model_id == MAP_ID
    with pytest.raises(CalibrationMismatch, match=r"colours, not for other; run"):
        load_thing_map(path, "other")


@pytest.mark.parametrize("content", [b"", b"not a map", None])
def test_a_broken_map_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "map.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CalibrationMismatch, match="cannot be read"):
        load_thing_map(path, "colours")


def test_what_is_held_up_is_learnt_without_the_arm_below_it() -> None:
    arm = BoxPx(x=HELD.x, y=HELD.y + 0.75 * HELD.h, w=HELD.w, h=HELD.h / 4)
    embedder = ThingEmbedder(ColourNetwork(), colour_map())
    alone = embedder.embed(frame((HELD, RED)), HELD).vector
    in_a_hand = frame((HELD, RED), (arm, GREEN))
    assert (
        alone @ embedder.embed_held(in_a_hand, HELD).vector > alone @ embedder.embed(in_a_hand, HELD).vector
    )


def test_what_is_strong_in_few_cells_counts_for_more_than_in_a_plain_mean() -> None:
    spread = np.ones((7, 7, 1), np.float32)
    one = np.zeros((7, 7, 1), np.float32)
    one[3, 3] = 49
    both = pooled(np.concatenate([spread, one], axis=2))
    assert both == pytest.approx([1, 49 / 49 ** (1 / 3)], rel=1e-5)


@pytest.mark.skipif(not has_network("things", ROOT / "models"), reason="the things' network was not built")
def test_the_map_in_the_repository_is_of_the_network_that_is_built() -> None:
    opened = load_network("things", ROOT / "models")
    through = load_thing_map(ROOT / "calibration" / "thing_map.npz", opened.spec.model_id)
    embedder = ThingEmbedder(ThingNetwork(opened), through)
    look = embedder.embed(frame((HELD, RED)), HELD)
    assert look.vector.shape == through.matrix.shape[:1]
    assert float(np.linalg.norm(look.vector)) == pytest.approx(1.0, abs=1e-5)
