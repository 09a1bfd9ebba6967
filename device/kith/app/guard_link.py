"""The main daemon's end of the link: reads what the guard tells, and never answers."""

from __future__ import annotations

import logging
import os
import select
import socket
import stat
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from kith.errors import HardwareError
from kith.guard.messages import LARGEST_BYTES, ProximityLevel, decode

_LOG = logging.getLogger(__name__)
_RUNTIME_DIRECTORY = "/run/kith"
_LOOK_AFTER_S = 0.5
"""So soon a socket whose file was deleted is bound anew."""
_BATCH = 32
_BREATH_S = 0.01
"""Between two batches: a flood of datagrams must not keep the rest of the daemon from its work."""
_PUT_AGAIN_S = 1.0


def guard_socket(environ: Mapping[str, str] = os.environ) -> Path:
    """Where the guard sends to: $KITH_GUARD_SOCKET, else guard.sock in the runtime directory."""
    if named := environ.get("KITH_GUARD_SOCKET"):
        return Path(named)
    return Path(environ.get("RUNTIME_DIRECTORY", _RUNTIME_DIRECTORY).split(":")[0]) / "guard.sock"


def doctor_socket(environ: Mapping[str, str] = os.environ) -> Path:
    """Where the guard sends to as well, while a doctor listens there."""
    return guard_socket(environ).with_name("doctor.sock")


@dataclass(frozen=True, slots=True)
class GuardSpoke:
    """There is news of the guard. take: the newest message, once; None when it was taken before."""

    take: Callable[[], ProximityLevel | None]


class Ear:
    """A socket that the guard sends to. It belongs to one thread."""

    def __init__(self, path: Path) -> None:
        """Listens there, in the place of whoever listened there and is gone. Raises HardwareError."""
        self._path = path
        self._last: ProximityLevel | None = None
        self.foreign = 0
        """Datagrams that are no message of a guard."""
        self.old = 0
        """Messages that came after a newer one."""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        try:
            self._bind()
        except OSError as error:
            self._socket.close()
            raise HardwareError(f"cannot listen to the guard on {path}: {error.strerror or error}") from error

    def wait(self, timeout_s: float) -> bool:
        """Whether something has come within that time."""
        ready, _, _ = select.select([self._socket], [], [], timeout_s)
        return bool(ready)

    def newest(self) -> ProximityLevel | None:
        """The newest message of what waits (at most 32 at once); None when there is none."""
        found: ProximityLevel | None = None
        for _ in range(_BATCH):
            try:
                # One byte more, so that what is too long is seen to be.
                data = self._socket.recv(LARGEST_BYTES + 1, socket.MSG_DONTWAIT)
            except (BlockingIOError, InterruptedError):
                break
            message = decode(data)
            if message is None:
                self.foreign += 1
            elif _is_old(message, self._last):
                self.old += 1
            else:
                found = self._last = message
        return found

    @property
    def in_place(self) -> bool:
        """Whether the file that the guard sends to is still ours."""
        return _identity(self._path) == self._file

    def close(self) -> None:
        """Stop listening, and take the file away if it is ours."""
        if self.in_place:
            with suppress(OSError):
                self._path.unlink()
        self._socket.close()

    def _bind(self) -> None:
        _clear(self._path)
        self._socket.bind(str(self._path))
        self._file = _identity(self._path)
        with suppress(PermissionError):
            # Started by root, as a doctor may be: the guard must be able to send here all the same.
            os.chown(self._path, -1, self._path.parent.stat().st_gid)
        self._path.chmod(0o660)


def listen(path: Path, for_s: float) -> ProximityLevel | None:
    """The newest of what the guard says within so long; None where it says nothing. Raises HardwareError."""
    ear = Ear(path)
    newest: ProximityLevel | None = None
    end_s = time.monotonic() + for_s
    try:
        while (left_s := end_s - time.monotonic()) > 0:
            if ear.wait(left_s):
                newest = ear.newest() or newest
    finally:
        ear.close()
    return newest


class GuardLink:
    """Listens in a thread until it is stopped, whatever becomes of the socket."""

    def __init__(self, path: Path, put: Callable[[GuardSpoke], None]) -> None:
        """put: into the inbox. However much the guard says, at most one GuardSpoke a second lies there."""
        self._path, self._put = path, put
        self._lock = threading.Lock()
        self._newest: ProximityLevel | None = None
        self._put_s = 0.0
        self._complained = False
        self._spoke = GuardSpoke(self._take)

    def work(self, stop: threading.Event) -> None:
        """What the thread does."""
        while not stop.is_set():
            try:
                ear = Ear(self._path)
            except HardwareError as error:
                if not self._complained:
                    self._complained = True
                    _LOG.warning("%s", error)
                stop.wait(_LOOK_AFTER_S)
                continue
            self._complained = False
            try:
                self._listen(ear, stop)
            finally:
                ear.close()

    def _listen(self, ear: Ear, stop: threading.Event) -> None:
        told = 0
        while not stop.is_set() and ear.in_place:
            if not ear.wait(_LOOK_AFTER_S):
                continue
            message = ear.newest()
            if message is not None:
                self._offer(message)
            if ear.foreign and not told:
                told = ear.foreign
                _LOG.warning("somebody else than the guard sends to %s; that is ignored", self._path)
            stop.wait(_BREATH_S)

    def _offer(self, message: ProximityLevel) -> None:
        with self._lock:
            waits = self._newest is not None
            self._newest = message
        now_s = time.monotonic()
        # One that has waited for so long may have been dropped by a full inbox.
        if not waits or now_s - self._put_s >= _PUT_AGAIN_S:
            self._put_s = now_s
            self._put(self._spoke)

    def _take(self) -> ProximityLevel | None:
        with self._lock:
            message, self._newest = self._newest, None
            return message


def _is_old(message: ProximityLevel, last: ProximityLevel | None) -> bool:
    return last is not None and message.epoch == last.epoch and message.sequence <= last.sequence


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _clear(path: Path) -> None:
    """Remove what a daemon that is gone left behind. Raises OSError; one who still listens is left alone."""
    try:
        kind = path.lstat().st_mode
    except FileNotFoundError:
        return
    if stat.S_ISSOCK(kind):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as probe, suppress(ConnectionRefusedError):
            probe.connect(str(path))
            raise OSError(f"somebody else listens there already ({path})")
    path.unlink()
