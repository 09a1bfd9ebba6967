"""What happens in the walk, and when. Distances are from the wearer, who walks on between the meetings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FPS = 15.0
DURATION_S = 117.0

Keys = tuple[tuple[float, ...], ...]
"""Moments: (time in s, value, …). Between two of them values pass over smoothly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One time that somebody is met.

    path: (t_s, x_m to the right, z_m ahead, yaw_deg of the head, positive to the picture's right).
    light: brightness and how much more of it falls on the picture's left, -1..1.
    """

    portrait: str
    person: str
    path: Keys
    light: tuple[float, float] = (1.0, 0.1)
    mirrored: bool = False
    taller_m: float = 0.0

    @property
    def begins_s(self) -> float:
        """When they come up."""
        return self.path[0][0]

    @property
    def ends_s(self) -> float:
        """When they are out of sight."""
        return self.path[-1][0]


STRANGER = ""
"""The person of a visit by somebody who is never enrolled."""
TAUGHT = "taught"
"""The person of a visit by somebody who is enrolled with the button on the way."""

ENROLLED = {
    "Barack": ("barack-speaking",),
    "Eileen": ("eileen",),
    "Joe": ("joe",),
}
"""Who is enrolled beforehand, and from which pictures."""

VISITS = (
    Visit(
        portrait="barack-standing",
        person="Barack",
        path=(
            (3.6, 0.5, 5.0, 0),
            (6.2, 0.25, 1.5, 0),
            (7.8, 0.2, 1.25, -6),
            (8.6, 0.25, 1.2, -14),
            (9.2, 0.3, 1.15, -18),
            (10.2, 0.95, 0.95, 0),
            (10.6, 1.3, 0.8, 10),
        ),
        light=(1.2, 0.1),
    ),
    Visit(
        portrait="passer-by",
        person=STRANGER,
        path=((11.0, -0.7, 5.2, 0), (14.0, -0.55, 1.9, 4), (15.6, -0.75, 1.0, 0), (16.3, -1.1, 0.6, 0)),
        light=(0.95, -0.1),
        taller_m=0.04,
    ),
    Visit(
        portrait="grace",
        person=TAUGHT,
        path=(
            (17.0, -0.3, 5.0, 0),
            # A little to the left and looking past the wearer: the viewfinder leads to her.
            (20.2, -0.26, 1.1, 22),
            (21.9, -0.24, 1.05, 22),
            (23.0, -0.02, 1.0, -2),
            # Asked to look to her left, and then to her right.
            (24.3, 0.0, 1.0, -2),
            (25.0, 0.0, 1.0, 27),
            (25.4, 0.0, 1.0, 27),
            (26.3, 0.0, 1.0, -28),
            (27.2, 0.0, 1.0, -28),
            (28.1, 0.0, 1.02, 0),
            (32.0, 0.02, 1.05, 5),
            (36.0, -0.02, 1.05, -4),
            (39.0, 0.0, 1.05, 4),
            (40.4, -1.1, 0.75, -20),
            (40.8, -1.4, 0.6, -25),
        ),
        light=(1.0, 0.15),
        taller_m=-0.08,
    ),
    Visit(
        portrait="eileen",
        person="Eileen",
        path=(
            (41.6, -1.1, 5.0, 0),
            (44.6, -0.42, 1.3, 0),
            (47.0, -0.4, 1.25, 10),
            (50.6, -0.42, 1.2, 0),
            (52.2, -1.2, 0.9, -20),
            (52.8, -1.6, 0.6, -20),
        ),
        light=(0.92, 0.2),
        taller_m=-0.06,
    ),
    Visit(
        portrait="joe",
        person="Joe",
        path=(
            (42.0, 1.3, 6.0, 0),
            (45.2, 0.62, 2.0, 0),
            (47.5, 0.6, 1.9, -8),
            (50.2, 0.6, 1.9, 0),
            (52.0, 1.2, 1.2, 15),
            (53.0, 1.9, 0.8, 20),
        ),
        light=(1.3, -0.1),
        taller_m=0.05,
    ),
    Visit(
        portrait="grace",
        person=TAUGHT,
        path=(
            (54.0, 0.6, 5.2, 0),
            (57.0, 0.3, 1.5, -4),
            (59.0, 0.28, 1.35, 8),
            (60.2, 1.1, 0.9, 15),
            (60.6, 1.5, 0.6, 15),
        ),
        light=(0.72, -0.35),
        mirrored=True,
        taller_m=-0.08,
    ),
    Visit(
        portrait="passer-by",
        person=STRANGER,
        path=(
            (61.0, 0.5, 5.0, 0),
            (63.4, 0.3, 1.6, 0),
            (65.6, 0.3, 1.4, 0),
            (66.8, -1.0, 0.9, 0),
            (67.2, -1.4, 0.6, 0),
        ),
        light=(0.85, 0.2),
        mirrored=True,
        taller_m=0.04,
    ),
    Visit(
        portrait="barack-portrait",
        person="Barack",
        path=(
            (70.5, -0.2, 5.0, 0),
            (73.5, -0.05, 1.3, 0),
            (77.0, 0.0, 1.2, 5),
            (81.0, 0.05, 1.15, -6),
            (83.4, 0.1, 1.15, 6),
            (84.8, 1.1, 0.8, 25),
            (85.2, 1.4, 0.6, 25),
        ),
        light=(0.95, 0.15),
        taller_m=0.02,
    ),
)

WALKING_M_PER_S: Keys = (
    (0.0, 0.9),
    (3.0, 0.9),
    (4.8, 0.0),
    (9.5, 0.0),
    (10.5, 0.9),
    (17.0, 0.9),
    (19.5, 0.0),
    (40.0, 0.0),
    (41.0, 0.7),
    (44.5, 0.0),
    (51.0, 0.0),
    (53.0, 0.9),
    (55.5, 0.9),
    (57.0, 0.0),
    (59.0, 0.0),
    (60.5, 0.8),
    (63.0, 0.0),
    (65.5, 0.0),
    (67.0, 0.9),
    (72.0, 0.9),
    (73.5, 0.0),
    (83.5, 0.0),
    (85.0, 0.9),
    (97.0, 0.9),
    (99.5, 0.7),
    (101.3, 0.5),
    (102.2, 0.0),
    (105.2, 0.0),
    (106.2, 0.5),
    (107.6, 0.75),
    (110.4, 0.75),
    (112.2, 0.0),
    (114.2, 0.0),
    (114.7, -0.6),
    (115.6, -0.6),
    (116.1, 0.0),
)

ACROSS_M: Keys = ((0.0, 0.0), (104.0, 0.0), (106.2, 1.0))
"""How far to the right of the street's middle the wearer walks: at the end round the trough."""

THROUGH_THE_GATE_S = 95.0
AT_THE_TROUGH_S, TROUGH_M = 102.2, 0.5
AT_THE_WALL_S, WALL_M = 112.2, 0.3
"""When the wearer stands before each, and how far it then is."""


LOOKING_DEG: Keys = (
    (0.0, -4),
    (2.0, 2),
    (5.0, 5),
    (9.6, 6),
    (10.3, 14),
    (11.2, -8),
    (13.5, -9),
    (15.2, -14),
    (15.9, -34),
    (16.4, -34),
    (17.3, 0),
    (19.5, 0),
    (40.0, 0),
    (40.5, -14),
    (41.6, -3),
    (45.6, 0),
    (46.0, -13),
    (47.2, -13),
    (47.6, 12),
    (48.6, 12),
    (49.0, 1),
    (52.5, 0),
    (54.0, 6),
    (59.5, 6),
    (60.3, 22),
    (61.4, 4),
    (65.8, 4),
    (66.6, -16),
    (67.8, 0),
    (102.8, 0),
    (103.5, 16),
    (106.0, 14),
    (107.0, 0),
)
"""Where the wearer's head points, positive to the right. The quick turns smear the picture."""

LIGHT: Keys = (
    (0.0, 1.0),
    (17.0, 1.0),
    (19.0, 0.85),
    (41.0, 0.9),
    (55.0, 1.0),
    (68.0, 1.0),
    (69.4, 0.09),
    (79.3, 0.09),
    (80.2, 0.9),
    (86.0, 1.0),
    (117.0, 1.0),
)
"""Brightness of the whole picture: for ten seconds the camera sees next to nothing."""

BUTTON = (
    (2.9, "tap"),
    (21.0, "double"),
    (30.8, "double"),
    (37.8, "double"),
    (50.0, "tap"),
    (64.2, "tap"),
    (75.0, "tap"),
)
"""Presses: nobody there; learn the person in front, who agrees, and whose name is kept as it was said; two
people; a stranger; too dark to see."""

NAMES = ("Grace",)
"""What is said when Kith asks for a name, one after the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """Somebody who must be named, by an announcement that begins in this span."""

    person: str
    from_s: float
    to_s: float


EXPECTED = (
    Expectation(person="Barack", from_s=4.0, to_s=9.5),
    Expectation(person="Eileen", from_s=42.5, to_s=49.0),
    Expectation(person="Joe", from_s=43.0, to_s=50.5),
    Expectation(person=TAUGHT, from_s=55.0, to_s=60.2),
    Expectation(person="Barack", from_s=79.3, to_s=84.5),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a tap must be answered with. named: exactly these people; about: "nobody", "people" or "dark"."""

    press_s: float
    named: tuple[str, ...]
    about: str


ANSWERS = (
    Answer(press_s=2.9, named=(), about="nobody"),
    Answer(press_s=50.0, named=("Eileen", "Joe"), about="people"),
    Answer(press_s=64.2, named=(), about="people"),
    Answer(press_s=75.0, named=(), about="dark"),
)

LEARNT_BY_S = 40.0
"""The person in front at the double tap is enrolled by then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Within this span the guard must warn, of at least this level (far, middle, near, contact); position:
    of the sensor that must do it, empty where either may."""

    from_s: float
    to_s: float
    level: str
    position: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropout:
    """A range sensor does not answer, and the wearer must be told."""

    kind: str
    position: str
    from_s: float
    to_s: float


SENSORS = {"head": "hcsr04", "knee": "vl53l1x"}

WARNINGS = (
    # People who come head-on, at up to 2 m/s; the last of them in the dark.
    Alarm(from_s=4.4, to_s=6.2, level="far"),
    Alarm(from_s=18.0, to_s=20.0, level="far"),
    Alarm(from_s=55.0, to_s=57.0, level="far"),
    Alarm(from_s=71.3, to_s=73.5, level="far"),
    # The trough, over which the head's sensor looks.
    Alarm(from_s=100.0, to_s=102.3, level="middle", position="knee"),
    # The wall, up to 30 cm.
    Alarm(from_s=108.5, to_s=111.6, level="near"),
    Alarm(from_s=111.3, to_s=114.0, level="contact"),
)
QUIET = ((1.5, 4.0), (20.8, 40.0), (74.0, 83.5), (91.5, 97.5), (115.8, 117.0))
"""Nothing of the guard may be heard: nobody near; standing before someone, twice; through the gate; after a
step back from the wall."""

DROPOUT = Dropout(kind="unplugged", position="head", from_s=87.0, to_s=91.0)


def at(keys: Keys, t_s: float) -> tuple[float, ...]:
    """The values at a time: held before the first and after the last moment, smooth between."""
    times = [key[0] for key in keys]
    after = int(np.searchsorted(times, t_s, side="right"))
    if after == 0 or after == len(keys):
        return keys[0 if after == 0 else -1][1:]
    before, later = keys[after - 1], keys[after]
    share = (t_s - before[0]) / (later[0] - before[0])
    smooth = share * share * (3 - 2 * share)
    return tuple(a + (b - a) * smooth for a, b in zip(before[1:], later[1:], strict=True))
