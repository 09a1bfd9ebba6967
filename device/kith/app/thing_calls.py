"""The things that the wearer wants to be told of unasked: looked for, and called out."""

from __future__ import annotations

from collections.abc import Iterable

from kith.announce.inventory import things_sentences
from kith.announce.phrasing import Piece
from kith.app.known_things import KnownThings
from kith.app.surroundings import Objects, Surroundings
from kith.clock import NS_PER_MS
from kith.config import Settings
from kith.recognition.thing_watch import ThingWatch
from kith.types import Announcement, Band, Phrase, SeenThing, Sighting

_REST = 3
"""A survey that nobody asked for is followed by so many times its time without one: a slow processor is to
look for people most of the time."""


class ThingCalls:
    """Belongs to the core. things: None where there are none."""

    def __init__(self, settings: Settings, things: KnownThings | None, around: Surroundings) -> None:
        self._things, self._around = things, around
        self._max_age_ns = settings.announce.ambient_max_age_ms * NS_PER_MS
        self._interval_ns = settings.things.announce_interval_ms * NS_PER_MS
        self._watch = ThingWatch(self._interval_ns)
        self._telling: tuple[Announcement, tuple[int, ...]] | None = None
        self._told: tuple[int, ...] = ()

    def saw(self, sighting: Sighting, now_ns: int) -> None:
        """Show it what was seen; while there is nothing to call out, nothing is looked for."""
        if sighting.survey is not None:
            took_ns = now_ns - sighting.captured_ns
            self._watch.interval_ns = max(self._interval_ns, (1 + _REST) * took_ns)
            self._watch.saw(sighting.survey.things, sighting.captured_ns)
        wanted = self._around.objects is Objects.FITTED and bool(self._watched)
        self._around.perception.survey_interval_ns = self._watch.interval_ns if wanted else None

    def named(self, seen: Iterable[SeenThing]) -> list[tuple[Piece, SeenThing]]:
        """With how their names are heard; none of what was forgotten meanwhile."""
        things = self._things
        if things is None:
            return []
        voices = [(things.voice_of(thing.thing_id), thing) for thing in seen]
        return [(voice, thing) for voice, thing in voices if voice is not None]

    def answered(self, announcement: Announcement, thing_ids: tuple[int, ...], now_ns: int) -> None:
        """An answer tells of these: they are not called out as well."""
        self._telling = announcement, tuple(each for each in thing_ids if self._is_known(each))
        self._told = self._watch.told([each for each in thing_ids if each in self._watched], now_ns)

    def named_in(self, announcement: Announcement) -> tuple[int, ...]:
        """Whether an announcement that begins is one of things: of which."""
        telling = self._telling
        return telling[1] if telling is not None and telling[0] is announcement else ()

    def next_ambient(self, now_ns: int) -> Announcement | None:
        """One announcement of all things that have come into view; it is taken."""
        news = self._watch.news(self._watched, now_ns)
        parts = things_sentences(self.named(news))
        if not parts:
            return None
        told = tuple(thing.thing_id for thing in news)
        self._told = self._watch.told(told, now_ns)
        announcement = Announcement(
            key="things",
            phrase=Phrase(parts=parts),
            earcon=None,
            band=Band.AMBIENT,
            expires_ns=now_ns + self._max_age_ns,
        )
        self._telling = announcement, told
        return announcement

    def ended(self, announcement: Announcement, *, missed: bool) -> None:
        """An announcement is over. missed: it was not heard to its end, and not because the wearer wanted
        quiet."""
        if self._telling is not None and self._telling[0] is announcement:
            told, self._telling, self._told = self._told, None, ()
            if missed:
                self._watch.untold(told)

    def forget(self) -> None:
        """The camera was closed."""
        self._watch.forget()

    def _is_known(self, thing_id: int) -> bool:
        return self._things is not None and self._things.voice_of(thing_id) is not None

    @property
    def _watched(self) -> frozenset[int]:
        return frozenset() if self._things is None else self._things.announced
