"""Files that the user asked for."""

from __future__ import annotations

import os
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


def write_output(path: Path, content: bytes) -> None:
    """Write a file. Raises InputError with the reason."""
    try:
        path.write_bytes(content)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from error
