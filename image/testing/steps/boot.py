"""Power on: how soon both programs are there, what fails, what listens, what is heard."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from image.testing.hearing import hear
from image.testing.kith_user import as_kith
from image.testing.machine import Extras, Machine
from image.testing.record import Row
from image.testing.trial import COMMAND_LIMIT_S, Trial, pause, ready, settled_down, switch_off

STEP = "boot"
_FIRST_WORDS = "I check my parts. That takes a moment."
"""With which the first start begins, wholly by ear."""
_LISTEN_S = 25.0
"""Long enough after "ready" for all that is said at a start without a camera and a button."""
_LISTENING = "0A"
_WHOLE = ("system", "networks", "figures", "gallery", "things", "storage", "voice", "speaker")
"""What must be well without a camera, a button and sensors."""
_COMPILER = "^(.*-)?(gcc|cc|c[+][+]|g[+][+]|clang|tcc|ld|as|make)(-[0-9]+)?$"


def boot(trial: Trial) -> None:
    """The first start, all that can be asked in it, and a second start."""
    device = trial.fresh(STEP)
    sound = device.folder / "first.wav"
    with device.power_on(Extras(sound=sound)) as machine:
        with trial.record.row(STEP, "the first start of a card as it is flashed") as row:
            ready(machine, row)
            for line in machine.console.find("kith-data:"):
                row.note(f"at {line.at_s:.0f} s {line.text}")
        _asked(trial, machine, device.folder)
        pause(machine, _LISTEN_S)
        with trial.record.row(STEP, "switched off in an orderly way") as row:
            row.note(f"after {switch_off(machine):.0f} s")
    with trial.record.row(STEP, "what was heard at the first start") as row:
        hear(sound, row, _FIRST_WORDS)
    with device.power_on() as machine:
        with trial.record.row(STEP, "the second start") as row:
            ready(machine, row)
        with trial.record.row(STEP, "systemd-analyze blame of the second start") as row:
            settled_down(machine)
            _no_failures(machine, row)
            _blame(machine, row, device.folder)


def listeners(machine: Machine) -> list[str]:
    """Every socket of the network that waits for somebody, and every one that is not TCP's."""
    found = []
    for line in machine.guest.output("cat /proc/net/tcp /proc/net/tcp6").splitlines():
        words = line.split()
        if len(words) > 3 and words[3] == _LISTENING:
            found.append(f"tcp {int(words[1].rpartition(':')[2], 16)}")
    others = "cd /proc/net && cat udp udp6 raw raw6 packet 2>/dev/null | grep -v -e sl -e sk || true"
    found += [f"other {line.strip()[:40]}" for line in machine.guest.output(others).splitlines()]
    return found


def _asked(trial: Trial, machine: Machine, folder: Path) -> None:
    with trial.record.row(STEP, "what failed") as row:
        settled_down(machine)
        _no_failures(machine, row)
    with trial.record.row(STEP, "what listens, who may come in, what could be compiled") as row:
        found = listeners(machine)
        row.check(not found, "nothing listens" if not found else f"listens: {', '.join(found)}")
        ssh = machine.guest.run("systemctl is-active ssh.service ssh.socket sshd.service").out.split()
        row.check("active" not in ssh, f"ssh: {', '.join(sorted(set(ssh)))}")
        links = machine.guest.output("ls /sys/class/net").split()
        row.note(f"network: {', '.join(links)}")
        compilers = machine.guest.run(f"ls /usr/bin | grep -E '{_COMPILER}'").out.split()
        row.check(not compilers, f"compilers: {', '.join(compilers) or 'none'}")
    _doctor(trial, machine, folder)


def _no_failures(machine: Machine, row: Row) -> None:
    failed = [
        each.split()[0]
        for each in machine.guest.output("systemctl --failed --no-legend --plain").splitlines()
        if each.split()
    ]
    row.check(not failed, f"failed units: {', '.join(failed) or 'none'}")
    for unit in failed:
        row.note(machine.guest.run(f"journalctl -b -u {unit} -n 3 -o cat --no-pager").out)


def _blame(machine: Machine, row: Row, folder: Path) -> None:
    row.note(machine.guest.run("systemd-analyze").out.splitlines()[0])
    blame = machine.guest.run(
        "systemd-analyze blame --no-pager; systemd-analyze critical-chain --no-pager"
    ).out
    (folder / "blame.txt").write_text(blame + "\n", encoding="utf-8")
    row.note("; ".join(" ".join(line.split()) for line in blame.splitlines()[:8]))


def _doctor(trial: Trial, machine: Machine, folder: Path) -> None:
    with trial.record.row(STEP, "kith doctor --json in it") as row:
        ran = machine.guest.run(as_kith("/opt/kith/bin/kith doctor --json"), COMMAND_LIMIT_S)
        (folder / "doctor.json").write_text(ran.out + "\n", encoding="utf-8")
        found = _findings(ran.out)
        whole = [part for part in _WHOLE if found.get(part) == "ok"]
        row.check(len(whole) == len(_WHOLE), f"ok: {', '.join(whole)}")
        row.note("; ".join(f"{part}: {found[part]}" for part in found if part not in whole))


def _findings(out: str) -> dict[str, str]:
    try:
        told: Any = json.loads(out[out.index("{") :])
    except ValueError:
        return {"no JSON": out[-300:]}
    return {each["part"]: each["verdict"] for each in told.get("findings", [])}
