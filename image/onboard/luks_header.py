"""What a partition holds, read without any tool: blank, ours and finished, begun, or somebody else's."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

FINISHED = "kith-data"
"""The label in the LUKS header of a data partition that was once finished; it is written last of all."""
BEGUN = "kith-new"
"""The label until then."""
BLANK_BYTES = 4 << 20
"""So much is read to call a partition blank: more than both copies of the largest header."""
_COPIES = ((0, b"LUKS\xba\xbe"), (0x4000, b"SKUL\xba\xbe"))
"""The header's two copies as luksFormat writes them: offset in bytes, and how each begins."""
_LABEL = slice(24, 72)

Content = Literal["blank", "finished", "begun", "other"]


def content_of(node: Path) -> Content:
    """What is on the partition. Raises OSError where it cannot be read."""
    with node.open("rb") as partition:
        head = partition.read(BLANK_BYTES)
    labels = {
        head[at + _LABEL.start : at + _LABEL.stop].rstrip(b"\0").decode("ascii", "replace")
        for at, magic in _COPIES
        if head[at:].startswith(magic)
    }
    if FINISHED in labels:
        return "finished"
    if BEGUN in labels:
        return "begun"
    return "other" if head.strip(b"\0") else "blank"
