"""The SD card image of a Kith: how it is built, what runs in it beside Kith, how it is tried in QEMU.

`python3 -m image build` makes it. What runs here is kept to the standard library: a maintainer's machine
needs root, mmdebstrap and the repository.
"""

from __future__ import annotations

from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
"""The folder that holds `image`, `device`, `systemd` and the rest."""
CACHE_DIR = REPOSITORY / ".cache" / "image"
"""What is downloaded or made once: the tools tree, packages, wheels, a maintainer's development keys."""
OUTPUT_DIR = REPOSITORY / "build" / "image"
"""What a build gives."""


class ImageError(Exception):
    """The image cannot be built or tried as things are; the message says what to do about it."""
