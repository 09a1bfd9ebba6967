"""Reads one line of text, by PP-OCRv6's recognition network run by OpenCV. Imported only where text is
read."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import cv2
import numpy as np

from kith.errors import ModelContractMismatch
from kith.types import F32, U8
from kith.vision.onnx_metadata import metadata
from kith.vision.page_words import ReadWord
from kith.vision.text_finder import TextLine, as_input, open_network

_HEIGHT_PX = 48
_NARROWEST_PX, _WIDEST_PX = 320, 3200
"""The network knows lines from 48 x 320 on; what is shorter stands at their left. A line of 3200 has some two
hundred letters."""


class TextReader:
    """Not to be shared between threads."""

    def __init__(self, path: Path) -> None:
        """Raises ModelContractMismatch."""
        self._net = open_network(path)
        letters = metadata(path).get("character")
        if letters is None:
            raise ModelContractMismatch(f"{path.name} does not name its letters: run `make models`")
        # The first output stands for no letter, and the last for a space.
        self._letters = ["", *letters.split("\n"), " "]

    def read(self, rgb: U8, line: TextLine) -> list[ReadWord]:
        """The words of a line in a picture u8[H, W, 3]."""
        self._net.setInput(_padded(as_input(cut_out(rgb, line))))
        chances = np.asarray(self._net.forward()[0], np.float32)
        if chances.shape[1] != len(self._letters):
            raise ModelContractMismatch("the network that reads has other letters: run `make models`")
        best = chances.argmax(axis=1)
        told = (best > 0) & np.concatenate([[True], best[1:] != best[:-1]])
        return _words([self._letters[i] for i in best[told]], chances.max(axis=1)[told])


def cut_out(rgb: U8, line: TextLine) -> U8:
    """A line, upright: u8[48, n, 3]."""
    width = round(_HEIGHT_PX * line.length / max(line.height, 1.0))
    width = min(max(width, _HEIGHT_PX // 3), _WIDEST_PX)
    along = line.direction * line.length / 2
    across = np.array([-line.direction[1], line.direction[0]]) * line.height / 2
    middle = np.array([line.x, line.y])
    corners = np.array([middle - along - across, middle + along - across, middle - along + across])
    onto = np.array([[0, 0], [width, 0], [0, _HEIGHT_PX]], np.float32)
    # From a picture of the line's own size, shrunk only then: a warp alone would leave pixels out.
    shrink = max(1.0, line.height / _HEIGHT_PX)
    turn = cv2.getAffineTransform(corners.astype(np.float32), onto * np.float32(shrink))
    size = (round(width * shrink), round(_HEIGHT_PX * shrink))
    turned = cv2.warpAffine(rgb, turn, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(turned, (width, _HEIGHT_PX), interpolation=cv2.INTER_AREA), np.uint8)


def _padded(blob: F32) -> F32:
    missing = max(0, _NARROWEST_PX - blob.shape[3])
    return np.pad(blob, ((0, 0), (0, 0), (0, 0), (0, missing)))


def _words(letters: list[str], scores: F32) -> list[ReadWord]:
    words: list[ReadWord] = []
    text, least = "", 1.0
    for letter, score in [*zip(letters, scores.tolist(), strict=True), (" ", 1.0)]:
        if letter.strip():
            # Wide forms of letters and marks are the same to the ear.
            text, least = text + unicodedata.normalize("NFKC", letter), min(least, score)
        elif text:
            words.append(ReadWord(text=text, score=least))
            text, least = "", 1.0
    return words
