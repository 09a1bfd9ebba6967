"""Scenes for the range sensors: their geometry, their truth, and their files."""

from math import acos, atan2, cos, degrees, hypot, inf, pi, radians, remainder, sin
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kith.drivers.simulated_scene import BODY_RADIUS_M, Scene, Trouble, TroubleKind, load_scene
from kith.drivers.simulated_things import Beam, Place, Post, Thing, Track, Wall, doorway, post
from kith.errors import InputError
from kith.guard.ports import Position

COORDINATE = st.floats(-4.0, 4.0)
FULL = """
[wearer]
path = [[0, 0.0, 0.0, 0], [5, 6.0, 0.0, 0]]
sway_deg = 4
[[wall]]
from_m = [7.0, -2.0]
to_m = [7.0, 2.0]
surface = "glass"
heights = ["head"]
from_s = 2
[[wall]]
from_m = [3.0, -2.0]
to_m = [3.0, 2.0]
gap_from_m = 1.5
gap_width_m = 0.9
[[post]]
at_m = [4.0, 0.9]
radius_m = 0.05
[[person]]
path = [[0, 9.0, 1.0], [5, 1.0, 1.0]]
[[trouble]]
kind = "unplugged"
position = "head"
from_s = 8
to_s = 10
"""


def straight(speed_m_s: float, seconds: float = 10.0) -> Track:
    return Track(((0.0, Place(0.0, 0.0)), (seconds, Place(speed_m_s * seconds, 0.0))))


def across(x_m: float, half_m: float = 3.0) -> Wall:
    return Wall(from_x_m=x_m, from_y_m=-half_m, to_x_m=x_m, to_y_m=half_m)


def _along_a_ray(thing: Thing, angle_deg: float) -> float:
    """Where a ray from 0, 0 meets a thing, by plain algebra."""
    dx, dy = cos(radians(angle_deg)), sin(radians(angle_deg))
    if isinstance(thing, Post):
        centre = thing.track.at(0.0)
        cx, cy = centre.x_m, centre.y_m
        along = cx * dx + cy * dy
        inside = thing.radius_m**2 - (cx * cx + cy * cy - along * along)
        return along - inside**0.5 if inside >= 0 and along - inside**0.5 >= 0 else inf
    wx, wy = thing.to_x_m - thing.from_x_m, thing.to_y_m - thing.from_y_m
    fx, fy = thing.from_x_m, thing.from_y_m
    across_ray = dx * wy - dy * wx
    if abs(across_ray) < 1e-12:
        return inf
    distance, share = (fx * wy - fy * wx) / across_ray, (fx * dy - fy * dx) / across_ray
    return distance if distance >= 0 and 0 <= share <= 1 else inf


@settings(max_examples=300)
@given(
    st.tuples(COORDINATE, COORDINATE, COORDINATE, COORDINATE),
    st.floats(0.05, 1.0),
    st.booleans(),
    st.floats(-180, 180),
    st.sampled_from([15.0, 27.0]),
)
def test_a_beam_finds_what_many_rays_find(
    ends: tuple[float, float, float, float],
    radius_m: float,
    round_thing: bool,
    heading_deg: float,
    width: float,
) -> None:
    ax, ay, bx, by = ends
    thing: Thing = (
        post(ax, ay, radius_m) if round_thing else Wall(from_x_m=ax, from_y_m=ay, to_x_m=bx, to_y_m=by)
    )
    assume(round_thing or hypot(bx - ax, by - ay) > 0.2)
    assume(thing.gap_m(0.0, 0.0, 0.0) > 0.05)
    hit = thing.hit(Beam(Place(0.0, 0.0), heading_deg, width), 0.0)
    within, about = (
        min(_along_a_ray(thing, heading_deg + wide * (step / 400 - 0.5)) for step in range(401))
        for wide in (width - 0.001, width + 0.2)
    )
    end_on = not round_thing and abs(remainder(atan2(ay, ax) - atan2(by, bx), 2 * pi)) < radians(0.1)
    assert hit is not None or within == inf
    if hit is not None:
        assert about < inf or end_on
        assert hit.distance_m <= within + 1e-9
        # Two rays are 0.07 degrees apart at most: a slanting wall is a little nearer between them.
        assert hit.distance_m >= about * 0.95 - 0.02 or end_on
        assert 0.0 <= hit.straightness <= 1.0 + 1e-9


def test_straightness_is_the_cosine_to_the_normal() -> None:
    beam = Beam(Place(0.0, 0.0), 0.0, 15.0)
    head_on = across(2.0).hit(beam, 0.0)
    assert head_on is not None
    assert (head_on.distance_m, head_on.straightness) == pytest.approx((2.0, 1.0))
    slanting = Wall(from_x_m=2.0, from_y_m=-0.5, to_x_m=2.5, to_y_m=0.0).hit(beam, 0.0)
    assert slanting is not None
    assert slanting.straightness < 0.85


def test_the_truth_ahead_is_within_the_bodys_width() -> None:
    scene = Scene(straight(1.0), (across(5.0), post(2.0, 0.4, 0.1), post(3.0, 0.2, 0.1)))
    assert scene.ahead_m(0.0) == pytest.approx(2.9)
    assert scene.ahead_m(0.0, width_m=0.7) == pytest.approx(2.0 - (0.1**2 - 0.05**2) ** 0.5)
    assert scene.ahead_m(4.0) == pytest.approx(1.0)
    assert scene.ahead_m(6.0) == inf


@pytest.mark.parametrize("speed_m_s", [0.3, 1.0, 2.0])
def test_contact_with_a_wall_comes_when_the_path_reaches_it(speed_m_s: float) -> None:
    scene = Scene(straight(speed_m_s), (across(2.0),))
    assert scene.contact_s() == pytest.approx(2.0 / speed_m_s, abs=0.005)


def test_contact_with_one_who_comes() -> None:
    walker = Post(track=Track(((0.0, Place(8.0, 0.0)), (8.0, Place(0.0, 0.0)))), radius_m=0.25)
    assert Scene(straight(1.0), (walker,)).contact_s() == pytest.approx((8.0 - 0.25) / 2, abs=0.005)


def test_no_contact_beside_or_after_the_end() -> None:
    beside = Wall(from_x_m=-1.0, from_y_m=0.3, to_x_m=20.0, to_y_m=0.3)
    scene = Scene(straight(1.0), (beside, across(12.0)))
    assert scene.contact_s() is None
    assert scene.clearance_m(3.0) == pytest.approx(0.3 - BODY_RADIUS_M)


def test_a_thing_that_appears_is_not_leapt_over() -> None:
    shut = Wall(from_x_m=6.0, from_y_m=-1.0, to_x_m=6.0, to_y_m=1.0, from_s=5.9, to_s=6.3)
    assert Scene(straight(1.0), (shut, across(100.0))).contact_s() == pytest.approx(6.0, abs=0.01)


def test_a_turn_moves_the_body() -> None:
    turning = Track(((0.0, Place(0.0, 0.0, 0.0)), (1.0, Place(0.0, 0.0, 180.0))))
    scene = Scene(turning, (post(0.35, 0.0, 0.1),))
    # When its middle, a quarter of a metre behind the sensors, is 0.35 m from the post's.
    turned_deg = degrees(acos((0.35**2 - 0.35**2 - 0.25**2) / (2 * 0.35 * 0.25)))
    assert scene.contact_s() == pytest.approx(turned_deg / 180, abs=0.005)


def test_a_doorway_is_passed_through_its_gap_and_not_beside_it() -> None:
    door = doorway(across(3.0, 2.0), 1.5, 0.9)
    assert Scene(Track(((0.0, Place(0.0, -0.05)), (6.0, Place(6.0, -0.05)))), door).contact_s() is None
    beside = Scene(Track(((0.0, Place(0.0, 1.0)), (6.0, Place(6.0, 1.0)))), door)
    assert beside.contact_s() == pytest.approx(3.0, abs=0.01)


def test_heights_and_times_decide_who_sees_it() -> None:
    sign = Wall(from_x_m=2.0, from_y_m=-1.0, to_x_m=2.0, to_y_m=1.0, heights=(Position.HEAD,), from_s=1.0)
    scene = Scene(straight(0.1), (sign,))
    assert not scene.hits(Position.HEAD, 0.9, 15.0)
    assert len(scene.hits(Position.HEAD, 1.0, 15.0)) == 1
    assert not scene.hits(Position.KNEE, 1.0, 15.0)
    assert scene.ahead_m(1.0) == pytest.approx(1.9)


def test_sway_turns_the_beam_and_not_the_truth() -> None:
    things = (post(3.0, 0.0, 0.02),)
    still, swaying = Scene(straight(0.0, 9.0), things), Scene(straight(0.0, 9.0), things, sway_deg=30.0)
    times = [index / 50 for index in range(450)]
    seen = [bool(swaying.hits(Position.HEAD, t_s, 15.0)) for t_s in times]
    assert 0 < sum(seen) < len(seen)
    assert all(still.hits(Position.HEAD, t_s, 15.0) for t_s in times)
    assert {swaying.ahead_m(t_s) for t_s in times} == {still.ahead_m(0.0)}


def test_a_trouble_is_of_its_sensor_and_time() -> None:
    trouble = Trouble(kind=TroubleKind.STUCK, from_s=1.0, to_s=2.0, position=Position.KNEE)
    scene = Scene(straight(1.0), troubles=(trouble,))
    found = [
        scene.trouble(kind, position, t_s)
        for kind, position, t_s in (
            (TroubleKind.STUCK, Position.KNEE, 1.0),
            (TroubleKind.STUCK, Position.HEAD, 1.0),
            (TroubleKind.ZEROS, Position.KNEE, 1.0),
            (TroubleKind.STUCK, Position.KNEE, 2.0),
        )
    ]
    assert found == [trouble, None, None, None]


def _file(folder: Path, text: str) -> Path:
    path = folder / "scene.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_scene_file_holds_all_of_it(tmp_path: Path) -> None:
    scene = load_scene(_file(tmp_path, FULL))
    assert (scene.end_s, scene.sway_deg) == (5.0, 4.0)
    walls = [thing for thing in scene.things if isinstance(thing, Wall)]
    posts = [thing for thing in scene.things if isinstance(thing, Post)]
    assert len(walls) == 3
    assert len(posts) == 4
    assert (walls[0].heights, walls[0].from_s, walls[0].to_s) == ((Position.HEAD,), 2.0, inf)
    assert posts[-1].track.at(2.5) == Place(5.0, 1.0)
    assert scene.troubles == (
        Trouble(kind=TroubleKind.UNPLUGGED, from_s=8.0, to_s=10.0, position=Position.HEAD),
    )


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("sway_deg = 4", "sway = 4", "wearer: there is no 'sway'; known are path, sway_deg"),
        ("sway_deg = 4", "sway_deg = '4'", "wearer: sway_deg must be a number"),
        ("sway_deg = 4", "sway_deg = nan", "wearer: sway_deg must be made of numbers"),
        ("[wearer]", "[wearers]", "wearer: path is missing"),
        ("[5, 6.0, 0.0, 0]", "[0, 6.0, 0.0, 0]", "wearer: path needs keyframes, each later"),
        ("[5, 6.0, 0.0, 0]", "[5, 6.0, 0.0]", "wearer: path must hold 4 numbers"),
        ("[[0, 9.0, 1.0], [5, 1.0, 1.0]]", "[]", "person 1: path needs keyframes"),
        ("radius_m = 0.05", "radius_m = 0", "post 1: radius_m must be more than 0"),
        ("radius_m = 0.05", "", "post 1: radius_m is missing"),
        ("at_m = [4.0, 0.9]", "at_m = 4.0", r"post 1: at_m must be \[x, y\], not 4.0"),
        ('"glass"', '"steel"', "wall 1: surface must be one of smooth, rough, glass"),
        ('["head"]', '["hip"]', "wall 1: heights must be a list of head, knee"),
        ("to_m = [7.0, 2.0]", "to_m = [7.0, -2.0]", "wall 1: from_m and to_m must not be the same"),
        ("gap_width_m = 0.9", "gap_width_m = 9", "wall 2: the gap must lie between"),
        ("gap_width_m = 0.9", "", "wall 2: gap_width_m is missing"),
        ("to_s = 10", "to_s = 7.5", "trouble 1: to_s must be later than from_s, 8, not 7.5"),
        ("to_s = 10", "to_s = 8", "trouble 1: to_s must be later than from_s, 8, not 8"),
        ("from_s = 2", "from_s = 2\nto_s = 1", "wall 1: to_s must be later than from_s, 2, not 1"),
        (
            "radius_m = 0.05",
            "radius_m = 0.05\nfrom_s = 3\nto_s = 0",
            "post 1: to_s must be later than from_s",
        ),
        ('"unplugged"', '"tired"', "trouble 1: kind must be one of unplugged, silent"),
        ('position = "head"', 'position = "hip"', "trouble 1: position must be one of head, knee"),
        ("[[post]]", "[post]", r"post must be written as \[\[post\]\]"),
        ("[[post]]", "[[pole]]", "there is no 'pole'; known are person, post, trouble, wall, wearer"),
        ("[[post]]", "[[post", "is not valid TOML"),
    ],
)
def test_a_mistake_in_a_scene_is_told_in_one_line(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in FULL
    with pytest.raises(InputError, match=told) as raised:
        load_scene(_file(tmp_path, FULL.replace(old, new, 1)))
    assert "\n" not in str(raised.value)


def test_a_missing_scene_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read the scene"):
        load_scene(tmp_path / "none.toml")
