from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kith.errors import CalibrationMismatch, GalleryModelMismatch
from kith.recognition.matcher import Matcher, TemplateSet
from kith.recognition.operating_point import OperatingPoint
from kith.types import F32, Embedding, Outcome
from tests.unit._gallery_kit import MODEL, POINT


def unit(*coordinates: float) -> F32:
    vector = np.array(coordinates, np.float32)
    return vector / np.float32(np.linalg.norm(vector))


def probe(*coordinates: float) -> Embedding:
    return Embedding(vector=unit(*coordinates), model_id=MODEL)


def matcher(*templates: tuple[int, F32], point: OperatingPoint = POINT) -> Matcher:
    return Matcher(
        TemplateSet(
            vectors=np.array([vector for _, vector in templates], np.float32),
            person_ids=np.array([person for person, _ in templates], np.int64),
            model_id=MODEL,
        ),
        point,
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
    twins = matcher((4, unit(0, 0, 1)), (7, unit(1, 0.01, 0)), (9, unit(1, -0.01, 0)))
    answer = twins.identify(probe(1, 0.001, 0))
    assert (answer.outcome, answer.person_id, answer.runner_up_id) == (Outcome.AMBIGUOUS, 7, 9)
    sure = matcher((7, unit(1, 0.01, 0)), (9, unit(1, -0.01, 0)), point=replace(POINT, margin=0.0))
    assert sure.identify(probe(1, 0.001, 0)).outcome is Outcome.KNOWN


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
    owners = np.sort(rng.integers(1, 40, 200))
    people = Matcher(
        TemplateSet(vectors=vectors, person_ids=owners, model_id=MODEL),
        replace(POINT, threshold=-1.0, margin=0.0),
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
