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
_SLOW = "[Service]\nTimeoutStartSec=600\n"
_END = object()


def guest_arguments() -> str:
    """Kernel arguments that make the unmodified image listen to `Guest`."""
    return f"{_credential('systemd.extra-unit.kith-test.service', _UNIT)} systemd.wants=kith-test.service"


def slow_arguments() -> str:
    """Kernel arguments for a processor that is emulated, far slower than a Pi, and shared.

    What is slow to start is not given up, and no watchdog bites until `systemctl service-watchdogs yes`. Page
    table isolation, which flushes QEMU's own tables at every call of the kernel, would double all times.
    """
    patient = " ".join(
        _credential(f"systemd.unit-dropin.{unit}.service~emulated", _SLOW)
        for unit in ("kith-guard", "kith-first-boot")
    )
    quick = "kpti=off mitigations=off"
    return f"{patient} systemd.default_timeout_start_sec=600 systemd.service_watchdogs=no {quick}"


def _credential(name: str, text: str) -> str:
    return f"systemd.set_credential_binary={name}:{base64.b64encode(text.encode()).decode()}"


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
