"""docs/wiring.md and its picture say what the settings' defaults say."""

from __future__ import annotations

from pathlib import Path

from tools import wiring

ROOT = Path(__file__).parents[2]


def _rows() -> list[list[str]]:
    lines = (ROOT / "docs" / "wiring.md").read_text("utf-8").splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")][
        2:
    ]


def test_the_picture_is_what_the_settings_say() -> None:
    assert wiring.PICTURE.read_text("utf-8") == wiring.draw()


def test_each_wire_of_the_picture_is_in_the_table() -> None:
    drawn = {(wire.terminal, str(wire.pin)) for part in wiring.parts() for wire in part.wires}
    assert {(terminal, pin) for _, terminal, _, pin, _ in _rows()} == drawn


def test_each_row_names_the_gpio_of_its_pin() -> None:
    of_pin = {pin: str(gpio) for gpio, pin in wiring.PIN_OF_GPIO.items()}
    for _, _, gpio, pin, _ in _rows():
        if gpio == "ground":
            assert int(pin) in wiring._GROUND
        else:
            assert gpio == (of_pin.get(int(pin)) or wiring._SUPPLY[int(pin)])


def test_no_pin_bears_two_wires() -> None:
    pins = [wire.pin for part in wiring.parts() for wire in part.wires]
    assert len(pins) == len(set(pins))
