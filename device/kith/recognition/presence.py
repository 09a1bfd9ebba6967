"""Who is here: votes over looks become appearances and leavings. Pure.

A track's looks vote for an identity: the ids of one person, of the two that cannot be told apart, or none.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from kith.clock import NS_PER_MS, Tick
from kith.config import PresenceSettings
from kith.recognition.votes import Ids, Votes
from kith.types import (
    Appeared,
    Companion,
    Company,
    Left,
    Place,
    PresenceEvent,
    SeenFace,
    Sighting,
    StrangerAppeared,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NamesHeard:
    """These were named aloud, to the end of the announcement: their cooldown begins. "Anna or Beth" names
    neither of the two."""

    identities: tuple[Ids, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """The wearer said that these names were wrong. They leave; the tracks they were given to are nobody's
    until new looks say whose, and never those people's again."""

    identities: tuple[Ids, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """The wearer took that back: the tracks may be those people's again."""

    identities: tuple[Ids, ...]


@dataclass(slots=True, kw_only=True)
class _Track:
    votes: Votes
    place: Place
    seen_ns: int
    ids: Ids = ()
    score: float = 0.0
    unknown_near: int = 0
    stranger: bool = False
    stranger_told: bool = False
    denied: set[int] = field(default_factory=set)

    def begin_anew(self) -> None:
        """As if it had never been looked at."""
        self.votes.forget_all()
        self.ids, self.score, self.unknown_near = (), 0.0, 0


@dataclass(slots=True, kw_only=True)
class _Present:
    place: Place
    seen_ns: int
    told: bool


class Presence:
    """Keeps who is here, and says when someone appears or has left.

    A name needs `votes` agreeing looks of one track within `vote_window_ms`, and more than anything else has
    there; a stranger also as many looks from within `stranger_within_mm`. Someone who comes back within
    `cooldown_ms` of being heard is here without an Appeared (and leaves without a Left).
    """

    def __init__(self, settings: PresenceSettings) -> None:
        self._votes_needed = settings.votes
        self._window_ns = settings.vote_window_ms * NS_PER_MS
        self._left_after_ns = settings.left_after_ms * NS_PER_MS
        self._cooldown_ns = settings.cooldown_ms * NS_PER_MS
        self._stranger_within_mm = settings.stranger_within_mm
        self._tracks: dict[int, _Track] = {}
        self._present: dict[Ids, _Present] = {}
        self._heard_ns: dict[Ids, int] = {}
        self._carried: dict[Ids, tuple[int, int]] = {}  # by which track last, and when
        self._in_view: tuple[int, ...] = ()

    @property
    def next_deadline_ns(self) -> int | None:
        """When it wants a Tick: the next leaving."""
        seen = [present.seen_ns for present in self._present.values()]
        seen += [at_ns for _, at_ns in self._carried.values()]
        return min(seen) + self._left_after_ns if seen else None

    def step(
        self, event: Sighting | NamesHeard | Denied | Allowed | Tick, now_ns: int
    ) -> list[PresenceEvent]:
        """Take one event."""
        match event:
            case Sighting():
                return self._look(event) + self._leave_overdue(now_ns)
            case NamesHeard():
                self._heard_ns.update(dict.fromkeys(event.identities, now_ns))
                return self._leave_overdue(now_ns)
            case Denied():
                left = [each for ids in event.identities for each in self._deny(ids, now_ns)]
                return left + self._leave_overdue(now_ns)
            case Allowed():
                self._allow({person_id for ids in event.identities for person_id in ids})
                return self._leave_overdue(now_ns)
            case Tick():
                return self._leave_overdue(now_ns)

    @property
    def sure_tracks(self) -> frozenset[int]:
        """The tracks in view that are one known person and whose latest look did not say otherwise: they may
        be looked at less often."""
        tracks = ((i, self._tracks[i]) for i in self._in_view)
        return frozenset(
            i for i, track in tracks if len(track.ids) == 1 and track.votes.latest() in (track.ids, None)
        )

    def identity_of(self, track_id: int) -> tuple[int, ...] | None:
        """Who a track is held to be: one id, two, () for a stranger; None for a track unsure or unknown."""
        track = self._tracks.get(track_id)
        if track is None or not (track.ids or track.stranger):
            return None
        return track.ids

    def track_of(self, ids: tuple[int, ...]) -> int | None:
        """The track that carries this identity, or did last within `left_after_ms`; None for none."""
        carried = self._carried.get(ids)
        return None if carried is None else carried[0]

    def company(self, now_ns: int) -> Company:
        """Who is here now: seen within `vote_window_ms`, faces without a name as of the last sighting."""
        since_ns = now_ns - self._window_ns
        tracks = [track for i in self._in_view if (track := self._tracks[i]).seen_ns >= since_ns]
        people = [
            Companion(person_ids=ids, place=present.place)
            for ids, present in self._present.items()
            if present.seen_ns >= since_ns
        ]
        strangers = sum(track.stranger for track in tracks)
        unsure = sum(not track.ids and not track.stranger for track in tracks)
        # A face not judged yet may be the very person whose track broke a moment ago: not one more.
        out_of_view = len(people) - sum(bool(track.ids) for track in tracks)
        return Company(
            people=tuple(sorted(people, key=lambda companion: companion.place.distance_mm)),
            strangers=strangers,
            unsure=max(0, unsure - out_of_view),
        )

    def _look(self, sighting: Sighting) -> list[PresenceEvent]:
        at_ns = sighting.captured_ns
        self._in_view = tuple(face.tracked.track_id for face in sighting.faces)
        before = {face.tracked.track_id: self._observe(face, at_ns).ids for face in sighting.faces}
        for track_id in self._in_view:
            self._settle(self._tracks[track_id])
        self._give_each_person_one_track()
        events: list[PresenceEvent] = []
        carried = {self._tracks[track_id].ids for track_id in self._in_view}
        for ids in sorted(set(before.values()) - carried):
            events += self._leave(ids, at_ns)
        for track_id in self._in_view:
            events += self._report(track_id, self._tracks[track_id], at_ns)
        return events

    def _observe(self, face: SeenFace, at_ns: int) -> _Track:
        track = self._tracks.get(face.tracked.track_id)
        if track is None:
            votes = Votes(needed=self._votes_needed, window_ns=self._window_ns)
            track = _Track(votes=votes, place=face.place, seen_ns=at_ns)
            self._tracks[face.tracked.track_id] = track
        track.place, track.seen_ns = face.place, at_ns
        track.votes.forget_old(at_ns)
        if face.identification is not None:
            said = track.votes.cast(face.identification, at_ns, track.denied)
            # Far off the enrolled too are often not recognised: that makes nobody a stranger.
            track.unknown_near += not said and face.place.distance_mm <= self._stranger_within_mm
        return track

    def _settle(self, track: _Track) -> None:
        verdict = track.votes.verdict()
        if verdict:
            # "Anna or Beth" is no news of a face known to be Anna's.
            if not (track.ids and set(track.ids) < set(verdict)):
                track.ids = verdict
            track.stranger, track.unknown_near = False, 0
        elif verdict is not None and not track.votes.any_for(track.ids):
            track.ids = ()
            track.stranger = track.stranger or track.unknown_near >= self._votes_needed
        score = track.votes.score(track.ids)
        track.score = track.score if score is None else score

    def _give_each_person_one_track(self) -> None:
        named = [track for i in self._in_view if (track := self._tracks[i]).ids]
        taken: set[int] = set()
        for track in sorted(named, key=lambda track: track.score, reverse=True):
            if taken.isdisjoint(track.ids):
                taken.update(track.ids)
            else:
                track.ids = ()

    def _report(self, track_id: int, track: _Track, at_ns: int) -> list[PresenceEvent]:
        if track.ids:
            return self._is_here(track_id, track, at_ns)
        if track.stranger and not track.stranger_told:
            track.stranger_told = True
            return [StrangerAppeared(track_id=track_id, place=track.place, at_ns=at_ns)]
        return []

    def _is_here(self, track_id: int, track: _Track, at_ns: int) -> list[PresenceEvent]:
        self._carried[track.ids] = (track_id, at_ns)
        present = self._present.get(track.ids)
        if present is not None:
            present.place, present.seen_ns = track.place, at_ns
            return []
        events: list[PresenceEvent] = []
        for ids in [ids for ids in self._present if not set(ids).isdisjoint(track.ids)]:
            events += self._leave(ids, at_ns)
        told = not self._cooling(track.ids, at_ns)
        self._present[track.ids] = _Present(place=track.place, seen_ns=at_ns, told=told)
        if told:
            events.append(Appeared(person_ids=track.ids, track_id=track_id, place=track.place, at_ns=at_ns))
        return events

    def _deny(self, ids: Ids, now_ns: int) -> list[PresenceEvent]:
        meant = self.track_of(ids)
        gone = {ids}
        for track_id, track in self._tracks.items():
            # Of two that could not be told apart one may have been settled on meanwhile.
            if track_id == meant or not set(ids).isdisjoint(track.ids):
                track.denied.update(ids)
                gone.add(track.ids)
                track.begin_anew()
        for each in gone:
            self._carried.pop(each, None)
            self._heard_ns.pop(each, None)  # who really bears the name has not been heard of yet
        return [event for each in sorted(gone) for event in self._leave(each, now_ns)]

    def _allow(self, person_ids: set[int]) -> None:
        for track in self._tracks.values():
            if not track.denied.isdisjoint(person_ids):
                track.denied -= person_ids
                if not track.ids:
                    track.begin_anew()

    def _cooling(self, ids: Ids, at_ns: int) -> bool:
        """Whether these were heard lately, or one of the two by their own name."""
        names = {ids, *((person_id,) for person_id in ids)}
        return any(at_ns - self._heard_ns[name] < self._cooldown_ns for name in names & self._heard_ns.keys())

    def _leave(self, ids: Ids, at_ns: int) -> list[PresenceEvent]:
        present = self._present.pop(ids, None)
        return [Left(person_ids=ids, at_ns=at_ns)] if present is not None and present.told else []

    def _leave_overdue(self, now_ns: int) -> list[PresenceEvent]:
        until_ns = now_ns - self._left_after_ns
        events: list[PresenceEvent] = []
        for ids in [ids for ids, present in self._present.items() if present.seen_ns <= until_ns]:
            events += self._leave(ids, now_ns)
        self._carried = {ids: last for ids, last in self._carried.items() if last[1] > until_ns}
        self._tracks = {
            i: track for i, track in self._tracks.items() if track.seen_ns > until_ns or i in self._in_view
        }
        return events
