"""The demo walk: built from its pinned pictures, the same every time, and what it claims to be."""

from __future__ import annotations

import tomllib
from pathlib import Path

import cv2
import numpy as np
import pytest

from demo import film as film_module
from demo import script
from demo.blocks import Block
from demo.build import CACHE_DIR, build_walk
from demo.film import Film
from demo.obstacles import GATE_Z
from demo.portraits import PORTRAITS
from demo.ranges import describe_scene
from demo.scene import CAMERA_HEIGHT_M, FOCAL_PX, HEIGHT_PX, WIDTH_PX, Pose, Street
from demo.sources import PICTURES, Pictures, SourceError
from demo.walkfile import describe
from demo.way import pose_at
from kith.config import CameraSettings, EnrollmentSettings, PresenceSettings, VisionSettings
from kith.drivers.simulated_scene import Scene, load_scene
from kith.errors import InputError, ModelMissing
from kith.guard.ports import Position
from kith.types import U8, View
from kith.vision.imaging import judge_view
from kith.vision.pipeline import FaceAnalyzer, open_analyzer

MODELS = Path(__file__).resolve().parents[2] / "models"
MEETINGS = [
    # time, portrait, distance in metres along the camera's axis
    (7.0, "Barack", 1.4),
    (14.6, script.STRANGER, 1.6),
    (23.5, script.TAUGHT, 1.0),
    (58.5, script.TAUGHT, 1.4),
    (82.0, "Barack", 1.15),
]


@pytest.fixture(scope="module")
def pictures() -> Pictures:
    source = Pictures(CACHE_DIR, lambda _: None)
    try:
        for key in PICTURES:
            source.content(key)
    except SourceError as error:
        pytest.skip(str(error))
    return source


@pytest.fixture(scope="module")
def film(pictures: Pictures) -> Film:
    return Film(pictures)


@pytest.fixture(scope="module")
def analyzer() -> FaceAnalyzer:
    try:
        return open_analyzer(MODELS, VisionSettings())
    except ModelMissing as error:
        pytest.skip(str(error))


def at(film: Film, t_s: float) -> U8:
    return film.frame(round(t_s * script.FPS))


def test_a_frame_is_the_same_whenever_it_is_drawn(pictures: Pictures, film: Film) -> None:
    again = Film(pictures)
    for t_s in (47.4, 14.6, 75.0, 24.0):
        assert np.array_equal(at(film, t_s), at(again, t_s))
        assert np.array_equal(at(film, t_s), at(film, t_s))


@pytest.mark.parametrize(("t_s", "person", "metres"), MEETINGS)
def test_a_face_is_found_as_large_as_its_distance_makes_it(
    film: Film, analyzer: FaceAnalyzer, t_s: float, person: str, metres: float
) -> None:
    rgb = np.asarray(at(film, t_s)[..., ::-1], np.uint8).copy()
    (face,) = analyzer.detect(rgb)
    found = analyzer.assess(rgb, face)
    assert found.rejection is None
    upright = max(np.cos(np.radians(found.quality.yaw_deg)), 0.4)
    assert found.quality.inter_eye_px / upright == pytest.approx(FOCAL_PX * 0.063 / metres, rel=0.25)


def test_the_one_who_is_learnt_looks_to_both_sides_when_asked(film: Film, analyzer: FaceAnalyzer) -> None:
    """As enrollment asks for it: from the front, half to her left (the picture's right), half right."""
    settings = EnrollmentSettings()
    turned_deg, views = [], []
    for t_s in (23.5, 25.2, 26.6):
        rgb = np.asarray(at(film, t_s)[..., ::-1], np.uint8).copy()
        (face,) = analyzer.detect(rgb)
        found = analyzer.assess(rgb, face)
        assert found.rejection is None
        assert found.quality.inter_eye_px >= settings.min_inter_eye_px
        turned_deg.append(found.quality.yaw_deg)
        views.append(analyzer.embed(found.aligned).vector)
    assert abs(turned_deg[0]) < settings.front_yaw_deg
    assert settings.front_yaw_deg < turned_deg[1] < settings.max_yaw_deg
    assert -settings.max_yaw_deg < turned_deg[2] < -settings.front_yaw_deg
    assert min(views[0] @ views[1], views[0] @ views[2]) > settings.min_side_agreement


def test_the_light_goes_and_comes_back(film: Film) -> None:
    views = {t_s: judge_view(at(film, t_s)[..., ::-1]) for t_s in (68.0, 70.5, 75.0, 79.0, 80.5)}
    assert views == {68.0: View.NORMAL, 70.5: View.DARK, 75.0: View.DARK, 79.0: View.DARK, 80.5: View.NORMAL}


def test_a_quick_turn_of_the_head_smears_the_picture(film: Film) -> None:
    def sharpness(t_s: float) -> float:
        return float(cv2.Laplacian(cv2.cvtColor(at(film, t_s), cv2.COLOR_BGR2GRAY), cv2.CV_32F)[:200].std())

    assert sharpness(47.4) < 0.8 * sharpness(47.0)


def test_the_camera_is_the_one_that_the_device_reckons_with() -> None:
    camera = CameraSettings()
    assert (camera.width_px, camera.height_px) == (WIDTH_PX, HEIGHT_PX)
    assert np.degrees(2 * np.arctan(WIDTH_PX / 2 / FOCAL_PX)) == pytest.approx(camera.horizontal_fov_deg)


def test_the_script_gives_names_the_time_they_need() -> None:
    """A name is told again only after a while; somebody who comes back too soon would not be named."""
    cooldown_s = PresenceSettings().cooldown_ms / 1000
    visits = {person: [v for v in script.VISITS if v.person == person] for person in script.ENROLLED}
    last_named_s: dict[str, float] = {}
    for expected in script.EXPECTED:
        around = [v for v in script.VISITS if v.person == expected.person]
        assert any(v.begins_s <= expected.from_s and expected.to_s <= v.ends_s for v in around)
        if expected.person in last_named_s and expected.person != script.TAUGHT:
            assert expected.to_s - last_named_s[expected.person] > cooldown_s
        last_named_s[expected.person] = expected.from_s
    assert all(visits.values())
    strangers = [v for v in script.VISITS if v.person == script.STRANGER]
    assert len(strangers) == 2


def test_the_description_can_be_read() -> None:
    table = tomllib.loads(describe("walk.avi", "scene.toml", {'Zoë "Z"': ["photos/z.jpg"]}))
    assert table["enrol"] == [{"name": 'Zoë "Z"', "photos": ["photos/z.jpg"]}]
    assert table["button"].split("; ")[1] == "21 double"
    assert table["names"] == list(script.NAMES)
    assert len(table["visit"]) == len(script.VISITS)
    assert all(0 <= visit["from_s"] < visit["to_s"] <= table["duration_s"] for visit in table["visit"])
    assert table["sensors"] == {"head": "hcsr04", "knee": "vl53l1x"}
    assert len(table["warn"]) == len(script.WARNINGS)
    assert len(table["quiet"]) == len(script.QUIET)
    assert table["dropout"]["to_s"] == script.DROPOUT.to_s


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    file = tmp_path_factory.mktemp("scene") / "scene.toml"
    file.write_text(describe_scene(), encoding="utf-8")
    return load_scene(file)


@pytest.mark.parametrize(("t_s", "person", "metres"), MEETINGS)
def test_the_range_sensors_meet_people_as_far_away_as_the_camera_does(
    scene: Scene, t_s: float, person: str, metres: float
) -> None:
    (visit,) = [v for v in script.VISITS if v.begins_s <= t_s <= v.ends_s]
    x, z, _ = script.at(visit.path, t_s)
    assert z == pytest.approx(metres, abs=0.2)
    pose = pose_at(t_s)
    place = scene.path.at(t_s)
    bearing = np.degrees(np.arctan2(x, z)) - pose.yaw_deg
    assert place.heading_deg == pytest.approx(-pose.yaw_deg, abs=0.5)
    # Within the camera's picture, in a beam that is as wide as it.
    assert abs(bearing) < 30
    (nearest, *_) = scene.hits(Position.HEAD, t_s, 60)
    assert nearest.distance_m == pytest.approx(np.hypot(x, z), abs=0.03)


def test_the_wearer_touches_nothing_and_goes_through_the_gate(scene: Scene) -> None:
    assert scene.contact_s() is None
    assert scene.end_s == script.DURATION_S
    before = scene.path.at(script.THROUGH_THE_GATE_S - 1).x_m
    assert before < GATE_Z < scene.path.at(script.THROUGH_THE_GATE_S + 1).x_m


def test_the_trough_is_for_the_knee_alone_and_the_wall_for_both(scene: Scene) -> None:
    at_s = script.AT_THE_TROUGH_S
    (trough, *_) = scene.hits(Position.KNEE, at_s, 20)
    assert trough.distance_m == pytest.approx(script.TROUGH_M, abs=0.02)
    assert all(hit.distance_m > 3 for hit in scene.hits(Position.HEAD, at_s, 20))
    for position in Position:
        (wall, *_) = scene.hits(position, script.AT_THE_WALL_S, 20)
        assert wall.distance_m == pytest.approx(script.WALL_M, abs=0.02)


def test_what_stands_in_the_way_is_drawn_where_it_stands(pictures: Pictures) -> None:
    box = Block(surface="stone", x=(-0.5, 1.0), height=(0.0, 1.0), z=(4.0, 5.0))
    pose = Pose(walked_m=0, across_m=0, yaw_deg=0, pitch_deg=0, roll_deg=0, raised_m=0)
    changed = np.abs(Street(pictures, (box,)).draw(pose) - Street(pictures).draw(pose)).max(axis=2) > 2
    columns, rows = np.flatnonzero(changed.any(axis=0)), np.flatnonzero(changed.any(axis=1))
    left, top, _ = pose.project(-0.5, CAMERA_HEIGHT_M - 1.0, 4.0)
    right, bottom, _ = pose.project(1.0, CAMERA_HEIGHT_M, 4.0)
    behind_the_edge = pose.project(0, CAMERA_HEIGHT_M - 1.0, 5.0)[1]
    assert columns[0] == pytest.approx(left, abs=3)
    assert columns[-1] == pytest.approx(right, abs=3)
    assert rows[0] == pytest.approx(behind_the_edge, abs=3)
    assert rows[-1] == pytest.approx(bottom, abs=3)
    assert top > behind_the_edge, "its top is seen from above"
    passed = Pose(walked_m=6, across_m=0, yaw_deg=0, pitch_deg=0, roll_deg=0, raised_m=0)
    assert np.array_equal(Street(pictures, (box,)).draw(passed), Street(pictures).draw(passed))


def test_building_writes_what_is_promised_and_then_nothing_more(
    pictures: Pictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A few seconds and one person are enough to see that all is written.
    monkeypatch.setattr(script, "DURATION_S", 6.0)
    monkeypatch.setattr(script, "VISITS", script.VISITS[:1])
    monkeypatch.setattr(film_module, "PORTRAITS", {"barack-standing": PORTRAITS["barack-standing"]})
    reached: list[int] = []
    built = build_walk(out=tmp_path / "build", cache=CACHE_DIR, progress=lambda done, _: reached.append(done))
    assert built.fresh
    assert reached == list(range(1, 91))
    capture = cv2.VideoCapture(str(built.video))
    assert capture.get(cv2.CAP_PROP_FPS) == script.FPS
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == 90
    table = tomllib.loads(built.description.read_text(encoding="utf-8"))
    for person in table["enrol"]:
        for photo in person["photos"]:
            assert cv2.imread(str(built.description.parent / photo)) is not None
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "build").rglob("*")}
    again = build_walk(out=tmp_path / "build", cache=tmp_path / "no-cache-needed")
    assert not again.fresh
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "build").rglob("*")} == before
    built.video.write_bytes(b"torn")
    assert build_walk(out=tmp_path / "build", cache=CACHE_DIR).fresh


def test_a_folder_that_cannot_be_written_is_an_input_error(pictures: Pictures, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="file"):
        build_walk(out=tmp_path / "file" / "build", cache=CACHE_DIR)


def test_another_picture_than_the_pinned_one_is_refused(
    pictures: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    import dataclasses

    monkeypatch.setitem(PICTURES, "grass", dataclasses.replace(PICTURES["grass"], sha256="0" * 64))
    with pytest.raises(SourceError, match=r"grass\.png"):
        pictures.content("grass")


def test_without_a_network_it_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(SourceError, match=r"scikit-image 0\.26\.0.*network connection"):
        Pictures(tmp_path / "empty", lambda _: None).content("eileen")
    assert list((tmp_path / "empty").iterdir()) == []
