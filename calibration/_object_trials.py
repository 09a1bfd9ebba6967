"""What an object network found, held against what is in the pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from calibration._object_pictures import Known, KnownPicture
from kith.announce.inventory import OBJECTS
from kith.types import BoxPx
from kith.vision.objects import FoundObject

_ABOUT_THERE = 0.3
"""Intersection over union with a rough box: in the right direction, about as large as it is."""


@dataclass(slots=True)
class Tally:
    """Counts by word. twice: found again where it had been found."""

    things: Counter[str] = field(default_factory=Counter)
    hits: Counter[str] = field(default_factory=Counter)
    false_alarms: Counter[str] = field(default_factory=Counter)
    twice: Counter[str] = field(default_factory=Counter)
    extents: list[tuple[str, float, bool]] = field(default_factory=list)
    """Of each thing its word, its larger side as a share of the picture's, and whether it was found."""

    def add(self, found: Sequence[FoundObject], picture: KnownPicture) -> None:
        """Judge what was found in one picture, the surest first. Classes not told of are left out."""
        self.things.update(thing.word for thing in picture.things)
        open_things, taken = list(picture.things), list[Known]()
        for each in found:
            word = said(each.label)
            if word is None:
                continue
            best = _best(word, each.box, open_things)
            if best is not None:
                self.hits[word] += 1
                open_things.remove(best)
                taken.append(best)
            elif _best(word, each.box, taken) is not None:
                self.twice[word] += 1
            elif not _may_be(word, each.box, picture.unsure):
                self.false_alarms[word] += 1
        height_px, width_px = picture.rgb.shape[:2]
        for thing in picture.things:
            extent = max(thing.box.w / width_px, thing.box.h / height_px)
            self.extents.append((thing.word, extent, thing not in open_things))

    def total(self, counts: Counter[str], *, people: bool) -> int:
        """Of people, or of everything else."""
        return sum(count for word, count in counts.items() if (word == "person") == people)


def said(label: str) -> str | None:
    """The word for one object of this class, as "cup"; None: it is not told of."""
    words = OBJECTS.get(label)
    return None if words is None else words[0].partition(" ")[2]


def sure(found: Sequence[FoundObject], least: float) -> list[FoundObject]:
    """Those of at least this score. What a box hides, it hides at every threshold, so this may come after."""
    return [each for each in found if each.score >= least]


def _best(word: str, box: BoxPx, things: Sequence[Known]) -> Known | None:
    alike = [thing for thing in things if thing.word == word and box.iou(thing.box) >= _ABOUT_THERE]
    return max(alike, key=lambda thing: box.iou(thing.box), default=None)


def _may_be(word: str, box: BoxPx, unsure: Sequence[Known]) -> bool:
    return any(
        place.word == word and (box.iou(place.box) >= _ABOUT_THERE or _middle_in(box, place.box))
        for place in unsure
    )


def _middle_in(box: BoxPx, place: BoxPx) -> bool:
    return place.x <= box.center_x <= place.x + place.w and place.y <= box.center_y <= place.y + place.h
