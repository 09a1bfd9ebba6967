"""Who has the wearer's ear and button: an enrollment, a name being said, the book, a doubt, or nobody."""

from __future__ import annotations

from collections.abc import Callable

from kith.announce.callouts import NoView
from kith.announce.tour import TourState
from kith.announce.words import Phrasebook
from kith.app.correcting import Correcting
from kith.app.enrolling import Enrolling
from kith.app.known_people import KnownPeople
from kith.app.known_things import AllKnown
from kith.app.learning import Learning
from kith.app.name_taking import NameTaking
from kith.app.people_book import PeopleBook
from kith.app.prompts import Prompts
from kith.app.reporter import Reporter
from kith.app.speaking import Speaking
from kith.app.surroundings import MicrophoneLost, Surroundings
from kith.clock import Tick
from kith.config import Settings
from kith.recognition.presence import Presence
from kith.types import Announcement, Gesture, PlaybackResult, Sighting, VoiceBlock

Leader = NameTaking | Enrolling | PeopleBook | Correcting
"""Who may have the wearer's ear."""


class Conversations:
    """Belongs to the core. At most one of them leads; a name is asked for inside another one."""

    def __init__(
        self,
        settings: Settings,
        people: KnownPeople,
        around: Surroundings,
        speech: Speaking,
        presence: Presence,
        report: Reporter,
        state: Callable[[int, bool], TourState],
    ) -> None:
        """state: how the device does at a time, for the book; and whether people follow."""
        words = Phrasebook(settings.announce)

        def prompts() -> Prompts:
            return Prompts(words, speech.submit)

        self.learning = Learning(settings.learning, people, report)
        self.naming = NameTaking(settings.naming, settings.questions, around, prompts(), speech.keep_still)
        self.enrolling = Enrolling(settings, people, None, around, prompts(), self.naming)
        self.book = PeopleBook(
            settings.questions, AllKnown(people), prompts(), self.naming, report, words, state
        )
        self.correcting = Correcting(
            settings.correction, settings.questions, people, presence, self.learning, prompts(), report
        )
        self._leaders = (self.naming, self.enrolling, self.book, self.correcting)
        self._prompts = prompts()

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
    def next_deadline_ns(self) -> int | None:
        """When it wants a tick."""
        times = [part.next_deadline_ns for part in (self.learning, *self._leaders)]
        return min((at_ns for at_ns in times if at_ns is not None), default=None)

    def enroll(self, no_view: NoView | None, now_ns: int) -> None:
        """Remember the person in front."""
        self.enrolling.begin(no_view, now_ns)

    def gesture(self, gesture: Gesture, now_ns: int) -> bool:
        """What the wearer does; False where it means nothing to whoever leads, and what it always means is to
        be done."""
        leave = gesture is Gesture.TAP_HOLD
        if self.naming.active and not (leave and self.enrolling.active):
            self.naming.gesture(Gesture.HOLD_1S if leave else gesture, now_ns)
        elif self.enrolling.active:
            return self.enrolling.gesture(gesture, now_ns)
        elif self.book.active:
            self.book.gesture(gesture, now_ns)
        elif self.correcting.active and not leave:
            self.correcting.gesture(gesture, now_ns)
        else:
            return False
        return True

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

    def heard(self, message: VoiceBlock | MicrophoneLost, now_ns: int) -> None:
        """Word of the microphone."""
        if isinstance(message, VoiceBlock):
            self.naming.heard(message, now_ns)
        else:
            self.naming.lost(message, now_ns)

    def began(self, announcement: Announcement, now_ns: int) -> None:
        """An announcement begins to be played."""
        if announcement.identities:
            self.correcting.named(announcement.identities, now_ns)
        self.naming.began(now_ns)

    def ended(self, announcement: Announcement, result: PlaybackResult | None, now_ns: int) -> None:
        """An announcement is over."""
        for part in self._leaders:
            part.ended(announcement, result, now_ns)

    def cancel(self, now_ns: int) -> None:
        """End whatever leads: something else takes its place."""
        self.enrolling.cancel(now_ns)
        self.book.cancel(now_ns)
        self.correcting.cancel(now_ns)
        self.naming.cancel(now_ns)

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
