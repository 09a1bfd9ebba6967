"""What a narrator is shown of a picture, and the names that it is not told."""

from __future__ import annotations

import re
from collections.abc import Callable

from kith.announce.phrasing import Piece, join
from kith.app.known_people import KnownPeople
from kith.app.narrating import Shown
from kith.ports import Subject
from kith.types import BoxPx, Picture, PictureFace, Sighting, Spoken

_MARK = "Person {}"
_MARKED = re.compile(r"\bPerson (\d+)\b(?:\s?(['’]s)\b)?", re.IGNORECASE)
"""A mark, and whether what follows is theirs."""


def as_it_is(sighting: Sighting) -> Shown | None:
    """The whole frame, for a narrator that runs on the device; None where none was asked for. Whose faces are
    in it is not known: no narrator elsewhere takes it."""
    return None if sighting.rgb is None else Shown(subject=Subject(rgb=sighting.rgb))


class Showing:
    """For a narrator elsewhere: people who are known for sure, and whom the very picture shows, are told by
    marks, whose names Kith puts in; every other face is hidden. identity_of: whom a track is taken for, None
    while that is open; hides: False where the wearer wants all faces shown."""

    def __init__(
        self, people: KnownPeople, identity_of: Callable[[int], tuple[int, ...] | None], *, hides: bool
    ) -> None:
        self._people, self._identity_of, self._hides = people, identity_of, hides

    def seen(self, sighting: Sighting) -> Shown | None:
        """The same of a sighting; None where it has no picture, whatever else it has."""
        return None if sighting.picture is None else self.show(sighting.picture)

    def show(self, picture: Picture) -> Shown:
        """See there. The names are those that hold now: somebody forgotten meanwhile has one no longer."""
        hide: list[BoxPx] = []
        known: list[tuple[str, BoxPx]] = []
        person_ids: list[int] = []
        for face in sorted(picture.faces, key=lambda face: face.box.center_x):
            person_id = self._sure(face)
            if person_id is None:
                hide.append(face.box)
            else:
                person_ids.append(person_id)
                known.append((_MARK.format(len(person_ids)), face.box))
        subject = Subject(rgb=picture.rgb, hide=tuple(hide) if self._hides else (), known=tuple(known))
        return Shown(subject=subject, named=lambda sentence: self._named(sentence, person_ids))

    def _sure(self, face: PictureFace) -> int | None:
        """Its person. A track alone is not enough: a stranger may have stepped into it."""
        if face.track_id is None or face.looks_like is None:
            return None
        sure = self._identity_of(face.track_id) == (face.looks_like,)
        return face.looks_like if sure and self._people.name_of(face.looks_like) else None

    def _named(self, sentence: str, person_ids: list[int]) -> tuple[Piece, ...]:
        """The sentence with names in the place of marks; a mark that nobody has stays what it is. An 's goes
        with a name that is spoken; after one that is played it would stand alone, and is left out."""
        pieces: list[Piece] = []
        at = 0
        for mark in _MARKED.finditer(sentence):
            number = int(mark[1])
            voice = self._people.voice_of(person_ids[number - 1]) if 0 < number <= len(person_ids) else None
            name = voice or Spoken(text=_MARK.format(number))
            theirs = mark[2] or ""
            pieces.append(Spoken(text=sentence[at : mark.start()]))
            pieces.append(Spoken(text=name.text + theirs) if isinstance(name, Spoken) else name)
            at = mark.end()
        return join((*pieces, Spoken(text=sentence[at:])))
