"""Embeddings and moments for the tests of the gallery."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from kith.recognition.operating_point import OperatingPoint
from kith.types import I16, Embedding

MODEL = "sface-test"
THINGS = "objects-test"
TODAY = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def looks(seed: int, count: int = 3, model_id: str = MODEL) -> list[Embedding]:
    """Unit vectors that no other seed gives, as alike as the looks of one person."""
    rng = np.random.default_rng(seed)
    made, own = [], rng.standard_normal(128)
    for _ in range(count):
        vector = (own + 0.75 * rng.standard_normal(128)).astype(np.float32)
        vector /= np.linalg.norm(vector)
        vector.flags.writeable = False
        made.append(Embedding(vector=vector, model_id=model_id))
    return made


def thing_looks(seed: int, count: int = 3, model_id: str = THINGS) -> list[Embedding]:
    """As `looks`, of a thing: vectors of another length."""
    rng = np.random.default_rng(10_000 + seed)
    made = []
    for _ in range(count):
        vector = rng.standard_normal(96).astype(np.float32)
        vector /= np.linalg.norm(vector)
        vector.flags.writeable = False
        made.append(Embedding(vector=vector, model_id=model_id))
    return made


def said(seed: int, count: int = 4000) -> I16:
    """A recording that no other seed gives."""
    samples = np.random.default_rng(seed).integers(-9000, 9000, count, dtype=np.int16)
    samples.flags.writeable = False
    return samples


POINT = OperatingPoint(
    model_id=MODEL,
    threshold=0.45,
    fused_threshold=0.5,
    growth=0.0,
    margin=0.05,
    scatter=0.6,
    gallery_people=50,
    templates_per_person=3,
    fpir=0.003,
    fpir_low=0.002,
    fpir_high=0.004,
    tpir=0.99,
    tpir_low=0.985,
    tpir_high=0.995,
    fused_fpir=0.0003,
    fused_fpir_high=0.0008,
    fused_tpir=1.0,
    fused_tpir_low=0.999,
    measured_on="nothing",
    measured_at="2026-03-01",
    centre=(0.0,) * 128,
)
