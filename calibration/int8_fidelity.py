"""Compare the int8 networks as built with the float ones they were made of.

    python -m calibration.int8_fidelity FOLDER

FOLDER holds faces as LFW does; pictures other than those the activation ranges come from are taken.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from calibration.float_networks import float_detector, float_network
from calibration.scenes import find_portraits, random_scenes
from kith.types import F32, U8, Face
from kith.vision.aligner import align
from kith.vision.detector import Detector
from kith.vision.networks import Runs, load_network
from models import MODELS_DIR

FACES = 200
SCENES = 300
SEED = 99
MIN_SCORE = 0.6

_SAME_FACE_IOU = 0.5
_TIMED_RUNS = 200


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="pictures of faces, one folder a person")
    portraits = find_portraits(parser.parse_args().folder, FACES, seed=SEED)
    print(f"on {len(portraits)} faces and {SCENES} composed frames of 640x480\n")
    compare_detectors([scene.rgb for scene in random_scenes(portraits, SCENES, seed=SEED)])
    compare_embedders([align(portrait.rgb, portrait.face.landmarks).rgb for portrait in portraits])
    time_both()


def compare_detectors(frames: list[U8]) -> None:
    """Print how far boxes and landmarks move (shares of the eyes' distance), and what only one finds."""
    network = load_network("detector", MODELS_DIR)
    exact = float_detector(network.spec.input_width_px, network.spec.input_height_px, min_score=MIN_SCORE)
    quantised = Detector(network, MIN_SCORE)
    overlaps, shifts, scores, unpaired = [], [], [], 0
    for frame in frames:
        wanted, got = exact.detect(frame), quantised.detect(frame)
        pairs = [(face, same) for face in wanted if (same := _same(face, got)) is not None]
        overlaps += [face.box.iou(same.box) for face, same in pairs]
        shifts += [_shift(face, same) for face, same in pairs]
        scores += [abs(face.score - same.score) for face, same in pairs]
        unpaired += len(wanted) + len(got) - 2 * len(pairs)
    print(
        f"detector: {len(overlaps)} faces found by both, {unpaired} by one only (score at least {MIN_SCORE})"
    )
    print(f"  box overlap (IoU)       {_spread(overlaps, low=True)}")
    print(f"  landmark shift           {_spread(shifts)}")
    print(f"  difference of scores    {_spread(scores)}")


def compare_embedders(faces: list[U8]) -> None:
    """Print the cosine between the two embeddings of a face."""
    exact, quantised = float_network("embedder"), load_network("embedder", MODELS_DIR).model
    cosines = [_cosine(exact.run(face)[0][0], quantised.run(face)[0][0]) for face in faces]
    print(f"embedder:\n  cosine of the same face {_spread(cosines, low=True)}")


def time_both() -> None:
    """Print CPU time of a run on one thread, int8 and float in turn, the least of many."""
    spec = load_network("detector", MODELS_DIR).spec
    rng = np.random.default_rng(SEED)
    picture = rng.integers(0, 256, (spec.input_height_px, spec.input_width_px, 3), dtype=np.uint8)
    detector = Detector(load_network("detector", MODELS_DIR), MIN_SCORE)
    twin = float_detector(spec.input_width_px, spec.input_height_px, min_score=MIN_SCORE)
    print("CPU time on one thread, ms:")
    _print_times("detector, decoding with it", lambda: detector.detect(picture), lambda: twin.detect(picture))
    face = picture[:112, :112].copy()
    embedders: list[Runs] = [load_network("embedder", MODELS_DIR), float_network("embedder")]
    _print_times("embedder", *(lambda one=one: one.run(face) for one in embedders))


def _print_times(name: str, quantised: Callable[[], object], exact: Callable[[], object]) -> None:
    least = [float("inf"), float("inf")]
    for _ in range(_TIMED_RUNS):
        for place, call in enumerate((quantised, exact)):
            start = time.process_time_ns()
            call()
            least[place] = min(least[place], (time.process_time_ns() - start) / 1e6)
    print(f"  {name}: int8 {least[0]:.1f}, float {least[1]:.1f}")


def _same(face: Face, others: list[Face]) -> Face | None:
    best = max(others, key=lambda other: face.box.iou(other.box), default=None)
    return best if best is not None and face.box.iou(best.box) >= _SAME_FACE_IOU else None


def _shift(face: Face, same: Face) -> float:
    """Mean distance of the landmarks of the two, as a share of the distance between the eyes."""
    eyes = max(float(np.linalg.norm(face.landmarks[0] - face.landmarks[1])), 1e-6)
    return float(np.linalg.norm(face.landmarks - same.landmarks, axis=1).mean()) / eyes


def _cosine(a: F32, b: F32) -> float:
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def _spread(values: list[float], *, low: bool = False) -> str:
    """Median and the bad end: the 5th per cent and the least where low is bad, else the 95th and the most."""
    bad, worst = (np.percentile(values, 5), min(values)) if low else (np.percentile(values, 95), max(values))
    return f"median {np.median(values):.4f}, 1 in 20 worse than {bad:.4f}, worst {worst:.4f}"


if __name__ == "__main__":
    main()
