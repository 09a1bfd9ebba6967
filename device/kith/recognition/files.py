"""Files that only their owner may read, written whole and safe from a pulled plug."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kith.errors import GalleryError


def make_private(path: Path) -> None:
    """Create an empty file of mode 0600, or take from others what they may do with an existing one."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
        return
    _give_to_owner(descriptor, path.parent)
    os.close(descriptor)


def make_private_folder(path: Path) -> None:
    """Create a folder of mode 0700 where there is none, or take from others what they may do with it."""
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        if path.stat().st_mode & 0o077:
            path.chmod(0o700)
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _give_to_owner(descriptor, path.parent)
    finally:
        os.close(descriptor)
    sync_folder(path.parent)


def write_private(path: Path, content: bytes) -> None:
    """Write a file of mode 0600 and see it onto the disk. Raises OSError; half a file may then be left."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        _give_to_owner(descriptor, path.parent)
        os.fchmod(descriptor, 0o600)
        file.write(content)
        file.flush()
        os.fsync(descriptor)


def copy_private(source: Path, target: Path) -> None:
    """Copy a file so that the target is there whole or not at all. Raises OSError."""
    staged = target.with_name(target.name + ".new")
    try:
        write_private(staged, source.read_bytes())
        staged.replace(target)
    except OSError:
        staged.unlink(missing_ok=True)
        raise
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """See a folder's names onto the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def folder_lock(folder: Path, timeout_s: float) -> Iterator[None]:
    """Keep other programs of Kith from changing a folder. Raises GalleryError when one holds it too long."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        give_up = time.monotonic() + timeout_s
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > give_up:
                    raise GalleryError(
                        f"another program is changing {folder}; try again when it has ended"
                    ) from None
                time.sleep(0.02)
        yield
    finally:
        os.close(descriptor)


def _give_to_owner(descriptor: int, folder: Path) -> None:
    # A carer with sudo must not lock the daemon's own user out.
    if os.geteuid() == 0:
        owner = folder.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
