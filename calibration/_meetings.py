"""Who is enrolled, who is met in which order, and what is kept to measure on, for `calibration.learning`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kith.errors import InputError
from kith.types import (
    BoxPx,
    Embedding,
    Face,
    FaceQuality,
    Identification,
    Place,
    SeenFace,
    Sighting,
    TrackedFace,
    View,
)

STRANGERS = 0.7
"""Of all meetings."""
ALIKE = 0.5
"""Of the meetings with strangers: with those few who are most like somebody enrolled."""
FEW = 0.05

Look = tuple[str, Embedding]
"""Whose face it really is, and the look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """names: of person ids 0 and up; enrolled: templates by name; meetings: in their order; kept_*: looks
    that are never met."""

    names: tuple[str, ...]
    enrolled: Mapping[str, Sequence[Embedding]]
    meetings: Sequence[Look]
    kept_mated: Sequence[Look]
    kept_strangers: Sequence[Look]


@dataclass(frozen=True, slots=True, kw_only=True)
class Faces:
    """One face in front of the camera that looks the same all the time."""

    track_id: int
    look: Embedding
    said: Identification

    def sighting(self, at_ns: int) -> Sighting:
        """What is seen at a time."""
        landmarks = np.zeros((5, 2), np.float32)
        tracked = TrackedFace(
            track_id=self.track_id,
            face=Face(box=BoxPx(x=270, y=190, w=100, h=100), landmarks=landmarks, score=0.9),
            quality=FaceQuality(sharpness=30, luma=120, yaw_deg=0, pitch_deg=0, inter_eye_px=40),
            rejection=None,
            embedding=self.look,
            fused=self.look,
            looks=1,
        )
        place = Place(bearing_deg=0, distance_mm=1000, facing=True)
        seen = SeenFace(tracked=tracked, place=place, identification=self.said)
        return Sighting(
            seq=0, captured_ns=at_ns, width_px=640, height_px=480, view=View.NORMAL, faces=(seen,)
        )


def draw_plan(
    faces: Mapping[str, Sequence[Embedding]],
    people: int,
    photos: int,
    meetings: int,
    rng: np.random.Generator,
) -> Plan:
    """One gallery and its future. Enrolled are at most `people` of those with four photos more than are
    enrolled of each: half of the others are met, half kept. Raises InputError when the people do not suffice.
    """
    eligible = sorted(name for name, looks in faces.items() if len(looks) >= photos + 4)
    if len(eligible) < 2:
        raise InputError(f"fewer than two people have {photos + 4} photos or more")
    names = [eligible[at] for at in rng.permutation(len(eligible))[:people]]
    enrolled: dict[str, list[Embedding]] = {}
    met: list[Look] = []
    kept: list[Look] = []
    for name in names:
        order = [faces[name][at] for at in rng.permutation(len(faces[name]))]
        enrolled[name] = order[:photos]
        middle = (photos + len(order) + 1) // 2
        met += [(name, look) for look in order[photos:middle]]
        kept += [(name, look) for look in order[middle:]]
    others = sorted(set(faces) - set(names))
    if len(others) < 2:
        raise InputError("there is nobody left to be a stranger")
    shuffled = [others[at] for at in rng.permutation(len(others))]
    half = len(shuffled) // 2
    strangers = [(name, look) for name in shuffled[:half] for look in faces[name]]
    unmet = [(name, look) for name in shuffled[half:] for look in faces[name]]
    return Plan(
        names=tuple(names),
        enrolled=enrolled,
        meetings=_meetings(enrolled, met, strangers, meetings, rng),
        kept_mated=kept,
        kept_strangers=unmet,
    )


def _meetings(
    enrolled: Mapping[str, Sequence[Embedding]],
    met: Sequence[Look],
    strangers: Sequence[Look],
    count: int,
    rng: np.random.Generator,
) -> list[Look]:
    templates = np.array([each.vector for mine in enrolled.values() for each in mine])
    likeness = [float((templates @ look.vector).max()) for _, look in strangers]
    alike = [strangers[at] for at in np.argsort(likeness)[::-1][: max(1, round(len(strangers) * FEW))]]
    drawn = []
    for _ in range(count):
        known = rng.random() >= STRANGERS
        crowd = met if known else alike if rng.random() < ALIKE else strangers
        drawn.append(crowd[int(rng.integers(len(crowd)))])
    return drawn
