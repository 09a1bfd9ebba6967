"""Measure what range each activation of the networks spans, and keep it for quantising them.

    python -m calibration.activation_ranges FOLDER

FOLDER holds faces as LFW does, NAME/NAME_0001.jpg. Only ranges are written, no picture and no embedding.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.float_networks import FloatModel, align, decode
from calibration.scenes import HEIGHT, WIDTH, Portrait, picture_files, random_scenes, read_rgb
from models import build
from models.sface import CENTRE

OUTPUT = Path(__file__).with_name("activation_ranges.json")
PORTRAITS = 300
SCENES = 300
SEED = 20

_LOOK_SIZE = 512
"""Portraits are looked at in a square of this many pixels to find the face in them."""


def main() -> None:
    """Measure and write the ranges of both networks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="pictures of faces, one folder a person")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="file to write (default: %(default)s)")
    arguments = parser.parse_args()
    sources = build.float_models()
    portraits = list(find_portraits(arguments.folder, PORTRAITS, seed=SEED))
    detector, embedder = sources["detector"], sources["embedder"]
    ranges = {
        detector.model_id: measure(
            FloatModel(detector.content, keep_all=True),
            detector_pictures(portraits, detector.height_px, detector.width_px),
        ),
        embedder.model_id: measure(
            FloatModel(embedder.content, keep_all=True), embedder_pictures(portraits)
        ),
    }
    write(arguments.output, ranges, portraits=len(portraits))
    print(f"{arguments.output}: ranges of {sum(len(r) for r in ranges.values())} tensors")


def measure(
    model: FloatModel, pictures: Iterable[NDArray[np.float32]]
) -> dict[str, tuple[float, float]]:
    """Lowest and highest value of each activation over `pictures`, by name."""
    ranges: dict[str, tuple[float, float]] = {}
    for picture in pictures:
        model.run(picture)
        for name, values in model.activations().items():
            low, high = ranges.get(name, (0.0, 0.0))
            ranges[name] = min(low, float(values.min())), max(high, float(values.max()))
    return ranges


def find_portraits(folder: Path, count: int, *, seed: int) -> Iterator[Portrait]:
    """Pictures of one person each with the face nearest their middle; those without a face are left out."""
    looker = FloatModel(build.float_detector(_LOOK_SIZE, _LOOK_SIZE))
    for path in picture_files(folder, count, seed=seed):
        rgb = read_rgb(path)
        scale = _LOOK_SIZE / max(rgb.shape[:2])
        canvas = np.zeros((_LOOK_SIZE, _LOOK_SIZE, 3), np.float32)
        small = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
        canvas[: small.shape[0], : small.shape[1]] = small
        found = decode(looker.run(canvas), min_score=0.7)
        if found:
            middle = np.array(small.shape[1::-1]) / 2
            face = min(found, key=lambda f: float(np.abs(f.landmarks[2] - middle).sum()))
            yield Portrait(rgb=rgb, face=face.scaled(1 / scale))


def detector_pictures(portraits: list[Portrait], height: int, width: int) -> Iterator[NDArray[np.float32]]:
    """Scenes as the detector gets them: shrunk to its input, black below or beside."""
    scale = min(width / WIDTH, height / HEIGHT)
    for scene in random_scenes(portraits, SCENES, seed=SEED):
        canvas = np.zeros((height, width, 3), np.float32)
        small = cv2.resize(scene.rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
        canvas[: small.shape[0], : small.shape[1]] = small
        yield canvas


def embedder_pictures(portraits: list[Portrait]) -> Iterator[NDArray[np.float32]]:
    """Aligned faces as the embedder gets them, one in four dimmed."""
    for number, portrait in enumerate(portraits):
        aligned = align(portrait.rgb, portrait.face.landmarks)
        gain = 0.35 if number % 4 == 3 else 1.0
        yield (aligned.astype(np.float32) * gain).round() - np.float32(CENTRE)


def write(path: Path, ranges: dict[str, dict[str, tuple[float, float]]], *, portraits: int) -> None:
    """Write the ranges as sorted JSON, each figure with six digits."""
    content = {
        "measured_on": f"{portraits} faces of as many people of LFW's development half, and {SCENES} frames"
        f" of {WIDTH}x{HEIGHT} composed of them with faces of 16 to 220 px, dim to bright (seed {SEED})",
        "ranges": {
            model_id: {name: [float(f"{end:.6g}") for end in pair] for name, pair in by_name.items()}
            for model_id, by_name in ranges.items()
        },
    }
    path.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
