"""Sightings and times for the tests of the pure machines."""

from __future__ import annotations

import numpy as np

from kith.clock import NS_PER_MS
from kith.types import (
    BoxPx,
    Embedding,
    Face,
    FaceQuality,
    HeldFault,
    HeldThing,
    Identification,
    Outcome,
    Place,
    Rejection,
    SeenFace,
    Sighting,
    TrackedFace,
    View,
)

WIDTH_PX, HEIGHT_PX = 640, 480


def ms(value: float) -> int:
    return round(value * NS_PER_MS)


def known(person_id: int, score: float = 0.7) -> Identification:
    return Identification(
        outcome=Outcome.KNOWN, person_id=person_id, runner_up_id=None, score=score, margin=0.3
    )


def between(first: int, second: int, score: float = 0.6) -> Identification:
    return Identification(
        outcome=Outcome.AMBIGUOUS, person_id=first, runner_up_id=second, score=score, margin=0.01
    )


def unknown() -> Identification:
    return Identification(outcome=Outcome.UNKNOWN, person_id=None, runner_up_id=None, score=0.1, margin=None)


def place(bearing_deg: float = 0.0, distance_mm: int = 2000, *, facing: bool = False) -> Place:
    return Place(bearing_deg=bearing_deg, distance_mm=distance_mm, facing=facing)


def vector(angle_deg: float) -> Embedding:
    """A unit vector; two of them have the cosine of the angle between them."""
    angle = np.deg2rad(angle_deg)
    return Embedding(vector=np.array([np.cos(angle), np.sin(angle)], np.float32), model_id="test")


def face(
    track_id: int,
    identification: Identification | None = None,
    *,
    where: Place | None = None,
    embedding: Embedding | None = None,
    rejection: Rejection | None = None,
    inter_eye_px: float = 40.0,
    yaw_deg: float = 0.0,
    center_px: tuple[float, float] = (WIDTH_PX / 2, HEIGHT_PX / 2),
) -> SeenFace:
    box = BoxPx(x=center_px[0] - 50, y=center_px[1] - 50, w=100, h=100)
    quality = FaceQuality(
        sharpness=30.0, luma=120.0, yaw_deg=yaw_deg, pitch_deg=0.0, inter_eye_px=inter_eye_px
    )
    tracked = TrackedFace(
        track_id=track_id,
        face=Face(box=box, landmarks=np.zeros((5, 2), np.float32), score=0.9),
        quality=quality,
        rejection=rejection,
        embedding=embedding,
        fused=embedding,
        looks=0 if embedding is None else 1,
    )
    return SeenFace(tracked=tracked, place=where or place(), identification=identification)


def held(
    embedding: Embedding | None = None,
    *,
    fault: HeldFault | None = None,
    extent: float = 0.25,
    looks_like: int | None = None,
    center_px: tuple[float, float] = (WIDTH_PX / 2, HEIGHT_PX / 2),
) -> HeldThing:
    """What is held up; nothing with the fault NO_THING."""
    side = extent * WIDTH_PX
    box = BoxPx(x=center_px[0] - side / 2, y=center_px[1] - side / 2, w=side, h=side)
    return HeldThing(
        box=None if fault is HeldFault.NO_THING else box,
        fault=fault,
        embedding=embedding,
        extent=extent,
        looks_like=looks_like,
    )


def sighting(
    at_ns: int, *faces: SeenFace, view: View = View.NORMAL, held: HeldThing | None = None
) -> Sighting:
    return Sighting(
        seq=0,
        captured_ns=at_ns,
        width_px=WIDTH_PX,
        height_px=HEIGHT_PX,
        view=view,
        faces=tuple(faces),
        held=held,
    )
