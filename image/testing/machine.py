"""A computer in QEMU: power on, its console, its firmware's flag, and the plug that can be pulled."""

from __future__ import annotations

import json
import queue
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from image import ImageError
from image.testing.card import Card
from image.testing.console import Console, ConsoleLine
from image.testing.guest import PORT, Guest
from image.tools_tree import ToolsTree

_GONE_WITHIN_S = 10.0
_SOUND_HZ = 22050
"""As Kith makes its sounds, so that they are recorded as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """How QEMU plays a board. console: the name of its serial port; guest: there is a port for commands."""

    name: str
    console: str
    arguments: tuple[str, ...]
    drive: str
    filters: frozenset[str]
    guest: bool = False
    device_tree: str | None = None


BOARDS: Mapping[str, Board] = {
    board.name: board
    for board in (
        Board(
            name="virt",
            console="ttyAMA0",
            arguments=("-M", "virt", "-cpu", "cortex-a72", "-smp", "2", "-m", "1024"),
            drive="if=virtio,format=raw",
            filters=frozenset({"pi4"}),
            guest=True,
        ),
        Board(
            name="raspi3b",
            console="ttyS1,115200",
            arguments=("-M", "raspi3b", "-serial", "null"),
            drive="if=sd,format=raw",
            filters=frozenset({"pi3"}),
            device_tree="bcm2837-rpi-3-b.dtb",
        ),
        Board(
            name="raspi4b",
            console="ttyS1,115200",
            arguments=("-M", "raspi4b", "-serial", "null"),
            drive="if=sd,format=raw",
            filters=frozenset({"pi4"}),
            device_tree="bcm2711-rpi-4-b.dtb",
        ),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernel:
    """What is started; paths within the repository."""

    kernel: Path
    initrd: Path | None
    command_line: str
    device_tree: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    """What may be plugged in. sound: where what is played is recorded as a WAV; ssh_port: the port of this
    machine that leads to the device's 22; writes: where every write to the card is logged, for `writes`."""

    sound: Path | None = None
    ssh_port: int | None = None
    writes: Path | None = None


def qemu_arguments(board: Board, card: Path, kernel: Kernel, extras: Extras) -> list[str]:
    """QEMU's command, but for the two sockets that a started machine adds."""
    command = ["qemu-system-aarch64", *board.arguments, "-accel", "tcg,thread=multi", "-display", "none"]
    # A restart ends QEMU: the firmware is asked anew what to start.
    command += ["-nodefaults", "-no-reboot", "-serial", "stdio", "-monitor", "none"]
    command += _drive(board, card, extras.writes)
    command += ["-kernel", str(kernel.kernel), "-append", kernel.command_line]
    if kernel.initrd is not None:
        command += ["-initrd", str(kernel.initrd)]
    if kernel.device_tree is not None:
        command += ["-dtb", str(kernel.device_tree)]
    if extras.sound is not None:
        command += ["-audiodev", f"wav,id=sound,path={extras.sound},out.frequency={_SOUND_HZ}"]
        command += ["-device", "qemu-xhci", "-device", "usb-audio,audiodev=sound"]
    if extras.ssh_port is not None:
        command += ["-netdev", f"user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:{extras.ssh_port}-:22"]
        command += ["-device", "virtio-net-pci,netdev=net,romfile="]
    return command


def _drive(board: Board, card: Path, writes: Path | None) -> list[str]:
    if writes is None:
        return ["-drive", f"file={card},{board.drive}"]
    nodes = [f"driver=file,filename={card},node-name=card", f"driver=file,filename={writes},node-name=writes"]
    nodes.append("driver=blklogwrites,node-name=disk,file=card,log=writes")
    return [*(word for node in nodes for word in ("-blockdev", node)), "-device", "virtio-blk-pci,drive=disk"]


class Machine:
    """Switched on when it is made; off at the end of a `with`. QEMU itself tells a reset from an end."""

    def __init__(
        self,
        tools: ToolsTree,
        board: Board,
        card: Card,
        kernel: Kernel,
        log: Path,
        extras: Extras | None = None,
        tell: Callable[[ConsoleLine], None] = lambda line: None,
    ) -> None:
        arguments = qemu_arguments(board, card.path, kernel, extras or Extras())
        self._control, theirs = socket.socketpair()
        sockets = [theirs]
        arguments += [
            "-chardev",
            f"socket,id=control,fd={theirs.fileno()}",
            "-mon",
            "chardev=control,mode=control",
        ]
        self._guest: Guest | None = None
        if board.guest:
            ours, port = socket.socketpair()
            sockets.append(port)
            arguments += ["-device", "virtio-serial-pci", "-chardev", f"socket,id=port,fd={port.fileno()}"]
            arguments += ["-device", f"virtserialport,chardev=port,name={PORT}"]
            self._guest = Guest(ours)
        self._process = subprocess.Popen(
            tools.argv(arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[each.fileno() for each in sockets],
        )
        for each in sockets:
            each.close()
        assert self._process.stdout is not None
        self.console = Console(self._process.stdout, log, tell)
        self._pulled_s = 0.0
        self._events: list[dict[str, Any]] = []
        self._replies: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        threading.Thread(target=self._listen, name="control", daemon=True).start()
        self._say("qmp_capabilities")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cut()

    @property
    def guest(self) -> Guest:
        """Runs commands in it. Raises ImageError on a board that has no port for them."""
        if self._guest is None:
            raise ImageError("this board has no port for commands")
        return self._guest

    @property
    def on(self) -> bool:
        """Whether it has power."""
        return self._process.poll() is None

    def wait(self, pattern: str, limit_s: float, *, after: int = 0) -> ConsoleLine:
        """A line of the console; see Console.wait."""
        return self.console.wait(pattern, limit_s, after=after)

    def cut(self) -> float:
        """Pull the plug: nothing is told to anybody. The seconds since power on."""
        self.pull()
        at_s = self._pulled_s
        self._process.wait(_GONE_WITHIN_S)
        self.console.join(_GONE_WITHIN_S)
        self._control.close()
        return at_s

    def pull(self) -> None:
        """As `cut`, but do not wait for anything; from any thread."""
        if self.on:
            self._process.send_signal(signal.SIGKILL)
            self._pulled_s = self.console.now_s()

    def ended(self, limit_s: float) -> str:
        """Wait until it ended by itself: "reset" or "off". Raises ImageError."""
        try:
            self._process.wait(limit_s)
        except subprocess.TimeoutExpired:
            raise ImageError(f"the machine did not end within {limit_s:.0f} s") from None
        self.console.join(_GONE_WITHIN_S)
        reasons = [each["data"]["reason"] for each in self._events if each["event"] == "SHUTDOWN"]
        if not reasons:
            last = "\n".join(line.text for line in self.console.lines[-5:])
            raise ImageError(f"QEMU ended with status {self._process.returncode}: {last}")
        return "reset" if reasons[-1] == "guest-reset" else "off"

    def _say(self, command: str, limit_s: float = 30.0) -> None:
        self._control.sendall(json.dumps({"execute": command}).encode() + b"\n")
        with suppress(queue.Empty):
            # Empty where QEMU is gone.
            self._replies.get(timeout=limit_s)

    def _listen(self) -> None:
        with suppress(OSError, ValueError), self._control.makefile("rb") as lines:
            for line in lines:
                said = json.loads(line)
                if "event" in said:
                    self._events.append(said)
                elif "QMP" not in said:
                    self._replies.put(said)
        self._replies.put({})
