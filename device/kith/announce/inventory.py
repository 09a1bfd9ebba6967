"""What is here besides people, in words: known things, then objects by kind. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from kith.announce.callouts import direction
from kith.announce.phrasing import Piece, capital, join, number
from kith.types import SeenObject, SeenThing, Spoken

_CUP, _TABLE = ("a cup", "cups"), ("a table", "tables")

OBJECTS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "person": ("a person", "people"),
        "bicycle": ("a bicycle", "bicycles"),
        "stationary bicycle": ("an exercise bike", "exercise bikes"),
        "laptop": ("a laptop", "laptops"),
        "chair": ("a chair", "chairs"),
        "cattle": ("a cow", "cows"),
        "desk": _TABLE,
        "table": _TABLE,
        "cat": ("a cat", "cats"),
        "dog": ("a dog", "dogs"),
        "computer mouse": ("a computer mouse", "computer mice"),
        "computer monitor": ("a screen", "screens"),
        "box": ("a box", "boxes"),
        "mug": _CUP,
        "coffee cup": _CUP,
        "bottle": ("a bottle", "bottles"),
        "book": ("a book", "books"),
        "camera": ("a camera", "cameras"),
        "car": ("a car", "cars"),
        "vehicle": ("a vehicle", "vehicles"),
    }
)
"""One and several of each of the detector's classes. Two that it gives to the same object have the same
words. A class that is not here is not told of: shoes are found on the feet of everybody who stands there."""

PLACES: Final = MappingProxyType({"left": "on the left", "ahead": "in front", "right": "on the right"})
"""Where an object is, by the word for its direction."""

NEAR: Final = "near"


def kind_of(label: str) -> str | None:
    """What objects of a class count as; None: they are not told of."""
    words = OBJECTS.get(label)
    return None if words is None else words[1]


def inventory(
    people: Sequence[Piece],
    things: Sequence[tuple[Piece, SeenThing]],
    objects: Sequence[SeenObject],
    most: int,
) -> tuple[Piece, ...]:
    """ "Anna, ahead, two metres. Keys, right, near. A chair on the left, two cups in front."

    people: what is said of them, whole sentences or nothing; things: each with how its name is heard;
    objects: largest first. Objects of one kind in one place are told together, and at most so many kinds and
    places. Empty where there is nothing.
    """
    sentences = (people, things_sentences(things), _objects_sentence(objects, most))
    return join(piece for sentence in sentences if sentence for piece in (*sentence, Spoken(text=" ")))


def things_sentences(things: Sequence[tuple[Piece, SeenThing]]) -> tuple[Piece, ...]:
    """ "Keys, right, near. Bag, left." Empty for none. How far off is not said, but that it is near."""
    pieces: list[Piece] = []
    for voice, thing in things:
        where = f", {direction(thing.bearing_deg)}" + (f", {NEAR}" if thing.near else "")
        pieces += [voice, Spoken(text=f"{where}. ")]
    return join(pieces)


def _objects_sentence(objects: Sequence[SeenObject], most: int) -> list[Piece]:
    counts: dict[tuple[tuple[str, str], str], int] = {}
    for seen in objects:
        words = OBJECTS.get(seen.label)
        if words is not None:
            group = (words, direction(seen.bearing_deg))
            counts[group] = counts.get(group, 0) + 1
    told = [
        f"{one if count == 1 else f'{number(count)} {several}'} {PLACES[where]}"
        for ((one, several), where), count in list(counts.items())[:most]
    ]
    return [Spoken(text=f"{capital(', '.join(told))}.")] if told else []
