"""What the latest looks of one track say of whose face it is."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Container
from typing import NamedTuple

from kith.types import Identification

Ids = tuple[int, ...]
"""An identity: one person's id, the two that cannot be told apart in ascending order, or () for nobody."""


class _Vote(NamedTuple):
    at_ns: int
    ids: Ids
    score: float


class Votes:
    """The votes of one track within the window."""

    def __init__(self, *, needed: int, window_ns: int) -> None:
        self._needed = needed
        self._window_ns = window_ns
        self._votes: deque[_Vote] = deque()

    def cast(self, identification: Identification, at_ns: int, denied: Container[int] = ()) -> Ids:
        """Add what one look said, and return that; who is denied, or like somebody denied, is nobody."""
        candidates = (identification.person_id, identification.runner_up_id)
        ids = tuple(sorted(i for i in candidates if i is not None))
        if any(i in denied for i in ids):
            ids = ()
        self._votes.append(_Vote(at_ns, ids, identification.score or 0.0))
        return ids

    def forget_all(self) -> None:
        """Drop every vote."""
        self._votes.clear()

    def forget_old(self, now_ns: int) -> None:
        """Drop the votes that are older than the window."""
        while self._votes and now_ns - self._votes[0].at_ns > self._window_ns:
            self._votes.popleft()

    def verdict(self) -> Ids | None:
        """What has the votes needed, and more votes than anything else has: a name, or () for nobody
        enrolled. None while the looks do not say."""
        leaders = Counter(vote.ids for vote in self._votes).most_common(2)
        if not leaders or leaders[0][1] < self._needed:
            return None
        if len(leaders) == 2 and leaders[0][1] == leaders[1][1]:
            return None
        return leaders[0][0]

    def latest(self) -> Ids | None:
        """What the latest look said, None if there was none within the window."""
        return self._votes[-1].ids if self._votes else None

    def any_for(self, ids: Ids) -> bool:
        """Whether any look within the window still speaks for one of these people."""
        return any(not set(ids).isdisjoint(vote.ids) for vote in self._votes)

    def score(self, ids: Ids) -> float | None:
        """The score of the latest look that spoke for exactly these, None if none did."""
        return next((vote.score for vote in reversed(self._votes) if vote.ids == ids), None)
