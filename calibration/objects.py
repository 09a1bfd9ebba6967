"""How well the object network finds what is there, built and in float: python -m calibration.objects."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import click
import numpy as np

from calibration import _lfw
from calibration._object_cost import print_cost
from calibration._object_pictures import known_pictures
from calibration._object_report import (
    Found,
    print_agreement,
    print_faces,
    print_said,
    print_sizes,
    print_thresholds,
    print_words,
)
from calibration._progress import progress
from calibration.float_networks import float_network
from kith.config import ThingsSettings
from kith.types import U8, BoxPx
from kith.vision.detector import letterbox
from kith.vision.imaging import load_photo
from kith.vision.networks import load_network
from kith.vision.objects import FoundObject, ObjectNetwork, told_once
from models import CACHE_DIR, MODELS_DIR

_LEAST = 0.2
_SIDE_PX = 300

Look = Callable[[U8], Sequence[FoundObject]]


@click.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--faces", type=click.IntRange(min=1), default=1000, show_default=True, help="Of FOLDER.")
@click.option("--seed", type=int, default=6, show_default=True)
def main(folder: Path | None, faces: int, seed: int) -> None:
    """Measure hits, misses and false alarms on real pictures with known things, from pinned packages.

    With FOLDER, of faces as LFW has them, also what is wrongly found where there are hardly any things.
    """
    _lfw.run(lambda: _measure(folder, faces, seed))


def _measure(folder: Path | None, faces: int, seed: int) -> None:
    built = load_network("objects", MODELS_DIR)
    exact = replace(built, model=float_network("objects"))
    networks = {name: ObjectNetwork(one, _LEAST) for name, one in (("int8", built), ("float", exact))}
    pictures = known_pictures(CACHE_DIR)
    looks: Mapping[str, Look] = {name: _whole(network) for name, network in networks.items()}
    rgbs = [each.rgb for each in pictures]
    found = {name: _looks(look, rgbs, f"{name} on pictures") for name, look in looks.items()}
    settings = ThingsSettings()
    print(f"{len(pictures)} pictures with {sum(len(each.things) for each in pictures)} known things\n")
    print_thresholds(found, pictures)
    print_words(found, pictures, settings.object_score)
    print_agreement(found["int8"], found["float"], settings.object_score)
    print_sizes(found["int8"], pictures, settings.object_score)
    print_said(found["int8"], pictures, settings)
    if folder is not None:
        photos = _faces(folder, faces, seed)
        print_faces({name: _looks(look, photos, f"{name} on faces") for name, look in looks.items()})
    ways: Mapping[str, Look] = {
        "letterboxed": _letterboxed(networks["int8"]),
        "and tiles": _tiles(networks["int8"]),
    }
    found_by = {"squeezed": found["int8"]} | {name: _looks(look, rgbs, name) for name, look in ways.items()}
    print_thresholds(found_by, pictures)
    print_cost(networks, rgbs)


def _looks(look: Look, photos: Sequence[U8], what: str) -> Found:
    return [look(rgb) for rgb in progress(photos, what)]


def _faces(folder: Path, count: int, seed: int) -> list[U8]:
    photos = sorted(folder.glob("*/*_0001.jpg"))
    drawn = np.random.default_rng(seed).permutation(len(photos))[:count]
    return [load_photo(photos[at]) for at in drawn]


def _whole(network: ObjectNetwork) -> Look:
    return lambda rgb: network.look(rgb).objects


def _letterboxed(network: ObjectNetwork) -> Look:
    def look(rgb: U8) -> Sequence[FoundObject]:
        picture, scale = letterbox(rgb, _SIDE_PX, _SIDE_PX)
        return [_moved(each, 0, 0, 1 / scale) for each in network.look(picture).objects]

    return look


def _tiles(network: ObjectNetwork) -> Look:
    """The whole, and the largest square at either end of it."""

    def look(rgb: U8) -> Sequence[FoundObject]:
        height, width = rgb.shape[:2]
        side, found = min(height, width), list(network.look(rgb).objects)
        for x, y in {(0, 0), (width - side, height - side)} if height != width else ():
            tile = np.ascontiguousarray(rgb[y : y + side, x : x + side])
            found += [_moved(each, x, y, 1) for each in network.look(tile).objects]
        return told_once(sorted(found, key=lambda each: each.score, reverse=True))

    return look


def _moved(found: FoundObject, x: float, y: float, scale: float) -> FoundObject:
    box = found.box
    moved = BoxPx(x=box.x * scale + x, y=box.y * scale + y, w=box.w * scale, h=box.h * scale)
    return replace(found, box=moved)


if __name__ == "__main__":
    main()
