"""What the host and the process of a peer agree on. Imports nothing that a peer's environment may lack.

One JSON object a line each way. The child begins with `{"ready": ...}`; the questions are
`{"do": "look", "pictures": [FILE...]}`, answered by the time of each stage,
`{"do": "whole", "picture": FILE}`, answered by what the process weighs after it, and
`{"do": "describe", "pictures": FILE, "vectors": FILE}`. Pictures and vectors go through files: .npy and .npz.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]

DETECT, ALIGN, EMBED, WHOLE = STAGES = ("detect", "align", "embed", "whole")
"""Finding faces in a picture; what is done to all its faces before their network; the network; all of it, as
the peer does it in one go."""

BoxXywh = tuple[float, float, float, float]


class Peer(Protocol):
    """One way from a picture to the vectors of its faces, on one thread."""

    versions: str
    bgr: bool
    """It wants its pictures blue first; they are turned outside what is timed."""
    aligns: bool
    """False where aligning cannot be told from embedding: then its time is in EMBED."""
    metric: Literal["cosine", "euclidean"]
    usual_score: float
    """The least score of two pictures of one person by its own documentation: a cosine, or a distance with a
    minus before it."""

    def detect(self, picture: U8) -> Sequence[Any]:
        """The faces of a picture u8[H, W, 3]."""

    def box(self, picture: U8, face: Any) -> BoxXywh:
        """Where a face is, in pixels."""

    def align(self, picture: U8, face: Any) -> Any:
        """What `embed` needs of a face."""

    def embed(self, aligned: Sequence[Any]) -> list[F32 | None]:
        """A vector for each; None for a face that is not worth judging."""

    def whole(self, picture: U8) -> int:
        """All of it; the number of faces that got a vector."""


class InSteps:
    """`whole` for a peer that is used by calling its steps one after the other."""

    def whole(self: Peer, picture: U8) -> int:
        """See Peer."""
        aligned = [self.align(picture, face) for face in self.detect(picture)]
        return sum(vector is not None for vector in self.embed(aligned)) if aligned else 0


def look(peer: Peer, picture: U8) -> dict[str, Any]:
    """CPU milliseconds of each stage on one picture, of the whole process, and how many faces it found."""
    times: dict[str, float] = {}
    began_s = time.process_time()
    embedded = peer.whole(picture)
    times[WHOLE] = _ms_since(began_s)
    began_s = time.process_time()
    faces = peer.detect(picture)
    times[DETECT] = _ms_since(began_s)
    if faces:
        began_s = time.process_time()
        aligned = [peer.align(picture, face) for face in faces]
        if peer.aligns:
            times[ALIGN] = _ms_since(began_s)
        began_s = time.process_time()
        peer.embed(aligned)
        times[EMBED] = _ms_since(began_s)
    return {"faces": len(faces), "embedded": embedded, "ms": times}


def describe(peer: Peer, picture: U8) -> F32 | None:
    """The vector of the face nearest to the middle of a picture; None where there is none to be had."""
    faces = peer.detect(picture)
    if not faces:
        return None
    middle = min(faces, key=lambda face: _off_centre(peer.box(picture, face), picture))
    return peer.embed([peer.align(picture, middle)])[0]


def _off_centre(box: BoxXywh, picture: U8) -> float:
    x, y, w, h = box
    across, down = x + w / 2 - picture.shape[1] / 2, y + h / 2 - picture.shape[0] / 2
    return float(across * across + down * down)


def _ms_since(began_s: float) -> float:
    return (time.process_time() - began_s) * 1e3
