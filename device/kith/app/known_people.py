"""The gallery as the core uses it: names at hand, and a matcher that is always of the newest templates."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime

import numpy as np

from kith.app.gallery_reading import GalleryReading, Known
from kith.config import LearningSettings, Settings
from kith.errors import GalleryError
from kith.recognition.expiry import Expiry, due
from kith.recognition.gallery import Gallery
from kith.recognition.learning import far_above
from kith.recognition.matcher import Matcher
from kith.recognition.operating_point import FUSED_LOOKS, OperatingPoint
from kith.types import I16, Embedding, Outcome, Person


def wall_clock() -> datetime:
    """The time by the wall clock, in UTC, which may have jumped."""
    return datetime.now(UTC)


class KnownPeople(Known):
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
        super().__init__(GalleryReading(gallery))
        self._point, self._on_matcher = point, on_matcher
        self._correction, self._expiry, self._now = settings.correction, settings.expiry, now
        self.reading.join(self._read)

    @property
    def restored(self) -> bool:
        """The gallery was damaged and came from its backup."""
        return self._gallery.restored

    @property
    def obstacle(self) -> GalleryError | None:
        """Why nobody new can be kept, or None."""
        return self._gallery.obstacle

    def add(self, embeddings: tuple[Embedding, ...], recording: I16 | None) -> Person:
        """Keep someone new who just agreed, under a made name and as it was said. Raises GalleryError,
        InputError."""
        person = self._gallery.add_person(
            None, embeddings, self._now(), recording=recording, met_on=self._today()
        )
        self._entries[person.person_id] = person
        self.refresh_if_possible()
        return person

    def add_looks(self, person_id: int, embeddings: tuple[Embedding, ...]) -> tuple[int, ...]:
        """Keep more looks of somebody; what `drop_looks` needs. Raises GalleryError, InputError."""
        looks = self._gallery.add_templates(person_id, embeddings, met_on=self._today())
        self.refresh_if_possible()
        return looks

    def mark_wrong(self, person_id: int, look: Embedding) -> int:
        """This look is not that person; how often that was said of them since they were enrolled last. 0 for
        somebody forgotten meanwhile. Raises GalleryError."""
        self.refresh()
        if person_id not in self._entries:
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
        new = [i for i in person_ids if (one := self._entries.get(i)) and one.met_on != day.isoformat()]
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
        return self._point.threshold_for(len(self._entries), FUSED_LOOKS)

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

    def _read(self) -> None:
        self._entries = {person.person_id: person for person in self._gallery.people()}
        self._on_matcher(Matcher(self._gallery.templates(), self._point, self._gallery.counterexamples()))

    def _today(self) -> date:
        return self._now().date()
