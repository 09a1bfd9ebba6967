"""What Kith is to say for a program that has no voice: an empty file, named by the line's key."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .device import Places

FOLDER = "run/kith/notices"
"""Kith makes it at its start, and takes a file away once it was said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notices:
    """Kith's folder of notices."""

    places: Places
    sleep: Callable[[float], None] = time.sleep

    def leave(self, key: str, *, wait_s: int = 60) -> bool:
        """Asks for a line; whether it could. wait_s: how long Kith may take to begin."""
        for left in range(wait_s, -1, -1):
            try:
                _leave(self.places.root / FOLDER / key)
            except OSError:
                if left:
                    self.sleep(1.0)
            else:
                return True
        return False

    def said(self, key: str, *, wait_s: int) -> bool:
        """Waits until it was said; whether it was. A device without sound is not waited for longer."""
        for _ in range(wait_s):
            if not (self.places.root / FOLDER / key).exists():
                return True
            self.sleep(1.0)
        return False


def _leave(file: Path) -> None:
    # The folder is Kith's own, and this is root: a link that somebody put there must lead nowhere.
    os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o644))
