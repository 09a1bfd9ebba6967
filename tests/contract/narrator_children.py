"""Narrators that go wrong on purpose, run by `NarratorProcess` as it runs the real ones: the request says
how."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from kith.drivers.narrator_child import NarratorEnd

LINES = {
    "babbles": b"Segmentation fault, core not dumped\n",
    "lists": b"[1, 2]\n",
    "two at once": b'{"text": "a", "end": "done"}\n',
    "numbers": b'{"text": 4}\n',
    "unknown end": b'{"end": "bored"}\n',
    "unknown news": b'{"song": "la"}\n',
    "bytes": b"\xff\xfe\n",
    "endless line": b"x" * (1 << 17),
}


def main(parent_pid: str) -> None:
    end = NarratorEnd(int(parent_pid))
    header, picture = end.request()
    trouble = header["trouble"]
    if trouble == "mute":
        time.sleep(60)
    print("a library that chats")
    print("and complains", file=sys.stderr)
    end.text(f"I got {len(picture)} bytes. ")
    go_wrong(end, trouble)
    end.text("That was all.")
    end.end("done")
    if trouble == "lingers":
        time.sleep(60)


def go_wrong(end: NarratorEnd, trouble: str) -> None:
    if trouble in LINES:
        os.write(end._out, LINES[trouble])
        time.sleep(60)
    elif trouble in TROUBLES:
        TROUBLES[trouble](end)


def dies(_end: NarratorEnd) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def leaves(_end: NarratorEnd) -> None:
    sys.exit(0)


def raises(_end: NarratorEnd) -> None:
    raise ValueError("the secret text")


def hangs(_end: NarratorEnd) -> None:
    time.sleep(60)


def floods(end: NarratorEnd) -> None:
    while True:
        end.text("and so on " * 1000)


def odd_characters(end: NarratorEnd) -> None:
    end.text("\ud800a\x07b\x1b[31mc\n")


def tells_of_itself(end: NarratorEnd) -> None:
    score = Path("/proc/self/oom_score_adj").read_text(encoding="ascii")
    end.text(f"{os.getpriority(os.PRIO_PROCESS, 0)} {score}")


TROUBLES: dict[str, Callable[[NarratorEnd], None]] = {
    "dies": dies,
    "leaves": leaves,
    "raises": raises,
    "hangs": hangs,
    "floods": floods,
    "odd characters": odd_characters,
    "tells of itself": tells_of_itself,
}


if __name__ == "__main__":
    main(*sys.argv[1:])
