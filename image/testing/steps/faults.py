"""The two services killed, hung and starved in the image: what is back, and how soon."""

from __future__ import annotations

from image.testing.kith_user import objects_of, root_program
from image.testing.machine import Machine
from image.testing.record import Row
from image.testing.trial import COMMAND_LIMIT_S, Trial, ready, settled_down

STEP = "faults"
_BUSY_S = 15
_SERVICES = ("kith-guard.service", "kith.service")


def faults(trial: Trial) -> None:
    """All in one start."""
    device = trial.settled(STEP)
    with device.power_on() as machine:
        with trial.record.row(STEP, "started") as row:
            ready(machine, row)
            settled_down(machine)
        for service in _SERVICES:
            for how, words in (("kill", "killed"), ("hang", "hung (SIGSTOP)")):
                with trial.record.row(STEP, f"{service} {words}") as row:
                    _hurt(machine, row, service, how)
        with trial.record.row(STEP, "kith.service made to outgrow its memory") as row:
            _hurt(machine, row, "kith.service", "fill")
        with trial.record.row(STEP, "all memory of the device taken by another program") as row:
            hog = "python3 -c 'a=[]\nwhile 1: a.append(b\"x\"*(8<<20))'"
            _outlived(machine, row, f"systemd-run --quiet --pipe --wait --collect {hog}; echo status $?")
        with trial.record.row(STEP, f"both processors taken by eight others for {_BUSY_S} s") as row:
            loops = f"for i in 1 2 3 4 5 6 7 8; do timeout {_BUSY_S} sh -c 'while :; do :; done' & done; wait"
            _outlived(machine, row, loops)


def _hurt(machine: Machine, row: Row, service: str, how: str) -> None:
    others = {each: _restarts(machine, each) for each in _SERVICES if each != service}
    told = objects_of(machine.guest.run(root_program("faults", service, how), COMMAND_LIMIT_S).out)
    row.check(bool(told) and bool(told[-1]["back"]), "back" if told and told[-1]["back"] else "not back")
    if told:
        row.note(f"ended after {told[-1]['noticed_s']} s, ready again after {told[-1]['ready_s']} s")
        row.check(told[-1]["restarts"] == 1, f"{told[-1]['restarts']} restart")
    for each, before in others.items():
        row.check(_restarts(machine, each) == before, f"{each} went on")


def _outlived(machine: Machine, row: Row, script: str) -> None:
    before = {each: _restarts(machine, each) for each in _SERVICES}
    said = machine.guest.run(script, COMMAND_LIMIT_S).out.splitlines()
    row.note(said[-1] if said else "over")
    for each, count in before.items():
        now = _restarts(machine, each)
        row.check(now == count, f"{each}: {now - count} restarts")


def _restarts(machine: Machine, service: str) -> int:
    return int(machine.guest.output(f"systemctl show {service} -p NRestarts --value"))
