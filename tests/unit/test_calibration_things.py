from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from calibration._thing_looks import Searched, Shown
from calibration._thing_meshes import Model, Part
from calibration._thing_render import Light, render
from calibration._thing_scenes import HEIGHT, WIDTH, Studio
from calibration._thing_trials import agreeing, ask_all, interval, judge, learn_map, told
from kith.types import F32

LAMP = Light(toward=np.array([0.0, 0.0, 1.0]), lamp=0.5, room=0.5, shine=0.0)
SQUARE = np.array(
    [[[-0.5, -0.5, 0], [0.5, -0.5, 0], [0.5, 0.5, 0]], [[-0.5, -0.5, 0], [0.5, 0.5, 0], [-0.5, 0.5, 0]]],
    np.float32,
)
RED = np.array([1.0, 0.0, 0.0], np.float32)
BLUE = np.array([0.0, 0.0, 1.0], np.float32)


def plate(*parts: tuple[float, F32]) -> Model:
    """Squares, each so far before the middle."""
    shift = np.array([0, 0, 1], np.float32)
    made = [Part(corners=SQUARE + shift * far, uv=None, texture=None, colour=colour) for far, colour in parts]
    return Model(name="plate", family="plate", parts=tuple(made))


def test_a_square_is_drawn_whole() -> None:
    drawn = render(plate((0.0, RED)), np.eye(3), LAMP, 60)
    assert max(drawn.shape[:2]) == pytest.approx(60, abs=2)
    assert drawn[5:-5, 5:-5, 3].min() == 1.0
    assert drawn[30, 30, :3].tolist() == pytest.approx([0.9, 0, 0], abs=0.11)


def test_what_is_nearer_hides_what_is_behind() -> None:
    for parts in (((0.2, RED), (0.0, BLUE)), ((0.0, BLUE), (0.2, RED))):
        drawn = render(plate(*parts), np.eye(3), LAMP, 60)
        assert drawn[30, 30, 0] > 0.5 > drawn[30, 30, 2]


def test_the_back_of_a_face_is_not_drawn() -> None:
    drawn = render(plate((0.0, RED)), np.diag([-1.0, 1.0, -1.0]), LAMP, 60)
    assert drawn[..., 3].max() == 0.0


def test_a_texture_lies_as_its_corners_say() -> None:
    uv = SQUARE[..., :2] + 0.5
    uv[..., 1] = 1 - uv[..., 1]
    texture = np.zeros((64, 64, 3), np.uint8)
    texture[:32] = (250, 0, 0)
    part = Part(corners=SQUARE, uv=uv, texture=texture, colour=BLUE)
    drawn = render(Model(name="page", family="page", parts=(part,)), np.eye(3), LAMP, 60)
    assert drawn[15, 30, 0] > 0.5 > drawn[45, 30, 0]


def test_a_frame_says_where_its_thing_is() -> None:
    wall = np.full((480, 640, 3), 90, np.uint8)
    studio = Studio([wall], [wall], [wall], np.random.default_rng(2))
    ball = plate((0.0, RED), (0.1, RED))
    views = studio.taught(ball)
    assert len(views) == 5
    frame = studio.probe(plate((0.0, RED), (0.01, RED)), (0.35, 0.5), [])
    box = frame.placed[0].box
    assert 0 <= box.x <= box.x + box.w <= WIDTH
    assert 0 <= box.y <= box.y + box.h <= HEIGHT
    assert studio.empty().placed == ()


def test_each_thing_is_told_once_and_only_with_a_lead() -> None:
    scores = np.array([[0.9, 0.2], [0.95, 0.3], [0.8, 0.78], [0.1, 0.2]])
    assert told(scores, threshold=0.7, margin=0.05) == {0: 1}
    assert told(scores[2:], threshold=0.7, margin=0.05) == {}


def test_views_that_no_other_is_like_are_left_out() -> None:
    views = np.array([[1.0, 0, 0], [0.9, np.sqrt(0.19), 0], [0, 0, 1.0]])
    assert len(agreeing(views, 0.3)) == 2


def test_an_interval_is_over_things() -> None:
    rate, low, high = interval([np.array([10.0, 10.0]), np.array([0.0, 10.0])])
    assert (rate, low, high) == (0.5, 0.0, 1.0)


def world(count: int, rng: np.random.Generator) -> tuple[list[Shown], list[Searched]]:
    """Things that differ in some numbers and look different each time in others."""

    def look(own: NDArray[np.float64]) -> F32:
        return np.concatenate([own + rng.normal(0, 0.05, 8), rng.normal(0, 1, 8)]).astype(np.float32)

    def frame(name: str, own: NDArray[np.float64]) -> Searched:
        return Searched(
            size=1,
            names=(name,),
            places=np.stack([look(own)]),
            overlaps=np.ones((1, 1), np.float32),
            itself=look(own),
            plain=True,
        )

    things = []
    for number in range(count):
        own, name = rng.normal(0, 1, 8), f"thing {number}"
        things.append(
            Shown(
                name=name,
                family=name,
                taught=np.stack([look(own) for _ in range(5)]),
                faults=(),
                fits=(1.0,),
                probes=tuple(frame(name, own) for _ in range(6)),
            )
        )
    nothing = Searched(
        size=-1,
        names=(),
        places=np.stack([look(rng.normal(0, 1, 8))]),
        overlaps=np.zeros((1, 0), np.float32),
        itself=None,
        plain=False,
    )
    return things, [nothing] * 10


def test_a_learnt_map_leaves_out_what_changes_from_look_to_look() -> None:
    rng = np.random.default_rng(4)
    learnt, empty = world(30, rng)
    asked_about, _ = world(30, rng)
    tally = judge(ask_all(asked_about, empty, learn_map(learnt, empty)), 0.7, 0.05, trials=3, seed=1)
    found, _, _ = interval([counts.sum(axis=0) for counts in tally.found.values()])
    alarms, _, _ = interval([np.asarray(row) for row in tally.alarms.values()])
    assert found > 0.9
    assert alarms < 0.1
