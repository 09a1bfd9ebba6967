"""The data partition: what is kept, that it is encrypted, and that the device comes up without it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable

from image.testing.card import CARD_BYTES, Card
from image.testing.device import Device
from image.testing.hearing import hear
from image.testing.kith_user import objects_of, program
from image.testing.machine import Extras, Machine
from image.testing.record import Row
from image.testing.trial import COMMAND_LIMIT_S, Trial, pause, ready, switch_off

STEP = "data"
NAME = "Zaphiria Marker Quillon"
"""Nothing else on a card has these bytes."""
_DATA = 4
_HEAD_BYTES = 32 * 1024**2
_ALIGNED_BYTES = 2 * 1024**2
_SPOKEN = "The storage does not work. What is learnt now is lost when the device is switched off."
_LISTEN_S = 25.0


def data(trial: Trial) -> None:
    """What is kept over a start, then everything that may be wrong with it."""
    device = trial.settled(STEP)
    with trial.record.row(STEP, "somebody is remembered; the device is switched off and on") as row:
        with device.power_on() as machine:
            ready(machine, row)
            machine.guest.output(program("gallery", "add", NAME), COMMAND_LIMIT_S)
            switch_off(machine)
        with device.power_on() as machine:
            row.check(NAME in _people(machine), "known at the next start")
            switch_off(machine)
    with trial.record.row(STEP, "the card read on another computer") as row:
        _read_elsewhere(device.card, row)
    _spoilt(trial, device.card)
    _full(trial, device)


def _read_elsewhere(card: Card, row: Row) -> None:
    boot, data = card.partitions()[0], card.partitions()[_DATA - 1]
    row.check(card.head(data, 6) == b"LUKS\xba\xbe", "the data partition is LUKS")
    row.check(
        not any(card.finds(_marker(), each) for each in card.partitions()),
        "the name is nowhere in plain text",
    )
    row.check(card.finds(b"complete yes", boot), "what is in plain text is found by the same search")
    grown = data.start + data.size >= CARD_BYTES - _ALIGNED_BYTES
    row.check(grown, f"the data partition has {data.size >> 20} MiB of a card of {CARD_BYTES >> 20}")


def _spoilt(trial: Trial, card: Card) -> None:
    """Ways in which it cannot be had; in none of them anything may be formatted."""
    key = card.read("kith.key") or b""
    other = key.replace(key.split()[key.split().index(b"key") + 1], os.urandom(64).hex().encode())
    at = card.partitions()[_DATA - 1].start
    ways: tuple[tuple[str, Callable[[Card], None]], ...] = (
        ("headers of the data partition overwritten", lambda each: each.overwrite(at, os.urandom(1024**2))),
        ("kith.key of another device", lambda each: each.write("kith.key", other)),
        ("kith.key deleted", lambda each: each.delete("kith.key")),
        ("data partition missing in the table", lambda each: each.set_entry(_DATA, b"")),
    )
    for number, (what, spoil) in enumerate(ways):
        name = f"{STEP}-{number}"
        device = trial.device(name, card.copy(trial.folder / name / "card.img"))
        spoil(device.card)
        with trial.record.row(STEP, what) as row:
            _comes_up_without(device, row, at)
        device.card.remove()
    with trial.record.row(STEP, "the same card with its own key after that") as row:
        device = trial.device(STEP, card)
        with device.power_on() as machine:
            row.check(NAME in _people(machine), "everybody is known")
            machine.guest.run(
                "dd if=/dev/urandom of=/dev/mapper/kith-data bs=4k count=64 conv=fsync 2>/dev/null"
            )
    with trial.record.row(STEP, "the file system's superblock overwritten within the encryption") as row:
        _comes_up_without(device, row, at)


def _comes_up_without(device: Device, row: Row, at: int) -> None:
    before, sound = _digest(device.card, at), device.folder / "spoilt.wav"
    with device.power_on(Extras(sound=sound)) as machine:
        ready(machine, row)
        pause(machine, _LISTEN_S)
        for line in machine.console.find("kith-data:"):
            row.note(line.text)
        row.check(machine.guest.run("mountpoint -q /data").status != 0, "/data is not mounted")
        told = machine.guest.run("journalctl -b -u kith.service -o cat --no-pager").out
        row.check("is not on a data partition" in told, "Kith tells that the storage does not work")
        switch_off(machine)
    row.check(_digest(device.card, at) == before, "nothing of the partition was changed")
    hear(sound, row, _SPOKEN)


def _full(trial: Trial, spoilt: Device) -> None:
    spoilt.card.remove()
    device = trial.settled("full")
    with trial.record.row(STEP, "the data partition filled to its last byte") as row:
        with device.power_on() as machine:
            ready(machine, row)
            machine.guest.output(program("gallery", "add", NAME), COMMAND_LIMIT_S)
            row.note(
                machine.guest.run(
                    "cat /dev/zero >/data/fill; sync; df -h /data | tail -1", COMMAND_LIMIT_S
                ).out
            )
            added = machine.guest.run(program("gallery", "add", "Nobody"), COMMAND_LIMIT_S)
            row.check(added.status != 0, "nobody can be added: " + added.out.splitlines()[-1][:120])
        with device.power_on() as machine:
            ready(machine, row)
            row.check(NAME in _people(machine), "everybody is known at the next start")
            machine.guest.run("rm /data/fill; sync")
            added = machine.guest.run(program("gallery", "add", "Somebody"), COMMAND_LIMIT_S)
            row.check(added.status == 0, "with room again somebody can be added")
    device.card.remove()


def _people(machine: Machine) -> frozenset[str]:
    machine.guest.ready(COMMAND_LIMIT_S)
    told = objects_of(machine.guest.run(program("gallery", "state"), COMMAND_LIMIT_S).out)
    return frozenset(told[-1]["people"]) if told else frozenset()


def _digest(card: Card, at: int) -> str:
    with card.path.open("rb") as file:
        file.seek(at)
        return hashlib.sha256(file.read(_HEAD_BYTES)).hexdigest()


def _marker() -> bytes:
    return NAME.encode()
