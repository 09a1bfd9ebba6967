"""A key of a Bluetooth remote or of a keyboard as the button, from the kernel's input devices (evdev).

See docs/decisions/remote.md, also for why no library reads them.
"""

from __future__ import annotations

import fcntl
import logging
import os
import select
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from kith.clock import Clock
from kith.drivers.evdev_keys import KEYS
from kith.errors import ButtonUnavailable, ConfigError
from kith.types import ButtonEdge

_LOG = logging.getLogger(__name__)

SYS_ROOT, DEV_ROOT = Path("/sys/class/input"), Path("/dev/input")
RECORD = struct.Struct("@LLHHi")
"""struct input_event: seconds and microseconds as long as a pointer is, type, code, value."""
EV_SYN, EV_KEY = 0, 1
SYN_REPORT, SYN_DROPPED = 0, 3
_UP, _DOWN = 0, 1
"""Values of a key; 2 is a repeat."""
_KEYS_BYTES = 96
"""A bit for each of the kernel's 0x300 keys."""
_GET_KEYS = 0x8000_4518 | _KEYS_BYTES << 16
_GRAB, _SET_CLOCK = 0x4004_4590, 0x4004_45A0
"""EVIOCGKEY, EVIOCGRAB and EVIOCSCLOCKID, as they are on arm and x86."""
_LOOK_S = 1.0
_LOST_AFTER_S = 30.0
"""A remote that was never there so long after the start is told of; †. One that is asleep needs a press."""
_CLOSE_WITHIN_S = 2.0

Call = Callable[[], None]


def _nothing() -> None:
    """What nobody asked to be told."""


class EvdevButton:
    """The key of every input device whose name contains `name`, in letters of any size: a remote often is two
    of them. key: as KEY_ENTER (see KEYS); empty: any key. Such a device types for nobody else meanwhile.

    Devices that go away, as remotes do when they sleep, are looked for again every second; a key that was
    held then counts as let go. One that is down when its device is found counts once it came up.
    on_lost, called from the button's thread: no device was found in the first 30 s; on_back: it was found at
    last. Raises ConfigError for a name that is empty and for a key that is unknown.
    """

    def __init__(
        self,
        name: str,
        key: str,
        clock: Clock,
        *,
        on_lost: Call = _nothing,
        on_back: Call = _nothing,
        roots: tuple[Path, Path] = (SYS_ROOT, DEV_ROOT),
    ) -> None:
        """roots: where the kernel tells of its input devices, and where they are."""
        if not name.strip():
            raise ConfigError("button.remote must be part of the name of a remote, not empty")
        if key and key not in KEYS:
            raise ConfigError(
                f"button.remote_key: there is no key '{key}'; it may be KEY_ENTER, KEY_VOLUMEUP or the "
                "like, or empty for any key"
            )
        self._name, self._code, self._clock = name.strip().casefold(), KEYS.get(key), clock
        self._on_lost, self._on_back, self._roots = on_lost, on_back, roots
        self._stop: Call = _nothing

    def start(self, on_edge: Callable[[ButtonEdge], None]) -> None:
        """See ports.Button. A remote that is not there is no reason to raise: it may be asleep. Raises
        ButtonUnavailable where there are no input devices at all."""
        self.close()
        if not self._roots[0].is_dir():
            raise ButtonUnavailable(
                f"this machine has no input devices ({self._roots[0]} is missing): a remote needs a kernel"
                " that has evdev"
            )
        stop_fd, stopping_fd = os.pipe()
        listener = _Listener(self._clock, on_edge, self._code, stop_fd)
        thread = threading.Thread(target=self._run, args=(listener,), name="kith-remote", daemon=True)
        thread.start()

        def stop() -> None:
            listener.stopped = True
            os.close(stopping_fd)  # which ends the wait
            if thread is not threading.current_thread():
                thread.join(_CLOSE_WITHIN_S)

        self._stop = stop

    def close(self) -> None:
        """See ports.Button."""
        stop, self._stop = self._stop, _nothing
        stop()

    def _run(self, listener: _Listener) -> None:
        late_s = time.monotonic() + _LOST_AFTER_S
        missed = found = False
        try:
            while not listener.stopped:
                listener.look(self._roots[1], self._found())
                if listener.listens and not found:
                    found = True
                    if missed:
                        self._on_back()
                elif not (found or missed) and time.monotonic() >= late_s:
                    missed = True
                    self._on_lost()
                listener.listen(_LOOK_S)
        finally:
            listener.close()

    def _found(self) -> list[str]:
        """The input devices of that name, as event3."""
        return [
            entry.name
            for entry in sorted(self._roots[0].glob("event*"))
            if self._name in _text(entry / "device" / "name").casefold()
        ]


@dataclass(slots=True, kw_only=True)
class _Device:
    """One that is open. stamps: its times are those of the monotonic clock; rest: the beginning of a record;
    dropped: the kernel lost some of its events, and the rest of the same moment says nothing."""

    name: str
    fd: int
    stamps: bool
    held: set[int] = field(default_factory=set)
    rest: bytes = b""
    dropped: bool = False


class _Listener:
    """Reads the devices from one start to its close, all in one thread but for `stopped`."""

    def __init__(
        self, clock: Clock, on_edge: Callable[[ButtonEdge], None], code: int | None, stop_fd: int
    ) -> None:
        self._clock, self._on_edge, self._code, self._stop_fd = clock, on_edge, code, stop_fd
        self._devices: dict[int, _Device] = {}
        self._refused: set[str] = set()
        self._poll = select.poll()
        self._poll.register(stop_fd, select.POLLIN)
        self.stopped = False

    @property
    def listens(self) -> bool:
        """Whether any device is open."""
        return bool(self._devices)

    def look(self, root: Path, found: list[str]) -> None:
        """Open those that are not open yet."""
        known = {device.name for device in self._devices.values()}
        for name in found:
            if name not in known:
                self._open(root / name)

    def listen(self, duration_s: float) -> None:
        """Take what comes in this time."""
        until_s = time.monotonic() + duration_s
        while not self.stopped and (left_s := until_s - time.monotonic()) > 0:
            for fd, _ in self._poll.poll(left_s * 1000):
                device = self._devices.get(fd)
                if device is not None and not self.stopped:
                    self._read(device)

    def close(self) -> None:
        """Let all devices go, without a word."""
        for fd in (self._stop_fd, *self._devices):
            os.close(fd)
        self._devices.clear()

    def _open(self, path: Path) -> None:
        try:
            fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        except OSError as error:
            if isinstance(error, PermissionError) and path.name not in self._refused:
                self._refused.add(path.name)
                _LOG.warning(
                    "%s may not be read: let who runs Kith into the group `input`"
                    " (`sudo usermod -aG input USER`)",
                    path,
                )
            return
        stamps = _control(fd, _SET_CLOCK, struct.pack("i", time.CLOCK_MONOTONIC)) is not None
        if _control(fd, _GRAB, 1) is None:
            _LOG.debug("%s cannot be kept from typing", path)
        self._devices[fd] = _Device(name=path.name, fd=fd, stamps=stamps)
        self._poll.register(fd, select.POLLIN)
        _LOG.info("a remote is there: %s", path)

    def _read(self, device: _Device) -> None:
        try:
            read = os.read(device.fd, 64 * RECORD.size)
        except BlockingIOError:
            return
        except OSError:
            read = b""
        if not read:
            self._gone(device)
            return
        device.rest += read
        whole = len(device.rest) // RECORD.size * RECORD.size
        records, device.rest = device.rest[:whole], device.rest[whole:]
        for seconds, microseconds, kind, code, value in RECORD.iter_unpack(records):
            stamp_ns = (seconds * 1_000_000 + microseconds) * 1000 if device.stamps else None
            self._take(device, kind, code, value, stamp_ns)

    def _gone(self, device: _Device) -> None:
        _LOG.debug("a remote is gone: %s", device.name)
        self._poll.unregister(device.fd)
        del self._devices[device.fd]
        os.close(device.fd)
        if device.held and not self._held:
            self._on_edge(ButtonEdge(down=False, at_ns=self._clock.now_ns()))

    @property
    def _held(self) -> bool:
        return any(device.held for device in self._devices.values())

    def _take(self, device: _Device, kind: int, code: int, value: int, stamp_ns: int | None) -> None:
        if kind == EV_SYN and code == SYN_DROPPED:
            device.dropped = True
        elif device.dropped:
            if kind == EV_SYN and code == SYN_REPORT:
                device.dropped = False
                # A release may be among what was lost. A press too, but what is down since who knows when
                # might switch the device off.
                self._holds(device, device.held & _down_now(device.fd), None)
        elif kind == EV_KEY and value in (_UP, _DOWN) and self._code in (None, code):
            held = device.held | {code} if value == _DOWN else device.held - {code}
            self._holds(device, held, stamp_ns)

    def _holds(self, device: _Device, keys: set[int], stamp_ns: int | None) -> None:
        before = self._held
        device.held = keys
        if self._held != before and not self.stopped:
            now_ns = self._clock.now_ns()
            at_ns = now_ns if stamp_ns is None else min(stamp_ns, now_ns)
            self._on_edge(ButtonEdge(down=not before, at_ns=at_ns))


def _control(fd: int, request: int, argument: int | bytes) -> int | bytes | None:
    """An ioctl; None where the file is none of those that know it."""
    try:
        return fcntl.ioctl(fd, request, argument)
    except OSError:
        return None


def _down_now(fd: int) -> set[int]:
    """The keys that are down; none where the kernel does not tell."""
    bits = _control(fd, _GET_KEYS, bytes(_KEYS_BYTES))
    return set(_ones(bits)) if isinstance(bits, bytes) else set()


def _ones(bits: bytes) -> Iterator[int]:
    return (8 * at + bit for at, byte in enumerate(bits) for bit in range(8) if byte >> bit & 1)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""  # It went meanwhile.
