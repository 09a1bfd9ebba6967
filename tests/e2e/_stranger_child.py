"""The real `kith` that tells its test every vector it makes of a face, and stands still where it is asked to.

`KITH_TELL` is a file descriptor: 1 byte of kind (v: of one look, f: fused) and the vector f32[128]; or s, a
stop, with the number of embeddings that are alive in 512 bytes. `KITH_WAIT` is another: a stop ends when a
byte comes. `KITH_STOPS` are seconds of virtual time. No vector is copied here, so that none of this is found
in memory.
"""

from __future__ import annotations

import gc
import os
from typing import Any

import numpy as np

from kith.app.perception import Perception
from kith.clock import NS_PER_S, VirtualClock
from kith.types import Embedding, Frame, Sighting
from kith.vision.embedder import Embedder

VECTOR_BYTES = 512
_TELL = int(os.environ.get("KITH_TELL", "-1"))
_WAIT = int(os.environ.get("KITH_WAIT", "-1"))
_stops_ns = [round(float(at_s) * NS_PER_S) for at_s in os.environ.get("KITH_STOPS", "").split()]
_embed, _look, _advance_to = Embedder.embed, Perception.look, VirtualClock.advance_to


def _tell(kind: bytes, vector: Any) -> None:
    assert vector.nbytes == VECTOR_BYTES
    assert vector.dtype == np.float32
    os.writev(_TELL, [kind, memoryview(vector).cast("B")])


def embed(self: Embedder, aligned: Any) -> Embedding:
    """And tell of it."""
    embedding = _embed(self, aligned)
    _tell(b"v", embedding.vector)
    return embedding


def look(self: Perception, frame: Frame) -> Sighting:
    """And tell of what tracks hold."""
    sighting = _look(self, frame)
    for face in sighting.faces:
        if face.tracked.fused is not None:
            _tell(b"f", face.tracked.fused.vector)
    return sighting


def advance_to(self: VirtualClock, at_ns: int) -> None:
    """And stand still at a stop."""
    _advance_to(self, at_ns)
    while _stops_ns and at_ns >= _stops_ns[0]:
        _stops_ns.pop(0)
        gc.collect()
        alive = sum(isinstance(each, Embedding) for each in gc.get_objects())
        os.write(_TELL, b"s" + alive.to_bytes(VECTOR_BYTES, "little"))
        os.read(_WAIT, 1)


if __name__ == "__main__":
    from kith.cli import main

    Embedder.embed = embed  # type: ignore[method-assign]
    Perception.look = look  # type: ignore[method-assign]
    VirtualClock.advance_to = advance_to  # type: ignore[method-assign]
    main(prog_name="kith")
