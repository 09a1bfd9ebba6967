"""The daemon that `bench.optional_parts` weighs: on kept pictures, with some parts on, and a press."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path

from bench import daemon_child


def main(pictures: Path, state: Path, on: str, press: str, url: str) -> None:
    """on: the tables that are switched on, a comma between; press: a script of the button."""
    from kith.runtime.memory import start_small

    start_small()
    from kith.app import run as command
    from kith.clock import Clock
    from kith.config import ButtonSettings, Settings
    from kith.drivers.simulated_button import ScriptedButton, parse_presses
    from kith.ports import Button

    def button(settings: ButtonSettings, clock: Clock, tell: Callable[..., None]) -> Button:
        return ScriptedButton(parse_presses(press), (), clock)

    command._button = button
    usual = Settings()
    parts = on.split(",")
    daemon_child.run(
        pictures,
        state,
        dataclasses.replace(
            usual,
            things=dataclasses.replace(usual.things, enabled="things" in parts),
            reading=dataclasses.replace(usual.reading, enabled="reading" in parts),
            scene=dataclasses.replace(usual.scene, enabled="scene" in parts, url=url),
        ),
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
