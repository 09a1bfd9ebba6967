"""Photographs of faces set into 640x480 frames, as a camera on the chest or head would see them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.float_networks import Found

WIDTH, HEIGHT = 640, 480


@dataclass(frozen=True, slots=True, kw_only=True)
class Portrait:
    """One picture [h, w, 3] RGB with the one face that it is of."""

    rgb: NDArray[np.uint8]
    face: Found


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A frame [480, 640, 3] RGB, with the boxes [n, 4] (x, y, w, h) and landmarks [n, 5, 2] set into it."""

    rgb: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    landmarks: NDArray[np.float32]


def picture_files(folder: Path, count: int, *, seed: int) -> list[Path]:
    """`count` pictures of as many people of an LFW-style folder, the same each time."""
    people = sorted(p for p in folder.iterdir() if p.is_dir())
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(len(people))[:count]
    return [sorted(people[i].glob("*.jpg"))[0] for i in sorted(chosen)]


def read_rgb(path: Path) -> NDArray[np.uint8]:
    """The picture [h, w, 3] RGB; ValueError where it cannot be read."""
    bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if bgr is None:
        raise ValueError(f"{path} is not a picture that OpenCV can read")
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


def compose(portraits: Sequence[Portrait], rng: np.random.Generator, *, face_widths_px: Sequence[float]) -> Scene:
    """One frame: a portrait for each width, its face that wide, side by side on a blurred background.

    Light from dim to bright, sensor noise in the dark ones.
    """
    backdrop = portraits[int(rng.integers(len(portraits)))].rgb
    frame = cv2.GaussianBlur(cv2.resize(backdrop, (WIDTH, HEIGHT)), (0, 0), 25)
    boxes, landmarks = [], []
    slot = WIDTH / max(1, len(face_widths_px))
    for place, face_width in enumerate(face_widths_px):
        portrait = portraits[int(rng.integers(len(portraits)))]
        box, points = _paste(frame, portrait, face_width, (place * slot, (place + 1) * slot), rng)
        boxes.append(box)
        landmarks.append(points)
    return Scene(
        rgb=_relight(frame, rng),
        boxes=np.array(boxes, np.float32).reshape(-1, 4),
        landmarks=np.array(landmarks, np.float32).reshape(-1, 5, 2),
    )


def random_scenes(portraits: Sequence[Portrait], count: int, *, seed: int) -> Iterator[Scene]:
    """`count` frames with none to three faces of 16 to 220 px."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        faces = int(rng.choice([0, 1, 1, 1, 2, 3]))
        widest = 220 if faces < 2 else 90
        widths = np.exp(rng.uniform(np.log(16), np.log(widest), faces))
        yield compose(portraits, rng, face_widths_px=[float(w) for w in widths])


def _paste(
    frame: NDArray[np.uint8],
    portrait: Portrait,
    face_width: float,
    columns: tuple[float, float],
    rng: np.random.Generator,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Set the portrait into `frame` with its face's middle between `columns`; gives its box and landmarks."""
    scale = face_width / float(portrait.face.box[2])
    box, points = portrait.face.box * scale, portrait.face.landmarks * scale
    left_most, right_most = columns[0] + box[2] / 2, columns[1] - box[2] / 2
    middle_x = rng.uniform(left_most, max(right_most, left_most + 1))
    middle_y = rng.uniform(box[3] / 2, max(HEIGHT - box[3] / 2, box[3] / 2 + 1))
    shift = np.array([middle_x - box[0] - box[2] / 2, middle_y - box[1] - box[3] / 2], np.float32)
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    source = portrait.rgb
    if scale < 1:
        source = np.asarray(cv2.GaussianBlur(source, (0, 0), 0.45 / scale), np.uint8)
    inside = np.full(source.shape[:2], 255, np.uint8)
    placed = cv2.warpAffine(source, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR)
    mask = cv2.warpAffine(inside, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR) > 127
    mask[:, : max(0, int(columns[0]))] = False
    mask[:, int(columns[1]) :] = False
    frame[mask] = placed[mask]
    return (
        np.array([box[0] + shift[0], box[1] + shift[1], box[2], box[3]], np.float32),
        points + shift,
    )


def _relight(frame: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    gain = float(np.exp(rng.uniform(np.log(0.15), np.log(1.3))))
    noise = rng.normal(0, 6 * (1 - min(gain, 1)) + 1, frame.shape)
    return np.clip(frame * gain + noise, 0, 255).astype(np.uint8)
