"""What a person may be called."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from kith.errors import InputError
from kith.types import Kind

MAX_NAME_CHARS = 80

_UNSPEAKABLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_JOINERS = "\u200c\u200d"
"""Invisible, but several scripts cannot be written rightly without them."""


def normal_name(raw: str) -> str:
    """The name trimmed, with single spaces and in Unicode's NFC form. Raises InputError when it cannot be a
    name."""
    if any(unicodedata.category(char) in _UNSPEAKABLE and char not in _JOINERS for char in raw.strip()):
        raise InputError("a name must not hold line breaks or other control or invisible characters")
    name = unicodedata.normalize("NFC", " ".join(raw.split()))
    if not name:
        raise InputError("a name must not be empty")
    if len(name) > MAX_NAME_CHARS:
        raise InputError(f"a name may have at most {MAX_NAME_CHARS} characters, this one has {len(name)}")
    if not any(unicodedata.category(char)[0] in "LN" for char in name):
        raise InputError("a name must hold a letter or a digit, else nobody could say it")
    return name


def name_key(name: str) -> str:
    """What two names share when they differ only in upper and lower case, in any script."""
    return unicodedata.normalize("NFC", name.casefold())


def generated_name(kind: Kind, keys: Iterable[str], count: int) -> str:
    """The next "person 3" or "thing 3" beside these name keys, where there are `count` of that kind: a number
    above the count and above every number in use, so it never stands for what is already there."""
    numbers = [int(match[1]) for key in keys if (match := re.fullmatch(rf"{kind} (\d{{1,9}})", key))]
    return f"{kind} {max([count, *numbers]) + 1}"
