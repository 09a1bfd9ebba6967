"""`scene.toml`: the walk as the range sensors meet it, out of the same script and boxes as the film.

Both sensors look where the head looks. In a scene x runs along the street and y to its left.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from demo import script
from demo.blocks import Block
from demo.obstacles import BLOCKS
from demo.scene import CAMERA_HEIGHT_M, HEDGE_HIGH_M, HEDGE_X, HOUSE_X
from demo.way import pose_at, walked_m
from kith.guard.ports import Position

SENSOR_HEIGHT_M = {Position.HEAD: CAMERA_HEIGHT_M, Position.KNEE: 0.5}
_EVERY_S = 0.1
_BODY_M = 0.25
_BEFORE_M, _BEYOND_M = -5.0, 70.0


def describe_scene() -> str:
    """The text of the file."""
    path = ", ".join(_keyframe(*_wearer(t_s)) for t_s in _times(0.0, script.DURATION_S))
    lines = ["# Made by `python -m demo build` from the demo's script: change it there.", ""]
    lines += ["[wearer]", f"path = [{path}]", ""]
    lines += _wall(((HOUSE_X, _BEFORE_M), (HOUSE_X, _BEYOND_M)), list(Position))
    low = [each for each, height_m in SENSOR_HEIGHT_M.items() if height_m < HEDGE_HIGH_M]
    lines += _wall(((HEDGE_X, _BEFORE_M), (HEDGE_X, _BEYOND_M)), low)
    for block in BLOCKS:
        lines += _sides(block)
    for visit in script.VISITS:
        lines += _person(visit)
    out = script.DROPOUT
    lines += ["[[trouble]]", f'kind = "{out.kind}"', f'position = "{out.position}"']
    return "\n".join([*lines, f"from_s = {out.from_s:.1f}", f"to_s = {out.to_s:.1f}", ""])


def _times(from_s: float, to_s: float) -> Iterator[float]:
    steps = math.ceil((to_s - from_s) / _EVERY_S - 1e-6)
    return (min(from_s + step * _EVERY_S, to_s) for step in range(steps + 1))


def _wearer(t_s: float) -> tuple[float, ...]:
    pose = pose_at(t_s)
    return t_s, pose.walked_m, -pose.across_m, -pose.yaw_deg


def _person(visit: script.Visit) -> list[str]:
    frames = ", ".join(_keyframe(t_s, *_body(visit, t_s)) for t_s in _times(visit.begins_s, visit.ends_s))
    times = [f"from_s = {visit.begins_s:.2f}", f"to_s = {visit.ends_s:.2f}"]
    return ["[[person]]", f"path = [{frames}]", f"radius_m = {_BODY_M}", *times, ""]


def _body(visit: script.Visit, t_s: float) -> tuple[float, float]:
    """Where the middle of the body is: its front is as far away as the face."""
    x_m, z_m, _ = script.at(visit.path, t_s)
    farther = 1 + _BODY_M / math.hypot(x_m, z_m)
    (across_m,) = script.at(script.ACROSS_M, t_s)
    return walked_m(t_s) + z_m * farther, -(across_m + x_m * farther)


def _sides(block: Block) -> list[str]:
    """Its four walls, at the heights at which there is one."""
    low, high = block.height
    heights = [each for each, height_m in SENSOR_HEIGHT_M.items() if low <= height_m < high]
    if not heights:
        return []
    (left, right), (near, far) = block.x, block.z
    corners = ((left, near), (right, near), (right, far), (left, far))
    lines: list[str] = []
    for index, corner in enumerate(corners):
        lines += _wall((corner, corners[index - 1]), heights)
    return lines


def _wall(ends: tuple[tuple[float, float], tuple[float, float]], heights: list[Position]) -> list[str]:
    """ends: each (to the right, along the street)."""
    (from_x, from_z), (to_x, to_z) = ends
    names = ", ".join(f'"{each}"' for each in heights)
    return [
        "[[wall]]",
        f"from_m = [{from_z:.3f}, {-from_x:.3f}]",
        f"to_m = [{to_z:.3f}, {-to_x:.3f}]",
        'surface = "rough"',
        f"heights = [{names}]",
        "",
    ]


def _keyframe(t_s: float, *values: float) -> str:
    return f"[{t_s:.2f}, " + ", ".join(f"{value:.3f}" for value in values) + "]"
