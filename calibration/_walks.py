"""Random walks for the guard's statistics: towards things, and past things that need no warning.

Each is made by its seed alone. Metres and seconds; the wearer walks along x.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import cos, pi, radians, sin, tan
from random import Random

from kith.drivers.simulated_scene import Scene
from kith.drivers.simulated_things import SURFACES, Place, Post, Surface, Thing, Track, Wall, doorway, post

SLOWEST_M_S, FASTEST_M_S = 0.3, 2.0
_LASTS_S = 60.0
_ARM_M = 0.9


def approach(target: str, chance: Random) -> Scene:
    """A straight way at one speed into a thing, begun 3.5 s before it or more. The wearer looks a few degrees
    aside and sways while walking."""
    speed_m_s = chance.uniform(SLOWEST_M_S, FASTEST_M_S)
    away_m = max(4.2, 3.5 * speed_m_s) + chance.uniform(0.0, 0.5)
    aside_deg = chance.gauss(0.0, 3.0)
    lasts_s = away_m / speed_m_s + 1.0
    path = Track(
        (
            (0.0, Place(0.0, 0.0, aside_deg)),
            (lasts_s, Place(lasts_s * speed_m_s, 0.0, aside_deg)),
        )
    )
    return Scene(path, (TARGETS[target](away_m, chance),), sway_deg=chance.uniform(0.0, 5.0))


def needless(walk: str, chance: Random) -> Scene:
    """A minute in which nothing is touched."""
    while True:
        scene = WALKS[walk](chance)
        if scene.contact_s() is None:
            return scene


def _slanting(away_m: float, from_deg: float, to_deg: float, surface: Surface, chance: Random) -> Thing:
    slope = tan(radians(chance.choice((-1, 1)) * chance.uniform(from_deg, to_deg)))
    return Wall(
        from_x_m=away_m - 2.0 * slope,
        from_y_m=-2.0,
        to_x_m=away_m + 2.0 * slope,
        to_y_m=2.0,
        surface=surface,
    )


def _round(away_m: float, from_m: float, to_m: float, surface: Surface, chance: Random) -> Thing:
    radius_m = chance.uniform(from_m, to_m)
    return post(away_m + radius_m, chance.uniform(-0.2, 0.2), radius_m, surface)


TARGETS: dict[str, Callable[[float, Random], Thing]] = {
    "wall": lambda away_m, chance: _slanting(away_m, 0.0, 15.0, SURFACES["smooth"], chance),
    "post": lambda away_m, chance: _round(away_m, 0.03, 0.1, SURFACES["rough"], chance),
    "person": lambda away_m, chance: _round(away_m, 0.2, 0.3, SURFACES["clothes"], chance),
    "curtain": lambda away_m, chance: _slanting(away_m, 0.0, 15.0, SURFACES["soft"], chance),
    "slanting wall": lambda away_m, chance: _slanting(away_m, 30.0, 50.0, SURFACES["smooth"], chance),
}
"""Plaster met within 15 degrees of head-on, a post, a person in clothes that swallow 3 echoes of 10, a
curtain that swallows 9 of 10, and plaster met so aslant that it throws sound away."""


def _strolling(chance: Random, speed_m_s: float) -> Track:
    """Straight on, with the eyes wandering slowly and a step to the side now and then."""
    turn_deg, turn_hz, phase = chance.uniform(2, 8), chance.uniform(0.05, 0.2), chance.uniform(0, 2 * pi)
    return Track(
        tuple(
            (
                t_s,
                Place(
                    t_s * speed_m_s,
                    0.05 * sin(0.7 * t_s + phase),
                    turn_deg * sin(2 * pi * turn_hz * t_s + phase),
                ),
            )
            for t_s in _times(0.5)
        )
    )


def _times(step_s: float) -> Iterator[float]:
    return (index * step_s for index in range(round(_LASTS_S / step_s) + 1))


def _beside_a_wall(chance: Random) -> Scene:
    # From a shoulder's breadth of air to an arm's length, on one side or, in a corridor, on both.
    sides = [chance.choice((-1, 1))] if chance.random() < 0.5 else [-1, 1]
    surface = SURFACES[chance.choice(("smooth", "rough"))]
    walls = tuple(
        Wall(from_x_m=-2.0, from_y_m=y_m, to_x_m=60.0, to_y_m=y_m, surface=surface)
        for y_m in (side * chance.uniform(0.4, 0.25 + _ARM_M) for side in sides)
    )
    return Scene(_strolling(chance, chance.uniform(0.6, 1.4)), walls, sway_deg=chance.uniform(0, 5))


def _in_a_crowd(chance: Random) -> Scene:
    speed_m_s = chance.uniform(0.6, 1.2)
    people = tuple(_walker(chance, speed_m_s) for _ in range(chance.randrange(6, 13)))
    return Scene(_strolling(chance, speed_m_s), people, sway_deg=chance.uniform(0, 5))


def _walker(chance: Random, crowd_m_s: float) -> Thing:
    """Somebody who moves along with the crowd: ahead at about the wearer's pace, else slower or faster."""
    y_m = chance.uniform(-2.5, 2.5)
    ahead = abs(y_m) < 0.8
    x_m = chance.uniform(1.0, 4.0) if ahead else chance.uniform(-8.0, 8.0)
    speed_m_s = crowd_m_s + (chance.gauss(0.0, 0.04) if ahead else chance.gauss(0.0, 0.25))
    hz, phase = chance.uniform(0.05, 0.2), chance.uniform(0, 2 * pi)
    track = Track(
        tuple(
            (
                t_s,
                Place(
                    x_m + speed_m_s * t_s + 0.15 * sin(2 * pi * hz * t_s + phase),
                    y_m + 0.1 * sin(2 * pi * hz * t_s),
                ),
            )
            for t_s in _times(0.5)
        )
    )
    return Post(track=track, radius_m=chance.uniform(0.2, 0.28), surface=SURFACES["clothes"])


def _through_doors(chance: Random) -> Scene:
    speed_m_s = chance.uniform(0.5, 1.2)
    things: list[Thing] = []
    x_m = chance.uniform(2.0, 4.0)
    while x_m < _LASTS_S * speed_m_s + 2.0:
        wall = Wall(from_x_m=x_m, from_y_m=-3.0, to_x_m=x_m, to_y_m=3.0)
        width_m = chance.uniform(0.85, 1.0)
        things += doorway(wall, 3.0 - width_m / 2 + chance.uniform(-0.08, 0.08), width_m)
        x_m += chance.uniform(4.0, 6.0)
    return Scene(_strolling(chance, speed_m_s), tuple(things), sway_deg=chance.uniform(0, 5))


def _standing_still(chance: Random) -> Scene:
    """Before a wall, from what is just not the innermost zone to two metres; swaying as one who stands."""
    away_m, hz, phase = chance.uniform(0.4, 2.0), chance.uniform(0.2, 0.5), chance.uniform(0, 2 * pi)
    slow_hz = chance.uniform(0.02, 0.1)
    track = Track(
        tuple(
            (
                t_s,
                Place(
                    0.01 * sin(2 * pi * hz * t_s + phase) + 0.015 * sin(2 * pi * slow_hz * t_s),
                    0.0,
                    3 * cos(2 * pi * slow_hz * t_s),
                ),
            )
            for t_s in _times(0.1)
        )
    )
    wall = Wall(from_x_m=away_m, from_y_m=-3.0, to_x_m=away_m, to_y_m=3.0)
    return Scene(track, (wall,))


WALKS: dict[str, Callable[[Random], Scene]] = {
    "beside a wall": _beside_a_wall,
    "in a crowd": _in_a_crowd,
    "through doors": _through_doors,
    "standing still": _standing_still,
}
