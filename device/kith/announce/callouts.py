"""Who is here, in words: the ambient sentences and the answer to a tap. Pure."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from enum import StrEnum

from kith.announce import words
from kith.announce.phrasing import Piece, capital, fill, join, number
from kith.clock import NS_PER_MS
from kith.config import AnnounceSettings
from kith.types import (
    Announcement,
    Appeared,
    Band,
    Companion,
    Company,
    Earcon,
    Left,
    Phrase,
    Place,
    PresenceEvent,
    Spoken,
    StrangerAppeared,
    View,
)

MAX_PENDING = 8


class NoView(StrEnum):
    """Why there is no picture at all. The value is the key of the answer."""

    STARTING = "answer.starting"
    NO_CAMERA = "answer.no_camera"
    PAUSED = "answer.paused"


_REASON = {View.DARK: "answer.dark", View.COVERED: "answer.covered"}


class Callouts:
    """Keeps appearances until the arbiter has a moment for them, and answers the tap.

    voice_of: how a person's name is heard, None for someone forgotten meanwhile. company: who is here at a
    time. Nothing is said of someone who has gone or was forgotten before their turn came.
    """

    def __init__(
        self,
        settings: AnnounceSettings,
        voice_of: Callable[[int], Piece | None],
        company: Callable[[int], Company],
    ) -> None:
        self._max_age_ns = settings.ambient_max_age_ms * NS_PER_MS
        self._response_max_age_ns = settings.response_max_age_ms * NS_PER_MS
        self._phrasebook = words.Phrasebook(settings)
        self._voice_of = voice_of
        self._company = company
        self._pending: OrderedDict[tuple[int, ...] | int, int] = OrderedDict()  # ids or a stranger's track
        self._answered: dict[tuple[int, ...], int] = {}  # who was pending and is in the newest answer

    def note(self, event: PresenceEvent) -> None:
        """Keep an appearance pending (the oldest of more than MAX_PENDING is dropped), forget a leaving."""
        match event:
            case Appeared():
                self._pend(event.person_ids, event.at_ns)
            case StrangerAppeared():
                self._pend(event.track_id, event.at_ns)
            case Left():
                self._pending.pop(event.person_ids, None)
                self._answered.pop(event.person_ids, None)

    def next_ambient(self, now_ns: int) -> Announcement | None:
        """One announcement of all that is pending and true now, made anew; None if nothing is.

        It is taken: what comes back is not offered again. Someone out of view for a moment stays pending
        until they leave. A stranger is a sound without words, and goes stale.
        """
        here = [one for one in self._company(now_ns).people if one.person_ids in self._pending]
        people = self._with_voices(here)
        clicks_ns = [at_ns for who, at_ns in self._pending.items() if isinstance(who, int)]
        stranger = any(now_ns - at_ns <= self._max_age_ns for at_ns in clicks_ns)
        told = {one.person_ids for one in here}
        self._pending = OrderedDict(
            (who, at_ns)
            for who, at_ns in self._pending.items()
            if not isinstance(who, int) and who not in told
        )
        if not people and not stranger:
            return None
        return Announcement(
            key="people",
            phrase=Phrase(parts=_sentences(people, others=0, facing=False)) if people else None,
            earcon=Earcon.STRANGER if stranger else None,
            band=Band.AMBIENT,
            expires_ns=now_ns + self._max_age_ns,
            identities=tuple(one.person_ids for one, _ in people),
        )

    def answer(self, view: View | NoView, now_ns: int) -> Announcement:
        """Who is here now, for a tap; or why it cannot see. Whoever it names is not pending any more."""
        if isinstance(view, NoView):
            return self._phrasebook.announcement(view.value, now_ns)
        company = self._company(now_ns)
        people = self._with_voices(company.people)
        unsure = company.unsure + len(company.people) - len(people)
        if not people:
            return self._nobody_known(view, company.strangers, unsure, now_ns)
        named = [one.person_ids for one, _ in people]
        self._answered = {ids: self._pending.pop(ids) for ids in named if ids in self._pending}
        return Announcement(
            key="answer",
            phrase=Phrase(parts=_sentences(people, others=company.strangers + unsure, facing=True)),
            earcon=None,
            band=Band.RESPONSE,
            expires_ns=now_ns + self._response_max_age_ns,
            identities=tuple(named),
        )

    def unheard(self, identities: Sequence[tuple[int, ...]]) -> None:
        """An answer that named these was not heard: those who were pending are pending again."""
        for ids in identities:
            if ids in self._answered:
                self._pend(ids, self._answered.pop(ids))

    def nobody(self, now_ns: int) -> bool:
        """Whether an answer would be of nobody at all."""
        company = self._company(now_ns)
        return not (company.people or company.strangers or company.unsure)

    def _pend(self, who: tuple[int, ...] | int, at_ns: int) -> None:
        self._pending[who] = at_ns
        self._pending.move_to_end(who)
        if len(self._pending) > MAX_PENDING:
            self._pending.popitem(last=False)

    def _with_voices(self, people: Sequence[Companion]) -> list[tuple[Companion, list[Piece]]]:
        """Those whose names can all be said: half of "Anna or Beth" would be a guess."""
        named = []
        for one in people:
            voices = [voice for i in one.person_ids if (voice := self._voice_of(i)) is not None]
            if len(voices) == len(one.person_ids):
                named.append((one, voices))
        return named

    def _nobody_known(self, view: View, strangers: int, unsure: int, now_ns: int) -> Announcement:
        others = strangers + unsure
        if others and not (unsure and view in _REASON):
            kind = "unsure" if unsure else "stranger"
            key = f"answer.{kind}_{'one' if others == 1 else 'many'}"
            return self._phrasebook.announcement(key, now_ns, count=others)
        return self._phrasebook.announcement(_REASON.get(view, "answer.nobody"), now_ns)


def direction(bearing_deg: float) -> str:
    """The word for a bearing, positive to the right."""
    return next(word for limit, word in words.DIRECTIONS if bearing_deg <= limit)


def distance(distance_mm: int) -> str:
    """The words for a distance."""
    return next((word for limit, word in words.DISTANCES if distance_mm <= limit), words.FAR)


def _sentences(
    people: Sequence[tuple[Companion, list[Piece]]], *, others: int, facing: bool
) -> tuple[Piece, ...]:
    """ "Anna, left, two metres. Ben. One other." A place is not said twice running: Ben is where Anna is."""
    pieces: list[Piece] = []
    said = ""
    for one, voices in people:
        where = _where(one.place)
        details = ([where] if where != said else []) + ([words.FACING] if facing and one.place.facing else [])
        said = where
        pieces += [*_names(voices), Spoken(text="".join(f", {detail}" for detail in details) + ". ")]
    if others:
        template = words.OTHER_ONE if others == 1 else words.OTHER_MANY
        pieces += [*fill(template, {"Count": Spoken(text=capital(number(others)))}), Spoken(text=".")]
    return join(pieces)


def _names(voices: Sequence[Piece]) -> list[Piece]:
    names: list[Piece] = []
    for voice in voices:
        names += [Spoken(text=f" {words.OR} "), voice] if names else [voice]
    return names


def _where(place: Place) -> str:
    return f"{direction(place.bearing_deg)}, {distance(place.distance_mm)}"
