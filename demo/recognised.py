"""What a speech recogniser hears in a sound that Kith made: PocketSphinx with its own English voice model.

It is told every line that Kith may ever say, never which was said, so it can be wrong. Free English is beyond
it for a synthetic voice: its model was made from people.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kith.announce.words import LINES, Line
from kith.errors import KithError
from kith.types import I16, SAMPLE_RATE_HZ

_BEAMS = (1e-48, 1e-120)
"""How far below the best a path may fall and still be followed: PocketSphinx's own, and a wide one where that
one comes to no end. It says "may I" as an American does, and Kith's voice does not."""
_PATHS = 1000
"""At most so many are followed at once, so that what is no speech takes seconds, not minutes."""
_SILENCE = np.zeros(SAMPLE_RATE_HZ // 4, np.int16)
_OWN = {"kith": "K IH TH"}
_PRONUNCIATIONS = 5

Words = tuple[str, ...]


class NoRecogniser(KithError):
    """The recogniser is not installed."""


def words_of(text: str) -> Words:
    """A text as a recogniser has it: "Tap: no." is tap, no."""
    return tuple(re.findall(r"[a-z']+", text.lower()))


_OF_THE_BOARD = frozenset(
    ("battery", "doctor", "heat", "here", "read", "scene", "storage", "supply", "thing", "things", "update")
)
"""Topics of lines that the demo walk does not hold: a device's parts, and what the optional ones say. The
more lines there are to choose from, the more often a short one is taken for another: with these a name alone
was not understood any more."""
_OF_THINGS = frozenset(("book.entry_anew", "wrong.thing", "wrong.thing_or_person"))
"""Likewise, of other topics."""


def all_lines(names: Sequence[str], *, of_the_board: bool = False) -> Mapping[Words, Line]:
    """Every line that Kith may say, with one of these names where a name belongs; numbers and reasons, which
    vary, are left out. of_the_board: also those of a device's parts, updates and optional parts."""
    filled = {}
    for key, line in LINES.items():
        if not of_the_board and (key in _OF_THINGS or key.partition(".")[0] in _OF_THE_BOARD):
            continue
        for name in names or ("someone",):
            text = re.sub(r"\{[a-zA-Z]+\}", "", line.text.replace("{name}", name))
            if words := words_of(text):
                filled[words] = line
    return filled


class Recogniser:
    """Hears lines of Kith's. names: those that may be heard in them; of_the_board: see all_lines. Raises
    NoRecogniser."""

    def __init__(self, names: Sequence[str] = (), *, of_the_board: bool = False) -> None:
        try:
            from pocketsphinx import Decoder
        except ImportError as error:
            raise NoRecogniser("pocketsphinx is missing: pip install 'kith[heard]'") from error
        english: Any = Decoder(loglevel="FATAL", lm=None)
        lines = sorted(all_lines(names, of_the_board=of_the_board))
        known = _dictionary(english, sorted({word for line in lines for word in line}))
        spoken = {word for word, _ in known}
        self.lines = tuple(line for line in lines if spoken.issuperset(line))
        """Those whose words it can all pronounce."""
        choice = " | ".join(" ".join(line) for line in self.lines)
        with tempfile.TemporaryDirectory(prefix="kith-") as folder:
            words, grammar = Path(folder, "words.dict"), Path(folder, "lines.gram")
            words.write_text("".join(f"{word} {sounds}\n" for word, sounds in known), encoding="utf-8")
            grammar.write_text(f"#JSGF V1.0;\ngrammar kith;\npublic <line> = {choice};\n", encoding="utf-8")
            self._decoders: list[Any] = [
                Decoder(
                    loglevel="FATAL",
                    dict=str(words),
                    jsgf=str(grammar),
                    samprate=float(SAMPLE_RATE_HZ),
                    beam=beam,
                    pbeam=beam,
                    wbeam=beam**0.6,
                    maxhmmpf=_PATHS,
                    # A second look through all it has followed, which takes minutes where that is much.
                    bestpath=False,
                )
                for beam in _BEAMS
            ]

    def hear(self, mono: I16) -> Words:
        """The line in i16[n] at SAMPLE_RATE_HZ, or as much of one as was understood."""
        # Pure zeros have no spectrum to take a logarithm of.
        whole = np.concatenate([_SILENCE, mono, _SILENCE]).astype(np.int32)
        whole += np.random.default_rng(0).integers(-10, 11, len(whole))
        data = np.clip(whole, -32768, 32767).astype(np.int16).tobytes()
        best: Words = ()
        for decoder in self._decoders:
            decoder.start_utt()
            decoder.process_raw(data, full_utt=True)
            decoder.end_utt()
            found = decoder.hyp()
            heard = words_of(found.hypstr) if found else ()
            if heard in self.lines:
                return heard
            best = max(best, heard, key=len)
        return best


def found_of(said: Sequence[str], heard: Sequence[str]) -> int:
    """How many words of `said` are in `heard`, in their order: the longest common subsequence."""
    best = [0] * (len(heard) + 1)
    for word in said:
        before = 0
        for place, other in enumerate(heard, start=1):
            here = best[place]
            best[place] = before + 1 if word == other else max(best[place], best[place - 1])
            before = here
    return best[-1]


def _dictionary(english: Any, words: Sequence[str]) -> list[tuple[str, str]]:
    """Each word, and with a number each other way to say it, with its sounds; without those nobody knows."""
    known = []
    for word in words:
        if sounds := english.lookup_word(word) or _OWN.get(word):
            known.append((word, sounds))
        for number in range(2, _PRONUNCIATIONS + 1):
            if sounds := english.lookup_word(f"{word}({number})"):
                known.append((f"{word}({number})", sounds))
    return known
