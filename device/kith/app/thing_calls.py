"""The things that the wearer wants to be told of unasked: looked for, and called out."""

from __future__ import annotations

from kith.announce.inventory import things_sentences
from kith.app.known_things import KnownThings
from kith.app.surroundings import Objects, Surroundings
from kith.clock import NS_PER_MS
from kith.config import Settings
from kith.recognition.thing_watch import ThingWatch
from kith.types import Announcement, Band, Phrase, Sighting


class ThingCalls:
    """Belongs to the core. things: None where there are none."""

    def __init__(self, settings: Settings, things: KnownThings | None, around: Surroundings) -> None:
        self._things, self._around = things, around
        self._max_age_ns = settings.announce.ambient_max_age_ms * NS_PER_MS
        self._interval_ns = settings.things.announce_interval_ms * NS_PER_MS
        self._watch = ThingWatch(self._interval_ns)
        self._calling: tuple[Announcement, tuple[int, ...]] | None = None

    def saw(self, sighting: Sighting) -> None:
        """Show it what was seen; while there is nothing to call out, nothing is looked for."""
        wanted = self._around.objects is Objects.FITTED and bool(self._watched)
        self._around.perception.survey_interval_ns = self._interval_ns if wanted else None
        if sighting.survey is not None:
            self._watch.saw(sighting.survey.things, sighting.captured_ns)

    def next_ambient(self, now_ns: int) -> Announcement | None:
        """One announcement of all things that have come into view; it is taken."""
        things, news = self._things, self._watch.news(self._watched, now_ns)
        if things is None or not news:
            return None
        voices = [(things.voice_of(thing.thing_id), thing) for thing in news]
        parts = things_sentences([(voice, thing) for voice, thing in voices if voice is not None])
        if not parts:
            return None
        told = tuple(thing.thing_id for thing in news)
        self._watch.told(told, now_ns)
        announcement = Announcement(
            key="things",
            phrase=Phrase(parts=parts),
            earcon=None,
            band=Band.AMBIENT,
            expires_ns=now_ns + self._max_age_ns,
        )
        self._calling = announcement, told
        return announcement

    def ended(self, announcement: Announcement, *, missed: bool) -> None:
        """An announcement is over. missed: it was not heard to its end, and not because the wearer wanted
        quiet."""
        if self._calling is not None and self._calling[0] is announcement:
            told, self._calling = self._calling[1], None
            if missed:
                self._watch.untold(told)

    def forget(self) -> None:
        """The camera was closed."""
        self._watch.forget()

    @property
    def _watched(self) -> frozenset[int]:
        return frozenset() if self._things is None else self._things.announced
