"""A memory card: a copy of the image on a bigger card, and what a card reader sees of it."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from image import ImageError
from image.tools_tree import ToolsTree

SECTOR = 512
CARD_BYTES = 4 * 1024**3
"""QEMU's card slots want a power of two, and the image is to find room to grow."""
_TABLE_AT, _ENTRY = 446, struct.Struct("<B3sB3sII")
_CHUNK = 4 * 1024**2


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """One of the four, in bytes from the start of the card."""

    start: int
    size: int


class Card:
    """A card in a file. tools: has mtools."""

    def __init__(self, path: Path, tools: ToolsTree) -> None:
        self.path, self._tools = path, tools

    @classmethod
    def of_image(cls, image: Path, path: Path, tools: ToolsTree) -> Card:
        """A fresh card with the image on it, CARD_BYTES big; takes no more room than the image has."""
        return cls(image, tools).copy(path)

    def copy(self, path: Path) -> Card:
        """Another card of the same content."""
        path.parent.mkdir(parents=True, exist_ok=True)
        command = ["cp", "--sparse=always", "--reflink=auto", str(self.path), str(path)]
        subprocess.run(command, check=True)
        if path.stat().st_size < CARD_BYTES:
            os.truncate(path, CARD_BYTES)
        return Card(path, self._tools)

    def partitions(self) -> list[Partition]:
        """The four of its table, as they are now."""
        with self.path.open("rb") as file:
            table = file.read(SECTOR)
        entries = [_ENTRY.unpack_from(table, _TABLE_AT + 16 * place) for place in range(4)]
        return [Partition(start=each[4] * SECTOR, size=each[5] * SECTOR) for each in entries]

    def read(self, name: str) -> bytes | None:
        """A file of the boot partition; None where there is none."""
        with tempfile.TemporaryDirectory(dir=self.path.parent) as folder:
            target = Path(folder, "file")
            try:
                self._mtools("mcopy", "-n", f"::{name}", str(target))
            except ImageError as error:
                if "not found" in str(error) or "does not exist" in str(error):
                    return None
                raise
            return target.read_bytes()

    def write(self, name: str, content: bytes) -> None:
        """Put a file on the boot partition, as a maintainer's computer does."""
        with tempfile.TemporaryDirectory(dir=self.path.parent) as folder:
            source = Path(folder, "file")
            source.write_bytes(content)
            self.put(name, source)

    def put(self, name: str, source: Path) -> None:
        """As `write`, from a file within the repository."""
        self._mtools("mcopy", "-o", str(source), f"::{name}")

    def delete(self, name: str) -> None:
        """Take a file of the boot partition away."""
        self._mtools("mdel", f"::{name}")

    def names(self, folder: str = "") -> list[str]:
        """What the boot partition, or a folder of it, holds."""
        listed = self._mtools("mdir", "-b", f"::{folder}").splitlines()
        return sorted(each.removeprefix("::/").strip("/") for each in listed if each.startswith("::"))

    def finds(self, marker: bytes, partition: Partition) -> bool:
        """Whether these bytes are anywhere on a partition."""
        return any(marker in chunk for chunk in self._chunks(partition, len(marker) - 1))

    def head(self, partition: Partition, size: int) -> bytes:
        """Its first bytes."""
        with self.path.open("rb") as file:
            file.seek(partition.start)
            return file.read(size)

    def overwrite(self, at: int, content: bytes) -> None:
        """Write bytes anywhere on the card."""
        with self.path.open("r+b") as file:
            file.seek(at)
            file.write(content)

    def set_entry(self, number: int, entry: bytes) -> None:
        """Replace an entry (1 to 4) of the partition table."""
        self.overwrite(_TABLE_AT + 16 * (number - 1), entry.ljust(16, b"\0"))

    def remove(self) -> None:
        """Delete the file."""
        self.path.unlink(missing_ok=True)

    def _chunks(self, partition: Partition, overlap: int) -> Iterator[bytes]:
        end, before = partition.start + partition.size, b""
        with self.path.open("rb") as file:
            at = partition.start
            while at < end:
                # A hole in the file holds nothing.
                try:
                    at = max(at, os.lseek(file.fileno(), at, os.SEEK_DATA))
                except OSError:
                    return
                if at >= end:
                    return
                file.seek(at)
                chunk = file.read(min(_CHUNK, end - at))
                if not chunk:
                    return
                yield before + chunk
                before, at = chunk[-overlap:], at + len(chunk)

    def _mtools(self, command: str, *arguments: str) -> str:
        offset = self.partitions()[0].start
        return self._tools.run([command, "-i", f"{self.path}@@{offset}", *arguments])


def free_bytes(folder: Path) -> int:
    """How much room there is for cards."""
    return shutil.disk_usage(folder).free
