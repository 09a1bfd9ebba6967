"""What can stand in a simulated wearer's way, seen from above: walls, posts, people, and how each looks to a
range sensor. Metres and seconds from the scene's beginning; a heading of 0 looks along x, 90 along y."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise
from math import cos, hypot, inf, radians, sin, sqrt

from kith.guard.ports import Position

BOTH_HEIGHTS = (Position.HEAD, Position.KNEE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """How a thing answers. echo: share of readings (0..1) in which sound comes back at all. smooth: sound is
    thrown off as by a mirror, so that a slanting one gives no echo. reflectance: of the infrared, 0..1.
    Echo shares of cloth are ours, after reports that an HC-SR04 misses soft clothes."""

    echo: float = 1.0
    smooth: bool = False
    reflectance: float = 0.7


SURFACES = {
    "smooth": Surface(smooth=True),  # plaster, a door, a car
    "rough": Surface(),  # brick, bark, a hedge in leaf
    "glass": Surface(smooth=True, reflectance=0.03),
    "dark": Surface(smooth=True, reflectance=0.05),
    "clothes": Surface(echo=0.7, reflectance=0.4),
    "soft": Surface(echo=0.1, reflectance=0.4),  # a curtain, a thick coat
    "dark soft": Surface(echo=0.1, reflectance=0.05),
}


@dataclass(frozen=True, slots=True)
class Place:
    """A place and where one looks from it."""

    x_m: float
    y_m: float
    heading_deg: float = 0.0


class Track:
    """A way along keyframes (time, place), linear between them; before the first and after the last it
    stands still. Headings are turned as they are written: from 350 to 370 is a turn of 20 degrees."""

    __slots__ = ("_places", "_times_s", "top_speed_m_s", "top_turn_rad_s")

    def __init__(self, keyframes: tuple[tuple[float, Place], ...]) -> None:
        """At least one keyframe, each later than the one before."""
        self._times_s = tuple(at_s for at_s, _ in keyframes)
        self._places = tuple(place for _, place in keyframes)
        pairs = tuple(pairwise(keyframes))
        self.top_speed_m_s = max(
            (hypot(b.x_m - a.x_m, b.y_m - a.y_m) / (b_s - a_s) for (a_s, a), (b_s, b) in pairs), default=0.0
        )
        self.top_turn_rad_s = max(
            (radians(abs(b.heading_deg - a.heading_deg)) / (b_s - a_s) for (a_s, a), (b_s, b) in pairs),
            default=0.0,
        )

    @property
    def end_s(self) -> float:
        """Time of the last keyframe."""
        return self._times_s[-1]

    def at(self, t_s: float) -> Place:
        """Where one is at this time."""
        after = bisect_right(self._times_s, t_s)
        if after == 0:
            return self._places[0]
        if after == len(self._times_s):
            return self._places[-1]
        began_s = self._times_s[after - 1]
        share = (t_s - began_s) / (self._times_s[after] - began_s)
        a, b = self._places[after - 1], self._places[after]
        return Place(
            a.x_m + share * (b.x_m - a.x_m),
            a.y_m + share * (b.y_m - a.y_m),
            a.heading_deg + share * (b.heading_deg - a.heading_deg),
        )


@dataclass(frozen=True, slots=True)
class Hit:
    """A thing in a beam: the nearest point of it there, and how straight the beam meets it (cosine of the
    angle to its normal: 1 is head-on)."""

    distance_m: float
    straightness: float
    surface: Surface


class Beam:
    """A cone from a place, as wide as a sensor's field of view."""

    __slots__ = ("cos_half", "cos_heading", "sin_half", "sin_heading", "x_m", "y_m")

    def __init__(self, place: Place, heading_deg: float, width_deg: float) -> None:
        self.x_m, self.y_m = place.x_m, place.y_m
        heading, half = radians(heading_deg), radians(width_deg / 2)
        self.cos_heading, self.sin_heading = cos(heading), sin(heading)
        self.cos_half, self.sin_half = cos(half), sin(half)

    def seen_from(self, x_m: float, y_m: float) -> tuple[float, float]:
        """A point as (ahead, to the left) of the beam's place."""
        dx, dy = x_m - self.x_m, y_m - self.y_m
        return (
            dx * self.cos_heading + dy * self.sin_heading,
            dy * self.cos_heading - dx * self.sin_heading,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wall:
    """A straight piece of wall, a curtain, a board. Exists from_s <= t < to_s."""

    from_x_m: float
    from_y_m: float
    to_x_m: float
    to_y_m: float
    surface: Surface = SURFACES["smooth"]
    heights: tuple[Position, ...] = BOTH_HEIGHTS
    from_s: float = -inf
    to_s: float = inf

    @property
    def top_speed_m_s(self) -> float:
        """Walls stand."""
        return 0.0

    def hit(self, beam: Beam, t_s: float) -> Hit | None:
        """What a beam meets of it."""
        ax, ay = beam.seen_from(self.from_x_m, self.from_y_m)
        bx, by = beam.seen_from(self.to_x_m, self.to_y_m)
        low, high = 0.0, 1.0
        for side in (beam.cos_half, -beam.cos_half):  # cut off what lies beyond either edge of the cone
            at_a = ax * beam.sin_half + ay * side
            at_b = bx * beam.sin_half + by * side
            if at_a < 0.0 and at_b < 0.0:
                return None
            if at_a < 0.0:
                low = max(low, at_a / (at_a - at_b))
            elif at_b < 0.0:
                high = min(high, at_a / (at_a - at_b))
        if low > high:
            return None
        dx, dy = bx - ax, by - ay
        squared = dx * dx + dy * dy
        share = min(max(-(ax * dx + ay * dy) / squared, low), high)
        distance = hypot(ax + share * dx, ay + share * dy)
        to_line = abs(ax * dy - ay * dx) / sqrt(squared)
        return Hit(distance, to_line / distance if distance > 0.0 else 1.0, self.surface)

    def gap_m(self, x_m: float, y_m: float, t_s: float) -> float:
        """From a point to its nearest point."""
        dx, dy = self.to_x_m - self.from_x_m, self.to_y_m - self.from_y_m
        along = (x_m - self.from_x_m) * dx + (y_m - self.from_y_m) * dy
        share = min(max(along / (dx * dx + dy * dy), 0.0), 1.0)
        return hypot(self.from_x_m + share * dx - x_m, self.from_y_m + share * dy - y_m)

    def ahead_m(self, beam: Beam, half_width_m: float, t_s: float) -> float:
        """How far straight ahead it stands in a lane of that width; infinite where it does not."""
        ax, ay = beam.seen_from(self.from_x_m, self.from_y_m)
        bx, by = beam.seen_from(self.to_x_m, self.to_y_m)
        if min(ay, by) > half_width_m or max(ay, by) < -half_width_m:
            return inf
        if ay == by:
            reached = [ax, bx]
        else:
            edges = (min(max(y, min(ay, by)), max(ay, by)) for y in (-half_width_m, half_width_m))
            reached = [ax + (y - ay) / (by - ay) * (bx - ax) for y in edges]
        if max(reached) < 0.0:
            return inf
        return max(min(reached), 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """Anything round: a post, a tree, a person; it may walk. Exists from_s <= t < to_s."""

    track: Track
    radius_m: float
    surface: Surface = SURFACES["rough"]
    heights: tuple[Position, ...] = BOTH_HEIGHTS
    from_s: float = -inf
    to_s: float = inf

    @property
    def top_speed_m_s(self) -> float:
        """The fastest it ever moves."""
        return self.track.top_speed_m_s

    def hit(self, beam: Beam, t_s: float) -> Hit | None:
        """What a beam meets of it."""
        centre = self.track.at(t_s)
        ahead, left = beam.seen_from(centre.x_m, centre.y_m)
        distance = hypot(ahead, left)
        if distance <= self.radius_m:
            return Hit(0.0, 1.0, self.surface)
        # The centre as seen along the edge of the cone that is nearer to it.
        beyond = abs(left) * beam.cos_half - ahead * beam.sin_half
        if beyond <= 0.0:
            return Hit(distance - self.radius_m, 1.0, self.surface)
        along = ahead * beam.cos_half + abs(left) * beam.sin_half
        if beyond >= self.radius_m or along <= 0.0:
            return None
        inward = sqrt(self.radius_m**2 - beyond**2)
        return Hit(along - inward, inward / self.radius_m, self.surface)

    def gap_m(self, x_m: float, y_m: float, t_s: float) -> float:
        """From a point to its surface; 0 inside."""
        centre = self.track.at(t_s)
        return max(hypot(centre.x_m - x_m, centre.y_m - y_m) - self.radius_m, 0.0)

    def ahead_m(self, beam: Beam, half_width_m: float, t_s: float) -> float:
        """How far straight ahead it stands in a lane of that width; infinite where it does not."""
        centre = self.track.at(t_s)
        ahead, left = beam.seen_from(centre.x_m, centre.y_m)
        beside = max(abs(left) - half_width_m, 0.0)
        if beside > self.radius_m or ahead + self.radius_m < 0.0:
            return inf
        return max(ahead - sqrt(self.radius_m**2 - beside**2), 0.0)


Thing = Wall | Post


def post(x_m: float, y_m: float, radius_m: float, surface: Surface = SURFACES["rough"]) -> Post:
    """A round thing that stands there for ever."""
    return Post(track=Track(((0.0, Place(x_m, y_m)),)), radius_m=radius_m, surface=surface)


def doorway(
    wall: Wall, gap_from_m: float, gap_width_m: float, frame_m: float = 0.04
) -> tuple[Wall, Wall, Post, Post]:
    """A wall with a gap that begins `gap_from_m` from its first end, and the door's frame on both sides."""
    length_m = hypot(wall.to_x_m - wall.from_x_m, wall.to_y_m - wall.from_y_m)

    def at(along_m: float) -> tuple[float, float]:
        share = along_m / length_m
        return (
            wall.from_x_m + share * (wall.to_x_m - wall.from_x_m),
            wall.from_y_m + share * (wall.to_y_m - wall.from_y_m),
        )

    def piece(start: tuple[float, float], end: tuple[float, float]) -> Wall:
        return Wall(
            from_x_m=start[0],
            from_y_m=start[1],
            to_x_m=end[0],
            to_y_m=end[1],
            surface=wall.surface,
            heights=wall.heights,
            from_s=wall.from_s,
            to_s=wall.to_s,
        )

    def jamb(x_m: float, y_m: float) -> Post:
        track = Track(((0.0, Place(x_m, y_m)),))
        return Post(track=track, radius_m=frame_m, heights=wall.heights, from_s=wall.from_s, to_s=wall.to_s)

    near, far = at(gap_from_m), at(gap_from_m + gap_width_m)
    return (
        piece((wall.from_x_m, wall.from_y_m), near),
        piece(far, (wall.to_x_m, wall.to_y_m)),
        jamb(*near),
        jamb(*far),
    )
