"""Between the enrollment machine and the rest: what it wants said, stored, undone."""

from __future__ import annotations

import logging

from kith.announce.callouts import NoView
from kith.announce.words import Phrasebook
from kith.app.events import Event
from kith.app.known_people import KnownPeople
from kith.app.surroundings import Surroundings
from kith.clock import NS_PER_S, Tick
from kith.config import EnrollmentSettings
from kith.enrollment.machine import Enrollment
from kith.enrollment.messages import (
    Attend,
    Begin,
    Cancel,
    Cue,
    Ending,
    EnrollmentEvent,
    Finished,
    Guide,
    Reason,
    Saw,
    Say,
    Store,
    Stored,
    StoreFailed,
)
from kith.errors import GalleryError, GalleryFull, InputError
from kith.types import Announcement, Recorded, Sighting, Spoken

_LOG = logging.getLogger(__name__)
_UNDO_NS = 30 * NS_PER_S
_INTRODUCED_NS = 4 * NS_PER_S


class Enrolling:
    """Each method returns what is to be announced for it."""

    def __init__(
        self, settings: EnrollmentSettings, people: KnownPeople, around: Surroundings, words: Phrasebook
    ) -> None:
        self._machine = Enrollment(settings)
        self._people, self._around, self._words = people, around, words
        self._last: tuple[int, int] | None = None  # whom, and when: may be taken back

    @property
    def active(self) -> bool:
        """Whether someone is being remembered."""
        return self._machine.active

    @property
    def next_deadline_ns(self) -> int | None:
        """When it wants a tick."""
        return self._machine.next_deadline_ns

    def begin(self, no_view: NoView | None, now_ns: int) -> list[Announcement]:
        """Remember the person in front; or say why that cannot be."""
        if no_view is not None and no_view is not NoView.STARTING:
            reason = "paused" if no_view is NoView.PAUSED else "no_camera"
            refusal = self._words.announcement("enroll.refused", now_ns, reason=reason)
            self._tell("rejected", now_ns, text=refusal.phrase.text if refusal.phrase else "", reason=reason)
            return [refusal]
        if self._machine.active:
            return [self._words.announcement("enroll.looking", now_ns)]
        self._tell("enrolling", now_ns, text="looking for a face")
        return self._step(Begin(), now_ns)

    def saw(self, sighting: Sighting, now_ns: int) -> list[Announcement]:
        """Show it what was seen."""
        return self._step(Saw(sighting=sighting), now_ns) if self._machine.active else []

    def tick(self, now_ns: int) -> list[Announcement]:
        """Time has passed."""
        return self._step(Tick(), now_ns) if self._machine.active else []

    def cancel(self, now_ns: int) -> list[Announcement]:
        """Give up what is under way, if anything is."""
        return self._step(Cancel(), now_ns) if self._machine.active else []

    def has_to_take_back(self, now_ns: int) -> bool:
        """Whether someone is being remembered, or was within the last 30 seconds."""
        return self._machine.active or (self._last is not None and now_ns - self._last[1] <= _UNDO_NS)

    def take_back(self, now_ns: int) -> list[Announcement]:
        """Cancel what is under way, else forget whom it remembered within the last 30 seconds."""
        if self._machine.active:
            return self.cancel(now_ns)
        last, self._last = self._last, None
        if last is None or now_ns - last[1] > _UNDO_NS:
            return [self._words.announcement("undo.nothing", now_ns)]
        try:
            name = self._people.forget(last[0])
        except GalleryError:
            _LOG.error("taking back an enrollment failed")
            self._last = last
            return [self._words.announcement("undo.failed", now_ns)]
        if name is None:
            return [self._words.announcement("undo.nothing", now_ns)]
        self._tell("undone", now_ns, person=name)
        return [self._words.announcement("undo.taken_back", now_ns, name=Spoken(text=name))]

    def just_enrolled(self, person_ids: tuple[int, ...], now_ns: int) -> bool:
        """Whether this is the person just remembered, still standing there."""
        return (
            self._last is not None
            and person_ids == (self._last[0],)
            and now_ns - self._last[1] <= _INTRODUCED_NS
        )

    def _step(self, event: EnrollmentEvent, now_ns: int) -> list[Announcement]:
        announcements: list[Announcement] = []
        words = ""
        for command in self._machine.step(event, now_ns):
            match command:
                case Say():
                    said = self._words_for(command, now_ns)
                    announcements.append(said)
                    words = said.phrase.text if said.phrase else ""
                case Cue():
                    self._around.player.cue(command.earcon)
                case Guide():
                    self._around.player.tone(command.tone)
                case Attend():
                    self._around.perception.attentive = command.on
                case Store():
                    announcements += self._step(self._store(command, now_ns), now_ns)
                case Finished():
                    self._finished(command, words, now_ns)
        return announcements

    def _store(self, command: Store, now_ns: int) -> Stored | StoreFailed:
        try:
            person = self._people.add(command.name, command.embeddings)
        except (GalleryError, InputError) as error:
            _LOG.error("an enrollment could not be stored: %s", type(error).__name__)
            full = isinstance(error, GalleryFull)
            return StoreFailed(reason=Reason.DISK_FULL if full else Reason.NOT_STORED)
        self._last = (person.person_id, now_ns)
        self._tell("enrolled", now_ns, person=person.name)
        return Stored(name=person.name)

    def _finished(self, command: Finished, words: str, now_ns: int) -> None:
        if command.ending is Ending.CANCELLED:
            self._tell("cancelled", now_ns, text=words)
        elif command.ending is not Ending.ENROLLED:
            reason = command.reason.value if command.reason else ""
            self._tell("rejected", now_ns, text=words, reason=reason)

    def _words_for(self, say: Say, now_ns: int) -> Announcement:
        name: Spoken | Recorded | None = None if say.name is None else Spoken(text=say.name)
        if say.person_id is not None:
            name = self._people.voice_of(say.person_id)
        return self._words.announcement(
            say.prompt.value,
            now_ns,
            name=name or Spoken(text="someone known"),
            reason=say.reason.value if say.reason else None,
        )

    def _tell(self, kind: str, now_ns: int, **fields: object) -> None:
        self._around.observe(Event(at_ns=now_ns, kind=kind, fields=fields))
