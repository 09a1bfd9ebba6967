"""Which looks the device may keep as further templates of someone it knows. Pure.

Active self-paced learning (Lin et al., PAMI 2018) lets a recogniser take the samples it is surest of as its
own and asks a person about the rest. Here only the first half is done, and nobody is asked: a look counts
when it is far above the threshold on a long track that never said anything else, and it is held back until
the wearer can no longer call it wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from kith.clock import NS_PER_MS, NS_PER_S, Tick
from kith.config import LearningSettings
from kith.types import Embedding, Identification, Outcome, SeenFace, Sighting

_BROKEN_OFF_NS = 5 * NS_PER_S
"""A track that is not ripe and was unseen for so long does not come back: the tracker has dropped it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedWrong:
    """The wearer said that these names were wrong."""

    person_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """These looks of one track together are fit to become a template of this person."""

    person_id: int
    embedding: Embedding


def far_above(said: Identification, threshold: float, settings: LearningSettings) -> bool:
    """Whether an answer scores so far above the threshold of a name, and leads so far, that it may teach."""
    # With one person enrolled there is no other to lead over.
    clear = said.margin is None or said.margin >= settings.min_margin
    return clear and said.score is not None and said.score >= threshold + settings.min_lead


@dataclass(slots=True, kw_only=True)
class _Candidate:
    seen_ns: int
    person_id: int | None = None
    since_ns: int = 0
    looks: int = 0
    embedding: Embedding | None = None
    ripe: bool = False
    spoilt: bool = False

    def drop_looks(self) -> None:
        """Start the run of good looks anew; what was ripe stays so."""
        if not self.ripe:
            self.looks, self.embedding = 0, None

    def spoil(self) -> None:
        """Nothing of this track is ever kept."""
        self.spoilt, self.ripe, self.embedding = True, False, None


class Learner:
    """Follows each track; says when something of it may be kept. Of somebody marked wrong nothing is kept
    any more, as long as it lives."""

    def __init__(self, settings: LearningSettings, threshold: Callable[[], float]) -> None:
        """threshold: tells the least score of a name, which rises with the gallery."""
        self._settings, self._threshold = settings, threshold
        self._candidates: dict[int, _Candidate] = {}
        self._learnt_ns: dict[int, int] = {}
        self._wrong: set[int] = set()

    @property
    def next_deadline_ns(self) -> int | None:
        """When it wants a Tick: the next look is held back long enough."""
        ripe = [each.seen_ns for each in self._candidates.values() if each.ripe]
        return min(ripe) + self._settings.hold_back_ms * NS_PER_MS if ripe else None

    @property
    def held(self) -> frozenset[int]:
        """Of whom looks are held back, or being gathered."""
        candidates = self._candidates.values()
        return frozenset(each.person_id for each in candidates if each.person_id and not each.spoilt)

    def step(self, event: Sighting | MarkedWrong | Tick, now_ns: int) -> list[Learnt]:
        """Take one event."""
        match event:
            case Sighting():
                self._look(event)
            case MarkedWrong():
                self._wrong.update(event.person_ids)
                for candidate in self._candidates.values():
                    if candidate.person_id in event.person_ids:
                        candidate.spoil()
        return self._held_back_long_enough(now_ns)

    def forget(self) -> None:
        """Drop every look that is held back."""
        self._candidates.clear()

    def _look(self, sighting: Sighting) -> None:
        for face in sighting.faces:
            candidate = self._candidates.setdefault(
                face.tracked.track_id, _Candidate(seen_ns=sighting.captured_ns)
            )
            candidate.seen_ns = sighting.captured_ns
            if face.identification is not None and not candidate.spoilt:
                self._judge(candidate, face, face.identification)
        here = [self._candidates[face.tracked.track_id] for face in sighting.faces]
        claimed = Counter(each.person_id for each in here if each.person_id is not None)
        for candidate in here:
            if candidate.person_id is not None and claimed[candidate.person_id] > 1:
                candidate.spoil()  # nobody is in two places: one of them is a look-alike

    def _judge(self, candidate: _Candidate, face: SeenFace, said: Identification) -> None:
        if said.outcome is Outcome.UNKNOWN:
            candidate.drop_looks()
            return
        if said.outcome is Outcome.AMBIGUOUS or candidate.person_id not in (None, said.person_id):
            candidate.spoil()
            return
        candidate.person_id = said.person_id
        if not far_above(said, self._threshold(), self._settings):
            candidate.drop_looks()
            return
        if candidate.looks == 0:
            candidate.since_ns = candidate.seen_ns
        candidate.looks += 1
        candidate.embedding = face.tracked.fused
        lasted_ns = candidate.seen_ns - candidate.since_ns
        candidate.ripe = candidate.ripe or (
            candidate.looks >= self._settings.min_looks
            and lasted_ns >= self._settings.min_track_ms * NS_PER_MS
        )

    def _held_back_long_enough(self, now_ns: int) -> list[Learnt]:
        learnt: list[Learnt] = []
        for track_id, candidate in list(self._candidates.items()):
            unseen_ns = now_ns - candidate.seen_ns
            if candidate.ripe and unseen_ns >= self._settings.hold_back_ms * NS_PER_MS:
                learnt += self._take(candidate, now_ns)
                del self._candidates[track_id]
            elif not candidate.ripe and unseen_ns >= _BROKEN_OFF_NS:
                del self._candidates[track_id]
        return learnt

    def _take(self, candidate: _Candidate, now_ns: int) -> list[Learnt]:
        person_id, embedding = candidate.person_id, candidate.embedding
        if person_id is None or embedding is None or person_id in self._wrong:
            return []
        last_ns = self._learnt_ns.get(person_id)
        if last_ns is not None and now_ns - last_ns < self._settings.again_after_ms * NS_PER_MS:
            return []
        self._learnt_ns[person_id] = now_ns
        return [Learnt(person_id=person_id, embedding=embedding)]
