"""The people of the walk: cut out of their photographs and put on a figure of life size.

A photograph ends where its frame ends; what a camera would see below it is a plain painted coat.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from demo.portraits import Portrait
from demo.sources import Pictures
from kith.types import F32, U8

PX_PER_MM = 0.8
"""Scale of a figure: what a camera of 62.2 degrees and 640 pixels sees of somebody 0.67 m away."""
EYES_MM = 63.0
WIDTH_PX, HEIGHT_PX = 720, 1560
EYES_X, EYES_Y = 360, 240

_BAND_MM = 9.0
_FADE_PX = 56


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A person of life size, standing: bgr f32[HEIGHT_PX, WIDTH_PX, 3] times alpha, alpha f32 0..1.

    nose_x, nose_y, chin_y: pixels of the figure. The eyes' middle is at (EYES_X, EYES_Y).
    """

    bgr: F32
    alpha: F32
    nose_x: float
    nose_y: float
    chin_y: float


def cut_out(portrait: Portrait, pictures: Pictures) -> Figure:
    """Cut a person out of the photograph and paint the rest. Raises SourceError."""
    photo = pictures.bgr(portrait.picture)
    to_figure = _to_figure(portrait)
    # Shrinking by warping alone would leave jagged edges; soften to the coming scale first.
    soft = max(0.4 / float(np.hypot(to_figure[0, 0], to_figure[0, 1])), 0.3)
    over = _warp(_mask(photo, portrait), to_figure, soft) / 255.0
    bgr = _warp(photo, to_figure, soft)
    coat, coat_alpha = _coat(portrait, over)
    over = _fade_out(over)
    under = coat_alpha * (1 - over)
    nose = to_figure @ np.array([*portrait.nose, 1.0])
    return Figure(
        bgr=(bgr * over[..., None] + coat * under[..., None]).astype(np.float32),
        alpha=np.asarray(over + under, np.float32),
        nose_x=float(nose[0]),
        nose_y=float(nose[1]),
        chin_y=float((to_figure @ np.array([*portrait.chin, 1.0]))[1]),
    )


def _warp(picture: U8, to_figure: F32, soft: float) -> F32:
    blurred = cv2.GaussianBlur(picture, (0, 0), soft)
    warped = cv2.warpAffine(blurred, to_figure, (WIDTH_PX, HEIGHT_PX), flags=cv2.INTER_LINEAR)
    return np.asarray(warped, np.float32)


def _to_figure(portrait: Portrait) -> F32:
    """The similarity from pixels of the photograph to pixels of the figure, f32[2, 3]."""
    right, left = np.array(portrait.right_eye), np.array(portrait.left_eye)
    across, middle = left - right, (left + right) / 2
    scale = PX_PER_MM / _photo_px_per_mm(portrait)
    # Half of the head's tilt is kept: a head is seldom quite upright.
    tilt = float(np.arctan2(across[1], across[0])) / 2
    cosine, sine = scale * np.cos(tilt), scale * np.sin(tilt)
    matrix = np.array([[cosine, sine, 0.0], [-sine, cosine, 0.0]], np.float32)
    matrix[:, 2] = np.array([EYES_X, EYES_Y]) - matrix[:, :2] @ middle
    return matrix


def _photo_px_per_mm(portrait: Portrait) -> float:
    across = np.array(portrait.left_eye) - np.array(portrait.right_eye)
    return float(np.hypot(*across)) / portrait.eyes_share / EYES_MM


def _mask(photo: U8, portrait: Portrait) -> U8:
    """Which pixels are the person, u8[H, W] 0..255: the outline, its edge found by GrabCut."""
    scale = 500 / max(photo.shape[:2])
    small = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    inside = np.zeros(small.shape[:2], np.uint8)
    cv2.fillPoly(inside, [np.round(np.array(portrait.outline) * scale).astype(np.int32)], 1)
    reach = max(round(_BAND_MM * _photo_px_per_mm(portrait) * scale), 1)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    # The photograph's border is no edge of the person.
    sure = cv2.erode(inside, kernel, borderType=cv2.BORDER_REPLICATE)
    maybe = cv2.dilate(inside, kernel)
    marks = np.select(
        [sure > 0, inside > 0, maybe > 0], [cv2.GC_FGD, cv2.GC_PR_FGD, cv2.GC_PR_BGD], cv2.GC_BGD
    ).astype(np.uint8)
    cv2.setRNGSeed(1)
    cv2.grabCut(small, marks, (0, 0, 0, 0), np.zeros((1, 65)), np.zeros((1, 65)), 2, cv2.GC_INIT_WITH_MASK)
    person = np.isin(marks, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8) * 255
    # Half a pixel inwards keeps the old background out of the edge.
    soft = cv2.GaussianBlur(cv2.medianBlur(person, 5), (0, 0), 1.0).astype(np.float32)
    edge = np.clip((soft - 127) * 2, 0, 255).astype(np.uint8)
    return np.asarray(cv2.resize(edge, photo.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.uint8)


def _last_row(alpha: F32) -> int:
    return int(np.flatnonzero(alpha.max(axis=1) > 0.5)[-1])


def _fade_out(alpha: F32) -> F32:
    """Let the photograph's lower edge run out softly, where it ends inside the figure."""
    ramp = np.clip((_last_row(alpha) - 4 - np.arange(HEIGHT_PX)) / _FADE_PX, 0.0, 1.0)
    return np.asarray(alpha * ramp[:, None], np.float32)


def _coat(portrait: Portrait, photo_alpha: F32) -> tuple[F32, F32]:
    """What is painted below the photograph: colour f32[H, W, 3] and alpha f32[H, W]."""
    coat, left_leg, right_leg = _coat_outlines(portrait, photo_alpha)
    painted = np.zeros((HEIGHT_PX, WIDTH_PX), np.uint8)
    for outline in (coat, left_leg, right_leg):
        cv2.fillPoly(painted, [np.round(outline).astype(np.int32)], 255)
    alpha = cv2.GaussianBlur(painted, (0, 0), 2.0)
    left, right = coat[:, 0].min(), coat[:, 0].max()
    across = ((np.arange(WIDTH_PX) - (left + right) / 2) / ((right - left) / 2))[None, :]
    down = ((np.arange(HEIGHT_PX) - EYES_Y) / PX_PER_MM)[:, None]
    # Round from side to side, with sleeves, a seam in front and a few folds.
    sleeves = 0.45 * np.exp(-(((np.abs(across) - 0.66 - 0.02 * np.cos(down / 60)) / 0.03) ** 2))
    seam = 0.3 * np.exp(-(((across - 0.04) / 0.012) ** 2))
    folds = 0.06 * np.cos(across * 9 + down / 170) + 0.04 * np.cos(across * 17 - down / 90)
    light = np.clip(1.12 - 0.42 * across**2, 0.3, 1.2) * (1 - sleeves) * (1 - seam) + folds
    colour = (light * np.linspace(1.1, 0.7, HEIGHT_PX)[:, None])[..., None] * np.array(portrait.coat)
    return colour.astype(np.float32), alpha.astype(np.float32) / 255.0


def _coat_outlines(portrait: Portrait, photo_alpha: F32) -> tuple[F32, F32, F32]:
    """Outlines of the painted coat and the two legs in pixels of the figure, each f32[n, 2]."""
    end = float(_last_row(photo_alpha))
    columns = np.flatnonzero(photo_alpha[int(end) - _FADE_PX] > 0.5)
    left, right = float(columns[0]), float(columns[-1])
    if portrait.waist_mm is not None:
        left, right = (EYES_X + edge * PX_PER_MM for edge in portrait.waist_mm)
    rows = [(end - _FADE_PX - 8.0, (left + right) / 2, (right - left) / 2)]
    if portrait.shoulder_mm is not None:
        middle, half = EYES_X + 12.0, portrait.shoulder_mm * PX_PER_MM
        slope = ((-64.0, 0.30), (-34.0, 0.52), (-12.0, 0.78), (18.0, 0.92), (60.0, 1.0))
        rows = [(end + down, middle, half * share) for down, share in slope]
    _, middle, half = rows[-1]
    for down_mm, share in ((560, 1.04), (690, 1.02), (720, 0.78), (980, 0.80)):
        rows.append((max(EYES_Y + down_mm * PX_PER_MM, rows[-1][0] + 2.0), middle, half * share))
    coat = [(x - wide, y) for y, x, wide in rows] + [(x + wide, y) for y, x, wide in reversed(rows)]
    legs = [
        [
            (middle + side * half * share, y)
            for share, y in ((0.06, hip), (0.66, hip), (0.5, foot), (0.1, foot))
        ]
        for side, hip, foot in (
            (-1, rows[-1][0] - 8, HEIGHT_PX - 12.0),
            (1, rows[-1][0] - 8, HEIGHT_PX - 18.0),
        )
    ]
    return np.array(coat, np.float32), np.array(legs[0], np.float32), np.array(legs[1], np.float32)
