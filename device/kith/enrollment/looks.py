"""Judging one look for enrollment: whose it is, what is wrong with it, where the face is."""

from __future__ import annotations

import math
from collections.abc import Iterable
from enum import Enum

import numpy as np

from kith.clock import NS_PER_MS
from kith.config import EnrollmentSettings
from kith.enrollment.messages import Reason
from kith.types import BoxPx, Embedding, Rejection, SeenFace, Sighting, Tone, View

CENTRE_HZ = 880.0
EDGE_HZ = 220.0
TONE_MS = 60
GUIDE_INTERVAL_NS = 250 * NS_PER_MS
"""From one tone of the viewfinder to the next."""

_REJECTIONS = {
    Rejection.TOO_DARK: Reason.TOO_DARK,
    Rejection.TOO_BRIGHT: Reason.TOO_BRIGHT,
    Rejection.BLURRED: Reason.BLURRED,
    Rejection.TOO_SMALL: Reason.TOO_FAR,
    Rejection.PROFILE: Reason.TURNED_AWAY,
    Rejection.CUT_OFF: Reason.CUT_OFF,
}
_VIEWS = {View.DARK: Reason.TOO_DARK, View.COVERED: Reason.COVERED, View.NORMAL: Reason.NO_FACE}


class Turn(Enum):
    """Which way a view is to be turned, as whose face it is sees it, in the order they are asked for."""

    FRONT = "front"
    LEFT = "left"
    RIGHT = "right"


def shows(sighting: Sighting, track_id: int | None) -> bool:
    """Whether the face of a track is in view."""
    return any(face.tracked.track_id == track_id for face in sighting.faces)


def main_face(sighting: Sighting, track_id: int | None) -> SeenFace | None:
    """The face of the chosen track; without one, or while it is out of view, the one with the eyes farthest
    apart."""
    faces = sighting.faces
    chosen = next((face for face in faces if face.tracked.track_id == track_id), None)
    return chosen or max(faces, key=_inter_eye_px, default=None)


def has_rival(sighting: Sighting, main: SeenFace) -> bool:
    """Whether another face is near enough, at least half as large, to be the one that is meant."""
    return any(face is not main and _inter_eye_px(face) * 2 >= _inter_eye_px(main) for face in sighting.faces)


def no_face(view: View) -> Reason:
    """Why there is no face."""
    return _VIEWS[view]


def fault_of(face: SeenFace, turn: Turn, settings: EnrollmentSettings) -> Reason | None:
    """What keeps a look from being a view, None if nothing does. One that is not yet turned where it was
    asked to be has no fault: see `is_turned`."""
    tracked = face.tracked
    if tracked.rejection is not None:
        return _REJECTIONS[tracked.rejection]
    if tracked.quality.inter_eye_px < settings.min_inter_eye_px:
        return Reason.TOO_FAR
    most_deg = settings.front_yaw_deg if turn is Turn.FRONT else settings.max_yaw_deg
    if abs(tracked.quality.yaw_deg) > most_deg:
        return Reason.TURNED_AWAY
    return None


def is_turned(face: SeenFace, turn: Turn, settings: EnrollmentSettings) -> bool:
    """Whether a look without a fault is turned as asked for. Who turns to their left turns to the picture's
    right, where yaw is positive."""
    yaw_deg = face.tracked.quality.yaw_deg
    if turn is Turn.FRONT:
        return abs(yaw_deg) <= settings.front_yaw_deg
    return (yaw_deg if turn is Turn.LEFT else -yaw_deg) > settings.front_yaw_deg


def agrees(view: Embedding, others: Iterable[Embedding], min_agreement: float) -> bool:
    """Whether a view's cosine with each of the others is at least `min_agreement` (0..1)."""
    return all(
        view.model_id == other.model_id and float(np.dot(view.vector, other.vector)) >= min_agreement
        for other in others
    )


def agrees_with_any(view: Embedding, others: Iterable[Embedding], min_agreement: float) -> bool:
    """Whether a view's cosine with one of the others is at least `min_agreement` (0..1)."""
    return any(agrees(view, [other], min_agreement) for other in others)


def viewfinder_tone(box: BoxPx, width_px: int, height_px: int) -> Tone:
    """High for a face or thing in the middle, falling to the edge; heard from the side where it is."""
    right = 2 * box.center_x / width_px - 1
    down = 2 * box.center_y / height_px - 1
    off_centre = min(1.0, math.hypot(right, down))
    return Tone(
        pitch_hz=CENTRE_HZ * (EDGE_HZ / CENTRE_HZ) ** off_centre,
        pan=max(-1.0, min(1.0, right)),
        duration_ms=TONE_MS,
    )


def _inter_eye_px(face: SeenFace) -> float:
    return face.tracked.quality.inter_eye_px
