"""How far a long measurement is, on the terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")

_LINE_EVERY_S = 15.0
_REDRAW_EVERY_S = 0.2


def progress(items: Sequence[T], what: str) -> Iterator[T]:
    """The items, while stderr tells how many there still are and how long that will take: one line that is
    written over on a terminal, else a line now and then."""
    shown = sys.stderr.isatty()
    began = last = time.monotonic()
    for done, item in enumerate(items, 1):
        yield item
        now = time.monotonic()
        if now - last >= (_REDRAW_EVERY_S if shown else _LINE_EVERY_S):
            last = now
            left_s = (now - began) / done * (len(items) - done)
            words = f"{what}: {done} of {len(items)}, {left_s:.0f} s left"
            sys.stderr.write(f"\r{words}  " if shown else f"{words}\n")
            sys.stderr.flush()
    if shown:
        sys.stderr.write(f"\r{what}: {len(items)}, took {time.monotonic() - began:.0f} s   \n")
