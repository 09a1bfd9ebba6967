"""The programs that measure quality and head pose, on looks and heads made up so that the answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from calibration import _quality_trials as trials
from calibration._head_warp import HEAD_MM, turned
from calibration._quality_judges import ADDITIVE, Lesson, additive, terms
from calibration._quality_looks import FEATURES, Looks, spoil
from kith.types import F32, U8

LOOKING = (HEAD_MM[:, :2] * np.float32(0.7) + np.array([125, 110], np.float32)).astype(np.float32)
"""Landmarks, in a picture of 250x250 px, of a head that looks straight ahead."""


def picture() -> U8:
    """A smooth one, each landmark a bright spot."""
    rgb = np.full((250, 250, 3), 90, np.uint8)
    for x, y in LOOKING:
        rgb[round(float(y)) - 1 : round(float(y)) + 2, round(float(x)) - 1 : round(float(x)) + 2] = 250
    return rgb


def spot(rgb: U8, near: F32) -> F32:
    """The middle of what is bright within 8 px of a point."""
    x, y = (round(float(value)) for value in near)
    part = rgb[y - 8 : y + 9, x - 8 : x + 9, 1].astype(np.float32)
    rows, columns = np.nonzero(part > 150)
    assert len(rows) > 0, "nothing bright is there"
    return np.array([columns.mean() + x - 8, rows.mean() + y - 8], np.float32)


@pytest.mark.parametrize(("yaw", "pitch"), [(0, 0), (20, 0), (-30, 0), (0, 15), (0, -15), (15, 10)])
def test_a_turned_picture_shows_the_landmarks_where_it_says(yaw: float, pitch: float) -> None:
    rgb, landmarks = turned(picture(), LOOKING, yaw, pitch)
    assert rgb.shape == (250, 250, 3)
    for at in range(5):
        assert spot(rgb, landmarks[at]) == pytest.approx(landmarks[at], abs=1.5)


def test_a_head_turns_to_the_side_that_is_meant() -> None:
    nose, eyes = LOOKING[2], LOOKING[:2].mean(axis=0)
    for yaw, pitch in ((25, 0), (-25, 0), (0, 20), (0, -20)):
        _, seen = turned(picture(), LOOKING, yaw, pitch)
        shift = (seen[2] - seen[:2].mean(axis=0)) - (nose - eyes)
        assert np.sign(shift[0].round()) == np.sign(yaw)
        assert np.sign(shift[1].round()) == -np.sign(pitch)


def test_a_head_that_is_not_turned_stays_as_it_is() -> None:
    rgb, landmarks = turned(picture(), LOOKING, 0, 0)
    assert landmarks == pytest.approx(LOOKING, abs=1e-3)
    assert np.abs(rgb.astype(int) - picture()).mean() < 1


def test_the_same_chance_spoils_in_the_same_way() -> None:
    changed = 0
    for seed in range(12):
        first, second = (spoil(picture(), LOOKING, np.random.default_rng(seed)) for _ in range(2))
        assert np.array_equal(first[0], second[0])
        assert np.array_equal(first[1], second[1])
        changed += first[0].shape != picture().shape or not np.array_equal(first[0], picture())
    assert changed >= 8


def looks(person: list[int], photo: list[int], clean: list[bool], vector: F32, norm: F32) -> Looks:
    features = np.ones((len(person), len(FEATURES)), np.float32)
    features[:, FEATURES.index("sharpness")] = norm
    return Looks(
        people=("a", "b"),
        person=np.array(person),
        photo=np.array(photo),
        clean=np.array(clean),
        features=features,
        rejection=np.full(len(person), ""),
        vector=vector,
        norm=norm,
        missed=0,
    )


def two_people() -> Looks:
    """Two photos each, of each a clean look, two good ones and one that is all noise."""
    rng = np.random.default_rng(1)
    rows: list[tuple[int, int, bool, F32, float]] = []
    for person in range(2):
        for photo in range(2):
            own = np.eye(16, dtype=np.float32)[person]
            for kind in range(4):
                poor = kind == 3
                vector = trials.unit(rng.normal(0, 1, 16).astype(np.float32) if poor else own)
                rows.append((person, 2 * person + photo, kind == 0, vector, 2.0 if poor else 12.0))
    person_of, photo_of, clean, vectors, norms = (list(column) for column in zip(*rows, strict=True))
    return looks(person_of, photo_of, clean, np.array(vectors), np.array(norms, np.float32))


def test_a_look_is_never_compared_with_its_own_photo() -> None:
    alone = looks(
        [0, 0, 1], [0, 0, 1], [True, False, True], np.eye(3, dtype=np.float32), np.ones(3, np.float32)
    )
    assert np.isnan(trials.mated_scores(alone)).all()
    scores = trials.mated_scores(two_people())
    assert scores[0] == pytest.approx(1.0)
    assert scores[3] < 0.9


def test_dropping_the_worst_first_leaves_the_failures_of_the_rest() -> None:
    failed = np.array([True, False, True, False, False])
    good = np.array([1, 5, 2, 4, 3], np.float32)
    assert trials.rejecting(good, failed, (0.0, 0.2, 0.4)) == pytest.approx([0.4, 0.25, 0.0])
    assert trials.rejecting(-good, failed, (0.4,)) == pytest.approx([2 / 3])


def test_a_track_holds_no_photo_that_is_enrolled_and_weights_decide() -> None:
    seen = two_people()
    tracks = trials.draw_tracks(seen, 5, np.random.default_rng(1))
    assert len(tracks.rows) == 10
    for rows, person in zip(tracks.rows, tracks.person, strict=True):
        assert not seen.clean[rows].any()
        assert len(np.unique(seen.photo[rows])) == 1
        assert (seen.person[rows] == person).all()

    def mean_score(weight: NDArray[np.float64]) -> float:
        fused = trials.fused(seen, tracks, weight.astype(np.float32))
        return float(np.einsum("td,td->t", fused, tracks.templates).mean())

    assert mean_score(seen.norm.astype(np.float64) ** 2) > mean_score(np.ones(16)) > 0.5


def test_the_additive_judge_learns_what_decides() -> None:
    rng = np.random.default_rng(1)
    sharp = rng.uniform(2, 30, 400).astype(np.float32)
    seen = looks([0] * 400, [0] * 400, [False] * 400, np.zeros((400, 3), np.float32), sharp)
    scores = np.where(sharp + rng.normal(0, 2, 400) > 10, 0.7, 0.1).astype(np.float32)
    chosen = ADDITIVE["additive, sharpness and detector"]
    value = terms(seen)[:, chosen] @ additive(Lesson(looks=seen, scores=scores, threshold=0.5), chosen)
    assert ((value > 0) == (scores > 0.5)).mean() > 0.85
