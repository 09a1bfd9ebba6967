"""The package `face_recognition` (dlib's HOG detector and its ResNet), as its documentation uses it."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any, Literal

import numpy as np

from bench.peers.wire import F32, U8, BoxXywh, Peer


def open_peer(config: dict[str, Any]) -> Peer:
    """config: not used."""
    return DlibPeer()


class DlibPeer:
    """face_locations, then face_encodings, both with their defaults."""

    bgr = False
    aligns = False
    """`face_encodings` finds its landmarks, turns the face and embeds it in one call."""
    metric: Literal["cosine", "euclidean"] = "euclidean"
    usual_score = -0.6
    """The default `tolerance` of its compare_faces."""

    def __init__(self) -> None:
        self._faces: Any = importlib.import_module("face_recognition")
        dlib: Any = importlib.import_module("dlib")
        self.versions = f"face_recognition {version('face-recognition')}, dlib {dlib.__version__}"

    def detect(self, picture: U8) -> Sequence[Any]:
        """See Peer."""
        located: list[Any] = self._faces.face_locations(picture)
        return located

    def box(self, picture: U8, face: Any) -> BoxXywh:
        """See Peer."""
        top, right, bottom, left = face
        return left, top, right - left, bottom - top

    def align(self, picture: U8, face: Any) -> Any:
        """See Peer."""
        return picture, face

    def embed(self, aligned: Sequence[Any]) -> list[F32 | None]:
        """See Peer."""
        picture = aligned[0][0]
        vectors = self._faces.face_encodings(picture, [face for _, face in aligned])
        return [np.asarray(vector, np.float32) for vector in vectors]

    def whole(self, picture: U8) -> int:
        """See Peer."""
        return len(self._faces.face_encodings(picture))
