from __future__ import annotations

import math
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from kith.errors import CalibrationMismatch, GalleryModelMismatch
from kith.recognition.matcher import TemplateSet
from kith.recognition.thing_matcher import FEWEST_THINGS, ThingMatcher, ThingPoint, load_thing_point
from kith.types import F32, Embedding, Outcome

MODEL = "made/1"
POINT = ThingPoint(
    model_id=MODEL,
    threshold=0.6,
    growth=0.0,
    margin=0.1,
    things=10,
    looks=6,
    false_alarms=0.01,
    false_alarms_low=0.0,
    false_alarms_high=0.02,
    found=0.5,
    found_low=0.4,
    found_high=0.6,
    named=0.8,
    measured_on="nothing",
    measured_at="2026-11-22",
)
EAST, NORTH, UP = np.eye(3, dtype=np.float32)


def between(one: F32, other: F32, share: float) -> F32:
    mixed = (1 - share) * one + share * other
    return np.asarray(mixed / np.linalg.norm(mixed), np.float32)


def matcher(*looks: tuple[int, F32], point: ThingPoint = POINT) -> ThingMatcher:
    vectors = np.array([look for _, look in looks], np.float32).reshape(-1, 3)
    ids = np.array([thing for thing, _ in looks], np.int64)
    return ThingMatcher(TemplateSet(vectors=vectors, person_ids=ids, model_id=MODEL), point)


def seen(vector: F32) -> Embedding:
    return Embedding(vector=vector, model_id=MODEL)


def test_where_nothing_was_taught_nothing_is_known() -> None:
    answer = matcher().identify(seen(EAST))
    assert (answer.outcome, answer.person_id, answer.score) == (Outcome.UNKNOWN, None, None)


def test_a_thing_that_looks_as_it_was_taught_is_known() -> None:
    answer = matcher((4, EAST), (9, NORTH)).identify(seen(between(EAST, NORTH, 0.1)))
    assert (answer.outcome, answer.person_id) == (Outcome.KNOWN, 4)
    assert answer.margin is not None
    assert answer.margin > 0.5


def test_the_only_thing_there_is_has_no_margin() -> None:
    answer = matcher((4, EAST)).identify(seen(EAST))
    assert (answer.outcome, answer.person_id, answer.margin) == (Outcome.KNOWN, 4, None)


def test_what_is_like_nothing_taught_is_unknown() -> None:
    answer = matcher((4, EAST), (9, NORTH)).identify(seen(UP))
    assert (answer.outcome, answer.person_id) == (Outcome.UNKNOWN, None)


def test_what_is_like_two_things_is_either() -> None:
    answer = matcher((4, EAST), (9, NORTH)).identify(seen(between(EAST, NORTH, 0.49)))
    assert (answer.outcome, answer.person_id, answer.runner_up_id) == (Outcome.AMBIGUOUS, 4, 9)


def test_one_look_that_is_like_it_by_chance_is_not_enough() -> None:
    looks = [(4, EAST), (4, NORTH), (4, UP)]
    answer = matcher(*looks).identify(seen(EAST))
    assert answer.score == pytest.approx(0.5)
    assert answer.outcome is Outcome.UNKNOWN


def test_a_thing_is_seen_from_one_side_at_a_time() -> None:
    looks = [(4, EAST), (4, between(EAST, NORTH, 0.05)), (4, UP), (4, -UP), (4, NORTH)]
    assert matcher(*looks).identify(seen(EAST)).outcome is Outcome.KNOWN


def test_among_more_things_more_is_asked_for() -> None:
    point = replace(POINT, growth=0.1)
    assert point.threshold_for(10) == pytest.approx(0.6)
    assert point.threshold_for(20) == pytest.approx(0.6 + 0.1 * math.log(2))
    assert point.threshold_for(1) == point.threshold_for(FEWEST_THINGS) < 0.6


def test_no_number_is_no_thing() -> None:
    answer = matcher((4, EAST), (9, NORTH)).identify(seen(np.full(3, np.nan, np.float32)))
    assert answer.outcome is Outcome.UNKNOWN


def test_a_look_of_another_kind_is_refused() -> None:
    with pytest.raises(GalleryModelMismatch, match="cannot be compared"):
        matcher((4, EAST)).identify(Embedding(vector=EAST, model_id="other"))


def test_looks_of_another_kind_are_refused() -> None:
    with pytest.raises(CalibrationMismatch, match="teach the things anew"):
        matcher((4, EAST), point=replace(POINT, model_id="other"))


def toml_of(point: ThingPoint) -> str:
    lines = [f"{name} = {value!r}" for name, value in asdict(point).items()]
    return "\n".join(lines).replace("'", '"')


def test_figures_are_read_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "point.toml"
    path.write_text(toml_of(POINT))
    assert load_thing_point(path, MODEL) == POINT


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ("threshold = 0.6", "threshold = nan", "impossible"),
        ("things = 10", "things = 0", "impossible"),
        ("margin = 0.1", "", "margin"),
        ("margin = 0.1", 'margin = "much"', "margin"),
        ("margin = 0.1", "margin = 0.1\nextra = 1", "others"),
        ("margin = 0.1", "margin = = 0.1", "cannot be read"),
        (f'model_id = "{MODEL}"', 'model_id = "other"', "measured for other"),
    ],
)
def test_wrong_figures_are_refused(tmp_path: Path, before: str, after: str, reason: str) -> None:
    path = tmp_path / "point.toml"
    text = toml_of(POINT)
    assert before in text
    path.write_text(text.replace(before, after))
    with pytest.raises(CalibrationMismatch, match=reason):
        load_thing_point(path, MODEL)


def test_figures_that_are_missing_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CalibrationMismatch, match="cannot be read"):
        load_thing_point(tmp_path / "none.toml", MODEL)


def test_the_figures_in_the_repository_are_right() -> None:
    calibration = Path(__file__).parents[2] / "calibration"
    model_id = str(np.load(calibration / "thing_map.npz")["model_id"])
    point = load_thing_point(calibration / "thing_matching.toml", model_id)
    assert -1 < point.threshold < 1
    assert point.false_alarms_low <= point.false_alarms <= point.false_alarms_high
    assert point.found_low <= point.found <= point.found_high
