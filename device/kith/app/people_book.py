"""The book: how the device does, and people and things one by one, by ear."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable

from kith.announce.phrasing import Piece
from kith.announce.tour import TourState, tour
from kith.announce.words import Phrasebook
from kith.app.known_things import AllKnown
from kith.app.name_taking import NameTaking
from kith.app.prompts import Prompts
from kith.app.reporter import Reporter
from kith.app.stepper import Stepper
from kith.clock import Tick
from kith.config import QuestionSettings
from kith.errors import GalleryError, InputError
from kith.interaction.book import Book
from kith.interaction.messages import (
    Announce,
    BookCommand,
    BookEvent,
    Cancel,
    Closed,
    Done,
    Entry,
    Forget,
    Keep,
    NameGiven,
    NoMicrophone,
    OpenBook,
    PromptEnded,
    Rename,
    Say,
    Teach,
    Tell,
)
from kith.types import I16, Announcement, Gesture, PlaybackResult, Spoken

_LOG = logging.getLogger(__name__)


class PeopleBook:
    """Belongs to the core. state: how the device does at a time, and whether people or things follow."""

    def __init__(
        self,
        questions: QuestionSettings,
        known: AllKnown,
        prompts: Prompts,
        naming: NameTaking,
        report: Reporter,
        words: Phrasebook,
        state: Callable[[int, bool], TourState],
    ) -> None:
        self._machine = Book(questions)
        self._stepper: Stepper[BookEvent, BookCommand] = Stepper(self._machine.step, self._do)
        self._known, self._prompts, self._naming, self._report = known, prompts, naming, report
        self._words, self._state = words, state
        self._to_teach: int | None = None
        self._forgotten: tuple[int, Piece] | None = None
        self._things: frozenset[int] = frozenset()
        self._open = self._renaming = False

    @property
    def active(self) -> bool:
        """Whether it is open."""
        return self._open

    @property
    def takes_triple(self) -> bool:
        """Whether a TRIPLE is meant for it: a thing was said last."""
        return self._open and self._machine.takes_triple

    @property
    def next_deadline_ns(self) -> int | None:
        """When it wants a tick."""
        return self._machine.next_deadline_ns if self._open else None

    def open(self, now_ns: int) -> None:
        """Say how the device does, and let the wearer go through people and things."""
        people, things = self._known.people, self._known.things
        people.refresh_if_possible()
        expired = people.expiry().expired
        entries = [
            Entry(person_id=person.person_id, expired=person.person_id in expired)
            for person in people.everybody()
        ]
        if things is not None:
            entries += [
                Entry(
                    person_id=thing.person_id,
                    thing=True,
                    announced=thing.announced,
                    anew=thing.person_id in things.to_teach_anew,
                )
                for thing in things.everybody()
            ]
        self._things = frozenset(entry.person_id for entry in entries if entry.thing)
        self._open = True
        self._report.tell("book", now_ns, text="opened")
        self._stepper.post(OpenBook(entries=tuple(entries)), now_ns)

    def gesture(self, gesture: Gesture, now_ns: int) -> None:
        """What the wearer does."""
        self._stepper.post(gesture, now_ns)

    def take_to_teach(self) -> int | None:
        """The thing for which the wearer has just left it, to teach it anew."""
        thing_id, self._to_teach = self._to_teach, None
        return thing_id

    def says(self, announcement: Announcement) -> bool:
        """Whether this is what it says now."""
        return self._prompts.says(announcement)

    def ended(self, announcement: Announcement, result: PlaybackResult | None, now_ns: int) -> None:
        """An announcement is over. A question that could not be said was not asked: nothing comes of it."""
        if not (self._prompts.ended(announcement) and self._open):
            return
        if result is PlaybackResult.FAILED:
            self.cancel(now_ns)
        else:
            self._stepper.post(PromptEnded(heard=result is PlaybackResult.COMPLETED), now_ns)

    def tick(self, now_ns: int) -> None:
        """Time has passed."""
        if self._open:
            self._stepper.post(Tick(), now_ns)

    def cancel(self, now_ns: int) -> None:
        """Close it without a word."""
        if self._open:
            self._stepper.post(Cancel(), now_ns)

    def _do(self, command: BookCommand, now_ns: int) -> None:
        match command:
            case Tell():
                self._prompts.tell(self._tour(now_ns), now_ns)
            case Say():
                self._say(command, now_ns)
            case Rename():
                self._rename(command.person_id, now_ns)
            case Forget() | Keep() | Announce():
                self._stepper.post(Done(ok=self._change(command, now_ns)), now_ns)
            case Teach():
                self._to_teach = command.person_id
            case Closed():
                self._open, self._forgotten = False, None
                self._report.tell("book", now_ns, text="closed")
                if self._renaming:
                    self._naming.cancel(now_ns)

    def _tour(self, now_ns: int) -> Announcement:
        people, things = len(self._known.people), len(self._known.things or ())
        state = dataclasses.replace(self._state(now_ns, people + things > 0), things=things)
        return tour(state, self._words, now_ns)

    def _change(self, command: Forget | Keep | Announce, now_ns: int) -> bool:
        match command:
            case Forget():
                return self._forget(command.person_id, now_ns)
            case Keep():
                return self._keep(command.person_id)
            case Announce():
                return self._announce(command)

    def _say(self, say: Say, now_ns: int) -> None:
        name = self._name_of(say.person_ids[0]) if say.person_ids else None
        self._prompts.say(say.line.value, now_ns, name=name)

    def _name_of(self, person_id: int) -> Piece:
        if self._forgotten is not None and self._forgotten[0] == person_id:
            return self._forgotten[1]
        # Who was forgotten by a carer meanwhile has no name any more.
        gone = "something known" if person_id in self._things else "someone known"
        return self._known.of(person_id).voice_of(person_id) or Spoken(text=gone)

    def _rename(self, person_id: int, now_ns: int) -> None:
        def given(name: NameGiven, at_ns: int) -> None:
            self._renaming = False
            if name.missing:
                self._stepper.post(NoMicrophone(), at_ns)
            else:
                self._stepper.post(Done(ok=self._record(person_id, name.recording)), at_ns)

        self._renaming = True
        self._naming.begin(given, now_ns)

    def _record(self, person_id: int, recording: I16 | None) -> bool:
        def record() -> bool:
            self._known.of(person_id).set_recording(person_id, recording)
            return True

        return recording is not None and self._try(record)

    def _forget(self, person_id: int, now_ns: int) -> bool:
        known = self._known.of(person_id)
        name = known.take_of(person_id)
        if not self._try(lambda: known.forget(person_id) is not None):
            return False
        self._forgotten = None if name is None else (person_id, name)
        self._report.tell("forgotten", now_ns, person=name.text if name else None)
        return True

    def _keep(self, person_id: int) -> bool:
        def keep() -> bool:
            self._known.people.met((person_id,))
            return self._known.people.name_of(person_id) is not None

        return self._try(keep)

    def _announce(self, wanted: Announce) -> bool:
        things = self._known.things

        def announce() -> bool:
            if things is None:
                return False
            things.set_announced(wanted.person_id, wanted.announced)
            return True

        return self._try(announce)

    def _try(self, change: Callable[[], bool]) -> bool:
        try:
            return change()
        except (GalleryError, InputError) as error:
            _LOG.error("the book could not change the gallery: %s", type(error).__name__)
            return False
