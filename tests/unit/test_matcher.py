from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from kith.errors import CalibrationMismatch, GalleryModelMismatch
from kith.recognition.matcher import DENIAL_LEAD, Matcher, TemplateSet, margin_growth
from kith.recognition.operating_point import OperatingPoint
from kith.types import F32, Embedding, Outcome
from tests.unit._gallery_kit import MODEL, POINT


def unit(*coordinates: float) -> F32:
    vector = np.array(coordinates, np.float32)
    return vector / np.float32(np.linalg.norm(vector))


def probe(*coordinates: float) -> Embedding:
    return Embedding(vector=unit(*coordinates), model_id=MODEL)


def template_set(*templates: tuple[int, F32]) -> TemplateSet:
    return TemplateSet(
        vectors=np.array([vector for _, vector in templates], np.float32),
        person_ids=np.array([person for person, _ in templates], np.int64),
        model_id=MODEL,
    )


def matcher(
    *templates: tuple[int, F32], point: OperatingPoint = POINT, wrong: Sequence[tuple[int, F32]] = ()
) -> Matcher:
    size = templates[0][1].size if templates else len(point.centre)
    return Matcher(
        template_set(*templates),
        replace(point, centre=(*point.centre, *(0.0,) * size)[:size]),
        template_set(*wrong) if wrong else None,
    )


def test_nobody_enrolled_is_nobody_known() -> None:
    answer = matcher().identify(probe(1, 0, 0))
    assert (answer.outcome, answer.person_id, answer.score, answer.margin) == (
        Outcome.UNKNOWN,
        None,
        None,
        None,
    )


def test_one_enrolled_person_has_no_margin() -> None:
    answer = matcher((7, unit(1, 0, 0))).identify(probe(1, 0, 0))
    assert (answer.outcome, answer.person_id, answer.margin) == (Outcome.KNOWN, 7, None)
    assert answer.score == pytest.approx(1.0)


def test_below_the_threshold_nobody_is_named() -> None:
    both = matcher((7, unit(1, 0, 0)), (9, unit(0, 1, 0)))
    answer = both.identify(probe(0.3, 0, 1))
    assert (answer.outcome, answer.person_id, answer.runner_up_id) == (Outcome.UNKNOWN, None, None)
    assert answer.score == pytest.approx(0.3 / np.hypot(0.3, 1), abs=1e-6)
    assert answer.margin == pytest.approx(0.3 / np.hypot(0.3, 1), abs=1e-6)


@pytest.mark.parametrize(("score", "outcome"), [(0.4501, Outcome.KNOWN), (0.4499, Outcome.UNKNOWN)])
def test_the_threshold_itself(score: float, outcome: Outcome) -> None:
    answer = matcher((7, unit(1, 0))).identify(probe(score, float(np.sqrt(1 - score**2))))
    assert answer.outcome is outcome


def test_two_too_close_are_both_told() -> None:
    both = matcher((4, unit(0, 0, 1)), (7, unit(1, 0, 0)), (9, unit(0, 1, 0)))
    answer = both.identify(probe(1, 0.97, 0))
    assert (answer.outcome, answer.person_id, answer.runner_up_id) == (Outcome.AMBIGUOUS, 7, 9)
    assert both.identify(probe(1, 0.9, 0)).outcome is Outcome.KNOWN
    sure = matcher((7, unit(1, 0, 0)), (9, unit(0, 1, 0)), point=replace(POINT, margin=0.0))
    assert sure.identify(probe(1, 0.97, 0)).outcome is Outcome.KNOWN


def test_no_lead_tells_two_of_one_face_apart() -> None:
    twins = matcher((7, unit(1, 0.4, 0)), (9, unit(1, -0.4, 0)))  # a cosine of 0.72; one person's is 0.63
    answer = twins.identify(probe(1, 0.4, 0))
    assert (answer.outcome, answer.person_id, answer.runner_up_id) == (Outcome.AMBIGUOUS, 7, 9)
    assert answer.margin == pytest.approx(1 - 0.724, abs=1e-3)
    # Ten pictures of each leave no doubt that they are two.
    many = matcher(*[(7, unit(1, 0.4, 0))] * 10, *[(9, unit(1, -0.4, 0))] * 10)
    assert many.identify(probe(1, 0.4, 0)).outcome is Outcome.KNOWN


def test_the_margin_grows_with_likeness_and_shrinks_with_templates() -> None:
    one, three = np.array(1), np.array(3)
    growth = [
        float(margin_growth(np.array(likeness), three, three, 0.6)) for likeness in (0.0, 0.4, 0.7, 0.9)
    ]
    assert growth[0] == pytest.approx(1.0)
    assert growth == sorted(growth)
    assert growth[-1] == np.inf
    assert margin_growth(np.array(0.4), one, one, 0.6) > growth[1]


@pytest.mark.parametrize(("looks", "outcome"), [(1, Outcome.KNOWN), (2, Outcome.KNOWN), (3, Outcome.UNKNOWN)])
def test_fused_looks_are_held_to_a_threshold_of_their_own(looks: int, outcome: Outcome) -> None:
    looked = probe(0.47, float(np.sqrt(1 - 0.47**2)))
    assert matcher((7, unit(1, 0))).identify(looked, looks).outcome is outcome


def test_each_further_person_raises_the_threshold() -> None:
    point = replace(POINT, growth=0.03)
    assert point.threshold_for(50) == pytest.approx(0.45)
    assert point.threshold_for(50, looks=5) == pytest.approx(0.5)
    assert point.threshold_for(10) == pytest.approx(0.45 - 0.03 * np.log(5))
    assert point.threshold_for(1) == point.threshold_for(10)
    looked = probe(0.41, float(np.sqrt(1 - 0.41**2)))
    assert matcher((7, unit(1, 0)), point=point).identify(looked).outcome is Outcome.KNOWN
    others = [(100 + at, unit(-1, at * 1e-3)) for at in range(60)]
    assert matcher((7, unit(1, 0)), *others, point=point).identify(looked).outcome is Outcome.UNKNOWN


def test_the_mean_face_is_taken_from_both_sides() -> None:
    point = replace(POINT, centre=(0.5, 0.0, 0.0))
    answer = matcher((7, unit(1, 1, 0)), (9, unit(1, 0, 1)), point=point).identify(probe(1, 1, 0))
    rest = np.array([[np.sqrt(0.5) - 0.5, np.sqrt(0.5), 0], [np.sqrt(0.5) - 0.5, 0, np.sqrt(0.5)]])
    rest /= np.linalg.norm(rest, axis=1, keepdims=True)
    assert answer.score == pytest.approx(1.0, abs=1e-6)
    assert answer.margin == pytest.approx(1 - float(rest[0] @ rest[1]), abs=1e-5)


def test_a_template_of_something_else_is_set_aside() -> None:
    face = [(7, unit(1, 0.3, 0, 0)), (7, unit(1, -0.3, 0, 0))]
    back_of_a_head = (7, unit(0, 0, 0, 1))
    looked = probe(0, 0, 0, 1)
    assert matcher(*face, back_of_a_head).identify(looked).score == pytest.approx(0.0, abs=1e-6)
    # Of two nobody can say which is right.
    assert matcher(face[0], back_of_a_head).identify(looked).outcome is Outcome.KNOWN
    three = matcher(*face, (7, unit(1, 0, 0.3, 0)), back_of_a_head)
    assert three.identify(looked).outcome is Outcome.UNKNOWN
    assert three.identify(probe(1, 0, 0, 0)).outcome is Outcome.KNOWN


def test_a_person_all_of_whose_templates_disagree_keeps_two() -> None:
    strange = matcher((7, unit(1, 0, 0)), (7, unit(0, 1, 0)), (7, unit(0, 0, 1)))
    scores = sorted(strange.identify(probe(*axis)).score or 0.0 for axis in ((1, 0, 0), (0, 1, 0), (0, 0, 1)))
    assert scores == pytest.approx([0.0, np.sqrt(0.5), np.sqrt(0.5)], abs=1e-6)


def test_the_score_is_the_cosine_to_the_middle_of_the_templates() -> None:
    people = matcher((3, unit(1, 0, 0)), (3, unit(0, 1, 0)), (5, unit(0, 0, 1)), (5, unit(0, 0, 1)))
    answer = people.identify(probe(1, 1, 0))
    assert answer.person_id == 3
    assert answer.score == pytest.approx(1.0, abs=1e-6)
    assert answer.margin == pytest.approx(1.0, abs=1e-6)


def test_it_agrees_with_the_plain_sum_over_everybody() -> None:
    rng = np.random.default_rng(5)
    vectors = rng.standard_normal((200, 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors += 3 * np.eye(16, dtype=np.float32)[0]  # so that nobody's templates disagree
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    owners = np.sort(rng.integers(1, 40, 200))
    people = Matcher(
        TemplateSet(vectors=vectors, person_ids=owners, model_id=MODEL),
        replace(POINT, threshold=-1.0, margin=0.0, centre=(0.0,) * 16),
    )
    for _ in range(50):
        looked = unit(*rng.standard_normal(16))
        expected = {}
        for person in set(owners.tolist()):
            middle = vectors[owners == person].sum(axis=0)
            expected[person] = float(looked @ middle / np.linalg.norm(middle))
        first, second = sorted(expected, key=expected.__getitem__, reverse=True)[:2]
        answer = people.identify(Embedding(vector=looked, model_id=MODEL))
        assert answer.person_id == first
        assert answer.score == pytest.approx(expected[first], abs=1e-5)
        assert answer.margin == pytest.approx(expected[first] - expected[second], abs=1e-5)


def test_figures_and_faces_of_another_network_are_refused() -> None:
    with pytest.raises(CalibrationMismatch, match="make calibrate"):
        matcher((7, unit(1, 0)), point=replace(POINT, model_id="other"))
    with pytest.raises(GalleryModelMismatch):
        matcher((7, unit(1, 0))).identify(Embedding(vector=unit(1, 0), model_id="other"))
    with pytest.raises(CalibrationMismatch, match="centre has 128 numbers, a template 2"):
        Matcher(
            TemplateSet(vectors=unit(1, 0)[None], person_ids=np.array([7]), model_id=MODEL),
            POINT,
        )


def test_a_look_nearer_to_a_counter_example_than_to_the_person_is_nobody() -> None:
    stranger, anna = unit(1, 1, 0), unit(1, 0, 0)
    people = matcher((7, anna), (9, unit(0, 0, 1)), wrong=[(7, stranger)])
    denied = people.identify(probe(1, 0.9, 0))
    assert (denied.outcome, denied.person_id, denied.runner_up_id) == (Outcome.UNKNOWN, None, None)
    assert denied.score == pytest.approx(1 / np.hypot(1, 0.9))
    assert people.identify(probe(1, 0.1, 0)).person_id == 7
    assert matcher((7, anna), (9, unit(0, 0, 1))).identify(probe(1, 0.9, 0)).person_id == 7


@pytest.mark.parametrize(("lead", "outcome"), [(0.002, Outcome.UNKNOWN), (-0.002, Outcome.KNOWN)])
def test_how_much_nearer_it_must_be(lead: float, outcome: Outcome) -> None:
    """A probe with a cosine of 0.6 to the person and so much more to the counter-example."""
    near = 0.6 + DENIAL_LEAD + lead
    wrong = unit(near, 0, float(np.sqrt(1 - near**2)))
    people = matcher((7, unit(0.6, 0.8, 0)), wrong=[(7, wrong)])
    assert people.identify(probe(1, 0, 0)).outcome is outcome


def test_one_of_several_counter_examples_suffices_and_they_speak_for_their_person_alone() -> None:
    wrong = [(7, unit(0, 0, 1)), (7, unit(1, 1, 0)), (9, unit(1, 0, 0))]
    people = matcher((7, unit(1, 0, 0)), (9, unit(0, 0, 1)), wrong=wrong)
    assert people.identify(probe(1, 0.9, 0)).outcome is Outcome.UNKNOWN
    assert people.identify(probe(1, 0, 0)).person_id == 7
    assert people.identify(probe(0, 0, 1)).person_id == 9


def test_nobody_is_named_in_the_place_of_a_name_that_was_denied() -> None:
    anna, beth = [(7, unit(1, 0.2, 0))] * 10, [(9, unit(1, -0.4, 0))] * 10
    looked = probe(1, 0.8, 0)
    assert matcher(*beth).identify(looked).person_id == 9
    assert matcher(*anna, *beth).identify(looked).outcome is Outcome.KNOWN
    people = matcher(*anna, *beth, wrong=[(7, unit(1, 0.8, 0))])
    assert people.identify(looked).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("wrong", "outcome", "person_id"),
    [
        pytest.param((7,), Outcome.KNOWN, 9, id="the best is denied"),
        pytest.param((9,), Outcome.KNOWN, 7, id="the other is denied"),
        pytest.param((7, 9), Outcome.UNKNOWN, None, id="both are denied"),
        pytest.param((), Outcome.AMBIGUOUS, 7, id="neither is"),
    ],
)
def test_of_two_the_one_who_is_not_denied_is_named(
    wrong: tuple[int, ...], outcome: Outcome, person_id: int | None
) -> None:
    marks = [(each, unit(1, 1, 0)) for each in wrong]
    both = matcher((4, unit(0, 0, 1)), (7, unit(1, 0, 0)), (9, unit(0, 1, 0)), wrong=marks)
    answer = both.identify(probe(1, 0.97, 0))
    assert (answer.outcome, answer.person_id) == (outcome, person_id)
    assert answer.runner_up_id == (9 if outcome is Outcome.AMBIGUOUS else None)


def test_of_two_the_other_must_be_named_without_the_first_too() -> None:
    """A third is as near: without the first two it could not be told which."""
    three = [(4, unit(0, 0, 1)), (7, unit(1, 0, 0)), (9, unit(0, 1, 0))]
    looked = probe(1, 0.97, 0.96)
    assert matcher(*three).identify(looked).outcome is Outcome.AMBIGUOUS
    people = matcher(*three, wrong=[(7, unit(1, 0.97, 0.96))])
    assert people.identify(looked).outcome is Outcome.UNKNOWN


def test_of_two_enrolled_the_one_left_has_no_next() -> None:
    people = matcher((7, unit(1, 0)), (9, unit(0, 1)), wrong=[(7, unit(1, 1))])
    answer = people.identify(probe(1, 0.97))
    assert (answer.outcome, answer.person_id, answer.margin) == (Outcome.KNOWN, 9, None)


def test_counter_examples_of_who_is_gone_change_nothing_and_of_another_network_are_refused() -> None:
    people = matcher((7, unit(1, 0)), (9, unit(0, 1)), wrong=[(8, unit(1, 0))])
    assert people.identify(probe(1, 0)).person_id == 7
    foreign = TemplateSet(vectors=unit(1, 0)[None], person_ids=np.array([7]), model_id="other")
    with pytest.raises(CalibrationMismatch):
        Matcher(template_set((7, unit(1, 0))), replace(POINT, centre=(0.0, 0.0)), foreign)
