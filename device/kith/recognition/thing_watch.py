"""Things of which the wearer is told unasked: when one comes into view. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping

from kith.clock import NS_PER_S
from kith.types import SeenThing

_LOOKS = 3
"""So many looks, one after the other, must show it: what is told unasked must be surer than an answer."""
GONE_NS = 60 * NS_PER_S
"""Once told of, it is told of again only after it was out of view for so long; †."""


class ThingWatch:
    """Takes every survey, whoever wanted it. interval_ns: between two surveys that nobody wanted; it may be
    changed."""

    def __init__(self, interval_ns: int) -> None:
        self.interval_ns = interval_ns
        self._looks: deque[tuple[int, Mapping[int, SeenThing]]] = deque(maxlen=_LOOKS)
        self._told: dict[int, int] = {}  # when each was last in view

    def saw(self, things: Iterable[SeenThing], at_ns: int) -> None:
        """A survey showed these things, and no others."""
        if self._looks and at_ns - self._looks[-1][0] > self._apart_ns:
            self._looks.clear()
        self._looks.append((at_ns, {thing.thing_id: thing for thing in things}))
        here = {thing.thing_id for thing in self._here(at_ns)}
        self._told = {
            key: at_ns if key in here else seen_ns
            for key, seen_ns in self._told.items()
            if key in here or at_ns - seen_ns < GONE_NS
        }

    def news(self, watched: Collection[int], now_ns: int) -> list[SeenThing]:
        """Those of the watched that are here now and were not told of."""
        return [
            one for one in self._here(now_ns) if one.thing_id in watched and one.thing_id not in self._told
        ]

    def told(self, thing_ids: Iterable[int], now_ns: int) -> tuple[int, ...]:
        """The wearer is being told of these; those who are news to them."""
        new = tuple(thing_id for thing_id in thing_ids if thing_id not in self._told)
        self._told |= dict.fromkeys(new, now_ns)
        return new

    def untold(self, thing_ids: Iterable[int]) -> None:
        """That was not heard."""
        for thing_id in thing_ids:
            self._told.pop(thing_id, None)

    def forget(self) -> None:
        """The camera was closed: nothing of what was seen is kept but that it was told of."""
        self._looks.clear()

    @property
    def _apart_ns(self) -> int:
        """With longer between, two looks are not of one moment."""
        return 4 * self.interval_ns

    def _here(self, now_ns: int) -> list[SeenThing]:
        """What the last looks agree on, as it was seen last, largest first."""
        if not self._looks or now_ns - self._looks[-1][0] > self._apart_ns:
            return []
        newest: dict[int, SeenThing] = {}
        for _, shown in self._looks:
            newest |= shown
        agreed = [
            thing
            for thing in newest.values()
            if sum(thing.thing_id in shown for _, shown in self._looks) == _LOOKS
        ]
        return sorted(agreed, key=lambda thing: -thing.box.area)
