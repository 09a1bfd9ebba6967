"""`kith run` as systemd starts it, where none of its parts are; and its threads with parts that fail."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from kith.app import daemon
from kith.app.daemon import Daemon, Message, Parts, Stop
from kith.app.events import Event
from kith.clock import NS_PER_S, MonotonicClock
from kith.config import CameraSettings
from kith.errors import AudioFault, AudioUnavailable, CameraFault
from kith.ports import AudioSink, Camera
from kith.runtime.inbox import Inbox
from kith.types import I16, Frame, Sighting
from tests.e2e._commands import (
    NOTHING,
    ROOT,
    Stage,
    built,
    heard,
    kith,
    loudness,
    one_line,
    set_stage,
    simulate,
)
from tests.unit._device_kit import PATIENCE_S, Eyes, Silence, StubCamera, frames, make_device, until

# --- as a process -------------------------------------------------------------------------------------------


class Service:
    """`kith run` and the socket of its supervisor."""

    def __init__(self, folder: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(folder / "notify"))
        self.socket.settimeout(PATIENCE_S)
        self.log = folder / "log"
        settings = folder / "kith.toml"
        settings.write_text(NOTHING)
        words = ["--config", settings, "run", "--verbose", "--data", folder / "state"]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "kith", *map(str, words)],
                env=os.environ
                | {
                    "NOTIFY_SOCKET": str(folder / "notify"),
                    "WATCHDOG_USEC": "400000",
                    "RUNTIME_DIRECTORY": str(folder),
                    "KITH_DATA_MOUNT": str(folder / "there is no disk"),
                },
                stderr=log,
            )

    def told(self) -> str:
        return self.socket.recv(4096).decode()

    def logged(self, what: str) -> None:
        """Wait until a line was logged."""
        end_s = time.monotonic() + PATIENCE_S
        while what not in self.log.read_text():
            assert time.monotonic() < end_s, self.log.read_text()
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.02)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.socket.close()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    service = Service(tmp_path)
    yield service
    service.close()


def drained(supervisor: socket.socket) -> list[str]:
    """What was told and not yet read."""
    supervisor.settimeout(0)
    told = []
    while True:
        try:
            told.append(supervisor.recv(4096).decode())
        except BlockingIOError:
            return told


@built
def test_it_lives_without_any_part_and_ends_when_told_to(service: Service) -> None:
    assert service.told() == "READY=1"
    for what in ("fault: there is no camera", "no sound: ", "fault: speech failed"):
        service.logged(what)
    assert [service.told() for _ in range(8)] == ["WATCHDOG=1"] * 8  # more than a second
    assert service.process.poll() is None
    told_s = time.monotonic()
    service.process.send_signal(signal.SIGTERM)
    assert service.process.wait(PATIENCE_S) == 0
    assert time.monotonic() - told_s < 3
    assert drained(service.socket)[-1] == "STOPPING=1"
    log = service.log.read_text()
    assert "Traceback" not in log
    assert log.count("there is no camera") == log.count("no sound: ") == 1


@built
def test_it_misses_its_storage_and_tells_what_others_leave_to_be_said(
    service: Service, tmp_path: Path
) -> None:
    service.logged("is not on a data partition mounted at")
    notices = tmp_path / "notices"
    for name in ("update.back", "no.such_line"):
        (notices / name).touch()
    service.logged("fault: The update did not work. The earlier version is back.")
    service.logged("a notice of a name that Kith does not know was taken away unsaid")
    # Without a sound device nobody hears it: it stays, to be said when there is one.
    assert [each.name for each in notices.iterdir()] == ["update.back"]
    assert service.process.poll() is None


@built
def test_an_interrupt_ends_it_too(service: Service) -> None:
    assert service.told() == "READY=1"
    service.process.send_signal(signal.SIGINT)
    assert service.process.wait(PATIENCE_S) == 0
    assert "Traceback" not in service.log.read_text()


@pytest.fixture
def home_without_networks(tmp_path: Path) -> dict[str, str]:
    home = tmp_path / "home"
    shutil.copytree(ROOT / "models", home / "models", ignore=shutil.ignore_patterns("build", "__pycache__"))
    shutil.copytree(ROOT / "calibration", home / "calibration", ignore=shutil.ignore_patterns("__pycache__"))
    return {"KITH_HOME": str(home)}


def test_without_networks_it_ends_with_one_line_that_tells_how_to_make_them(
    home_without_networks: dict[str, str], tmp_path: Path
) -> None:
    done = kith("run", "--data", tmp_path / "state", environ=home_without_networks)
    assert "make models" in one_line(done)
    done = kith(
        "people", "add", "Anna", tmp_path / "a.jpg", "--data", tmp_path, environ=home_without_networks
    )
    assert "make models" in one_line(done)


@built
def test_the_doctor_s_status_is_one_only_when_something_failed(
    home_without_networks: dict[str, str], tmp_path: Path
) -> None:
    settings = tmp_path / "kith.toml"
    settings.write_text(NOTHING)
    well = kith("--config", settings, "doctor", "--data", tmp_path / "state")
    assert well.returncode == 0, well.stdout
    found = {line.split()[0]: line.split()[1] for line in well.stdout.splitlines()}
    assert found["networks"] == found["figures"] == found["gallery"] == found["voice"] == "ok"
    assert found["camera"] == found["speaker"] == "missing"
    ill = kith("--config", settings, "doctor", "--data", tmp_path, environ=home_without_networks)
    assert ill.returncode == 1
    lines = {line.split()[0]: line for line in ill.stdout.splitlines()}
    assert "FAILED" in lines["networks"]
    assert "make models" in lines["networks"]
    assert " ok " in lines["voice"]  # and the rest was looked at all the same
    assert ill.stderr == ""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return set_stage(tmp_path_factory.mktemp("stage"))


def test_in_real_time_the_threads_name_and_answer_and_the_voice_may_die(stage: Stage, tmp_path: Path) -> None:
    settings = tmp_path / "kith.toml"
    settings.write_text(NOTHING)
    sound = tmp_path / "heard.wav"
    more = ["--latency", "--sound", sound, "--button", "5 tap", "--faults", "3.2 kill-voice"]
    run = simulate(stage.visit, stage.state, tmp_path / "e.jsonl", *more)
    assert run.named == {stage.name}
    assert [event["text"] for event in run.of("button")] == ["tap"]
    assert run.said[-1].startswith(f"{stage.name}, ")
    samples = heard(sound)
    assert loudness(samples, 0, len(samples) / 22_050) > 200
    assert run.done.stderr == "kith: the voice died: exit status -9\n"
    # A name waits for the greeting where the machine was slow to come to it.
    sounded = "(?:deciding shutter -> FIRST SAMPLE|the same, after other words)"
    for row in ("looked at -> embedded and matched", sounded):
        assert re.search(rf"^{row} +[1-9]\d* +\d+\.\d ", run.done.stdout, re.MULTILINE), row


# --- threads and parts that fail ----------------------------------------------------------------------------


class SlowEyes(Eyes):
    """They may be made to hang."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = threading.Event()
        self.go_on.set()

    def look(self, frame: Frame) -> Sighting:
        seen = super().look(frame)
        self.go_on.wait(PATIENCE_S)
        return seen


class Speaker(Silence):
    """A sound device that breaks when asked to."""

    def __init__(self) -> None:
        self.broken = False
        self.blocks = 0

    def write(self, block: I16) -> None:
        if self.broken:
            raise AudioFault("the sound device was unplugged")
        self.blocks += 1
        super().write(block)


class CountedCamera(StubCamera):
    """It remembers when it was opened."""

    def __init__(self, read: Callable[[], Frame | None]) -> None:
        super().__init__(read)
        self.started_s: list[float] = []

    def start(self) -> None:
        self.started_s.append(time.monotonic())


class Post(Inbox[Message]):
    """An inbox that remembers who asked for the end."""

    def __init__(self, clock: MonotonicClock) -> None:
        super().__init__(clock)
        self.stops: list[Stop] = []

    def put(self, event: Message) -> None:
        super().put(event)
        if isinstance(event, Stop):
            self.stops.append(event)


class Rig:
    """A daemon of real threads around parts of ours. Events wake whoever awaits them."""

    def __init__(self, folder: Path, camera: Camera, open_sink: Callable[[], AudioSink]) -> None:
        clock = MonotonicClock()
        self.inbox = Post(clock)
        self.eyes = SlowEyes()
        self.events: list[Event] = []
        self._changed = threading.Condition()
        self.device = make_device(folder, self.eyes, clock, self._observe)
        parts = Parts(camera=camera, open_sink=open_sink, button=None)
        self.daemon = Daemon(self.device, parts, clock, self.inbox, settings=CameraSettings())

    def _observe(self, event: Event) -> None:
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def texts(self, kind: str) -> list[str]:
        return [event.text for event in self.events if event.kind == kind]

    def awaits(self, kind: str, text: str) -> None:
        with self._changed:
            found = self._changed.wait_for(lambda: text in self.texts(kind), PATIENCE_S)
        assert found, [(event.kind, event.text) for event in self.events]

    def run(self, meanwhile: Callable[[], None]) -> bool:
        """Run it here, and something else beside it; stop it when that is done. What the daemon returned."""
        failures: list[BaseException] = []

        def beside() -> None:
            try:
                meanwhile()
            except BaseException as failure:  # noqa: BLE001 - raised again in the test's own thread
                failures.append(failure)
            finally:
                self.inbox.put(Stop())

        thread = threading.Thread(target=beside, daemon=True)
        thread.start()
        try:
            outcome = self.daemon.run()
        finally:
            self.device.close()
        thread.join(PATIENCE_S)
        if failures:
            raise failures[0]
        return outcome


def test_a_camera_that_never_answers_is_told_and_does_not_keep_it_from_ending(tmp_path: Path) -> None:
    answer = threading.Event()

    def hang() -> None:
        answer.wait(PATIENCE_S)

    rig = Rig(tmp_path, StubCamera(hang), Silence)
    assert rig.run(lambda: rig.awaits("fault", "the camera has stopped"))
    answer.set()
    assert rig.texts("fault") == ["the camera has stopped"]


def test_a_camera_that_fails_at_once_is_tried_once_a_second_and_told_once(tmp_path: Path) -> None:
    def fail() -> None:
        raise CameraFault("it stopped answering")

    camera = CountedCamera(fail)
    rig = Rig(tmp_path, camera, Silence)
    assert rig.run(lambda: until(lambda: len(camera.started_s) == 3))
    assert np.diff(camera.started_s).min() >= 0.9
    assert rig.texts("fault") == ["it stopped answering"]


def test_sound_that_was_gone_is_told_when_it_is_back(tmp_path: Path) -> None:
    device = Speaker()

    def open_sink() -> Speaker:
        if device.broken:
            raise AudioUnavailable("there is no sound device")
        return device

    rig = Rig(tmp_path, StubCamera(frames(MonotonicClock())), open_sink)

    def unplug_and_plug_in() -> None:
        until(lambda: device.blocks > 0)
        device.broken = True
        rig.awaits("fault", "speech failed")
        device.broken = False
        rig.awaits("fault", "there was no sound for a while")
        rig.awaits("announcement", "Speech had failed. It works again.")

    assert rig.run(unplug_and_plug_in)


def test_perception_that_crashes_is_restarted_and_told(tmp_path: Path) -> None:
    rig = Rig(tmp_path, StubCamera(frames(MonotonicClock())), Silence)
    look = rig.eyes.look

    def crash_once(frame: Frame) -> Sighting:
        rig.eyes.look = look  # type: ignore[method-assign]
        raise RuntimeError("the network failed")

    rig.eyes.look = crash_once  # type: ignore[method-assign]

    def see() -> None:
        rig.awaits("fault", "perception: RuntimeError")
        rig.awaits("announcement", "Recognition was restarted.")
        until(lambda: rig.eyes.asked.count("look") > 3)

    assert rig.run(see)


def test_perception_that_crashes_for_ever_ends_the_daemon_for_systemd_to_start_anew(tmp_path: Path) -> None:
    rig = Rig(tmp_path, StubCamera(frames(MonotonicClock())), Silence)

    def crash(frame: Frame) -> Sighting:
        raise RuntimeError("the network failed")

    rig.eyes.look = crash  # type: ignore[method-assign]
    assert rig.run(lambda: until(lambda: bool(rig.inbox.stops))) is False
    assert rig.texts("fault").count("perception: RuntimeError") == 5


def test_perception_that_hangs_starves_the_watchdog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon, "_LOOK_HANGS_NS", NS_PER_S // 5)
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    monkeypatch.setenv("WATCHDOG_USEC", "100000")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(str(tmp_path / "notify"))
        rig = Rig(tmp_path, StubCamera(frames(MonotonicClock())), Silence)

        def hang_for_a_while() -> None:
            supervisor.settimeout(PATIENCE_S)
            until(lambda: supervisor.recv(100) == b"WATCHDOG=1")
            rig.eyes.go_on.clear()
            seen = len(rig.eyes.asked)
            until(lambda: "look" in rig.eyes.asked[seen:])
            time.sleep(0.5)
            drained(supervisor)
            supervisor.settimeout(0.5)
            with pytest.raises(TimeoutError):
                supervisor.recv(100)
            rig.eyes.go_on.set()
            supervisor.settimeout(PATIENCE_S)
            assert supervisor.recv(100) == b"WATCHDOG=1"

        assert rig.run(hang_for_a_while)


SIGNALS_AMID_A_TAKE = """
import signal, sys
from kith.clock import NS_PER_S, MonotonicClock
from kith.runtime.inbox import Inbox

inbox = Inbox(MonotonicClock())
signal.signal(signal.SIGTERM, lambda *_: inbox.put("stop"))

def interrupt(frame, event, argument):
    if "queue" in frame.f_code.co_filename or "inbox" in frame.f_code.co_filename:
        signal.raise_signal(signal.SIGTERM)
    return interrupt

inbox.put("first")
sys.settrace(interrupt)
taken = inbox.take(0)
sys.settrace(None)
print(taken, inbox.take(0))
"""


def test_a_signal_at_any_moment_of_a_take_does_not_lock_the_inbox() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SIGNALS_AMID_A_TAKE],
        env=os.environ | {"PYTHONPATH": str(ROOT / "device")},
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    )
    assert done.stdout == "first stop\n"
