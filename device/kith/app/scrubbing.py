"""The last net under what leaves the device: names, people's paths and serial numbers are taken out of text.

What is scrubbed ought to hold none of them in the first place.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path

NAME = "[name]"

_PLAIN_PLACES = ("/boot", "/data", "/dev", "/etc", "/opt", "/proc", "/run", "/sys", "/usr", "/var")
"""A path under one of these says nothing of whose device it is."""
_LONG = 5
"""A name of so many letters is taken out also where it is a part of a longer word, and the whole word with
it: of "akowalski" nothing is left. A shorter one is a part of too many words."""
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"/(?:home|root|Users|mnt|media|srv|tmp)/[^\s'\";,:)\]]+"), "[path]"),
    (re.compile(r"(?<=by-id/)[^\s'\";,:)\]]+"), "[id]"),
    (re.compile(r"(?<![\w@.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), "[mail]"),
    (re.compile(r"\b[0-9A-Fa-f]{2}(?:[:_-][0-9A-Fa-f]{2}){5,7}\b"), "[mac]"),
    (re.compile(r"\b[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}\b"), "[id]"),
    (re.compile(r"\b[0-9A-Fa-f]{32}\b"), "[id]"),
    # Of eight groups, or with a gap: neither a time of day nor a USB address is one.
    (re.compile(r"(?<![\w:])[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{1,4}){7}(?![\w:])"), "[ip]"),
    (re.compile(r"(?<![\w:])(?=[0-9A-Fa-f:]*::)[0-9A-Fa-f:]*[0-9A-Fa-f](?![\w:])"), "[ip]"),
    (re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])"), "[ip]"),
    (re.compile(r"(?i)(serial(?:[ _]?(?:number|no|nr))?\s*[:=]\s*)\S+"), r"\1[serial]"),
)
_LABEL = r"\[[a-z ]+\]"
_RUN = re.compile(rf"{_LABEL}|[^\W\d_]+")
_AMID_A_SENTENCE = re.compile(r"[a-z,] $")

_WORDS = """
    a about after again ahead all allowed also am an and any april are art as at august back be been before
    began bell bill but by can case chance charge christian clay cliff close closed code cold come count dale
    dawn day days dean december did do does done down drew duke each earl end ends error ever failed faith
    false february first for forest found frank free friday from gene general get gives glen go good grant guy
    had hand hardware has have he heath her here high him his home hope how i if ii iii in into is it its jack
    january job joy july june just kernel king kith known lane last less light line link long low march mark
    marked marks max may me mine missing monday more most much my name names never new no none north not
    november now number october of off ok old on one only or other our out over page parker part people person
    pin pins port power president queen ray reads real red res rich rise rob robin rod root rose run runs said
    saturday say see self september serial service set she sky so sound speaker state stone stop sue summer
    sunday than that the them then there they this thursday time to too true tuesday two under up us use user
    van very victor violet von wade walker was way we wednesday well west when who will with wolf wood woods
    work works would year yes you young your
"""
_EVERYDAY = frozenset(_WORDS.split())
"""Words that stand in logs of themselves and are somebody's name, too, or a part of it."""


class Scrubber:
    """Takes out what a text may not hold. The same text always gives the same text."""

    def __init__(self, names: Iterable[str] = (), words: Mapping[str, str] | None = None) -> None:
        """names: of people. words: what else is taken out, each with what takes its place, as
        {"/home/me": "[home]"}; a place is written in brackets, in small letters."""
        self._replaced = 0
        self._runs: set[str] = set()
        self._everyday: set[str] = set()
        literals: set[str] = set()
        for name in names:
            self._learn(unicodedata.normalize("NFC", name), literals)
        self._literals = _any_of(literals)
        long = {run for run in self._runs if len(run) >= _LONG}
        self._long = _any_of(long) if long else None
        self._words = {key.casefold(): value for key, value in (words or {}).items() if key.strip()}
        self._any_word = _any_of(self._words, alone=True)

    @property
    def replaced(self) -> int:
        """How many names were taken out so far."""
        return self._replaced

    def scrub(self, text: str) -> str:
        """The text without them.

        A name that is an everyday word ("May", "Will") is only taken out where it stands as a name does:
        with a capital, amid a sentence. Taken out everywhere, the gaps would spell it.
        """
        text = unicodedata.normalize("NFC", text)
        text = self._any_word.sub(lambda match: self._words[match[0].casefold()], text)
        for pattern, instead in _PATTERNS:
            text = pattern.sub(instead, text)
        text, count = self._literals.subn(lambda match: NAME, text)
        self._replaced += count
        return _RUN.sub(self._run, text)

    def _learn(self, name: str, literals: set[str]) -> None:
        parts = [part for part in re.split(r"[^\w]+|_", name) if not part.isdigit()]
        for spelt in {name, _folded(name)}:
            if len(parts) > 1:
                literals.add(spelt)
        for part in {*parts, *map(_folded, parts), _folded("".join(parts))}:
            key = part.casefold()
            if not part.isascii():
                literals |= {part, unicodedata.normalize("NFD", part), *_escaped(part)}
            elif key in _EVERYDAY or key.removesuffix("s") in _EVERYDAY:
                self._everyday.add(key)
            elif len(key) > 1 and key.isalpha():
                self._runs.add(key)
            elif len(key) > 1:
                literals.add(part)

    def _run(self, match: re.Match[str]) -> str:
        run = match[0]
        key = run.casefold()
        before = match.string[max(0, match.start() - 2) : match.start()]
        everyday = key in self._everyday and run.istitle() and _AMID_A_SENTENCE.search(before)
        if run.startswith("[") or not (everyday or self._is_name(run, key)):
            return run
        self._replaced += 1
        return NAME

    def _is_name(self, run: str, key: str) -> bool:
        if key in self._runs or key.removesuffix("s") in self._runs:
            return True
        if any(part.casefold() in self._runs for part in re.findall(r"[A-Z][a-z]+|^[a-z]+|[A-Z]+", run)):
            return True
        return self._long is not None and key not in _EVERYDAY and bool(self._long.search(key))


def whereabouts(**places: Path | None) -> dict[str, str]:
    """For a Scrubber: paths that say whose device it is, by what they are called instead."""
    words = {}
    for called, place in places.items():
        for path in () if place is None else {place, place.absolute()}:
            if path.parts[1:] and not str(path).startswith(_PLAIN_PLACES):
                words[str(path)] = f"[{called}]"
    return words


def _any_of(texts: Iterable[str], *, alone: bool = False) -> re.Pattern[str]:
    """Any of these, in upper or lower case, the longest first; nothing at all where there are none. alone:
    not within a longer word."""
    ordered = sorted(texts, key=len, reverse=True)
    pattern = "|".join(map(re.escape, ordered)) or r"(?!)"
    return re.compile(rf"(?<!\w)(?:{pattern})(?!\w)" if alone else pattern, re.IGNORECASE)


def _folded(text: str) -> str:
    """Without accents."""
    apart = unicodedata.normalize("NFD", text)
    return "".join(char for char in apart if unicodedata.category(char) != "Mn")


def _escaped(text: str) -> set[str]:
    """As other programs write it who do not know its script."""
    as_bytes = "".join(chr(byte) if byte < 128 else f"\\x{byte:02x}" for byte in text.encode())
    return {as_bytes, ascii(text)[1:-1], json.dumps(text)[1:-1]}
