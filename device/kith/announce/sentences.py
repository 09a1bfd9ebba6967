"""Text that comes piece by piece, cut into sentences that a voice can speak. Pure."""

from __future__ import annotations

import re
import unicodedata

LONGEST_WORDS = 30
"""A sentence without an end is cut after so many words; †: some twelve seconds of speech, and what plays for
longer than `LONGEST_PLAY_NS` counts as broken."""
LONGEST_WORD = 40
"""Characters. What is longer is no word but code, and a voice would spell it: it is left out."""

_SHORT = re.compile(
    r"approx|apt|ave|bldg|ca|capt|cf|co|dept|dr|etc|ext|figs?|fr|ft|gen|gov|hrs?|inc|jr|lt|ltd|max|messrs|min|"
    r"mr|mrs|ms|mt|nr|nos?|pl|pp|prof|qty|rd|ref|rev|sgt|sr|st|tel|temp|tsp|vol|vs",
    re.IGNORECASE,
)
"""Abbreviations that a name or a number follows, more often than a new sentence."""
_CLOSERS = "\"')]}»”’*_`"
_BREAKS = ",;:–—"
_DEGREE = "°"

_MARKED = re.compile(r"<\|[^|<>\n]{0,40}\|>|</?[a-zA-Z][^<>\n]{0,200}>")
_LINK = re.compile(r"!?\[([^\[\]\n]*)\]\([^()\s]*\)")
_ADDRESS = re.compile(r"\b(?:https?|ftp)://(?:[^\s/@]*@)?([^\s/:?#]+)[^\s]*", re.IGNORECASE)
_LINE_HEAD = re.compile(r"^\s*(?:#{1,6}\s+|>\s*|[-*+•]\s+)+")
_MARKUP = re.compile(r"[*`~|{}\[\]\\^#<>=]|(?<!\w)_+|_+(?!\w)")


class Sentences:
    """Feed it with `more` as text comes, and with `end`. How the text was cut into pieces makes no
    difference to the sentences."""

    def __init__(self, most_words: int) -> None:
        """most_words: of all sentences together. They end with the last that is heard whole; a first one that
        is longer is cut after so many words."""
        self._most_words = most_words
        self._words = 0
        self._text = ""
        self._at_line_start = True
        self._full = False

    @property
    def full(self) -> bool:
        """Whether there was more than may be said."""
        return self._full

    def more(self, text: str) -> list[str]:
        """The sentences that are complete now."""
        if self._full:
            return []
        self._text += text.replace("\r", "\n")
        made: list[str] = []
        while not self._full and (end := self._next_cut()) is not None:
            made += self._take(end)
        return made

    def end(self, *, whole: bool) -> list[str]:
        """No more comes. whole: it was all told; else its last word may be half a word, and is left out."""
        if not whole:
            self._text = self._text[: _last_gap(self._text)]
        return self.more("\n")

    def _take(self, end: int) -> list[str]:
        piece, self._text = self._text[:end], self._text[end:]
        sentence = plain(piece, at_line_start=self._at_line_start)
        self._at_line_start = piece.endswith("\n")
        words = len(sentence.split())
        if self._words + words <= self._most_words:
            self._words += words
            return [sentence] if words else []
        self._full = True
        return [] if self._words else [" ".join(sentence.split()[: self._most_words])]

    def _next_cut(self) -> int | None:
        """Where the first sentence of the text ends, None while that is not known. What follows the first
        character of a gap decides nothing: it may not have come yet."""
        words = 0
        last_break: int | None = None
        for gap in re.finditer(r"\s+", self._text):
            if gap.start() > 0 and not gap.group().startswith("\n"):
                words += 1
                word = self._text[: gap.start()].rsplit(maxsplit=1)[-1]
                if self._ends_sentence(word, first=words == 1):
                    return gap.start() + 1
                if word[-1] in _BREAKS and words > LONGEST_WORDS // 3:
                    last_break = gap.start() + 1
                if words == LONGEST_WORDS:
                    return last_break or gap.start() + 1
            if "\n" in gap.group():
                return gap.start() + gap.group().index("\n") + 1
        return None

    def _ends_sentence(self, word: str, *, first: bool) -> bool:
        bare = word.rstrip(_CLOSERS)
        if not bare or bare[-1] not in ".!?…":
            return False
        stem = bare.rstrip(".").lstrip("\"'([{«“‘*_`")
        if bare[-1] != "." or bare.endswith(".."):
            return True
        if first and self._at_line_start and stem.isdigit():
            return False  # the number of a line in a list
        initial = len(stem) == 1 and stem.isalpha() and stem not in "aI"
        letters = "." in stem and not stem[0].isdigit()  # e.g. and the like
        return not (initial or letters or _SHORT.fullmatch(stem))


def plain(text: str, *, at_line_start: bool = True) -> str:
    """A text as it is spoken: without markup, emoji, control characters and what a voice would spell."""
    text = _LINK.sub(r"\1", _MARKED.sub(" ", text))
    text = _ADDRESS.sub(r"\1", text)
    if at_line_start:
        text = _LINE_HEAD.sub("", text)
    text = "".join(_spoken(each) for each in _MARKUP.sub(" ", text))
    words = [word for word in text.split() if len(word) <= LONGEST_WORD]
    sentence = re.sub(r" +([,.;:!?…])", r"\1", " ".join(words))
    return sentence if any(map(str.isalnum, sentence)) else ""


def _spoken(character: str) -> str:
    if character == _DEGREE:
        return character
    kind = unicodedata.category(character)
    if kind in ("Cf", "Cs", "Co", "Cn", "Me") or unicodedata.name(character, "").startswith("VARIATION"):
        return ""
    return " " if kind in ("So", "Sk", "Cc", "Zl", "Zp", "Zs") else character


def _last_gap(text: str) -> int:
    gap = re.search(r"\S*\Z", text)
    return gap.start() if gap else 0
