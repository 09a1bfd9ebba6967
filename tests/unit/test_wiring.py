"""docs/wiring.md and its picture say what the settings' defaults say."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wiring() -> ModuleType:
    spec = importlib.util.spec_from_file_location("wiring", ROOT / "tools" / "wiring.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _rows() -> list[list[str]]:
    lines = (ROOT / "docs" / "wiring.md").read_text("utf-8").splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")][
        2:
    ]


def test_the_picture_is_what_the_settings_say(wiring: ModuleType) -> None:
    assert wiring.PICTURE.read_text("utf-8") == wiring.draw()


def test_each_wire_of_the_picture_is_in_the_table(wiring: ModuleType) -> None:
    drawn = {(wire.terminal, str(wire.pin)) for part in wiring.parts() for wire in part.wires}
    assert {(terminal, pin) for _, terminal, _, pin, _ in _rows()} == drawn


def test_each_row_names_the_gpio_of_its_pin(wiring: ModuleType) -> None:
    of_pin = {pin: str(gpio) for gpio, pin in wiring.PIN_OF_GPIO.items()}
    for _, _, gpio, pin, _ in _rows():
        if gpio == "ground":
            assert int(pin) in wiring._GROUND
        else:
            assert gpio == (of_pin.get(int(pin)) or wiring._SUPPLY[int(pin)])


def test_no_pin_bears_two_wires(wiring: ModuleType) -> None:
    pins = [wire.pin for part in wiring.parts() for wire in part.wires]
    assert len(pins) == len(set(pins))
