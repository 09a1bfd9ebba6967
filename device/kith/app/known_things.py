"""The things that were taught, as the core uses them: names at hand, and a matcher of the newest looks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

import numpy as np

from kith.app.gallery_reading import GalleryReading, Known
from kith.app.known_people import KnownPeople, wall_clock
from kith.recognition.matcher import TemplateSet
from kith.types import I16, Embedding, Person

Renew = Callable[[TemplateSet, Mapping[int, float]], None]
"""Takes over the templates of all things, and how large each was in the hand, by id."""


class KnownThings(Known):
    """Belongs to the core's thread, as the gallery does. reading: that of the people (`KnownPeople.reading`),
    so that who refreshes either refreshes both. renew is called at first and whenever templates or extents
    changed; never where the gallery was opened without a network for things."""

    def __init__(
        self, reading: GalleryReading, renew: Renew, now: Callable[[], datetime] = wall_clock
    ) -> None:
        super().__init__(reading)
        self._renew, self._now = renew, now
        self._templates: TemplateSet | None = None
        self._extents: Mapping[int, float] = MappingProxyType({})
        self._foreign: frozenset[int] = frozenset()
        """Read after the entries, which a carer may have changed in between."""
        reading.join(self._read)

    @property
    def announced(self) -> frozenset[int]:
        """Of which the wearer is told unasked; none that cannot be found."""
        marked = (thing.person_id for thing in self._entries.values() if thing.announced)
        return frozenset(marked) - self._foreign

    @property
    def to_teach_anew(self) -> frozenset[int]:
        """Those that were taught with another network than today's: they are never found."""
        return self._foreign & self._entries.keys()

    @property
    def extents(self) -> Mapping[int, float]:
        """How large each was in the hand that taught it (`HeldThing.extent`), where that is known."""
        return self._extents

    def add(self, embeddings: tuple[Embedding, ...], extent: float | None, recording: I16 | None) -> Person:
        """Keep a new thing, under a made name and as it was said. Raises GalleryError, InputError."""
        thing = self._gallery.add_thing(
            None, embeddings, extent=extent, recording=recording, taught_at=self._now()
        )
        self._entries[thing.person_id] = thing
        self.refresh_if_possible()
        return thing

    def add_looks(self, thing_id: int, embeddings: tuple[Embedding, ...]) -> tuple[int, ...]:
        """Keep more looks of a thing; what `drop_looks` needs. Raises GalleryError, InputError."""
        looks = self._gallery.add_templates(thing_id, embeddings)
        self.refresh_if_possible()
        return looks

    def set_announced(self, thing_id: int, announced: bool) -> None:
        """Whether the wearer is told of it unasked. Raises GalleryError."""
        self._gallery.set_announced(thing_id, announced)
        self.refresh_if_possible()

    def _read(self) -> None:
        self._entries = {thing.person_id: thing for thing in self._gallery.things()}
        if self._gallery.thing_model_id is None:
            return
        self._foreign = self._gallery.of_another_network()
        templates = self._gallery.thing_templates()
        extents = {key: one.extent for key, one in self._entries.items() if one.extent is not None}
        if self._templates is None or extents != self._extents or not _same(templates, self._templates):
            self._renew(templates, MappingProxyType(extents))
        self._templates, self._extents = templates, MappingProxyType(extents)


@dataclass(frozen=True, slots=True)
class AllKnown:
    """Both kinds, of one gallery. things: None where none are kept."""

    people: KnownPeople
    things: KnownThings | None = None

    def of(self, entry_id: int) -> Known:
        """Whose this id is; of what is gone, the people."""
        is_thing = self.things is not None and self.things.name_of(entry_id) is not None
        return self.things if self.things is not None and is_thing else self.people


def _same(one: TemplateSet, other: TemplateSet) -> bool:
    return np.array_equal(one.person_ids, other.person_ids) and np.array_equal(one.vectors, other.vectors)
