"""From an upright face to a unit vector (SFace, Zhong et al., IEEE TIP 2021)."""

from __future__ import annotations

import numpy as np

from kith.types import AlignedFace, Embedding
from kith.vision.networks import Network


class Embedder:
    """The embedding network. Not thread-safe: one thread owns it."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self.model_id = network.model_id

    def embed(self, aligned: AlignedFace) -> Embedding:
        """Embed one face: f32[D] of length one, and how long it was."""
        (raw,) = self._network.run(aligned.rgb)
        vector = raw.reshape(-1).astype(np.float32)
        norm = max(float(np.linalg.norm(vector)), 1e-6)
        vector /= norm
        vector.setflags(write=False)
        return Embedding(vector=vector, model_id=self.model_id, norm=norm)
