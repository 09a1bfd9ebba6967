"""What is in the wearer's way at the end of the street: a gate, a stone trough with plants, and a wall.

The film and the range sensors' scene are made of the same boxes.
"""

from __future__ import annotations

from demo import script
from demo.blocks import Block
from demo.scene import HEDGE_X, HOUSE_X
from demo.way import walked_m

GATE_WIDTH_M = 1.0
GATE_Z = walked_m(script.THROUGH_THE_GATE_S)
TROUGH_X, TROUGH_HIGH_M = (-0.65, 0.35), 0.75
TROUGH_Z = walked_m(script.AT_THE_TROUGH_S) + script.TROUGH_M
WALL_Z = walked_m(script.AT_THE_WALL_S) + script.WALL_M

_HALF, _DEPTH = GATE_WIDTH_M / 2, 0.3
BLOCKS = (
    Block(surface="bricks", x=(HOUSE_X, -_HALF), height=(0, 3.1), z=(GATE_Z, GATE_Z + _DEPTH)),
    Block(surface="bricks", x=(_HALF, HEDGE_X), height=(0, 3.1), z=(GATE_Z, GATE_Z + _DEPTH)),
    Block(surface="bricks", x=(-_HALF, _HALF), height=(2.25, 3.1), z=(GATE_Z, GATE_Z + _DEPTH)),
    Block(surface="stone", x=TROUGH_X, height=(0, TROUGH_HIGH_M), z=(TROUGH_Z, TROUGH_Z + 0.45)),
    Block(
        surface="leaves",
        x=(TROUGH_X[0] + 0.06, TROUGH_X[1] - 0.06),
        height=(TROUGH_HIGH_M, TROUGH_HIGH_M + 0.13),
        z=(TROUGH_Z + 0.06, TROUGH_Z + 0.39),
    ),
    Block(surface="bricks", x=(HOUSE_X, HEDGE_X), height=(0, 3.6), z=(WALL_Z, WALL_Z + 0.3)),
)
