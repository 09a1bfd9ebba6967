"""What is said of battery, heat and supply, and that it is said once."""

from __future__ import annotations

import pytest

from kith.app.board_watch import BoardReading, BoardWatch
from kith.clock import Tick
from kith.config import BoardSettings
from kith.ports import BoardHealth, Charge
from tests.unit._machine_kit import ms

EVERY_MS = 5000
STEADY_MS = 60_000


class Board:
    """A board that is asked every five seconds."""

    def __init__(self, settings: BoardSettings | None = None) -> None:
        self.watch = BoardWatch(settings or BoardSettings())
        self.now_ms = 0

    def says(
        self,
        seconds: float = 5,
        *,
        percent: int | None = None,
        on_mains: bool | None = None,
        temperature_c: float | None = 50.0,
        too_hot: bool | None = False,
        under_voltage: bool | None = False,
    ) -> list[str]:
        """The news of so long a time of this."""
        health = BoardHealth(temperature_c=temperature_c, too_hot=too_hot, under_voltage=under_voltage)
        reading = BoardReading(health=health, charge=Charge(percent=percent, on_mains=on_mains))
        told = []
        for _ in range(round(seconds * 1000 / EVERY_MS)):
            told += [
                each.key if each.count is None else f"{each.key} {each.count}"
                for each in self.watch.step(reading, ms(self.now_ms))
            ]
            self.now_ms += EVERY_MS
        return told


def vars_of(watch: BoardWatch) -> tuple[int | None, int | None]:
    """As a call, since a type checker believes that an attribute stays what it was."""
    return watch.percent, watch.next_deadline_ns


@pytest.fixture
def board() -> Board:
    return Board()


def test_a_board_that_does_well_is_not_told_of(board: Board) -> None:
    assert board.says(3600, percent=80, on_mains=False) == []


def test_a_battery_that_runs_down_is_told_of_twice_and_charged_again_once(board: Board) -> None:
    told = [news for percent in range(40, -1, -1) for news in board.says(60, percent=percent)]
    assert told == ["battery.low 15", "battery.low 5"]
    told = [news for percent in range(101) for news in board.says(60, percent=percent, on_mains=True)]
    assert told == ["battery.well"]


def test_a_gauge_that_swings_is_told_of_once(board: Board) -> None:
    told = [
        news
        for percent in (16, 15, 18, 14, 25, 15, 20, 6, 5, 7, 5)
        for news in board.says(5, percent=percent)
    ]
    assert told == ["battery.low 15", "battery.low 5"]
    assert board.says(5, percent=25) == []
    assert board.says(5, percent=26) == ["battery.well"]


def test_one_that_is_very_low_at_the_start_is_told_of_once(board: Board) -> None:
    assert board.says(60, percent=3) == ["battery.low 3"]
    assert board.says(60, percent=12) == []


def test_while_it_is_charged_it_is_not_told_to_be_low(board: Board) -> None:
    assert board.says(600, percent=4, on_mains=True) == []
    assert board.says(5, percent=4, on_mains=False) == ["battery.low 4"]


def test_the_charge_of_now_is_kept_and_forgotten_when_the_gauge_hangs(board: Board) -> None:
    assert board.watch.next_deadline_ns is None
    board.says(5, percent=61)
    board.says(5, percent=60)
    assert vars_of(board.watch) == (60, ms(5000 + 12 * EVERY_MS))
    board.watch.step(Tick(), ms(5000 + 12 * EVERY_MS) - 1)
    assert vars_of(board.watch)[0] == 60
    assert board.watch.step(Tick(), ms(5000 + 12 * EVERY_MS)) == []
    assert vars_of(board.watch) == (None, None)


def test_heat_is_told_of_once_it_lasts_and_its_end_once_that_does(board: Board) -> None:
    assert board.says(5, temperature_c=84) == []
    assert board.says(600, temperature_c=84) == ["heat.hot"]
    assert board.says(600, temperature_c=75) == []  # neither hot nor cool
    assert board.says(STEADY_MS / 1000, temperature_c=60) == []
    assert board.says(5, temperature_c=60) == ["heat.cooled"]


def test_what_the_firmware_says_of_heat_counts_at_any_temperature(board: Board) -> None:
    assert board.says(10, temperature_c=62, too_hot=True) == ["heat.hot"]
    assert board.says(10, temperature_c=None, too_hot=None) == []
    assert board.says(600, temperature_c=None, too_hot=False) == ["heat.cooled"]


def test_the_edges_of_heat(board: Board) -> None:
    assert board.says(60, temperature_c=79.9) == []
    assert board.says(10, temperature_c=80.0) == ["heat.hot"]
    assert board.says(600, temperature_c=72.0) == []
    assert board.says(600, temperature_c=71.9) == ["heat.cooled"]


def test_a_supply_that_dips_for_a_moment_is_not_told_of(board: Board) -> None:
    for _ in range(20):
        assert board.says(5, under_voltage=True) == []
        assert board.says(5, under_voltage=False) == []
    assert board.says(10, under_voltage=True) == ["supply.weak"]


def test_a_supply_that_flickers_stays_weak(board: Board) -> None:
    assert board.says(10, under_voltage=True) == ["supply.weak"]
    for _ in range(20):
        assert board.says(50, under_voltage=False) == []
        assert board.says(5, under_voltage=True) == []
    assert board.says(5 + STEADY_MS / 1000, under_voltage=False) == ["supply.well"]


def test_what_comes_back_again_and_again_is_told_of_more_seldom(board: Board) -> None:
    waited = []
    for _ in range(7):
        assert board.says(10, under_voltage=True) == ["supply.weak"]
        began_ms = board.now_ms
        while board.says(5, under_voltage=False) == []:
            pass
        waited.append((board.now_ms - EVERY_MS - began_ms) // STEADY_MS)
    assert waited == [1, 2, 4, 8, 16, 16, 16]
    board.says(17 * 60, under_voltage=False)
    assert board.says(10, under_voltage=True) == ["supply.weak"]
    assert board.says(5 + STEADY_MS / 1000, under_voltage=False) == ["supply.well"]


def test_what_is_not_known_neither_begins_nor_ends_anything(board: Board) -> None:
    assert board.says(3600, temperature_c=None, too_hot=None, under_voltage=None) == []
    board.says(10, under_voltage=True)
    assert board.says(3600, under_voltage=None) == []
    assert board.says(5, under_voltage=False) == []


def test_the_settings_may_tell_at_once() -> None:
    board = Board(BoardSettings(lasting_ms=0))
    assert board.says(5, under_voltage=True) == ["supply.weak"]


def test_a_well_charge_that_is_set_below_the_low_one_counts_as_that() -> None:
    board = Board(BoardSettings(battery_low_percent=30, battery_well_percent=10))
    assert board.says(5, percent=30) == ["battery.low 30"]
    assert board.says(60, percent=30) == []
    assert board.says(5, percent=31) == ["battery.well"]
