"""Looks of every kind at the people of a folder of photos: each photo as it is and spoilt at random.

Photographs of the famous are too good to tell what a poor look is. So each is also turned, covered, made
small, blurred, darkened and compressed by chance, several of these at once, and then goes through the very
detector, aligner and embedder that the wearable runs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration import conditions
from calibration._head_warp import turned
from calibration._progress import progress
from kith.app.paths import models_dir
from kith.config import VisionSettings
from kith.errors import InputError
from kith.types import F32, U8, Face
from kith.vision.aligner import TEMPLATE, similarity
from kith.vision.detector import Detector
from kith.vision.imaging import open_photo
from kith.vision.networks import load_network
from kith.vision.pipeline import Assessment, open_analyzer

FEATURES = (
    "inter_eye_px",
    "sharpness",
    "sharpness_whole",
    "luma",
    "contrast",
    "yaw_deg",
    "pitch_deg",
    "detector",
    "misfit",
    *(f"landmark_{at}{axis}" for at in range(5) for axis in "xy"),
)
"""What is known before the embedder runs. sharpness_whole: as sharpness, of the face at its whole size, grain
and all; contrast: spread of its brightness; misfit: mean distance of the aligned landmarks
from the template, px; landmark_: the aligned landmarks themselves, px from the template."""

_LEAST_EYES_PX, _MOST_EYES_PX = 8.0, 44.0
_OFF_BY_EYES = 1.0
"""A face farther than so many distances of the eyes from where it must be is another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """Rows are looks. people: names; person, photo: whose and of which photo; clean: the photo as it is;
    rejection: of today's limits, "" for none; norm: length of the embedder's output before it is made one."""

    people: tuple[str, ...]
    person: NDArray[np.int64]
    photo: NDArray[np.int64]
    clean: NDArray[np.bool_]
    features: F32
    rejection: NDArray[np.str_]
    vector: F32
    norm: F32
    missed: int

    def of(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> Looks:
        """Some of the looks."""
        return Looks(
            people=self.people,
            person=self.person[rows],
            photo=self.photo[rows],
            clean=self.clean[rows],
            features=self.features[rows],
            rejection=self.rejection[rows],
            vector=self.vector[rows],
            norm=self.norm[rows],
            missed=self.missed,
        )

    def feature(self, name: str) -> F32:
        """One column of the features."""
        return self.features[:, FEATURES.index(name)]


class Looker:
    """The wearable's own eyes, with what they keep to themselves."""

    def __init__(self) -> None:
        settings = VisionSettings()
        self._analyzer = open_analyzer(models_dir(), settings)
        self._embedder = load_network("embedder", models_dir(), settings.threads)
        detector = load_network("detector", models_dir(), settings.threads)
        self._detector = Detector(detector, settings.detector_score)

    def find(self, rgb: U8, expected: tuple[float, float], within_px: float) -> Face | None:
        """The face nearest to where one must be, or None."""

        def off(face: Face) -> float:
            middle = face.landmarks.mean(axis=0)
            return math.hypot(float(middle[0]) - expected[0], float(middle[1]) - expected[1])

        nearest = min(self._detector.detect(rgb), key=off, default=None)
        return nearest if nearest is not None and off(nearest) <= within_px else None

    def assess(self, rgb: U8, face: Face) -> Assessment:
        """As the wearable does."""
        return self._analyzer.assess(rgb, face)

    def raw(self, assessment: Assessment) -> F32:
        """The embedder's output as it comes, f32[D]."""
        (raw,) = self._embedder.run(assessment.aligned.rgb)
        return np.asarray(raw, np.float32).reshape(-1)


def photos_by_person(folder: Path, least: int, most: int) -> dict[str, list[Path]]:
    """The photos, `most` at most, of everybody who has at least `least`. Raises InputError if nobody has."""
    people: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("*/*.jpg")):
        people.setdefault(path.parent.name, []).append(path)
    enough = {name: paths[:most] for name, paths in people.items() if len(paths) >= least}
    if not enough:
        raise InputError(f"{folder} holds nobody with {least} photos named NAME/NAME_0001.jpg")
    return enough


def look_at(people: dict[str, list[Path]], spoilt_each: int, seed: int) -> Looks:
    """Each photo as it is and `spoilt_each` times spoilt. The same seed spoils a photo in the same way."""
    looker = Looker()
    rows: list[tuple[int, int, bool, F32, str, F32, float]] = []
    missed = 0
    work = [(person, path) for person, paths in enumerate(people.values()) for path in paths]
    for photo, (person, path) in enumerate(progress(work, "looks")):
        rgb = open_photo(path).rgb
        face = looker.find(rgb, (rgb.shape[1] / 2, rgb.shape[0] / 2), rgb.shape[1] / 4)
        if face is None:
            missed += 1 + spoilt_each
            continue
        rows.append((person, photo, True, *_row(looker, rgb, face)))
        for at in range(spoilt_each):
            poor, landmarks = spoil(rgb, face.landmarks, np.random.default_rng([seed, photo, at]))
            x, y = landmarks.mean(axis=0)
            found = looker.find(poor, (float(x), float(y)), _OFF_BY_EYES * conditions.eyes_px(landmarks))
            if found is None:
                missed += 1
            else:
                rows.append((person, photo, False, *_row(looker, poor, found)))
    person_of, photo_of, clean, features, rejection, vectors, norms = zip(*rows, strict=True)
    return Looks(
        people=tuple(people),
        person=np.array(person_of, np.int64),
        photo=np.array(photo_of, np.int64),
        clean=np.array(clean, np.bool_),
        features=np.array(features, np.float32),
        rejection=np.array(rejection, np.str_),
        vector=np.array(vectors, np.float32),
        norm=np.array(norms, np.float32),
        missed=missed,
    )


def spoil(rgb: U8, landmarks: F32, rng: np.random.Generator) -> tuple[U8, F32]:
    """A picture spoilt in some ways drawn by chance, and where its landmarks came to lie. In the order in
    which it happens: the head, what covers it, its distance, the lens, the sensor, the file."""
    if rng.random() < 0.4:
        rgb, landmarks = turned(rgb, landmarks, float(rng.uniform(-60, 60)), float(rng.uniform(-20, 20)))
    if rng.random() < 0.25:
        cover = (conditions.masked, conditions.behind_sunglasses, conditions.under_a_hat)[rng.integers(3)]
        rgb = cover(rgb, landmarks, float(rng.uniform(0.3, 1)))
    if rng.random() < 0.6:
        wanted = math.exp(rng.uniform(math.log(_LEAST_EYES_PX), math.log(_MOST_EYES_PX)))
        rgb, landmarks = _farther(rgb, landmarks, wanted)
    if rng.random() < 0.4:
        if rng.random() < 0.5:
            rgb = conditions.defocused(rgb, landmarks, float(rng.uniform(2, 25)))
        else:
            rgb = conditions.shaken(rgb, landmarks, float(rng.uniform(10, 70)))
    if rng.random() < 0.3:
        rgb = conditions.darkened(rgb, landmarks, float(2 ** rng.uniform(-8, -2)))
    if rng.random() < 0.2:
        rgb = conditions.as_jpeg(rgb, landmarks, float(rng.uniform(5, 50)))
    return rgb, landmarks


def measured(assessment: Assessment) -> F32:
    """The FEATURES of one look."""
    face, quality = assessment.face, assessment.quality
    gray = cv2.cvtColor(assessment.aligned.rgb[28:104, 24:88], cv2.COLOR_RGB2GRAY)
    fit = similarity(face.landmarks, TEMPLATE)
    aligned = face.landmarks @ fit[:, :2].T + fit[:, 2] - TEMPLATE
    values = [
        quality.inter_eye_px,
        quality.sharpness,
        float(cv2.Laplacian(gray, cv2.CV_32F).std()),
        quality.luma,
        float(gray.std()),
        quality.yaw_deg,
        quality.pitch_deg,
        face.score,
        float(np.hypot(aligned[:, 0], aligned[:, 1]).mean()),
        *aligned.ravel().tolist(),
    ]
    return np.array(values, np.float32)


def _row(looker: Looker, rgb: U8, face: Face) -> tuple[F32, str, F32, float]:
    assessment = looker.assess(rgb, face)
    raw = looker.raw(assessment)
    norm = float(np.linalg.norm(raw))
    rejection = str(assessment.rejection or "")
    return measured(assessment), rejection, raw / max(norm, 1e-6), norm


def _farther(rgb: U8, landmarks: F32, eyes_px: float) -> tuple[U8, F32]:
    far = conditions.farther(rgb, landmarks, eyes_px)
    # `farther` sets the middle of the landmarks into the middle of the frame, rounded to pixels.
    scale = eyes_px / conditions.eyes_px(landmarks)
    middle = np.array([far.shape[1] / 2, far.shape[0] / 2], np.float32)
    return far, np.asarray((landmarks - landmarks.mean(axis=0)) * scale + middle, np.float32)
