"""Slot, inbox, worker and notifier, with real threads and a real socket."""

import socket
import threading
from pathlib import Path

import pytest

from kith.clock import NS_PER_S, MonotonicClock, VirtualClock
from kith.runtime.inbox import Inbox
from kith.runtime.latest import LatestSlot
from kith.runtime.notify import Notifier
from kith.runtime.worker import Worker


def test_the_newest_wins_and_drops_are_counted() -> None:
    slot: LatestSlot[int] = LatestSlot()
    for value in range(5):
        slot.put(value)
    assert slot.take(0) == 4
    assert slot.dropped == 4
    assert slot.take(0) is None


def test_a_taker_is_woken() -> None:
    slot: LatestSlot[str] = LatestSlot()
    threading.Timer(0.05, slot.put, ["hello"]).start()
    assert slot.take(10) == "hello"


def test_the_inbox_keeps_order_is_bounded_and_never_blocks_the_giver() -> None:
    inbox: Inbox[int] = Inbox(MonotonicClock())
    for value in range(2000):
        inbox.put(value)
    assert inbox.dropped > 0
    assert [inbox.take(0) for _ in range(3)] == [0, 1, 2]


def test_the_inbox_returns_at_its_deadline() -> None:
    clock = MonotonicClock()
    inbox: Inbox[int] = Inbox(clock)
    deadline_ns = clock.now_ns() + NS_PER_S // 20
    assert inbox.take(deadline_ns) is None
    assert clock.now_ns() >= deadline_ns


def test_a_worker_is_restarted_until_its_budget_is_spent() -> None:
    crashes: list[BaseException] = []
    exhausted = threading.Event()

    def work(_: threading.Event) -> None:
        raise RuntimeError("broken")

    worker = Worker("test", work, clock=VirtualClock(), on_crash=crashes.append, on_exhausted=exhausted.set)
    worker.start()
    assert exhausted.wait(30)
    assert worker.stop()
    assert len(crashes) == worker.crashes == 5


def test_a_worker_that_recovers_goes_on_and_stops_when_asked() -> None:
    tries: list[int] = []
    running = threading.Event()

    def work(stop: threading.Event) -> None:
        tries.append(1)
        if len(tries) < 3:
            raise OSError("not yet")
        running.set()
        stop.wait(30)

    worker = Worker("test", work, clock=MonotonicClock(), on_crash=lambda _: None, on_exhausted=lambda: None)
    worker.start()
    assert running.wait(30)
    assert worker.stop()
    assert len(tries) == 3


def test_a_crash_is_logged_without_its_words(caplog: pytest.LogCaptureFixture) -> None:
    exhausted = threading.Event()

    def work(_: threading.Event) -> None:
        raise ValueError("Anna is not a number")

    worker = Worker("test", work, clock=VirtualClock(), on_crash=lambda _: None, on_exhausted=exhausted.set)
    worker.start()
    assert exhausted.wait(30)
    assert "ValueError" in caplog.text
    assert "Anna" not in caplog.text


def test_systemd_is_told(tmp_path: Path) -> None:
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(address)
        receiver.settimeout(10)
        notifier = Notifier({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "4000000"})
        assert notifier.watchdog_interval_ns == 2 * NS_PER_S
        notifier.ready()
        notifier.watchdog()
        assert [receiver.recv(100), receiver.recv(100)] == [b"READY=1", b"WATCHDOG=1"]


def test_without_systemd_nothing_happens(tmp_path: Path) -> None:
    Notifier({}).ready()
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}).ready()
    assert Notifier({}).watchdog_interval_ns is None
