"""Compare input sizes of the detector: which faces it finds, how well, at what cost.

    python -m calibration.detector_size FOLDER

FOLDER holds faces as LFW does. Each face is set, as wide as the column says, into a frame of 640x480; the
int8 network of each size looks at the same frames. Prints tables in Markdown. "Others" are mostly bystanders
in the photographs, which count as neither right nor wrong.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from calibration.float_networks import resized
from calibration.scenes import Scene, compose, find_portraits
from kith.types import Face
from kith.vision.detector import Detector
from kith.vision.networks import Network, read_manifest
from kith.vision.tflite import TfliteModel
from models import MODELS_DIR, recipe

Size = tuple[int, int]
"""Width and height, px."""

SIZES: tuple[Size, ...] = ((160, 128), (256, 192), (320, 256), (384, 288), (512, 384), (640, 480))
FACE_WIDTHS_PX = (12, 16, 20, 24, 28, 32, 40, 50, 64, 96, 160)
SEED = 7

_MATCH_IOU = 0.5
_MISS_IOU = 0.2
_TIMED_RUNS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Of one size: recall and landmark error (share of the eyes' distance) by face width, and the rest."""

    size: Size
    recall: dict[int, float]
    landmark_error: dict[int, float]
    others_per_100_frames: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="pictures of faces, one folder a person")
    parser.add_argument("--faces", type=int, default=100, help="faces for each width (default: %(default)s)")
    parser.add_argument(
        "--score", type=float, default=0.6, help="least score of a face (default: %(default)s)"
    )
    arguments = parser.parse_args()
    portraits = find_portraits(arguments.folder, 2 * arguments.faces, seed=SEED)
    rng = np.random.default_rng(SEED)
    scenes = {
        width: [compose(portraits, rng, face_widths_px=[width]) for _ in range(arguments.faces)]
        for width in FACE_WIDTHS_PX
    }
    with tempfile.TemporaryDirectory() as folder:
        networks = {size: sized_network(size, Path(folder)) for size in SIZES}
        times = cpu_ms(networks)
        rows = [measure(networks[size], scenes, arguments.score) for size in SIZES]
    print_tables(rows, times)


def measure(network: Network, scenes: dict[int, list[Scene]], min_score: float) -> Figures:
    """What one input size finds."""
    detector = Detector(network, min_score)
    recall, error, others = {}, {}, 0
    for width, pictures in scenes.items():
        errors = []
        for scene in pictures:
            overlaps = [(face, face.box.iou(scene.faces[0].box)) for face in detector.detect(scene.rgb)]
            hits = [face for face, overlap in overlaps if overlap >= _MATCH_IOU]
            errors += [landmark_error(face, scene) for face in hits[:1]]
            others += sum(overlap < _MISS_IOU for _, overlap in overlaps)
        recall[width] = len(errors) / len(pictures)
        error[width] = float(np.median(errors)) if errors else float("nan")
    frames = sum(len(pictures) for pictures in scenes.values())
    return Figures(
        size=(network.spec.input_width_px, network.spec.input_height_px),
        recall=recall,
        landmark_error=error,
        others_per_100_frames=100 * others / frames,
    )


def sized_network(size: Size, folder: Path) -> Network:
    """The int8 detector for an input of `size` (width, height), its file in `folder`."""
    width, height = size
    spec = resized(read_manifest(MODELS_DIR).networks["detector"], width, height)
    ranges = recipe.read_ranges(recipe.RANGES_FILE, spec.model_id)
    content = recipe.quantised("detector", recipe.float_detector(height, width), ranges)
    path = folder / f"{width}x{height}.tflite"
    path.write_bytes(content)
    model = TfliteModel(path, expected_input=spec.input, expected_outputs=spec.outputs)
    return Network(spec=spec, model=model)


def landmark_error(face: Face, scene: Scene) -> float:
    """Mean distance of the five landmarks from where they were, as a share of the distance of the eyes."""
    truth = scene.faces[0].landmarks
    eyes = float(np.linalg.norm(truth[0] - truth[1]))
    return float(np.linalg.norm(face.landmarks - truth, axis=1).mean()) / max(eyes, 1e-6)


def cpu_ms(networks: dict[Size, Network]) -> dict[Size, float]:
    """Least CPU time of a run on one thread, ms. In turn, so that a busy moment troubles all alike."""
    least = dict.fromkeys(networks, float("inf"))
    rng = np.random.default_rng(SEED)
    pictures = {
        (width, height): rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        for width, height in networks
    }
    for _ in range(_TIMED_RUNS):
        for size, network in networks.items():
            start = time.process_time_ns()
            network.run(pictures[size])
            least[size] = min(least[size], (time.process_time_ns() - start) / 1e6)
    return least


def print_tables(rows: list[Figures], times: dict[Size, float]) -> None:
    """The figures as two Markdown tables: recall with cost, then landmark error."""
    widths = " | ".join(f"{width} px" for width in FACE_WIDTHS_PX)
    ruler = "| --- " * len(FACE_WIDTHS_PX)
    print(f"\nShare of faces found\n\n| input | CPU ms | others found in 100 frames | {widths} |")
    print(f"| --- | --- | --- {ruler}|")
    for row in rows:
        cells = " | ".join(f"{row.recall[width]:.2f}" for width in FACE_WIDTHS_PX)
        print(f"| {_name(row)} | {times[row.size]:.1f} | {row.others_per_100_frames:.1f} | {cells} |")
    print(f"\nMedian landmark error, per cent of the distance between the eyes\n\n| input | {widths} |")
    print(f"| --- {ruler}|")
    for row in rows:
        cells = " | ".join(f"{100 * row.landmark_error[width]:.0f}" for width in FACE_WIDTHS_PX)
        print(f"| {_name(row)} | {cells} |")


def _name(row: Figures) -> str:
    return f"{row.size[0]}x{row.size[1]}"


if __name__ == "__main__":
    main()
