"""What each optional part costs: switched off, on and never asked, asked. Measured on running daemons."""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np

from bench import daemon_child, daemon_cost
from bench.daemon_cost import Weight
from bench.documents import replace_block
from kith.app.opening import thing_network
from kith.app.paths import gallery_file, home, models_dir
from kith.recognition.gallery import Gallery
from kith.types import Embedding
from kith.vision.networks import read_manifest

ASKED_S, SETTLED_S, WATCH_S = 5.0, 25.0, 10.0
"""The button is pressed; weighed; so long the processor is watched."""
_POLL_S = 0.02
_WIDTH = 34
_LENGTH = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A daemon with some parts on. on: tables of the settings; press: of the button's script, or none; child:
    what its process for the answer is called; tells: a thing is told of unasked."""

    name: str
    on: tuple[str, ...] = ()
    press: str = ""
    child: str = ""
    tells: bool = False


CASES = (
    Case(name="all off"),
    Case(name="things on, never asked", on=("things",)),
    Case(name="things on, asked once", on=("things",), press="triple"),
    Case(name="things on, one told of unasked", on=("things",), tells=True),
    Case(name="reading on, never asked", on=("reading",)),
    Case(name="reading on, asked once", on=("reading",), press="triplehold", child="reading_child"),
    Case(name="descriptions on, never asked", on=("scene",)),
    Case(name="descriptions on, asked once", on=("scene",), press="doublehold", child="scene_child"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a case came to. child_mib: the most that the process for the answer had resident, None for none
    seen; child_s: how long it was there. cpu: share of a core once all is settled."""

    weight: Weight
    cpu: float
    child_mib: float | None
    child_s: float


def lines(video: Path) -> list[str]:
    """As a document has it, in Markdown."""
    with tempfile.TemporaryDirectory(prefix="kith-bench-") as folder, _server() as url:
        pictures = daemon_child.keep_pictures(video, Path(folder) / "pictures")
        costs = [_measure(case, pictures, Path(folder) / str(n), url) for n, case in enumerate(CASES)]
    base = costs[0].weight
    return [
        f"| {'':{_WIDTH}} | resident, MiB | beyond all off | its own | of a core | process for the answer |",
        "| --- | --- | --- | --- | --- | --- |",
        *(_row(case, cost, base) for case, cost in zip(CASES, costs, strict=True)),
    ]


def _row(case: Case, cost: Cost, base: Weight) -> str:
    child = "" if cost.child_mib is None else f"{cost.child_mib:.0f} MiB for {cost.child_s:.1f} s"
    more = f"{cost.weight.resident - base.resident:+.1f}"
    own = f"{cost.weight.own:.1f}"
    return (
        f"| {case.name:{_WIDTH}} | {cost.weight.resident:.1f} | {more} | {own} | {cost.cpu:.0%} | {child} |"
    )


def _measure(case: Case, pictures: Path, state: Path, url: str) -> Cost:
    state.mkdir()
    if case.tells:
        _teach(state)
    press = f"{ASKED_S:.0f} {case.press}" if case.press else ""
    child = ["-m", "bench.optional_child", str(pictures), str(state), ",".join(case.on), press, url]
    with (
        daemon_cost.speaker() as environment,
        daemon_cost.running([sys.executable, *child], environment) as pid,
    ):
        peak, lasted_s = _watch_child(pid, case.child, time.monotonic() + SETTLED_S)
        before_s = daemon_cost.cpu_s(pid)
        time.sleep(WATCH_S)
        cpu = (daemon_cost.cpu_s(pid) - before_s) / WATCH_S
        return Cost(weight=daemon_cost.weigh(pid), cpu=cpu, child_mib=peak, child_s=lasted_s)


def _watch_child(pid: int, name: str, until_s: float) -> tuple[float | None, float]:
    peak, first_s, last_s = None, 0.0, 0.0
    while (now_s := time.monotonic()) < until_s:
        for child in daemon_cost.children(pid) if name else ():
            try:
                if name in Path(f"/proc/{child}/cmdline").read_text(encoding="utf-8"):
                    peak = max(peak or 0.0, daemon_cost.peak(child))
                    first_s, last_s = first_s or now_s, now_s
            except (OSError, StopIteration):
                pass  # it has just ended
        time.sleep(_POLL_S)
    return peak, last_s - first_s


def _teach(state: Path) -> None:
    """A thing that is nowhere in view: it is searched for each second and never found."""
    model_id = thing_network()
    assert model_id is not None
    vector = np.zeros(_LENGTH, np.float32)
    vector[0] = 1.0
    faces = read_manifest(models_dir()).networks["embedder"].model_id
    with Gallery.open(gallery_file(state), faces, model_id) as gallery:
        view = Embedding(vector=vector, model_id=model_id)
        thing = gallery.add_thing("Number 1", [view], extent=0.3)
        gallery.set_announced(thing.person_id, True)


class _Chat(BaseHTTPRequestHandler):
    """An honest server whose words take two seconds."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for word in ("A table ahead, ", "with a cup. ", "A door on the left."):
            time.sleep(0.7)
            self.wfile.write(b'data: {"choices":[{"delta":{"content":"%s"}}]}\n\n' % word.encode())
            self.wfile.flush()
        self.wfile.write(b"data: [DONE]\n\n")

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Without a word."""


@contextmanager
def _server() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Chat)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()


def main() -> None:
    """Print it, or write it into docs/memory.md."""
    parser = argparse.ArgumentParser(prog="python -m bench.optional_parts", description=__doc__)
    walk = home() / "demo" / "build" / "walk.avi"
    parser.add_argument("--video", type=Path, default=walk, help="640x480 video (the demo walk)")
    parser.add_argument("--docs", action="store_true", help="write it into docs/memory.md")
    chosen = parser.parse_args()
    found = lines(chosen.video)
    print(*found, sep="\n")
    if chosen.docs:
        replace_block(home() / "docs" / "memory.md", "optional", found)


if __name__ == "__main__":
    main()
