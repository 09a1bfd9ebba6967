"""Files that the user asked for."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from kith.errors import InputError


def check_output(path: Path) -> None:
    """Raise InputError now, rather than after a long run, if a file of this name cannot be written."""
    folder = path.absolute().parent
    if not folder.is_dir():
        raise InputError(f"cannot write {path}: there is no folder {folder}")
    if path.is_dir():
        raise InputError(f"cannot write {path}: it is a folder")
    if not os.access(path if path.exists() else folder, os.W_OK):
        raise InputError(f"cannot write {path}: permission denied")


def check_apart(
    outputs: Mapping[str, Path], video: Path | None, photos: Path | None, scene: Path | None = None
) -> None:
    """Raise InputError if two outputs are one file, or one would destroy what camera and range sensors are
    to see.

    outputs: by the name of their option. Links are followed.
    """
    inputs = {video: "the video that is to be seen", scene: "the scene of the range sensors"}
    taken = {path.resolve(): name for path, name in inputs.items() if path is not None}
    for option, path in outputs.items():
        real = path.resolve()
        other = taken.get(real) or next((name for seen, name in taken.items() if _one_file(seen, real)), None)
        if other is not None:
            raise InputError(f"{option} {path} would overwrite {other}; give it another name")
        if photos is not None and photos.resolve() in real.parents:
            raise InputError(f"{option} {path} lies among the photos that are to be seen; write it elsewhere")
        taken[real] = f"what {option} writes"


def _one_file(path: Path, other: Path) -> bool:
    return path.exists() and other.exists() and path.samefile(other)


def write_output(path: Path, content: bytes) -> None:
    """Write a file. Raises InputError with the reason."""
    try:
        path.write_bytes(content)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from error
