"""Between the enrollment machine and the rest: what it wants said, asked, stored, undone."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from kith.announce.callouts import NoView
from kith.app.events import Event
from kith.app.known_people import KnownPeople
from kith.app.known_things import KnownThings
from kith.app.name_taking import NameTaking
from kith.app.prompts import Prompts
from kith.app.stepper import Stepper
from kith.app.surroundings import Objects, Surroundings
from kith.clock import NS_PER_MS, NS_PER_S, Tick
from kith.config import Settings
from kith.enrollment.machine import Enrollment, gatherers
from kith.enrollment.messages import (
    Answer,
    AskName,
    Attend,
    Begin,
    Cancel,
    Cue,
    Ending,
    EnrollmentCommand,
    EnrollmentEvent,
    Finished,
    Guide,
    Named,
    PromptEnded,
    Reason,
    Saw,
    Say,
    Store,
    Stored,
    StoreFailed,
    Unable,
)
from kith.errors import GalleryError, GalleryFull, InputError
from kith.interaction.messages import NameGiven
from kith.types import Announcement, Gesture, Kind, PlaybackResult, Sighting, Spoken, View, Want

_LOG = logging.getLogger(__name__)
_UNDO_NS = 30 * NS_PER_S
_INTRODUCED_NS = 4 * NS_PER_S
FACE_AGE_NS = 1500 * NS_PER_MS
"""Whoever was seen so long before is meant; †: as long as a tap counts them as here."""
FACE_WITHIN_MM = 3000
"""Who is farther off is not: one must be able to teach a thing in a room with people; †. As near as strangers
are told of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """What the last enrollment kept. looks: of somebody who was known before, or something; empty: new."""

    kind: Kind
    person_id: int
    at_ns: int
    looks: tuple[int, ...]


class Enrolling:
    """Belongs to the core. things: None where none can be learnt: a double tap then always means a face."""

    def __init__(
        self,
        settings: Settings,
        people: KnownPeople,
        things: KnownThings | None,
        around: Surroundings,
        prompts: Prompts,
        naming: NameTaking,
    ) -> None:
        self._machine = Enrollment(settings.questions, gatherers(settings.enrollment, settings.things))
        self._stepper: Stepper[EnrollmentEvent, EnrollmentCommand] = Stepper(self._machine.step, self._do)
        self._known: dict[Kind, KnownPeople | KnownThings] = {Kind.PERSON: people}
        if things is not None and around.objects is Objects.FITTED:
            self._known[Kind.THING] = things
        self._around, self._prompts, self._naming = around, prompts, naming
        self._kept: _Kept | None = None
        self._words = ""
        self._looking = False
        self._looked_ns: int | None = None
        self._face_ns: int | None = None

    @property
    def active(self) -> bool:
        """Whether someone is being remembered."""
        return self._machine.active

    @property
    def next_deadline_ns(self) -> int | None:
        """When it wants a tick."""
        times = [self._machine.next_deadline_ns]
        if self._kept is not None:
            times.append(self._kept.at_ns + _UNDO_NS + 1)
        return min((at_ns for at_ns in times if at_ns is not None), default=None)

    @property
    def kept_ns(self) -> int | None:
        """When somebody was remembered who may still be taken back; None for nobody."""
        return None if self._kept is None else self._kept.at_ns

    def begin(self, no_view: NoView | None, now_ns: int, *, anew: int | None = None) -> None:
        """Remember the person in front or, where nobody is, the thing that is held up; or say why that
        cannot be. anew: it is this thing, of which more looks are wanted."""
        if no_view is not None and no_view is not NoView.STARTING:
            reason = "paused" if no_view is NoView.PAUSED else "no_camera"
            words = self._prompts.say("enroll.refused", now_ns, reason=reason)
            self._tell("rejected", now_ns, text=words, reason=reason)
            return
        kind = self._meant(now_ns) if anew is None else Kind.THING
        what = "face" if kind is Kind.PERSON else "thing"
        self._tell("enrolling", now_ns, text=f"looking for a {what}", kind=kind.value)
        self._stepper.post(Begin(kind=kind, add_to=anew), now_ns)

    def saw(self, sighting: Sighting, now_ns: int, *, frozen: bool = False) -> None:
        """Show it what was seen. frozen: it is not to go on, but to know who was in view."""
        if sighting.view is View.NORMAL:
            self._looked_ns = now_ns
        if any(face.place.distance_mm <= FACE_WITHIN_MM for face in sighting.faces):
            self._face_ns = now_ns
        if frozen or not self._machine.active:
            return
        if self._looking and self._machine.kind is Kind.THING and self._around.perception.things.broken:
            self._stepper.post(Unable(reason=Reason.THINGS_FAILED), now_ns)
        else:
            self._stepper.post(Saw(sighting=sighting), now_ns)

    def tick(self, now_ns: int) -> None:
        """Time has passed."""
        if self._kept is not None and now_ns - self._kept.at_ns > _UNDO_NS:
            self._kept = None
        if self._machine.active:
            self._stepper.post(Tick(), now_ns)

    def says(self, announcement: Announcement) -> bool:
        """Whether this is what it says now."""
        return self._prompts.says(announcement)

    def ended(self, announcement: Announcement, result: PlaybackResult | None, now_ns: int) -> None:
        """An announcement is over. A question that could not be said was not asked: nothing comes of it."""
        if not (self._prompts.ended(announcement) and self._machine.active):
            return
        if result is PlaybackResult.FAILED and self._machine.asking:
            self.cancel(now_ns)
        else:
            self._stepper.post(PromptEnded(heard=result is PlaybackResult.COMPLETED), now_ns)

    def gesture(self, gesture: Gesture, now_ns: int) -> bool:
        """The wearer's answer; False where it means nothing to an enrollment."""
        if gesture is Gesture.HOLD_1S:
            self.cancel(now_ns)
        elif gesture not in (Gesture.TAP, Gesture.DOUBLE):
            return False
        elif self._machine.asking:
            self._stepper.post(Answer(yes=gesture is Gesture.DOUBLE), now_ns)
        elif gesture is Gesture.DOUBLE:
            self._say(self._machine.looking, now_ns)
        else:
            return False
        return True

    def cancel(self, now_ns: int) -> None:
        """Give up what is under way, if anything is."""
        if self._machine.active:
            self._stepper.post(Cancel(), now_ns)

    def camera_gone(self, now_ns: int) -> None:
        """Nothing is seen any more: what has its views already goes on."""
        if self._looking:
            self.cancel(now_ns)

    def take_back(self, now_ns: int) -> None:
        """Undo what was remembered within the last 30 seconds."""
        kept, self._kept = self._kept, None
        if kept is None:
            self._prompts.say("undo.nothing", now_ns)
            return
        known = self._known[kept.kind]
        name = known.take_of(kept.person_id)
        try:
            if kept.looks:
                known.drop_looks(kept.person_id, kept.looks)
            elif known.forget(kept.person_id) is None:
                name = None
        except (GalleryError, InputError) as error:
            _LOG.error("taking back an enrollment failed: %s", type(error).__name__)
            self._kept = kept
            self._prompts.say("undo.failed", now_ns)
            return
        if name is None:
            self._prompts.say("undo.nothing", now_ns)
            return
        self._tell("undone", now_ns, person=name.text, kind=kept.kind.value)
        self._prompts.say("undo.added" if kept.looks else "undo.taken_back", now_ns, name=name)

    def is_of(self, person_ids: tuple[int, ...]) -> bool:
        """Whether this is the person who may be taken back."""
        return self._kept is not None and person_ids == (self._kept.person_id,)

    def just_enrolled(self, person_ids: tuple[int, ...], now_ns: int) -> bool:
        """Whether this is the person just remembered, still standing there."""
        return (
            self._kept is not None and self.is_of(person_ids) and now_ns - self._kept.at_ns <= _INTRODUCED_NS
        )

    def _do(self, command: EnrollmentCommand, now_ns: int) -> None:
        match command:
            case Say():
                self._say(command, now_ns)
            case Cue():
                self._around.player.cue(command.earcon)
            case Guide():
                self._around.player.tone(command.tone)
            case Attend():
                self._attend(command)
            case AskName():
                self._naming.begin(self._named, now_ns)
            case Store():
                self._stepper.post(self._store(command, now_ns), now_ns)
            case Finished():
                self._finished(command, now_ns)

    def _meant(self, now_ns: int) -> Kind:
        """A thing only where it was seen that nobody is there."""
        if Kind.THING not in self._known or self._around.perception.things.broken:
            return Kind.PERSON
        looked, face = (
            at_ns is not None and now_ns - at_ns <= FACE_AGE_NS for at_ns in (self._looked_ns, self._face_ns)
        )
        return Kind.THING if looked and not face else Kind.PERSON

    def _attend(self, attend: Attend) -> None:
        self._looking = attend.on
        perception = self._around.perception
        if attend.kind is Kind.PERSON:
            perception.attentive = attend.on
        else:
            held = frozenset({Want.HELD})
            perception.wants = perception.wants | held if attend.on else perception.wants - held

    def _say(self, say: Say, now_ns: int) -> None:
        kind = self._machine.kind
        name = None if say.person_id is None else self._known[kind].voice_of(say.person_id)
        self._words = self._prompts.say(
            say.prompt.value,
            now_ns,
            name=name or Spoken(text="someone known" if kind is Kind.PERSON else "something known"),
            reason=say.reason.value if say.reason else None,
        )

    def _named(self, given: NameGiven, now_ns: int) -> None:
        self._stepper.post(Cancel() if given.cancelled else Named(recording=given.recording), now_ns)

    def _store(self, store: Store, now_ns: int) -> Stored | StoreFailed:
        try:
            person_id, looks = self._keep(store)
        except (GalleryError, InputError) as error:
            _LOG.error("an enrollment could not be stored: %s", type(error).__name__)
            full = isinstance(error, GalleryFull)
            return StoreFailed(reason=Reason.DISK_FULL if full else Reason.NOT_STORED)
        self._kept = _Kept(kind=store.kind, person_id=person_id, at_ns=now_ns, looks=looks)
        self._tell(
            "enrolled", now_ns, person=self._known[store.kind].name_of(person_id), kind=store.kind.value
        )
        return Stored(person_id=person_id, recorded=store.recording is not None)

    def _keep(self, store: Store) -> tuple[int, tuple[int, ...]]:
        """Whose looks they are now; and which of theirs, where they had some before."""
        known = self._known[store.kind]
        if store.add_to is not None:
            return store.add_to, known.add_looks(store.add_to, store.embeddings)
        if isinstance(known, KnownThings):
            return known.add(store.embeddings, store.extent, store.recording).person_id, ()
        return known.add(store.embeddings, store.recording).person_id, ()

    def _finished(self, command: Finished, now_ns: int) -> None:
        self._looking = False
        self._naming.cancel(now_ns)
        if command.ending is Ending.CANCELLED:
            self._tell("cancelled", now_ns, text=self._words, kind=self._machine.kind.value)
        elif command.ending not in (Ending.ENROLLED, Ending.ADDED):
            reason = command.reason.value if command.reason else ""
            self._tell("rejected", now_ns, text=self._words, reason=reason, kind=self._machine.kind.value)

    def _tell(self, event: str, now_ns: int, **fields: object) -> None:
        self._around.observe(Event(at_ns=now_ns, kind=event, fields=fields))
