"""Kith itself, by the same steps and measured by the same program as its peers."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any, Literal

import numpy as np

from bench.peers.wire import F32, U8, BoxXywh, Peer
from kith.app.paths import calibration_dir, models_dir
from kith.app.perception import Perception
from kith.config import CameraSettings, VisionSettings
from kith.recognition.matcher import Matcher, TemplateSet, centred
from kith.recognition.operating_point import load_operating_point
from kith.runtime.memory import let_go_of_start
from kith.types import Frame
from kith.vision.pipeline import open_analyzer

PEOPLE, TEMPLATES = 50, 3


def open_peer(config: dict[str, Any]) -> Peer:
    """config: not used."""
    return KithPeer()


class KithPeer:
    """The steps of the wearable. A whole look is all that the perception thread does with a frame: judging
    the view and each face, distance and bearing, and matching against 50 people of 3 templates. Its second
    look at far faces is off: no peer has one."""

    bgr = False
    aligns = True
    metric: Literal["cosine", "euclidean"] = "cosine"

    def __init__(self) -> None:
        self._camera, self._vision = CameraSettings(), VisionSettings(threads=1, second_looks=False)
        self._analyzer = open_analyzer(models_dir(), self._vision)
        point = load_operating_point(calibration_dir() / "operating_point.toml", self._analyzer.model_id)
        self.versions = f"Kith {version('kith')}, {self._analyzer.model_id}"
        self.usual_score = point.threshold_for(PEOPLE)
        self._centre = np.array(point.centre, np.float32)
        rng = np.random.default_rng(1)
        vectors = rng.normal(size=(PEOPLE * TEMPLATES, len(point.centre))).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        people = np.repeat(np.arange(PEOPLE, dtype=np.int64), TEMPLATES)
        templates = TemplateSet(vectors=vectors, person_ids=people, model_id=self._analyzer.model_id)
        self._matcher = Matcher(templates, point)
        self._started = False

    def detect(self, picture: U8) -> Sequence[Any]:
        """See Peer."""
        return self._analyzer.detect(picture)

    def box(self, picture: U8, face: Any) -> BoxXywh:
        """See Peer."""
        return face.box.x, face.box.y, face.box.w, face.box.h

    def align(self, picture: U8, face: Any) -> Any:
        """See Peer."""
        return self._analyzer.assess(picture, face)

    def embed(self, aligned: Sequence[Any]) -> list[F32 | None]:
        """See Peer. Without the mean face, as Kith compares them."""
        return [
            centred(self._analyzer.embed(found.aligned).vector, self._centre)
            if found.rejection is None
            else None
            for found in aligned
        ]

    def whole(self, picture: U8) -> int:
        """See Peer. After the first look the start's memory is given back, as the wearable does."""
        if not self._started:
            self._started = True
            embedded = self._look(picture)
            let_go_of_start()
            return embedded
        return self._look(picture)

    def _look(self, picture: U8) -> int:
        # Without memory of the frame before, so that every face is embedded.
        perception = Perception(self._analyzer, self._matcher, self._camera, self._vision)
        sighting = perception.look(Frame(seq=0, captured_ns=0, rgb=picture))
        return sum(face.identification is not None for face in sighting.faces)
