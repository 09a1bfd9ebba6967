"""Things by few looks: where something is held up, where in a frame things may be, and what one looks like.

Where things are, the object network tells. What one looks like is one vector: the features of another network
on the mean over it, in a picture of it alone, and its colours; both brought together by a linear map that was
learnt from things in many places and lights (calibration/things.py), so that what changes with those counts
for little. What was tried, and the figures: docs/objects.md.
"""

from __future__ import annotations

import itertools
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from kith.errors import CalibrationMismatch
from kith.types import F32, U8, BoxPx, Embedding, HeldFault
from kith.vision.objects import ObjectLook
from kith.vision.thing_network import FeatureNetwork

_GROWN = 1.15
"""A thing is looked at in a square so much larger than it, as it was when the map was learnt."""
_INNER = 0.85
"""Of a box, the part that is taken to be thing: what is around it shows at its edges."""
_POWER = 3.0
"""Of the generalised mean over cells: what is strong in few of them counts for more than in a plain mean
(Radenović and others, arXiv 1711.02512)."""
_COLOURS_WEIGHT = 0.6
"""Of the colours, a unit vector, against the features, another."""
_ABOVE_THE_HAND = 0.75
"""Of what is held up, the upper part is looked at once more: the box may reach down the arm."""
_HUES, _SATURATIONS, _GREYS = 12, 4, 6
COLOURS = _HUES * _SATURATIONS + _GREYS
_PERSON = "person"

_SAME_CANDIDATE = 0.5
_FILLS = 0.7
"""What takes more of a frame than this share is the room, not a thing in it."""

_SIDES = range(2, 14)
_SHAPES = tuple((w, h) for w, h in itertools.product(_SIDES, _SIDES) if max(w, h) <= 3 * min(w, h))
"""Windows that may hold what is held up, in cells of the fine features, a nineteenth of the frame each."""
_OFF_MIDDLE = 3.5
"""The middle of what is held up lies within so many cells of the frame's, across and down."""
_COLOUR_WEIGHT = 1.5
"""Of a cell's colour (0..1 each) against its features, a unit vector."""
_NEAREST = 3
"""A cell is as strange as it is far from so many cells at the frame's border on the mean."""
_STRANGEST = 25
_PART_STRANGE = 0.6
"""A cell counts for a thing from so far on between the frame's middling cell and the strangest."""
_LEAST_STRANGE = 0.1
"""What is held up is stranger than the middling cell by at least so much: 97 of 100 things are, and half of
the empty places are not (docs/objects.md)."""
_SAME_PLACE = 0.35
"""An object the detector saw, however unsure, that overlaps so much with what is strange is what is held up:
its box is the finer."""
_EDGE = 0.01
_DARK_LUMA, _BRIGHT_LUMA = 35.0, 235.0
_LEAST_SHARPNESS = 4.0
"""Spread of the Laplacian over the thing at half size; a steady hand's is above 10."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThingMap:
    """From features and colours to an embedding. mean f32[C + COLOURS], matrix f32[D, C + COLOURS]; model_id
    names the network and this map."""

    model_id: str
    network_id: str
    mean: F32
    matrix: F32


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldUp:
    """Where something is held up. box: None where nothing is; fault: why it is not good enough."""

    box: BoxPx | None
    fault: HeldFault | None


def load_thing_map(path: Path, network_id: str) -> ThingMap:
    """Raises CalibrationMismatch where it cannot be read or is of another network."""
    try:
        with np.load(path, allow_pickle=False) as held:
            found = ThingMap(
                model_id=str(held["model_id"]),
                network_id=str(held["network_id"]),
                mean=np.asarray(held["mean"], np.float32),
                matrix=np.asarray(held["matrix"], np.float32),
            )
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise CalibrationMismatch(f"{path} cannot be read; run `python -m calibration.things`") from error
    if found.network_id != network_id or found.matrix.shape[1:] != found.mean.shape:
        raise CalibrationMismatch(
            f"{path} was made for the network {found.network_id}, not for {network_id}; "
            "run `python -m calibration.things`"
        )
    return found


class ThingEmbedder:
    """Tells what the thing in a box looks like. Not thread-safe: one thread owns the network."""

    def __init__(self, network: FeatureNetwork, through: ThingMap) -> None:
        self._network = network
        self._map = through

    @property
    def model_id(self) -> str:
        """Of its embeddings."""
        return self._map.model_id

    def embed(self, rgb: U8, box: BoxPx) -> Embedding:
        """One run of the network on the part of rgb u8[H, W, 3] around the box."""
        return self._mapped(describe(self._network, rgb, box))

    def embed_held(self, rgb: U8, box: BoxPx) -> Embedding:
        """The same of what is held up in rgb u8[H, W, 3], to be learnt: two runs."""
        return self._mapped(describe_held(self._network, rgb, box))

    def _mapped(self, raw: F32) -> Embedding:
        vector = self._map.matrix @ (raw - self._map.mean)
        length = max(float(np.linalg.norm(vector)), 1e-6)
        return Embedding(vector=np.asarray(vector / length, np.float32), model_id=self._map.model_id)


def describe(network: FeatureNetwork, rgb: U8, box: BoxPx) -> F32:
    """What a map is made for: f32[C + COLOURS], features and colours on the mean over the thing in the box,
    each of its own length."""
    look = square_around(rgb, box, network.side_px)
    width, height = (_INNER * side / (_GROWN * max(box.w, box.h)) for side in (box.w, box.h))
    cells = _middle_of(network.features(look), width, height)
    colour = np.sqrt(_colours(look, width, height))
    return np.concatenate([_unit(pooled(cells)), _COLOURS_WEIGHT * _unit(colour)]).astype(np.float32)


def describe_held(network: FeatureNetwork, rgb: U8, box: BoxPx) -> F32:
    """The mean of that over the box where something is held up and over its upper part."""
    upper = replace(box, h=_ABOVE_THE_HAND * box.h)
    return np.asarray((describe(network, rgb, box) + describe(network, rgb, upper)) / 2, np.float32)


def pooled(cells: F32) -> F32:
    """The generalised mean over cells f32[h, w, C] of 0 or more: f32[C]."""
    powers = cells.reshape(-1, cells.shape[-1]) ** _POWER
    return np.asarray(powers.mean(axis=0) ** (1 / _POWER), np.float32)


def square_around(rgb: U8, box: BoxPx, side_px: int) -> U8:
    """The thing alone: a square u8[side_px, side_px, 3] around the box; beyond the frame its edge goes on."""
    side = max(box.w, box.h, 2.0) * _GROWN
    scale = side_px / side
    shift = [[scale, 0, (side / 2 - box.center_x) * scale], [0, scale, (side / 2 - box.center_y) * scale]]
    return np.asarray(
        cv2.warpAffine(
            rgb,
            np.asarray(shift, np.float32),
            (side_px, side_px),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        ),
        np.uint8,
    )


def _middle_of(cells: F32, width: float, height: float) -> F32:
    """The cells f32[h, w, C] of the middle, so many shares wide and high, at least one."""
    rows, columns = (_middle(cells.shape[axis], share) for axis, share in ((0, height), (1, width)))
    return cells[rows, columns]


def candidates(look: ObjectLook, frame_px: float, most: int) -> tuple[BoxPx, ...]:
    """Where in a frame things may be, whatever they are: the boxes of the surest objects, however unsure the
    network is of them and whatever it takes them for, each place once. The best first."""
    places: list[BoxPx] = []
    for found in look.objects:
        fills = found.box.area > _FILLS * frame_px
        if not fills and not any(found.box.iou(place) > _SAME_CANDIDATE for place in places):
            places.append(found.box)
    return tuple(places[:most])


def held_up(rgb: U8, look: ObjectLook) -> HeldUp:
    """Where in rgb u8[H, W, 3] something is held up before its middle, and what is wrong with it."""
    box = _held_box(rgb, look)
    return HeldUp(box=box, fault=HeldFault.NO_THING if box is None else _fault(rgb, box))


def _held_box(rgb: U8, look: ObjectLook) -> BoxPx | None:
    """Where the middle of the frame is unlike its border."""
    strange = _strangeness(_cells(rgb, look.fine))
    rows, columns = strange.shape
    middling = float(np.median(strange))
    inner = strange[rows // 5 : -(rows // 5), columns // 5 : -(columns // 5)]
    strangest = float(np.sort(inner, axis=None)[-_STRANGEST:].mean())
    least = _PART_STRANGE * (strangest - middling)
    if least < _LEAST_STRANGE:
        return None
    x, y, w, h = _heaviest(strange - middling - least)
    height_px, width_px = rgb.shape[:2]
    box = BoxPx(
        x=x / columns * width_px, y=y / rows * height_px, w=w / columns * width_px, h=h / rows * height_px
    )
    same = [found for found in look.objects if found.label != _PERSON and found.box.iou(box) >= _SAME_PLACE]
    return max(same, key=lambda found: found.score * found.box.iou(box)).box if same else box


def _strangeness(cells: F32) -> F32:
    """How far each cell lies from those at the border that are most like it: f32[H, W]. At the lower border
    the arm comes in: so it is not strange either."""
    rows, columns, depth = cells.shape
    border = np.ones((rows, columns), np.bool_)
    border[2:-2, 2:-2] = False
    around, all_cells = cells[border], cells.reshape(-1, depth)
    lengths = (all_cells**2).sum(axis=1)[:, None] + (around**2).sum(axis=1)[None]
    apart = np.maximum(lengths - 2 * all_cells @ around.T, 0)
    nearest = np.partition(apart, _NEAREST, axis=1)[:, :_NEAREST]
    return np.asarray(np.sqrt(nearest).mean(axis=1).reshape(rows, columns), np.float32)


def _heaviest(weights: F32) -> tuple[int, int, int, int]:
    """The window (x, y, width, height) about the middle with the largest sum."""
    rows, columns = weights.shape
    sums = np.zeros((rows + 1, columns + 1), np.float64)
    sums[1:, 1:] = weights.cumsum(axis=0).cumsum(axis=1)
    best, where = -np.inf, (0, 0, columns, rows)
    for w, h in _SHAPES:
        total = sums[h:, w:] - sums[:-h, w:] - sums[h:, :-w] + sums[:-h, :-w]
        y, x = np.ogrid[: total.shape[0], : total.shape[1]]
        near = (abs(x + w / 2 - columns / 2) <= _OFF_MIDDLE) & (abs(y + h / 2 - rows / 2) <= _OFF_MIDDLE)
        held = np.where(near, total, -np.inf)
        at = int(np.argmax(held))
        if held.flat[at] > best:
            best = float(held.flat[at])
            where = (at % total.shape[1], at // total.shape[1], w, h)
    return where


def _fault(rgb: U8, box: BoxPx) -> HeldFault | None:
    height_px, width_px = rgb.shape[:2]
    edge_x, edge_y = _EDGE * width_px, _EDGE * height_px
    if box.x <= edge_x or box.x + box.w >= width_px - edge_x or box.y <= edge_y:
        return HeldFault.CUT_OFF  # at the lower edge it is the hand that goes on
    inner = rgb[int(box.y) : int(box.y + box.h) + 1, int(box.x) : int(box.x + box.w) + 1]
    grey = cv2.cvtColor(inner, cv2.COLOR_RGB2GRAY)
    luma = float(grey.mean())
    if luma < _DARK_LUMA and float(grey.std()) < _DARK_LUMA / 2:
        return HeldFault.TOO_DARK
    if luma > _BRIGHT_LUMA:
        return HeldFault.TOO_BRIGHT
    half = cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return HeldFault.BLURRED if float(cv2.Laplacian(half, cv2.CV_32F).std()) < _LEAST_SHARPNESS else None


def _cells(rgb: U8, fine: F32) -> F32:
    """Features and colour of each cell, f32[H, W, C + 3]."""
    small = cv2.resize(rgb, (fine.shape[1], fine.shape[0]), interpolation=cv2.INTER_AREA)
    colour = cv2.cvtColor(small, cv2.COLOR_RGB2LAB).astype(np.float32) / 255
    return np.concatenate([_unit(fine), _COLOUR_WEIGHT * colour], axis=-1)


def _colours(look: U8, width: float, height: float) -> F32:
    """Shares of hues by saturation, and of greys, within the ellipse in the middle of a look."""
    inside = np.zeros(look.shape[:2], np.uint8)
    middle = (look.shape[1] // 2, look.shape[0] // 2)
    axes = (max(int(width * middle[0]), 1), max(int(height * middle[1]), 1))
    cv2.ellipse(inside, middle, axes, 0, 0, 360, 1, -1)
    hsv = cv2.cvtColor(look, cv2.COLOR_RGB2HSV)
    hues = cv2.calcHist([hsv], [0, 1], inside, [_HUES, _SATURATIONS], [0, 180, 0, 256])
    greys = cv2.calcHist([hsv], [2], inside, [_GREYS], [0, 256])
    counts = np.concatenate([hues.reshape(-1), greys.reshape(-1)])
    return np.asarray(counts / max(float(inside.sum()), 1.0), np.float32)


def _middle(cells: int, share: float) -> slice:
    first, last = round((0.5 - share / 2) * cells), round((0.5 + share / 2) * cells)
    return slice(first, max(last, first + 1))


def _unit(vectors: F32) -> F32:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-6), np.float32)
