"""The simulated camera of `calibration.distance` shows what it says, and its tallies count what was said."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest

from calibration import distance
from calibration._distance_plot import draw
from calibration._distance_scenes import SENSOR_WIDTH_PX, Subject, Walk, dead_leaves
from calibration._distance_walks import LOOKS, Heard, Person, Watched, choose_people, gallery, hear
from calibration._lfw import Rate
from kith.errors import InputError
from kith.types import U8, BoxPx, Embedding, Outcome, Sighting
from kith.vision.place import focal_length_px
from tests.unit._gallery_kit import POINT, looks
from tests.unit._machine_kit import face, ms, sighting

EYES_PX = ((100.0, 120.0), (144.0, 120.0))


@pytest.fixture(scope="module")
def subject() -> Subject:
    """Two red eyes on grey, 44 px apart, in 250x250."""
    rgb = np.full((250, 250, 3), 120, np.uint8)
    for x, y in EYES_PX:
        cv2.circle(rgb, (int(x), int(y)), 9, (255, 0, 0), -1)
    return Subject(rgb=rgb, eyes_px=(122.0, 120.0), inter_eye_px=44.0)


def eyes_apart_px(rgb: U8) -> float:
    """Distance of the two red blobs."""
    red = (rgb[..., 0].astype(int) - rgb[..., 1] > 40) & (rgb[..., 0].astype(int) - rgb[..., 2] > 40)
    count, _, stats, centres = cv2.connectedComponentsWithStats(red.astype(np.uint8))
    assert count >= 3
    largest = np.argsort(stats[1:, cv2.CC_STAT_AREA])[-2:] + 1
    return float(np.linalg.norm(centres[largest[0]] - centres[largest[1]]))


@pytest.mark.parametrize("fov_deg", [62.2, 102.0])
@pytest.mark.parametrize("metres", [0.7, 1.5, 3.0])
def test_eyes_are_as_far_apart_as_63_mm_are_at_that_distance(
    subject: Subject, fov_deg: float, metres: float
) -> None:
    plain = np.full((960, 1280, 3), 120, np.uint8)
    walk = Walk(subject, fov_deg, metres, plain, np.random.default_rng(3))
    for width_px, picture in walk.looks(0, (640, 1280)).items():
        assert picture.shape == (width_px * 3 // 4, width_px, 3)
        wanted = focal_length_px(width_px, fov_deg) * 0.063 / metres
        assert eyes_apart_px(picture) == pytest.approx(wanted, rel=0.05, abs=0.7)


def test_it_knows_where_its_face_is(subject: Subject) -> None:
    plain = np.full((960, 1280, 3), 120, np.uint8)
    walk = Walk(subject, 62.2, 2.0, plain, np.random.default_rng(4))
    for index in range(5):
        picture = walk.looks(index, (640,))[640]
        red = np.argwhere(picture[..., 0].astype(int) - picture[..., 1] > 40)
        y, x = red.mean(axis=0)
        width = 2.0 * walk.inter_eye_px / 2
        mine = BoxPx(x=x - width / 2, y=y - 0.25 * width, w=width, h=width)
        assert walk.shows(mine, 640)
        assert not walk.shows(dataclasses.replace(mine, x=mine.x + 1.5 * width), 640)


def test_looks_of_one_walk_differ_and_the_same_seed_gives_the_same(subject: Subject) -> None:
    backdrop = dead_leaves(np.random.default_rng(1))

    def seen() -> list[U8]:
        walk = Walk(subject, 62.2, 2.0, backdrop, np.random.default_rng(9))
        return [walk.looks(index, (SENSOR_WIDTH_PX,))[SENSOR_WIDTH_PX] for index in range(2)]

    first, second = seen(), seen()
    assert not np.array_equal(first[0], first[1])
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def walked(embedding: Embedding, count: int = 6) -> Watched:
    """A walk in which one face is judged in every look."""
    seen: tuple[Sighting, ...] = tuple(
        sighting(ms(100 * index), face(7, embedding=embedding)) for index in range(count)
    )
    return Watched(found=count, first=embedding, tracks=frozenset({7}), sightings=seen)


@pytest.fixture
def people() -> list[Person]:
    cast = []
    for seed in range(4):
        *templates, probe = looks(seed + 1, 4)
        walks = {(variant.name, 2.0): walked(probe) for variant in distance.VARIANTS}
        cast.append(Person(name=f"P{seed}", templates=tuple(templates), walks=walks))
    return cast


def test_the_enrolled_are_named_and_strangers_told(people: list[Person]) -> None:
    matcher = gallery(people, [0, 2], [], POINT)
    for at, person in enumerate(people):
        heard = hear(person.walks["640", 2.0], matcher)
        if at in (0, 2):
            assert heard.single == (Outcome.KNOWN, at)
            assert heard.ids == {(at,)}
            assert not heard.stranger
        else:
            assert heard.single is not None
            assert heard.single[0] is Outcome.UNKNOWN
            assert heard.stranger
            assert not heard.ids


def test_others_who_are_enrolled_are_nobody_who_walks(people: list[Person]) -> None:
    other = dataclasses.replace(people[1], walks={})
    heard = hear(people[1].walks["640", 2.0], gallery(people, [0], [other], POINT))
    assert heard.ids == {(len(people),)}


def test_two_looks_are_too_few_for_a_name(people: list[Person]) -> None:
    heard = hear(walked(people[0].templates[0], count=2), gallery(people, [0, 2], [], POINT))
    assert heard.single == (Outcome.KNOWN, 0)
    assert not heard.ids


def test_tallies_keep_mated_and_non_mated_apart() -> None:
    tallies = distance.Tallies()
    said = Heard(single=(Outcome.KNOWN, 3), ids=frozenset({(3,)}), stranger=False)
    distance._tally(tallies, "a", 3, said)
    distance._tally(tallies, "b", 1, said)
    distance._tally(tallies, "c", None, said)
    distance._tally(tallies, "d", None, Heard(single=None, ids=frozenset(), stranger=True))
    counted = tallies.by_measure
    assert counted["single"] == {"a": [1, 1], "b": [0, 1]}
    assert counted["track"] == {"a": [1, 1], "b": [0, 1]}
    assert counted["wrong"] == {"a": [0, 1], "b": [1, 1]}
    assert counted["fpir_single"] == {"c": [1, 1], "d": [0, 1]}
    assert counted["fpir_track"] == {"c": [1, 1], "d": [0, 1]}


def test_rates_come_of_the_walks(people: list[Person], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distance, "shipped_point", lambda model_id: POINT)
    cells = list(distance._cells(people, [], distance.VARIANTS, [2.0]))
    assert [cell.variant for cell in cells] == [variant.name for variant in distance.VARIANTS]
    for cell in cells:
        assert cell.rates["track"].value == 1.0
        assert cell.rates["fpir_track"].value == 0.0
        assert cell.rates["fpir_track"].high == pytest.approx(1 - 0.025 ** (1 / 4))
        assert cell.rates["found"].value == pytest.approx(6 / LOOKS)
        assert cell.trials["track"] == cell.trials["fpir_track"] == 2 * distance.GALLERIES


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, count in (("A", 4), ("B", 5), ("C", 3)):
        (tmp_path / name).mkdir()
        for at in range(count):
            (tmp_path / name / f"{name}_{at:04}.jpg").touch()
    return tmp_path


def test_people_have_photos_to_enrol_and_another_to_walk(folder: Path) -> None:
    chosen = choose_people(folder, 2, seed=1)
    assert [name for name, _ in chosen] == ["A", "B"]
    assert all(len(set(photos)) == 4 and {p.parent.name for p in photos} == {name} for name, photos in chosen)
    assert chosen == choose_people(folder, 2, seed=1)
    assert [name for name, _ in choose_people(folder, 1, seed=1, without=["A"])] == ["B"]
    with pytest.raises(InputError, match="2 people"):
        choose_people(folder, 3, seed=1)


def test_the_picture_is_drawn(tmp_path: Path) -> None:
    rate = Rate(value=0.5, low=0.4, high=0.6)
    cells = [
        distance.Cell(
            variant=variant.name,
            metres=metres,
            rates=dict.fromkeys(distance.MEASURES, rate),
            trials=dict.fromkeys(distance.MEASURES, 10),
        )
        for variant in distance.VARIANTS
        for metres in (1.0, 2.0)
    ]
    draw(cells, 10, tmp_path / "d.png")
    assert cv2.imread(str(tmp_path / "d.png")) is not None
