"""What SQLite and the system say of the gallery's file, in our words."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kith.errors import GalleryCorrupt, GalleryError, GalleryFull

_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_UNREADABLE = {sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ}
_NOT_WRITABLE = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH}
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_ENOUGH_BYTES = 64 * 1024
"""SQLite needs a shared-memory file of 32 KiB before it can do anything."""


class GalleryNotWritable(GalleryError):
    """The file may be readable, but cannot be changed."""


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn errors of SQLite and the system into a GalleryError that names the file."""
    try:
        yield
    except sqlite3.ProgrammingError:
        raise  # a mistake of ours, not of the file
    except sqlite3.Error as error:
        raise _from_sqlite(error, path) from None  # its text may hold what a row held
    except OSError as error:
        raise _from_system(error, path) from error


def obstacle_of(path: Path) -> GalleryError | None:
    """Why a file could not be changed now, as far as that can be told without trying, or None."""
    if _disk_is_full(path):
        return _full(path)
    if not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
        return _not_writable(path)
    return None


def corrupt(path: Path, why: str) -> GalleryCorrupt:
    """The error for a damaged file that no backup can replace."""
    return GalleryCorrupt(
        f"{path} cannot be read ({why}) and there is no sound backup beside it; "
        f"move both away and enrol the people again with `kith people add`"
    )


def _from_sqlite(error: sqlite3.Error, path: Path) -> GalleryError:
    code: int | None = getattr(error, "sqlite_errorcode", None)
    if code is None:  # text that is not UTF-8
        return corrupt(path, "a text in it is damaged")
    primary = code & 0xFF
    if primary in _DAMAGE or code in _UNREADABLE:
        return corrupt(path, "its pages are damaged")
    if primary in _BUSY:
        return GalleryError(f"another program keeps {path} busy; try again when it has ended")
    if primary == sqlite3.SQLITE_FULL:
        return _full(path)
    return _without_room(error.sqlite_errorname, primary, path)


def _without_room(what: str, primary: int, path: Path) -> GalleryError:
    # Where there is no room for its journal, SQLite says that it cannot open, or that reading failed.
    if _disk_is_full(path):
        return _full(path)
    if primary in _NOT_WRITABLE:
        return _not_writable(path)
    return GalleryError(f"cannot use {path}: SQLite says {what}")


def _from_system(error: OSError, path: Path) -> GalleryError:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return _full(path)
    if error.errno in {errno.EROFS, errno.EACCES, errno.EPERM}:
        return _not_writable(path)
    return GalleryError(f"cannot use {path}: {error.strerror}")


def _full(path: Path) -> GalleryFull:
    return GalleryFull(f"the disk that holds {path} is full: nothing was changed; make room and try again")


def _not_writable(path: Path) -> GalleryNotWritable:
    return GalleryNotWritable(
        f"{path} cannot be written: nothing was changed; check who owns {path.parent} and that its disk is "
        f"not mounted read-only"
    )


def _disk_is_full(path: Path) -> bool:
    try:
        status = os.statvfs(path.parent)
    except OSError:
        return False
    return status.f_bavail * status.f_frsize < _ENOUGH_BYTES
