"""The wearer's way: where the camera is and how it looks at any time of the walk."""

from __future__ import annotations

import functools
import math

import numpy as np
from numpy.typing import NDArray

from demo import script
from demo.scene import Pose

_STEP_HZ = 1.8


def poses() -> list[Pose]:
    """The camera's way, frame by frame: the script's, and the sway of a walking head."""
    return [pose_at(index / script.FPS) for index in range(round(script.DURATION_S * script.FPS))]


def pose_at(t_s: float) -> Pose:
    """The camera at a time."""
    (speed,) = script.at(script.WALKING_M_PER_S, t_s)
    (looking,) = script.at(script.LOOKING_DEG, t_s)
    (across,) = script.at(script.ACROSS_M, t_s)
    phase = 2 * math.pi * _STEP_HZ * (t_s + 1 / script.FPS)
    stride = min(abs(speed) / 0.9, 1.0)
    return Pose(
        walked_m=walked_m(t_s),
        across_m=across,
        yaw_deg=looking + 0.9 * stride * math.sin(phase / 2) + 0.5 * math.sin(t_s * 0.9),
        pitch_deg=-1.5 + 0.6 * stride * math.sin(phase) + 0.3 * math.sin(t_s * 1.1 + 1),
        roll_deg=0.7 * stride * math.sin(phase / 2 + 1) + 0.4 * math.sin(t_s * 0.7),
        raised_m=0.02 * stride * math.sin(phase + 0.5),
    )


def walked_m(t_s: float) -> float:
    """How far along the street the wearer is by then."""
    steps = _steps()
    return float(np.interp(t_s * script.FPS, np.arange(len(steps)), steps))


@functools.cache
def _steps() -> NDArray[np.float64]:
    """The same at every frame, also after the end of a walk that was cut short."""
    last_s = max(keys[-1][0] for keys in (script.WALKING_M_PER_S, script.LIGHT))
    speeds = [
        script.at(script.WALKING_M_PER_S, index / script.FPS)[0]
        for index in range(math.ceil(last_s * script.FPS) + 2)
    ]
    return np.cumsum(speeds) / script.FPS
