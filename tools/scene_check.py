"""Descriptions asked of a real llama.cpp server, through the real child process.

    make scene-check

The server comes from a wheel of 34 MB, pinned, into an environment of its own below .cache; its model is
written here, two hundred kilobytes of random numbers that say random words: the protocol is what is tried.
"""

from __future__ import annotations

import contextlib
import dataclasses
import queue
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "device"))

from kith.config import SceneSettings  # noqa: E402
from kith.drivers.scene_narrator import SceneNarrator  # noqa: E402
from kith.ports import Narration, NarrationEnd, Subject  # noqa: E402

PLACE = ROOT / ".cache" / "scene-check"
PINNED = ("xllamacpp==2026.10.11549", "gguf==0.19.0", "numpy==2.4.6")
SETTINGS = SceneSettings(enabled=True, model="")
SUBJECT = Subject(rgb=np.random.default_rng(1).integers(0, 256, (480, 640, 3), np.uint8), hide=())
PATIENCE_S = 60.0
REPEATS = 10


@dataclasses.dataclass(frozen=True, kw_only=True)
class Told:
    """What came of a narration. first_s: from the press to the first word."""

    text: str
    end: NarrationEnd
    first_s: float


def main() -> None:
    """Check everything; exit status 1 where something is wrong."""
    prepare()
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for check in (honest, ends_by_itself, a_key, blind, no_such_place, hangs_up, comes_and_goes):
            try:
                print(f"{check.__name__.replace('_', ' ')}: {check(Path(folder))}", flush=True)
            except AssertionError as error:
                failed += 1
                print(f"{check.__name__.replace('_', ' ')}: WRONG: {error}", flush=True)
    sys.exit(1 if failed else 0)


def prepare() -> None:
    """The environment of the server; does nothing twice."""
    done = PLACE / "done"
    if done.exists() and done.read_text(encoding="utf-8").split() == list(PINNED):
        return
    print("installing the server below .cache", file=sys.stderr, flush=True)
    venv.create(PLACE / "venv", with_pip=True, clear=True)
    subprocess.run([PLACE / "venv/bin/pip", "install", "--quiet", *PINNED], check=True)
    done.write_text("\n".join(PINNED), encoding="utf-8")


@contextlib.contextmanager
def serving(folder: Path, *options: str) -> Iterator[str]:
    """A server; the URL of its API."""
    with (folder / "server.log").open("w", encoding="utf-8") as log:
        server = subprocess.Popen(
            [PLACE / "venv/bin/python", ROOT / "tools/scene_check_server.py", folder, *options],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    try:
        assert server.stdout
        # Its own lines may come before.
        address = next((line for line in server.stdout if line.startswith("LISTENS ")), "")
        assert address, (
            f"the server did not start: {(folder / 'server.log').read_text(encoding='utf-8')[-500:]}"
        )
        yield f"{address.split()[1]}/v1"
    finally:
        server.kill()
        server.wait()


def ask(url: str, **settings: object) -> Told:
    """One description."""
    news: queue.SimpleQueue[tuple[float, Narration]] = queue.SimpleQueue()
    narrator = SceneNarrator(dataclasses.replace(SETTINGS, url=url, **settings), voice="en")  # type: ignore[arg-type]
    begun_s = time.monotonic()
    narrator.begin(1, SUBJECT, lambda told: news.put((time.monotonic() - begun_s, told)))
    text, first_s = "", 0.0
    while True:
        at_s, told = news.get(timeout=PATIENCE_S)
        text += told.text
        first_s = first_s or (at_s if told.text.strip() else 0.0)
        if told.end:
            return Told(text=text, end=told.end, first_s=first_s)


def expect(holds: bool, told: object) -> None:
    """Or it is wrong."""
    if not holds:
        raise AssertionError(str(told))


def honest(folder: Path) -> str:
    """Words are streamed, no more of them than wanted; how long the first takes."""
    with serving(folder) as url:
        all_told = [ask(url) for _ in range(REPEATS)]
    for told in all_told:
        expect(told.end is NarrationEnd.DONE, told)
        expect(80 <= len(told.text.split()) <= 160, told)
    firsts_ms = sorted(1000 * told.first_s for told in all_told)
    return f"first word after {firsts_ms[REPEATS // 2]:.0f} ms (median of {REPEATS}, to {firsts_ms[-1]:.0f})"


def ends_by_itself(folder: Path) -> str:
    """The server's own end, by its length."""
    with serving(folder, "--words", "12") as url:
        told = ask(url)
        named = ask(url, model="whatever-it-has")
    expect(told.end is NarrationEnd.DONE and 1 <= len(told.text.split()) <= 12, told)
    expect(named.end is NarrationEnd.DONE, named)
    return f"{len(told.text.split())} words, with and without the name of a model"


def a_key(folder: Path) -> str:
    """The right key opens; a wrong one, or none, does not."""
    right, wrong = folder / "right", folder / "wrong"
    for file in (right, wrong):
        file.write_text(f"sk-{file.name}\n", encoding="utf-8")
        file.chmod(0o600)
    with serving(folder, "--key", "sk-right", "--words", "12") as url:
        ends = [ask(url, key_file=str(right)).end, ask(url, key_file=str(wrong)).end, ask(url).end]
    expect(ends == [NarrationEnd.DONE, NarrationEnd.DENIED, NarrationEnd.DENIED], ends)
    return "right: done; wrong: denied; none: denied"


def blind(folder: Path) -> str:
    """A model that cannot look at pictures."""
    with serving(folder, "--blind") as url:
        told = ask(url)
    expect((told.text, told.end) == ("", NarrationEnd.NO_PICTURES), told)
    return "no pictures"


def no_such_place(folder: Path) -> str:
    """The address of something else."""
    with serving(folder) as url:
        told = ask(url.replace("/v1", "/api/v9"))
    expect((told.text, told.end) == ("", NarrationEnd.NONSENSE), told)
    return "nonsense"


def hangs_up(folder: Path) -> str:
    """A description that is cut off leaves the server, which has one place, free for the next at once."""
    with serving(folder) as url:
        told: queue.SimpleQueue[Narration] = queue.SimpleQueue()
        narrator = SceneNarrator(dataclasses.replace(SETTINGS, url=url, most_words=400), voice="en")
        for number in range(5):
            narrator.begin(number, SUBJECT, told.put)
            told.get(timeout=PATIENCE_S)
            narrator.cancel()
        begun_s = time.monotonic()
        last = ask(url)
        took_s = time.monotonic() - begun_s
    expect(last.end is NarrationEnd.DONE and took_s < 5, last)
    return f"five were cut off; the next took {1000 * took_s:.0f} ms, all of it"


def comes_and_goes(folder: Path) -> str:
    """A server that dies, and is gone."""
    with serving(folder) as url:
        expect(ask(url).end is NarrationEnd.DONE, "the server did not answer")
    told = ask(url)
    expect((told.text, told.end) == ("", NarrationEnd.UNREACHABLE), told)
    return "unreachable once it has gone"


if __name__ == "__main__":
    main()
