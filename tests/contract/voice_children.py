"""Voices that go wrong on purpose, run by `SpeechProcess` as it runs the real ones: the first argument after
the parent's pid says how."""

from __future__ import annotations

import os
import signal
import sys
import time

from kith.drivers.speech_child import ChildEnd, Kind


def main(parent_pid: str, trouble: str) -> None:
    end = ChildEnd(int(parent_pid))
    if trouble == "never-ready":
        time.sleep(60)
    end.send(Kind.READY, 0, b"22050")
    while True:
        utterance, text = end.next_text()
        if trouble == "silent":
            os._exit(1)
        end.send(Kind.SAMPLES, utterance, b"\x10\x20" * 500)
        if text == "ill":
            go_wrong(end, trouble)
        if trouble == "late":
            # Of an utterance that nobody asked for any more.
            end.send(Kind.SAMPLES, utterance - 1, b"\x01\x01" * 500)
            end.send(Kind.FAILED, utterance - 1, b"too late")
        end.send(Kind.FAILED if text == "refuse" else Kind.END, utterance)


def go_wrong(end: ChildEnd, trouble: str) -> None:
    if trouble == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    if trouble == "babbles":
        os.write(end._out.fileno(), b"Segmentation fault, core not dumped\n" * 3)
    time.sleep(60)


if __name__ == "__main__":
    main(*sys.argv[1:])
