"""Measure what range each activation of the networks spans, and keep it for quantising them.

    python -m calibration.activation_ranges FOLDER

FOLDER holds faces as LFW does, NAME/NAME_0001.jpg. Only ranges are written, no picture and no embedding.
Afterwards `python -m models build --update-manifest` builds the networks with them; if the embedder's file
changes, give it a new model_id and measure the operating point anew.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from rich.progress import track

from calibration.float_networks import FloatModel, float_embedder
from calibration.scenes import HEIGHT_PX, WIDTH_PX, Portrait, find_portraits, random_scenes
from kith.types import U8
from kith.vision.aligner import align
from kith.vision.detector import letterbox
from models import recipe

PORTRAITS = 300
SCENES = 300
SEED = 20

Ranges = dict[str, tuple[float, float]]


def main() -> None:
    """Measure and write the ranges of both networks."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="pictures of faces, one folder a person")
    parser.add_argument(
        "--output", type=Path, default=recipe.RANGES_FILE, help="file to write (default: %(default)s)"
    )
    arguments = parser.parse_args()
    portraits = find_portraits(arguments.folder, PORTRAITS, seed=SEED)
    sources = recipe.float_models()
    detector, embedder = sources["detector"], sources["embedder"]
    scenes = detector_pictures(portraits, detector.height_px, detector.width_px)
    faces = embedder_pictures(portraits)
    ranges = {
        detector.model_id: measure(
            FloatModel(detector.content, keep_all=True),
            track(scenes, description="detector", total=SCENES),
        ),
        embedder.model_id: measure(
            float_embedder(keep_all=True),
            track(faces, description="embedder", total=len(portraits)),
        ),
    }
    write(arguments.output, ranges, portraits=len(portraits))
    print(f"{arguments.output}: ranges of {sum(len(by_name) for by_name in ranges.values())} tensors")


def measure(model: FloatModel, pictures: Iterable[U8]) -> Ranges:
    """Lowest and highest value of each activation over `pictures`, by name; zero is always within."""
    ranges: Ranges = {}
    for picture in pictures:
        model.run(picture)
        for name, values in model.activations().items():
            low, high = ranges.get(name, (0.0, 0.0))
            ranges[name] = min(low, float(values.min())), max(high, float(values.max()))
    return ranges


def detector_pictures(portraits: Sequence[Portrait], height: int, width: int) -> Iterator[U8]:
    """Scenes as the detector gets them."""
    for scene in random_scenes(portraits, SCENES, seed=SEED):
        yield letterbox(scene.rgb, height, width)[0]


def embedder_pictures(portraits: Sequence[Portrait]) -> Iterator[U8]:
    """Aligned faces as the embedder gets them, one in four dimmed."""
    for number, portrait in enumerate(portraits):
        gain = 0.35 if number % 4 == 3 else 1.0
        yield (align(portrait.rgb, portrait.face.landmarks).rgb * gain).round().astype(np.uint8)


def write(path: Path, ranges: dict[str, Ranges], *, portraits: int) -> None:
    """Write the ranges as sorted JSON, each figure with six digits."""
    content = {
        "measured_on": f"{portraits} faces of as many people of LFW's development half, and {SCENES} frames"
        f" of {WIDTH_PX}x{HEIGHT_PX} composed of them with faces of 16 to 220 px,"
        f" dim to bright (seed {SEED})",
        "ranges": {
            model_id: {name: [float(f"{end:.6g}") for end in pair] for name, pair in by_name.items()}
            for model_id, by_name in ranges.items()
        },
    }
    path.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
