"""The core: everything that happens comes here, and from here goes what is to be heard.

One thread owns it. Its machines are pure; what they want done is done here.
"""

from __future__ import annotations

from dataclasses import dataclass

from kith.announce.callouts import Callouts
from kith.announce.tour import TourState
from kith.announce.words import Phrasebook
from kith.app.board_care import BoardCare
from kith.app.board_watch import BoardReading
from kith.app.conversations import Conversations, Insides
from kith.app.expiring import Expiring
from kith.app.eyesight import Eyesight
from kith.app.heeding import Heeding
from kith.app.known_people import KnownPeople
from kith.app.known_things import KnownThings
from kith.app.lens_watch import LensNews
from kith.app.meanings import Meanings
from kith.app.noticing import Noticing
from kith.app.presses import Presses
from kith.app.reporter import Reporter
from kith.app.speaking import Speaking
from kith.app.surroundings import MicrophoneLost, Posted, Runner, Surroundings
from kith.app.thing_calls import ThingCalls
from kith.app.thing_news import ThingNews
from kith.clock import NS_PER_S, Tick
from kith.config import Settings
from kith.errors import GalleryFull
from kith.guard.messages import ProximityLevel
from kith.ports import Narration
from kith.recognition.presence import NamesHeard, Presence
from kith.types import (
    Announcement,
    Appeared,
    Band,
    ButtonEdge,
    Left,
    Outcome,
    Playback,
    PlaybackResult,
    PresenceEvent,
    Sighting,
    StrangerAppeared,
    VoiceBlock,
)

_GALLERY_POLL_NS = 2 * NS_PER_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A part reports a fault, or (over) that it works again. key: of its line in the wording; text: for the
    log and the timeline."""

    key: str
    text: str
    over: bool = False


CoreEvent = Sighting | ButtonEdge | Playback | Trouble | ProximityLevel | BoardReading | Posted | Tick


class Core:
    """Feed it with `handle`, and with a Tick when `next_deadline_ns` has come."""

    def __init__(
        self,
        settings: Settings,
        people: KnownPeople,
        around: Surroundings,
        now_ns: int,
        things: KnownThings | None = None,
    ) -> None:
        """things: None where none are kept."""
        self._people, self._around = people, around
        self._words = Phrasebook(settings.announce)
        self._presence = Presence(settings.presence)
        self._callouts = Callouts(settings.announce, people.voice_of, self._presence.company)
        self._eyes = Eyesight(settings.camera, now_ns)
        self._report = Reporter(around.observe, people)
        self._speech = Speaking(
            settings.announce, self, self._callouts, around.player, self._report, self._began, self._ended
        )
        self._things = ThingCalls(settings, things, around)
        insides = Insides(
            settings=settings,
            people=people,
            things=things,
            calls=self._things,
            around=around,
            speech=self._speech,
            presence=self._presence,
            report=self._report,
            callouts=self._callouts,
            eyes=self._eyes,
            state=self._state,
        )
        self._talk = Conversations(insides)
        self._meanings = Meanings(insides, self._talk, self._things)
        self._presses = Presses(
            settings.button, self._speech, self._talk, around.player, self._report, self._meanings.do
        )
        self._expiring = Expiring(people, self._words, self._speech, self._report, now_ns)
        self._thing_news = ThingNews(things, around, self._words, self._speech, self._report, now_ns)
        self._guard = Heeding(
            settings.guard_watch, self._speech, self._report, now_ns, guarded=around.guarded
        )
        self._noticing = Noticing(around.notices, self._words, self._speech, self._report, now_ns)
        self._board = BoardCare(settings.board, self._speech)
        self._gallery_poll_ns = now_ns + _GALLERY_POLL_NS

    def attach(self, runner: Runner) -> None:
        """Say who lets time pass, before `begin`."""
        self._around.runner = runner

    @property
    def next_deadline_ns(self) -> int:
        """When it wants a Tick at the latest."""
        deadlines = [
            self._presence.next_deadline_ns,
            self._speech.next_deadline_ns,
            self._presses.next_deadline_ns,
            None if self._presses.pending else self._talk.next_deadline_ns,
            self._expiring.next_deadline_ns,
            self._thing_news.next_deadline_ns,
            self._eyes.next_deadline_ns,
            self._guard.next_deadline_ns,
            self._board.next_deadline_ns,
            self._noticing.next_deadline_ns,
            self._gallery_poll_ns,
        ]
        return min(at_ns for at_ns in deadlines if at_ns is not None)

    def source_ended(self, now_ns: int) -> None:
        """A simulated camera has no more pictures: that is no fault."""
        self._eyes.close()
        self._talk.camera_gone(now_ns)

    def label_of(self, track_id: int) -> tuple[str, Outcome | None]:
        """What a face is taken for, for pictures of the run: a name, two, or nothing; None while unsure."""
        ids = self._presence.identity_of(track_id)
        if ids is None:
            return "", None
        names = [name for i in ids if (name := self._people.name_of(i)) is not None]
        outcomes = (Outcome.UNKNOWN, Outcome.KNOWN, Outcome.AMBIGUOUS)
        return " or ".join(names), outcomes[len(names)]

    @property
    def speaking(self) -> bool:
        """Whether words are being played."""
        return self._speech.active

    @property
    def waits(self) -> bool:
        """Whether somebody outside is at work, who takes their own time."""
        return self._talk.waits

    @property
    def busy(self) -> bool:
        """Whether words are being played, or an answer is waited for."""
        return self._speech.active or self._talk.leading

    def begin(self, now_ns: int) -> None:
        """Greet, and say what went wrong before there was a voice."""
        self._report.tell("ready", now_ns, text=f"{len(self._people)} known", known=len(self._people))
        self._speech.submit(self._words.ready(len(self._people), now_ns), now_ns)
        if self._people.restored:
            self._trouble(
                Trouble(key="gallery.restored", text="the gallery was restored from its backup"), now_ns
            )
        obstacle = self._people.obstacle
        if obstacle is not None:
            key = "disk.full" if isinstance(obstacle, GalleryFull) else "gallery.locked"
            self._trouble(Trouble(key=key, text="the gallery cannot be changed"), now_ns)

    def handle(self, event: CoreEvent, now_ns: int) -> None:
        """Take one event."""
        match event:
            case Sighting():
                self._sighting(event, now_ns)
            case ButtonEdge():
                self._presses.step(event, now_ns)
            case Playback():
                self._speech.played(event, now_ns)
            case Trouble() | ProximityLevel() | BoardReading():
                self._part_tells(event, now_ns)
            case VoiceBlock() | MicrophoneLost() | Narration():
                self._talk.heard(event, now_ns)
            case Tick():
                self._tick(now_ns)
        self._note(self._talk.correcting.take_news(), now_ns)

    # --- what is seen ---------------------------------------------------------------------------------

    def _sighting(self, sighting: Sighting, now_ns: int) -> None:
        if self._eyes.closed:
            return  # it was under way when the camera was closed
        if self._eyes.saw(sighting, now_ns):
            self._speech.recovered("camera.back", "the camera is back", now_ns)
        self._note(self._presence.step(sighting, now_ns), now_ns)
        self._around.perception.sure = self._presence.sure_tracks
        self._things.saw(sighting, now_ns)
        self._talk.saw(sighting, now_ns, frozen=self._presses.pending)
        self._thing_news.look(now_ns)
        self._watch_lens(sighting, now_ns)
        self._speech.tick(now_ns)

    def _watch_lens(self, sighting: Sighting, now_ns: int) -> None:
        match self._eyes.lens(sighting):
            case LensNews.COVERED:
                self._speech.fault("camera.covered", "nothing is to be seen", now_ns)
            case LensNews.UNCOVERED:
                self._speech.recovered("camera.uncovered", "something is to be seen again", now_ns)
            case None:
                pass

    def _note(self, events: list[PresenceEvent], now_ns: int) -> None:
        for event in events:
            match event:
                case Appeared():
                    self._report.appeared(event, now_ns)
                    # Of someone just remembered the wearer has just been told.
                    if not self._talk.enrolling.just_enrolled(event.person_ids, now_ns):
                        self._callouts.note(event)
                case StrangerAppeared():
                    self._callouts.note(event)
                    self._report.tell("stranger", now_ns, track=event.track_id)
                case Left():
                    self._callouts.note(event)
                    self._report.left(event, now_ns)

    # --- time and faults ------------------------------------------------------------------------------

    def _tick(self, now_ns: int) -> None:
        self._presses.step(Tick(), now_ns)
        self._note(self._presence.step(Tick(), now_ns), now_ns)
        if not self._presses.pending:
            self._talk.tick(now_ns)
        self._expiring.tick(now_ns)
        self._thing_news.tick(now_ns)
        if self._eyes.overdue(now_ns):
            self._camera_gone("camera.stopped", "the camera has stopped", now_ns)
        self._guard.step(Tick(), now_ns)
        self._board.step(Tick(), now_ns)
        self._noticing.tick(now_ns)
        if now_ns >= self._gallery_poll_ns:
            self._gallery_poll_ns = now_ns + _GALLERY_POLL_NS
            self._people.refresh_if_possible()
        self._speech.tick(now_ns)

    def _part_tells(self, event: Trouble | ProximityLevel | BoardReading, now_ns: int) -> None:
        match event:
            case Trouble():
                self._trouble(event, now_ns)
            case ProximityLevel():
                self._guard.step(event, now_ns)
            case BoardReading():
                self._board.step(event, now_ns)

    def _trouble(self, trouble: Trouble, now_ns: int) -> None:
        if trouble.over:
            self._speech.recovered(trouble.key, trouble.text, now_ns)
        elif not trouble.key.startswith("camera."):
            self._speech.fault(trouble.key, trouble.text, now_ns)
        elif self._eyes.failed():
            self._camera_gone(trouble.key, trouble.text, now_ns)
        if trouble.key == "voice.failed":
            self._speech.tell_unheard_again()

    def _camera_gone(self, key: str, text: str, now_ns: int) -> None:
        self._talk.camera_gone(now_ns)
        self._speech.fault(key, text, now_ns)

    # --- what is heard --------------------------------------------------------------------------------

    def next_ambient(self, now_ns: int) -> Announcement | None:
        """See arbiter.AmbientSource. A conversation is not interrupted by names, nor is one said that a hold
        which has begun cannot mean."""
        silent = self._talk.leading or self._presses.pending
        return None if silent else self._callouts.next_ambient(now_ns) or self._things.next_ambient(now_ns)

    def _state(self, now_ns: int, people_follow: bool) -> TourState:
        return TourState(
            known=len(self._people),
            paused=self._eyes.closed,
            last_look_age_ns=None if self._eyes.looked_ns is None else now_ns - self._eyes.looked_ns,
            battery_percent=self._board.percent,
            faults=self._speech.faults,
            people_follow=people_follow,
        )

    def _began(self, announcement: Announcement, now_ns: int) -> None:
        self._talk.began(announcement, now_ns)

    def _ended(self, announcement: Announcement, result: PlaybackResult | None, now_ns: int) -> None:
        heard = result is PlaybackResult.COMPLETED
        self._expiring.ended(announcement, heard)
        self._thing_news.ended(announcement, heard=heard, now_ns=now_ns)
        self._noticing.ended(announcement, heard, now_ns)
        if heard and announcement.identities:
            names = NamesHeard(identities=announcement.identities)
            self._note(self._presence.step(names, now_ns), now_ns)
            self._expiring.met(announcement.identities)
        # While a press is under way it was the wearer who wanted quiet.
        missed = not heard and not self._presses.pending
        if missed and announcement.band is Band.RESPONSE:
            self._callouts.unheard(announcement.identities)
        self._things.ended(announcement, missed=missed)
        self._talk.ended(announcement, result, now_ns)
        self._meanings.ended(announcement)
