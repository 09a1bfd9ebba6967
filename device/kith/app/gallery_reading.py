"""The gallery as the core reads it again when it has changed, and what people and things share there."""

from __future__ import annotations

import logging
from collections.abc import Callable

from kith.announce.recording import read_recording
from kith.errors import GalleryError, InputError
from kith.recognition.gallery import Gallery
from kith.types import I16, Person, Recorded, Spoken, Take

_LOG = logging.getLogger(__name__)


class GalleryReading:
    """One gallery and who must know when it changes. Belongs to the thread that opened it."""

    def __init__(self, gallery: Gallery) -> None:
        self.gallery = gallery
        self._readers: list[Callable[[], None]] = []
        self._version: tuple[int, int] | None = None
        self._told: type[GalleryError] | None = None

    def join(self, read: Callable[[], None]) -> None:
        """Have `read` called now, and after every change. Raises what it raises."""
        self.refresh()
        read()
        self._readers.append(read)

    def refresh(self) -> None:
        """Take over what changed, whoever changed it: a carer may work on the gallery at the same time."""
        version = self.gallery.version
        if version == self._version:
            return
        for read in self._readers:
            read()
        self._version = version

    def refresh_if_possible(self) -> None:
        """Take over what changed; where the gallery cannot be read now, what was known before is used."""
        try:
            self.refresh()
        except GalleryError as error:
            # Tried every few seconds: each kind of error is told once until it works again.
            if type(error) is not self._told:
                _LOG.error("the gallery could not be read again: %s", type(error).__name__)
            self._told = type(error)
        else:
            self._told = None


class Known:
    """The entries of one kind, by id; `_entries` is its owner's to fill."""

    def __init__(self, reading: GalleryReading) -> None:
        self.reading = reading
        self._gallery = reading.gallery
        self._entries: dict[int, Person] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def refresh(self) -> None:
        """As `GalleryReading.refresh`: for people and things at once. Raises GalleryError."""
        self.reading.refresh()

    def refresh_if_possible(self) -> None:
        """As `GalleryReading.refresh_if_possible`: for people and things at once."""
        self.reading.refresh_if_possible()

    def everybody(self) -> tuple[Person, ...]:
        """All, by name."""
        return tuple(self._entries.values())

    def name_of(self, person_id: int) -> str | None:
        """The name, None for what was forgotten."""
        person = self._entries.get(person_id)
        return None if person is None else person.name

    def voice_of(self, person_id: int) -> Spoken | Recorded | None:
        """How the name is heard: the wearer's own recording where there is one."""
        person = self._entries.get(person_id)
        if person is None:
            return None
        if person.name_recording is not None:
            return Recorded(text=person.name, path=person.name_recording)
        return Spoken(text=person.name)

    def take_of(self, person_id: int) -> Spoken | Take | None:
        """How the name is heard, to be said once its recording may be gone."""
        self.refresh_if_possible()  # a carer may have renamed them a moment ago
        voice = self.voice_of(person_id)
        if not isinstance(voice, Recorded):
            return voice
        try:
            samples = read_recording(voice.path)
        except InputError as error:
            _LOG.warning("%s; it is spoken instead", error)
            return Spoken(text=voice.text)
        return Take(text=voice.text, samples=samples[:, 0])

    def drop_looks(self, person_id: int, looks: tuple[int, ...]) -> None:
        """Forget these looks again. Raises GalleryError, InputError."""
        self._gallery.drop_templates(person_id, looks)
        self.refresh_if_possible()

    def set_recording(self, person_id: int, recording: I16 | None) -> None:
        """How the name sounds from now on. Raises GalleryError."""
        self._gallery.set_recording(person_id, recording)
        self.refresh_if_possible()

    def forget(self, person_id: int) -> str | None:
        """Forget someone, or something; the name, or None for who is gone already. Raises GalleryError."""
        self.refresh()  # a carer may have given the name to someone else a moment ago
        name = self.name_of(person_id)
        if name is not None:
            self._gallery.forget_person(person_id)
            self._entries.pop(person_id, None)
            self.refresh_if_possible()
        return name
