"""The daemon's threads, with parts that hang and fail."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from kith.app import daemon
from kith.app.daemon import Daemon, Message, Parts, Stop
from kith.app.events import Event
from kith.clock import NS_PER_MS, NS_PER_S, MonotonicClock
from kith.config import CameraSettings
from kith.guard.messages import encode
from kith.guard.ports import Level
from kith.ports import AudioSink, Camera
from kith.runtime.inbox import Inbox
from kith.types import I16
from tests.unit._device_kit import PATIENCE_S, Eyes, Silence, StubCamera, frames, make_device, until
from tests.unit._guard_kit import message

BEAT = b"WATCHDOG=1"


class Supervisor:
    """What systemd hears."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel

    def hears(self, wait_s: float) -> bytes | None:
        self._channel.settimeout(wait_s)
        try:
            return self._channel.recv(100)
        except TimeoutError:
            return None

    def waits_for(self, what: bytes) -> None:
        until(lambda: self.hears(PATIENCE_S) == what)

    def waits_for_silence(self) -> None:
        """Until nothing was told for six beats."""
        until(lambda: self.hears(0.3) is None)


@pytest.fixture
def supervisor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Supervisor]:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    monkeypatch.setenv("WATCHDOG_USEC", "100000")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(str(tmp_path / "notify"))
        yield Supervisor(channel)


class Running:
    """A daemon in a thread of its own."""

    def __init__(
        self,
        folder: Path,
        camera: Camera | None = None,
        open_sink: Callable[[], AudioSink] = Silence,
        power_off: Callable[[], bool] | None = None,
        guard: Path | None = None,
    ) -> None:
        self.clock = MonotonicClock()
        self.inbox: Inbox[Message] = Inbox(self.clock)
        self.events: list[Event] = []
        self.eyes = Eyes()
        self.outcome: bool | None = None
        camera = camera or StubCamera(frames(self.clock))
        self._parts = Parts(camera=camera, open_sink=open_sink, button=None, guard=guard)
        self._made = threading.Event()
        self._folder, self._power_off = folder, power_off
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._made.wait(PATIENCE_S)

    def _run(self) -> None:
        # Made here, since a gallery belongs to the thread that opened it.
        self.device = make_device(self._folder, self.eyes, self.clock, self.events.append)
        self.daemon = Daemon(
            self.device,
            self._parts,
            self.clock,
            self.inbox,
            settings=CameraSettings(),
            on_power_off=self._power_off,
        )
        self._made.set()
        try:
            self.outcome = self.daemon.run()
        finally:
            self.device.close()

    def ends(self) -> bool | None:
        """Wait for the end; what it came to."""
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()
        return self.outcome

    def stop(self) -> bool | None:
        self.inbox.put(Stop())
        return self.ends()

    def told(self, kind: str) -> list[str]:
        return [event.text for event in self.events if event.kind == kind]


def test_a_camera_that_hangs_starves_the_watchdog_unless_it_is_closed(
    tmp_path: Path, supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daemon, "_CAMERA_HANGS_NS", NS_PER_S // 5)
    hangs, release = threading.Event(), threading.Event()
    works = frames(MonotonicClock())

    def read() -> object:
        if hangs.is_set():
            release.wait(PATIENCE_S)
        return works()

    running = Running(tmp_path, StubCamera(read))  # type: ignore[arg-type]
    supervisor.waits_for(BEAT)
    hangs.set()
    supervisor.waits_for_silence()
    running.daemon.set_camera(False)  # privacy must not end in a new process with an open camera
    supervisor.waits_for(BEAT)
    running.daemon.set_camera(True)
    supervisor.waits_for_silence()
    hangs.clear()
    release.set()
    supervisor.waits_for(BEAT)
    assert running.stop()


def test_the_start_s_memory_is_given_back_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon, "_SETTLED_AFTER_NS", (NS_PER_S, 2 * NS_PER_S))
    given_back_ns: list[int] = []

    def let_go() -> int:
        given_back_ns.append(time.monotonic_ns())
        return 0

    monkeypatch.setattr(daemon, "let_go_of_start", let_go)
    began_ns = time.monotonic_ns()
    running = Running(tmp_path)
    until(lambda: len(given_back_ns) == 2)
    assert given_back_ns[0] - began_ns >= NS_PER_S
    assert given_back_ns[1] - began_ns >= 2 * NS_PER_S
    time.sleep(2.2)  # two beats
    assert len(given_back_ns) == 2
    assert running.stop()


def test_faces_are_forgotten_when_the_camera_is_closed(tmp_path: Path) -> None:
    running = Running(tmp_path)
    until(lambda: "look" in running.eyes.asked)
    running.daemon.set_camera(False)
    until(lambda: running.eyes.asked[-1] == "forget")
    time.sleep(0.2)
    assert running.eyes.asked[-1] == "forget"
    assert running.stop()


class HangingSink(Silence):
    """Takes blocks until it is made to hang."""

    def __init__(self) -> None:
        self.hangs, self.release = threading.Event(), threading.Event()

    def write(self, block: I16) -> None:
        super().write(block)
        if self.hangs.is_set():
            self.release.wait(PATIENCE_S)


def test_a_sound_device_that_hangs_starves_the_watchdog(
    tmp_path: Path, supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daemon, "_SOUND_HANGS_NS", NS_PER_S // 5)
    sink = HangingSink()
    running = Running(tmp_path, open_sink=lambda: sink)
    supervisor.waits_for(BEAT)
    sink.hangs.set()
    supervisor.waits_for_silence()
    sink.hangs.clear()
    sink.release.set()
    supervisor.waits_for(BEAT)
    assert running.stop()


def test_a_player_that_crashes_plays_again_and_tells(tmp_path: Path) -> None:
    running = Running(tmp_path)
    player = running.device.player
    render = player.render

    def crash_once(count: int, now_ns: int) -> I16:
        player.render = render  # type: ignore[method-assign]
        raise ValueError("nobody foresaw this")

    until(lambda: bool(running.told("announcement")))
    player.render = crash_once  # type: ignore[method-assign]
    until(lambda: "Speech had failed. It works again." in running.told("announcement"))
    assert running.stop()


def test_a_player_that_crashes_for_ever_ends_the_daemon_for_systemd_to_start_anew(tmp_path: Path) -> None:
    running = Running(tmp_path)

    def crash(count: int, now_ns: int) -> I16:
        raise ValueError("nobody foresaw this")

    running.device.player.render = crash  # type: ignore[method-assign]
    assert running.ends() is False


def test_a_device_that_cannot_be_switched_off_says_so_and_goes_on(tmp_path: Path) -> None:
    answer, tries = threading.Event(), list[str]()

    def refuse() -> bool:
        tries.append(threading.current_thread().name)
        answer.wait(PATIENCE_S)
        return False

    running = Running(tmp_path, power_off=refuse)
    running.daemon.power_off()
    running.daemon.power_off()  # it is under way
    looks = len(running.eyes.asked)
    until(lambda: len(running.eyes.asked) > looks)
    answer.set()
    until(lambda: "It could not be switched off." in running.told("announcement"))
    assert tries == ["kith-power"]
    assert running.told("fault") == ["the device could not be switched off"]
    assert running.stop()


def test_a_device_that_goes_down_ends_the_run(tmp_path: Path) -> None:
    running = Running(tmp_path, power_off=lambda: True)
    running.daemon.power_off()
    assert running.ends() is True


EVERYTHING_HANGS = """
import sys, threading, time
from pathlib import Path
from kith.announce import player_thread
from kith.app.daemon import Daemon, Parts, Stop
from kith.clock import MonotonicClock
from kith.config import CameraSettings
from kith.runtime.inbox import Inbox
from kith.runtime.worker import Worker
from tests.unit._device_kit import Eyes, StubCamera, frames, make_device

Worker.stop.__defaults__ = (0.3,)
player_thread.JOIN_S = 0.3
clock, hung = MonotonicClock(), set()
inbox = Inbox(clock)

def hang(where):
    hung.add(where)
    if len(hung) == 3:
        inbox.put(Stop())
    time.sleep(600)

class Hanging(Eyes):
    def look(self, frame): hang("perception")

class Sink:
    def write(self, block): hang("sound")
    def close(self): pass

reads, read = iter([True]), frames(clock)
camera = StubCamera(lambda: read() if next(reads, False) else hang("capture"))
device = make_device(Path(sys.argv[1]), Hanging(), clock, lambda event: None)
parts = Parts(camera=camera, open_sink=Sink, button=None)
outcome = Daemon(device, parts, clock, inbox, settings=CameraSettings()).run()
device.close()
print(outcome, sorted(hung), sorted(t.name for t in threading.enumerate() if t.name.startswith("kith")))
"""


def test_the_process_ends_though_every_thread_hangs(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", EVERYTHING_HANGS, str(tmp_path)],
        env=os.environ | {"PYTHONPATH": f"{root}{os.pathsep}{root / 'device'}"},
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE_S,
    )
    hung = "['capture', 'perception', 'sound']"
    assert done.stdout == f"True {hung} ['kith-capture', 'kith-perception', 'kith-player']\n"


def test_what_the_guard_says_reaches_the_core_and_a_flood_of_it_leaves_room_for_the_rest(
    tmp_path: Path,
) -> None:
    path = tmp_path / "guard.sock"
    running = Running(tmp_path, guard=path)
    until(path.exists)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as guard:

        def says(sequence: int, level: Level) -> None:
            at_ms = time.monotonic_ns() / NS_PER_MS
            with suppress(BlockingIOError):
                guard.sendto(encode(message(at_ms, level, sequence=sequence)), str(path))

        says(1, Level.NEAR)
        until(lambda: running.told("proximity") == ["near, 1430 mm"])
        end_s, sequence = time.monotonic() + 1.0, 1
        while time.monotonic() < end_s:
            sequence += 1
            says(sequence, Level(1 + sequence % 4))
        assert running.inbox.dropped == 0

        def is_quiet() -> bool:
            says(sequence + 1, Level.QUIET)
            return running.told("proximity")[-1] == "quiet"

        until(is_quiet)
    assert running.stop() is True
    assert not path.exists()
    assert 2 < len(running.told("proximity")) < 200


def test_a_daemon_without_a_guard_listens_to_none(tmp_path: Path) -> None:
    running = Running(tmp_path)
    time.sleep(0.2)
    assert running.stop() is True
    assert not list(tmp_path.glob("*.sock"))
