"""The guard's own process beside the main daemon's and the doctor's: what they hear of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e._commands import NOTHING, built, kith

PATIENCE_S = 30.0
SCENE = """
[wearer]
path = [[0, 0.0, 0.0, 0], [120, 0.0, 0.0, 0]]
[[wall]]
from_m = [1.5, -2.0]
to_m = [1.5, 2.0]
surface = "rough"
[[trouble]]
kind = "unplugged"
from_s = {from_s}
to_s = {to_s}
"""


class Wearable:
    """The processes of one device, with a folder of its own for the link."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder, self._stack = folder, stack
        self.environ = {"KITH_GUARD_SOCKET": str(folder / "guard.sock")}
        (folder / "kith.toml").write_text(NOTHING)

    def _start(self, log: str, *words: object) -> subprocess.Popen[bytes]:
        with (self.folder / log).open("a") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", *map(str, words)],
                env=os.environ | self.environ,
                stdout=file,
                stderr=file,
                cwd=self.folder,
            )
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)
        return process

    def guard(self, *, unplugged_s: tuple[float, float] = (119, 120)) -> subprocess.Popen[bytes]:
        """The guard, standing before a wall; its sensor is unplugged from then to then."""
        scene = self.folder / "scene.toml"
        scene.write_text(SCENE.format(from_s=unplugged_s[0], to_s=unplugged_s[1]))
        return self._start("guard.log", "kith.guardd", "--simulate", scene)

    def daemon(self) -> subprocess.Popen[bytes]:
        """The main daemon, ready."""
        process = self._start(
            "kith.log",
            "kith",
            "--config",
            self.folder / "kith.toml",
            "run",
            "--verbose",
            "--data",
            self.folder / "state",
        )
        until((self.folder / "guard.sock").exists)
        return process

    @property
    def log(self) -> str:
        return (self.folder / "kith.log").read_text()

    def logged(self, what: str) -> None:
        """Wait until the daemon logged a line."""
        until(lambda: what in self.log)


def until(happened: Callable[[], bool]) -> None:
    end_s = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < end_s
        time.sleep(0.05)


@pytest.fixture
def wearable(tmp_path: Path) -> Iterator[Wearable]:
    with ExitStack() as stack:
        yield Wearable(tmp_path, stack)


@built
def test_the_daemon_names_a_sensor_that_fails_and_a_guard_that_dies(wearable: Wearable) -> None:
    wearable.daemon()
    guard = wearable.guard(unplugged_s=(3, 6))
    wearable.logged("fault: the distance sensor has failed")
    wearable.logged("recovered: the distance sensor works again")
    guard.kill()
    wearable.logged("fault: the distance guard does not answer")
    wearable.guard()
    wearable.logged("recovered: the distance guard is back")
    assert wearable.log.count("the distance sensor has failed") == 1
    assert wearable.log.count("the distance guard does not answer") == 1
    assert "Traceback" not in wearable.log


@built
def test_the_daemon_bears_what_happens_to_the_link(wearable: Wearable) -> None:
    """Stopped, its socket deleted, killed and started anew: the guard is not missed for it, and never
    notices."""
    socket = wearable.folder / "guard.sock"
    guard = wearable.guard()
    daemon = wearable.daemon()
    wearable.logged("proximity")
    for pause_s in (0.5, 5.0):
        daemon.send_signal(signal.SIGSTOP)
        time.sleep(pause_s)
        daemon.send_signal(signal.SIGCONT)
        time.sleep(1)
    socket.unlink()
    until(socket.exists)
    time.sleep(4)
    daemon.kill()
    daemon.wait()
    assert socket.exists()  # left behind
    daemon = wearable.daemon()
    until(lambda: wearable.log.count("proximity") >= 2)
    time.sleep(4)
    daemon.send_signal(signal.SIGTERM)
    assert daemon.wait(PATIENCE_S) == 0
    assert not socket.exists()
    assert guard.poll() is None
    assert "guard" not in wearable.log, wearable.log
    assert "Traceback" not in wearable.log


def test_the_doctor_shows_sensor_range_rate_jitter_and_last_fault(wearable: Wearable) -> None:
    wearable.guard(unplugged_s=(1.5, 3))
    lines: dict[str, str] = {}

    def is_over_it() -> bool:
        lines.update(_doctor(wearable))
        return "last fault" in lines.get("head", "") and lines["head"].startswith("ok")

    until(is_over_it)
    assert lines["guard"].startswith("ok       runs, ")
    kind, distance, rate, jitter, fault = lines["head"].removeprefix("ok       ").split(", ")
    assert kind == "hcsr04"
    assert int(distance.removesuffix(" mm")) == pytest.approx(1500, abs=60)
    assert 8 < float(rate.removesuffix(" readings a second")) < 25  # a busy machine reads more seldom
    assert jitter.startswith("jitter ")
    # While its driver opens it again nothing comes of it at all.
    assert fault in ("last fault: it does not answer", "last fault: no readings came")
    assert "knee" not in lines


def _doctor(wearable: Wearable) -> dict[str, str]:
    done = kith("doctor", "--data", wearable.folder / "state", environ=wearable.environ)
    return {line[:11].strip(): line[11:] for line in done.stdout.splitlines()}


def test_a_doctor_without_a_guard_leaves_no_socket_behind(wearable: Wearable) -> None:
    assert "no folder" in kith("doctor", environ={"KITH_GUARD_SOCKET": "/nowhere/guard.sock"}).stdout
    assert "none runs" in _doctor(wearable)["guard"]
    assert not (wearable.folder / "doctor.sock").exists()
