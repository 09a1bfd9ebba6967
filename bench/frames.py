"""The pictures that everything here is measured on: frames of the demo walk, with none, one and two faces."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from kith.app.paths import models_dir
from kith.config import VisionSettings
from kith.drivers.simulated_camera import video_source
from kith.errors import InputError
from kith.types import U8, Face
from kith.vision.pipeline import FaceAnalyzer, open_analyzer

WALK = Path(__file__).resolve().parent.parent / "demo" / "build" / "walk.avi"
COUNTS = (0, 1, 2)
MIN_INTER_EYE_PX = 14.0
"""The eyes of a face at 1.4 m with the usual camera: near enough for the nearest-sighted of the peers."""
_EVERY = 4


def pick(video: Path, each: int) -> Mapping[int, list[U8]]:
    """`each` frames u8[480, 640, 3] with no face, as many with one and with two, spread over the video. Every
    face is near, whole and worth judging. Raises InputError where the video has too few."""
    analyzer = open_analyzer(models_dir(), VisionSettings())
    found: dict[int, list[U8]] = {count: [] for count in COUNTS}
    for rgb in itertools.islice(video_source(video).frames(), 0, None, _EVERY):
        faces = analyzer.detect(rgb)
        if len(faces) in found and all(_plain(analyzer, rgb, face) for face in faces):
            found[len(faces)].append(rgb)
    for count, frames in found.items():
        if len(frames) < each:
            raise InputError(
                f"{video} has {len(frames)} frames with {count} plain faces, {each} are needed: "
                "measure on the demo walk (`make demo` makes it)"
            )
    return {
        count: [frames[at] for at in np.linspace(0, len(frames) - 1, each).round().astype(int)]
        for count, frames in found.items()
    }


def save(frames: Mapping[int, list[U8]], folder: Path) -> Mapping[int, list[Path]]:
    """Write each as an .npy of its own, which a peer of any interpreter can read."""
    paths: dict[int, list[Path]] = {}
    for count, pictures in frames.items():
        paths[count] = [folder / f"{count}-{at}.npy" for at in range(len(pictures))]
        for path, rgb in zip(paths[count], pictures, strict=True):
            np.save(path, rgb)
    return paths


def _plain(analyzer: FaceAnalyzer, rgb: U8, face: Face) -> bool:
    assessed = analyzer.assess(rgb, face)
    return assessed.rejection is None and assessed.quality.inter_eye_px >= MIN_INTER_EYE_PX
