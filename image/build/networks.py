"""Which networks the image carries: those it must have, and what else was built."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from image import REPOSITORY, ImageError
from kith.errors import ModelError
from kith.vision.networks import REQUIRED, FileSpec, read_manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """One built file that goes into the image."""

    name: str
    path: Path
    sha256: str
    licence: str


def carried(models: Path = REPOSITORY / "models") -> list[Carried]:
    """The built files, each as the manifest says; ImageError where one is another, or a required one is
    missing. An optional part goes in whole or not at all."""
    try:
        manifest = read_manifest(models)
    except ModelError as error:
        raise ImageError(str(error)) from error
    found = []
    for role, spec in manifest.networks.items():
        if role in REQUIRED or spec.path(models).is_file():
            found += _checked(models, [(spec.model_id, spec)])
    for part in manifest.files.values():
        if all(spec.path(models).is_file() for spec in part.values()):
            found += _checked(models, [(Path(spec.file).stem, spec) for spec in part.values()])
    return found


def _checked(models: Path, specs: Iterable[tuple[str, FileSpec]]) -> list[Carried]:
    found = []
    for name, spec in specs:
        path = spec.path(models)
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != spec.sha256:
            raise ImageError(
                f"{path.name} is not built, or not as models/manifest.toml says; type: make models"
            )
        found.append(Carried(name=name, path=path, sha256=spec.sha256, licence=spec.licence))
    return found
