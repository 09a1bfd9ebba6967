"""What the running daemon weighs and how soon it sees: measured on processes of its own, from outside."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kith.app.wiring import assemble
from kith.clock import MonotonicClock
from kith.config import Settings
from kith.drivers.simulated_camera import SimulatedCamera, video_source
from kith.drivers.speech import open_speech

STARTS = 5
SETTLE_S = 5.0
WATCH_S = 10.0


def report(video: Path) -> None:
    """Print start-up time, memory and processor share."""
    took_s = [_start(video) for _ in range(STARTS)]
    print(
        f"\nStart of the process to the end of the first look, {STARTS} starts, wall:"
        f" {statistics.median(took_s):.2f} s ({min(took_s):.2f} .. {max(took_s):.2f})"
    )
    with _live(video) as pid:
        time.sleep(SETTLE_S)
        before_s = _cpu_s(pid)
        time.sleep(WATCH_S)
        share = (_cpu_s(pid) - before_s) / WATCH_S
        print(f"The device on {video.name} in real time: {share:.0%} of one core,")
        print(
            f"  {_mib(pid, 'Rss'):.0f} MiB resident ({_mib(pid, 'Pss'):.0f} MiB with shared pages by share)"
        )
        for child in _children(pid):
            print(f"  and {_mib(child, 'Pss'):.0f} MiB for the voice's process")


def first_look(video: Path) -> None:
    """Come up as the daemon does, look at one frame, print the monotonic time."""
    clock = MonotonicClock()
    with tempfile.TemporaryDirectory() as folder:
        speech = open_speech(Settings().announce)
        gallery = Path(folder) / "kith.db"
        device = assemble(Settings(), gallery, speech, clock, lambda event: None, virtual_time=False)
        camera = SimulatedCamera(video_source(video), clock, paced=False)
        camera.start()
        frame = camera.read()
        assert frame is not None
        device.perception.look(frame)
        print(time.monotonic())
        device.close()


def _start(video: Path) -> float:
    began_s = time.monotonic()
    command = [sys.executable, "-m", "bench.daemon_cost", str(video)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(done.stdout) - began_s


@contextmanager
def _live(video: Path) -> Iterator[int]:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "kith", "simulate", "--video", str(video), "--realtime", "--quiet"]
        process = subprocess.Popen([*command, "--sound", str(Path(folder) / "heard.wav")])
        try:
            yield process.pid
        finally:
            process.kill()
            process.wait()


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _mib(pid: int, key: str) -> float:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text(encoding="ascii").split()]


if __name__ == "__main__":
    first_look(Path(sys.argv[1]))
