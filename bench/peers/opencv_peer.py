"""OpenCV's own face classes: YuNet and SFace, the networks that Kith's are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import cv2
import numpy as np

from bench.peers.wire import F32, U8, BoxXywh, InSteps, Peer


def open_peer(config: dict[str, Any]) -> Peer:
    """config: detector and embedder, ONNX files; width_px, what a picture is shrunk to before the detector
    sees it, or None; min_score of a face."""
    cv2.setNumThreads(1)
    return OpenCvPeer(config)


class OpenCvPeer(InSteps):
    """FaceDetectorYN and FaceRecognizerSF, one after the other."""

    bgr = True
    aligns = True
    metric: Literal["cosine", "euclidean"] = "cosine"
    usual_score = 0.363
    """For a cosine, in OpenCV's tutorial on its face classes."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.versions = f"OpenCV {cv2.__version__}"
        self._width_px: int | None = config["width_px"]
        self._detector = cv2.FaceDetectorYN.create(config["detector"], "", (320, 320), config["min_score"])
        self._recognizer = cv2.FaceRecognizerSF.create(config["embedder"], "")

    def detect(self, picture: U8) -> Sequence[Any]:
        """See Peer."""
        scale = min(1.0, (self._width_px or picture.shape[1]) / picture.shape[1])
        seen = picture if scale == 1.0 else cv2.resize(picture, None, fx=scale, fy=scale)
        self._detector.setInputSize((seen.shape[1], seen.shape[0]))
        found: Any = self._detector.detect(seen)[1]
        if found is None:
            return []
        # Boxes and landmarks, not the score behind them.
        found[:, :14] /= np.float32(scale)
        return list(found)

    def box(self, picture: U8, face: Any) -> BoxXywh:
        """See Peer."""
        x, y, w, h = (float(value) for value in face[:4])
        return x, y, w, h

    def align(self, picture: U8, face: Any) -> Any:
        """See Peer."""
        return self._recognizer.alignCrop(picture, face)

    def embed(self, aligned: Sequence[Any]) -> list[F32 | None]:
        """See Peer."""
        # Its answer is a view of memory that the next face overwrites.
        return [np.array(self._recognizer.feature(each)[0], np.float32) for each in aligned]
