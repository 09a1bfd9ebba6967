"""The root tree as a compressed, read-only file system."""

from __future__ import annotations

from pathlib import Path

from image import ImageError
from image.build.card import ROOT_BYTES
from image.build.workshop import Source, Workshop

_LEVEL = "6"
"""10 s of work for 183 MB; 15 takes ten times as long for 169 MB, and the card has room."""


def build_root(shop: Workshop, source: Source) -> Path:
    """The squashfs; all times are the source's, so the same tree gives the same bytes."""
    made = shop.work / "root.squashfs"
    made.unlink(missing_ok=True)
    time = str(source.epoch_s)
    packed = [
        "-comp",
        "zstd",
        "-Xcompression-level",
        _LEVEL,
        "-b",
        "128K",
        "-no-xattrs",
        "-no-progress",
        "-quiet",
    ]
    times = ["-mkfs-time", time, "-all-time", time]
    shop.tools.run(["mksquashfs", str(shop.root), str(made), "-noappend", *packed, *times])
    if made.stat().st_size > ROOT_BYTES:
        raise ImageError(f"the root has {made.stat().st_size} bytes, its partition only {ROOT_BYTES}")
    return made
