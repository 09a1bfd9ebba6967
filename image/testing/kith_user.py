"""Commands in the machine that run as the user kith, with what its service has."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

_INSIDE = Path(__file__).parent / "inside"
_MOUNTED = "until mountpoint -q /var/lib/kith; do sleep 0.2; done\n"


def as_kith(command: str, given: str = "") -> str:
    """A line of sh that runs `command` as kith, with `given` as its input."""
    words = "systemd-run --quiet --pipe --wait --collect -p User=kith"
    words += " -p 'SupplementaryGroups=audio video gpio input'"
    words += " -p UMask=0077 -p WorkingDirectory=/tmp -E KITH_HOME=/opt/kith -E PYTHONPATH=/opt/kith/lib"
    words += " -E KITH_DATA_MOUNT=/data"
    return (
        f"{words} {command} <<'KITH-END'\n{given}\nKITH-END\n" if given else f"{words} {command} </dev/null\n"
    )


def program(name: str, *arguments: str) -> str:
    """A script that runs a program of `inside` as kith, as soon as the data partition is mounted."""
    source = (_INSIDE / f"{name}.py").read_text(encoding="utf-8")
    return _MOUNTED + as_kith(shlex.join(["/usr/bin/python3", "-B", "-", *arguments]), source)


def root_program(name: str, *arguments: str) -> str:
    """A script that runs a program of `inside` as root, by the standard library alone."""
    source = (_INSIDE / f"{name}.py").read_text(encoding="utf-8")
    return f"{shlex.join(['/usr/bin/python3', '-B', '-', *arguments])} <<'KITH-END'\n{source}\nKITH-END\n"


def objects_of(out: str) -> list[dict[str, Any]]:
    """The lines of an output that are JSON objects."""
    found = []
    for line in out.splitlines():
        if line.startswith("{"):
            found.append(json.loads(line))
    return found
