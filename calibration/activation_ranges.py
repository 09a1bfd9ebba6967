"""Measure what range each activation of the networks spans, and keep it for quantising them.

    python -m calibration.activation_ranges faces FOLDER
    python -m calibration.activation_ranges objects FOLDER...
    python -m calibration.activation_ranges things FOLDER...

For faces FOLDER holds them as LFW does, NAME/NAME_0001.jpg; for objects and things a FOLDER holds photographs
or videos of rooms, streets, things and people; of these, the things' network gets squares. Only ranges are
written, no picture and no embedding.
Afterwards `python -m models build --update-manifest` builds the networks with them; if the embedder's file
changes, give it a new model_id and measure the operating point anew.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from rich.progress import track

from calibration._photographs import find_sources, read_frames
from calibration.float_networks import FloatModel, float_network
from calibration.scenes import HEIGHT_PX, WIDTH_PX, Portrait, find_portraits, random_scenes
from kith.types import U8
from kith.vision.aligner import align
from kith.vision.detector import letterbox
from kith.vision.networks import Role, read_manifest
from kith.vision.objects import squeezed
from models import MODELS_DIR, recipe

PORTRAITS = 300
SCENES = 300
SOURCES = 100
"""Photographs and videos of each folder at most, half of which ranges are measured on."""
SQUARES = 3
LEAST_SIDE = 0.2
"""Of a picture so many squares are taken at random, their sides such a share of its shorter one at least."""
SEED = 20

Ranges = dict[str, tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The ranges of one network, and on what they were measured."""

    model_id: str
    ranges: Ranges
    on: str


def main() -> None:
    """Measure and write the ranges of the networks for faces, or of that for objects or for things."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("faces", "objects", "things"))
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    parser.add_argument(
        "--output", type=Path, default=recipe.RANGES_FILE, help="file to write (default: %(default)s)"
    )
    arguments = parser.parse_args()
    match arguments.what:
        case "objects":
            measured = of_objects(arguments.folders)
        case "things":
            measured = of_things(arguments.folders)
        case _:
            measured = of_faces(arguments.folders[0])
    write(arguments.output, measured)
    print(f"{arguments.output}: ranges of {sum(len(one.ranges) for one in measured)} tensors")


def of_faces(folder: Path) -> list[Measured]:
    """The ranges of detector and embedder, on faces of `folder`."""
    portraits = find_portraits(folder, PORTRAITS, seed=SEED)
    faces = f"{len(portraits)} faces of as many people of LFW's development half"
    frames = (
        f"{SCENES} frames of {WIDTH_PX}x{HEIGHT_PX} composed of {faces}, of 16 to 220 px, dim to bright"
        f" (seed {SEED})"
    )
    spec = read_manifest(MODELS_DIR).networks["detector"]
    scenes = detector_pictures(portraits, spec.input_height_px, spec.input_width_px)
    return [
        _measured("detector", track(scenes, description="detector", total=SCENES), frames),
        _measured(
            "embedder",
            track(embedder_pictures(portraits), description="embedder", total=len(portraits)),
            faces,
        ),
    ]


def of_objects(folders: Sequence[Path]) -> list[Measured]:
    """The ranges of the object network, on photographs and frames of videos."""
    sources = find_sources(folders, SOURCES, seed=SEED)[::2]
    pictures = list(object_pictures(read_frames(sources)))
    told = f"{len(pictures)} pictures of rooms, streets, things and people, dim to bright"
    return [_measured("objects", track(pictures, description="objects"), told)]


def of_things(folders: Sequence[Path]) -> list[Measured]:
    """The ranges of the things' network, on squares of the object network's photographs and frames."""
    sources = find_sources(folders, SOURCES, seed=SEED)[::2]
    pictures = list(dimmed(thing_pictures(read_frames(sources), seed=SEED)))
    frames = len(pictures) // (SQUARES + 1)
    told = (
        f"{len(pictures)} squares of {frames} pictures of rooms, streets, things and people, dim to bright"
        f" (seed {SEED})"
    )
    return [_measured("things", track(pictures, description="things"), told)]


def _measured(role: Role, pictures: Iterable[U8], told: str) -> Measured:
    ranges = measure(float_network(role, keep_all=True), pictures)
    return Measured(model_id=read_manifest(MODELS_DIR).networks[role].model_id, ranges=ranges, on=told)


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
    yield from dimmed(align(portrait.rgb, portrait.face.landmarks).rgb for portrait in portraits)


def object_pictures(frames: Iterable[U8]) -> Iterator[U8]:
    """Frames as the object network gets them, one in four dimmed."""
    spec = read_manifest(MODELS_DIR).networks["objects"]
    yield from dimmed(squeezed(rgb, (spec.input_width_px, spec.input_height_px)) for rgb in frames)


def thing_pictures(frames: Iterable[U8], *, seed: int) -> Iterator[U8]:
    """Squares of frames as the things' network gets them: of each frame, no larger than the camera's, the
    largest in its middle, and SQUARES anywhere in it."""
    spec = read_manifest(MODELS_DIR).networks["things"]
    rng = np.random.default_rng(seed)
    for rgb in frames:
        shrink = min(1.0, WIDTH_PX / rgb.shape[1], HEIGHT_PX / rgb.shape[0])
        frame = cv2.resize(rgb, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        height, width = frame.shape[:2]
        whole = min(height, width)
        sides = [whole, *rng.uniform(LEAST_SIDE * whole, whole, SQUARES).astype(int)]
        places = [(0.5, 0.5), *rng.uniform(size=(SQUARES, 2))]
        for side, (down, across) in zip(sides, places, strict=True):
            top, left = int(down * (height - side)), int(across * (width - side))
            square = frame[top : top + side, left : left + side]
            size = (spec.input_width_px, spec.input_height_px)
            yield np.asarray(cv2.resize(square, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def dimmed(pictures: Iterable[U8]) -> Iterator[U8]:
    """The pictures, one in four dimmed."""
    for number, picture in enumerate(pictures):
        gain = 0.35 if number % 4 == 3 else 1.0
        yield (picture * gain).round().astype(np.uint8)


def write(path: Path, measured: Sequence[Measured]) -> None:
    """Put the ranges in place of those that the JSON file has of these networks, six digits a figure."""
    content = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    for one in measured:
        content.setdefault("measured_on", {})[one.model_id] = one.on
        content.setdefault("ranges", {})[one.model_id] = {
            name: [float(f"{end:.6g}") for end in pair] for name, pair in one.ranges.items()
        }
    path.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
