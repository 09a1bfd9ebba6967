"""What is on a card whose plug was pulled: of what it had not yet been told to keep, any part may be lost.

QEMU logs each write (its blklogwrites, in the kernel's dm-log-writes form). A card that says "written" may
still hold the block in its own memory until it is told to flush. So of everything before the last flush all
is there, and of what came after it each write is there or not, by chance.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from image import ImageError

_MAGIC = 0x6A736677736872
_SUPER, _ENTRY = struct.Struct("<QQQI"), struct.Struct("<QQQQ")
_FLUSH, _FUA, _DISCARD = 1, 2, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One entry of a log. at: where on the card its bytes go; content_at: where they are in the log."""

    at: int
    size: int
    flags: int
    content_at: int

    @property
    def flushes(self) -> bool:
        """Whether all writes before it are now kept."""
        return bool(self.flags & _FLUSH)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """What became of the writes of a start. lost: of those after the last flush."""

    writes: int
    unflushed: int
    lost: int


def new_log(path: Path) -> Path:
    """An empty log for QEMU to write to."""
    path.write_bytes(b"")
    return path


def entries(log: Path) -> list[Write]:
    """All of a log, in their order. Raises ImageError where it is torn before the last flush it tells of."""
    with log.open("rb") as file:
        head = file.read(_SUPER.size)
        if len(head) < _SUPER.size:
            return []
        magic, _, least, sector = _SUPER.unpack(head)
        if magic != _MAGIC:
            raise ImageError("QEMU's log of writes is none")
        found = list(_entries(file, sector))
    if len(found) < least:
        raise ImageError(f"QEMU's log of writes ends after {len(found)} of {least}")
    return found


def lose(card: Path, before: Path, log: Path, chance: random.Random) -> Cut:
    """Make `card` what it would be after the cut: `before`, as it was when it was switched on, and the writes
    of the log, but for some of those after the last flush. `before` is used up."""
    found = entries(log)
    kept_to = max((place for place, each in enumerate(found) if each.flushes), default=-1)
    lost = 0
    with before.open("r+b") as target, log.open("rb") as source:
        for place, each in enumerate(found):
            if place > kept_to and not each.flags & _FUA and chance.random() < 0.5:
                lost += each.size > 0
                continue
            _apply(each, source, target)
    before.replace(card)
    return Cut(writes=len(found), unflushed=len(found) - 1 - kept_to, lost=lost)


def _apply(write: Write, source: BinaryIO, target: BinaryIO) -> None:
    if not write.size or write.flags & _DISCARD:
        # What was discarded may be anything; what it was before will do.
        return
    source.seek(write.content_at)
    target.seek(write.at)
    target.write(source.read(write.size))


def _entries(file: BinaryIO, sector: int) -> Iterator[Write]:
    at = sector
    while True:
        file.seek(at)
        raw = file.read(_ENTRY.size)
        if len(raw) < _ENTRY.size or not any(raw):
            return
        start, count, flags, _ = _ENTRY.unpack(raw)
        size = count * sector
        yield Write(at=start * sector, size=size, flags=flags, content_at=at + sector)
        at += sector + (0 if flags & _DISCARD else size)
