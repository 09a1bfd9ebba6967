"""The plug pulled amid changes of the gallery, and amid the first start's formatting."""

from __future__ import annotations

import random
import threading
from contextlib import suppress

from image.testing import writes
from image.testing.device import Device
from image.testing.expecting import Expected
from image.testing.guest import GuestGone
from image.testing.kith_user import objects_of, program
from image.testing.machine import Extras, Machine
from image.testing.record import Row
from image.testing.trial import COMMAND_LIMIT_S, LIMIT_S, Trial, pause, ready

STEP = "power cuts"
CUTS = 10
_LEAST_CONFIRMED = 3
_LONGEST_S, _SHORTEST_S = 4.0, 0.5
"""So long after the writer's first confirmed changes the plug is pulled, by chance."""
_SEED = 7
_ALONE = " ".join(
    f"systemd.mask={unit}.service"
    for unit in ("kith", "kith-guard", "kith-first-boot", "kith-health", "kith-update", "kith-settings")
)
"""The writer has the emulated processor for itself; the start after the last cut is a whole one."""


def power_cuts(trial: Trial) -> None:
    """Ten cuts amid changes; after each, all that was confirmed is there."""
    device, expected, chance = trial.settled("cuts"), Expected(), random.Random(_SEED)
    for number in range(1, CUTS + 1):
        with trial.record.row(STEP, f"cut {number} amid changes of the gallery") as row:
            _one_cut(device, expected, chance, row)
    with trial.record.row(STEP, "the start after the last one") as row, device.power_on() as machine:
        _compare(machine, expected, row)
        ready(machine, row)


def _one_cut(device: Device, expected: Expected, chance: random.Random, row: Row) -> None:
    before, log = device.card.copy(device.folder / "before.img"), device.folder / "writes.log"
    with device.power_on(Extras(writes=writes.new_log(log)), _ALONE) as machine:
        machine.guest.ready(LIMIT_S)
        _compare(machine, expected, row)
        was, wait_s = expected.confirmed, chance.uniform(_SHORTEST_S, _LONGEST_S)
        at_s = _write_until_cut(machine, expected, chance.randrange(10**6), wait_s)
    lost = writes.lose(device.card.path, before.path, log, chance)
    row.check(expected.confirmed - was >= _LEAST_CONFIRMED, f"{expected.confirmed - was} changes confirmed")
    row.note(f"plug pulled at {at_s:.1f} s{' amid one' if expected.begun else ''}")
    row.note(f"of {lost.unflushed} writes the card had not to keep yet, {lost.lost} lost")


def _write_until_cut(machine: Machine, expected: Expected, seed: int, wait_s: float) -> float:
    timer: threading.Timer | None = None
    with suppress(GuestGone):
        for count, line in enumerate(machine.guest.follow(program("gallery", "write", str(seed)), LIMIT_S)):
            for said in objects_of(str(line)):
                expected.take(said)
            if timer is None and count >= 2 * _LEAST_CONFIRMED:
                timer = threading.Timer(wait_s, machine.pull)
                timer.start()
    at_s = machine.cut()
    if timer is not None:
        timer.cancel()
    return at_s


def _compare(machine: Machine, expected: Expected, row: Row) -> None:
    """What is there is what was confirmed; from here on that is what is expected."""
    ran = machine.guest.run(program("gallery", "state"), COMMAND_LIMIT_S)
    told = objects_of(ran.out)
    if not told:
        row.check(False, f"the gallery cannot be read, status {ran.status}: {ran.out[-300:]}")
        return
    problems = expected.problems(told[-1]["people"])
    row.check(
        not problems,
        f"of {len(told[-1]['people'])} people none wrong" if not problems else "; ".join(problems),
    )
    row.check(told[-1]["integrity"] == ["ok"], f"integrity {told[-1]['integrity'][0]}")
    expected.people, expected.begun = dict(told[-1]["people"]), None


def first_start_cuts(trial: Trial) -> None:
    """The plug pulled amid the making of the data partition, twice on one card."""
    device = trial.fresh("first-cuts")
    chance = random.Random(_SEED)
    for number, pause_s in enumerate((0.5, 3.0), start=1):
        with trial.record.row(
            STEP, f"cut {number} amid the first start, {pause_s:.1f} s after its first word"
        ) as row:
            before, log = device.card.copy(device.folder / "before.img"), device.folder / "writes.log"
            with device.power_on(Extras(writes=writes.new_log(log))) as machine:
                machine.wait("kith-data:", LIMIT_S)
                pause(machine, pause_s)
                row.note(f"plug pulled at {machine.cut():.1f} s")
                row.note("last word: " + machine.console.find("kith-data:")[-1].text)
            lost = writes.lose(device.card.path, before.path, log, chance)
            row.note(f"of {lost.unflushed} writes the card had not to keep yet, {lost.lost} lost")
    with trial.record.row(STEP, "the start after that") as row, device.power_on() as machine:
        ready(machine, row)
        for line in machine.console.find("kith-data:"):
            row.note(line.text)
        mounted = machine.guest.run("findmnt -no SOURCE,FSTYPE /data; findmnt -no SOURCE /var/lib/kith")
        row.check(mounted.status == 0, mounted.out.replace("\n", ", "))
