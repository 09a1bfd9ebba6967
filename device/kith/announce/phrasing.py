"""Putting phrases together from words and recordings."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping

from kith.types import Recorded, Spoken, Take

Piece = Spoken | Recorded | Take

_NUMBERS = (
    *("zero", "one", "two", "three", "four", "five", "six"),
    *("seven", "eight", "nine", "ten", "eleven", "twelve"),
)
_SLOT = re.compile(r"\{(\w+)\}")


def number(count: int) -> str:
    """A count in words, from thirteen on in digits (which every voice reads)."""
    return _NUMBERS[count] if 0 <= count < len(_NUMBERS) else str(count)


def capital(text: str) -> str:
    """The text with its first letter large."""
    return text[:1].upper() + text[1:]


def fill(template: str, values: Mapping[str, Piece]) -> tuple[Piece, ...]:
    """The pieces of a template whose {slots} take the values. Raises KeyError for a slot without one."""
    pieces: list[Piece] = []
    for index, text in enumerate(_SLOT.split(template)):
        pieces.append(values[text] if index % 2 else Spoken(text=text))
    return join(pieces)


def join(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    """Pieces in a row, so that `Phrase.text` reads the same with and without recordings.

    Words next to each other become one piece, since a voice speaks whole sentences better. Punctuation after
    a recording counts to its text.
    """
    joined: list[Piece] = []
    for piece in pieces:
        last = joined[-1] if joined else None
        if not isinstance(piece, Spoken) or last is None:
            joined.append(piece)
        elif isinstance(last, Spoken):
            joined[-1] = Spoken(text=last.text + piece.text)
        else:
            words = piece.text.lstrip(",.:;?!")
            joined[-1] = dataclasses.replace(
                last, text=last.text + piece.text[: len(piece.text) - len(words)]
            )
            joined.append(Spoken(text=words))
    tidy = (dataclasses.replace(piece, text=piece.text.strip()) for piece in joined)
    return tuple(piece for piece in tidy if piece.text or not isinstance(piece, Spoken))
