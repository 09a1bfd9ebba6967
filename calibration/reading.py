"""How well text on signs and labels is read: python -m calibration.reading."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click
import cv2
import matplotlib
import numpy as np

from calibration._progress import progress
from calibration._signs import MANNERS, draw_nothing, draw_sign, usable_fonts
from kith.config import ReadingSettings
from kith.types import U8
from kith.vision.imaging import load_photo
from kith.vision.networks import find_files
from kith.vision.page_reader import read_page
from kith.vision.page_words import CUT_OFF, UNCLEAR
from kith.vision.text_finder import TextFinder, well_lit
from kith.vision.text_reader import TextReader
from models import MODELS_DIR

_WORD = re.compile(r"\w+(?:['.,:]\w+)*")


class Reading:
    """What the child does, here."""

    def __init__(self, longer_side_px: int) -> None:
        files = find_files("reading", MODELS_DIR)
        self._finder = TextFinder(files["finder"], longer_side_px)
        self._reader = TextReader(files["reader"])

    def read(self, rgb: U8) -> str:
        """The text as it is told."""
        rgb = well_lit(rgb)
        return "".join(read_page(rgb, self._finder.find(rgb), self._reader))


@dataclass(slots=True)
class Score:
    """words: that were written, sign by sign; told: that were told; right: of those; letters: written; wrong:
    letters to be put in, taken out or changed; whole: signs without a fault; unclear: signs where something
    was said to be missing."""

    signs: int = 0
    words: list[int] = field(default_factory=list)
    told: list[int] = field(default_factory=list)
    right: list[int] = field(default_factory=list)
    letters: int = 0
    wrong: int = 0
    whole: int = 0
    unclear: int = 0
    cpu_s: list[float] = field(default_factory=list)

    def add(self, lines: Sequence[str], text: str, cpu_s: float) -> None:
        """One sign: what is written there, and what was told."""
        said = text.replace(UNCLEAR, " ").replace(CUT_OFF, " ")
        written, told = Counter(_words(" ".join(lines))), Counter(_words(said))
        there, here = " ".join(_words(" ".join(lines))), " ".join(_words(said))
        self.signs += 1
        self.words.append(written.total())
        self.told.append(told.total())
        self.right.append((written & told).total())
        self.letters += len(there)
        self.wrong += min(_changes(there, here), len(there))
        self.whole += there == here
        self.unclear += UNCLEAR in text
        self.cpu_s.append(cpu_s)

    def row(self) -> str:
        """For the table."""
        whole = f"{self.whole} of {self.signs}"
        return (
            f"{_rate(self.right, self.words)} | {_rate(self.right, self.told)} | "
            f"{100 * self.wrong / max(self.letters, 1):.1f} | {whole} | {self.unclear} | "
            f"{sum(self.cpu_s) / max(len(self.cpu_s), 1):.2f}"
        )


@click.command()
@click.argument("pictures", nargs=-1, type=click.Path(path_type=Path, exists=True))
@click.option(
    "--fonts", multiple=True, type=click.Path(path_type=Path, exists=True), help="Folders of fonts."
)
@click.option("--signs", type=click.IntRange(min=1), default=60, show_default=True, help="Of each manner.")
@click.option("--side", type=int, default=ReadingSettings().picture_px, show_default=True)
def main(pictures: tuple[Path, ...], fonts: tuple[Path, ...], signs: int, side: int) -> None:
    """Measure what is read of drawn signs, and print what is read in PICTURES."""
    cv2.setNumThreads(1)
    reading = Reading(side)
    for file in pictures:
        print(f"{file.name}: {reading.read(load_photo(file))!r}")
    if not pictures:
        _measure(reading, fonts or (Path(matplotlib.get_data_path()) / "fonts",), signs)


def _measure(reading: Reading, folders: Sequence[Path], signs: int) -> None:
    fonts = usable_fonts(folders)
    print(f"{len(fonts)} fonts, {signs} signs of each manner\n")
    print(
        "| seen | words read, % | right of those told, % | letters wrong, % | signs without fault | "
        "something unclear | CPU s |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- |")
    every = Score()
    for manner in MANNERS:
        score = Score()
        for seed in progress(range(signs), manner.name):
            sign = draw_sign(manner, fonts, seed)
            began_s = time.process_time()
            text = reading.read(sign.rgb)
            cpu_s = time.process_time() - began_s
            score.add(sign.lines, text, cpu_s)
            every.add(sign.lines, text, cpu_s)
        print(f"| {manner.name} | {score.row()} |", flush=True)
    print(f"| all | {every.row()} |\n")
    texts = [reading.read(draw_nothing(seed)) for seed in progress(range(signs), "nothing")]
    print(f"of {signs} backgrounds without a sign something was told of {sum(map(bool, texts))}")


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _changes(one: str, other: str) -> int:
    """Levenshtein's distance."""
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        last, row = row, [i]
        for j, there in enumerate(other, 1):
            row.append(min(last[j] + 1, row[-1] + 1, last[j - 1] + (letter != there)))
    return row[-1]


def _rate(hits: Sequence[int], trials: Sequence[int]) -> str:
    """With the middle 95 % of what signs drawn anew from these would give: words of one sign fare alike."""
    of, drawn = np.array([hits, trials]), np.random.default_rng(0)
    anew = of[:, drawn.integers(len(hits), size=(2000, len(hits)))].sum(axis=2)
    low, high = np.quantile(anew[0] / np.maximum(anew[1], 1), (0.025, 0.975))
    share = sum(hits) / max(sum(trials), 1)
    return f"{100 * share:.1f} ({100 * low:.1f} to {100 * high:.1f})"


if __name__ == "__main__":
    main()
