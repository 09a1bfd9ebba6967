"""What is here: a few looks at people, things and objects, and the answer in one breath."""

from __future__ import annotations

import dataclasses

from kith.announce.callouts import Callouts, NoView
from kith.announce.inventory import inventory, kind_of
from kith.announce.phrasing import join
from kith.announce.words import Phrasebook
from kith.app.eyesight import Eyesight
from kith.app.prompts import Prompts
from kith.app.surroundings import Objects, Surroundings
from kith.app.thing_calls import ThingCalls
from kith.clock import NS_PER_S
from kith.config import ThingsSettings
from kith.recognition.survey_votes import SurveyVotes
from kith.types import (
    Announcement,
    Gesture,
    Phrase,
    PlaybackResult,
    Sighting,
    Spoken,
    Survey,
    View,
    Want,
)

ANSWER_WITHIN_NS = 3 * NS_PER_S
"""It is answered by then with what was seen; †."""
OPEN_WITHIN_NS = 10 * NS_PER_S
"""Its first look may wait for the network to be opened; where none has come by then, none will."""
MOMENT_NS = NS_PER_S
"""Where no answer has begun by then, it says that it is at work; †. To open the network takes seconds."""

_NOT_THERE = {Objects.MISSING: "here.missing", Objects.OFF: "here.off"}


class Surveying:
    """Belongs to the core. It leads from the press until its answer is given; whatever the wearer does
    meanwhile ends it, and is done."""

    def __init__(
        self,
        settings: ThingsSettings,
        callouts: Callouts,
        calls: ThingCalls,
        eyes: Eyesight,
        around: Surroundings,
        words: Phrasebook,
        prompts: Prompts,
    ) -> None:
        self._settings, self._callouts, self._eyes = settings, callouts, eyes
        self._calls, self._around, self._words, self._prompts = calls, around, words, prompts
        self._begun_ns: int | None = None
        self._due_ns = self._looked_ns = 0
        self._moment_ns: int | None = None
        self._playing: Announcement | None = None
        self._votes = SurveyVotes(kind_of)

    @property
    def active(self) -> bool:
        """Whether looks are being taken."""
        return self._begun_ns is not None

    @property
    def next_deadline_ns(self) -> int | None:
        """When it wants a tick."""
        if not self.active:
            return None
        if self._moment_ns is None or self._playing is not None:
            return self._due_ns
        return min(self._due_ns, self._moment_ns)

    def begin(self, now_ns: int) -> None:
        """The wearer asks what is here."""
        key = _NOT_THERE.get(self._around.objects)
        if isinstance(self._eyes.view(now_ns), NoView):
            self._answer_as_a_tap(now_ns)
        elif key is not None:
            self._excuse(key, now_ns)
        elif self._around.perception.things.broken:
            self._excuse("here.failed", now_ns)
        else:
            self._begun_ns, self._due_ns = now_ns, now_ns + ANSWER_WITHIN_NS
            self._moment_ns = now_ns + MOMENT_NS
            self._votes = SurveyVotes(kind_of)
            self._want(on=True)

    def saw(self, sighting: Sighting, now_ns: int) -> None:
        """Show it what was seen."""
        if self._begun_ns is None or sighting.captured_ns < self._begun_ns:
            return
        if self._around.perception.things.broken:
            self._conclude(now_ns)
        elif sighting.survey is not None:
            self._looked_ns = now_ns
            self._votes.add(sighting.survey, (face.tracked.face.box for face in sighting.faces))
            late = now_ns >= self._begun_ns + ANSWER_WITHIN_NS
            if late or self._votes.looks >= self._settings.survey_looks:
                self._conclude(now_ns)

    def tick(self, now_ns: int) -> None:
        """Time has passed."""
        if self._begun_ns is None:
            return
        if now_ns >= self._due_ns:
            self._wait_on_or_conclude(self._begun_ns + OPEN_WITHIN_NS, now_ns)
        if self._moment_ns is not None and now_ns >= self._moment_ns and self._playing is None:
            self._moment_ns = None
            self._prompts.say("scene.begin", now_ns)

    def gesture(self, gesture: Gesture, now_ns: int) -> bool:
        """Whatever it is, it is not an answer."""
        self.cancel(now_ns)
        return False

    def cancel(self, now_ns: int) -> None:
        """Give up what is under way, if anything is."""
        if self.active:
            self._end()

    def camera_gone(self, now_ns: int) -> None:
        """Nothing is seen any more."""
        if self.active:
            self._conclude(now_ns)

    def says(self, announcement: Announcement) -> bool:
        """Whether this is what it says now."""
        return self._prompts.says(announcement)

    def began(self, announcement: Announcement) -> None:
        """An announcement begins to be played: a fault of the device is heard to its end."""
        self._playing = announcement

    def ended(self, announcement: Announcement, result: PlaybackResult | None, now_ns: int) -> None:
        """An announcement is over."""
        self._prompts.ended(announcement)
        if self._playing is announcement:
            self._playing = None

    def _wait_on_or_conclude(self, last_ns: int, now_ns: int) -> None:
        blind = isinstance(self._eyes.view(now_ns), NoView)
        if self._votes.looks or blind or now_ns >= last_ns:
            self._conclude(now_ns)
        else:
            self._due_ns = last_ns

    def _conclude(self, now_ns: int) -> None:
        votes = self._votes
        self._end()
        if votes.looks:
            self._answer(votes.result(), now_ns)
        elif isinstance(self._eyes.view(now_ns), NoView):
            self._answer_as_a_tap(now_ns)
        else:
            self._excuse("here.failed", now_ns)

    def _end(self) -> None:
        self._begun_ns = self._moment_ns = None
        self._want(on=False)

    def _want(self, *, on: bool) -> None:
        perception, survey = self._around.perception, frozenset((Want.SURVEY,))
        perception.wants = perception.wants | survey if on else perception.wants - survey

    def _answer(self, survey: Survey, now_ns: int) -> None:
        """As it was at the last look: one may take so long that nothing newer is known of the camera."""
        at_ns = self._looked_ns
        view, nobody = self._eyes.view(at_ns), self._callouts.nobody(at_ns)
        if nobody and view is not View.NORMAL:
            # What a dark picture seems to show is not told of.
            self._prompts.tell(self._callouts.answer(view, at_ns), now_ns)
            return
        people = self._callouts.answer(view, at_ns)
        told = people.phrase.parts if people.phrase and not nobody else ()
        parts = inventory(told, self._calls.named(survey.things), survey.objects, self._settings.most_objects)
        if parts:
            answer = dataclasses.replace(people, phrase=Phrase(parts=parts))
            self._calls.answered(answer, tuple(thing.thing_id for thing in survey.things), now_ns)
            self._prompts.tell(answer, now_ns)
        else:
            self._prompts.say("here.nothing", now_ns)

    def _answer_as_a_tap(self, now_ns: int) -> None:
        self._prompts.tell(self._callouts.answer(self._eyes.view(now_ns), now_ns), now_ns)

    def _excuse(self, key: str, now_ns: int) -> None:
        """What a tap is answered, and a line that says why that is all."""
        people = self._callouts.answer(self._eyes.view(now_ns), now_ns)
        line = self._words.announcement(key, now_ns)
        phrases = [one.phrase.parts for one in (people, line) if one.phrase is not None]
        parts = join(piece for phrase in phrases for piece in (*phrase, Spoken(text=" ")))
        self._prompts.tell(
            dataclasses.replace(people, phrase=Phrase(parts=parts), earcon=line.earcon), now_ns
        )
