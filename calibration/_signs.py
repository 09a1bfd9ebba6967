"""Signs and labels, drawn and set before a busy background as a camera might see them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from kith.types import F32, U8

WIDTH_PX, HEIGHT_PX = 640, 480
"""As Kith's camera is set."""
_DRAWN_PX = 96
"""Letters are drawn in this size, then shrunk into the view."""
_CAPITAL = 0.73
"""Height of a capital over the size of its letters."""
_FINER = 3
"""The view is made so many times finer, then shrunk: a camera mixes what falls onto one pixel."""

TEXTS = (
    "EXIT",
    "Emergency exit",
    "PUSH",
    "Ladies",
    "Gentlemen",
    "Room 214",
    "Platform 3",
    "Ticket office",
    "No entry",
    "Danger high voltage",
    "Wet floor",
    "Please ring the bell",
    "Opening hours|Monday to Friday 9.00 - 17.30|Saturday 10.00 - 14.00",
    "Meeting room 12|Dr. A. Miller",
    "Bus stop|Lines 4, 11 and 27",
    "Way out",
    "Lift out of order|Please use the stairs",
    "Mind the gap",
    "Reserved for|wheelchair users",
    "City library",
    "Post office",
    "Station road",
    "Park Street 41",
    "Keep door closed",
    "Staff only",
    "First floor|Children's shoes|Toys|Books",
    "Fire extinguisher",
    "Pay here",
    "Open daily from 8 to 20",
    "Tomato soup|with basil|400 ml",
    "Whole milk 3.5 % fat|1 litre",
    "Paracetamol 500 mg|20 tablets|Take one tablet every six hours",
    "Best before 14.03.2027",
    "Peppermint tea|25 bags",
    "Ground coffee|mild roast|250 g",
    "Shampoo for dry hair",
    "Ibuprofen 400 mg|Do not exceed 3 tablets a day",
    "Baked beans|in tomato sauce",
    "Ingredients: water, sugar, lemon juice, salt|Store in a cool and dry place|Shake well before use",
    "Eye drops|Open bottle: use within 28 days",
    "Strawberry jam|55 % fruit",
    "Extra virgin olive oil|750 ml",
    "Anna Berger|12 Mill Lane|Oxford OX4 2PT",
    "Invoice no. 20417|Total 38.90",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a sign is seen. capital_px: height of its capitals, None for as large as it fits; turned_deg: from
    and to; tilt: how much shorter its far side is; bowed: as around a can; blur_px: as of a lens out of focus
    or of a hand that moves; light: from and to, over a well lit view's."""

    name: str
    capital_px: float | None = None
    turned_deg: tuple[float, float] = (0.0, 0.0)
    tilt: tuple[float, float] = (0.0, 0.0)
    bowed: bool = False
    blur_px: tuple[float, float] = (0.0, 0.0)
    light: tuple[float, float] = (0.7, 1.05)


MANNERS = (
    Manner(name="as large as it fits"),
    Manner(name="capitals of 16 px", capital_px=16),
    Manner(name="capitals of 12 px", capital_px=12),
    Manner(name="capitals of 9 px", capital_px=9),
    Manner(name="capitals of 7 px", capital_px=7),
    Manner(name="turned by up to 20 degrees", turned_deg=(-20.0, 20.0)),
    Manner(name="on its side", turned_deg=(90.0, 90.0)),
    Manner(name="on its head", turned_deg=(180.0, 180.0)),
    Manner(name="from the side", tilt=(0.15, 0.35)),
    Manner(name="around a can", bowed=True),
    Manner(name="blurred by 1 to 2 px", blur_px=(1.0, 2.0)),
    Manner(name="blurred by 2 to 3 px", blur_px=(2.0, 3.0)),
    Manner(name="a tenth of the light", light=(0.07, 0.13)),
    Manner(name="a twentieth of the light", light=(0.035, 0.065)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """What a camera sees: rgb u8[480, 640, 3], and the lines that are written there."""

    rgb: U8
    lines: tuple[str, ...]


def usable_fonts(folders: Sequence[Path]) -> list[Path]:
    """Fonts with all letters of the texts."""
    files = [file for folder in folders for file in sorted(folder.rglob("*.[to]tf"))]
    return [file for file in files if _has_letters(file)]


def draw_sign(manner: Manner, fonts: Sequence[Path], seed: int) -> Sign:
    """The sign of a seed: its text and font are the same in every manner."""
    chance, noise = random.Random(seed), np.random.default_rng(seed)
    text, font = chance.choice(TEXTS), chance.choice(fonts)
    drawn = _drawn(text, font, chance)
    if manner.bowed:
        drawn = _bowed(drawn)
    corners = _corners(drawn, manner, chance)
    view = _set_into(_background(chance, noise), drawn, corners)
    return Sign(rgb=_seen(view, manner, chance, noise), lines=tuple(text.split("|")))


def draw_nothing(seed: int) -> U8:
    """A background without a sign."""
    manner = MANNERS[0]
    chance, noise = random.Random(seed), np.random.default_rng(seed)
    return _seen(_background(chance, noise).astype(np.float32), manner, chance, noise)


def _has_letters(file: Path) -> bool:
    font = ImageFont.truetype(str(file), 40)
    missing = bytes(font.getmask("\uffff"))
    letters = [bytes(font.getmask(letter)) for letter in "abegoxyzABQZ0489,.:%'"]
    return missing not in letters and len(set(letters)) == len(letters)


def _drawn(text: str, file: Path, chance: random.Random) -> U8:
    font = ImageFont.truetype(str(file), _DRAWN_PX)
    lines, pad = text.split("|"), round(_DRAWN_PX * chance.uniform(0.4, 1.0))
    step = round(_DRAWN_PX * chance.uniform(1.15, 1.6))
    dark = tuple(chance.randint(0, 70) for _ in range(3))
    light = tuple(chance.randint(170, 255) for _ in range(3))
    ink, paper = (dark, light) if chance.random() < 0.5 else (light, dark)
    widths = [round(font.getlength(line)) for line in lines]
    image = Image.new("RGB", (max(widths) + 2 * pad, step * (len(lines) - 1) + _DRAWN_PX + 2 * pad), paper)
    pen, centred = ImageDraw.Draw(image), chance.random() < 0.5
    for row, (line, width) in enumerate(zip(lines, widths, strict=True)):
        pen.text(((image.width - width) / 2 if centred else pad, pad + row * step), line, ink, font)
    return np.asarray(image, np.uint8)


def _bowed(drawn: U8) -> U8:
    """Around a can seen a little from above: the sides are squeezed, the rows hang through."""
    height, width = drawn.shape[:2]
    sag, half = height // 4 + 20, 1.1
    across, down = np.meshgrid(np.arange(width), np.arange(height + sag))
    angle = np.arcsin(np.clip((across - width / 2) / (width / 2 / np.sin(half)), -1, 1))
    x = (angle / half + 1) / 2 * width
    y = down - sag * (np.cos(angle) - np.cos(half)) / (1 - np.cos(half))
    bent = cv2.remap(
        drawn,
        x.astype(np.float32),
        y.astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(bent, np.uint8)


def _corners(drawn: U8, manner: Manner, chance: random.Random) -> F32:
    """Where the corners of what is drawn come to lie in the view, all within it."""
    height, width = drawn.shape[:2]
    scale = (
        chance.uniform(0.55, 0.92) * WIDTH_PX / width
        if manner.capital_px is None
        else manner.capital_px / (_CAPITAL * _DRAWN_PX)
    )
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * (width, height) * scale / 2
    far = 1 - chance.uniform(*manner.tilt)
    if far < 1:
        shorter = (1, far, far, 1) if chance.random() < 0.5 else (far, far, 1, 1)
        corners = corners * np.array(shorter)[:, None] * (chance.uniform(0.75, 1.0), 1.0)
    angle = np.radians(chance.uniform(*manner.turned_deg) * chance.choice((-1, 1)))
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    corners = corners @ turn
    size = np.ptp(corners, axis=0)
    corners *= min(1.0, 0.96 * WIDTH_PX / size[0], 0.96 * HEIGHT_PX / size[1])
    low, room = corners.min(axis=0), np.array([WIDTH_PX, HEIGHT_PX]) - np.ptp(corners, axis=0)
    shift = room * (chance.random(), chance.random()) - low
    return np.asarray(corners + shift, np.float32)


def _set_into(background: U8, drawn: U8, corners: F32) -> F32:
    height, width = drawn.shape[:2]
    of = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    turn = cv2.getPerspectiveTransform(of, corners * np.float32(_FINER))
    size = (WIDTH_PX * _FINER, HEIGHT_PX * _FINER)
    sign = cv2.warpPerspective(drawn, turn, size, flags=cv2.INTER_AREA)
    there = cv2.warpPerspective(np.full((height, width), 255, np.uint8), turn, size)
    view = (WIDTH_PX, HEIGHT_PX)
    sign = cv2.resize(sign, view, interpolation=cv2.INTER_AREA).astype(np.float32)
    part = cv2.resize(there, view, interpolation=cv2.INTER_AREA).astype(np.float32)[..., None] / 255
    return np.asarray(background * (1 - part) + sign * part, np.float32)


def _background(chance: random.Random, noise: np.random.Generator) -> U8:
    """Patches and lines of any colour, which no text is made of."""
    coarse = noise.uniform(40, 220, (chance.randint(2, 12), chance.randint(2, 12), 3)).astype(np.float32)
    how = chance.choice((cv2.INTER_NEAREST, cv2.INTER_CUBIC))
    large = cv2.resize(coarse, (WIDTH_PX, HEIGHT_PX), interpolation=how)
    view = np.asarray(np.clip(large + noise.normal(0, 8, large.shape), 0, 255), np.uint8)
    for _ in range(chance.randint(0, 8)):
        ends = [(chance.randrange(WIDTH_PX), chance.randrange(HEIGHT_PX)) for _ in range(2)]
        colour = [chance.randrange(256) for _ in range(3)]
        cv2.line(view, ends[0], ends[1], colour, chance.randint(1, 9))
    return view


def _seen(view: F32, manner: Manner, chance: random.Random, noise: np.random.Generator) -> U8:
    blur_px = chance.uniform(*manner.blur_px)
    if blur_px:
        moved = chance.random() < 0.5
        blurred = _moved(view, blur_px * 3, chance) if moved else cv2.GaussianBlur(view, (0, 0), blur_px)
        view = np.asarray(blurred, np.float32)
    light = chance.uniform(*manner.light)
    # Little light is noisy by itself: a pixel counts photons.
    photons = noise.poisson(np.clip(view * light, 0, None) * 4) / 4
    return np.asarray(np.clip(photons + noise.normal(0, 2, view.shape), 0, 255), np.uint8)


def _moved(view: F32, by_px: float, chance: random.Random) -> F32:
    """As if the hand had moved while the shutter was open."""
    side = 2 * int(by_px) + 3
    kernel: NDArray[np.float32] = np.zeros((side, side), np.float32)
    angle, middle = chance.uniform(0, np.pi), side // 2
    reach = np.array([np.cos(angle), np.sin(angle)]) * by_px / 2
    ends = [tuple(np.rint(middle + sign * reach).astype(int).tolist()) for sign in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 1.0)
    return np.asarray(cv2.filter2D(view, -1, kernel / kernel.sum()), np.float32)
