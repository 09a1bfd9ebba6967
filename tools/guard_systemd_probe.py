"""Runs in the container of guard_systemd.py: hangs and kills the guard, and asks systemd what came of it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

UNIT = "kith-guard.service"
TIMES = 10
_POLICIES = {os.SCHED_FIFO: "fifo", os.SCHED_OTHER: "other"}


def said_by(*command: str) -> str:
    """What a command prints."""
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def show(prop: str) -> str:
    """A property of the unit."""
    return said_by("systemctl", "show", UNIT, "--value", "-p", prop)


def say(text: str) -> None:
    """One line on the console."""
    print(f"kith-probe: {text}", flush=True)


def wait_active(after_us: int, timeout_s: float = 5.0) -> int | None:
    """When the unit, by systemd's own clock, became active after this; None when it did not."""
    until_s = time.monotonic() + timeout_s
    while time.monotonic() < until_s:
        entered_us = int(show("ActiveEnterTimestampMonotonic") or 0)
        if entered_us > after_us and show("SubState") == "running":
            return entered_us
        time.sleep(0.02)
    return None


def trial(name: str, number: signal.Signals) -> None:
    """Send a signal to the guard and say how long it was away."""
    time.sleep(0.7)
    hit_us = time.monotonic_ns() // 1000
    os.kill(int(show("MainPID")), number)
    back_us = wait_active(hit_us)
    away = "never came again" if back_us is None else f"ready again after {(back_us - hit_us) / 1e3:.0f} ms"
    say(f"{name}: {away}")


def describe() -> None:
    """How the guard runs here."""
    pid = int(show("MainPID"))
    status = Path(f"/proc/{pid}/status").read_text()
    memory_kib = int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")))
    version = said_by("systemctl", "--version").split()[1]
    policy = _POLICIES.get(os.sched_getscheduler(pid), "?")
    say(f"systemd {version}, {policy}, {memory_kib / 1024:.1f} MiB; the guard says: {show('StatusText')}")


def main() -> None:
    """All trials, then off."""
    if wait_active(0, 15.0) is None:
        say("the guard did not start")
        say(said_by("journalctl", "-b", "-u", UNIT, "-n", "30", "--no-pager").replace("\n", " | "))
    else:
        describe()
        for _ in range(TIMES):
            trial("hung (SIGSTOP)", signal.SIGSTOP)
        for _ in range(TIMES):
            trial("killed (SIGKILL)", signal.SIGKILL)
        say(f"systemd counts {show('NRestarts')} restarts")
        say("done")
    subprocess.run(["systemctl", "poweroff", "--no-block"], check=False)


if __name__ == "__main__":
    main()
