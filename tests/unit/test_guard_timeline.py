"""What the guard's simulation prints: what is heard, and what is not."""

from __future__ import annotations

import pytest

from kith.clock import NS_PER_S
from kith.guard.lines import LineWriter
from kith.guard.ports import Level, OutputEdge, Position, Signal, Warned
from kith.guard.trace import Timeline


class Lines(LineWriter):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__(1, name="test")
        self.kept: list[str] = []

    def write(self, line: str) -> None:
        self.kept.append(line.split(maxsplit=1)[1])


@pytest.fixture
def lines() -> Lines:
    return Lines()


def edge(pitch_hz: int, at_s: int) -> OutputEdge:
    return OutputEdge(pitch_hz=pitch_hz, at_ns=at_s * NS_PER_S)


def test_a_warning_names_the_distance_of_the_sensor_that_warns(lines: Lines) -> None:
    timeline = Timeline(lines)
    timeline.begin(0, [Signal.SELF_TEST])
    timeline.level(Warned(level=Level.CONTACT, position=Position.HEAD), 340, 1)
    timeline.level(Warned(level=Level.NEAR, position=Position.KNEE), None, 2)
    timeline.level(Warned(level=Level.QUIET), None, 3)
    assert lines.kept[1:] == [
        "warning: contact, head (340 mm)",
        "warning: near, knee (distance unknown)",
        "no warning",
    ]


def test_what_no_output_sounds_is_said_to_be_unheard(lines: Lines) -> None:
    timeline = Timeline(lines)
    timeline.begin(0, [Signal.SELF_TEST])
    timeline.edge(edge(2400, 1), 1)
    timeline.muffled(True, 2)
    timeline.edge(edge(0, 3), 3)
    timeline.edge(edge(1200, 4), 4)
    timeline.muffled(False, 5)
    assert lines.kept[1:] == [
        "sound 2400 Hz",
        "no output works",
        "silence",
        "sound 1200 Hz (not heard)",
        "an output works again: sound 1200 Hz",
    ]
