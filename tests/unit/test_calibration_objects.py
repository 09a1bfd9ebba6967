"""What counts as found, missed, wrong and told twice when `calibration.objects` looks at a picture."""

from __future__ import annotations

import tomllib

import numpy as np
import pytest

from calibration._object_pictures import TRUTH_FILE, Known, KnownPicture
from calibration._object_trials import Tally, said, sure
from kith.types import BoxPx
from kith.vision.objects import LABELS, FoundObject

LEFT, RIGHT = BoxPx(x=0, y=0, w=100, h=100), BoxPx(x=200, y=0, w=100, h=100)


def _picture(*things: Known, unsure: tuple[Known, ...] = ()) -> KnownPicture:
    return KnownPicture(name="made", rgb=np.zeros((100, 300, 3), np.uint8), things=things, unsure=unsure)


def _found(label: str, box: BoxPx, score: float = 0.6) -> FoundObject:
    return FoundObject(label=label, box=box, score=score)


def _tally(picture: KnownPicture, *found: FoundObject) -> Tally:
    tally = Tally()
    tally.add(found, picture)
    return tally


def test_either_of_two_names_of_one_thing_is_a_hit() -> None:
    tally = _tally(_picture(Known(word="cup", box=LEFT)), _found("mug", LEFT))
    assert (tally.things["cup"], tally.hits["cup"]) == (1, 1)
    assert not tally.false_alarms
    assert not tally.twice


def test_the_right_thing_at_the_wrong_place_is_wrong() -> None:
    tally = _tally(_picture(Known(word="chair", box=LEFT)), _found("chair", RIGHT))
    assert not tally.hits
    assert tally.false_alarms == {"chair": 1}


def test_the_wrong_name_at_the_right_place_is_wrong() -> None:
    tally = _tally(_picture(Known(word="chair", box=LEFT)), _found("car", LEFT))
    assert not tally.hits
    assert tally.false_alarms == {"car": 1}


def test_a_thing_found_again_is_told_twice_but_two_things_are_two_hits() -> None:
    chair = Known(word="chair", box=LEFT)
    assert _tally(_picture(chair), _found("chair", LEFT), _found("chair", LEFT)).twice == {"chair": 1}
    both = _tally(_picture(chair, chair), _found("chair", LEFT), _found("chair", LEFT))
    assert both.hits == {"chair": 2}
    assert not both.twice


def test_what_may_be_said_counts_as_neither() -> None:
    sofa = Known(word="chair", box=BoxPx(x=0, y=0, w=300, h=100))
    tally = _tally(_picture(unsure=(sofa,)), _found("chair", LEFT), _found("table", LEFT))
    assert tally.false_alarms == {"table": 1}
    assert not tally.hits
    assert not tally.things


def test_what_is_not_told_of_is_not_counted() -> None:
    assert said("footwear") is None
    assert not _tally(_picture(), _found("footwear", LEFT)).false_alarms


def test_a_thing_is_as_large_as_its_larger_side_in_the_picture() -> None:
    flat = Known(word="table", box=BoxPx(x=0, y=0, w=150, h=20))
    tall = Known(word="chair", box=BoxPx(x=200, y=0, w=30, h=90))
    tally = _tally(_picture(flat, tall), _found("desk", flat.box))
    assert [(word, found) for word, _, found in tally.extents] == [("table", True), ("chair", False)]
    assert [extent for _, extent, _ in tally.extents] == pytest.approx([0.5, 0.9])


def test_people_are_summed_apart() -> None:
    tally = _tally(_picture(), _found("person", LEFT), _found("dog", LEFT), _found("car", RIGHT))
    assert tally.total(tally.false_alarms, people=True) == 1
    assert tally.total(tally.false_alarms, people=False) == 2


@pytest.mark.parametrize(("least", "kept"), [(0.6, 1), (0.61, 0)])
def test_a_threshold_keeps_what_reaches_it(least: float, kept: int) -> None:
    assert len(sure([_found("dog", LEFT)], least)) == kept


def test_the_truth_uses_words_that_can_be_said_and_boxes_within_the_picture() -> None:
    truth = tomllib.loads(TRUTH_FILE.read_text(encoding="utf-8"))
    words = {said(label) for label in LABELS} - {None}
    rows = [row for each in truth["pictures"] for key in ("things", "unsure") for row in each.get(key, ())]
    assert {row[0] for row in rows} <= words
    for _, x, y, w, h in rows:
        assert x >= 0
        assert y >= 0
        assert w > 0
        assert h > 0
        assert x + w <= 1.01
        assert y + h <= 1.01
    assert {each["package"] for each in truth["pictures"]} == set(truth["packages"])
