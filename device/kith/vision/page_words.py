"""What was read, as it is told: what is not sure is left out and said to be missing. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

UNCLEAR = "something unclear"
CUT_OFF = "cut off"

SURE = 0.6
"""A word is told when the network is so sure of its least sure letter; docs/reading.md has the figures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadWord:
    """A word, and how sure the network is of the least sure of its letters, 0..1."""

    text: str
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLine:
    """A line as it was read. cut_before, cut_after: it goes on beyond the picture's edge. follows: it may be
    the next line of the paragraph before."""

    words: tuple[ReadWord, ...]
    cut_before: bool = False
    cut_after: bool = False
    follows: bool = False


class PageWords:
    """Feed it lines in reading order; what it gives, put together, is the text. A line ends a sentence unless
    the next one runs on."""

    def __init__(self) -> None:
        self._before = ""

    def line(self, line: ReadLine) -> str:
        """What this line adds to the text."""
        told = _told(line)
        if not told or (told == [UNCLEAR] and self._before.endswith(UNCLEAR)):
            return ""
        text = _joined(told)
        before, self._before = self._before, text
        if not before:
            return text
        whole = told[0] not in (UNCLEAR, CUT_OFF) and not before.endswith((UNCLEAR, CUT_OFF))
        runs_on = line.follows and text[0].islower() and whole
        return (" " if runs_on else "\n") + text


def _told(line: ReadLine) -> list[str]:
    told = [CUT_OFF] if line.cut_before else []
    for word in line.words:
        if is_sure(word):
            told.append(word.text)
        elif _has_letters(word.text) and told[-1:] not in ([UNCLEAR], [CUT_OFF]):
            told.append(UNCLEAR)
    if not any(piece not in (UNCLEAR, CUT_OFF) for piece in told):
        return [UNCLEAR] if told else []
    if line.cut_after:
        told = [*(told[:-1] if told[-1] == UNCLEAR else told), CUT_OFF]
    return told


def is_sure(word: ReadWord) -> bool:
    """Whether a word may be told: well read, and of letters that the voice knows."""
    return word.score >= SURE and all(_is_latin(letter) for letter in word.text)


def _is_latin(letter: str) -> bool:
    return not letter.isalpha() or unicodedata.name(letter, "").startswith(("LATIN", "FEMININE", "MASCULINE"))


def _has_letters(text: str) -> bool:
    return any(map(str.isalnum, text))


def _joined(told: Sequence[str]) -> str:
    text = ""
    for before, piece in zip(["", *told], told, strict=False):
        apart = {before, piece} & {UNCLEAR, CUT_OFF}
        text += ("" if not before else ", " if apart else " ") + piece
    return text
