"""The statistics of the evaluation against answers that are known."""

from __future__ import annotations

import dataclasses
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.evaluation import verification
from calibration.evaluation.open_set import Answers, curve, open_set
from calibration.evaluation.statistics import (
    Cells,
    Resampling,
    equal_error,
    exact_interval,
    interval,
    rate,
    share_at_or_above,
    threshold_at,
)
from calibration.evaluation.verification import Pairs, all_pairs, verify
from kith.recognition.matcher import Matcher, TemplateSet, centred
from kith.types import Embedding
from tests.unit._gallery_kit import MODEL, POINT

NORMAL = NormalDist()
scores = st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=200).map(
    lambda values: np.array(values, np.float64)
)


def cells(galleries: list[int], people: list[int]) -> Cells:
    shape = (max(galleries, default=-1) + 1, max(people, default=-1) + 1)
    return Cells(galleries=np.array(galleries, np.int64), people=np.array(people, np.int64), shape=shape)


@given(nonmated=scores, allowed=st.floats(0, 1))
def test_a_threshold_allows_no_more_than_it_may_and_is_the_lowest_that_does(
    nonmated: np.ndarray, allowed: float
) -> None:
    threshold = threshold_at(allowed, nonmated)
    reached = share_at_or_above(nonmated, np.array([threshold]))[0]
    assert reached <= allowed * (1 + 1e-9)
    lower = nonmated[nonmated < threshold]
    if lower.size:
        assert share_at_or_above(nonmated, np.array([lower.max()]))[0] > allowed


@given(values=scores)
def test_shares_fall_as_the_threshold_rises(values: np.ndarray) -> None:
    shares = share_at_or_above(values, np.linspace(-1.1, 1.1, 50))
    assert shares[0] == 1
    assert shares[-1] == 0
    assert (np.diff(shares) <= 0).all()
    assert share_at_or_above(values, np.array([values.max()]))[0] > 0


def test_two_gaussians_meet_where_they_must() -> None:
    thresholds = np.linspace(-3, 6, 2000)
    false_match = np.array([1 - NORMAL.cdf(t) for t in thresholds])
    false_non_match = np.array([NORMAL.cdf(t - 3) for t in thresholds])
    assert equal_error(false_match, false_non_match) == pytest.approx(NORMAL.cdf(-1.5), abs=1e-5)
    assert np.isnan(equal_error(np.array([0.9, 0.8]), np.array([0.1, 0.2])))


def test_the_interval_of_none_is_the_exact_one() -> None:
    assert exact_interval(0, 30) == pytest.approx((0.0, 0.1157), abs=1e-4)  # the tables say 0.116
    assert exact_interval(100, 100) == pytest.approx((0.9638, 1.0), abs=1e-4)
    with pytest.raises(ValueError, match="3 of 10"):
        exact_interval(3, 10)
    nobody = rate(cells([0] * 60, [at // 2 for at in range(60)]), np.zeros(60, bool), 200, 1)
    assert nobody is not None
    assert (nobody.value, nobody.people, nobody.trials) == (0.0, 30, 60)
    assert nobody.high == pytest.approx(0.1157, abs=1e-4)  # over 30 people, not 60 looks
    assert rate(cells([], []), np.zeros(0, bool), 200, 1) is None


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_an_interval_holds_its_value_and_lies_between_0_and_1(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 60))
    galleries = data.draw(st.lists(st.integers(0, 4), min_size=count, max_size=count))
    people = data.draw(st.lists(st.integers(0, 9), min_size=count, max_size=count))
    hits = np.array(data.draw(st.lists(st.booleans(), min_size=count, max_size=count)))
    found = rate(cells(galleries, people), hits, 100, 1)
    assert found is not None
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.value == pytest.approx(hits.mean())
    assert found.people == len(set(people))


def test_people_are_drawn_anew_and_not_looks() -> None:
    alone = rate(cells([0] * 1000, list(range(1000))), np.arange(1000) < 100, 2000, 1)
    in_tens = rate(cells([0] * 1000, [at // 10 for at in range(1000)]), np.arange(1000) < 100, 2000, 1)
    assert alone is not None
    assert in_tens is not None
    assert alone.value == in_tens.value == 0.1
    # The normal approximation of the binomial: plus and minus 1.96 sqrt(0.1 0.9 / n).
    assert alone.high - alone.low == pytest.approx(2 * 1.96 * np.sqrt(0.09 / 1000), rel=0.1)
    assert in_tens.high - in_tens.low == pytest.approx(2 * 1.96 * np.sqrt(0.09 / 100), rel=0.15)


def test_galleries_are_drawn_anew_too() -> None:
    galleries, people = np.divmod(np.arange(2000), 200)
    bad = rate(cells(galleries.tolist(), people.tolist()), galleries == 0, 2000, 1)
    even = rate(cells(galleries.tolist(), people.tolist()), (people * 7 + galleries) % 10 == 0, 2000, 1)
    assert bad is not None
    assert even is not None
    assert bad.value == even.value == 0.1
    # All mistakes in one gallery of ten: with another ten there may be none, or thrice as many.
    assert bad.low == 0
    assert bad.high >= 0.3
    assert even.high < 0.16


def test_the_intervals_hold_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(5)
    held = 0
    for trial in range(200):
        own = rng.beta(2, 8, 80)  # the mean is 0.2; people differ
        people = np.repeat(np.arange(80), rng.integers(1, 8, 80))
        hits = rng.random(len(people)) < own[people]
        found = rate(cells([0] * len(people), people.tolist()), hits, 300, trial)
        assert found is not None
        held += found.low <= 0.2 <= found.high
    assert held / 200 >= 0.9


def test_sums_of_a_drawing_are_those_of_its_table() -> None:
    table = np.arange(12, dtype=np.float64).reshape(3, 4)
    drawn = Resampling((3, 4), 500, 1)
    sums = drawn.sums(table)
    assert sums.mean() == pytest.approx(table.sum(), rel=0.1)
    assert np.array_equal(drawn.sums(2 * table), 2 * sums)
    assert set(drawn.sums(np.ones((3, 4)))) == {12.0}
    low, high = interval(sums, 66.0, 4)
    assert low < 66 < high


def gaussian_pairs(rng: np.random.Generator) -> Pairs:
    """Scores of 400 people: two people N(0, 1), one person N(3, 1)."""
    nonmated = -np.sort(-rng.normal(0, 1, 200_000))
    first = rng.integers(400, size=200_000)
    return Pairs(
        mated=rng.normal(3, 1, 40_000),
        mated_people=rng.integers(400, size=40_000),
        nonmated=nonmated,
        first=first,
        second=(first + rng.integers(1, 400, size=200_000)) % 400,
        nonmated_total=200_000,
        looks=np.full(400, 10),
    )


def test_the_det_curve_of_two_gaussians_is_known() -> None:
    pairs = gaussian_pairs(np.random.default_rng(3))
    # 400 people of ten looks are more pairs than were made; each stands for as many.
    result = verify(dataclasses.replace(pairs, looks=np.full(400, 1)), 2.0, 50, 1)
    assert result is not None
    assert result.eer is not None
    assert result.eer.value == pytest.approx(NORMAL.cdf(-1.5), abs=0.003)
    at = {each.fmr: each for each in result.fnmr_at}
    assert set(at) == {1e-3}  # 20 false matches at 1e-4 are too few to tell of
    assert list(verification.too_few_for(result)) == [1e-4, 1e-5]
    assert at[1e-3].threshold == pytest.approx(3.09, abs=0.08)
    assert at[1e-3].fnmr.value == pytest.approx(NORMAL.cdf(3.09 - 3), abs=0.03)
    assert result.fmr == pytest.approx(1 - NORMAL.cdf(2), abs=0.002)
    assert result.fnmr == pytest.approx(NORMAL.cdf(-1), abs=0.005)
    fnmrs = [each.fnmr for each in result.curve]
    assert fnmrs == sorted(fnmrs, reverse=True)
    for point in result.curve:
        assert point.low <= point.fnmr <= point.high
        expected = NORMAL.cdf(NORMAL.inv_cdf(1 - point.fmr) - 3)
        if point.fmr >= 1e-3:
            assert point.fnmr == pytest.approx(expected, abs=0.03)


def test_where_no_score_overlaps_nobody_is_mistaken() -> None:
    apart = Pairs(
        mated=np.linspace(0.6, 0.9, 40),
        mated_people=np.arange(40) % 20,
        nonmated=np.linspace(0.3, -0.3, 100),
        first=np.arange(100) % 20,
        second=(np.arange(100) + 1) % 20,
        nonmated_total=100,
        looks=np.full(20, 2),
    )
    result = verify(apart, 0.45, 50, 1)
    assert result is not None
    assert result.eer is not None
    assert result.eer.value == 0
    assert result.eer.high == pytest.approx(1 - 0.025 ** (1 / 20))  # as much as 20 people can say
    assert (result.fmr, result.fnmr) == (0, 0)


def unit_vectors(count: int, seed: int = 0) -> np.ndarray:
    vectors = np.random.default_rng(seed).standard_normal((count, 128)).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def test_all_pairs_are_all_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors, people = unit_vectors(60), np.random.default_rng(1).integers(20, size=60)
    mated = [
        v @ w
        for i, v in enumerate(vectors)
        for j, w in enumerate(vectors)
        if i < j and people[i] == people[j]
    ]
    nonmated = sorted(
        (
            v @ w
            for i, v in enumerate(vectors)
            for j, w in enumerate(vectors)
            if i < j and people[i] != people[j]
        ),
        reverse=True,
    )
    pairs = all_pairs(vectors, people)
    assert sorted(pairs.mated) == pytest.approx(sorted(mated), abs=1e-5)
    assert pairs.nonmated_total == len(nonmated)
    assert pairs.nonmated == pytest.approx(nonmated, abs=1e-5)
    assert (pairs.first != pairs.second).all()
    monkeypatch.setattr(verification, "_TAIL_PAIRS", 100)
    monkeypatch.setattr(verification, "_ROWS_AT_ONCE", 7)
    tail = all_pairs(vectors, people)
    assert tail.nonmated_total == len(nonmated)
    assert tail.nonmated == pytest.approx(nonmated[:100], abs=1e-5)


def test_a_pair_scores_what_the_matcher_says_of_a_person_of_one_template() -> None:
    vectors = unit_vectors(2)
    point = dataclasses.replace(POINT, centre=tuple(float(value) for value in 0.3 * unit_vectors(1, 9)[0]))
    template = TemplateSet(vectors=vectors[:1], person_ids=np.array([4]), model_id=MODEL)
    answer = Matcher(template, point).identify(Embedding(vector=vectors[1], model_id=MODEL))
    pairs = all_pairs(centred(vectors, np.array(point.centre, np.float32)), np.array([0, 1]))
    assert answer.score == pytest.approx(pairs.nonmated[0], abs=1e-6)


def test_one_against_one_needs_both_kinds_of_pairs() -> None:
    assert verify(all_pairs(unit_vectors(3), np.array([0, 1, 2])), 0.4, 20, 1) is None
    assert verify(all_pairs(unit_vectors(3), np.array([0, 0, 0])), 0.4, 20, 1) is None


def gaussian_answers(rng: np.random.Generator) -> Answers:
    """Ten galleries: strangers N(0, 0.1), enrolled people N(0.4, 0.1), another's name on a tenth of them."""
    mated = np.arange(40_000) < 8_000
    score = np.where(mated, rng.normal(0.4, 0.1, 40_000), rng.normal(0, 0.1, 40_000))
    right = mated & (rng.random(40_000) < 0.9)
    place = Cells(
        galleries=rng.integers(10, size=40_000), people=rng.integers(400, size=40_000), shape=(10, 400)
    )
    return Answers(
        cells=place,
        mated=mated,
        best=np.zeros(40_000, np.int64),
        right=right,
        clear=np.ones(40_000, bool),
        score=score,
        code=np.where(score >= 0.2, 3, 1),
    )


def test_the_open_set_curve_of_two_gaussians_is_known() -> None:
    answers = gaussian_answers(np.random.default_rng(4))
    points = curve(answers, 60, 1)
    tpirs = [point.tpir.value for point in points]
    assert tpirs == sorted(tpirs)
    for point in points:
        assert point.tpir.low <= point.tpir.value <= point.tpir.high
        if point.fpir < 1:
            limit = 0.1 * NORMAL.inv_cdf(1 - point.fpir)
            # Few strangers stand behind the lowest rates.
            assert point.threshold == pytest.approx(limit, abs=0.003 if point.fpir >= 1e-2 else 0.06)
            assert point.tpir.value == pytest.approx(0.9 * NORMAL.cdf(4 - 10 * point.threshold), abs=0.02)


def test_the_rates_at_the_operating_point_are_counted_right() -> None:
    result = open_set(gaussian_answers(np.random.default_rng(4)), (50, 3), 60, 1)
    rates = result.shipped
    assert rates.tpir is not None
    assert rates.wrong_name is not None
    assert rates.fpir is not None
    assert rates.tpir.value == pytest.approx(0.9 * NORMAL.cdf(2), abs=0.01)
    assert rates.wrong_name.value == pytest.approx(0.1 * NORMAL.cdf(2), abs=0.01)
    assert rates.fpir.value == pytest.approx(1 - NORMAL.cdf(2), abs=0.003)
    assert (rates.fpir.trials, rates.fpir.people) == (32_000, 400)
    assert result.worst_gallery_fpir >= rates.fpir.value
    assert [each.fpir for each in result.tpir_at] == [0.001, 0.003, 0.01]
