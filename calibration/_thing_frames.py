"""Frames that were drawn, kept: drawing them takes ten times as long as looking at them."""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Callable, Sequence

import cv2
import numpy as np

from calibration._thing_meshes import CACHE
from calibration._thing_scenes import Frame, Placed
from kith.vision.imaging import as_rgb

_VERSION = 2
"""Of what draws them: frames of another are not used."""
_FOLDER = CACHE / f"frames-{_VERSION}"
_FAST = [cv2.IMWRITE_PNG_COMPRESSION, 1]


def kept(name: str, draw: Callable[[], Sequence[Frame]]) -> list[Frame]:
    """The frames of this name: as they were drawn before, else drawn now and kept."""
    path = _FOLDER / f"{name}.pkl"
    if path.exists():
        return [_unpacked(*packed) for packed in pickle.loads(path.read_bytes())]  # written below
    frames = list(draw())
    _FOLDER.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    unfinished.write_bytes(pickle.dumps([(_packed(each), each.placed, each.plain) for each in frames]))
    unfinished.replace(path)
    return frames


def forget() -> None:
    """Have all of them drawn again."""
    shutil.rmtree(_FOLDER, ignore_errors=True)


def _packed(frame: Frame) -> bytes:
    return cv2.imencode(".png", frame.rgb[..., ::-1], _FAST)[1].tobytes()


def _unpacked(png: bytes, placed: tuple[Placed, ...], plain: bool) -> Frame:
    rgb = as_rgb(np.asarray(cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR), np.uint8))
    return Frame(rgb=rgb, placed=placed, plain=plain)
