"""Embeddings and moments for the tests of the gallery."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from kith.types import Embedding

MODEL = "sface-test"
TODAY = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def looks(seed: int, count: int = 3, model_id: str = MODEL) -> list[Embedding]:
    """Unit vectors that no other seed gives."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        vector = rng.standard_normal(128).astype(np.float32)
        vector /= np.linalg.norm(vector)
        vector.flags.writeable = False
        made.append(Embedding(vector=vector, model_id=model_id))
    return made
