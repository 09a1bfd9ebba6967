"""What a narrator in a child process owes when that dies, hangs, babbles, or nobody listens any more."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from kith.drivers import narrator_process
from kith.drivers.narrator_process import NarratorProcess, Request
from kith.ports import Narration, NarrationEnd, Subject

PATIENCE_S = 20.0
SUBJECT = Subject(rgb=np.zeros((4, 4, 3), np.uint8))
PICTURE = bytes(range(256)) * 4096
"""More than a pipe holds."""
FIRST = f"I got {len(PICTURE)} bytes. "
Make = Callable[..., NarratorProcess]


@pytest.fixture
def troubled(monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    made = []

    def make(trouble: str, *, longest_s: float = PATIENCE_S) -> NarratorProcess:
        request = Request(header={"trouble": trouble}, picture=PICTURE)
        made.append(NarratorProcess("narrator_children", lambda _: request, longest_s=longest_s, site=False))
        return made[-1]

    yield make
    for narrator in made:
        narrator.cancel()


class News:
    """What was told, in its order."""

    def __init__(self) -> None:
        self.all: list[Narration] = []
        self._new: queue.SimpleQueue[Narration] = queue.SimpleQueue()

    def __call__(self, news: Narration) -> None:
        self.all.append(news)
        self._new.put(news)

    def next(self) -> Narration:
        return self._new.get(timeout=PATIENCE_S)

    def until_end(self) -> tuple[str, NarrationEnd]:
        text = ""
        while (news := self.next()).end is None:
            text += news.text
        return text, news.end


def begun(narrator: NarratorProcess, number: int = 1) -> News:
    news = News()
    narrator.begin(number, SUBJECT, news)
    return news


def until(holds: Callable[[], bool]) -> None:
    end_s = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end_s
        time.sleep(0.005)


def gone(pid: int) -> bool:
    """Whether there is nothing of it, not even a zombie."""
    return not Path(f"/proc/{pid}").exists()


def pid_of(narrator: NarratorProcess) -> int:
    until(lambda: narrator.pid is not None)
    assert narrator.pid
    return narrator.pid


def threads() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name == "kith-narrator"]


def test_the_words_come_in_their_order_and_then_the_end(troubled: Make) -> None:
    news = begun(troubled(""), number=7)
    assert news.until_end() == (FIRST + "That was all.", NarrationEnd.DONE)
    assert {each.number for each in news.all} == {7}


def test_between_narrations_there_is_neither_a_child_nor_a_thread(troubled: Make) -> None:
    narrator = troubled("lingers")
    news = begun(narrator)
    pid = pid_of(narrator)
    news.until_end()
    until(lambda: gone(pid) and not threads())
    assert narrator.pid is None
    assert begun(narrator, number=2).until_end()[1] is NarrationEnd.DONE


def test_what_a_library_prints_is_no_news_and_on_no_terminal(
    troubled: Make, capfd: pytest.CaptureFixture[str]
) -> None:
    text, _ = begun(troubled("")).until_end()
    assert "chats" not in text
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "trouble",
    ["dies", "leaves", "raises", "floods", "babbles", "lists", "two at once", "numbers", "unknown end",
     "unknown news", "bytes", "endless line"],
)  # fmt: skip
def test_a_child_that_goes_wrong_has_failed(troubled: Make, trouble: str) -> None:
    narrator = troubled(trouble)
    news = begun(narrator)
    text, end = news.until_end()
    assert (text[: len(FIRST)], end) == (FIRST, NarrationEnd.FAILED)
    until(lambda: narrator.pid is None)
    assert news.all[-1].end is NarrationEnd.FAILED


def test_where_it_broke_down_is_logged_but_never_the_text(
    troubled: Make, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    begun(troubled("raises")).until_end()
    assert "ValueError at" in caplog.text
    assert "narrator_children.py:" in caplog.text
    assert "secret" not in caplog.text
    assert "bytes." not in caplog.text


@pytest.mark.parametrize("trouble", ["mute", "hangs"])
def test_a_child_that_hangs_is_killed_after_its_deadline(
    troubled: Make, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    monkeypatch.setattr(narrator_process, "_GRACE_S", 0.5)
    narrator = troubled(trouble, longest_s=0.5)
    news = begun(narrator)
    pid = pid_of(narrator)
    os.kill(pid, signal.SIGSTOP)
    assert news.until_end()[1] is NarrationEnd.TOO_SLOW
    until(lambda: gone(pid))


@pytest.mark.parametrize("trouble", ["floods", "hangs"])
def test_a_cancelled_child_is_killed_at_once_and_nothing_more_is_told(troubled: Make, trouble: str) -> None:
    narrator = troubled(trouble)
    news = begun(narrator)
    news.next()
    pid = pid_of(narrator)
    begun_s = time.monotonic()
    narrator.cancel()
    told = len(news.all)
    assert time.monotonic() - begun_s < 0.1
    until(lambda: gone(pid))
    assert time.monotonic() - begun_s < 1.0
    until(lambda: not threads())
    assert len(news.all) == told
    narrator.cancel()


def test_also_one_that_is_only_being_started(troubled: Make) -> None:
    for _ in range(10):
        narrator = troubled("")
        news = begun(narrator)
        narrator.cancel()
        told = len(news.all)
        until(lambda: not threads())
        assert len(news.all) == told


def test_a_new_narration_cancels_the_last(troubled: Make) -> None:
    narrator = troubled("hangs")
    first = begun(narrator, number=1)
    first.next()
    pid = pid_of(narrator)
    second = begun(narrator, number=2)
    told = len(first.all)
    until(lambda: gone(pid))
    assert second.next().number == 2
    assert len(first.all) == told


def test_whoever_is_told_may_cancel_there_and_then(troubled: Make) -> None:
    narrator = troubled("floods")
    told: list[Narration] = []

    def stop(news: Narration) -> None:
        told.append(news)
        narrator.cancel()

    narrator.begin(1, SUBJECT, stop)
    until(lambda: bool(told) and not threads())
    assert len(told) == 1


def test_control_characters_and_halves_of_characters_are_not_handed_on(troubled: Make) -> None:
    text, end = begun(troubled("odd characters")).until_end()
    assert (text, end) == (FIRST + "a b [31mc\nThat was all.", NarrationEnd.DONE)


def test_it_steps_back_for_the_rest_and_goes_first_when_memory_runs_out(troubled: Make) -> None:
    # It may have got so far before its parent came to say how important it is.
    for _ in range(5):
        text, _ = begun(troubled("tells of itself")).until_end()
        assert "1000" in text
        if f" {narrator_process._NICE} 1000" in text:
            return
    pytest.fail("it was never told to step back")


def test_a_refusal_to_ask_is_told_and_nothing_is_started() -> None:
    narrator = NarratorProcess("none", lambda _: NarrationEnd.NO_PICTURES, longest_s=1.0, site=False)
    news = begun(narrator)
    assert news.until_end() == ("", NarrationEnd.NO_PICTURES)
    assert narrator.pid is None


def test_a_module_that_is_not_there_has_failed(troubled: Make) -> None:
    request = Request(header={}, picture=b"")
    narrator = NarratorProcess("kith.none", lambda _: request, longest_s=1.0, site=False)
    assert begun(narrator).until_end() == ("", NarrationEnd.FAILED)


@pytest.mark.parametrize("stopped", [False, True])
def test_the_child_dies_with_its_parent(stopped: bool) -> None:
    program = (
        "import time, numpy\n"
        "from kith.drivers.narrator_process import NarratorProcess, Request\n"
        "from kith.ports import Subject\n"
        "ask = Request(header={'trouble': 'hangs'}, picture=b'')\n"
        "narrator = NarratorProcess('narrator_children', lambda _: ask, longest_s=60.0, site=False)\n"
        "subject = Subject(rgb=numpy.zeros((4, 4, 3), numpy.uint8))\n"
        "narrator.begin(1, subject, lambda news: print(narrator.pid, flush=True))\n"
        "time.sleep(60)"
    )
    roots = [str(Path(__file__).parent), str(Path(narrator_process.__file__).parents[2])]
    parent = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(roots)},
    )
    assert parent.stdout
    pid = int(parent.stdout.readline())
    if stopped:
        os.kill(pid, signal.SIGSTOP)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    until(lambda: gone(pid) or Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] == "Z")
