"""Whether a look is worth judging, and which way the head is turned."""

from __future__ import annotations

import math

import cv2
import numpy as np

from kith.config import VisionSettings
from kith.types import F32, AlignedFace, BoxPx, Embedding, Face, FaceQuality, Rejection

# A plain head in millimetres, for weak perspective: the eyes' distance, how far the nose tip and the
# mouth stand out before the plane of the eyes, and how far they lie below it. On 4,548 development faces the
# eyes come together, as the nose moves aside, as they would with a nose of 26 mm; on heads turned by known
# angles the same nose tells them best (docs/quality.md). The heights were set so that the median pitch over
# frontal development faces is zero.
_EYES_MM = 63.0
_NOSE_OUT_MM = 26.0
_NOSE_DOWN_MM = 39.8
_MOUTH_OUT_MM = 5.0
_MOUTH_DOWN_MM = 68.0
_NOSE_LEAN_MM = -1.5
"""The detector puts noses 1.5 mm too far to the picture's left: its mean over 350 faces and their mirror
images, in which the faces' own turning cancels out; standard error 0.1."""
_PITCH_PER_YAW = 0.22
"""Faces turned aside are told as looking up, on photographs and on turned heads alike; with this the median
pitch is near zero at every yaw to 50 degrees."""
_MAX_OUTSIDE_SHARE = 0.24
_HALVED_EYES_PX = 17.6
"""Between the eyes in the picture whose sharpness is measured. A face smaller than that in the frame was
grown to it and cannot be as sharp: with half the sharpness asked of near faces, four of five single looks at
far ones are recognised."""


def measure(face: Face, aligned: AlignedFace) -> FaceQuality:
    """Describe one look."""
    # The middle of the template: brow to chin without hair and background.
    gray = cv2.cvtColor(aligned.rgb[28:104, 24:88], cv2.COLOR_RGB2GRAY)
    # At half its size grain is averaged away, which else makes a dark face look sharp.
    half = cv2.resize(gray, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    yaw, pitch = head_pose(face.landmarks)
    return FaceQuality(
        sharpness=float(cv2.Laplacian(half, cv2.CV_32F).std()),
        luma=float(gray.mean()),
        yaw_deg=yaw,
        pitch_deg=pitch,
        inter_eye_px=_distance(face.landmarks[0], face.landmarks[1]),
    )


def judge(
    face: Face, quality: FaceQuality, width_px: int, height_px: int, settings: VisionSettings
) -> Rejection | None:
    """The first reason not to judge this look in a frame of this size, or None."""
    least_sharpness = settings.min_sharpness * min(quality.inter_eye_px / _HALVED_EYES_PX, 1.0)
    checks = (
        (quality.inter_eye_px < settings.min_inter_eye_px, Rejection.TOO_SMALL),
        (_cut_off(face.box, face.landmarks, width_px, height_px), Rejection.CUT_OFF),
        (quality.luma < settings.min_luma, Rejection.TOO_DARK),
        (quality.luma > settings.max_luma, Rejection.TOO_BRIGHT),
        (abs(quality.yaw_deg) > settings.max_yaw_deg, Rejection.PROFILE),
        (abs(quality.pitch_deg) > settings.max_pitch_deg, Rejection.PROFILE),
        (quality.sharpness < least_sharpness, Rejection.BLURRED),
    )
    return next((rejection for failed, rejection in checks if failed), None)


def weight(embedding: Embedding) -> float:
    """How much a look counts when a track's looks are fused, above 0: the square of the length that the
    network gave it. On spoilt looks nothing known beforehand tells as well who is recognised, and tracks
    fused so miss three in ten fewer people than with equal weights (docs/quality.md)."""
    return embedding.norm * embedding.norm


def head_pose(landmarks: F32) -> tuple[float, float]:
    """Yaw and pitch in degrees from landmarks f32[5, 2] px, by weak perspective on a plain head.

    Yaw is positive when the face turns to the picture's right, pitch when it looks up.
    """
    eyes = (landmarks[0] + landmarks[1]) / 2
    across = landmarks[1] - landmarks[0]
    inter_eye = max(_distance(landmarks[0], landmarks[1]), 1e-3)
    right = across / inter_eye
    down = np.array([-right[1], right[0]], np.float32)
    nose = landmarks[2] - eyes
    mouth = (landmarks[3] + landmarks[4]) / 2 - eyes
    # Turned by yaw, the eyes' distance shrinks by its cosine and the nose moves by its sine.
    aside_mm = float(nose @ right) / inter_eye * _EYES_MM - _NOSE_LEAN_MM
    yaw = math.degrees(math.atan(aside_mm / _NOSE_OUT_MM))
    share = float(nose @ down) / max(float(mouth @ down), 1e-3)
    # Pitch raises what stands out: share = (nose_down - nose_out t) / (mouth_down - mouth_out t).
    t = (_NOSE_DOWN_MM - share * _MOUTH_DOWN_MM) / (_NOSE_OUT_MM - share * _MOUTH_OUT_MM)
    return yaw, math.degrees(math.atan(t)) - _PITCH_PER_YAW * abs(yaw)


def _cut_off(box: BoxPx, landmarks: F32, width_px: int, height_px: int) -> bool:
    outside = box.area - _inside_area(box, width_px, height_px)
    if outside > _MAX_OUTSIDE_SHARE * box.area:
        return True
    x, y = landmarks[:, 0], landmarks[:, 1]
    return bool(x.min() < 0 or y.min() < 0 or x.max() >= width_px or y.max() >= height_px)


def _inside_area(box: BoxPx, width_px: int, height_px: int) -> float:
    w = min(box.x + box.w, width_px) - max(box.x, 0.0)
    h = min(box.y + box.h, height_px) - max(box.y, 0.0)
    return max(w, 0.0) * max(h, 0.0)


def _distance(a: F32, b: F32) -> float:
    return math.hypot(float(a[0] - b[0]), float(a[1] - b[1]))
