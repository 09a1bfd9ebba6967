"""The same card in other boards that QEMU knows: it starts as far as the guard and Kith."""

from __future__ import annotations

from image.testing.device import Device
from image.testing.machine import BOARDS
from image.testing.trial import GUARD_READY, READY, Trial

_LIMIT_S = 900.0
"""A Pi 3 of QEMU's is some six times slower than `virt`."""


def board(trial: Trial, name: str) -> None:
    """One board, from a fresh card."""
    card = trial.fresh(name).card
    device = Device(trial.tools, BOARDS[name], card, trial.folder / name, trial.show)
    with trial.record.row(name, "the first start of the same card") as row, device.power_on() as machine:
        for pattern in (GUARD_READY, READY):
            row.note(f"{pattern} at {machine.wait(pattern, _LIMIT_S).at_s:.0f} s")
        for line in machine.console.find("kith-data:"):
            row.note(f"at {line.at_s:.0f} s {line.text}")
    card.remove()
