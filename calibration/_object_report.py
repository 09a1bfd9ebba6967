"""The tables of `calibration.objects`."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from calibration._object_pictures import KnownPicture
from calibration._object_trials import Tally, said, sure
from kith.announce.inventory import inventory
from kith.config import CameraSettings, ThingsSettings
from kith.types import SeenObject, Spoken
from kith.vision.objects import FoundObject
from kith.vision.place import focal_length_px

THRESHOLDS = (0.3, 0.35, 0.4, 0.45, 0.5, 0.55)
_SIZES = (0.0, 0.2, 0.4, 0.7, 1.01)
_SAME = 0.5
"""Intersection over union of one thing in the eyes of two networks."""
_Z = 1.96
"""Of an interval that holds the truth in 95 of 100 cases."""

Found = Sequence[Sequence[FoundObject]]


def print_thresholds(found: Mapping[str, Found], pictures: Sequence[KnownPicture]) -> None:
    """Hits, false alarms and what is told twice, people apart, at each threshold."""
    print("| | score | things found | wrong | twice | people found | wrong | twice |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name, looks in found.items():
        for threshold in THRESHOLDS:
            tally = _tally(looks, pictures, threshold)
            cells = []
            for people in (False, True):
                hits, things, wrong, twice = (
                    tally.total(counts, people=people)
                    for counts in (tally.hits, tally.things, tally.false_alarms, tally.twice)
                )
                cells += [f"{hits} of {things}", str(wrong), str(twice)]
            print(f"| {name} | {threshold:.2f} | {' | '.join(cells)} |")
    print()


def print_words(found: Mapping[str, Found], pictures: Sequence[KnownPicture], threshold: float) -> None:
    """Hits, misses and false alarms of each word at the operating threshold, the networks side by side."""
    tallies = {name: _tally(looks, pictures, threshold) for name, looks in found.items()}
    print(f"At a score of {threshold}:\n")
    print("| said | in the pictures |" + "".join(f" {name}: found | missed | wrong |" for name in tallies))
    print("| --- | --- |" + " --- | --- | --- |" * len(tallies))
    things = next(iter(tallies.values())).things
    words = {word for tally in tallies.values() for word in (*tally.things, *tally.false_alarms)}
    for word in sorted(words, key=lambda word: (-things[word], word)):
        cells = [
            f" {tally.hits[word]} | {things[word] - tally.hits[word]} | {tally.false_alarms[word]} |"
            for tally in tallies.values()
        ]
        print(f"| {word} | {things[word]} |{''.join(cells)}")
    for name, tally in tallies.items():
        for people, what in ((False, "things"), (True, "people")):
            hits, trials = (tally.total(counts, people=people) for counts in (tally.hits, tally.things))
            print(f"\n{name}: {what} found: {_share(hits, trials)}", end="")
    print("\n")


def print_agreement(quantised: Found, exact: Found, threshold: float) -> None:
    """Of what either network is sure of, how far the other's score is off, and what only one told."""
    differences, alone = list[float](), 0
    for ours, theirs in zip(quantised, exact, strict=True):
        for each, others in [(one, theirs) for one in sure(ours, threshold)] + [
            (one, ours) for one in sure(theirs, threshold)
        ]:
            same = [o.score for o in others if o.label == each.label and o.box.iou(each.box) >= _SAME]
            differences += [abs(each.score - max(same))] if same else []
            alone += not same or max(same) < threshold
    print(
        f"int8 against float, of {len(differences)} boxes of at least {threshold}: scores differ by"
        f" {np.median(differences):.3f} in the middle, by {np.percentile(differences, 95):.3f} in 1 of 20;"
        f" {alone} told by one only\n"
    )


def print_faces(found: Mapping[str, Found]) -> None:
    """What is told of pictures of faces: people, and anything else, which is hardly ever there."""
    print("| | score | a person in | something else in | which |")
    print("| --- | --- | --- | --- | --- |")
    for name, looks in found.items():
        for threshold in THRESHOLDS:
            words = [{said(each.label) for each in sure(look, threshold)} - {None} for look in looks]
            others = Counter(word for each in words for word in each - {"person"})
            people = _share(sum("person" in each for each in words), len(words))
            wrong = _share(sum(bool(each - {"person"}) for each in words), len(words))
            which = ", ".join(f"{word} {count}" for word, count in others.most_common())
            print(f"| {name} | {threshold:.2f} | {people} | {wrong} | {which} |")
    print()


def print_sizes(found: Found, pictures: Sequence[KnownPicture], threshold: float) -> None:
    """Of things of each size, how many are found."""
    extents = _tally(found, pictures, threshold).extents
    print("| larger side, of the picture's width or height | things found | people found |")
    print("| --- | --- | --- |")
    for low, high in itertools.pairwise(_SIZES):
        cells = []
        for people in (False, True):
            hits = [hit for word, size, hit in extents if (word == "person") == people and low <= size < high]
            cells.append(_share(sum(hits), len(hits)) if hits else "none there")
        print(f"| {100 * low:.0f} to {100 * min(high, 1):.0f} % | {' | '.join(cells)} |")
    print()


def print_said(found: Found, pictures: Sequence[KnownPicture], settings: ThingsSettings) -> None:
    """What would be said of each picture if it were all that the camera saw, and people had no face."""
    print("| picture | really there | said |")
    print("| --- | --- | --- |")
    for look, picture in zip(found, pictures, strict=True):
        width_px = picture.rgb.shape[1]
        seen = [_seen(each, width_px) for each in sure(look, settings.object_score)]
        seen.sort(key=lambda each: each.box.area, reverse=True)
        pieces = inventory((), (), seen, settings.most_objects)
        sentence = "".join(piece.text for piece in pieces if isinstance(piece, Spoken)).strip()
        there = Counter(thing.word for thing in picture.things)
        things = [word if count == 1 else f"{count} {word}" for word, count in there.items()]
        things += sorted({f"perhaps {place.word}" for place in picture.unsure})
        print(f"| {picture.name} | {', '.join(things) or 'nothing it knows'} | {sentence or 'nothing'} |")
    print()


def _seen(found: FoundObject, width_px: int) -> SeenObject:
    focal_px = focal_length_px(width_px, CameraSettings().horizontal_fov_deg)
    bearing = math.degrees(math.atan2(found.box.center_x - width_px / 2, focal_px))
    return SeenObject(label=found.label, box=found.box, score=found.score, bearing_deg=bearing)


def _tally(looks: Found, pictures: Sequence[KnownPicture], threshold: float) -> Tally:
    tally = Tally()
    for found, picture in zip(looks, pictures, strict=True):
        tally.add(sure(found, threshold), picture)
    return tally


def _share(hits: int, trials: int) -> str:
    """With Wilson's interval at 95 %."""
    share, tail = hits / trials, _Z**2 / trials
    middle = (share + tail / 2) / (1 + tail)
    reach = _Z / (1 + tail) * (share * (1 - share) / trials + tail / trials / 4) ** 0.5
    low, high = max(middle - reach, 0.0), min(middle + reach, 1.0)
    return f"{hits} of {trials}, {100 * share:.1f} % ({100 * low:.1f} to {100 * high:.1f} %)"
