"""In the machine, as root: `SERVICE kill|hang|fill`: hurt a service, tell how soon systemd has it back.

Times are systemd's own, of the monotonic clock. fill: a process in its control group takes memory.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

LIMIT_S = 120.0
PIECE_BYTES = 8 * 1024**2


def main() -> None:
    """The command."""
    service, how = sys.argv[1:]
    before = shown(service)
    began_ns = time.monotonic_ns()
    match how:
        case "kill":
            os.kill(int(before["MainPID"]), signal.SIGKILL)
        case "hang":
            # Off until here: an emulated processor, shared with others, is now and then late by itself.
            watchdogs(on=True)
            os.kill(int(before["MainPID"]), signal.SIGSTOP)
        case "fill":
            fill(service)
    end_ns = began_ns + int(LIMIT_S * 1e9)
    while time.monotonic_ns() < end_ns:
        after = shown(service)
        if after["NRestarts"] != before["NRestarts"] and after["ActiveState"] == "active":
            break
        time.sleep(0.1)
    watchdogs(on=False)
    print(json.dumps(answer(before, after, began_ns)))


def watchdogs(*, on: bool) -> None:
    """Whether systemd ends what does not answer."""
    subprocess.run(["systemctl", "service-watchdogs", "yes" if on else "no"], check=True)


def shown(service: str) -> dict[str, str]:
    """What systemd says of it."""
    names = "MainPID,NRestarts,ActiveState,ActiveExitTimestampMonotonic,ActiveEnterTimestampMonotonic"
    out = subprocess.run(
        ["systemctl", "show", service, "-p", names], capture_output=True, text=True, check=True
    ).stdout
    return dict(line.split("=", 1) for line in out.splitlines())


def answer(before: dict[str, str], after: dict[str, str], began_ns: int) -> dict[str, object]:
    """back: whether it runs again; seconds from the hurt to its end, and to "ready"."""
    began_us = began_ns // 1000
    return {
        "back": after["ActiveState"] == "active" and after["NRestarts"] != before["NRestarts"],
        "restarts": int(after["NRestarts"]) - int(before["NRestarts"]),
        "noticed_s": round((int(after["ActiveExitTimestampMonotonic"]) - began_us) / 1e6, 2),
        "ready_s": round((int(after["ActiveEnterTimestampMonotonic"]) - began_us) / 1e6, 2),
    }


def fill(service: str) -> None:
    """Take memory from within its control group until the kernel ends that."""
    if os.fork() == 0:
        Path(f"/sys/fs/cgroup/system.slice/{service}/cgroup.procs").write_text(
            str(os.getpid()), encoding="utf-8"
        )
        kept = []
        while True:
            kept.append(os.urandom(1) * PIECE_BYTES)


if __name__ == "__main__":
    main()
