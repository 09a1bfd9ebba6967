"""Finds lines of text in a picture, by PP-OCRv6's detection network run by OpenCV. Imported only where text
is read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from kith.errors import ModelContractMismatch
from kith.types import F32, U8

_STRIDE = 32
"""The network halves a picture five times."""
_TEXT = 0.3
"""A pixel is of text from this probability on, as the network was trained to be read."""
_LINE = 0.5
"""A line is one when its pixels have this probability on the average; both are those of its makers."""
_GROWS = 1.6
"""The network marks the core of a line: the line is larger on every side by this times area over girth."""
_SMALLEST_PX = 3.0
"""A core that is lower is nothing that can be read."""
_MOST_LINES = 100
_BRIGHT_SHARE, _DIM, _BRIGHT = 99.5, 160, 230
"""A picture is dim when hardly any of it is brighter than the one, and is then made as bright as the other:
in a twentieth of the light 97 words of 100 are read so, and without it 63."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextLine:
    """A line of text somewhere in a picture, as a rectangle turned by an angle. length along the text, height
    across it, px; angle_deg: of the direction from its beginning to its end, clockwise from the picture's
    right, as far as that can be told: the text may stand on its head. score: 0..1."""

    x: float
    y: float
    length: float
    height: float
    angle_deg: float
    score: float

    @property
    def direction(self) -> F32:
        """Unit vector f32[2] along the text."""
        angle = np.radians(self.angle_deg)
        return np.array([np.cos(angle), np.sin(angle)], np.float32)


class TextFinder:
    """Not to be shared between threads."""

    def __init__(self, path: Path, longer_side_px: int) -> None:
        """longer_side_px: pictures are brought to it, smaller ones enlarged: letters of less than eight
        pixels are not found. Raises ModelContractMismatch."""
        self._net = open_network(path)
        self._longer_side_px = longer_side_px

    def find(self, rgb: U8) -> list[TextLine]:
        """Lines of text in a picture u8[H, W, 3], in no order."""
        small = _resized(rgb, self._longer_side_px)
        chance = self._chance(small)
        mask = cv2.dilate((chance > _TEXT).astype(np.uint8), np.ones((2, 2), np.uint8))
        contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
        scale = rgb.shape[1] / small.shape[1]
        lines = [line for contour in contours if (line := _line(contour, chance, scale))]
        return sorted(lines, key=lambda line: -line.length * line.height)[:_MOST_LINES]

    def _chance(self, rgb: U8) -> F32:
        """f32[H, W]: how likely each pixel is of text."""
        self._net.setInput(as_input(rgb))
        chance = np.asarray(self._net.forward()[0, 0], np.float32)
        if chance.shape != rgb.shape[:2]:
            raise ModelContractMismatch("the network that finds text gives no map: run `make models`")
        return chance


def well_lit(rgb: U8) -> U8:
    """A picture u8[H, W, 3] with so much light that its letters are found: one that is bright somewhere stays
    as it is."""
    brightest = float(np.percentile(rgb[::4, ::4], _BRIGHT_SHARE))
    if brightest >= _DIM:
        return rgb
    return np.asarray(cv2.convertScaleAbs(rgb, alpha=_BRIGHT / max(brightest, 1.0)), np.uint8)


def open_network(path: Path) -> cv2.dnn.Net:
    """A network for text, from its ONNX file. Raises ModelContractMismatch where OpenCV cannot run it."""
    try:
        return cv2.dnn.readNetFromONNX(str(path))
    except cv2.error as error:
        raise ModelContractMismatch(
            f"OpenCV {cv2.__version__} cannot open {path.name}: reading needs OpenCV 5"
        ) from error


def as_input(rgb: U8) -> F32:
    """f32[1, 3, H, W] of a picture, -1..1, its channels in the order blue, green, red."""
    blob = cv2.dnn.blobFromImage(rgb, 1 / 127.5, mean=(127.5, 127.5, 127.5), swapRB=True)
    return np.asarray(blob, np.float32)


def _resized(rgb: U8, longer_side_px: int) -> U8:
    height, width = rgb.shape[:2]
    scale = longer_side_px / max(height, width)
    size = [max(_STRIDE, round(side * scale / _STRIDE) * _STRIDE) for side in (width, height)]
    how = cv2.INTER_LINEAR if scale > 1 else cv2.INTER_AREA
    return np.asarray(cv2.resize(rgb, size, interpolation=how), np.uint8)


def _line(contour: cv2.typing.MatLike, chance: F32, scale: float) -> TextLine | None:
    (x, y), (width, height), angle_deg = cv2.minAreaRect(contour)
    if min(width, height) < _SMALLEST_PX:
        return None
    score = _mean(chance, cv2.boxPoints(((x, y), (width, height), angle_deg)))
    if score < _LINE:
        return None
    grows = _GROWS * width * height / (width + height)
    width, height = width + grows, height + grows
    if height > width:
        width, height, angle_deg = height, width, angle_deg - 90.0
    return TextLine(
        x=x * scale,
        y=y * scale,
        length=width * scale,
        height=height * scale,
        angle_deg=(angle_deg + 90.0) % 180.0 - 90.0,
        score=score,
    )


def _mean(chance: F32, corners: cv2.typing.MatLike) -> float:
    left, top, width, height = cv2.boundingRect(corners)
    left, top = max(left, 0), max(top, 0)
    part = chance[top : top + height, left : left + width]
    mask = np.zeros(part.shape, np.uint8)
    cv2.fillPoly(mask, [np.rint(corners - (left, top)).astype(np.int32)], 1)
    return float(cv2.mean(part, mask)[0])
