"""A scene for the range sensors: a wearer who walks, what stands and walks about them, and what goes wrong.

Read from a TOML file or built in code. It knows the truth too, which no sensor does: how far the next thing
is, and when the wearer runs into it. A scene file holds, in metres, seconds and degrees:

    [wearer]
    path = [[0, 0.0, 0.0, 0], [5, 6.0, 0.0, 0]]    # seconds, x, y, heading (0: along x, 90: along y)
    sway_deg = 4                                   # may be left out, as may all below it
    [[wall]]
    from_m = [7.0, -2.0]
    to_m = [7.0, 2.0]
    surface = "smooth"                             # smooth rough glass dark clothes soft "dark soft"
    heights = ["head"]                             # both, where left out
    from_s = 2                                     # there from then on; to_s: until then
    gap_from_m = 1.5                               # a doorway in it, from its first end on
    gap_width_m = 0.9
    [[post]]
    at_m = [4.0, 0.1]
    radius_m = 0.05
    [[person]]
    path = [[0, 9.0, 0.0], [5, 1.0, 0.0]]          # seconds, x, y
    [[trouble]]
    kind = "unplugged"                             # unplugged silent stuck zeros sunlight
    position = "head"                              # every sensor, where left out
    from_s = 8
    to_s = 10
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from math import cos, hypot, inf, pi, radians, sin
from pathlib import Path
from typing import TypedDict

from kith.drivers.scene_table import Table
from kith.drivers.simulated_things import (
    BOTH_HEIGHTS,
    SURFACES,
    Beam,
    Hit,
    Place,
    Post,
    Surface,
    Thing,
    Track,
    Wall,
    doorway,
)
from kith.errors import InputError
from kith.guard.ports import Position

BODY_RADIUS_M = 0.25
"""The wearer is as wide as this twice; the sensors are at the front of them."""
_STRIDE_HZ = 0.9
_TOUCHING_M = 0.001
_PERSON_RADIUS_M = 0.25


class TroubleKind(StrEnum):
    """What can go wrong with a simulated sensor.

    UNPLUGGED: it does not answer. SILENT: the driver hangs, and no reading comes at all. STUCK: the last
    reading again and again. ZEROS: nothing but zeros. SUNLIGHT: a laser sensor is dazzled.
    """

    UNPLUGGED = "unplugged"
    SILENT = "silent"
    STUCK = "stuck"
    ZEROS = "zeros"
    SUNLIGHT = "sunlight"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """From `from_s` until before `to_s`. position: None is every sensor."""

    kind: TroubleKind
    from_s: float
    to_s: float
    position: Position | None = None


class Scene:
    """Geometry and truth; holds no chance and does not change. All times in seconds from its beginning.

    path: of the wearer, whose place is that of the sensors. sway_deg: how far the body turns to and fro
    while it walks; it moves the beams and not the truth.
    """

    __slots__ = ("_fastest_m_s", "path", "sway_deg", "things", "troubles")

    def __init__(
        self,
        path: Track,
        things: tuple[Thing, ...] = (),
        troubles: tuple[Trouble, ...] = (),
        *,
        sway_deg: float = 0.0,
    ) -> None:
        self.path, self.things, self.troubles, self.sway_deg = path, things, troubles, sway_deg
        fastest_thing = max((thing.top_speed_m_s for thing in things), default=0.0)
        # A turn moves the body's middle too, which is behind the sensors.
        self._fastest_m_s = path.top_speed_m_s + fastest_thing + BODY_RADIUS_M * path.top_turn_rad_s

    @property
    def end_s(self) -> float:
        """When the wearer has arrived."""
        return self.path.end_s

    def hits(self, position: Position, t_s: float, width_deg: float) -> list[Hit]:
        """What stands in the beam of a sensor there, nearest first."""
        place = self.path.at(t_s)
        heading_deg = place.heading_deg + self.sway_deg * sin(2 * pi * _STRIDE_HZ * t_s)
        beam = Beam(place, heading_deg, width_deg)
        hits = [
            hit
            for thing in self.things
            if position in thing.heights
            and thing.from_s <= t_s < thing.to_s
            and (hit := thing.hit(beam, t_s)) is not None
        ]
        hits.sort(key=lambda hit: hit.distance_m)
        return hits

    def trouble(self, kind: TroubleKind, position: Position, t_s: float) -> Trouble | None:
        """The trouble of this kind that a sensor has at this time."""
        for trouble in self.troubles:
            meant = trouble.kind is kind and trouble.position in (None, position)
            if meant and trouble.from_s <= t_s < trouble.to_s:
                return trouble
        return None

    def ahead_m(self, t_s: float, width_m: float = 2 * BODY_RADIUS_M) -> float:
        """The truth: how far straight ahead of the wearer, within that width, the next thing is, at whatever
        height; infinite when the way is free."""
        place = self.path.at(t_s)
        beam = Beam(place, place.heading_deg, 0.0)
        return min(
            (
                thing.ahead_m(beam, width_m / 2, t_s)
                for thing in self.things
                if thing.from_s <= t_s < thing.to_s
            ),
            default=inf,
        )

    def clearance_m(self, t_s: float) -> float:
        """The truth: how far the wearer's body, a circle, is from the nearest thing in any direction; 0
        when they touch."""
        place = self.path.at(t_s)
        x_m, y_m = _middle_of(place)
        nearest = min(
            (thing.gap_m(x_m, y_m, t_s) for thing in self.things if thing.from_s <= t_s < thing.to_s),
            default=inf,
        )
        return max(nearest - BODY_RADIUS_M, 0.0)

    def contact_s(self, after_s: float = 0.0, until_s: float | None = None) -> float | None:
        """The truth: the first moment, to a few ms, at which the wearer touches something on the path as it
        is written; None when that does not happen until then (default: the end of the path)."""
        until_s = self.end_s if until_s is None else until_s
        t_s = after_s
        while t_s <= until_s:
            clearance_m = self.clearance_m(t_s)
            if clearance_m <= _TOUCHING_M:
                return t_s
            # Nothing can be reached sooner than at the greatest speed there is; things appear suddenly.
            t_s = min(t_s + max(clearance_m / max(self._fastest_m_s, 0.001), 0.001), self._next_change_s(t_s))
        return None

    def _next_change_s(self, t_s: float) -> float:
        return min((thing.from_s for thing in self.things if thing.from_s > t_s), default=inf)


def _middle_of(place: Place) -> tuple[float, float]:
    heading = radians(place.heading_deg)
    return place.x_m - BODY_RADIUS_M * cos(heading), place.y_m - BODY_RADIUS_M * sin(heading)


def load_scene(path: Path) -> Scene:
    """Read a scene file. Raises InputError: one line that names the place and what belongs there."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read the scene {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not valid TOML: {error}") from error
    root = Table(str(path), table)
    wearer = root.table("wearer")
    scene = Scene(
        _track(wearer, 4),
        tuple(thing for kind, make in _MAKERS.items() for each in root.tables(kind) for thing in make(each)),
        tuple(_trouble(each) for each in root.tables("trouble")),
        sway_deg=wearer.number("sway_deg", 0.0),
    )
    wearer.done()
    root.done()
    return scene


class _Common(TypedDict):
    surface: Surface
    heights: tuple[Position, ...]
    from_s: float
    to_s: float


def _common(table: Table, surface: str) -> _Common:
    heights = table.choices("heights", BOTH_HEIGHTS, BOTH_HEIGHTS)
    from_s, to_s = table.span_s("from_s", "to_s", (-inf, inf))
    common = _Common(
        surface=SURFACES[table.choice("surface", tuple(SURFACES), surface)],
        heights=tuple(Position(height) for height in heights),
        from_s=from_s,
        to_s=to_s,
    )
    table.done()
    return common


def _wall(table: Table) -> tuple[Thing, ...]:
    (from_x, from_y), (to_x, to_y) = table.point("from_m"), table.point("to_m")
    if (from_x, from_y) == (to_x, to_y):
        raise InputError(f"{table.where}: from_m and to_m must not be the same place")
    gap = None
    if table.has("gap_from_m") or table.has("gap_width_m"):
        gap = table.number("gap_from_m"), table.above_zero("gap_width_m")
    wall = Wall(from_x_m=from_x, from_y_m=from_y, to_x_m=to_x, to_y_m=to_y, **_common(table, "smooth"))
    if gap is None:
        return (wall,)
    if gap[0] <= 0 or sum(gap) >= hypot(to_x - from_x, to_y - from_y):
        raise InputError(f"{table.where}: the gap must lie between the wall's ends")
    return doorway(wall, *gap)


def _post(table: Table) -> tuple[Thing, ...]:
    x_m, y_m = table.point("at_m")
    track = Track(((0.0, Place(x_m, y_m)),))
    return (Post(track=track, radius_m=table.above_zero("radius_m"), **_common(table, "rough")),)


def _person(table: Table) -> tuple[Thing, ...]:
    track, radius_m = _track(table, 3), table.above_zero("radius_m", _PERSON_RADIUS_M)
    return (Post(track=track, radius_m=radius_m, **_common(table, "clothes")),)


_MAKERS: dict[str, Callable[[Table], tuple[Thing, ...]]] = {"wall": _wall, "post": _post, "person": _person}


def _track(table: Table, columns: int) -> Track:
    return Track(tuple((at_s, Place(*rest)) for at_s, *rest in table.keyframes("path", columns)))


def _trouble(table: Table) -> Trouble:
    position = table.choice("position", BOTH_HEIGHTS) if table.has("position") else None
    from_s, to_s = table.span_s("from_s", "to_s")
    trouble = Trouble(
        kind=TroubleKind(table.choice("kind", tuple(TroubleKind))),
        from_s=from_s,
        to_s=to_s,
        position=None if position is None else Position(position),
    )
    table.done()
    return trouble
