"""The fit and the cut."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kith.vision.aligner import TEMPLATE, align, similarity


@given(
    scale=st.floats(0.2, 5),
    turn=st.floats(-math.pi, math.pi),
    dx=st.floats(-500, 500),
    dy=st.floats(-500, 500),
)
def test_a_similarity_is_found_again(scale: float, turn: float, dx: float, dy: float) -> None:
    cos, sin = scale * math.cos(turn), scale * math.sin(turn)
    matrix = np.array([[cos, -sin, dx], [sin, cos, dy]])
    moved = (TEMPLATE @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)
    assert similarity(TEMPLATE, moved) == pytest.approx(matrix, abs=2e-2)


def test_points_that_all_coincide_only_shift() -> None:
    same = np.full((5, 2), 7.0, np.float32)
    matrix = similarity(same, TEMPLATE)
    assert matrix[:, :2] == pytest.approx(np.eye(2))
    assert matrix[:, 2] == pytest.approx(TEMPLATE.mean(axis=0) - 7)


def test_marks_at_the_landmarks_land_on_the_template() -> None:
    rgb = np.zeros((400, 600, 3), np.uint8)
    landmarks = (TEMPLATE * 1.5 + np.array([200, 90])).astype(np.float32)
    for x, y in landmarks:
        rgb[round(float(y)) - 1 : round(float(y)) + 2, round(float(x)) - 1 : round(float(x)) + 2] = 255
    face = align(rgb, landmarks).rgb
    assert face.shape == (112, 112, 3)
    assert not face.flags.writeable
    for x, y in TEMPLATE:
        near = face[round(float(y)) - 1 : round(float(y)) + 2, round(float(x)) - 1 : round(float(x)) + 2]
        assert near.max() > 150
    assert (face > 100).any(axis=2).sum() < 5 * 12
