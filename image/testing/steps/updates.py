"""Updates: one that is good stays, one that is not goes by itself, one of a stranger is never begun."""

from __future__ import annotations

import random
from pathlib import Path

from image import ImageError
from image.testing import bundles, writes
from image.testing.bundles import Bundles
from image.testing.console import NotSeen
from image.testing.device import Device
from image.testing.hearing import hear
from image.testing.machine import Extras, Machine
from image.testing.record import Row
from image.testing.trial import COMMAND_LIMIT_S, LIMIT_S, READY, Trial, ready, switch_off

STEP = "update"
BUNDLE = "kith-update.raucb"
INSTALL_LIMIT_S = 1200.0
"""For the hashes of 400 MiB and the writing of them, on an emulated processor."""
_MOST_STARTS = 4
_STUCK_S = 240.0
"""A start that says nothing for so long will say nothing; one that is well is silent for up to a minute."""
_SEED = 11
_TOLD = ("kith-update:", "kith-slot:", "kith-health:", "kith-init:")


def update(trial: Trial) -> None:
    """A good update; then, on the card that has it, those that are not."""
    device = trial.settled(STEP)
    maker, good = _newer(trial, device)
    device.card.put(BUNDLE, good)
    _good(trial, device)
    _bad(trial, device, maker)
    _refused(trial, device, good, maker)


def update_cuts(trial: Trial) -> None:
    """The plug pulled twice while an update is installed; the old system is what starts each time, and the
    update is whole in the end."""
    device, chance = trial.settled("update-cuts"), random.Random(_SEED)
    _, good = _newer(trial, device)
    device.card.put(BUNDLE, good)
    for what, script in (
        (
            "while RAUC writes the other slot",
            "until set -- $(cat /sys/class/block/vda3/stat) && [ $7 -gt 60000 ]; do sleep 0.3; done",
        ),
        ("while the slot's folder is filled", "until [ -e /boot/firmware/b/vmlinuz ]; do sleep 0.2; done"),
    ):
        with trial.record.row(STEP, f"the plug pulled {what}") as row:
            before, log = device.card.copy(device.folder / "before.img"), device.folder / "writes.log"
            with device.power_on(Extras(writes=writes.new_log(log))) as machine:
                ready(machine, row)
                row.check(slot_of(machine) == "A", f"runs {slot_of(machine)}")
                machine.wait("kith-update: installs", LIMIT_S)
                machine.guest.output(script, INSTALL_LIMIT_S)
                row.note(f"plug pulled at {machine.cut():.0f} s")
            lost = writes.lose(device.card.path, before.path, log, chance)
            row.note(f"of {lost.unflushed} writes the card had not to keep yet, {lost.lost} lost")
    _good(trial, device)


def _newer(trial: Trial, device: Device) -> tuple[Bundles, Path]:
    maker = Bundles(trial.tools, device.card, device.folder / "bundles")
    with trial.record.row(STEP, "a newer bundle made and signed") as row:
        good = maker.make("good", bundles.newer)
        row.note(f"{good.stat().st_size >> 20} MiB")
        return maker, good


def _good(trial: Trial, device: Device) -> None:
    words = "a start that finds the bundle on the boot partition"
    with trial.record.row(STEP, words) as row, device.power_on() as machine:
        ready(machine, row)
        machine.wait("kith-update: installed into b", INSTALL_LIMIT_S)
        _told(machine, row)
        next_one = device.restarted(machine, INSTALL_LIMIT_S, Extras(sound=_sound(device)))
    with next_one as machine, trial.record.row(STEP, "the new system is tried") as row:
        ready(machine, row)
        machine.wait("kith-health: slot b is good", LIMIT_S)
        _told(machine, row)
        _is(machine, row, "B", bundles.NEW_VERSION)
        _until_said(machine, row)
        switch_off(machine)
        hear(_sound(device), row, "The device was updated.")
    with trial.record.row(STEP, "the next start") as row, device.power_on() as machine:
        ready(machine, row)
        _is(machine, row, "B", bundles.NEW_VERSION)
        switch_off(machine)


def _refused(trial: Trial, device: Device, good: Path, maker: Bundles) -> None:
    stranger = maker.make("stranger", bundles.newer, strangers=True)
    for what, bundle in (
        ("a bundle signed by a stranger", stranger),
        ("half a bundle", bundles.truncated(good)),
    ):
        with trial.record.row(STEP, what) as row:
            device.card.put(BUNDLE, bundle)
            with device.power_on(Extras(sound=_sound(device))) as machine:
                ready(machine, row)
                refused = machine.wait("kith-update: (refused|failed)", INSTALL_LIMIT_S)
                row.note(refused.text)
                _is(machine, row, "B", bundles.NEW_VERSION)
                _until_said(machine, row)
                switch_off(machine)
            hear(_sound(device), row, "The update was refused. Nothing was changed.")
            names = device.card.names()
            row.check(BUNDLE not in names, "it is not tried again")
            device.card.delete("kith-update.refused")


def _bad(trial: Trial, device: Device, maker: Bundles) -> None:
    for what, name, changes, flag in (
        ("a system without its first program", "no-init", [bundles.newer, bundles.without_init], False),
        (
            "a system whose kernel is none, with the firmware's flag",
            "no-kernel",
            [bundles.without_kernel],
            True,
        ),
        ("a system in which Kith ends at once", "dead-kith", [bundles.newer, bundles.dead_kith], False),
    ):
        with trial.record.row(STEP, f"{what}: installed") as row:
            device.card.put(BUNDLE, maker.make(name, *changes))
            next_one = _installed(device, row, flag=flag)
        words = f"{what}: what comes of it"
        with trial.record.row(STEP, words) as row, _back(device, next_one, row) as machine:
            _is(machine, row, "B", bundles.NEW_VERSION)
            _until_said(machine, row)
            switch_off(machine)
            hear(_sound(device), row, "The update did not work. The earlier version is back.")


def _installed(device: Device, row: Row, *, flag: bool) -> Machine:
    """Install what lies on the card; the start that tries it. flag: by the firmware's one-time flag, which
    kith-slot uses where it finds what Raspberry Pi's kernel has."""
    with device.power_on() as machine:
        ready(machine, row)
        if flag:
            machine.guest.output("touch /dev/vcio")
        machine.wait("kith-update: installed into a", INSTALL_LIMIT_S)
        _told(machine, row)
        next_one = device.restarted(machine, INSTALL_LIMIT_S, Extras(sound=_sound(device)))
        row.check(device.tried == flag, f"the firmware's flag: {'set' if device.tried else 'not set'}")
        return next_one


def _back(device: Device, machine: Machine, row: Row) -> Machine:
    """Follow its starts until one of them is up with the old system."""
    for number in range(1, _MOST_STARTS + 1):
        outcome = _outcome(machine)
        row.note(f"start {number}: {outcome} after {machine.console.now_s():.0f} s")
        _told(machine, row)
        if outcome == "back":
            return machine
        if outcome == "stuck":
            machine.cut()
            machine = device.power_on(Extras(sound=_sound(device)))
        else:
            machine = device.restarted(machine, LIMIT_S, Extras(sound=_sound(device)))
    machine.cut()
    raise ImageError(f"the old system was not back after {_MOST_STARTS} starts")


def _outcome(machine: Machine) -> str:
    """ "back" where it is up and gave the trial up, "reset" where it started again, "stuck" where nothing is
    heard of it."""
    try:
        machine.wait("", _STUCK_S)
        machine.wait("kith-health: .*did not prove good", LIMIT_S)
    except NotSeen:
        return "stuck" if machine.on else "reset"
    machine.wait(READY, LIMIT_S)
    machine.guest.ready(LIMIT_S)
    return "back"


def slot_of(machine: Machine) -> str:
    """The slot that runs, A or B."""
    words = machine.guest.output("cat /proc/cmdline").split()
    return next(word.removeprefix("rauc.slot=") for word in words if word.startswith("rauc.slot="))


def _is(machine: Machine, row: Row, slot: str, version: str) -> None:
    runs, has = slot_of(machine), machine.guest.output("cat /etc/kith-image").strip()
    row.check((runs, has) == (slot, version), f"slot {runs} runs, '{has}'")


def _told(machine: Machine, row: Row) -> None:
    for line in machine.console.lines:
        if any(each in line.text for each in _TOLD):
            row.note(f"at {line.at_s:.0f} s {line.text}")


def _until_said(machine: Machine, row: Row) -> None:
    """Wait until Kith has said all that the system's own programs had to tell."""
    script = 'sleep 5; for i in $(seq 120); do [ -z "$(ls /run/kith/notices)" ] && break; sleep 1; done'
    left = machine.guest.run(f"{script}; ls /run/kith/notices", COMMAND_LIMIT_S)
    row.check(not left.out, "all was said" if not left.out else f"never said: {left.out}")


def _sound(device: Device) -> Path:
    return device.folder / "said.wav"
