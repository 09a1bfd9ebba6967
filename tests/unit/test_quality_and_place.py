"""Head pose, rejections and distance, on a head of known shape seen by a known camera."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kith.config import VisionSettings
from kith.types import F32, AlignedFace, BoxPx, Embedding, Face, FaceQuality, Rejection
from kith.vision.place import focal_length_px, locate
from kith.vision.quality import head_pose, judge, measure, weight

# Millimetres: eyes, nose tip, mouth corners; x to the picture's right, y down, z to the camera. The nose is
# where the detector puts it.
HEAD = np.array([[-31.5, 0, 0], [31.5, 0, 0], [-1.5, 39.8, 26], [-25, 68, 5], [25, 68, 5]])


def project(yaw_deg: float, pitch_deg: float, roll_deg: float, scale: float) -> F32:
    """The head's landmarks f32[5, 2] px, turned, by weak perspective."""
    yaw, pitch, roll = (math.radians(angle) for angle in (yaw_deg, pitch_deg, roll_deg))
    about_x = np.array(
        [[1, 0, 0], [0, math.cos(pitch), -math.sin(pitch)], [0, math.sin(pitch), math.cos(pitch)]]
    )
    about_y = np.array([[math.cos(yaw), 0, math.sin(yaw)], [0, 1, 0], [-math.sin(yaw), 0, math.cos(yaw)]])
    seen = (HEAD @ about_x.T @ about_y.T)[:, :2] * scale
    spin = np.array([[math.cos(roll), -math.sin(roll)], [math.sin(roll), math.cos(roll)]])
    return np.asarray(seen @ spin.T + np.array([300, 200]), np.float32)


@given(yaw=st.floats(-45, 45), roll=st.floats(-30, 30), scale=st.floats(0.2, 4))
def test_yaw_is_found_whatever_the_roll_and_size(yaw: float, roll: float, scale: float) -> None:
    found, _ = head_pose(project(yaw, 0, roll, scale))
    assert found == pytest.approx(yaw, abs=1)


@given(pitch=st.floats(-25, 25), roll=st.floats(-30, 30))
def test_pitch_is_found_with_its_sign(pitch: float, roll: float) -> None:
    _, found = head_pose(project(0, pitch, roll, 1))
    assert found == pytest.approx(pitch, abs=1)


def _face(landmarks: F32) -> Face:
    (x0, y0), (x1, y1) = landmarks.min(axis=0), landmarks.max(axis=0)
    w, h = float(x1 - x0) * 1.8, float(y1 - y0) * 2
    box = BoxPx(x=float(x0 + x1 - w) / 2, y=float(y0 + y1 - h) / 2, w=w, h=h)
    return Face(box=box, landmarks=landmarks, score=0.9)


def _quality(**changes: float) -> FaceQuality:
    usual = {"sharpness": 25.0, "luma": 120.0, "yaw_deg": 0.0, "pitch_deg": 0.0, "inter_eye_px": 50.0}
    return FaceQuality(**{**usual, **changes})


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, None),
        ({"inter_eye_px": 7.0}, Rejection.TOO_SMALL),
        ({"luma": 10.0}, Rejection.TOO_DARK),
        ({"luma": 250.0}, Rejection.TOO_BRIGHT),
        ({"yaw_deg": -80.0}, Rejection.PROFILE),
        ({"pitch_deg": 60.0}, Rejection.PROFILE),
        ({"sharpness": 3.0}, Rejection.BLURRED),
    ],
)
def test_each_reason(changes: dict[str, float], expected: Rejection | None) -> None:
    face = _face(project(0, 0, 0, 1))
    assert judge(face, _quality(**changes), 640, 480, VisionSettings()) is expected


def test_a_face_over_the_edge_is_cut_off() -> None:
    face = _face(project(0, 0, 0, 1) - np.array([290, 0], np.float32))
    assert judge(face, _quality(), 640, 480, VisionSettings()) is Rejection.CUT_OFF


def test_blur_and_darkness_are_measured() -> None:
    rng = np.random.default_rng(1)
    noisy = AlignedFace(rgb=rng.integers(60, 200, (112, 112, 3), dtype=np.uint8))
    flat = AlignedFace(rgb=np.full((112, 112, 3), 20, np.uint8))
    face = _face(project(0, 0, 0, 1))
    assert measure(face, noisy).sharpness > 20 > measure(face, flat).sharpness
    assert measure(face, flat).luma == pytest.approx(20, abs=1)


def test_a_grainy_face_is_not_a_sharp_one() -> None:
    rng = np.random.default_rng(1)
    face = _face(project(0, 0, 0, 1))
    coarse = np.kron(rng.integers(90, 150, (28, 28, 1), dtype=np.uint8), np.ones((4, 4, 3), np.uint8))
    grain = np.clip(rng.normal(120, 20, (112, 112, 3)), 0, 255).astype(np.uint8)
    assert measure(face, AlignedFace(rgb=coarse)).sharpness > measure(face, AlignedFace(rgb=grain)).sharpness


def test_the_longer_the_embedding_the_more_a_look_counts() -> None:
    vector = np.array([1, 0], np.float32)
    long, short = (Embedding(vector=vector, model_id="m", norm=norm) for norm in (12.0, 6.0))
    assert weight(long) == pytest.approx(4 * weight(short))
    assert weight(short) > 0


@pytest.mark.parametrize("metres", [0.5, 1.0, 2.0, 4.0])
@pytest.mark.parametrize("yaw", [-30.0, 0.0, 20.0])
def test_distance_follows_from_the_eyes(metres: float, yaw: float) -> None:
    fov_deg, width_px = 62.2, 640
    focal_px = focal_length_px(width_px, fov_deg)
    assert focal_px == pytest.approx(530.5, abs=0.1)
    landmarks = project(yaw, 0, 0, focal_px / (metres * 1000))
    landmarks += np.array([20, 40], np.float32)
    face = _face(landmarks)
    eyes = landmarks[1] - landmarks[0]
    quality = _quality(inter_eye_px=float(np.hypot(*eyes)), yaw_deg=yaw)
    place = locate(face, quality, width_px, focal_px, 25)
    assert place.distance_mm == pytest.approx(metres * 1000, rel=0.05)
    assert place.facing is (abs(yaw) <= 25)


def test_bearing_is_positive_to_the_right() -> None:
    landmarks = project(0, 0, 0, 0.5)
    right = locate(_face(landmarks + np.array([250, 0], np.float32)), _quality(), 640, 530.5, 25)
    left = locate(_face(landmarks - np.array([250, 0], np.float32)), _quality(), 640, 530.5, 25)
    assert right.bearing_deg > 15
    assert left.bearing_deg < -15


@pytest.mark.parametrize(("inter_eye_px", "rejected"), [(40.0, True), (18.0, True), (9.0, False)])
def test_a_far_face_is_not_asked_for_the_sharpness_of_a_near_one(inter_eye_px: float, rejected: bool) -> None:
    settings = VisionSettings()
    look = FaceQuality(
        sharpness=0.6 * settings.min_sharpness, luma=120, yaw_deg=0, pitch_deg=0, inter_eye_px=inter_eye_px
    )
    face = Face(box=BoxPx(x=200, y=100, w=60, h=80), landmarks=np.full((5, 2), 220, np.float32), score=0.9)
    assert (judge(face, look, 640, 480, settings) is Rejection.BLURRED) is rejected
