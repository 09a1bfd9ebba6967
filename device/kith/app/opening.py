"""Opens what a command about faces needs, once for all its photos."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kith.app.paths import calibration_dir, gallery_file, models_dir
from kith.config import Settings
from kith.errors import InputError
from kith.recognition.gallery import Gallery
from kith.recognition.operating_point import OperatingPoint, load_operating_point

if TYPE_CHECKING:
    from kith.vision.pipeline import FaceAnalyzer

THING_FIGURES = "thing_matching.toml"
"""Of the folder of the measured figures: how things are told apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognition:
    """Networks, gallery and operating point, all of one embedder."""

    analyzer: FaceAnalyzer
    gallery: Gallery
    point: OperatingPoint


@contextmanager
def open_recognition(
    state: Path, settings: Settings, models: Path | None, *, create: bool
) -> Iterator[Recognition]:
    """Load the networks, then open the gallery of a state folder. Raises InputError when it has none and
    none is to be made; ModelError, GalleryError."""
    _require(state, create)
    # Imported here: listing people needs neither OpenCV nor the networks.
    from kith.vision.pipeline import open_analyzer

    analyzer = open_analyzer(models or models_dir(), settings.vision)
    point = load_operating_point(calibration_dir() / "operating_point.toml", analyzer.model_id)
    with Gallery.open(gallery_file(state), analyzer.model_id) as gallery:
        yield Recognition(analyzer=analyzer, gallery=gallery, point=point)


def open_people(state: Path) -> Gallery:
    """Open the gallery without any network, to list, rename and forget. Raises InputError when the folder
    has none; GalleryError."""
    _require(state, create=False)
    return Gallery.open(gallery_file(state), None)


def open_things(state: Path) -> Gallery:
    """As `open_people`, and able to tell which things were taught by another kind of looks than today's.
    Raises ModelMissing too."""
    _require(state, create=False)
    return Gallery.open(gallery_file(state), None, thing_network())


def none_yet(state: Path) -> bool:
    """Whether a folder holds no gallery, nor a backup of one; False where it cannot be looked into."""
    readable = state.is_dir() and os.access(state, os.R_OK | os.X_OK)
    return not state.exists() or (readable and not any(state.glob(f"{gallery_file(state).name}*")))


def thing_network() -> str | None:
    """The kind of looks that things are taught by; None where its figures cannot be read. Raises
    ModelMissing where there are no figures at all."""
    try:
        table = tomllib.loads((calibration_dir() / THING_FIGURES).read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError):
        return None
    model_id = table.get("model_id")
    return model_id if isinstance(model_id, str) else None


def _require(state: Path, create: bool) -> None:
    # A damaged or lost file with a backup beside it is the gallery's own business.
    if not create and not any(state.glob(f"{gallery_file(state).name}*")):
        raise InputError(
            f"there is no gallery in {state}; name the right folder with --data, or make one with "
            f"`kith people add`"
        )
