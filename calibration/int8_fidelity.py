"""Compare the int8 networks as built with the float ones they were made of.

    python -m calibration.int8_fidelity faces FOLDER
    python -m calibration.int8_fidelity objects FOLDER...
    python -m calibration.int8_fidelity things FOLDER...

Folders are those of `calibration.activation_ranges`; other pictures of them are taken than the ranges come
from.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from calibration._photographs import find_sources, read_frames
from calibration.activation_ranges import SEED as RANGES_SEED
from calibration.activation_ranges import SOURCES, thing_pictures
from calibration.float_networks import float_detector, float_network
from calibration.scenes import find_portraits, random_scenes
from kith.config import ThingsSettings
from kith.types import F32, U8, Face
from kith.vision.aligner import align
from kith.vision.detector import Detector
from kith.vision.networks import Network, has_network, load_network
from kith.vision.objects import FoundObject, ObjectNetwork, squeezed
from kith.vision.things import pooled
from models import MODELS_DIR

FACES = 200
SCENES = 300
SEED = 99
MIN_SCORE = 0.6
OBJECT_SCORE = ThingsSettings().object_score

_SAME_IOU = 0.5
_TIMED_RUNS = 200


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("faces", "objects", "things"))
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    arguments = parser.parse_args()
    if arguments.what == "faces":
        compare_faces(arguments.folders[0])
        return
    frames = read_frames(find_sources(arguments.folders, SOURCES, seed=RANGES_SEED)[1::2])
    if arguments.what == "objects":
        compare_objects(list(frames))
    else:
        compare_things(list(thing_pictures(frames, seed=SEED)))


def compare_faces(folder: Path) -> None:
    """Print how far detector and embedder are from float, and what they take."""
    portraits = find_portraits(folder, FACES, seed=SEED)
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


def compare_objects(frames: list[U8]) -> None:
    """Print how far boxes, scores and feature maps move, what only one tells, and what a run takes."""
    network = load_network("objects", MODELS_DIR)
    exact = Network(spec=network.spec, model=float_network("objects"))
    size = (network.spec.input_width_px, network.spec.input_height_px)
    pictures = [squeezed(frame, size) for frame in frames]
    overlaps, scores, unpaired = [], [], 0
    cosines: dict[str, list[float]] = {"fine": [], "coarse": []}
    for picture in pictures:
        wanted, got = (ObjectNetwork(one, OBJECT_SCORE).look(picture) for one in (exact, network))
        pairs = [
            (one, same) for one in wanted.objects if (same := _same_object(one, got.objects)) is not None
        ]
        overlaps += [one.box.iou(same.box) for one, same in pairs]
        scores += [abs(one.score - same.score) for one, same in pairs]
        unpaired += len(wanted.objects) + len(got.objects) - 2 * len(pairs)
        cosines["fine"] += _cell_cosines(wanted.fine, got.fine)
        cosines["coarse"] += _cell_cosines(wanted.coarse, got.coarse)
    print(
        f"on {len(pictures)} pictures\n\nobjects: {len(overlaps)} told by both, {unpaired} by one only"
        f" (score at least {OBJECT_SCORE})"
    )
    print(f"  box overlap (IoU)       {_spread(overlaps, low=True)}")
    print(f"  difference of scores    {_spread(scores)}")
    for name, values in cosines.items():
        print(f"  cosine of a {name} cell{' ' * (8 - len(name))} {_spread(values, low=True)}")
    print("CPU time on one thread, ms:")
    _print_times("objects", int8=lambda: network.run(pictures[0]), float=lambda: exact.run(pictures[0]))


def compare_things(pictures: list[U8]) -> None:
    """Print how far each map's cells move, and what the device makes of a whole one (`pooled`), as it is and
    less the mean of all pictures, as for an embedding; and what a run takes, beside the object network's."""
    network, exact = load_network("things", MODELS_DIR), float_network("things")
    both = [(exact.run(picture), network.run(picture)) for picture in pictures]
    print(f"things, on {len(pictures)} squares of pictures")
    for number, output in enumerate(network.spec.outputs):
        maps = [(wanted[number][0], got[number][0]) for wanted, got in both]
        means = [(pooled(wanted), pooled(got)) for wanted, got in maps]
        mean = np.mean([wanted for wanted, _ in means], axis=0)
        cells = [cosine for pair in maps for cosine in _cell_cosines(*pair)]
        whole = [_cosine(*pair) for pair in means]
        less = [_cosine(wanted - mean, got - mean) for wanted, got in means]
        print(f"  cosine of a cell of {output.name} {_spread(cells, low=True)}")
        print(f"  cosine of all its cells, pooled {_spread(whole, low=True)}")
        print(f"  the same less the pictures' mean {_spread(less, low=True)}")
    print("CPU time on one thread, ms:")
    runs = {"int8": lambda: network.run(pictures[0]), "float": lambda: exact.run(pictures[0])}
    if has_network("objects", MODELS_DIR):
        objects = load_network("objects", MODELS_DIR)
        frame = np.zeros((objects.spec.input_height_px, objects.spec.input_width_px, 3), np.uint8)
        runs["objects, int8"] = lambda: objects.run(frame)
    _print_times("things", **runs)


def time_both() -> None:
    """Print CPU time of a run on one thread, int8 and float in turn."""
    spec = load_network("detector", MODELS_DIR).spec
    rng = np.random.default_rng(SEED)
    picture = rng.integers(0, 256, (spec.input_height_px, spec.input_width_px, 3), dtype=np.uint8)
    detector = Detector(load_network("detector", MODELS_DIR), MIN_SCORE)
    twin = float_detector(spec.input_width_px, spec.input_height_px, min_score=MIN_SCORE)
    print("CPU time on one thread, ms:")
    _print_times(
        "detector, decoding with it",
        int8=lambda: detector.detect(picture),
        float=lambda: twin.detect(picture),
    )
    face = picture[:112, :112].copy()
    embedder, exact = load_network("embedder", MODELS_DIR), float_network("embedder")
    _print_times("embedder", int8=lambda: embedder.run(face), float=lambda: exact.run(face))


def _print_times(name: str, **calls: Callable[[], object]) -> None:
    """Each of the calls in turn, called by its name: least and median."""
    took: dict[str, list[float]] = {form: [] for form in calls}
    for _ in range(_TIMED_RUNS):
        for form, call in calls.items():
            start = time.process_time_ns()
            call()
            took[form].append((time.process_time_ns() - start) / 1e6)
    told = (f"{form} {min(times):.1f} (median {np.median(times):.1f})" for form, times in took.items())
    print(f"  {name}: {', '.join(told)}")


def _same(face: Face, others: list[Face]) -> Face | None:
    best = max(others, key=lambda other: face.box.iou(other.box), default=None)
    return best if best is not None and face.box.iou(best.box) >= _SAME_IOU else None


def _same_object(one: FoundObject, others: Sequence[FoundObject]) -> FoundObject | None:
    alike = [other for other in others if other.label == one.label and one.box.iou(other.box) >= _SAME_IOU]
    return max(alike, key=lambda other: one.box.iou(other.box), default=None)


def _cell_cosines(wanted: F32, got: F32) -> list[float]:
    """Of each cell's features f32[rows, columns, channels]."""
    lengths = np.linalg.norm(wanted, axis=2) * np.linalg.norm(got, axis=2)
    return [float(c) for c in ((wanted * got).sum(axis=2) / lengths).ravel()]


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
