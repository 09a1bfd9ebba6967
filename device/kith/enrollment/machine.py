"""Remembering a person or a thing by one button: the conversation. Pure: sightings, answers and time in,
sounds, questions and at last the views to store out. A gatherer judges what is seen
(`kith.enrollment.gathering`)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from kith.clock import Tick
from kith.config import EnrollmentSettings, QuestionSettings, ThingsSettings
from kith.enrollment.gathering import Failed, Found, Gathered, Gatherer, LooksLike
from kith.enrollment.messages import (
    Answer,
    AskName,
    Attend,
    Begin,
    Cancel,
    Ending,
    EnrollmentCommand,
    EnrollmentEvent,
    Finished,
    Named,
    Prompt,
    PromptEnded,
    Reason,
    Saw,
    Say,
    Store,
    Stored,
    StoreFailed,
    Unable,
)
from kith.enrollment.thing_views import ThingViews
from kith.enrollment.views import FaceViews
from kith.runtime.question import Due, Question
from kith.types import I16, Kind

GathererOf = Callable[[Kind, int], Gatherer]
"""Makes a gatherer for this kind that begins now_ns."""

_LOOKING = {Kind.PERSON: Prompt.LOOKING, Kind.THING: Prompt.THING_LOOKING}
_SAME = {Kind.PERSON: Prompt.SAME, Kind.THING: Prompt.THING_SAME}


def gatherers(people: EnrollmentSettings, things: ThingsSettings) -> GathererOf:
    """Of faces and of things."""

    def gatherer_of(kind: Kind, now_ns: int) -> Gatherer:
        if kind is Kind.THING:
            return ThingViews(things, people, now_ns)
        return FaceViews(people, now_ns)

    return gatherer_of


@dataclass(frozen=True, slots=True)
class _Looking:
    gatherer: Gatherer


@dataclass(frozen=True, slots=True)
class _AskingSame:
    say: Say
    question: Question
    gatherer: Gatherer


@dataclass(frozen=True, slots=True)
class _AskingConsent:
    say: Say
    question: Question
    views: Gathered


@dataclass(frozen=True, slots=True)
class _Naming:
    views: Gathered


@dataclass(frozen=True, slots=True)
class _Storing:
    added: bool


_State = _Looking | _AskingSame | _AskingConsent | _Naming | _Storing


class Enrollment:
    """Looks, asks whether it is somebody known, asks for consent and for a name, and has it all stored.

    Somebody known is added to after a yes: neither consent, which they gave before, nor a name is asked for.
    So is a thing that Begin names, without a question. Somebody new is stored only after a yes to the
    question for consent; of a thing only the name is asked for. A question that nobody answers is asked once
    more and then ends the enrollment with a reason. Every enrollment ends with one Finished, its last
    command; no embedding is kept after its Store or its end.
    """

    def __init__(self, questions: QuestionSettings, gatherer_of: GathererOf) -> None:
        self._questions, self._gatherer_of = questions, gatherer_of
        self._kind = Kind.PERSON
        self._add_to: int | None = None
        self._state: _State | None = None

    @property
    def active(self) -> bool:
        """From Begin to Finished."""
        return self._state is not None

    @property
    def kind(self) -> Kind:
        """What it remembers, or remembered last."""
        return self._kind

    @property
    def looking(self) -> Say:
        """What says what it looks for."""
        if self._add_to is not None:
            return Say(prompt=Prompt.THING_ANEW, person_id=self._add_to)
        return Say(prompt=_LOOKING[self._kind])

    @property
    def asking(self) -> bool:
        """Whether it waits for an Answer."""
        return isinstance(self._state, _AskingSame | _AskingConsent)

    @property
    def next_deadline_ns(self) -> int | None:
        """When it wants a Tick. None while it waits for Named, or for the answer to Store."""
        match self._state:
            case _Looking(gatherer=gatherer):
                return gatherer.next_deadline_ns
            case _AskingSame(question=question) | _AskingConsent(question=question):
                return question.next_deadline_ns
            case _:
                return None

    def step(self, event: EnrollmentEvent, now_ns: int) -> list[EnrollmentCommand]:
        """Take one event."""
        state = self._state
        if isinstance(event, Cancel) and not isinstance(state, _Storing | None):
            return self._end(Say(prompt=Prompt.CANCELLED), Ending.CANCELLED)
        match state:
            case _Looking(gatherer=gatherer):
                return self._looking(gatherer, event, now_ns)
            case _AskingSame() | _AskingConsent():
                return self._asking(state, event, now_ns)
            case _:
                return self._waiting(event, now_ns)

    def _waiting(self, event: EnrollmentEvent, now_ns: int) -> list[EnrollmentCommand]:
        """For the one event that leads on from here."""
        match self._state, event:
            case None, Begin(kind=kind, add_to=add_to):
                self._kind, self._add_to = kind, add_to
                self._state = _Looking(self._gatherer_of(kind, now_ns))
                return [self._attend(on=True), self.looking]
            case _Naming(views=views), Named(recording=recording):
                return [self._store(views, recording)]
            case _Storing(added=added), Stored() | StoreFailed():
                return self._answer_of_the_store(event, added)
            case _:
                return []

    def _looking(self, gatherer: Gatherer, event: EnrollmentEvent, now_ns: int) -> list[EnrollmentCommand]:
        if isinstance(event, Unable):
            return self._refuse(event.reason)
        if not isinstance(event, Saw | PromptEnded | Tick):
            return []
        return self._pass_on(gatherer.step(event, now_ns), gatherer, now_ns)

    def _pass_on(self, found: list[Found], gatherer: Gatherer, now_ns: int) -> list[EnrollmentCommand]:
        commands: list[EnrollmentCommand] = []
        for one in found:
            match one:
                case Gathered():
                    commands += self._gathered(one, now_ns)
                case LooksLike():
                    say = Say(prompt=_SAME[self._kind], person_id=one.person_id)
                    self._state = _AskingSame(say, Question(self._questions, now_ns), gatherer)
                    commands.append(say)
                case Failed():
                    commands += self._refuse(one.reason, ending=one.ending)
                case _:
                    commands.append(one)
        return commands

    def _gathered(self, views: Gathered, now_ns: int) -> list[EnrollmentCommand]:
        no_more = self._attend(on=False)
        if views.add_to is None:
            views = replace(views, add_to=self._add_to)
        if views.add_to is not None:
            return [no_more, self._store(views)]
        if self._kind is Kind.THING:
            return [no_more, self._ask_name(views)]
        say = Say(prompt=Prompt.CONSENT)
        self._state = _AskingConsent(say, Question(self._questions, now_ns), views)
        return [no_more, say]

    def _ask_name(self, views: Gathered) -> AskName:
        self._state = _Naming(views)
        return AskName()

    def _store(self, views: Gathered, recording: I16 | None = None) -> Store:
        self._state = _Storing(added=views.add_to is not None)
        return Store(
            embeddings=views.views,
            add_to=views.add_to,
            recording=recording,
            kind=self._kind,
            extent=views.extent,
        )

    def _asking(
        self, asking: _AskingSame | _AskingConsent, event: EnrollmentEvent, now_ns: int
    ) -> list[EnrollmentCommand]:
        match event:
            case Answer(yes=yes):
                return self._answered(asking, yes, now_ns)
            case PromptEnded():
                asking.question.ended(now_ns)
            case Saw() if isinstance(asking, _AskingSame):
                # So that it knows, afterwards, whether what it gathers stayed in view.
                asking.gatherer.step(event, now_ns)
        match asking.question.due(now_ns):
            case Due.REPEAT:
                return [asking.say]
            case Due.GIVE_UP:
                reason = Reason.KNOWN if isinstance(asking, _AskingSame) else Reason.NO_ANSWER
                return self._refuse(reason, person_id=asking.say.person_id)
            case None:
                return []

    def _answered(
        self, asking: _AskingSame | _AskingConsent, yes: bool, now_ns: int
    ) -> list[EnrollmentCommand]:
        if isinstance(asking, _AskingSame):
            self._state = _Looking(asking.gatherer)
            found = asking.gatherer.answered(yes=yes, now_ns=now_ns)
            return self._pass_on(found, asking.gatherer, now_ns)
        if not yes:
            return self._refuse(Reason.NO_CONSENT)
        return [self._ask_name(asking.views)]

    def _answer_of_the_store(self, answer: Stored | StoreFailed, added: bool) -> list[EnrollmentCommand]:
        if isinstance(answer, StoreFailed):
            return self._refuse(answer.reason)
        if added:
            return self._end(Say(prompt=Prompt.ADDED, person_id=answer.person_id), Ending.ADDED)
        prompt = Prompt.DONE if answer.recorded else Prompt.DONE_NUMBER
        return self._end(Say(prompt=prompt, person_id=answer.person_id), Ending.ENROLLED)

    def _refuse(
        self, reason: Reason, *, ending: Ending = Ending.REFUSED, person_id: int | None = None
    ) -> list[EnrollmentCommand]:
        return self._end(Say(prompt=Prompt.REFUSED, reason=reason, person_id=person_id), ending, reason)

    def _end(self, say: Say, ending: Ending, reason: Reason | None = None) -> list[EnrollmentCommand]:
        attending = isinstance(self._state, _Looking | _AskingSame)
        self._state = None
        no_more = [self._attend(on=False)] if attending else []
        return [*no_more, say, Finished(ending=ending, reason=reason)]

    def _attend(self, *, on: bool) -> Attend:
        return Attend(on=on, kind=self._kind)
