"""What the guard writes and sends never waits for whoever reads it."""

from __future__ import annotations

import os
import socket
import threading
import time
from pathlib import Path

import pytest

from kith.clock import NS_PER_MS
from kith.errors import InputError
from kith.guard.lines import LineWriter
from kith.guard.link import LinkSender, Pace
from kith.guard.messages import ProximityLevel, decode
from kith.guard.options import SOCKET, parse
from kith.guard.ports import Level
from kith.runtime.notify import Notifier

AT_ONCE_S = 0.5
"""For hundreds of calls on a machine that is busy with other tests; one that waits, waits for ever."""


def message(sequence: int = 1) -> ProximityLevel:
    return ProximityLevel(
        epoch=1, sequence=sequence, at_ns=5, level=Level.NEAR, position=None, sensors=(), muffled=True
    )


# --- lines ------------------------------------------------------------------------------------------------


def test_a_writer_that_nobody_reads_drops_and_counts_and_tells_later() -> None:
    reader, descriptor = os.pipe()
    writer = LineWriter(descriptor, name="test", capacity=8)
    writer.start()
    began_s = time.monotonic()
    for index in range(5000):
        writer.write(f"{index} {'x' * 60}")
    assert time.monotonic() - began_s < AT_ONCE_S
    assert writer.dropped > 1000
    read: list[bytes] = []

    def drain() -> None:
        while chunk := os.read(reader, 65536):
            read.append(chunk)

    draining = threading.Thread(target=drain)
    draining.start()
    writer.close(timeout_s=10)
    os.close(descriptor)
    draining.join()
    os.close(reader)
    lines = b"".join(read).decode().splitlines()
    told = [line for line in lines if "lines were lost" in line]
    assert sum(int(line.split()[1]) for line in told) == writer.dropped
    assert len(lines) - len(told) + writer.dropped == 5000


def test_a_writer_s_end_waits_no_longer_than_it_is_told() -> None:
    reader, descriptor = os.pipe()
    writer = LineWriter(descriptor, name="test", capacity=100_000)
    writer.start()
    for _ in range(2000):
        writer.write("x" * 100)
    began_s = time.monotonic()
    writer.close(timeout_s=0.1)
    assert 0.05 < time.monotonic() - began_s < 0.1 + AT_ONCE_S
    os.close(reader)  # the thread's write fails, and it ends
    os.close(descriptor)


def test_a_writer_without_anybody_at_the_other_end_goes_on() -> None:
    reader, descriptor = os.pipe()
    os.close(reader)
    writer = LineWriter(descriptor, name="test")
    writer.start()
    for _ in range(3):
        writer.write("x")
    writer.close(timeout_s=5)
    os.close(descriptor)
    assert writer.dropped >= 3


# --- the link ---------------------------------------------------------------------------------------------


def test_it_sends_to_whoever_is_there_now(tmp_path: Path) -> None:
    paths = [str(tmp_path / name) for name in ("guard.sock", "doctor.sock")]
    sender = LinkSender(paths)
    assert sender.send(message(1)) == 0
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as doctor:
        doctor.bind(paths[1])
        assert sender.send(message(2)) == 1
        assert decode(doctor.recv(512)) == message(2)
    assert sender.send(message(3)) == 0  # its file is there, and nobody behind it
    Path(paths[0]).mkdir()
    assert sender.send(message(4)) == 0
    sender.close()
    assert sender.send(message(5)) == 0
    sender.close()


def test_it_never_waits_for_one_that_does_not_read(tmp_path: Path) -> None:
    path = str(tmp_path / "guard.sock")
    sender = LinkSender([path])
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as main:
        main.bind(path)
        began_s = time.monotonic()
        taken = sum(sender.send(message(index)) for index in range(2000))
        assert time.monotonic() - began_s < AT_ONCE_S
        assert 0 < taken < 2000
        main.setblocking(False)
        while taken:
            main.recv(512)
            taken -= 1
        assert sender.send(message(9999)) == 1
        assert decode(main.recv(512)) == message(9999)
    sender.close()


def test_the_supervisor_is_not_waited_for_either(tmp_path: Path) -> None:
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(path)
        notifier = Notifier({"NOTIFY_SOCKET": path})
        began_s = time.monotonic()
        for _ in range(2000):
            notifier.watchdog()
        assert time.monotonic() - began_s < AT_ONCE_S
        assert supervisor.recv(64) == b"WATCHDOG=1"


# --- how regularly a sensor answers -----------------------------------------------------------------------


def test_interval_and_jitter_of_readings() -> None:
    pace = Pace()
    assert (pace.interval_ms, pace.jitter_ms) == (None, None)
    at_ns = 0
    pace.note(at_ns)
    assert (pace.interval_ms, pace.jitter_ms) == (None, None)
    for _ in range(100):
        at_ns += 60 * NS_PER_MS
        pace.note(at_ns)
    assert (pace.interval_ms, pace.jitter_ms) == (60, 0)
    at_ns += 85 * NS_PER_MS
    pace.note(at_ns)
    assert pace.jitter_ms == 25
    for _ in range(60):
        at_ns += 60 * NS_PER_MS
        pace.note(at_ns)
    assert pace.jitter_ms == 25  # still lately
    for _ in range(130):
        at_ns += 60 * NS_PER_MS
        pace.note(at_ns)
    assert (pace.interval_ms, pace.jitter_ms) == (60, 0)
    for _ in range(100):
        at_ns += 20 * NS_PER_MS
        pace.note(at_ns)
    assert pace.interval_ms == 20


def test_two_readings_of_one_time_are_no_interval() -> None:
    pace = Pace()
    for at_ns in (10, 10, 5):
        pace.note(at_ns)
    assert pace.interval_ms is None


# --- the command line -------------------------------------------------------------------------------------


def test_options_come_from_the_command_line_then_from_the_surroundings() -> None:
    environ = {"KITH_CONFIG": "/etc/kith.toml", "KITH_GUARD_SOCKET": "/run/x.sock"}
    options = parse([], {})
    assert options is not None
    assert (options.config, options.link, options.seconds) == (None, SOCKET, None)
    options = parse([], environ)
    assert options is not None
    assert (options.config, options.link) == ("/etc/kith.toml", "/run/x.sock")
    options = parse(["--config=a.toml", "--link", "b.sock", "--seconds", "2.5", "--trace=t"], environ)
    assert options is not None
    assert (options.config, options.link, options.seconds, options.trace) == ("a.toml", "b.sock", 2.5, "t")


def test_a_socket_may_be_named_as_long_as_it_can_be_sent_to(tmp_path: Path) -> None:
    options = parse(["--link", str(tmp_path / "s").ljust(107, "s")], {})
    assert options is not None
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as main:
        main.bind(options.link)
        sender = LinkSender([options.link])
        assert sender.send(message()) == 1
        sender.close()


def test_help_wins() -> None:
    assert parse(["--help"], {}) is None
    assert parse(["--seconds", "1", "-h"], {}) is None


@pytest.mark.parametrize(
    "words",
    [
        ["-x"],
        ["--x"],
        ["config"],
        ["--config"],
        ["--config="],
        ["--trace", ""],
        ["--link", ""],
        ["--link", "x" * 108],
        ["--link", "ü" * 54],
        ["--seconds", "0"],
        ["--seconds=x"],
    ],
)
def test_what_is_wrong_is_named(words: list[str]) -> None:
    with pytest.raises(InputError, match=words[0].partition("=")[0]):
        parse(words, {})
