"""The second look: where it goes, what it may change, and what it costs."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kith.clock import NS_PER_MS
from kith.config import VisionSettings
from kith.types import U8, AlignedFace, BoxPx, Embedding, Face, FaceQuality, Frame, TrackedFace
from kith.vision.detector import Detector
from kith.vision.embedder import Embedder
from kith.vision.pipeline import Assessment, FaceAnalyzer, FacePipeline
from kith.vision.second_look import Region, SecondLook, around, is_small
from kith.vision.tracks import Tracker

LOOK_NS = 100 * NS_PER_MS
FINE, COARSE = 1.0, 0.0


def box(x: float, y: float, w: float) -> BoxPx:
    return BoxPx(x=x, y=y, w=w, h=w * 1.25)


def face(x: float, y: float, w: float, fine: float = COARSE) -> Face:
    return Face(box=box(x, y, w), landmarks=np.full((5, 2), fine, np.float32), score=0.9)


class World:
    """An analyzer of faces that are where it is told. The first look finds those at least 16 of 384 wide; a
    cut shows its faces finely. A face's embedding is its number, by its width."""

    model_id = "m"

    def __init__(self, *boxes: BoxPx) -> None:
        self.boxes: list[BoxPx] = list(boxes)
        self.regions: list[list[Region]] = []
        self.embedded: list[tuple[int, float]] = []

    def detect(self, rgb: U8) -> list[Face]:
        self.regions.append([])
        return self._faces([b for b in self.boxes if b.w >= rgb.shape[1] * 16 / 384], COARSE)

    def detect_within(self, rgb: U8, region: Region) -> list[Face]:
        self.regions[-1].append(region)
        inside = [
            b
            for b in self.boxes
            if b.x >= region.x
            and b.y >= region.y
            and b.x + b.w <= region.x + region.w
            and b.y + b.h <= region.y + region.h
        ]
        return self._faces([b for b in inside if b.w >= region.w * 16 / 384], FINE)

    def assess(self, rgb: U8, face: Face) -> Assessment:
        quality = FaceQuality(sharpness=20, luma=120, yaw_deg=0, pitch_deg=0, inter_eye_px=face.box.w / 2)
        number = next(i for i, b in enumerate(self.boxes) if b == face.box)
        picture = np.full((112, 112, 3), 2 * number + face.landmarks[0, 0], np.uint8)
        return Assessment(face=face, quality=quality, rejection=None, aligned=AlignedFace(rgb=picture))

    def embed(self, aligned: AlignedFace) -> Embedding:
        number, fine = divmod(int(aligned.rgb[0, 0, 0]), 2)
        self.embedded.append((number, float(fine)))
        return Embedding(vector=np.eye(8, dtype=np.float32)[number], model_id="m")

    def _faces(self, boxes: Sequence[BoxPx], fine: float) -> list[Face]:
        return [Face(box=b, landmarks=np.full((5, 2), fine, np.float32), score=0.9) for b in boxes]


class Life:
    """A pipeline that looks at a world, ten times a second."""

    def __init__(
        self,
        world: World,
        settings: VisionSettings | None = None,
        width_px: int = 640,
        look_ms: int = LOOK_NS // NS_PER_MS,
    ) -> None:
        self.world = world
        self._look_ns = look_ms * NS_PER_MS
        centre = np.zeros(8, np.float32)
        self._pipeline = FacePipeline(cast(FaceAnalyzer, world), settings or VisionSettings(), centre)
        self._rgb = np.zeros((width_px * 3 // 4, width_px, 3), np.uint8)
        self._seq = 0

    def look(self, sure: frozenset[int] = frozenset(), *, attentive: bool = False) -> list[TrackedFace]:
        self._seq += 1
        frame = Frame(seq=self._seq, captured_ns=self._seq * self._look_ns, rgb=self._rgb)
        return self._pipeline.process(frame, sure=sure, attentive=attentive)


@given(
    x=st.floats(-20, 640), y=st.floats(-20, 480), w=st.floats(2, 700), wide=st.sampled_from([320, 640, 1280])
)
def test_the_cut_around_a_face_lies_in_the_frame_and_holds_the_face(
    x: float, y: float, w: float, wide: int
) -> None:
    size = (wide, wide * 3 // 4)
    region = around(box(x, y, w), size)
    assert region.x >= 0
    assert region.y >= 0
    assert region.x + region.w <= size[0]
    assert region.y + region.h <= size[1]
    inside = 0 <= x <= size[0] - w and 0 <= y <= size[1] - w * 1.25
    if inside and w < size[1] / 6:
        assert region.x <= x
        assert x + w <= region.x + region.w
        assert region.y <= y
        assert y + 1.25 * w <= region.y + region.h


@pytest.mark.parametrize("size", [(640, 480), (1280, 960), (480, 640), (1920, 1080)])
def test_the_sweep_leaves_no_column_out_that_a_far_face_fits_in(size: tuple[int, int]) -> None:
    settings = VisionSettings()
    second = SecondLook(settings)
    tiles = [second.choose([], [], size, i * settings.sweep_interval_ms * NS_PER_MS) for i in range(20)]
    assert None not in tiles
    least = 2 * settings.min_inter_eye_px
    for x in range(0, size[0] - int(least), 5):
        far = box(x, size[1] / 2 - least, least)
        assert any(tile is not None and tile.holds(far, *size) and tile.x <= x for tile in tiles)


def test_the_sweep_goes_where_faces_were_in_height_and_keeps_its_interval() -> None:
    second = SecondLook(VisionSettings(sweep_interval_ms=300))
    found = [second.choose([], [face(300, 60, 100)], (640, 480), i * LOOK_NS) for i in range(9)]
    assert [i for i, tile in enumerate(found) if tile] == [0, 3, 6]
    assert all(tile is None or tile.y < 20 for tile in found)
    later = second.choose([], [], (640, 480), 9 * LOOK_NS)
    assert later is not None
    assert later.y < 20


def test_a_face_too_far_for_the_first_look_is_found_held_and_recognised() -> None:
    world = World(box(500, 200, 24))
    life = Life(world)
    seen = [life.look() for _ in range(20)]
    found = [faces for faces in seen if faces]
    assert len(found) >= 8
    assert {faces[0].track_id for faces in found} == {1}
    first = next(i for i, faces in enumerate(seen) if faces)
    assert first <= 6
    assert sum(bool(faces) and faces[0].embedding is not None for faces in seen[first : first + 10]) >= 3


def test_no_sweep_and_nobody_small_costs_nothing() -> None:
    life = Life(World(box(200, 100, 120)), VisionSettings(sweep_interval_ms=0))
    for _ in range(10):
        life.look()
    assert not any(life.world.regions)


def test_second_looks_can_be_turned_off() -> None:
    life = Life(World(box(200, 100, 40)), VisionSettings(second_looks=False))
    embedded = [faces[0].embedding is not None for faces in (life.look() for _ in range(10))]
    assert not any(life.world.regions)
    assert sum(embedded) == 5


def test_enrolling_looks_once_and_embeds_what_is_near_or_alone() -> None:
    life = Life(World(box(200, 100, 40), box(400, 100, 120)))
    for _ in range(5):
        near, far = life.look(attentive=True)
        assert near.embedding is not None
        assert far.embedding is None
    assert not any(life.world.regions)
    alone = Life(World(box(200, 100, 40)))
    for _ in range(5):
        assert all(faces.embedding is not None for faces in alone.look(attentive=True))
    assert not any(alone.world.regions)


@pytest.mark.parametrize(("near", "look_ms"), [(1, 100), (3, 100), (4, 100), (1, 310)])
def test_strangers_who_stay_near_do_not_keep_a_far_face_waiting(near: int, look_ms: int) -> None:
    boxes = [box(20 + 130 * at, 50, 110) for at in range(near)]
    life = Life(World(*boxes, box(560, 300, 40)), look_ms=look_ms)
    far = [faces for _ in range(60) for faces in life.look() if faces.face.box.w == 40]
    assert sum(faces.embedding is not None for faces in far) >= 10


def test_at_most_one_second_look_and_none_while_a_near_face_that_came_waits_to_be_recognised() -> None:
    life = Life(World(box(50, 100, 120), box(300, 100, 30), box(450, 100, 20), box(550, 300, 22)))
    for _ in range(30):
        near = next(faces for faces in life.look() if faces.face.box.w == 120)
        regions = life.world.regions[-1]
        assert len(regions) <= 1
        assert not (near.embedding is not None and near.looks <= 5 and regions)
    assert sum(map(len, life.world.regions)) >= 10


def test_a_small_face_is_recognised_by_the_landmarks_of_a_second_look_alone() -> None:
    life = Life(World(box(300, 100, 40), box(500, 100, 20), box(100, 100, 110)))
    for _ in range(30):
        life.look()
    by_face = {number: {fine for n, fine in life.world.embedded if n == number} for number in range(3)}
    assert by_face == {0: {FINE}, 1: {FINE}, 2: {COARSE}}


def test_a_known_far_face_is_held_for_less() -> None:
    costs = []
    for sure in (frozenset[int](), frozenset({1})):
        life = Life(World(box(300, 200, 20)), VisionSettings(sweep_interval_ms=60_000))
        life.look()
        life.look()
        life.world.regions.clear()
        seen = [faces[0].track_id for faces in (life.look(sure) for _ in range(60)) if faces]
        assert set(seen) == {1}
        costs.append(sum(map(len, life.world.regions)))
    assert costs[1] <= costs[0] * 0.6


def test_people_far_off_side_by_side_keep_their_own_tracks() -> None:
    """Three in a row who walk, and a near one before them: looked at in turn, never mixed up."""
    life = Life(World(*(box(200 + 40 * i, 200, 22) for i in range(3)), box(420, 80, 150)))
    owner: dict[int, int] = {}
    looks = dict.fromkeys(range(4), 0)
    for step in range(60):
        life.world.boxes = [
            *(box(200 + 40 * i + 3 * abs(step % 12 - 6), 200 + 2 * (step % 3), 22) for i in range(3)),
            box(420 + step, 80, 150),
        ]
        for tracked in life.look():
            number = life.world.boxes.index(tracked.face.box)
            assert owner.setdefault(tracked.track_id, number) == number
            looks[number] += tracked.embedding is not None
    assert min(looks.values()) >= 5
    assert len(owner) == 4


def test_a_part_of_a_near_face_never_becomes_a_face() -> None:
    tracker = Tracker(lost_after_ms=700)
    tracker.update([face(100, 100, 100)], LOOK_NS)
    assert tracker.refine([face(130, 130, 20, FINE), face(95, 90, 40, FINE)], LOOK_NS) == []
    assert len(tracker.update([], 2 * LOOK_NS)) == 0
    assert len(tracker.missed(2 * LOOK_NS)) == 1


def test_a_finer_face_takes_the_place_of_the_coarse_one() -> None:
    tracker = Tracker(lost_after_ms=700)
    (track,) = tracker.update([face(100, 100, 30)], LOOK_NS)
    (same,) = tracker.refine([face(102, 101, 29, FINE), face(101, 103, 31, FINE)], LOOK_NS)
    assert same is track
    assert track.face.box == box(102, 101, 29)


def test_a_missed_face_goes_on_with_its_track_and_a_seen_one_is_not_taken() -> None:
    tracker = Tracker(lost_after_ms=700)
    a, b = tracker.update([face(100, 100, 30), face(200, 100, 30)], LOOK_NS)
    tracker.update([face(101, 100, 30)], 2 * LOOK_NS)
    (found,) = tracker.refine([face(203, 100, 30, FINE)], 2 * LOOK_NS)
    assert found is b
    assert tracker.missed(2 * LOOK_NS) == []
    assert a.face.box == box(101, 100, 30)


def test_a_face_that_the_region_cuts_does_not_count_unless_the_frame_does() -> None:
    region = Region(x=0, y=100, w=200, h=150)
    assert region.holds(box(-5, 120, 30), 640, 480)
    assert not region.holds(box(180, 120, 30), 640, 480)
    assert not region.holds(box(50, 90, 30), 640, 480)
    assert region.holds(box(180, 120, 30), 200, 480)


def test_small_is_a_share_of_what_the_detector_shrinks() -> None:
    widths = [
        [is_small(face(0, 0, w), size) for w in (40, 60, 90)]
        for size in ((640, 480), (480, 640), (1280, 960))
    ]
    assert widths == [[True, True, False], [True, True, False], [True, True, True]]


def test_the_same_frames_give_the_same_faces() -> None:
    def played() -> list[tuple[int, float]]:
        life = Life(World(*(box(60 * i, 150 + 9 * i, 18 + 7 * i) for i in range(6))))
        return [(f.track_id, f.face.box.x) for f in itertools.chain(*(life.look() for _ in range(25)))]

    assert played() == played()


def test_without_second_looks_a_face_as_small_as_only_they_can_judge_is_not_judged() -> None:
    life = Life(World(box(200, 100, 30), box(400, 100, 23)), VisionSettings(second_looks=False))
    life.world.detect = lambda rgb: life.world._faces(life.world.boxes, COARSE)  # type: ignore[method-assign]
    for _ in range(10):
        life.look()
    assert {number for number, _ in life.world.embedded} == {0}


def test_a_face_too_small_in_the_cut_is_not_seen_finely() -> None:
    second, tracker, size = SecondLook(VisionSettings()), Tracker(lost_after_ms=700), (640, 480)
    fine, coarse = tracker.update([face(100, 100, 30), face(250, 100, 20)], LOOK_NS)
    second.shown([fine, coarse], Region(x=80, y=60, w=300, h=225), LOOK_NS)
    assert second.may_embed(fine, size, LOOK_NS)
    assert not second.may_embed(coarse, size, LOOK_NS)
    assert not second.may_embed(fine, size, 2 * LOOK_NS)


def test_a_face_that_is_not_small_is_never_taken_from_a_cut() -> None:
    world = World(box(150, 150, 90))
    life = Life(world)
    world.detect = lambda rgb: world.regions.append([]) or []  # type: ignore[method-assign, func-returns-value]
    assert not any(life.look() for _ in range(10))
    assert any(world.regions)


def test_faces_of_a_cut_are_told_in_pixels_of_the_frame_without_those_it_cuts() -> None:
    class Detects:
        def detect(self, rgb: U8, least_score: float | None = None) -> list[Face]:
            assert rgb.shape == (150, 200, 3)
            return [face(50, 60, 30, 5.0), face(-4, 60, 30), face(180, 60, 30), face(50, 140, 30)]

    class Embeds:
        model_id = "m"

    analyzer = FaceAnalyzer(cast(Detector, Detects()), cast(Embedder, Embeds()), VisionSettings())
    region = Region(x=100, y=200, w=200, h=150)
    (found,) = analyzer.detect_within(np.zeros((480, 640, 3), np.uint8), region)
    assert found.box == box(150, 260, 30)
    assert found.landmarks.tolist() == [[105.0, 205.0]] * 5
