"""Ways to tell from a look, before or after the embedder, whether it is worth judging. More is better."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration._quality_looks import Looks
from kith.types import F32

ADDITIVE = {"additive, all": list(range(10)), "additive, sharpness and detector": [0, 3, 8]}
"""Logistic models, by the `terms` that they add."""

_F64 = NDArray[np.float64]
_TREES, _LEAST_LEAF = 300, 12
_POOREST_SHARE = 0.1
_RIDGE = 1.0
_STEPS = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """One way. before: known before the embedder runs; value: of each look, higher is better."""

    name: str
    before: bool
    value: F32


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """What judges are taught on: looks, their mated scores, and the score from which one is recognised."""

    looks: Looks
    scores: F32
    threshold: float


def judges(lesson: Lesson, looks: Looks, seed: int) -> list[Judge]:
    """All ways, taught on one half of the people and asked about the other."""
    plain: list[tuple[str, Callable[[Looks], F32]]] = [
        ("sharpness", lambda seen: seen.feature("sharpness")),
        ("sharpness at whole size", lambda seen: seen.feature("sharpness_whole")),
        ("size", lambda seen: seen.feature("inter_eye_px")),
        ("detector's score", lambda seen: seen.feature("detector")),
        ("frontal", lambda seen: -np.abs(seen.feature("yaw_deg"))),
        ("size x sharpness x frontal", near_sharp_frontal),
    ]
    found = [Judge(name=name, before=True, value=value(looks)) for name, value in plain]
    for name, chosen in ADDITIVE.items():
        value = terms(looks)[:, chosen] @ additive(lesson, chosen)
        found.append(Judge(name=name, before=True, value=np.asarray(value, np.float32)))
    if importlib.util.find_spec("sklearn") is not None:
        found.append(Judge(name="random forest", before=True, value=_forest(lesson, looks, seed)))
    found.append(Judge(name="length of the embedding", before=False, value=looks.norm))
    found.append(Judge(name="far from poor faces", before=False, value=_far_from_poor(lesson, looks)))
    return found


def near_sharp_frontal(looks: Looks) -> F32:
    """The product by which looks were weighted until it was measured."""
    size = np.minimum(looks.feature("inter_eye_px") / 40, 1)
    sharp = np.minimum(looks.feature("sharpness_whole") / 15, 1)
    frontal = np.maximum(np.cos(np.radians(looks.feature("yaw_deg"))), 0.1)
    return np.asarray(np.maximum(size * sharp * frontal**2, 0.01), np.float32)


def terms(looks: Looks) -> _F64:
    """What the additive judge adds up, f64[N, T]: each levels off where more of it no longer helps."""

    def log2(name: str, most: float) -> _F64:
        return np.log2(np.clip(looks.feature(name).astype(np.float64), most / 64, most) / most)

    yaw = np.abs(looks.feature("yaw_deg").astype(np.float64)) / 45
    pitch = np.abs(looks.feature("pitch_deg").astype(np.float64)) / 45
    columns = [
        np.ones(len(yaw)),
        log2("inter_eye_px", 32),
        log2("sharpness_whole", 15),
        log2("sharpness", 30),
        log2("contrast", 40),
        log2("luma", 100),
        yaw**2,
        pitch**2,
        (looks.feature("detector").astype(np.float64) - 0.9) * 10,
        looks.feature("misfit").astype(np.float64) / 5,
    ]
    return np.stack(columns, axis=1)


def additive(lesson: Lesson, chosen: Sequence[int]) -> _F64:
    """Coefficients of some `terms`, by logistic regression on whether a look is recognised."""
    x = terms(lesson.looks)[:, chosen]
    y = (lesson.scores >= lesson.threshold).astype(np.float64)
    coefficients = np.zeros(x.shape[1])
    penalty = _RIDGE * np.eye(x.shape[1])
    for _ in range(_STEPS):
        p = 1 / (1 + np.exp(-np.clip(x @ coefficients, -30, 30)))
        gradient = x.T @ (y - p) - penalty @ coefficients
        curvature = (x * (p * (1 - p))[:, np.newaxis]).T @ x + penalty
        coefficients = coefficients + np.linalg.solve(curvature, gradient)
    return np.asarray(coefficients, np.float64)


def _forest(lesson: Lesson, looks: Looks, seed: int) -> F32:
    """The method of "A Lightweight Face Quality Assessment Framework" (2025) with all FEATURES, taught to
    tell the mated score."""
    ensemble = importlib.import_module("sklearn.ensemble")
    forest = ensemble.RandomForestRegressor(
        _TREES, min_samples_leaf=_LEAST_LEAF, max_features=0.4, random_state=seed
    )
    forest.fit(lesson.looks.features, lesson.scores)
    return np.asarray(forest.predict(looks.features), np.float32)


def _far_from_poor(lesson: Lesson, looks: Looks) -> F32:
    """How far the embedding lies from the middle of those of the poorest looks (after "Recognizability
    Embedding Enhancement", Deng et al., CVPR 2023)."""
    poorest = np.argsort(lesson.scores)[: max(1, round(_POOREST_SHARE * len(lesson.scores)))]
    middle = lesson.looks.vector[poorest].mean(axis=0)
    return np.asarray(-(looks.vector @ (middle / np.linalg.norm(middle))), np.float32)
