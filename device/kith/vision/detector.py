"""Finding faces (YuNet, Wu et al., Machine Intelligence Research 2023)."""

from __future__ import annotations

import math

import cv2
import numpy as np

from kith.types import F32, U8, BoxPx, Face
from kith.vision.networks import Network

STRIDES = (8, 16, 32)
_OVERLAP = 0.3
_MAX_FACES = 32


class Detector:
    """The detecting network and its decoding. Not thread-safe: one thread owns it."""

    def __init__(self, network: Network, min_score: float) -> None:
        self._network = network
        self._height, self._width = network.spec.input_height_px, network.spec.input_width_px
        self._min_score = min_score

    def detect(self, rgb: U8, least_score: float | None = None) -> list[Face]:
        """Faces in rgb u8[H, W, 3] of any size, largest first, at most 32. least_score: in the place of the
        usual one."""
        min_score = self._min_score if least_score is None else least_score
        picture, scale = letterbox(rgb, self._height, self._width)
        heads = self._network.run(picture)
        rows = np.concatenate(
            [decode(head[0], stride, min_score) for head, stride in zip(heads, STRIDES, strict=True)]
        )
        faces = [_face(row, scale) for row in _without_overlaps(rows)]
        return sorted(faces, key=lambda face: face.box.area, reverse=True)


def letterbox(rgb: U8, height: int, width: int) -> tuple[U8, float]:
    """The picture shrunk or grown into the top left of u8[height, width, 3], its proportions kept, the
    rest black; and the scale: input pixels = picture pixels times it."""
    scale = min(height / rgb.shape[0], width / rgb.shape[1])
    # The mean over areas took five times as long as this and found no more faces (docs/networks.md).
    rest = scale
    while rest <= 0.5:
        rgb, rest = _halved(rgb), rest * 2
    size = (max(1, round(rgb.shape[1] * rest)), max(1, round(rgb.shape[0] * rest)))
    shrunk = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_LINEAR), np.uint8)
    if size == (width, height):
        return shrunk, scale
    picture = np.zeros((height, width, 3), np.uint8)
    picture[: size[1], : size[0]] = shrunk
    return picture, scale


def _halved(rgb: U8) -> U8:
    """Each 2x2 block as its mean; an odd last row or column is left out."""
    height, width = max(1, rgb.shape[0] // 2), max(1, rgb.shape[1] // 2)
    whole = rgb[: 2 * height, : 2 * width]
    return np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def decode(head: F32, stride: int, min_score: float) -> F32:
    """Rows f32[N, 15] (x, y, w, h, ten landmark coordinates, score), in input pixels, of the cells of
    one level above `min_score`.

    head: f32[rows, columns, 16] of class and object logits, box and landmarks in units of the stride
    from each cell's corner; width and height as logarithms. The score is the root of the two
    probabilities' product.
    """
    flat = head.reshape(-1, 16)
    # The product cannot reach the threshold where one factor alone does not: nearly all cells end here.
    least = min_score * min_score
    cells = (flat[:, 0] > math.log(least / (1 - least))).nonzero()[0]
    kept = flat[cells]
    scores = 1 / np.sqrt((1 + np.exp(-kept[:, 0])) * (1 + np.exp(-kept[:, 1])))
    above = scores >= min_score
    cells, kept = cells[above], kept[above]
    rows = np.empty((len(cells), 15), np.float32)
    if len(cells) == 0:
        return rows
    corner = np.empty((len(cells), 2), np.float32)
    corner[:, 1], corner[:, 0] = np.divmod(cells, head.shape[1])
    rows[:, 2:4] = np.exp(kept[:, 4:6]) * stride
    rows[:, :2] = (corner + kept[:, 2:4]) * stride - rows[:, 2:4] / 2
    rows[:, 4:14] = (np.tile(corner, 5) + kept[:, 6:16]) * stride
    rows[:, 14] = scores[above]
    return rows


def _without_overlaps(rows: F32) -> F32:
    if len(rows) < 2:
        return rows
    boxes = [tuple(map(float, row[:4])) for row in rows]
    kept = cv2.dnn.NMSBoxes(boxes, rows[:, 14].tolist(), 0.0, _OVERLAP, top_k=256)
    return rows[np.asarray(kept, np.int64).reshape(-1)[:_MAX_FACES]]


def _face(row: F32, scale: float) -> Face:
    x, y, w, h = (float(value) / scale for value in row[:4])
    landmarks = np.ascontiguousarray(row[4:14].reshape(5, 2) / np.float32(scale), np.float32)
    landmarks.setflags(write=False)
    return Face(box=BoxPx(x=x, y=y, w=w, h=h), landmarks=landmarks, score=float(row[14]))
