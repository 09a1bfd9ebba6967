"""The board in the core: what is heard of it, in the book too, and that a slow gauge holds nobody up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kith.app.board_care import Asking
from kith.app.board_watch import BoardReading
from kith.app.daemon import Daemon, Message, Parts, Stop
from kith.app.events import Event
from kith.clock import MonotonicClock
from kith.config import CameraSettings
from kith.drivers.battery import SimulatedBattery
from kith.drivers.board_health import SimulatedBoard
from kith.ports import BoardHealth, Charge
from kith.runtime.inbox import Inbox
from tests.unit._core_kit import Life
from tests.unit._device_kit import Eyes, Silence, StubCamera, frames, make_device, until


def reading(
    percent: int | None = None, *, temperature_c: float | None = 50.0, under_voltage: bool | None = False
) -> BoardReading:
    return BoardReading(
        health=BoardHealth(temperature_c=temperature_c, under_voltage=under_voltage),
        charge=Charge(percent=percent),
    )


@pytest.fixture
def life(tmp_path: Path) -> Life:
    life = Life(tmp_path, battery=60)
    life.hear(6)
    return life


def test_a_low_battery_is_said_and_is_in_the_book_until_it_is_well(life: Life) -> None:
    life.reading = reading(14)
    assert life.hear(12) == ["The battery is low, at 14 percent."]
    life.reading = reading(12)
    assert life.hear(6) == []
    life.press("taphold")
    assert life.hear(8) == ["Nobody is known yet. I looked just now. The battery is low, at twelve percent."]
    life.reading = reading(90)
    assert life.hear(10) == ["The battery is well charged again."]
    life.press("taphold")
    assert life.hear(8) == [
        "Nobody is known yet. I looked just now. The battery is at 90 percent. I know of no fault."
    ]


def test_heat_and_supply_are_said_once_and_their_end_too(life: Life) -> None:
    life.reading = reading(60, temperature_c=85.0, under_voltage=True)
    assert life.hear(20) == ["The device is too hot and works more slowly.", "The power supply is too weak."]
    life.reading = reading(60)
    assert life.hear(75) == ["The device has cooled down.", "The power supply is strong enough again."]
    assert [event.fields["part"] for event in life.of("fault")] == ["heat", "supply"]
    assert [event.fields["part"] for event in life.of("recovered")] == ["heat", "supply"]


class Hanging:
    """A gauge that does not answer until it is let."""

    def __init__(self) -> None:
        self.asked, self.answers = threading.Event(), threading.Event()

    def charge(self) -> Charge:
        self.asked.set()
        self.answers.wait(30)
        return Charge(percent=9)


class Running:
    """A daemon in this thread, as its gallery wants it, while somebody else acts."""

    def __init__(self, folder: Path, board: Asking) -> None:
        clock = MonotonicClock()
        self.events: list[Event] = []
        self.eyes, self._inbox = Eyes(), Inbox[Message](clock)
        self._device = make_device(folder, self.eyes, clock, self.events.append)
        parts = Parts(camera=StubCamera(frames(clock)), open_sink=Silence, button=None, board=board)
        self._daemon = Daemon(self._device, parts, clock, self._inbox, settings=CameraSettings())

    def said(self, text: str) -> bool:
        return any(text in event.text for event in list(self.events))

    def run(self, act: Callable[[], None]) -> float:
        """Seconds that its end took."""
        stopped_s: list[float] = []

        def acting() -> None:
            try:
                act()
            finally:
                stopped_s.append(time.monotonic())
                self._inbox.put(Stop())

        actor = threading.Thread(target=acting)
        actor.start()
        assert self._daemon.run()
        took_s = time.monotonic() - stopped_s[0]
        actor.join()
        self._device.close()
        return took_s


def test_a_gauge_that_hangs_holds_nobody_up_not_even_at_the_end(tmp_path: Path) -> None:
    gauge = Hanging()
    running = Running(tmp_path, Asking(SimulatedBoard(), gauge, 1000))

    def act() -> None:
        until(gauge.asked.is_set)
        looks = len(running.eyes.asked)
        until(lambda: len(running.eyes.asked) > looks + 3)

    took_s = running.run(act)
    gauge.answers.set()
    assert took_s < 5
    assert not running.said("battery")


def test_the_board_is_asked_again_and_again_and_heard(tmp_path: Path) -> None:
    battery = SimulatedBattery(50)
    running = Running(tmp_path, Asking(SimulatedBoard(), battery, 50))

    def act() -> None:
        battery.now = Charge(percent=4)
        until(lambda: running.said("The battery is low, at four percent."))
        battery.now = Charge(percent=80)
        until(lambda: running.said("The battery is well charged again."))

    running.run(act)
    assert running.said("The battery is well charged again.")
