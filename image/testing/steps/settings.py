"""What a maintainer writes on the boot partition on any computer: settings, mistakes in them, a key."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path

from image.testing.device import Device
from image.testing.machine import Extras, Machine
from image.testing.record import Row
from image.testing.steps.boot import listeners
from image.testing.trial import COMMAND_LIMIT_S, Trial, ready, settled_down, switch_off

STEP = "settings"
_HOST = "kith-of-anna"
_GOOD = f"""
[device]
hostname = "{_HOST}"
[announce]
words_per_minute = 210
"""
_MISTAKES = (
    ("a value out of range", '[announce]\nwords_per_minute = 9000\n[device]\nhostname = "kith-b"\n'),
    ("no TOML at all", "hostname: kith-b\n\x00\xff"),
)
_DOOR_LIMIT_S = 120.0


def settings(trial: Trial) -> None:
    """A file that is right, files that are not, and a maintainer's key."""
    device = trial.settled(STEP)
    with trial.record.row(STEP, "kith.toml with a host name and another speed of speech") as row:
        device.card.write("kith.toml", _GOOD.encode())
        with device.power_on() as machine:
            ready(machine, row)
            settled_down(machine)
            host = machine.guest.output("cat /proc/sys/kernel/hostname").strip()
            row.check(host == _HOST, f"host name {host}")
            there = "words_per_minute = 210" in machine.guest.run("cat /etc/kith/kith.toml").out
            row.check(there, "both programs are given the file")
            switch_off(machine)
    for what, text in _MISTAKES:
        with trial.record.row(STEP, f"kith.toml: {what}") as row:
            device.card.write("kith.toml", text.encode("utf-8", "surrogateescape"))
            _with_mistake(device, row)
    device.card.write("kith.toml", b"")
    _door(trial, device)


def _with_mistake(device: Device, row: Row) -> None:
    with device.power_on() as machine:
        machine.wait("kith-guard: ready", COMMAND_LIMIT_S)
        machine.guest.ready(COMMAND_LIMIT_S)
        row.note("the guard is ready")
        settled_down(machine)
        told = machine.guest.run(
            "journalctl -b -u kith.service -o cat --no-pager | grep -iE 'error|settings|refus' | tail -2"
        )
        row.note(f"kith: {machine.guest.run('systemctl is-active kith.service').out}; {told.out}")
        for line in machine.console.find("kith-settings:|kith-init:"):
            row.note(line.text)
        switch_off(machine)


def _door(trial: Trial, device: Device) -> None:
    key = device.folder / "key"
    key.unlink(missing_ok=True)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    with trial.record.row(STEP, "a maintainer's key in authorized_keys") as row:
        device.card.put("authorized_keys", key.with_suffix(".pub"))
        port = _free_port()
        with device.power_on(Extras(ssh_port=port)) as machine:
            ready(machine, row)
            settled_down(machine)
            row.note(f"listens: {', '.join(listeners(machine))}")
            _come_in(row, port, key, machine)
            switch_off(machine)
    with trial.record.row(STEP, "authorized_keys taken away again") as row:
        device.card.delete("authorized_keys")
        with device.power_on(Extras(ssh_port=port)) as machine:
            ready(machine, row)
            settled_down(machine)
            found = listeners(machine)
            row.check(not found, "nothing listens" if not found else f"listens: {', '.join(found)}")


def _come_in(row: Row, port: int, key: Path, machine: Machine) -> None:
    came = _ssh(port, "-i", str(key), "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes")
    row.check(
        came.returncode == 0 and "kith-in" in came.stdout,
        f"with the key: {(came.stdout or came.stderr).strip()[-120:]}",
    )
    refused = _ssh(port, "-o", "PubkeyAuthentication=no", "-o", "NumberOfPasswordPrompts=0")
    row.check(
        refused.returncode != 0 and "(publickey)" in refused.stderr,
        f"without: {refused.stderr.strip()[-120:]}",
    )


def _ssh(port: int, *options: str) -> subprocess.CompletedProcess[str]:
    common = ["-p", str(port), "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"]
    common += ["-o", "ConnectTimeout=60", "-F", "/dev/null"]
    return subprocess.run(
        ["ssh", *common, *options, "root@127.0.0.1", "echo kith-in; id -un"],
        capture_output=True,
        text=True,
        timeout=_DOOR_LIMIT_S,
        stdin=subprocess.DEVNULL,
        check=False,
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
