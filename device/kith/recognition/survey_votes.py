"""What several looks show besides faces: what most of them agree on. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from kith.types import BoxPx, SeenObject, SeenThing, Survey

PERSON = "person"
"""The label of somebody seen from anywhere. Whoever shows a face is told of by that."""
_SAME_IOU = 0.3
_SAME_BEARING_DEG = 8.0
"""A box that has moved by no more from one look to the next, and is about as large, is of the same object:
the wearer's head turns while looking."""
_SAME_SIZE = 2.0
"""As large: at most so many times as wide as before, or so many times less."""


@dataclass(slots=True, kw_only=True)
class _Group:
    """One object, look by look."""

    kind: str
    newest: SeenObject
    looks: int = 1
    faced: bool = False
    last_look: int


class SurveyVotes:
    """Add one survey after the other, then ask what counts."""

    def __init__(self, kind_of: Callable[[str], str | None]) -> None:
        """kind_of: what objects of a label are to count as; None: they are not told of."""
        self._kind_of = kind_of
        self._groups: list[_Group] = []
        self._things: dict[int, list[SeenThing]] = {}
        self.looks = 0

    def add(self, survey: Survey, faces: Iterable[BoxPx] = ()) -> None:
        """One more look. faces: those of its frame."""
        self.looks += 1
        middles = [(box.center_x, box.center_y) for box in faces]
        for seen in survey.objects:
            kind = self._kind_of(seen.label)
            if kind is not None:
                group = self._group_of(kind, seen)
                group.faced |= seen.label == PERSON and any(seen.box.holds(*at) for at in middles)
        for thing in survey.things:
            self._things.setdefault(thing.thing_id, []).append(thing)

    def result(self) -> Survey:
        """What more than half of the looks showed, each as it was seen last, largest first. Of people only
        those whose face no look showed."""
        objects = [group.newest for group in self._groups if 2 * group.looks > self.looks and not group.faced]
        things = [seen[-1] for seen in self._things.values() if 2 * len(seen) > self.looks]
        return Survey(
            objects=tuple(sorted(objects, key=lambda seen: -seen.box.area)),
            things=tuple(sorted(things, key=lambda seen: -seen.box.area)),
        )

    def _group_of(self, kind: str, seen: SeenObject) -> _Group:
        """The group of this object, which has it from now on."""
        others = [group for group in self._groups if group.kind == kind and group.last_look < self.looks]
        best = max(others, key=lambda group: _likeness(group.newest, seen), default=None)
        if best is not None and _likeness(best.newest, seen) > 0:
            best.newest, best.last_look, best.looks = seen, self.looks, best.looks + 1
            return best
        group = _Group(kind=kind, newest=seen, last_look=self.looks)
        self._groups.append(group)
        return group


def _likeness(before: SeenObject, now: SeenObject) -> float:
    """How likely two boxes of one kind are of one object; 0: they are not."""
    overlap = before.box.iou(now.box)
    if overlap >= _SAME_IOU:
        return 1 + overlap
    apart_deg = abs(before.bearing_deg - now.bearing_deg)
    wider = max(before.box.w, now.box.w) / max(1.0, min(before.box.w, now.box.w))
    return 1 - apart_deg / _SAME_BEARING_DEG if apart_deg < _SAME_BEARING_DEG and wider <= _SAME_SIZE else 0
