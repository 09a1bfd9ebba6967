"""A peer of the bench without networks. config: mood, how it fares; words, what it says of itself."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from bench.peers.wire import F32, U8, BoxXywh, InSteps, Peer

RED_A_FACE = 80
"""Enough to outlast JPEG."""


def open_peer(config: dict[str, Any]) -> Peer:
    """moods: well; broken (cannot be opened), dies, hangs (at the first picture)."""
    print("what a library prints is no answer")
    if config["mood"] == "broken":
        raise ImportError("there is no such network")
    return FakePeer(config["mood"])


class FakePeer(InSteps):
    """Sees one face for every RED_A_FACE of red in the picture's corner; its vector is its number."""

    versions = "fake 1"
    bgr = True
    aligns = True
    metric: Literal["cosine", "euclidean"] = "euclidean"
    usual_score = -0.5

    def __init__(self, mood: str) -> None:
        self._mood = mood

    def detect(self, picture: U8) -> Sequence[Any]:
        """See Peer."""
        if self._mood == "dies":
            sys.stderr.write("Segmentation fault\n")
            sys.stderr.flush()
            os._exit(3)
        if self._mood == "hangs":
            time.sleep(60)
        return list(range(_count(picture)))

    def box(self, picture: U8, face: Any) -> BoxXywh:
        """See Peer."""
        # The last face is in the middle.
        at = (picture.shape[1] - 10) / 2 - (_count(picture) - 1 - face) * 11
        return at, (picture.shape[0] - 10) / 2, 10, 10

    def align(self, picture: U8, face: Any) -> Any:
        """See Peer."""
        return face

    def embed(self, aligned: Sequence[Any]) -> list[F32 | None]:
        """See Peer."""
        return [np.array([face, 1], np.float32) for face in aligned]


def _count(picture: U8) -> int:
    return round(int(picture[0, 0, 2]) / RED_A_FACE)
