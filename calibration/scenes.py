"""Photographs of faces set into 640x480 frames, as a camera on the chest or head would see them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from calibration.float_networks import float_detector
from kith.types import U8, BoxPx, Face

WIDTH_PX, HEIGHT_PX = 640, 480

_LOOK_PX = 512
"""Portraits are looked at in a square of this size to find the face in them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Portrait:
    """One picture u8[h, w, 3] with the face that it is of."""

    rgb: U8
    face: Face


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A frame u8[480, 640, 3] with the faces set into it."""

    rgb: U8
    faces: tuple[Face, ...]


def find_portraits(folder: Path, count: int, *, seed: int) -> list[Portrait]:
    """One picture each of `count` people of an LFW-style folder, the same each time.

    The face is the one nearest the middle; pictures where none is found are left out.
    """
    detector = float_detector(_LOOK_PX, _LOOK_PX, min_score=0.7)
    portraits = []
    for path in _picture_files(folder, count, seed=seed):
        rgb = _read_rgb(path)
        middle = np.array(rgb.shape[1::-1]) / 2
        faces = detector.detect(rgb)
        if faces:
            face = min(faces, key=lambda face: float(np.abs(face.landmarks[2] - middle).sum()))
            portraits.append(Portrait(rgb=rgb, face=face))
    return portraits


def compose(
    portraits: Sequence[Portrait], rng: np.random.Generator, *, face_widths_px: Sequence[float]
) -> Scene:
    """One frame: a portrait for each width, its face that wide, side by side on a blurred background.

    Light from dim to bright, with sensor noise that grows in the dark.
    """
    backdrop = portraits[int(rng.integers(len(portraits)))].rgb
    frame = np.asarray(cv2.GaussianBlur(cv2.resize(backdrop, (WIDTH_PX, HEIGHT_PX)), (0, 0), 25), np.uint8)
    slot = WIDTH_PX / max(1, len(face_widths_px))
    faces = []
    for place, width in enumerate(face_widths_px):
        portrait = portraits[int(rng.integers(len(portraits)))]
        faces.append(_paste(frame, portrait, width, (place * slot, (place + 1) * slot), rng))
    return Scene(rgb=_relight(frame, rng), faces=tuple(faces))


def random_scenes(portraits: Sequence[Portrait], count: int, *, seed: int) -> Iterator[Scene]:
    """`count` frames with none to three faces of 16 to 220 px."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        faces = int(rng.choice([0, 1, 1, 1, 2, 3]))
        widest = 220 if faces < 2 else 90
        widths = np.exp(rng.uniform(np.log(16), np.log(widest), faces))
        yield compose(portraits, rng, face_widths_px=[float(width) for width in widths])


def _picture_files(folder: Path, count: int, *, seed: int) -> list[Path]:
    people = sorted(path for path in folder.iterdir() if path.is_dir())
    chosen = np.random.default_rng(seed).permutation(len(people))[:count]
    return [min(people[index].glob("*.jpg")) for index in sorted(chosen)]


def _read_rgb(path: Path) -> U8:
    bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if bgr is None:
        raise ValueError(f"{path} is not a picture that OpenCV can read")
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


def _paste(
    frame: U8, portrait: Portrait, face_width: float, columns: tuple[float, float], rng: np.random.Generator
) -> Face:
    """Set the portrait into `frame` with its face between `columns`; gives the face as it lies there."""
    scale = face_width / portrait.face.box.w
    box = portrait.face.box
    width, height = box.w * scale, box.h * scale
    left = columns[0] + rng.uniform(0, max(columns[1] - columns[0] - width, 1))
    top = rng.uniform(0, max(HEIGHT_PX - height, 1))
    shift = np.array([left - box.x * scale, top - box.y * scale])
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    # Shrinking without a blur first would leave patterns that no lens makes.
    source = cv2.GaussianBlur(portrait.rgb, (0, 0), 0.45 / scale) if scale < 1 else portrait.rgb
    size = (WIDTH_PX, HEIGHT_PX)
    placed = cv2.warpAffine(source, matrix, size, flags=cv2.INTER_LINEAR)
    inside = np.full(source.shape[:2], 255, np.uint8)
    mask = cv2.warpAffine(inside, matrix, size, flags=cv2.INTER_LINEAR) > 127
    mask[:, : int(columns[0])] = False
    mask[:, int(columns[1]) :] = False
    frame[mask] = placed[mask]
    return Face(
        box=BoxPx(x=left, y=top, w=width, h=height),
        landmarks=(portrait.face.landmarks * scale + shift).astype(np.float32),
        score=portrait.face.score,
    )


def _relight(frame: U8, rng: np.random.Generator) -> U8:
    gain = float(np.exp(rng.uniform(np.log(0.15), np.log(1.3))))
    noise = rng.normal(0, 6 * (1 - min(gain, 1)) + 1, frame.shape)
    return np.asarray(np.clip(frame * gain + noise, 0, 255), np.uint8)
