"""What the running daemon weighs, where that goes and how soon it sees: measured on processes of its own."""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from bench import daemon_child
from bench.documents import replace_block
from kith.app.paths import gallery_file, home, models_dir
from kith.recognition.gallery import Gallery
from kith.types import Embedding
from kith.vision.networks import read_manifest
from tests.e2e.pulse import Pulse, why_not

STARTS = 5
SETTLED_S = 75.0
"""By then the daemon has given back what its start needed, twice."""
WATCH_S = 10.0
PEOPLE, TEMPLATES = 50, 3
_WIDTH = 34
_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """A process in MiB. own: pages that are nobody else's and no file's, which only swap could take back."""

    resident: float
    proportional: float
    own: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """One run: the most it had resident, what it has once settled, and by what. cpu: share of a core."""

    settled: Weight
    peak: float
    voice: float
    cpu: float
    parts: dict[str, Weight]


def report(video: Path) -> None:
    """Print start-up time, memory and processor share."""
    print(*lines(video), sep="\n")


def lines(video: Path) -> list[str]:
    """The same as a document has it, in Markdown."""
    _start(video)
    starts = [_start(video) for _ in range(STARTS)]
    with tempfile.TemporaryDirectory(prefix="kith-bench-") as folder:
        state = Path(folder)
        people = _enrol(state)
        pictures = daemon_child.keep_pictures(video, state / "pictures")
        run = _live([sys.executable, "-m", "bench.daemon_child", "run", str(pictures), str(state)])
        command = [sys.executable, "-m", "kith", "simulate", "--video", str(video), "--realtime", "--quiet"]
        simulated = _live([*command, "--data", str(state), "--sound", str(state / "heard.wav")])
    return [
        f"Start of the process to the end of the first look, {STARTS} starts, median (least .. most):"
        f" {_spread([wall for wall, _ in starts])} s, of which the processor works"
        f" {_spread([cpu for _, cpu in starts])} s.",
        "",
        f"{people} people of {TEMPLATES} templates in the gallery, MiB:",
        "",
        f"| {'':{_WIDTH}} | resident | by share | its own | at the start's peak |",
        "| --- | --- | --- | --- | --- |",
        f"{_row('`kith run`', run.settled)} {run.peak:.1f} |",
        f"{_row('`kith simulate --realtime`', simulated.settled)} {simulated.peak:.1f} |",
        "",
        f"The voice's process has {run.voice:.0f} MiB more by share. `kith run`"
        f" takes {run.cpu:.0%} of one core here, `kith simulate` {simulated.cpu:.0%}.",
        "",
        "What `kith run` holds once it has settled, MiB:",
        "",
        f"| {'':{_WIDTH}} | resident | by share | its own |",
        "| --- | --- | --- | --- |",
        *(_row(name, weight) for name, weight in run.parts.items()),
        "",
        "What each step of the start adds, in a process that does nothing else, MiB:",
        "",
        f"| {'':{_WIDTH}} | resident | its own | threads |",
        "| --- | --- | --- | --- |",
        *_steps(),
    ]


def _row(name: str, weight: Weight) -> str:
    figures = " | ".join(f"{value:.1f}" for value in (weight.resident, weight.proportional, weight.own))
    return f"| {name:{_WIDTH}} | {figures} |"


def _steps() -> Iterator[str]:
    command = [sys.executable, "-m", "bench.daemon_child", "steps"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=_environment())
    before = (0.0, 0.0)
    for line in done.stdout.splitlines():
        name, resident, own, threads = line.split("\t")
        now = (float(resident) / _MIB, float(own) / _MIB)
        yield f"| {name:{_WIDTH}} | {now[0] - before[0]:+.1f} | {now[1] - before[1]:+.1f} | {threads} |"
        before = now
    yield f"| {'in all':{_WIDTH}} | {before[0]:.1f} | {before[1]:.1f} | |"


def _spread(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} .. {max(values):.2f})"


def _start(video: Path) -> tuple[float, float]:
    """Seconds by the clock and of the processor."""
    with _first_in_line():
        return _timed(video)


@contextmanager
def _first_in_line() -> Iterator[None]:
    """What is started meanwhile runs before all that others do on a shared machine, where we may ask that."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except PermissionError:
        yield
        return
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def _timed(video: Path) -> tuple[float, float]:
    began_s = time.monotonic()
    command = [sys.executable, "-m", "bench.daemon_child", "look", str(video)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=_environment())
    seen_s, cpu_s = done.stdout.split()
    return float(seen_s) - began_s, float(cpu_s)


def _enrol(state: Path) -> int:
    """A gallery like that of somebody who knows many people: vectors by chance."""
    chance = np.random.default_rng(1)
    spec = read_manifest(models_dir()).networks["embedder"]
    with Gallery.open(gallery_file(state), spec.model_id) as gallery:
        for number in range(PEOPLE):
            vectors = chance.normal(size=(TEMPLATES, spec.outputs[0].shape[-1])).astype(np.float32)
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            templates = [Embedding(vector=vector, model_id=spec.model_id) for vector in vectors]
            gallery.add_person(f"Number {number}", templates, datetime.now(UTC))
    return PEOPLE


def _live(command: Sequence[str]) -> Life:
    with speaker() as environment, running(command, environment) as pid:
        time.sleep(SETTLED_S)
        before_s = cpu_s(pid)
        time.sleep(WATCH_S)
        cpu = (cpu_s(pid) - before_s) / WATCH_S
        parts = _parts(pid)
        voice = sum((weigh(child).proportional for child in children(pid)), 0.0)
        return Life(settled=weigh(pid), peak=peak(pid), voice=voice, cpu=cpu, parts=parts)


def _environment() -> dict[str, str]:
    """An installed Kith has its byte code; so has this one from the second start on."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


@contextmanager
def speaker() -> Iterator[dict[str, str]]:
    """A sound device without a card, where there can be one."""
    with ExitStack() as stack:
        if why_not():
            yield _environment()
            return
        server = Pulse(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kith-pulse-"))))
        stack.callback(server.stop)
        yield _environment() | server.environment


@contextmanager
def running(command: Sequence[str], environment: dict[str, str]) -> Iterator[int]:
    """A process, killed at the end; its pid."""
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()


def cpu_s(pid: int) -> float:
    """Seconds that the processor has worked for it."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def children(pid: int) -> list[int]:
    """The processes that it has started."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text(encoding="ascii").split()]


def peak(pid: int) -> float:
    """The most it ever had resident, MiB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")) / 1024


def weigh(pid: int) -> Weight:
    """What it holds now."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8")
    return _weight({line.split(":")[0]: int(line.split()[1]) for line in text.splitlines()[1:]})


def _weight(kib: dict[str, int]) -> Weight:
    return Weight(
        resident=kib.get("Rss", 0) / 1024,
        proportional=kib.get("Pss", 0) / 1024,
        own=kib.get("Anonymous", 0) / 1024,
    )


def _parts(pid: int) -> dict[str, Weight]:
    """Mappings by what they belong to, the largest first."""
    kib: dict[str, dict[str, int]] = {}
    name = ""
    for line in Path(f"/proc/{pid}/smaps").read_text(encoding="utf-8").splitlines():
        key, _, rest = line.partition(":")
        if "-" in key.split(" ")[0]:
            fields = line.split(maxsplit=5)
            name = _owner(fields[5] if len(fields) > 5 else "")
        elif rest.endswith(" kB"):
            part = kib.setdefault(name, {})
            part[key] = part.get(key, 0) + int(rest.split()[0])
    parts = {name: _weight(part) for name, part in kib.items()}
    return dict(sorted(parts.items(), key=lambda item: -item[1].resident))


_OWNERS = (
    ("numpy", "NumPy and its linear algebra"),
    ("opencv_python", "OpenCV's libraries (FFmpeg ...)"),
    ("cv2", "OpenCV"),
    ("litert", "LiteRT"),
    (".tflite", "the networks' files"),
    ("libcrypto", "OpenSSL, for checksums"),
    ("sqlite", "SQLite"),
    ("ython", "Python"),
)


def _owner(path: str) -> str:
    if not path.startswith("/"):
        return "heap, objects, stacks"
    inside = path.rpartition("/site-packages/")[2]
    return next((owner for part, owner in _OWNERS if part in inside), "sound and other system libraries")


def main() -> None:
    """Print it, or write it into docs/memory.md."""
    parser = argparse.ArgumentParser(prog="python -m bench.daemon_cost", description=__doc__)
    walk = home() / "demo" / "build" / "walk.avi"
    parser.add_argument("--video", type=Path, default=walk, help="640x480 video (the demo walk)")
    parser.add_argument("--docs", action="store_true", help="write it into docs/memory.md")
    chosen = parser.parse_args()
    found = lines(chosen.video)
    print(*found, sep="\n")
    if chosen.docs:
        replace_block(home() / "docs" / "memory.md", "daemon", found)


if __name__ == "__main__":
    main()
