"""Each word of a script makes its gesture, as the button's own machine understands it."""

from __future__ import annotations

import pytest

from kith.clock import NS_PER_S, Tick
from kith.config import ButtonSettings
from kith.drivers.simulated_button import parse_presses
from kith.interaction.gestures import Gestures
from kith.types import Gesture


@pytest.mark.parametrize(
    ("word", "made"),
    [
        ("tap", [Gesture.TAP]),
        ("double", [Gesture.DOUBLE]),
        ("triple", [Gesture.TRIPLE]),
        ("taphold", [Gesture.TAP_HOLD]),
        ("doublehold", [Gesture.DOUBLE_HOLD]),
        ("triplehold", [Gesture.TRIPLE_HOLD]),
        ("hold", [Gesture.HOLD_1S]),
        ("hold4", [Gesture.HOLD_4S]),
        ("hold10", [Gesture.POWER_WARNING, Gesture.HOLD_10S]),
    ],
)
def test_a_word_of_a_script_makes_its_gesture(word: str, made: list[Gesture]) -> None:
    machine = Gestures(ButtonSettings())
    commands = []
    for edge in parse_presses(f"1.5 {word}"):
        commands += machine.step(edge, edge.at_ns)
    commands += machine.step(Tick(), 60 * NS_PER_S)
    assert [each for each in commands if isinstance(each, Gesture)] == made
