"""The one button."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class ButtonEdge:
    """The button went down or came up; raw, bounces and all."""

    down: bool
    at_ns: int


class Gesture(StrEnum):
    """What the wearer did with the button."""

    TAP = "tap"
    DOUBLE = "double"
    TRIPLE = "triple"
    TAP_HOLD = "tap_hold"
    DOUBLE_HOLD = "double_hold"
    TRIPLE_HOLD = "triple_hold"
    HOLD_1S = "hold"
    HOLD_4S = "hold4"
    POWER_WARNING = "power_warning"
    HOLD_10S = "hold10"
