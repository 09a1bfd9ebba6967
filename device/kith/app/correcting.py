"""Names that the wearer says were wrong: what becomes of them, and how that is taken back."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from kith.announce.phrasing import Piece
from kith.app.known_people import KnownPeople
from kith.app.learning import Learning
from kith.app.prompts import Prompts
from kith.app.reporter import Reporter
from kith.app.stepper import Stepper
from kith.clock import NS_PER_MS, NS_PER_S, Tick
from kith.config import CorrectionSettings, QuestionSettings
from kith.errors import GalleryError
from kith.interaction.doubt import Doubt
from kith.interaction.messages import (
    Cancel,
    Closed,
    DoubtCommand,
    DoubtEvent,
    DoubtWhich,
    PromptEnded,
    Say,
    Wrong,
)
from kith.recognition.presence import Allowed, Denied, Presence
from kith.recognition.votes import Ids
from kith.types import Announcement, Embedding, Gesture, PlaybackResult, PresenceEvent, Sighting, Spoken

_LOG = logging.getLogger(__name__)
_OUT_OF_VIEW_NS = 3 * NS_PER_S
"""A face that was hidden for so long may still be the one that is being named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """One sentence that named people, each with the look of the face that was meant (None: unknown), or
    things."""

    at_ns: int
    looks: dict[Ids, Embedding | None]
    thing_ids: tuple[int, ...]

    @property
    def named(self) -> tuple[Ids, ...]:
        """All of them."""
        return (*self.looks, *((thing_id,) for thing_id in self.thing_ids))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Marked:
    """What the last correction marked, for its undoing."""

    at_ns: int
    identities: tuple[Ids, ...]
    person_ids: tuple[int, ...]


class Correcting:
    """Belongs to the core. The look behind a name is kept as long as the name can be marked, no longer."""

    def __init__(
        self,
        settings: CorrectionSettings,
        questions: QuestionSettings,
        people: KnownPeople,
        presence: Presence,
        learning: Learning,
        prompts: Prompts,
        report: Reporter,
    ) -> None:
        self._settings, self._people, self._presence, self._learning = settings, people, presence, learning
        self._prompts, self._report = prompts, report
        self._within_ns = settings.within_ms * NS_PER_MS
        self._machine = Doubt(questions)
        self._stepper: Stepper[DoubtEvent, DoubtCommand] = Stepper(self._machine.step, self._do)
        self._looks: dict[int, tuple[int, Embedding]] = {}  # by track: when, and what is known of the face
        self._said: _Said | None = None
        self._doubted: _Said | None = None
        self._marked: _Marked | None = None
        self._news: list[PresenceEvent] = []

    @property
    def active(self) -> bool:
        """Whether the wearer is being asked which name was wrong."""
        return self._doubted is not None

    @property
    def next_deadline_ns(self) -> int | None:
        """When it wants a tick."""
        times = [self._machine.next_deadline_ns if self.active else None]
        newest = (each.at_ns for each in (self._said, self._marked) if each is not None)
        times += [at_ns + self._within_ns for at_ns in newest]
        if self._looks:
            times.append(min(at_ns for at_ns, _ in self._looks.values()) + _OUT_OF_VIEW_NS + 1)
        return min((at_ns for at_ns in times if at_ns is not None), default=None)

    @property
    def named_ns(self) -> int | None:
        """When the last name was said that can still be marked, or a mark made that can be taken back."""
        times = [each.at_ns for each in (self._said, self._marked) if each is not None]
        return max(times, default=None)

    @property
    def named_last(self) -> tuple[Ids, ...]:
        """Whom that sentence named, and what."""
        return () if self._said is None else self._said.named

    def saw(self, sighting: Sighting) -> None:
        """Show it what was seen."""
        now_ns = sighting.captured_ns
        for face in sighting.faces:
            if face.tracked.fused is not None:
                self._looks[face.tracked.track_id] = (now_ns, face.tracked.fused)
        self._drop_old(now_ns)

    def named(self, identities: tuple[Ids, ...], thing_ids: tuple[int, ...], now_ns: int) -> None:
        """These names of people and things begin to be said."""
        looks = {ids: self._look_of(ids) for ids in identities}
        self._said, self._marked = _Said(at_ns=now_ns, looks=looks, thing_ids=thing_ids), None

    def forget(self) -> None:
        """The camera was closed: no look is kept."""
        self._said, self._marked, self._looks = None, None, {}

    def correct(self, now_ns: int) -> None:
        """The last name was wrong; or, said again, it was not. Where that was a thing's, or may have been,
        nothing is changed and that is said."""
        said, self._said = self._said, None
        if said is not None and said.thing_ids:
            self._said = said  # what was before it is not meant by the next press either
            self._prompts.say("wrong.thing_or_person" if said.looks else "wrong.thing", now_ns)
        elif said is None:
            self._take_back(now_ns)
        elif len(said.looks) == 1:
            self._mark(said, tuple(said.looks), now_ns)
        else:
            self._doubted = said
            self._stepper.post(DoubtWhich(identities=tuple(said.looks)), now_ns)

    def gesture(self, gesture: Gesture, now_ns: int) -> None:
        """The wearer's answer."""
        self._stepper.post(gesture, now_ns)

    def says(self, announcement: Announcement) -> bool:
        """Whether this is what it says now."""
        return self._prompts.says(announcement)

    def ended(self, announcement: Announcement, result: PlaybackResult | None, now_ns: int) -> None:
        """An announcement is over. A question that could not be said was not asked: nothing comes of it."""
        if not (self._prompts.ended(announcement) and self.active):
            return
        if result is PlaybackResult.FAILED:
            self.cancel(now_ns)
        else:
            self._stepper.post(PromptEnded(heard=result is PlaybackResult.COMPLETED), now_ns)

    def tick(self, now_ns: int) -> None:
        """Time has passed."""
        self._drop_old(now_ns)
        if self._said is not None and now_ns - self._said.at_ns >= self._within_ns:
            self._said = None
        if self._marked is not None and now_ns - self._marked.at_ns >= self._within_ns:
            self._marked = None
        if self.active:
            self._stepper.post(Tick(), now_ns)

    def take_news(self) -> list[PresenceEvent]:
        """What became of who is here, since the last call."""
        news, self._news = self._news, []
        return news

    def cancel(self, now_ns: int) -> None:
        """Ask no more."""
        if self.active:
            self._stepper.post(Cancel(), now_ns)

    def _look_of(self, ids: Ids) -> Embedding | None:
        track_id = self._presence.track_of(ids)
        seen = None if track_id is None else self._looks.get(track_id)
        return None if seen is None else seen[1]

    def _drop_old(self, now_ns: int) -> None:
        self._looks = {
            track: seen for track, seen in self._looks.items() if now_ns - seen[0] <= _OUT_OF_VIEW_NS
        }

    def _do(self, command: DoubtCommand, now_ns: int) -> None:
        match command:
            case Say():
                self._prompts.say(command.line.value, now_ns, name=self._names(command.person_ids))
            case Wrong():
                if self._doubted is not None:
                    self._mark(self._doubted, command.identities, now_ns)
            case Closed():
                self._doubted = None

    def _mark(self, said: _Said, identities: tuple[Ids, ...], now_ns: int) -> None:
        person_ids = tuple(dict.fromkeys(person_id for ids in identities for person_id in ids))
        marks: list[int] = []
        try:
            for ids in identities:
                look = said.looks.get(ids)
                marks += [] if look is None else [self._people.mark_wrong(each, look) for each in ids]
        except GalleryError as error:
            _LOG.error("a name could not be marked as wrong: %s", type(error).__name__)
            self._prompts.say("undo.failed", now_ns)
            return
        finally:
            self._news += self._presence.step(Denied(identities=identities), now_ns)
            self._learning.mark_wrong(person_ids, now_ns)
        self._marked = _Marked(at_ns=now_ns, identities=identities, person_ids=person_ids if marks else ())
        self._report.tell("wrong", now_ns, people=[self._people.name_of(each) for each in person_ids])
        if len(person_ids) > 1:
            self._prompts.say("wrong.noted_many", now_ns)
        elif max(marks, default=0) >= self._settings.anew_after:
            self._prompts.say("wrong.anew", now_ns, name=self._names(person_ids), count=max(marks))
        else:
            self._prompts.say("wrong.noted", now_ns, name=self._names(person_ids))

    def _take_back(self, now_ns: int) -> None:
        marked, self._marked = self._marked, None
        if marked is None:
            self._prompts.say("undo.nothing", now_ns)
            return
        try:
            for person_id in marked.person_ids:
                self._people.unmark(person_id)
        except GalleryError as error:
            _LOG.error("a mark could not be taken back: %s", type(error).__name__)
            self._prompts.say("undo.failed", now_ns)
            return
        self._news += self._presence.step(Allowed(identities=marked.identities), now_ns)
        person_ids = tuple(each for ids in marked.identities for each in ids)
        self._prompts.say("wrong.taken_back", now_ns, name=self._names(person_ids))

    def _names(self, person_ids: tuple[int, ...]) -> Piece:
        if len(person_ids) == 1:
            return self._people.voice_of(person_ids[0]) or Spoken(text="someone known")
        names = [name for each in person_ids if (name := self._people.name_of(each)) is not None]
        return Spoken(text=" or ".join(names) or "someone known")
