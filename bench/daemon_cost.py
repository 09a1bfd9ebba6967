"""What the running daemon weighs and how soon it sees: measured on a process of its own."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

STARTS = 5
RUN_S = 12.0

_FIRST_LOOK = """
import json, resource, sys, tempfile, time
from pathlib import Path
from kith.app.events import Event
from kith.app.wiring import assemble
from kith.clock import MonotonicClock
from kith.config import Settings
from kith.drivers.simulated_camera import SimulatedCamera, video_source
from kith.drivers.speech import open_speech
video, began_s = Path(sys.argv[1]), float(sys.argv[2])
clock = MonotonicClock()
with tempfile.TemporaryDirectory() as folder:
    speech = open_speech(Settings().announce)
    device = assemble(Settings(), Path(folder) / "kith.db", speech, clock, lambda event: None, virtual_time=False)
    camera = SimulatedCamera(video_source(video), clock, paced=False)
    camera.start()
    device.perception.look(camera.read())
    took_s = time.monotonic() - began_s
    device.close()
print(json.dumps({"first_look_s": took_s, "cpu_s": sum(resource.getrusage(resource.RUSAGE_SELF)[:2])}))
"""

_LIVE = """
import sys
from pathlib import Path
from kith.app.simulate import Request, simulate
from kith.config import Settings
import kith.app.simulate as s
import threading, os, json, resource, tempfile
def rss():
    fields = dict(l.split(":", 1) for l in open("/proc/self/smaps_rollup") if ":" in l and "-" not in l.split(":")[0])
    return {k: int(fields[k].split()[0]) / 1024 for k in ("Rss", "Pss")}
seen = {}
def later():
    seen.update(rss())
    used = resource.getrusage(resource.RUSAGE_SELF)
    seen["cpu_share"] = (used.ru_utime + used.ru_stime - seen["cpu0"]) / (float(sys.argv[3]) - 4)
    print(json.dumps(seen), flush=True)
    os._exit(0)
def early():
    used = resource.getrusage(resource.RUSAGE_SELF)
    seen["cpu0"] = used.ru_utime + used.ru_stime
threading.Timer(4, early).start()
threading.Timer(float(sys.argv[3]), later).start()
with tempfile.TemporaryDirectory() as folder:
    simulate(Settings(), Request(video=Path(sys.argv[1]), sound=Path(folder) / "s.wav", realtime=True, quiet=True))
"""


def report(video: Path) -> None:
    """Print start-up time, memory and processor share."""
    starts = [_child(_FIRST_LOOK, str(video), str(time.monotonic())) for _ in range(STARTS)]
    first = [run["first_look_s"] for run in starts]
    cpu = [run["cpu_s"] for run in starts]
    print(f"\nStart to first look, {STARTS} starts: {_spread(first)} s wall, {_spread(cpu)} s of CPU")
    live = _child(_LIVE, str(video), "", str(RUN_S))
    print(
        f"The daemon on {video.name} in real time: {live['Rss']:.0f} MiB resident"
        f" ({live['Pss']:.0f} counting shared pages by share), {live['cpu_share']:.0%} of one core"
    )


def _child(program: str, *arguments: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], check=True, capture_output=True, text=True
    )
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def _spread(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} .. {max(values):.2f})"
