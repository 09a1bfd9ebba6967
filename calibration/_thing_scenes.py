"""Frames to teach things in and to find them in, put together from rendered things and photographs.

How artificial they are: the things are models, lit by one lamp; the hand is a few skin-coloured shapes; the
background is a photograph, or a wall and a table top made of photographed surfaces; what a thing stands upon
takes only a soft shadow from it. Camera noise, blur, exposure, white balance and JPEG are drawn at random.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration._thing_meshes import Model
from calibration._thing_render import Light, render
from kith.types import U8, BoxPx
from kith.vision.imaging import as_rgb

WIDTH, HEIGHT = 640, 480
TAUGHT_VIEWS = 5
SIZES = ((0.10, 0.20), (0.20, 0.35), (0.35, 0.50))
"""The classes of a thing's larger side, as shares of the frame's height."""
_UNUSUAL_SIDE = 0.3
"""Of this share of the frames a thing shows a side at random; in the others it stands as it was taught."""

Picture = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A thing in a frame. size: its larger side over the frame's height."""

    name: str
    box: BoxPx
    size: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """rgb: u8[480, 640, 3]. placed: what is in it, what was meant first; plain: that stands as it was taught
    and nothing covers it."""

    rgb: U8
    placed: tuple[Placed, ...]
    plain: bool


class Studio:
    """Makes frames. backgrounds: photographs; rooms: those to teach before, which show nobody, since a face
    in view is learnt in the thing's stead; surfaces: of walls and tables."""

    def __init__(
        self,
        backgrounds: Sequence[U8],
        rooms: Sequence[U8],
        surfaces: Sequence[U8],
        rng: np.random.Generator,
    ) -> None:
        self._backgrounds = backgrounds
        self._rooms = rooms
        self._surfaces = surfaces
        self._rng = rng

    def taught(self, model: Model) -> list[Frame]:
        """One session: five views in one place and light, in the hand, turned between them."""
        rng = self._rng
        ground, light, look = self._background(self._rooms), self._light(), self._look()
        skin = np.array([0.85, 0.65, 0.52]) * rng.uniform(0.35, 1.1)
        frames = []
        for view in range(TAUGHT_VIEWS):
            turn = _turned(rng, view * 2 * np.pi / TAUGHT_VIEWS + rng.uniform(-0.35, 0.35), 0.35, 0.3)
            sprite = render(model, turn, light, int(rng.uniform(0.35, 0.6) * HEIGHT))
            middle = np.array([WIDTH, HEIGHT]) / 2 + rng.normal(0, [25, 20])
            canvas = _shifted(ground, rng)
            box = _paste(canvas, sprite, middle, shadow=0)
            _fingers(canvas, box, skin, rng)
            frames.append(Frame(rgb=self._shot(canvas, look), placed=(_placed(model, box),), plain=True))
        return frames

    def probe(self, model: Model, sizes: tuple[float, float], others: Sequence[Model]) -> Frame:
        """The thing somewhere, of a size within `sizes`, in half of the frames another beside it."""
        rng = self._rng
        canvas, light = self._background(self._backgrounds), self._light()
        chosen = [model]
        if len(others) and rng.uniform() < 0.5:
            chosen.append(others[int(rng.integers(len(others)))])
        placed: list[Placed] = []
        plain = True
        for each in chosen:
            size = rng.uniform(*sizes) if each is model else rng.uniform(0.1, 0.5)
            angle = rng.uniform(0, 2 * np.pi)
            unusual = bool(rng.uniform() < _UNUSUAL_SIDE)
            plain = not unusual if each is model else plain
            turn = _anyhow(rng) if unusual else _turned(rng, angle, 0.35, 0.3)
            sprite = render(each, turn, light, int(size * HEIGHT))
            middle = self._free_place(sprite.shape, [one.box for one in placed])
            if middle is not None:
                box = _paste(canvas, sprite, middle, shadow=rng.uniform(0.1, 0.6))
                placed.append(_placed(each, box))
        if rng.uniform() < 0.25:
            _cover(canvas, placed[0].box, rng)
            plain = False
        return Frame(rgb=self._shot(canvas, self._look()), placed=tuple(placed), plain=plain)

    def empty(self) -> Frame:
        """A place without things."""
        return Frame(
            rgb=self._shot(self._background(self._backgrounds), self._look()), placed=(), plain=False
        )

    def _free_place(self, shape: tuple[int, ...], taken: Sequence[BoxPx]) -> NDArray[np.float64] | None:
        for _ in range(20):
            half = np.array([shape[1], shape[0]]) / 2
            middle = self._rng.uniform(half, np.maximum(np.array([WIDTH, HEIGHT]) - half, half + 1))
            apart = [
                abs(middle[0] - box.center_x) > half[0] + box.w / 2
                or abs(middle[1] - box.center_y) > half[1] + box.h / 2
                for box in taken
            ]
            if all(apart):
                return np.asarray(middle)
        return None

    def _background(self, photographs: Sequence[U8]) -> Picture:
        rng = self._rng
        if rng.uniform() < 0.5:
            photo = photographs[int(rng.integers(len(photographs)))]
            return _cropped(photo, rng)
        wall, top = (self._surfaces[int(rng.integers(len(self._surfaces)))] for _ in range(2))
        canvas = _cropped(wall, rng) * rng.uniform(0.5, 1.0)
        edge = rng.uniform(0.1, 0.5) * HEIGHT
        source = np.array(
            [[0, 0], [top.shape[1], 0], [top.shape[1], top.shape[0]], [0, top.shape[0]]], np.float32
        )
        lean = rng.uniform(0, 0.15, 2) * HEIGHT
        corners = [
            [-100, edge + lean[0]],
            [WIDTH + 100, edge + lean[1]],
            [WIDTH * 1.6, HEIGHT],
            [-WIDTH * 0.6, HEIGHT],
        ]
        goal = np.array(corners, np.float32)
        warp = cv2.getPerspectiveTransform(source, goal)
        table = cv2.warpPerspective(top, warp, (WIDTH, HEIGHT), flags=cv2.INTER_AREA).astype(np.float32) / 255
        mask = cv2.warpPerspective(np.full(top.shape[:2], 1.0, np.float32), warp, (WIDTH, HEIGHT))[..., None]
        return np.asarray(canvas * (1 - mask) + table * mask, np.float32)

    def _light(self) -> Light:
        rng = self._rng
        toward = np.array([rng.normal(0, 0.7), rng.uniform(0, 1.2), rng.uniform(0.2, 1.0)])
        lamp = rng.uniform(0.2, 0.8)
        return Light(
            toward=toward / np.linalg.norm(toward),
            lamp=lamp,
            room=rng.uniform(0.35, 0.75),
            shine=rng.uniform(0, 0.3),
        )

    def _look(self) -> dict[str, float]:
        rng = self._rng
        return {
            "exposure": float(np.exp(rng.normal(0, 0.25))),
            "gamma": float(np.exp(rng.normal(0, 0.12))),
            "warmth": float(rng.normal(0, 0.07)),
            "noise": float(rng.uniform(0.004, 0.03)),
            "blur": float(abs(rng.normal(0, 0.8))),
            "quality": float(rng.uniform(60, 95)),
        }

    def _shot(self, canvas: Picture, look: dict[str, float]) -> U8:
        rng = self._rng
        image = canvas * look["exposure"] * np.array([1 + look["warmth"], 1, 1 - look["warmth"]])
        image = np.clip(image, 0, 1) ** look["gamma"]
        if look["blur"] > 0.3:
            image = cv2.GaussianBlur(image, (0, 0), look["blur"])
        image = image + rng.normal(0, look["noise"], image.shape)
        rgb = np.clip(image * 255, 0, 255).astype(np.uint8)
        packed = cv2.imencode(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, int(look["quality"])])[1]
        return as_rgb(np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8))


def _cropped(photo: U8, rng: np.random.Generator) -> Picture:
    height, width = photo.shape[:2]
    share = rng.uniform(0.55, 1.0)
    w = min(width, height * WIDTH / HEIGHT) * share
    h = w * HEIGHT / WIDTH
    x, y = rng.uniform(0, width - w), rng.uniform(0, height - h)
    part = photo[int(y) : int(y + h), int(x) : int(x + w)]
    if rng.uniform() < 0.5:
        part = part[:, ::-1]
    whole = cv2.resize(np.ascontiguousarray(part), (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)
    return np.asarray(whole / np.float32(255), np.float32)


def _shifted(ground: Picture, rng: np.random.Generator) -> Picture:
    """The same place a moment later, as a head sways."""
    move = np.array([[1, 0, rng.normal(0, 12)], [0, 1, rng.normal(0, 8)]], np.float32)
    return np.asarray(cv2.warpAffine(ground, move, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT))


def _turned(rng: np.random.Generator, yaw: float, tilt: float, roll: float) -> NDArray[np.float64]:
    return _about(2, rng.normal(0, roll)) @ _about(0, abs(rng.normal(0, tilt))) @ _about(1, yaw)


def _anyhow(rng: np.random.Generator) -> NDArray[np.float64]:
    basis, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    return np.asarray(basis * np.sign(np.linalg.det(basis)))


def _about(axis: int, angle: float) -> NDArray[np.float64]:
    one, two = [other for other in range(3) if other != axis]
    turn = np.eye(3)
    turn[one, one] = turn[two, two] = np.cos(angle)
    turn[one, two], turn[two, one] = -np.sin(angle), np.sin(angle)
    return turn


def _paste(canvas: Picture, sprite: Picture, middle: NDArray[np.float64], shadow: float) -> BoxPx:
    height, width = sprite.shape[:2]
    x, y = int(middle[0] - width / 2), int(middle[1] - height / 2)
    if shadow:
        foot = np.zeros(canvas.shape[:2], np.float32)
        cv2.ellipse(
            foot, (int(middle[0]), y + height), (max(width // 2, 1), max(height // 8, 1)), 0, 0, 360, 1, -1
        )
        soft = np.asarray(cv2.GaussianBlur(foot, (0, 0), max(height / 12, 1)), np.float32)
        canvas *= 1 - shadow * soft[..., None]
    left, top = max(x, 0), max(y, 0)
    right, bottom = min(x + width, WIDTH), min(y + height, HEIGHT)
    part = sprite[top - y : bottom - y, left - x : right - x]
    cover = part[..., 3:]
    canvas[top:bottom, left:right] = canvas[top:bottom, left:right] * (1 - cover) + part[..., :3]
    return BoxPx(x=left, y=top, w=right - left, h=bottom - top)


def _fingers(canvas: Picture, box: BoxPx, skin: NDArray[np.float64], rng: np.random.Generator) -> None:
    """A hand from below: fingers upon the thing, a forearm out of the picture."""
    layer = np.zeros((HEIGHT, WIDTH), np.float32)
    reach = box.w * rng.uniform(0.15, 0.4)
    foot_x, foot_y = box.center_x + rng.normal(0, box.w / 6), box.y + box.h * rng.uniform(0.9, 1.0)
    thick = int(max(rng.uniform(0.09, 0.13) * HEIGHT / 2, 4))
    for finger in range(rng.integers(2, 5)):
        start = np.array([foot_x + (finger - 1.5) * thick * 1.3, foot_y + thick * 2])
        end = start + np.array([rng.normal(0, thick), -thick * 2 - reach])
        cv2.line(layer, start.astype(int).tolist(), end.astype(int).tolist(), 1, thick)
    cv2.line(
        layer,
        (int(foot_x), int(foot_y + thick * 2)),
        (int(foot_x + rng.normal(0, 80)), HEIGHT + 60),
        1,
        thick * 4,
    )
    hand = cv2.GaussianBlur(layer, (0, 0), 1.5)[..., None]
    shade = cv2.GaussianBlur(rng.normal(0, 0.5, (HEIGHT, WIDTH)).astype(np.float32), (0, 0), 12)[..., None]
    canvas[:] = canvas * (1 - hand) + np.clip(skin * (1 + shade), 0, 1) * hand


def _cover(canvas: Picture, box: BoxPx, rng: np.random.Generator) -> None:
    """Something flat over an edge of the thing, up to a quarter of it."""
    colour = rng.uniform(0.1, 0.9, 3)
    share = rng.uniform(0.1, 0.25)
    x, y, w, h = box.x, box.y, box.w, box.h
    if rng.uniform() < 0.5:
        x, w = (x - w, w * (1 + share)) if rng.uniform() < 0.5 else (x + w * (1 - share), w)
    else:
        y += h * (1 - share)
    top, left = max(int(y), 0), max(int(x), 0)
    canvas[top : int(y + h), left : int(x + w)] = colour


def _placed(model: Model, box: BoxPx) -> Placed:
    return Placed(name=model.name, box=box, size=max(box.w, box.h) / HEIGHT)
