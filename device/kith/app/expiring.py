"""People who were not met for long: the wearer is told once, and they go where the settings say so."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from kith.announce.words import Phrasebook
from kith.app.known_people import KnownPeople
from kith.app.reporter import Reporter
from kith.app.speaking import Speaking
from kith.clock import NS_PER_S
from kith.errors import GalleryError
from kith.recognition.votes import Ids
from kith.types import Announcement, Spoken

_LOG = logging.getLogger(__name__)
_EVERY_NS = 3600 * NS_PER_S
_FIRST_NS = 20 * NS_PER_S
"""Not in the greeting, nor to whoever stands there at the start."""


class Expiring:
    """Belongs to the core."""

    def __init__(
        self, people: KnownPeople, words: Phrasebook, speech: Speaking, report: Reporter, now_ns: int
    ) -> None:
        self._people, self._words, self._speech, self._report = people, words, speech, report
        self._telling: tuple[Announcement, tuple[int, ...]] | None = None
        self._due_ns = now_ns + _FIRST_NS

    @property
    def next_deadline_ns(self) -> int:
        """When it wants a tick."""
        return self._due_ns

    def met(self, identities: Iterable[Ids]) -> None:
        """These names were heard. "Anna or Beth" is a meeting with neither."""
        try:
            self._people.met([ids[0] for ids in identities if len(ids) == 1])
        except GalleryError as error:
            # Said again at the next meeting; the day counts, not the minute.
            _LOG.warning("a meeting could not be noted: %s", type(error).__name__)

    def ended(self, announcement: Announcement, heard: bool) -> None:
        """An announcement is over. Only who was told of by a notice that was heard counts as told; of the
        others it is told again within the hour."""
        if self._telling is None or self._telling[0] is not announcement:
            return
        _, person_ids = self._telling
        self._telling = None
        if heard:
            try:
                self._people.told_of_expiry(person_ids)
            except GalleryError as error:
                _LOG.error("that somebody was told of could not be noted: %s", type(error).__name__)

    def tick(self, now_ns: int) -> None:
        """Time has passed."""
        if now_ns < self._due_ns:
            return
        self._due_ns = now_ns + _EVERY_NS
        try:
            self._look(now_ns)
        except GalleryError as error:
            # Nothing is lost: it is tried again within the hour.
            _LOG.error("who was not met for long could not be noted: %s", type(error).__name__)

    def _look(self, now_ns: int) -> None:
        self._people.refresh_if_possible()
        expiry = self._people.expiry()
        for person_id in expiry.forget:
            name = self._people.take_of(person_id)
            if name is None or self._people.forget(person_id) is None:
                continue  # a carer was first
            self._report.tell("forgotten", now_ns, person=name.text)
            self._speech.say("expiry.forgotten", now_ns, name=name)
        if expiry.tell:
            self._report.tell("expired", now_ns, text=f"{len(expiry.tell)} not met for long")
            key = "expiry.one" if len(expiry.tell) == 1 else "expiry.many"
            voice = self._people.voice_of(expiry.tell[0]) or Spoken(text="someone known")
            notice = self._words.announcement(key, now_ns, name=voice, count=len(expiry.tell))
            self._telling = (notice, expiry.tell)
            self._speech.submit(notice, now_ns)
