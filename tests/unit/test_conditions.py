"""Spoiling a look: what is covered, how dark and how small, and that nothing else happens."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration import conditions
from calibration.conditions import CONDITIONS, Condition
from kith.types import F32, U8
from kith.vision.aligner import TEMPLATE

OFFSET = 70.0
SIDE = 250


def face() -> tuple[U8, F32]:
    """A picture of one grey with fine stripes, and where a face of 112 px is in it."""
    rgb = np.full((SIDE, SIDE, 3), 150, np.uint8)
    rgb[:, ::4] = 110
    return rgb, (TEMPLATE + OFFSET).astype(np.float32)


def around(rgb: U8, landmarks: F32, at: int) -> U8:
    x, y = np.round(landmarks[at]).astype(int)
    return np.asarray(rgb[y - 1 : y + 2, x - 1 : x + 2], np.uint8)


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda condition: condition.key)
def test_it_is_pure_and_every_level_differs_from_the_one_before(condition: Condition) -> None:
    rgb, landmarks = face()
    before = rgb.copy(), landmarks.copy()
    made = [condition.degrade(rgb, landmarks, level) for level in condition.levels]
    again = [condition.degrade(rgb, landmarks, level) for level in condition.levels]
    assert np.array_equal(rgb, before[0])
    assert np.array_equal(landmarks, before[1])
    for one, other in zip(made, again, strict=True):
        assert np.array_equal(one, other)
        assert one.dtype == np.uint8
        assert one.shape in ((SIDE, SIDE, 3), (480, 640, 3))
    for milder, harder in pairwise(made):
        assert not np.array_equal(milder, harder)


@settings(max_examples=40, deadline=None)
@given(
    scale=st.floats(0.2, 3.0),
    angle=st.floats(-1.0, 1.0),
    x=st.floats(-200.0, 400.0),
    y=st.floats(-200.0, 400.0),
    which=st.sampled_from(CONDITIONS),
)
def test_a_face_of_any_size_place_and_turn_can_be_spoilt(
    scale: float, angle: float, x: float, y: float, which: Condition
) -> None:
    rgb, _ = face()
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    landmarks = (scale * TEMPLATE @ turn.T + [x, y]).astype(np.float32)
    for level in (which.levels[0], which.levels[-1]):
        assert which.degrade(rgb, landmarks, level).dtype == np.uint8


@pytest.mark.parametrize("eyes_px", [40, 20, 10])
def test_far_away_the_eyes_are_as_far_apart_as_is_said(eyes_px: float) -> None:
    rgb, landmarks = face()
    rgb[:] = 0
    for x, y in landmarks[:2]:
        cv2.circle(rgb, (round(float(x)), round(float(y))), 3, (255, 255, 255), -1)
    frame = conditions.farther(rgb, landmarks, eyes_px)
    assert frame.shape == (480, 640, 3)
    rows, columns = np.nonzero(frame[..., 0] > 0.5 * frame[..., 0].max())
    left, right = columns[columns < columns.mean()].mean(), columns[columns > columns.mean()].mean()
    assert right - left == pytest.approx(eyes_px, abs=1.0)
    assert (left + right) / 2 == pytest.approx(320, abs=2.0)
    assert rows.mean() == pytest.approx(240, abs=0.7 * eyes_px)


def test_blur_takes_the_stripes_away() -> None:
    rgb, landmarks = face()
    spreads = [float(conditions.defocused(rgb, landmarks, level).std()) for level in (0, 2, 4, 8)]
    assert spreads == sorted(spreads, reverse=True)
    assert np.array_equal(conditions.defocused(rgb, landmarks, 0), rgb)
    assert np.array_equal(conditions.shaken(rgb, landmarks, 0), rgb)
    # The stripes stand upright: a shake of their distance, or many times it, blurs them away.
    assert float(conditions.shaken(rgb, landmarks, 60)[:, 20:-20].std()) < 0.2 * spreads[0]
    # One that lies down is not touched.
    assert float(conditions.shaken(rgb.swapaxes(0, 1), landmarks, 60).std()) == pytest.approx(spreads[0])


def test_the_dark_is_noisy_first_and_then_dark() -> None:
    flat = np.full((SIDE, SIDE, 3), 150, np.uint8)
    _, landmarks = face()
    assert np.array_equal(conditions.darkened(flat, landmarks, 1), flat)
    amplified = conditions.darkened(flat, landmarks, 1 / conditions.MOST_GAIN)
    assert float(amplified.mean()) == pytest.approx(150, abs=2)
    beyond = conditions.darkened(flat, landmarks, 1 / 64)
    # An eighth of the light in the picture; 150 of sRGB is 0.305 of white, an eighth of that is 56.
    assert float(beyond.mean()) == pytest.approx(56, abs=4)
    # 0.305 of 4,000 electrons at an eighth: 152 of them, a noise of 12.7 with that of reading.
    linear = ((amplified.astype(float) / 255 + 0.055) / 1.055) ** 2.4
    electrons = linear * conditions.WHITE_ELECTRONS / conditions.MOST_GAIN
    assert float(electrons.std()) == pytest.approx(np.sqrt(152.4 + 9), rel=0.06)


def test_a_mask_covers_the_mouth_and_then_the_nose_but_not_the_eyes() -> None:
    rgb, landmarks = face()
    low, high = conditions.masked(rgb, landmarks, 0), conditions.masked(rgb, landmarks, 1)
    for at in (0, 1):
        assert np.array_equal(around(high, landmarks, at), around(rgb, landmarks, at))
    assert np.array_equal(around(low, landmarks, 2), around(rgb, landmarks, 2))
    assert not np.array_equal(around(high, landmarks, 2), around(rgb, landmarks, 2))
    for at in (3, 4):
        assert not np.array_equal(around(low, landmarks, at), around(rgb, landmarks, at))


def test_sunglasses_cover_the_eyes_and_a_hat_the_forehead() -> None:
    rgb, landmarks = face()
    glasses = conditions.behind_sunglasses(rgb, landmarks, 1)
    hat = conditions.under_a_hat(rgb, landmarks, 0.5)
    for at in (0, 1):
        assert around(glasses, landmarks, at).mean() < 40
        assert around(hat, landmarks, at).mean() > 60
    half = conditions.behind_sunglasses(rgb, landmarks, 0.5)
    assert 60 < around(half, landmarks, 0).mean() < 100
    for at in (2, 3, 4):
        assert np.array_equal(around(glasses, landmarks, at), around(rgb, landmarks, at))
        assert np.array_equal(around(hat, landmarks, at), around(rgb, landmarks, at))
    forehead = hat[int(OFFSET) + 20, int(OFFSET) + 56]
    assert abs(int(forehead.mean()) - 130) > 40
