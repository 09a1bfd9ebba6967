"""What somebody wrote into the settings in words of their own: it may be anybody's name."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from typing import Any

from kith.drivers.sound_cards import cards

_PLAIN = re.compile(r"/dev/video\d+|KEY_[A-Z0-9_]+|[a-z]{2,3}(?:-[a-zA-Z]{2,4})?|")
"""A camera, a key, a language, nothing: none says whose device it is."""
_SOUND = """
    audio card default dev device front headphone headphones headset hw jack mic pipewire plughw pulse speaker
    sysdefault usb
"""
_SOUND_WORDS = frozenset(_SOUND.split())


def without_free_text(settings: Any) -> dict[str, Any]:
    """Settings as a table. Text that somebody wrote says "[set]", but for what is known to be a device's own
    name."""
    told: dict[str, Any] = {}
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        if dataclasses.is_dataclass(value):
            told[field.name] = without_free_text(value)
        else:
            told[field.name] = "[set]" if _is_free(field, value) else value
    return told


def free_texts(settings: Any) -> Iterator[str]:
    """What `without_free_text` leaves out."""
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        if dataclasses.is_dataclass(value):
            yield from free_texts(value)
        elif _is_free(field, value):
            yield value


def _is_free(field: dataclasses.Field[Any], value: object) -> bool:
    known = "allowed" in field.metadata or value == field.default
    return isinstance(value, str) and not known and not _is_plain(value)


def _is_plain(text: str) -> bool:
    if _PLAIN.fullmatch(text):
        return True
    here = {word for card in cards() for word in re.findall(r"\w+", f"{card.short} {card.name}".lower())}
    words = set(re.findall(r"\w+", text.lower()))
    return bool(words) and all(word.isdigit() or word in _SOUND_WORDS | here for word in words)
