"""Pictures in: photos from files, and whether a frame shows anything at all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from kith.errors import InputError
from kith.types import U8, View

MAX_SIDE_PX = 1600
_MAX_FILE_BYTES = 200 * 2**20
_MAX_PIXELS = 200_000_000
_ROTATIONS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
_DARK_LUMA = 16.0
_FLAT_SPREAD = 3.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """A picture as Kith looks at it: rgb u8[H, W, 3]; pixels of the file = pixels of rgb times `scale`."""

    rgb: U8
    scale: float


def load_photo(path: Path) -> U8:
    """The picture alone; see open_photo."""
    return open_photo(path).rgb


def open_photo(path: Path) -> Photo:
    """Read a photo as RGB, turned as its EXIF says, its longest side at most MAX_SIDE_PX.

    Raises InputError with the reason: missing, not a file, empty, not a picture, truncated, too large.
    """
    data = _read_bytes(path)
    flag = _decode_flag(path, data)
    try:
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), flag)
    except cv2.error as error:
        raise InputError(f"{path} cannot be decoded as a picture") from error
    if decoded is None:
        raise InputError(f"{path} is not a picture that can be read (JPEG, PNG, WebP, BMP, TIFF are)")
    rgb = as_rgb(_shrink(np.asarray(decoded, np.uint8)))
    return Photo(rgb=rgb, scale=max(_file_side(data), *decoded.shape) / max(rgb.shape))


def as_rgb(bgr: U8) -> U8:
    """Swap OpenCV's channel order; a new array."""
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


def turned(rgb: U8, rotation_deg: int) -> U8:
    """The picture of a camera that is mounted turned: by 0, 90, 180 or 270 degrees clockwise."""
    rotation = _ROTATIONS.get(rotation_deg)
    return rgb if rotation is None else np.asarray(cv2.rotate(rgb, rotation), np.uint8)


def judge_view(rgb: U8) -> View:
    """Whether a frame u8[H, W, 3] shows anything: DARK when hardly any light came in, COVERED when
    the picture is flat as well, as behind a finger or a cap."""
    small = rgb[::8, ::8, 1]
    luma, spread = float(small.mean()), float(small.std())
    if spread < _FLAT_SPREAD and luma < 90:
        return View.COVERED
    return View.DARK if luma < _DARK_LUMA else View.NORMAL


def _read_bytes(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise InputError(f"{path} is a folder; name the pictures in it")
        if not path.is_file() and path.exists():  # a device or a pipe may never end
            raise InputError(f"{path} is not a file")
        size = path.stat().st_size
        if size > _MAX_FILE_BYTES:
            raise InputError(f"{path} is larger than {_MAX_FILE_BYTES // 2**20} MiB; save it smaller")
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    if not data:
        raise InputError(f"{path} is empty")
    return data


def _decode_flag(path: Path, data: bytes) -> int:
    """Refuse what is cut short or absurdly large, and let the JPEG decoder itself shrink what is huge,
    so that it never stands in memory whole."""
    layout = _jpeg_layout(data) if data[:2] == b"\xff\xd8" else _png_layout(data)
    if layout is None:
        return int(cv2.IMREAD_COLOR)
    width, height, complete = layout
    if not complete:
        raise InputError(f"{path} is cut short; copy it again from where it came")
    if width * height > _MAX_PIXELS:
        raise InputError(f"{path} is {width} by {height} pixels; save it smaller")
    reductions = {8: cv2.IMREAD_REDUCED_COLOR_8, 4: cv2.IMREAD_REDUCED_COLOR_4, 2: cv2.IMREAD_REDUCED_COLOR_2}
    for factor, flag in reductions.items():
        if max(width, height) >= factor * MAX_SIDE_PX:
            return int(flag)
    return int(cv2.IMREAD_COLOR)


def _file_side(data: bytes) -> int:
    """The longest side in pixels where the decoder may have shrunk the picture, else 0."""
    layout = _jpeg_layout(data) if data[:2] == b"\xff\xd8" else _png_layout(data)
    return 0 if layout is None else max(layout[0], layout[1])


def _jpeg_layout(data: bytes) -> tuple[int, int, bool]:
    """Width, height, and whether the end marker follows the picture's own scan (a thumbnail in the
    EXIF part has one too, so the segments before the scan are stepped over). OpenCV does not decode a
    picture without it, and cannot tell whether only the marker is missing."""
    at, width, height = 2, 0, 0
    while at + 9 < len(data) and data[at] == 0xFF:
        if data[at + 1] == 0xFF:  # as many as one likes may stand before a marker
            at += 1
            continue
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height = int.from_bytes(data[at + 5 : at + 7], "big")
            width = int.from_bytes(data[at + 7 : at + 9], "big")
        at += 2 + length
        if marker == 0xDA:
            return width, height, data.find(b"\xff\xd9", at) >= 0
    return width, height, False


def _png_layout(data: bytes) -> tuple[int, int, bool] | None:
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        return None
    width, height = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    return width, height, data.rfind(b"IEND") >= 0


def _shrink(picture: U8) -> U8:
    height, width = picture.shape[:2]
    scale = MAX_SIDE_PX / max(height, width)
    if scale >= 1:
        return picture
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
