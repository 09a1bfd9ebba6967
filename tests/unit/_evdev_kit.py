"""Input devices in a directory: FIFOs that real records of the kernel's kind are written to."""

from __future__ import annotations

import fcntl
import os
import struct
import termios
import time
from collections.abc import Callable
from pathlib import Path

from kith.drivers.evdev_button import EV_KEY, EV_SYN, RECORD, SYN_REPORT
from kith.drivers.evdev_keys import KEYS
from kith.types import ButtonEdge

ENTER, VOLUME = KEYS["KEY_ENTER"], KEYS["KEY_VOLUMEUP"]


def record(kind: int, code: int, value: int, at_s: float = 0.0) -> bytes:
    seconds = int(at_s)
    return RECORD.pack(seconds, round((at_s - seconds) * 1e6), kind, code, value)


SYN = record(EV_SYN, SYN_REPORT, 0)


def key(code: int, value: int) -> bytes:
    return record(EV_KEY, code, value) + SYN


class Inputs:
    """Stands for /sys/class/input and /dev/input."""

    def __init__(self, root: Path) -> None:
        self.roots = root / "sys", root / "dev"
        for each in self.roots:
            each.mkdir()
        self._writers: dict[str, int] = {}

    def plug(self, event: str, name: str) -> None:
        """There it is. First what it is read by, then what it is found by, as with the kernel."""
        fifo = self.roots[1] / event
        os.mkfifo(fifo)
        self._writers[event] = os.open(fifo, os.O_RDWR)
        self.describe(event, name)

    def describe(self, event: str, name: str) -> None:
        (self.roots[0] / event / "device").mkdir(parents=True)
        (self.roots[0] / event / "device" / "name").write_text(name + "\n", encoding="utf-8")

    def write(self, event: str, data: bytes) -> None:
        os.write(self._writers[event], data)

    def is_read(self, event: str) -> bool:
        """Whether all that was written has been taken."""
        (left,) = struct.unpack("i", fcntl.ioctl(self._writers[event], termios.FIONREAD, bytes(4)))
        return bool(left == 0)

    def unplug(self, event: str) -> None:
        """The node and its name go, and who reads it is told by the end of it."""
        (self.roots[0] / event / "device" / "name").unlink()
        (self.roots[0] / event / "device").rmdir()
        (self.roots[0] / event).rmdir()
        (self.roots[1] / event).unlink()
        os.close(self._writers.pop(event))

    def close(self) -> None:
        for writer in self._writers.values():
            os.close(writer)


def wait_for(condition: Callable[[], bool], within_s: float = 5.0) -> None:
    until_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < until_s, "it did not come"
        time.sleep(0.002)


class Listened:
    """The edges that came."""

    def __init__(self) -> None:
        self.edges: list[ButtonEdge] = []

    @property
    def downs(self) -> list[bool]:
        return [edge.down for edge in self.edges]

    def wait_for(self, *downs: bool) -> None:
        wait_for(lambda: self.downs == list(downs))
