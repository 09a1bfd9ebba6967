"""What `kith bench --here` times: each step of a look, ready to be done again and again.

Frame, face and templates are made up, and always the same: no picture of anybody is needed, since the time
that a network takes does not depend on what it is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np

from kith.app.paths import calibration_dir, models_dir
from kith.config import Settings
from kith.recognition.matcher import Matcher, TemplateSet
from kith.recognition.operating_point import load_operating_point
from kith.types import F32, U8, BoxPx, Face
from kith.vision.detector import Detector, letterbox
from kith.vision.embedder import Embedder
from kith.vision.imaging import judge_view
from kith.vision.networks import load_network
from kith.vision.pipeline import FaceAnalyzer

PEOPLE, TEMPLATES = 50, 5
"""Of a full gallery: as many templates of each as an enrollment by the button has."""

SHRINK, FIND = "shrink the picture", "the detecting network"
JUDGE, LOOK, ASSESS, EMBED = "judge the view", "find faces", "turn and measure a face", "embed a face"
MATCH = f"match with {PEOPLE * TEMPLATES} templates"

Work = Callable[[], object]


def steps(settings: Settings) -> Mapping[str, Work]:
    """By their names, in their order; SHRINK and FIND are parts of LOOK. Raises ModelError."""
    cv2.setNumThreads(settings.vision.threads)
    network = load_network("detector", models_dir(), settings.vision.threads)
    detector = Detector(network, settings.vision.detector_score)
    embedder = Embedder(load_network("embedder", models_dir(), settings.vision.threads))
    analyzer = FaceAnalyzer(detector, embedder, settings.vision)
    matcher = _matcher(analyzer.model_id)
    rgb, face = _frame(settings), _face(settings)
    spec = network.spec
    shrunk, _ = letterbox(rgb, spec.input_height_px, spec.input_width_px)
    aligned = analyzer.assess(rgb, face).aligned
    embedding = analyzer.embed(aligned)
    return {
        JUDGE: lambda: judge_view(rgb),
        LOOK: lambda: analyzer.detect(rgb),
        SHRINK: lambda: letterbox(rgb, spec.input_height_px, spec.input_width_px),
        FIND: lambda: network.run(shrunk),
        ASSESS: lambda: analyzer.assess(rgb, face),
        EMBED: lambda: analyzer.embed(aligned),
        MATCH: lambda: matcher.identify(embedding),
    }


def _frame(settings: Settings) -> U8:
    shape = (settings.camera.height_px, settings.camera.width_px, 3)
    return np.random.default_rng(1).integers(0, 256, shape, np.uint8)


def _face(settings: Settings) -> Face:
    """In the middle, two metres off in the usual picture."""
    x, y = settings.camera.width_px / 2, settings.camera.height_px / 2
    around = np.array([[-8, -6], [8, -6], [0, 2], [-6, 10], [6, 10]], np.float32)
    landmarks: F32 = around + np.array([x, y], np.float32)
    return Face(box=BoxPx(x=x - 18, y=y - 24, w=36, h=48), landmarks=landmarks, score=0.9)


def _matcher(model_id: str) -> Matcher:
    point = load_operating_point(calibration_dir() / "operating_point.toml", model_id)
    shape = (PEOPLE * TEMPLATES, len(point.centre))
    vectors = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    people = np.repeat(np.arange(PEOPLE, dtype=np.int64), TEMPLATES)
    return Matcher(TemplateSet(vectors=vectors, person_ids=people, model_id=model_id), point)
