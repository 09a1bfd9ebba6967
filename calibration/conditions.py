"""What spoils a look at a face, drawn onto a good photograph of it: distance, blur, darkness, covering, JPEG.

Every function is pure: (rgb u8[H, W, 3], landmarks f32[5, 2] px as kith.types.Face has them, level) -> a new
u8[H, W, 3]. The same picture and level give the same bytes, noise and all. Where a length matters it is given
in distances between the eyes, so that photographs of any size are spoilt alike.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from kith.types import F32, U8
from kith.vision.aligner import TEMPLATE

FRAME_WIDTH_PX, FRAME_HEIGHT_PX = 640, 480
"""Of the camera that `farther` stands for."""
WHITE_ELECTRONS = 4000.0
"""What a pixel of a small sensor holds at white in good light; about that of the Pi's Camera Module 2."""
READ_NOISE_ELECTRONS = 3.0
MOST_GAIN = 8.0
"""So much a camera amplifies in the dark; then the picture itself becomes dark. A usual limit of automatic
exposure, below the 10.7 that the Camera Module 2 can."""

Degrade = Callable[[U8, F32, float], U8]
Point = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One way to spoil a look. levels: from good to bad, in `unit`; words: what a level means."""

    key: str
    title: str
    unit: str
    words: str
    levels: tuple[float, ...]
    degrade: Degrade


def farther(rgb: U8, landmarks: F32, level: float) -> U8:
    """The face in the middle of a camera's frame u8[480, 640, 3], its eyes `level` px apart, before a blurred
    background."""
    scale = level / max(eyes_px(landmarks), 1e-3)
    size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    small = np.asarray(cv2.resize(rgb, size, interpolation=way), np.uint8)
    # Blurred while it is small: the same to look at, and a hundred times cheaper.
    tiny = cv2.resize(rgb, (FRAME_WIDTH_PX // 10, FRAME_HEIGHT_PX // 10), interpolation=cv2.INTER_AREA)
    behind = cv2.GaussianBlur(tiny, (0, 0), 2.5)
    frame: U8 = np.asarray(cv2.resize(behind, (FRAME_WIDTH_PX, FRAME_HEIGHT_PX)), np.uint8)
    middle = landmarks.mean(axis=0) * scale
    left = round(FRAME_WIDTH_PX / 2 - float(middle[0]))
    top = round(FRAME_HEIGHT_PX / 2 - float(middle[1]))
    x0, y0 = max(left, 0), max(top, 0)
    x1, y1 = min(left + size[0], FRAME_WIDTH_PX), min(top + size[1], FRAME_HEIGHT_PX)
    if x1 > x0 and y1 > y0:
        frame[y0:y1, x0:x1] = small[y0 - top : y1 - top, x0 - left : x1 - left]
    return frame


def defocused(rgb: U8, landmarks: F32, level: float) -> U8:
    """A lens out of focus: a Gaussian whose sigma is `level` per cent of the distance between the eyes."""
    sigma = level / 100 * eyes_px(landmarks)
    if sigma < 0.05:
        return rgb.copy()
    return np.asarray(cv2.GaussianBlur(rgb, (0, 0), sigma), np.uint8)


def shaken(rgb: U8, landmarks: F32, level: float) -> U8:
    """The picture moved sideways while it was taken, by `level` per cent of the distance between the eyes."""
    length = level / 100 * eyes_px(landmarks)
    if length < 1:
        return rgb.copy()
    half = math.ceil((length - 1) / 2)
    # Whole pixels in the middle, the rest of the length shared by the two at the ends.
    kernel = np.ones(2 * half + 1, np.float32)
    kernel[[0, -1]] = (length - (2 * half - 1)) / 2 if half else 1.0
    kernel /= kernel.sum()
    spread = cv2.filter2D(rgb, -1, kernel[np.newaxis], borderType=cv2.BORDER_REPLICATE)
    return np.asarray(spread, np.uint8)


def darkened(rgb: U8, landmarks: F32, level: float) -> U8:
    """The same with `level` (0..1) of the light: photons come by chance, the sensor adds its own noise, and
    the camera amplifies both, up to MOST_GAIN."""
    if level >= 1:
        return rgb.copy()
    rng = np.random.default_rng([zlib.crc32(np.ascontiguousarray(rgb).tobytes()), round(level * 1e6)])
    electrons = rng.poisson(_to_light(rgb) * (level * WHITE_ELECTRONS)).astype(np.float32)
    electrons += rng.normal(0, READ_NOISE_ELECTRONS, rgb.shape).astype(np.float32)
    gain = min(1 / max(level, 1e-6), MOST_GAIN)
    return _from_light(electrons * np.float32(gain / WHITE_ELECTRONS))


def masked(rgb: U8, landmarks: F32, level: float) -> U8:
    """A surgical mask from under the chin up: 0 over the mouth, 0.5 to below the nose, 1 to the bridge of the
    nose."""
    top = 90.0 - 26.0 * level
    outline = [(16, top + 2), (36, top + 1), (50, top - 4), (56, top - 5), (62, top - 4), (76, top + 1)]
    outline += [(96, top + 2), (93, 98), (80, 113), (56, 122), (32, 113), (19, 98)]
    cloth = _lit(rgb, landmarks, (172, 196, 208))
    picture = _painted(rgb, landmarks, outline, cloth)
    for at in range(1, 4):
        y = top + (118 - top) * at / 4
        picture = _stroke(picture, landmarks, [(24, y - 1), (56, y + 2), (88, y - 1)], cloth * 0.86)
    return picture


def behind_sunglasses(rgb: U8, landmarks: F32, level: float) -> U8:
    """Glasses whose lenses keep back `level` (0..1) of the light; 1 is black."""
    frame = np.array([24, 22, 22], np.float32)
    picture = rgb
    for x in (38.3, 73.5):
        lens = [
            (x + 16.0 * math.copysign(abs(math.cos(a)) ** 0.7, math.cos(a)), 54.0 + 12.0 * math.sin(a))
            for a in np.linspace(0, 2 * math.pi, 40, endpoint=False)
        ]
        picture = _painted(picture, landmarks, lens, frame, opacity=level)
        picture = _stroke(picture, landmarks, [*lens, lens[0]], frame)
    for bar in ([(54.0, 50.0), (58.0, 50.0)], [(22.5, 51.0), (12.0, 48.0)], [(89.5, 51.0), (100.0, 48.0)]):
        picture = _stroke(picture, landmarks, bar, frame)
    return picture


def under_a_hat(rgb: U8, landmarks: F32, level: float) -> U8:
    """A cap, its brim at the hairline (0), half down the forehead (0.5) or at the brows (1), and the brim's
    shadow below it."""
    brim = 16.0 + 26.0 * level
    below = [(6, brim - 2), (30, brim + 3), (56, brim + 5), (82, brim + 3), (106, brim - 2)]
    picture = rgb
    for reach in (22.0, 16.0, 10.0, 5.0):
        edge = [(24, brim), (56, brim + 5), (88, brim)]
        shadow = [*edge, *[(x, y + reach) for x, y in reversed(edge)]]
        picture = _painted(picture, landmarks, shadow, np.zeros(3, np.float32), opacity=0.16)
    cloth = _lit(rgb, landmarks, (52, 60, 88))
    crown = [(56 + 51 * math.cos(a), brim - 4 + 52 * math.sin(a)) for a in np.linspace(0, -math.pi, 24)]
    picture = _painted(picture, landmarks, crown, cloth)
    top = [(x, y - 9) for x, y in reversed(below)]
    return _painted(picture, landmarks, [*below, *top], cloth * 0.7)


def as_jpeg(rgb: U8, landmarks: F32, level: float) -> U8:
    """Through JPEG at quality `level` (1..100)."""
    bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, round(level)])
    again = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    return np.asarray(cv2.cvtColor(again, cv2.COLOR_BGR2RGB), np.uint8)


CONDITIONS: tuple[Condition, ...] = (
    Condition(
        key="size",
        title="Face size",
        unit="px between the eyes",
        words="the face in a camera's frame of 640 by 480, smaller and smaller",
        levels=(40, 28, 20, 16, 12, 10),
        degrade=farther,
    ),
    Condition(
        key="defocus",
        title="Blur of the lens",
        unit="% of the distance between the eyes",
        words="a Gaussian of that sigma over the picture",
        levels=(4, 8, 12, 16),
        degrade=defocused,
    ),
    Condition(
        key="shake",
        title="Blur of movement",
        unit="% of the distance between the eyes",
        words="the picture moved sideways so far while it was taken",
        levels=(10, 25, 40, 60),
        degrade=shaken,
    ),
    Condition(
        key="darkness",
        title="Darkness",
        unit="of the light",
        words="photon and sensor noise at that share of good light, amplified at most eight times",
        levels=(1 / 4, 1 / 16, 1 / 64, 1 / 256),
        degrade=darkened,
    ),
    Condition(
        key="mask",
        title="Mask",
        unit="of the lower face",
        words="0 covers mouth and chin, 0.5 up to below the nose, 1 up to the bridge of the nose",
        levels=(0, 0.5, 1),
        degrade=masked,
    ),
    Condition(
        key="sunglasses",
        title="Sunglasses",
        unit="of the light kept back",
        words="drawn over both eyes; 1 is black",
        levels=(0.5, 0.8, 1),
        degrade=behind_sunglasses,
    ),
    Condition(
        key="hat",
        title="Hat",
        unit="of the forehead",
        words="a cap, its brim at the hairline (0) or as low as the brows (1), with its shadow",
        levels=(0, 0.5, 1),
        degrade=under_a_hat,
    ),
    Condition(
        key="jpeg",
        title="JPEG quality",
        unit="quality",
        words="saved anew at that quality",
        levels=(50, 20, 10, 5),
        degrade=as_jpeg,
    ),
)


def eyes_px(landmarks: F32) -> float:
    """The distance of the eyes as it would be from in front: a turned head's eyes are nearer to each other,
    its mouth is as far below them as ever."""
    eyes, mouth = landmarks[:2].mean(axis=0), landmarks[3:].mean(axis=0)
    own = TEMPLATE[3:].mean(axis=0) - TEMPLATE[:2].mean(axis=0)
    upright = float(np.linalg.norm(mouth - eyes)) * _norm(TEMPLATE[1] - TEMPLATE[0]) / _norm(own)
    return max(_norm(landmarks[1] - landmarks[0]), upright)


def _norm(vector: F32) -> float:
    return float(np.linalg.norm(vector))


def _placed(landmarks: F32, points: Sequence[Point]) -> F32:
    """Points of the upright template of 112 by 112 px, as they lie on this face: by the affine map that fits
    its five landmarks best, which also follows a turned head."""
    known = np.column_stack([TEMPLATE, np.ones(5, np.float32)])
    fit, *_ = np.linalg.lstsq(known, landmarks.astype(np.float64), rcond=None)
    wanted = np.column_stack([np.array(points, np.float64), np.ones(len(points))])
    return np.asarray(wanted @ fit, np.float32)


def _painted(rgb: U8, landmarks: F32, outline: Sequence[Point], colour: F32, opacity: float = 1.0) -> U8:
    cover = np.zeros(rgb.shape[:2], np.uint8)
    corners = np.round(_placed(landmarks, outline) * 16).astype(np.int32)
    cv2.fillPoly(cover, [corners], 255, lineType=cv2.LINE_AA, shift=4)
    return _blended(rgb, cover, colour, opacity)


def _stroke(rgb: U8, landmarks: F32, line: Sequence[Point], colour: F32) -> U8:
    cover = np.zeros(rgb.shape[:2], np.uint8)
    points = np.round(_placed(landmarks, line) * 16).astype(np.int32)
    width = max(1, round(eyes_px(landmarks) / 18))
    cv2.polylines(cover, [points], isClosed=False, color=255, thickness=width, lineType=cv2.LINE_AA, shift=4)
    return _blended(rgb, cover, colour, 1.0)


def _blended(rgb: U8, cover: U8, colour: F32, opacity: float) -> U8:
    picture = rgb.copy()
    x, y, width, height = cv2.boundingRect(cover)
    part = picture[y : y + height, x : x + width]
    share = cover[y : y + height, x : x + width, np.newaxis].astype(np.float32) * np.float32(opacity / 255)
    part[:] = np.clip(part * (1 - share) + colour * share + 0.5, 0, 255)
    return picture


def _lit(rgb: U8, landmarks: F32, colour: tuple[int, int, int]) -> F32:
    """A colour as bright as the light on this face lets it be."""
    patch = _placed(landmarks, [(40, 60), (72, 60), (72, 84), (40, 84)])
    cover = np.zeros(rgb.shape[:2], np.uint8)
    cv2.fillConvexPoly(cover, np.round(patch).astype(np.int32), 255)
    luma = float(rgb[cover > 0].mean()) if cover.any() else 128.0
    return np.asarray(np.array(colour, np.float32) * np.float32(np.clip(luma / 140, 0.2, 1.2)), np.float32)


def _to_light(rgb: U8) -> F32:
    """From sRGB to linear light 0..1."""
    value = np.arange(256, dtype=np.float32) / 255
    light = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4).astype(np.float32)
    return np.asarray(light[rgb], np.float32)


def _from_light(light: F32) -> U8:
    value = np.clip(light, 0, 1)
    curve = np.where(value <= 0.0031308, value * 12.92, 1.055 * value ** (1 / 2.4) - 0.055)
    return np.asarray(np.round(curve * 255), np.uint8)
