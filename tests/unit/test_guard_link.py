"""The main daemon's end of the link, with real sockets."""

from __future__ import annotations

import os
import random
import socket
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from kith.app.guard_link import Ear, GuardLink, GuardSpoke, doctor_socket, guard_socket
from kith.errors import HardwareError
from kith.guard.messages import LARGEST_BYTES, ProximityLevel, encode
from kith.guard.ports import Level
from tests.unit._device_kit import PATIENCE_S, until
from tests.unit._guard_kit import message


class Sender:
    """The guard's side: sent and forgotten."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)

    def send(self, what: ProximityLevel | bytes) -> bool:
        try:
            self._socket.sendto(what if isinstance(what, bytes) else encode(what), str(self._path))
        except (BlockingIOError, FileNotFoundError, ConnectionRefusedError):
            return False
        return True

    def close(self) -> None:
        self._socket.close()


class Listening:
    """A link in a thread, and all that it put."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.put: list[GuardSpoke] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=GuardLink(path, self.put.append).work, args=(self._stop,), daemon=True
        )
        self._thread.start()

    def heard(self) -> ProximityLevel:
        """Wait for the next message."""
        end_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < end_s:
            if self.put and (found := self.put.pop(0).take()) is not None:
                return found
            time.sleep(0.005)
        raise AssertionError("nothing was heard")

    def close(self) -> None:
        self._stop.set()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "guard.sock"


@pytest.fixture
def guard(path: Path) -> Iterator[Sender]:
    sender = Sender(path)
    yield sender
    sender.close()


@pytest.fixture
def link(path: Path) -> Iterator[Listening]:
    listening = Listening(path)
    until(lambda: stat.S_ISSOCK(path.stat().st_mode) if path.exists() else False)
    yield listening
    listening.close()


def sends(guard: Sender, make: Callable[[], ProximityLevel | bytes]) -> None:
    """Until one is taken."""
    until(lambda: guard.send(make()))


def test_where_the_guard_sends_to() -> None:
    assert guard_socket({}) == Path("/run/kith/guard.sock")
    assert guard_socket({"RUNTIME_DIRECTORY": "/run/one:/run/two"}) == Path("/run/one/guard.sock")
    assert guard_socket({"RUNTIME_DIRECTORY": "/run/one", "KITH_GUARD_SOCKET": "/x/y"}) == Path("/x/y")
    assert doctor_socket({"KITH_GUARD_SOCKET": "/x/y"}) == Path("/x/doctor.sock")


def test_what_the_guard_says_arrives_and_the_socket_is_the_group_s_too(
    link: Listening, guard: Sender, path: Path
) -> None:
    said = message(100, Level.NEAR)
    assert guard.send(said)
    assert link.heard() == said
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    link.close()
    assert not path.exists()


def test_the_umask_of_the_unit_does_not_shut_the_guard_out(path: Path) -> None:
    before = os.umask(0o077)
    try:
        ear = Ear(path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    ear.close()


@pytest.mark.parametrize("left", ["socket", "file", "link"])
def test_what_a_killed_daemon_left_behind_is_replaced(path: Path, guard: Sender, left: str) -> None:
    if left == "socket":
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as dead:
            dead.bind(str(path))
    elif left == "file":
        path.write_bytes(b"")
    else:
        path.symlink_to(path.with_name("nowhere"))
    link = Listening(path)
    sends(guard, lambda: message(1))
    assert link.heard() == message(1)
    link.close()


def test_a_daemon_that_listens_already_is_left_alone(path: Path, guard: Sender) -> None:
    first = Ear(path)
    with pytest.raises(HardwareError, match="somebody else listens there already"):
        Ear(path)
    assert guard.send(message(1))
    assert first.newest() == message(1)
    first.close()
    Ear(path).close()


@pytest.mark.parametrize("how", ["deleted", "replaced by a file", "replaced by a socket that is dead"])
def test_a_socket_that_was_deleted_is_bound_anew(
    link: Listening, guard: Sender, path: Path, how: str
) -> None:
    assert guard.send(message(1))
    assert link.heard() == message(1)
    path.unlink()
    if how == "replaced by a file":
        path.write_bytes(b"not a socket")
    elif how != "deleted":
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as dead:
            dead.bind(str(path))
    sends(guard, lambda: message(2))
    assert link.heard() == message(2)


def test_a_folder_that_is_not_there_is_said_once_and_may_come_later(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "run" / "guard.sock"
    link, guard = Listening(path), Sender(path)
    until(lambda: bool(caplog.records))
    time.sleep(1.2)
    assert [record.getMessage() for record in caplog.records] == [
        f"cannot listen to the guard on {path}: No such file or directory"
    ]
    path.parent.mkdir()
    sends(guard, lambda: message(1))
    assert link.heard() == message(1)
    link.close()
    guard.close()


def test_a_name_too_long_for_a_socket_is_an_error_in_words(tmp_path: Path) -> None:
    with pytest.raises(HardwareError, match="path too long"):
        Ear(tmp_path / ("x" * 200))


def test_what_is_no_message_is_ignored_counted_and_logged_once(
    path: Path, guard: Sender, caplog: pytest.LogCaptureFixture
) -> None:
    whole = encode(message(1))
    rubbish = [b"", b"x", whole[:-1], whole + b"x", whole * 9, b"\0" * len(whole), bytes(LARGEST_BYTES * 2)]
    ear = Ear(path)
    for each in rubbish:
        assert guard.send(each)
        ear.newest()
    assert guard.send(message(1))
    assert ear.newest() == message(1)
    assert ear.foreign == len(rubbish)
    ear.close()
    link = Listening(path)
    for number, each in enumerate(rubbish):
        sends(guard, lambda each=each: each)  # type: ignore[misc]
        sends(guard, lambda number=number: message(number))  # type: ignore[misc]
        link.heard()
    assert [record.getMessage() for record in caplog.records] == [
        f"somebody else than the guard sends to {path}; that is ignored"
    ]
    link.close()


def test_old_messages_are_ignored_within_an_epoch_and_only_there(path: Path, guard: Sender) -> None:
    ear = Ear(path)

    def hears(epoch: int, sequence: int) -> bool:
        assert guard.send(message(sequence, epoch=epoch, sequence=sequence))
        return ear.newest() is not None

    assert hears(7, 10)
    assert not hears(7, 10)
    assert not hears(7, 9)
    assert hears(7, 11)
    assert hears(3, 1)  # the guard was started anew
    assert not hears(3, 1)
    assert ear.old == 3
    ear.close()


def test_of_what_waits_only_the_newest_is_handed_on(path: Path, guard: Sender) -> None:
    ear = Ear(path)
    for sequence in range(1, 9):
        assert guard.send(message(sequence))
    assert guard.send(b"rubbish")
    assert ear.newest() == message(8)
    assert ear.newest() is None
    ear.close()


def test_a_core_that_does_not_take_is_not_given_more_than_one_a_second(
    link: Listening, guard: Sender
) -> None:
    began_s = time.monotonic()
    for sequence in range(1, 60):
        sends(guard, lambda sequence=sequence: message(sequence))  # type: ignore[misc]
        time.sleep(0.02)
    time.sleep(0.2)
    assert 1 <= len(link.put) <= 1 + (time.monotonic() - began_s)
    assert link.put[0].take() == message(59)
    assert [each.take() for each in link.put] == [None] * len(link.put)
    sends(guard, lambda: message(60))
    until(lambda: link.put[-1].take() == message(60))


def test_a_flood_neither_fills_the_inbox_nor_the_processor(link: Listening, path: Path) -> None:
    stop = threading.Event()
    sent = [0]

    def flood() -> None:
        sender, number = Sender(path), 0
        while not stop.is_set():
            number += 1
            rubbish = random.Random(number).randbytes(number % 90)
            sent[0] += sender.send(message(number) if number % 2 else rubbish)
        sender.close()

    thread = threading.Thread(target=flood)
    thread.start()
    taken = 0
    end_s = time.monotonic() + 1.0
    while time.monotonic() < end_s:
        with suppress(IndexError):
            taken += link.put.pop(0).take() is not None
        time.sleep(0.001)
    stop.set()
    thread.join()
    assert sent[0] > 100
    assert 10 < taken < 110  # a batch each ten milliseconds
    assert len(link.put) <= 2
