"""What Kith is to say for a program that has no voice: an empty file, named by the line's key."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

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
                (self.places.root / FOLDER / key).touch()
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
