"""The gallery as the core uses it: names at hand, and a matcher that is always of the newest templates."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime

import numpy as np

from kith.announce.recording import read_recording
from kith.config import LearningSettings, Settings
from kith.errors import GalleryError, InputError
from kith.recognition.expiry import Expiry, due
from kith.recognition.gallery import Gallery
from kith.recognition.learning import far_above
from kith.recognition.matcher import Matcher
from kith.recognition.operating_point import FUSED_LOOKS, OperatingPoint
from kith.types import I16, Embedding, Outcome, Person, Recorded, Spoken, Take

_LOG = logging.getLogger(__name__)


def wall_clock() -> datetime:
    """The time by the wall clock, in UTC, which may have jumped."""
    return datetime.now(UTC)


class KnownPeople:
    """Belongs to the core's thread, as the gallery does. on_matcher is given each new matcher; now: the time
    by the wall clock."""

    def __init__(
        self,
        gallery: Gallery,
        point: OperatingPoint,
        on_matcher: Callable[[Matcher], None],
        settings: Settings,
        now: Callable[[], datetime] = wall_clock,
    ) -> None:
        self._gallery, self._point, self._on_matcher = gallery, point, on_matcher
        self._correction, self._expiry, self._now = settings.correction, settings.expiry, now
        self._people: dict[int, Person] = {}
        self._version: tuple[int, int] | None = None
        self._told: type[GalleryError] | None = None
        self.refresh()

    def __len__(self) -> int:
        return len(self._people)

    @property
    def restored(self) -> bool:
        """The gallery was damaged and came from its backup."""
        return self._gallery.restored

    @property
    def obstacle(self) -> GalleryError | None:
        """Why nobody new can be kept, or None."""
        return self._gallery.obstacle

    def refresh(self) -> None:
        """Take over what changed, whoever changed it: a carer may work on the gallery at the same time."""
        version = self._gallery.version
        if version == self._version:
            return
        self._people = {person.person_id: person for person in self._gallery.people()}
        self._on_matcher(Matcher(self._gallery.templates(), self._point, self._gallery.counterexamples()))
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

    def name_of(self, person_id: int) -> str | None:
        """The name, None for someone forgotten."""
        person = self._people.get(person_id)
        return None if person is None else person.name

    def voice_of(self, person_id: int) -> Spoken | Recorded | None:
        """How the name is heard: the wearer's own recording where there is one."""
        person = self._people.get(person_id)
        if person is None:
            return None
        if person.name_recording is not None:
            return Recorded(text=person.name, path=person.name_recording)
        return Spoken(text=person.name)

    def everybody(self) -> tuple[Person, ...]:
        """All, by name."""
        return tuple(self._people.values())

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

    def add(self, embeddings: tuple[Embedding, ...], recording: I16 | None) -> Person:
        """Keep someone new who just agreed, under a made name and as it was said. Raises GalleryError,
        InputError."""
        person = self._gallery.add_person(
            None, embeddings, self._now(), recording=recording, met_on=self._today()
        )
        self._people[person.person_id] = person
        self.refresh_if_possible()
        return person

    def add_looks(self, person_id: int, embeddings: tuple[Embedding, ...]) -> tuple[int, ...]:
        """Keep more looks of somebody; what `drop_looks` needs. Raises GalleryError, InputError."""
        looks = self._gallery.add_templates(person_id, embeddings, met_on=self._today())
        self.refresh_if_possible()
        return looks

    def drop_looks(self, person_id: int, looks: tuple[int, ...]) -> None:
        """Forget these looks of somebody again. Raises GalleryError, InputError."""
        self._gallery.drop_templates(person_id, looks)
        self.refresh_if_possible()

    def set_recording(self, person_id: int, recording: I16 | None) -> None:
        """How the name sounds from now on. Raises GalleryError."""
        self._gallery.set_recording(person_id, recording)
        self.refresh_if_possible()

    def mark_wrong(self, person_id: int, look: Embedding) -> int:
        """This look is not that person; how often that was said of them since they were enrolled last. 0 for
        somebody forgotten meanwhile. Raises GalleryError."""
        self.refresh()
        if person_id not in self._people:
            return 0
        marks = self._gallery.mark_wrong(person_id, look, self._correction.max_marks)
        self.refresh_if_possible()
        return marks

    def unmark(self, person_id: int) -> None:
        """Take the newest mark of somebody back. Raises GalleryError."""
        self._gallery.unmark_last(person_id)
        self.refresh_if_possible()

    def met(self, person_ids: Iterable[int]) -> None:
        """They were named, enrolled or are to be kept today. Written at most once a day. Raises
        GalleryError."""
        day = self._today()
        new = [i for i in person_ids if (one := self._people.get(i)) and one.met_on != day.isoformat()]
        if new:
            self._gallery.met(new, day)
            self.refresh_if_possible()

    def expiry(self) -> Expiry:
        """Who was not met for long."""
        return due(self.everybody(), self._today(), self._expiry)

    def told_of_expiry(self, person_ids: Iterable[int]) -> None:
        """The wearer was told so of these. Raises GalleryError."""
        self._gallery.told_of_expiry(person_ids, self._today())
        self.refresh_if_possible()

    @property
    def track_threshold(self) -> float:
        """The least score of a name by the looks of a track together."""
        return self._point.threshold_for(len(self._people), FUSED_LOOKS)

    def vouches_for(self, person_id: int, embedding: Embedding, settings: LearningSettings) -> bool:
        """Whether the enrolled templates alone, without any learnt, name this look as that person's and no
        template there is nearly the same. Raises GalleryError."""
        enrolled = Matcher(
            self._gallery.templates(learnt=False), self._point, self._gallery.counterexamples()
        ).identify(embedding)
        named = enrolled.outcome is Outcome.KNOWN and enrolled.person_id == person_id
        if not named or not far_above(enrolled, self.track_threshold, settings):
            return False
        everything = self._gallery.templates()
        mine = everything.vectors[everything.person_ids == person_id]
        return float(np.max(mine @ embedding.vector)) < settings.max_likeness

    def learn(self, person_id: int, embedding: Embedding, at_most: int) -> None:
        """Keep a further template of someone enrolled. Raises GalleryError."""
        self._gallery.learn(person_id, embedding, at_most)
        self.refresh_if_possible()

    def unlearn(self, person_id: int) -> None:
        """Drop every template of theirs that nobody enrolled. Raises GalleryError."""
        if self._gallery.unlearn(person_id):
            self.refresh_if_possible()

    def forget(self, person_id: int) -> str | None:
        """Forget someone; their name, or None if they are gone already. Raises GalleryError."""
        self.refresh()  # a carer may have given the name to someone else a moment ago
        name = self.name_of(person_id)
        if name is not None:
            self._gallery.forget_person(person_id)
            self._people.pop(person_id, None)
            self.refresh_if_possible()
        return name

    def _today(self) -> date:
        return self._now().date()
