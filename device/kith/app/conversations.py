"""Who has the wearer's ear and button: an enrollment, a name being said, the book, a doubt, a survey, a
narration, or nobody."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace

from kith.announce.callouts import Callouts, NoView
from kith.announce.tour import TourState
from kith.announce.words import Phrasebook
from kith.app.correcting import Correcting
from kith.app.enrolling import Enrolling
from kith.app.eyesight import Eyesight
from kith.app.known_people import KnownPeople
from kith.app.known_things import AllKnown, KnownThings
from kith.app.learning import Learning
from kith.app.name_taking import NameTaking
from kith.app.narrating import Narrating, NarratingParts
from kith.app.people_book import PeopleBook
from kith.app.prompts import Prompts
from kith.app.reporter import Reporter
from kith.app.showing import Showing, as_it_is
from kith.app.speaking import Speaking
from kith.app.surroundings import MicrophoneLost, Posted, Surroundings
from kith.app.surveying import Surveying
from kith.app.thing_calls import ThingCalls
from kith.clock import Tick
from kith.config import Settings
from kith.ports import Narration
from kith.recognition.presence import Presence
from kith.types import Announcement, Gesture, PlaybackResult, Sighting, VoiceBlock, Want

Leader = NameTaking | Enrolling | PeopleBook | Correcting | Surveying | Narrating
"""Who may have the wearer's ear."""

_ASKS = frozenset((Gesture.TRIPLE, Gesture.DOUBLE_HOLD, Gesture.TRIPLE_HOLD))
"""These end whatever leads, and what they mean is done; but three taps may mark what the book has just
named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Insides:
    """What conversations need of the core. things: None where none are kept. state: how the device does
    at a time, for the book; and whether people follow."""

    settings: Settings
    people: KnownPeople
    things: KnownThings | None
    calls: ThingCalls
    around: Surroundings
    speech: Speaking
    presence: Presence
    report: Reporter
    callouts: Callouts
    eyes: Eyesight
    state: Callable[[int, bool], TourState]


class Conversations:
    """Belongs to the core. At most one of them leads; a name is asked for inside another one."""

    def __init__(self, core: Insides) -> None:
        settings, people, things, around = core.settings, core.people, core.things, core.around
        speech, report = core.speech, core.report
        words = Phrasebook(settings.announce)

        def prompts() -> Prompts:
            return Prompts(words, speech.submit)

        self.learning = Learning(settings.learning, people, report)
        self.naming = NameTaking(settings.naming, settings.questions, around, prompts(), speech.keep_still)
        self.enrolling = Enrolling(settings, people, things, around, prompts(), self.naming)
        self.book = PeopleBook(
            settings.questions, AllKnown(people, things), prompts(), self.naming, report, words, core.state
        )
        self.correcting = Correcting(
            settings.correction, settings.questions, people, core.presence, self.learning, prompts(), report
        )
        self.surveying = Surveying(
            settings.things, core.callouts, core.calls, core.eyes, around, words, prompts()
        )
        self.describing, self.reading = self._narrations(core, prompts)
        self._leaders: tuple[Leader, ...] = (
            *(self.naming, self.enrolling, self.book, self.correcting),
            *(self.surveying, self.describing, self.reading),
        )
        self._prompts, self._eyes, self._calls = prompts(), core.eyes, core.calls

    def _narrations(self, core: Insides, prompts: Callable[[], Prompts]) -> tuple[Narrating, Narrating]:
        """The one that describes, and the one that reads."""
        settings, around = core.settings, core.around
        showing = Showing(core.people, core.presence.identity_of, hides=not settings.scene.show_strangers)
        reading = NarratingParts(
            narrator=around.reader,
            around=around,
            ear=core.speech,
            prompts=prompts(),
            report=core.report,
            numbers=itertools.count(1),
            want=Want.FRAME,
            show=as_it_is,
        )

        def known(now_ns: int) -> Announcement | None:
            """What Kith itself can say of who is here: perception knew them at the press."""
            nobody = core.callouts.nobody(now_ns)
            return None if nobody else core.callouts.answer(core.eyes.view(now_ns), now_ns)

        scene = replace(
            reading,
            narrator=around.describer,
            prompts=prompts(),
            want=Want.PICTURE,
            show=showing.seen,
            known=known,
        )
        return Narrating("scene", settings.scene, scene), Narrating("read", settings.reading, reading)

    @property
    def leader(self) -> Leader | None:
        """Whom an answer goes to."""
        return next((part for part in self._leaders if part.active), None)

    def says(self, announcement: Announcement) -> bool:
        """Whether this is what whoever leads says now."""
        return any(part.active and part.says(announcement) for part in self._leaders)

    @property
    def leading(self) -> bool:
        """Whether a press is an answer, and nothing is said unasked."""
        return self.leader is not None

    @property
    def waits(self) -> bool:
        """Whether a narrator is at work, who takes its own time."""
        return self.describing.waits or self.reading.waits

    @property
    def next_deadline_ns(self) -> int | None:
        """When it wants a tick."""
        times = [part.next_deadline_ns for part in (self.learning, *self._leaders)]
        return min((at_ns for at_ns in times if at_ns is not None), default=None)

    def enroll(self, no_view: NoView | None, now_ns: int) -> None:
        """Remember the person in front, or the thing."""
        self.enrolling.begin(no_view, now_ns)

    def gesture(self, gesture: Gesture, now_ns: int) -> bool:
        """What the wearer does; False where it means nothing to whoever leads, and what it always means is to
        be done."""
        leave = gesture is Gesture.TAP_HOLD
        if gesture in _ASKS:
            return self._means_the_book(gesture, now_ns)
        if self.naming.active and not (leave and self.enrolling.active):
            self.naming.gesture(Gesture.HOLD_1S if leave else gesture, now_ns)
        elif self.enrolling.active:
            return self.enrolling.gesture(gesture, now_ns)
        elif self.book.active:
            self._to_the_book(gesture, now_ns)
        elif self.correcting.active and not leave:
            self.correcting.gesture(gesture, now_ns)
        else:
            return self._while_asked_for(gesture, now_ns)
        return True

    def open(self, gesture: Gesture, now_ns: int) -> None:
        """The wearer asks for something in the place of whatever leads."""
        self.cancel(now_ns)
        match gesture:
            case Gesture.TAP_HOLD:
                self.book.open(now_ns)
            case Gesture.TRIPLE:
                self.surveying.begin(now_ns)
            case Gesture.DOUBLE_HOLD:
                self.describing.begin(self._eyes.view(now_ns), now_ns)
            case Gesture.TRIPLE_HOLD:
                self.reading.begin(self._eyes.view(now_ns), now_ns)

    def _to_the_book(self, gesture: Gesture, now_ns: int) -> None:
        self.book.gesture(gesture, now_ns)
        thing_id = self.book.take_to_teach()
        if thing_id is not None:
            self.enrolling.begin(self._eyes.no_view(now_ns), now_ns, anew=thing_id)

    def _means_the_book(self, gesture: Gesture, now_ns: int) -> bool:
        means = gesture is Gesture.TRIPLE and self.book.takes_triple and not self.naming.active
        if means:
            self.book.gesture(gesture, now_ns)
        return means

    def _while_asked_for(self, gesture: Gesture, now_ns: int) -> bool:
        """A gesture while a survey or a narration leads, or nobody."""
        parts = (self.surveying, self.describing, self.reading)
        leader = next((part for part in parts if part.active), None)
        return leader is not None and leader.gesture(gesture, now_ns)

    def undo(self, now_ns: int) -> None:
        """The last thing was wrong, whatever it was: an enrollment, a name, a mark, what is being learnt."""
        kept_ns, named_ns = self.enrolling.kept_ns, self.correcting.named_ns
        names = self.correcting.named_last
        of_the_new = bool(names) and all(map(self.enrolling.is_of, names))
        if named_ns is not None and not of_the_new and (kept_ns is None or named_ns > kept_ns):
            self.correcting.correct(now_ns)
        elif kept_ns is not None:
            self.enrolling.take_back(now_ns)
        elif held := self.learning.held:
            done = self.learning.mark_wrong(held, now_ns)
            self._prompts.say("undo.unlearnt" if done else "undo.failed", now_ns)
        else:
            self._prompts.say("undo.nothing", now_ns)

    def saw(self, sighting: Sighting, now_ns: int, *, frozen: bool) -> None:
        """Show them what was seen. frozen: a press is under way, which must find the enrollment as it was
        when it began."""
        self.correcting.saw(sighting)
        self.learning.saw(sighting, now_ns)
        self.enrolling.saw(sighting, now_ns, frozen=frozen)
        if not frozen:
            self.surveying.saw(sighting, now_ns)
            self.describing.saw(sighting, now_ns)
            self.reading.saw(sighting, now_ns)

    def heard(self, message: Posted, now_ns: int) -> None:
        """Word of the microphone, or of a narrator."""
        match message:
            case VoiceBlock():
                self.naming.heard(message, now_ns)
            case MicrophoneLost():
                self.naming.lost(message, now_ns)
            case Narration():
                self.describing.told(message, now_ns)
                self.reading.told(message, now_ns)

    def began(self, announcement: Announcement, now_ns: int) -> None:
        """An announcement begins to be played."""
        thing_ids = self._calls.named_in(announcement)
        if announcement.identities or thing_ids:
            self.correcting.named(announcement.identities, thing_ids, now_ns)
        self.naming.began(now_ns)
        self.surveying.began(announcement)

    def ended(self, announcement: Announcement, result: PlaybackResult | None, now_ns: int) -> None:
        """An announcement is over."""
        for part in self._leaders:
            part.ended(announcement, result, now_ns)

    def cancel(self, now_ns: int) -> None:
        """End whatever leads: something else takes its place."""
        naming, *others = self._leaders
        for part in (*others, naming):  # last: who leads may ask for a name, and ends that too
            part.cancel(now_ns)

    def camera_gone(self, now_ns: int) -> None:
        """Nothing is seen any more, and not because the wearer wanted it so."""
        self.enrolling.camera_gone(now_ns)
        self.surveying.camera_gone(now_ns)

    def tick(self, now_ns: int) -> None:
        """Time has passed."""
        self.learning.saw(Tick(), now_ns)
        for part in self._leaders:
            part.tick(now_ns)

    def camera_closed(self, now_ns: int) -> None:
        """Privacy: no look of anybody is kept."""
        self.cancel(now_ns)
        self.learning.forget()
        self.correcting.forget()
