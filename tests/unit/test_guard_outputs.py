"""Outputs that fail for a moment, for longer, or one of two: what is heard all the same, and what is told."""

from __future__ import annotations

import logging

import pytest

from kith.clock import NS_PER_MS
from kith.errors import OutputFault, OutputUnavailable
from kith.guard.outputs import Outputs


class Buzzer:
    """Refuses its next `faults` calls of `set` and, while it is `away`, to start. One that refuses to be
    silent sounds on until it is closed."""

    def __init__(self) -> None:
        self.away = False
        self.faults = 0
        self.open = False
        self.pitch_hz = 0
        self.starts = 0

    def start(self) -> None:
        self.starts += 1
        if self.away:
            raise OutputUnavailable("there is no buzzer: connect it")
        self.open, self.pitch_hz = True, 0

    def set(self, pitch_hz: int) -> None:
        if self.faults or self.away or not self.open:
            self.faults = max(0, self.faults - 1)
            raise OutputFault("the buzzer stopped working")
        self.pitch_hz = pitch_hz

    def close(self) -> None:
        self.open, self.pitch_hz = False, 0


@pytest.fixture
def buzzer() -> Buzzer:
    return Buzzer()


@pytest.fixture
def outputs(buzzer: Buzzer) -> Outputs:
    made = Outputs([buzzer])
    made.upkeep(0)
    return made


def keep_up(outputs: Outputs, from_ms: int, to_ms: int) -> None:
    """As the loop does, about every 10 ms."""
    for ms in range(from_ms, to_ms, 10):
        outputs.upkeep(ms * NS_PER_MS)


def test_a_fault_of_a_moment_costs_no_warning(buzzer: Buzzer, outputs: Outputs) -> None:
    buzzer.faults = 1
    outputs.set(2400)
    assert buzzer.pitch_hz == 2400
    assert not outputs.muffled


def test_nor_does_a_tone_go_on_that_is_to_end(buzzer: Buzzer, outputs: Outputs) -> None:
    outputs.set(2400)
    buzzer.faults = 1
    outputs.set(0)
    assert buzzer.pitch_hz == 0
    assert buzzer.open
    buzzer.away = True
    outputs.set(2400)
    assert (outputs.muffled, outputs.failing) == (True, 1)
    assert not buzzer.open


def test_after_a_fault_of_some_milliseconds_a_tone_goes_on_soon(buzzer: Buzzer, outputs: Outputs) -> None:
    keep_up(outputs, 0, 5100)
    buzzer.away = True
    outputs.set(2400)
    keep_up(outputs, 5100, 5150)
    buzzer.away = False
    keep_up(outputs, 5150, 5210)
    assert buzzer.pitch_hz == 2400


def test_one_that_stays_away_is_tried_less_and_less_until_each_second(
    buzzer: Buzzer, outputs: Outputs
) -> None:
    buzzer.away = True
    outputs.set(2400)
    tried = []
    for ms in range(0, 10_000, 10):
        before = buzzer.starts
        outputs.upkeep(ms * NS_PER_MS)
        if buzzer.starts > before:
            tried.append(ms)
    assert tried == [0, 50, 150, 350, 750, 1550, *range(2550, 10_000, 1000)]
    buzzer.away = False
    outputs.upkeep(20_000 * NS_PER_MS)
    assert buzzer.pitch_hz == 2400  # what it was to sound meanwhile


def test_each_trouble_is_told_once(
    buzzer: Buzzer, outputs: Outputs, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            buzzer.faults = 1
            outputs.set(2400)
        buzzer.away = True
        outputs.set(0)
        keep_up(outputs, 0, 5000)
        buzzer.away = False
        keep_up(outputs, 5000, 7000)
    assert [record.message for record in caplog.records] == [
        "the buzzer stopped working; opened anew, it works: check its wires",
        "the buzzer stopped working",
        "an output works again",
    ]


def test_the_other_one_sounds_on_and_one_is_counted() -> None:
    buzzer, motor = Buzzer(), Buzzer()
    outputs = Outputs([buzzer, motor])
    outputs.upkeep(0)
    buzzer.away = True
    outputs.set(2400)
    assert motor.pitch_hz == 2400
    assert (outputs.failing, outputs.muffled) == (1, False)
    outputs.close()
    assert not motor.open
