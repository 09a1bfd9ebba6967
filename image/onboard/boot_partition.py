"""Writing to the boot partition: FAT, read-only all day, which any computer must read after any cut.

FAT has no journal. What is written here is therefore either a new file that nothing needs yet, or a change
within one sector of a file that stays where it is (`slots.py`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from .device import OnboardError, Places, Run


@contextmanager
def writable(places: Places, run: Run) -> Iterator[Path]:
    """The boot partition's folder, to be written to until the block ends. Raises OnboardError where it is
    not mounted or cannot be written to."""
    folder = places.boot
    found = run(["mount", "-o", "remount,rw", str(folder)], b"")
    if found.status:
        raise OnboardError(f"the boot partition cannot be written to: {found.output}")
    try:
        yield folder
    finally:
        run(["sync", "-f", str(folder)], b"")
        run(["mount", "-o", "remount,ro", str(folder)], b"")


def put(path: Path, content: bytes, *, sync: Callable[[int], None] = os.fsync) -> None:
    """The file has this content, or what it had before, whenever the power is cut.

    A name of its own for each attempt: after a cut in the middle of renaming, two names may lead to the same
    clusters, and to write to or remove one of them would then spoil the other.
    """
    handle, name = _new_file(path)
    try:
        os.write(handle, content)
        sync(handle)
    finally:
        os.close(handle)
    name.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        sync(folder)
    finally:
        os.close(folder)


def _new_file(path: Path) -> tuple[int, Path]:
    for number in range(100):
        name = path.with_name(f"{path.name}.{number}")
        try:
            return os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), name
        except FileExistsError:
            continue
    raise OnboardError(f"{path.name}: too many files of broken attempts beside it")
