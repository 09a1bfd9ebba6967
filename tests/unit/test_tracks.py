"""Tracks: a face keeps its own, and what was seen of it is fused."""

import numpy as np
import pytest

from kith.clock import NS_PER_MS
from kith.types import BoxPx, Embedding, Face
from kith.vision.tracks import Tracker


def _face(x: float, y: float = 100, size: float = 60) -> Face:
    return Face(box=BoxPx(x=x, y=y, w=size, h=size), landmarks=np.zeros((5, 2), np.float32), score=0.9)


def _embedding(*values: float) -> Embedding:
    vector = np.array(values, np.float32)
    return Embedding(vector=vector / np.linalg.norm(vector), model_id="m")


def test_two_faces_that_walk_keep_their_tracks_whatever_their_order() -> None:
    tracker = Tracker(lost_after_ms=700)
    first = [track.track_id for track in tracker.update([_face(100), _face(400)], 0)]
    for step in range(1, 20):
        now_ns = step * 100 * NS_PER_MS
        seen = tracker.update([_face(400 - 8 * step), _face(100 + 5 * step)], now_ns)
        assert [track.track_id for track in seen] == first[::-1]


def test_a_quick_turn_of_the_head_keeps_the_track() -> None:
    tracker = Tracker(lost_after_ms=700)
    (before,) = tracker.update([_face(100)], 0)
    (after,) = tracker.update([_face(140)], 100 * NS_PER_MS)
    assert after.track_id == before.track_id


def test_a_face_elsewhere_is_another_track() -> None:
    tracker = Tracker(lost_after_ms=700)
    (before,) = tracker.update([_face(100)], 0)
    (after,) = tracker.update([_face(300)], 100 * NS_PER_MS)
    assert after.track_id != before.track_id


@pytest.mark.parametrize(("gap_ms", "kept"), [(600, True), (800, False)])
def test_a_track_outlives_a_short_gap_only(gap_ms: int, kept: bool) -> None:
    tracker = Tracker(lost_after_ms=700)
    (before,) = tracker.update([_face(100)], 0)
    before.looks.append((_embedding(1, 0), 1.0))
    (after,) = tracker.update([_face(102)], gap_ms * NS_PER_MS)
    assert (after.track_id == before.track_id) is kept
    assert (after.fused() is not None) is kept


def test_fusing_weighs_and_stays_on_the_unit_sphere() -> None:
    (track,) = Tracker(lost_after_ms=700).update([_face(100)], 0)
    track.looks.append((_embedding(1, 0), 3.0))
    track.looks.append((_embedding(0, 1), 1.0))
    fused = track.fused()
    assert fused is not None
    assert fused.vector == pytest.approx(np.array([3, 1]) / np.sqrt(10), rel=1e-5)


def test_a_look_far_from_all_before_does_not_belong() -> None:
    tracker = Tracker(lost_after_ms=700)
    (track,) = tracker.update([_face(100)], 0)
    track.looks.append((_embedding(1, 0), 1.0))
    nothing, shared = np.zeros(2, np.float32), np.array([0, 0.5], np.float32)
    assert track.agrees(_embedding(1, 1), nothing)
    assert not track.agrees(_embedding(-1, 1), nothing)
    # What all faces share does not make two of them one.
    assert track.agrees(_embedding(1, 4), nothing)
    assert not track.agrees(_embedding(1, 4), shared)
    fresh = tracker.restart(track)
    assert fresh.track_id != track.track_id
    assert fresh.fused() is None
    (going_on,) = tracker.update([_face(101)], 100 * NS_PER_MS)
    assert going_on.track_id == fresh.track_id
