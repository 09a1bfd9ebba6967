"""CPU time of each stage on frames of a video, on one thread."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from kith.app.paths import models_dir
from kith.config import CameraSettings, VisionSettings
from kith.drivers.simulated_camera import video_source
from kith.types import U8, Face, Frame
from kith.vision.detector import Detector, letterbox
from kith.vision.networks import load_network
from kith.vision.pipeline import FaceAnalyzer, FacePipeline, open_analyzer
from kith.vision.place import focal_length_px, locate

T = TypeVar("T")

REPEATS = 5
FRAMES = 40


def report(video: Path) -> None:
    """Print a table: median, least and most CPU milliseconds of each stage over frames with one face."""
    analyzer = open_analyzer(models_dir(), VisionSettings())
    samples = _one_face_frames(analyzer, video)
    print(f"\nCPU milliseconds a stage, one thread, {len(samples)} frames of {video.name} with one face,")
    print(f"best of {REPEATS} each: median (least .. most) over the frames\n")
    for name, work in _stages(analyzer):
        times = [_best(work, rgb, face) for rgb, face in samples]
        print(f"  {name:34} {statistics.median(times):7.2f}  ({min(times):.2f} .. {max(times):.2f})")


def _stages(analyzer: FaceAnalyzer) -> list[tuple[str, Callable[[U8, Face], object]]]:
    network = load_network("detector", models_dir())
    height, width = network.spec.input_height_px, network.spec.input_width_px
    detector = Detector(network, VisionSettings().detector_score)
    camera, vision = CameraSettings(), VisionSettings()

    def whole(rgb: U8, face: Face) -> object:
        # A pipeline without memory of the frame before, so that the embedder runs.
        return FacePipeline(analyzer, vision).process(Frame(seq=0, captured_ns=0, rgb=rgb))

    def place(rgb: U8, face: Face) -> object:
        quality = analyzer.assess(rgb, face).quality
        focal_px = focal_length_px(rgb.shape[1], camera.horizontal_fov_deg)
        return locate(face, quality, rgb.shape[1], focal_px, vision.facing_yaw_deg)

    return [
        ("shrink to the detector's input", lambda rgb, face: letterbox(rgb, height, width)),
        ("detector: shrink, network, decode", lambda rgb, face: detector.detect(rgb)),
        ("align, quality, place", place),
        ("embedder", lambda rgb, face: analyzer.embed(analyzer.assess(rgb, face).aligned)),
        ("a frame whose face is embedded", whole),
    ]


def _one_face_frames(analyzer: FaceAnalyzer, video: Path) -> list[tuple[U8, Face]]:
    source = video_source(video)
    found: list[tuple[U8, Face]] = []
    for rgb in itertools.islice(source.frames(), 0, None, 3):
        faces = analyzer.detect(rgb)
        if len(faces) == 1 and analyzer.assess(rgb, faces[0]).rejection is None:
            found.append((rgb, faces[0]))
        if len(found) == FRAMES:
            break
    return found


def _best(work: Callable[[U8, Face], object], rgb: U8, face: Face) -> float:
    times = []
    for _ in range(REPEATS):
        began_s = time.process_time()
        work(rgb, face)
        times.append(time.process_time() - began_s)
    return min(times) * 1e3
