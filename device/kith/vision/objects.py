"""Finding objects of 23 everyday kinds (SSD on MobileNetV2: Liu et al., 2016; Sandler et al., 2018)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from kith.types import F32, U8, BoxPx
from kith.vision.anchors import anchors, boxes
from kith.vision.networks import Network

LABELS = (
    "bicycle",
    "boot",
    "laptop",
    "person",
    "chair",
    "cattle",
    "desk",
    "cat",
    "computer mouse",
    "computer monitor",
    "box",
    "mug",
    "coffee cup",
    "stationary bicycle",
    "table",
    "bottle",
    "high heels",
    "vehicle",
    "footwear",
    "dog",
    "book",
    "camera",
    "car",
)
"""The network's classes in its order. Its own first class, which is none of these, is left out."""

NAMESAKES = (
    frozenset({"mug", "coffee cup"}),
    frozenset({"desk", "table"}),
    frozenset({"boot", "high heels", "footwear"}),
    frozenset({"vehicle", "car"}),
    frozenset({"bicycle", "stationary bicycle"}),
    frozenset({"laptop", "computer monitor"}),
)
"""Classes that the network gives to one and the same thing: it learnt from pictures in which a cup was
marked as a mug, as a coffee cup, or as both."""

_SAME = 0.5
"""Two boxes of one name that overlap so much (intersection over union) are of one thing."""
_WITHIN = 0.8
"""So much of the smaller box lies in the larger: a part of one thing, as half a table, found once more."""
_MOST = 100
"""So many boxes are compared, the surest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundObject:
    """An object in a frame. label: one of LABELS; box: in the frame's pixels and within it; score: 0..1."""

    label: str
    box: BoxPx
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectLook:
    """What one run of the network gives. objects: the surest first. fine f32[19, 19, C],
    coarse f32[10, 10, C]: what it saw in each cell of the frame, rows first."""

    objects: tuple[FoundObject, ...]
    fine: F32
    coarse: F32


class ObjectNetwork:
    """The object network and its decoding. Not thread-safe: one thread owns it."""

    def __init__(self, network: Network, min_score: float) -> None:
        """network: of the manifest's role "objects"; min_score: an object below it is not told of."""
        self._network = network
        self._size = (network.spec.input_width_px, network.spec.input_height_px)
        self._min_score = min_score
        self._anchors = anchors()

    def look(self, rgb: U8) -> ObjectLook:
        """Objects in rgb u8[H, W, 3] of any size."""
        encodings, classes, fine, coarse = self._network.run(squeezed(rgb, self._size))
        candidates = decode(encodings[0], classes[0], self._anchors, self._min_score)
        objects = (in_frame(found, rgb.shape[1], rgb.shape[0]) for found in told_once(candidates))
        seen = tuple(found for found in objects if found.box.w > 0 and found.box.h > 0)
        return ObjectLook(objects=seen, fine=fine[0], coarse=coarse[0])


def squeezed(rgb: U8, size: tuple[int, int]) -> U8:
    """The whole picture as u8[height, width, 3] for `size` (width, height), its proportions given up: so the
    network learnt, and it finds more than in a picture with black borders (docs/objects.md)."""
    if (rgb.shape[1], rgb.shape[0]) == size:
        return rgb
    # The mean over areas took ten times as long as this and found no more.
    while rgb.shape[0] >= 2 * size[1] and rgb.shape[1] >= 2 * size[0]:
        half = (rgb.shape[1] // 2, rgb.shape[0] // 2)
        whole = rgb[: 2 * half[1], : 2 * half[0]]
        rgb = np.asarray(cv2.resize(whole, half, interpolation=cv2.INTER_AREA), np.uint8)
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def decode(encodings: F32, classes: F32, around: F32, min_score: float) -> list[FoundObject]:
    """Each box and class above `min_score`, the surest first and at most 100; boxes as shares of the picture.

    encodings f32[N, 4]; classes f32[N, 24]: logits, each class judged by itself; around f32[N, 4]: anchors.
    """
    logits = classes[:, 1:]
    rows, kinds = (logits >= math.log(min_score / (1 - min_score))).nonzero()
    found = logits[rows, kinds]
    surest = np.argsort(-found, kind="stable")[:_MOST]
    rows, kinds = rows[surest], kinds[surest]
    scores = 1 / (1 + np.exp(-found[surest]))
    return [
        FoundObject(label=LABELS[kind], box=BoxPx(x=x, y=y, w=w, h=h), score=float(score))
        for kind, score, (x, y, w, h) in zip(
            kinds, scores, boxes(encodings[rows], around[rows]).tolist(), strict=True
        )
    ]


def told_once(candidates: Sequence[FoundObject]) -> list[FoundObject]:
    """Without boxes that show, under the same or another name, what a surer box shows. Surest first in and
    out."""
    kept: list[FoundObject] = []
    for candidate in candidates:
        if not any(_shows_the_same(known, candidate) for known in kept):
            kept.append(candidate)
    return kept


def in_frame(found: FoundObject, width_px: int, height_px: int) -> FoundObject:
    """The object with its box, given as shares, in pixels and cut at the frame's edges."""
    left, top = max(found.box.x, 0.0), max(found.box.y, 0.0)
    right, bottom = min(found.box.x + found.box.w, 1.0), min(found.box.y + found.box.h, 1.0)
    box = BoxPx(
        x=left * width_px, y=top * height_px, w=(right - left) * width_px, h=(bottom - top) * height_px
    )
    return FoundObject(label=found.label, box=box, score=found.score)


def _shows_the_same(surer: FoundObject, other: FoundObject) -> bool:
    if not _namesakes(surer.label, other.label):
        return False
    # One person may stand before another, and be framed by them; of furniture it is a part found again.
    whole = surer.label != "person" and _within(surer.box, other.box) >= _WITHIN
    return whole or surer.box.iou(other.box) >= _SAME


def _namesakes(one: str, other: str) -> bool:
    return one == other or any(one in names and other in names for names in NAMESAKES)


def _within(one: BoxPx, other: BoxPx) -> float:
    """The share of the smaller box that lies in the other."""
    shared = one.iou(other)
    both = (one.area + other.area) * shared / (1 + shared)
    return both / min(one.area, other.area)
