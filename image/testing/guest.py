"""Commands run as root in the machine: through a kernel argument and a serial port that only QEMU has.

Nothing for it is in the image. systemd takes a unit from a credential on the kernel's command line; that unit
runs the first line that comes through the port.
"""

from __future__ import annotations

import base64
import json
import queue
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from image import ImageError

PORT = "kith-test"
_UNIT = """[Unit]
Description=Test
[Service]
ExecStart=/usr/bin/python3 -c "import glob,json;p=open(glob.glob('/dev/vport*')[0],'rb+',0);\
exec(json.loads(p.readline()))"
StandardError=journal+console
OOMScoreAdjust=-1000
"""
_AGENT = """
import subprocess, sys, threading
write = threading.Lock()
def tell(**said):
    with write: p.write(json.dumps(said).encode() + b'\\n')
def work(id, run):
    child = subprocess.Popen(['/bin/sh', '-c', run], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT)
    for line in child.stdout: tell(id=id, line=line.decode('utf-8', 'replace').rstrip('\\n'))
    tell(id=id, status=child.wait())
tell(id=0, status=0)
while True:
    asked = p.readline()
    if asked: threading.Thread(target=work, kwargs=json.loads(asked), daemon=True).start()
    else:
        import time; time.sleep(0.1)
"""
_END = object()


def kernel_arguments() -> str:
    """What makes the unmodified image listen to `Guest`."""
    unit = base64.b64encode(_UNIT.encode()).decode()
    credential = f"systemd.set_credential_binary=systemd.extra-unit.kith-test.service:{unit}"
    return f"{credential} systemd.wants=kith-test.service"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What a command printed on both its outputs, and its status."""

    status: int
    out: str


class GuestGone(ImageError):
    """The machine did not answer in time, or is off."""


class Guest:
    """The other end of the port. Belongs to one machine."""

    def __init__(self, port: socket.socket) -> None:
        self._port = port
        self._answers: dict[int, queue.SimpleQueue[Any]] = {0: queue.SimpleQueue()}
        self._lock, self._next, self._up = threading.Lock(), 1, False
        # Read by the machine as soon as its unit runs.
        port.sendall(json.dumps(_AGENT).encode() + b"\n")
        threading.Thread(target=self._read, name="guest", daemon=True).start()

    def ready(self, limit_s: float) -> None:
        """Wait until commands are taken. Raises GuestGone."""
        if not self._up:
            for _ in self._each(0, limit_s):
                pass
            self._up = True

    def run(self, script: str, limit_s: float = 60.0) -> Ran:
        """Run lines of sh. Raises GuestGone."""
        lines: list[str] = []
        for said in self.follow(script, limit_s):
            if isinstance(said, int):
                return Ran(status=said, out="\n".join(lines))
            lines.append(said)
        raise GuestGone("the machine ended amid a command")

    def output(self, script: str, limit_s: float = 60.0) -> str:
        """As `run`, but raises ImageError where it fails."""
        ran = self.run(script, limit_s)
        if ran.status:
            raise ImageError(f"in the machine, status {ran.status}: {script.strip()}\n{ran.out}")
        return ran.out

    def follow(self, script: str, limit_s: float = 60.0) -> Iterator[str | int]:
        """Run it and give every line as it comes, then the status. Raises GuestGone."""
        with self._lock:
            number, self._next = self._next, self._next + 1
            self._answers[number] = queue.SimpleQueue()
            try:
                self._port.sendall(json.dumps({"id": number, "run": script}).encode() + b"\n")
            except OSError as error:
                raise GuestGone(f"the machine is off: {error}") from error
        yield from self._each(number, limit_s)

    def _each(self, number: int, limit_s: float) -> Iterator[str | int]:
        end_s = time.monotonic() + limit_s
        while True:
            try:
                said = self._answers[number].get(timeout=max(end_s - time.monotonic(), 0.01))
            except queue.Empty:
                raise GuestGone(f"the machine did not answer within {limit_s:.0f} s") from None
            if said is _END:
                # For whoever asks next.
                self._answers[number].put(_END)
                raise GuestGone("the machine ended amid a command")
            yield said["line"] if "line" in said else int(said["status"])
            if "status" in said:
                return

    def _read(self) -> None:
        with suppress(OSError), self._port.makefile("rb") as lines:
            for line in lines:
                with suppress(ValueError):
                    said = json.loads(line)
                    self._answers[said["id"]].put(said)
        with self._lock:
            for each in self._answers.values():
                each.put(_END)
