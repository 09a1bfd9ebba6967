"""The files of a slot on the boot partition: kernel, initrd, device trees, command line."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from .boot_partition import put
from .device import OnboardError
from .slots import EXPECTS_DATA, LAST_FILE, PARTITIONS

IN_ROOT = "usr/lib/kith/boot"
"""Where each root holds what belongs into its slot's folder."""
_ROOT_WORD = re.compile(r"^kith\.root=PARTUUID=([0-9a-f]{8})-[0-9a-f]{2}$")


def command_line(text: str, slot: str) -> str:
    """A root's command line for the slot it was written to. Raises OnboardError where it names no root."""
    words, found = [], False
    for word in text.split():
        if root := _ROOT_WORD.match(word):
            found = True
            words.append(f"kith.root=PARTUUID={root.group(1)}-{PARTITIONS[slot]:02x}")
        elif not word.startswith("rauc.slot="):
            words.append(word)
    if not found:
        raise OnboardError("the new system's command line names no root")
    return " ".join([*words, f"rauc.slot={slot.upper()}"]) + "\n"


def fill(root: Path, boot: Path, slot: str, *, expects_data: bool) -> None:
    """Writes a slot's folder from its mounted root; the file that makes it complete comes last, once all else
    is on the card. The slot must be spoilt (`Slots.spoil`). Raises OnboardError, OSError."""
    source, target = root / IN_ROOT, boot / slot
    line = command_line((source / LAST_FILE).read_text(encoding="utf-8"), slot)
    shutil.rmtree(target, ignore_errors=True)
    for path in sorted(source.rglob("*")):
        place = target / path.relative_to(source)
        if path.is_dir():
            place.mkdir(parents=True, exist_ok=True)
        elif path != source / LAST_FILE:
            place.parent.mkdir(parents=True, exist_ok=True)
            _copy(path, place)
    if expects_data:
        put(target / EXPECTS_DATA, b"")
    os.sync()
    put(target / LAST_FILE, line.encode())


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as giver, target.open("wb") as taker:
        shutil.copyfileobj(giver, taker, 1 << 20)
        taker.flush()
        os.fsync(taker.fileno())
