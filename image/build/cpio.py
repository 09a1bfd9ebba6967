"""The archive that an initrd is, written so that the same files always give the same bytes."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

_TRAILER = "TRAILER!!!"


def pack(folder: Path) -> bytes:
    """All files below `folder` in the kernel's `newc` format: sorted, of root, of the time 0."""
    parts = []
    for number, path in enumerate(_sorted(folder), start=1):
        status = path.lstat()
        content = _content(path, status.st_mode)
        name = str(path.relative_to(folder))
        parts.append(entry(name, mode=_mode(status.st_mode), content=content, number=number))
    parts.append(entry(_TRAILER, mode=0, content=b"", number=0))
    return _padded(b"".join(parts), 512)


def entry(name: str, *, mode: int, content: bytes, number: int) -> bytes:
    """One file of the archive: header, name and content, each padded to four bytes."""
    encoded = name.encode() + b"\0"
    # Number, mode, owner, group, links, time, size, four device numbers, name's size, checksum (unused).
    fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(encoded), 0)
    head = b"070701" + b"".join(f"{field:08X}".encode() for field in fields)
    return _padded(head + encoded, 4) + _padded(content, 4)


def _sorted(folder: Path) -> Iterator[Path]:
    # A folder comes before what is in it.
    yield from sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).parts)


def _content(path: Path, mode: int) -> bytes:
    if stat.S_ISLNK(mode):
        return str(path.readlink()).encode()
    return path.read_bytes() if stat.S_ISREG(mode) else b""


def _mode(mode: int) -> int:
    # Whatever the builder's umask was.
    if stat.S_ISLNK(mode):
        return stat.S_IFLNK | 0o777
    rights = 0o755 if stat.S_ISDIR(mode) or mode & 0o100 else 0o644
    return stat.S_IFMT(mode) | rights


def _padded(content: bytes, to: int) -> bytes:
    return content + b"\0" * (-len(content) % to)
