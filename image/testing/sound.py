"""What a device said at its sound card: how loud, for how long, and which words a speech recogniser hears.

Needs what `make setup` installs; the rest of the tests does not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from demo.levels import clipped_in, dbfs, mono_of, peak_of
from demo.recognised import Recogniser, found_of
from image import ImageError
from kith.types import I16, SAMPLE_RATE_HZ

_HEADER_BYTES = 44
_AUDIBLE = 200
_PAUSE_S = 0.7
"""Longer than between two sentences of one line, shorter than between two lines."""
_SHORTEST_S = 0.6
"""What is shorter is a sound, not words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What was heard. lines: what the recogniser took each stretch of sound for."""

    length_s: float
    audible_s: float
    peak_dbfs: float
    clipped: int
    lines: tuple[str, ...]

    def share_of(self, text: str) -> float:
        """How much of these words was heard in their order, in the line that is most like them."""
        words = text.lower().replace(".", "").replace(",", "").split()
        return max((found_of(words, line.split()) for line in self.lines), default=0) / len(words)

    def __str__(self) -> str:
        heard = " / ".join(f'"{line}"' for line in self.lines if line) or "no words"
        return f"peak {self.peak_dbfs:.1f} dBFS, {self.clipped} clipped; recognised: {heard}"


def listen(path: Path) -> Said:
    """Listen to what QEMU recorded. Raises ImageError where there is nothing, NoRecogniser."""
    sound = read(path)
    mono, recogniser = mono_of(sound), Recogniser(of_the_board=True)
    stretches = list(stretches_of(mono))
    return Said(
        length_s=len(mono) / SAMPLE_RATE_HZ,
        audible_s=sum(to - since for since, to in stretches) / SAMPLE_RATE_HZ,
        peak_dbfs=dbfs(peak_of(sound)),
        clipped=clipped_in(sound),
        lines=tuple(
            " ".join(recogniser.hear(mono[since:to]))
            for since, to in stretches
            if to - since >= _SHORTEST_S * SAMPLE_RATE_HZ
        ),
    )


def read(path: Path) -> I16:
    """i16[n, 2] of a recording whose header may be unfinished, as a pulled plug leaves it. Raises
    ImageError."""
    try:
        data = path.read_bytes()[_HEADER_BYTES:]
    except OSError as error:
        raise ImageError(f"there is no recording of the sound: {error}") from error
    sound = np.frombuffer(data[: len(data) // 4 * 4], np.int16).reshape(-1, 2)
    if not len(sound):
        raise ImageError("nothing was played")
    return sound


def stretches_of(mono: I16) -> Iterator[tuple[int, int]]:
    """From and to, in samples, of each stretch without a long pause."""
    loud = np.flatnonzero(np.abs(mono.astype(np.int32)) > _AUDIBLE)
    if not len(loud):
        return
    breaks = np.flatnonzero(np.diff(loud) > _PAUSE_S * SAMPLE_RATE_HZ)
    starts, ends = np.append(0, breaks + 1), np.append(breaks, len(loud) - 1)
    yield from ((int(loud[since]), int(loud[to]) + 1) for since, to in zip(starts, ends, strict=True))
