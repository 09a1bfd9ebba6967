#!/usr/bin/env python3
"""Draws docs/images/wiring.svg: which part goes on which pin, by the settings' own defaults.

python tools/wiring.py            # writes the picture anew
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "device"))

from kith.config import ButtonSettings  # noqa: E402
from kith.guard.settings import OutputSettings, SensorSettings  # noqa: E402

PICTURE = ROOT / "docs" / "images" / "wiring.svg"

PIN_OF_GPIO = {
    **{2: 3, 3: 5, 4: 7, 17: 11, 27: 13, 22: 15, 10: 19, 9: 21, 11: 23, 0: 27, 5: 29, 6: 31, 13: 33},
    **{19: 35, 26: 37, 14: 8, 15: 10, 18: 12, 23: 16, 24: 18, 25: 22, 8: 24, 7: 26, 1: 28, 12: 32},
    **{16: 36, 20: 38, 21: 40},
}
"""Of the 40-pin header of every Pi since 2014."""
_SUPPLY = {1: "3.3 V", 17: "3.3 V", 2: "5 V", 4: "5 V"}
_GROUND = (6, 9, 14, 20, 25, 30, 34, 39)

_RED, _BLACK, _BLUE, _GREEN, _ORANGE, _PURPLE = (
    "#c62828",
    "#333333",
    "#1565c0",
    "#2e7d32",
    "#e65100",
    "#6a1b9a",
)
_PITCH, _TOP, _HEADER_X, _SIDE = 26, 92, 560, 26
_WIDTH, _HEIGHT = 1180, 640
_BOX_W = 300
_TITLE = "Kith's wires, seen from above: pin 1 is at the end of the board with the card"
_WARNING = "Take the power away first. Only the marked pins are used."


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """From a pin of the header to a part's terminal. through: what lies in between."""

    terminal: str
    pin: int
    colour: str
    through: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part, on the side of the header where its pins are."""

    name: str
    note: str
    y: int
    wires: tuple[Wire, ...]

    @property
    def left(self) -> bool:
        """Whether its pins are the odd ones."""
        return self.wires[0].pin % 2 == 1


def parts() -> list[Part]:
    """What is wired, by the defaults of the settings."""
    button, sensor, outputs = ButtonSettings(), SensorSettings(), OutputSettings()
    gpio = PIN_OF_GPIO
    return [
        Part(
            name="Distance sensor VL53L1X",
            note="3.3 V, I2C; may take the other one's place",
            y=92,
            wires=(
                Wire(terminal="VIN", pin=1, colour=_RED),
                Wire(terminal="SDA", pin=3, colour=_BLUE),
                Wire(terminal="SCL", pin=5, colour=_GREEN),
                Wire(terminal="GND", pin=9, colour=_BLACK),
            ),
        ),
        Part(
            name="Button",
            note="any push button, no resistor",
            y=296,
            wires=(
                Wire(terminal="one leg", pin=gpio[button.gpio], colour=_PURPLE),
                Wire(terminal="other leg", pin=25, colour=_BLACK),
            ),
        ),
        Part(
            name="Vibration motor (if wanted)",
            note="its − to the collector of an NPN, a diode across it",
            y=440,
            wires=(
                Wire(
                    terminal="transistor's base",
                    pin=gpio[outputs.vibration_gpio],
                    colour=_ORANGE,
                    through="1 kΩ",
                ),
                Wire(terminal="motor +", pin=17, colour=_RED),
                Wire(terminal="emitter", pin=39, colour=_BLACK),
            ),
        ),
        Part(
            name="Distance sensor HC-SR04",
            note="5 V; its echo must be divided",
            y=92,
            wires=(
                Wire(terminal="VCC", pin=2, colour=_RED),
                Wire(terminal="GND", pin=6, colour=_BLACK),
                Wire(terminal="Trig", pin=gpio[sensor.trigger_gpio], colour=_GREEN),
                Wire(
                    terminal="Echo",
                    pin=gpio[sensor.echo_gpio],
                    colour=_BLUE,
                    through="1 kΩ, and 2 kΩ to ground",
                ),
            ),
        ),
        Part(
            name="Buzzer",
            note="a passive piezo, no circuit inside",
            y=330,
            wires=(
                Wire(terminal="+", pin=gpio[outputs.buzzer_gpio], colour=_ORANGE),
                Wire(terminal="−", pin=14, colour=_BLACK),
            ),
        ),
        Part(name="Speaker or headset, microphone", note="USB, or an I2S or USB sound card", y=470, wires=()),
        Part(name="Camera", note="the ribbon cable, or USB", y=550, wires=()),
    ]


def _pin_xy(pin: int) -> tuple[float, float]:
    x = _HEADER_X + (0 if pin % 2 else _SIDE)
    return x, _TOP + _PITCH * ((pin - 1) // 2)


def _text(
    x: float, y: float, words: str, *, size: int = 14, anchor: str = "start", weight: str = "normal"
) -> str:
    return (
        f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size}" text-anchor="{anchor}" font-weight="{weight}">'
        f"{escape(words)}</text>"
    )


def _header() -> list[str]:
    names = (
        {pin: f"GPIO {gpio}" for gpio, pin in PIN_OF_GPIO.items()}
        | _SUPPLY
        | dict.fromkeys(_GROUND, "ground")
    )
    used = {wire.pin for part in parts() for wire in part.wires}
    height = _PITCH * 20
    shapes = [
        f'<rect x="{_HEADER_X - 16}" y="{_TOP - 17}" width="{_SIDE + 32}" height="{height + 8}" rx="6"'
        ' fill="#263238"/>'
    ]
    for pin in range(1, 41):
        x, y = _pin_xy(pin)
        shapes.append(f'<circle cx="{x}" cy="{y}" r="9" fill="{"#ffca28" if pin in used else "#90a4ae"}"/>')
        shapes.append(_text(x, y + 4, str(pin), size=10, anchor="middle"))
        if pin in used:
            outside = -22 if pin % 2 else 22
            shapes.append(
                _text(x + outside, y - 4, names[pin], size=10, anchor="end" if pin % 2 else "start")
            )
    return shapes


def _part(part: Part, lane: int) -> tuple[list[str], int]:
    """A part and its wires; the next free lane."""
    left = not part.wires or part.left
    x = 30 if left and part.wires else _WIDTH - 30 - _BOX_W
    rows = max(len(part.wires), 1)
    height = 48 + 24 * len(part.wires)
    shapes = [
        f'<rect x="{x}" y="{part.y}" width="{_BOX_W}" height="{height}" rx="8" fill="#eceff1"'
        ' stroke="#607d8b"/>',
        _text(x + 12, part.y + 20, part.name, weight="bold"),
        _text(x + 12, part.y + 37, part.note, size=11),
    ]
    edge = x + _BOX_W if x < _HEADER_X else x
    for row, wire in enumerate(part.wires[:rows]):
        y = part.y + 56 + 24 * row
        px, py = _pin_xy(wire.pin)
        turn = edge + (lane + 1) * (14 if x < _HEADER_X else -14)
        start = px + (-10 if wire.pin % 2 else 10)
        words = f"{wire.terminal}  ({wire.through})" if wire.through else wire.terminal
        shapes += [
            f'<polyline points="{edge},{y} {turn},{y} {turn},{py} {start},{py}" fill="none"'
            f' stroke="{wire.colour}" stroke-width="2.5"/>',
            f'<circle cx="{edge}" cy="{y}" r="4" fill="{wire.colour}"/>',
            _text(
                edge + (-12 if x < _HEADER_X else 12),
                y + 5,
                words,
                size=13,
                anchor="end" if x < _HEADER_X else "start",
            ),
        ]
        lane += 1
    return shapes, lane


def draw() -> str:
    """The picture, as SVG."""
    shapes = [
        '<rect width="100%" height="100%" fill="white"/>',
        _text(_WIDTH / 2, 34, _TITLE, size=18, anchor="middle", weight="bold"),
        _text(_WIDTH / 2, 58, _WARNING, size=13, anchor="middle"),
        *_header(),
    ]
    lanes = {True: 0, False: 0}
    for part in parts():
        drawn, lanes[part.left if part.wires else False] = _part(
            part, lanes[part.left if part.wires else False]
        )
        shapes += drawn
    body = "\n".join(shapes)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}"'
        f' height="{_HEIGHT}" font-family="DejaVu Sans, Arial, sans-serif">\n{body}\n</svg>\n'
    )


if __name__ == "__main__":
    PICTURE.write_text(draw(), encoding="utf-8")
    print(PICTURE)
