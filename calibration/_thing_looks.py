"""What the device makes of the frames: each thing held up and looked for as `app.thing_eyes` does it."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np

from calibration._thing_frames import kept
from calibration._thing_meshes import Floats, Model, models, photographs, surfaces
from calibration._thing_scenes import SIZES, TAUGHT_VIEWS, Frame, Studio
from kith.app.thing_eyes import PLACES_FROM
from kith.types import U8, BoxPx, HeldFault
from kith.vision.imaging import load_photo
from kith.vision.networks import load_network
from kith.vision.objects import ObjectNetwork
from kith.vision.thing_network import ThingNetwork
from kith.vision.things import candidates, describe, describe_held, held_up

PLACES = 8
"""So many places of a frame are compared with what was taught."""
PROBES_PER_SIZE = 3
EMPTY = 120
_LFW_PHOTOS = 20
_JITTER = 0.1
"""How far a box is moved and stretched at random to learn from, as a share of its size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """A frame and what was looked at in it. size: which of SIZES, -1 for none; names: of the things in it;
    places: f32[P, D], of each place what `describe` gives; overlaps: f32[P, len(names)], of places with
    things; itself: f32[D], of the box of the thing that was meant, moved a little; None for none. plain: that
    thing stands as it was taught, uncovered."""

    size: int
    names: tuple[str, ...]
    places: Floats
    overlaps: Floats
    itself: Floats | None
    plain: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A thing. taught: f32[V, D] of the views that were good enough; faults: of those that were not; fits:
    overlap of each place where it was held with the truth, 0 where none was found."""

    name: str
    family: str
    taught: Floats
    faults: tuple[HeldFault, ...]
    fits: tuple[float, ...]
    probes: tuple[Searched, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What frames are made of."""

    models: tuple[Model, ...]
    backgrounds: tuple[U8, ...]
    rooms: tuple[U8, ...]
    surfaces: tuple[U8, ...]

    def studio(self, name: str) -> Studio:
        """The same frames for the same name."""
        rng = np.random.default_rng(zlib.crc32(name.encode()))
        return Studio(self.backgrounds, self.rooms, self.surfaces, rng)


def stage(data: Path) -> Stage:
    """data: the folder with clips/ and lfw-dev/; of them only backgrounds are taken. Raises InputError."""
    photos = photographs()
    rooms = [photo for name, photo in photos.items() if not name.startswith(("astronaut", "chelsea"))]
    backgrounds = list(photos.values())
    backgrounds += [_middle_frame(path) for path in sorted((data / "clips").glob("*/*.mkv"))]
    portraits = sorted((data / "lfw-dev").glob("*/*_0001.jpg"))
    for path in portraits[:: max(len(portraits) // _LFW_PHOTOS, 1)][:_LFW_PHOTOS]:
        backgrounds.append(load_photo(path))
    return Stage(
        models=tuple(models()),
        backgrounds=tuple(backgrounds),
        rooms=tuple(rooms),
        surfaces=tuple(surfaces().values()),
    )


def look_at_all(data: Path, models_dir: Path, jobs: int) -> tuple[list[Shown], list[Searched]]:
    """Every thing, and frames without any; data: see `stage`. Raises InputError."""
    names = [model.name for model in stage(data).models]
    # Not forked: a child forked from a process whose OpenCV has threads waits for them for ever.
    with ProcessPoolExecutor(
        jobs, get_context("spawn"), initializer=_begin, initargs=(data, models_dir)
    ) as pool:
        shown = pool.map(_shown, names)
        empty = pool.map(_empty, range(EMPTY))
        return list(shown), list(empty)


@dataclass(frozen=True, slots=True, kw_only=True)
class Eyes:
    """The networks: one tells where things are, the other what they look like."""

    objects: ObjectNetwork
    things: ThingNetwork


class _Worker:
    """Of each process its own."""

    stage: Stage
    eyes: Eyes


def _begin(data: Path, models_dir: Path) -> None:
    cv2.setNumThreads(1)
    _Worker.stage = stage(data)
    _Worker.eyes = Eyes(
        objects=ObjectNetwork(load_network("objects", models_dir), PLACES_FROM),
        things=ThingNetwork(load_network("things", models_dir)),
    )


def _shown(name: str) -> Shown:
    model = next(each for each in _Worker.stage.models if each.name == name)
    others = [each for each in _Worker.stage.models if each is not model]
    sizes = [size for size in range(len(SIZES)) for _ in range(PROBES_PER_SIZE)]

    def draw() -> list[Frame]:
        studio = _Worker.stage.studio(name)
        return [*studio.taught(model), *(studio.probe(model, SIZES[size], others) for size in sizes)]

    frames = kept(name, draw)
    probes = list(zip(sizes, frames[TAUGHT_VIEWS:], strict=True))
    return shown(_Worker.eyes, model, frames[:TAUGHT_VIEWS], probes)


def shown(eyes: Eyes, model: Model, taught: Sequence[Frame], probes: Sequence[tuple[int, Frame]]) -> Shown:
    """Teach a thing by frames, and search others for whatever is there."""
    views, faults, fits = [], [], []
    for frame in taught:
        held = held_up(frame.rgb, eyes.objects.look(frame.rgb))
        fits.append(0.0 if held.box is None else held.box.iou(frame.placed[0].box))
        if held.fault is not None:
            faults.append(held.fault)
        elif held.box is not None:
            views.append(describe_held(eyes.things, frame.rgb, held.box))
    rng = np.random.default_rng(zlib.crc32(model.name.encode()))
    return Shown(
        name=model.name,
        family=model.family,
        taught=np.stack(views) if views else np.zeros((0, 1), np.float32),
        faults=tuple(faults),
        fits=tuple(fits),
        probes=tuple(searched(eyes, frame, size, rng) for size, frame in probes),
    )


def searched(eyes: Eyes, frame: Frame, size: int, rng: np.random.Generator) -> Searched:
    """Look at the places where things may be."""
    frame_px = frame.rgb.shape[0] * frame.rgb.shape[1]
    places = candidates(eyes.objects.look(frame.rgb), frame_px, PLACES)
    seen = [describe(eyes.things, frame.rgb, box) for box in places]
    moved = _moved(frame.placed[0].box, rng) if frame.placed else None
    itself = describe(eyes.things, frame.rgb, moved) if moved is not None else None
    return Searched(
        size=size,
        names=tuple(placed.name for placed in frame.placed),
        places=np.stack(seen) if seen else np.zeros((0, 1), np.float32),
        overlaps=np.array([[box.iou(placed.box) for placed in frame.placed] for box in places], np.float32),
        itself=itself,
        plain=frame.plain,
    )


def _empty(number: int) -> Searched:
    name = f"empty {number}"
    (frame,) = kept(name, lambda: [_Worker.stage.studio(name).empty()])
    return searched(_Worker.eyes, frame, -1, np.random.default_rng(0))


def _moved(box: BoxPx, rng: np.random.Generator) -> BoxPx:
    x, y, w, h = rng.normal(0, _JITTER, 4)
    return BoxPx(
        x=box.x + x * box.w, y=box.y + y * box.h, w=box.w * float(np.exp(w)), h=box.h * float(np.exp(h))
    )


def _middle_frame(path: Path) -> U8:
    clip, frames = cv2.VideoCapture(str(path)), []
    while (read := clip.read())[0]:
        frames.append(read[1])
    return np.asarray(frames[len(frames) // 2][..., ::-1])
