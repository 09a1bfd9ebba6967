"""What every narrator owes, whoever puts the picture into words: a script, a child, a server, networks."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import pytest

from kith.app.paths import models_dir
from kith.clock import NS_PER_MS, MonotonicClock
from kith.config import ReadingSettings, SceneSettings
from kith.drivers.narrator_process import NarratorProcess, Request
from kith.drivers.reading_narrator import ReadingNarrator
from kith.drivers.scene_narrator import SceneNarrator
from kith.drivers.simulated_narrator import SimulatedNarrator, Told
from kith.ports import Narration, NarrationEnd, Narrator, Subject
from kith.types import U8
from kith.vision.networks import has_files
from tests.e2e._chat_server import STREAM, answer, sends, serving

PATIENCE_S = 60.0
SOON_S = 0.5
"""What is to happen at once has happened by then, also on a busy machine."""


def sign(*lines: str) -> U8:
    """A sign in plain letters."""
    rgb = np.full((480, 640, 3), 230, np.uint8)
    for row, line in enumerate(lines):
        cv2.putText(
            rgb, line, (60, 120 + 90 * row), cv2.FONT_HERSHEY_SIMPLEX, 1.6, (20, 20, 30), 3, cv2.LINE_AA
        )
    return rgb


class Kit(Protocol):
    """A kind of narrator. says: what one of them tells and how it ends."""

    says: tuple[str, NarrationEnd]
    subject: Subject

    def make(self) -> Narrator: ...

    def close(self) -> None: ...


class Scripted:
    """The simulated twin, moved on by a thread, as a simulation moves it on."""

    says = ("One two.", NarrationEnd.DONE)
    subject = Subject(rgb=sign())

    def __init__(self) -> None:
        self._closed = threading.Event()

    def make(self) -> Narrator:
        clock = MonotonicClock()
        script = (
            Told(after_ms=50, text="One "),
            Told(after_ms=100, text="two."),
            Told(after_ms=300, end=NarrationEnd.DONE),
        )
        narrator = SimulatedNarrator(clock, script)

        def move_on() -> None:
            while not self._closed.wait(5 * NS_PER_MS / 1e9):
                narrator.advance()

        threading.Thread(target=move_on, daemon=True).start()
        return narrator

    def close(self) -> None:
        self._closed.set()


class Child:
    """The plumbing that the real ones share."""

    says = ("I got 3 bytes. That was all.", NarrationEnd.DONE)
    subject = Subject(rgb=sign())

    def make(self) -> Narrator:
        request = Request(header={"trouble": ""}, picture=b"abc")
        return NarratorProcess("narrator_children", lambda _: request, longest_s=PATIENCE_S, site=False)

    def close(self) -> None:
        pass


class Reader:
    """The networks that read."""

    says = ("Way out\nPlatform 3", NarrationEnd.DONE)
    subject = Subject(rgb=sign("Way out", "Platform 3"))

    def make(self) -> Narrator:
        if not has_files("reading", models_dir()):
            pytest.skip("reading is not built here")
        return ReadingNarrator(ReadingSettings(picture_px=640), models_dir())

    def close(self) -> None:
        pass


class Describer:
    """A description by a server that is honest."""

    says = ("Two steps down. A door.", NarrationEnd.DONE)
    subject = Subject(rgb=sign(), hide=())

    def __init__(self) -> None:
        self._server = serving(sends(STREAM + answer("Two steps", " down. ", "A door.")))
        self._url = self._server.__enter__().url

    def make(self) -> Narrator:
        return SceneNarrator(SceneSettings(enabled=True, url=self._url), voice="en")

    def close(self) -> None:
        self._server.__exit__(None, None, None)


class Unheard:
    """A description whose server is not there."""

    says = ("", NarrationEnd.UNREACHABLE)
    subject = Subject(rgb=sign(), hide=())

    def make(self) -> Narrator:
        settings = SceneSettings(enabled=True, url="http://127.0.0.1:9/v1", first_words_ms=1000)
        return SceneNarrator(settings, voice="en")

    def close(self) -> None:
        pass


KITS: dict[str, Callable[[], Kit]] = {
    "scripted": Scripted,
    "child": Child,
    "reader": Reader,
    "describer": Describer,
    "unheard": Unheard,
}


@pytest.fixture(params=KITS)
def kit(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kit]:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    kit = KITS[request.param]()
    yield kit
    kit.close()


@pytest.fixture
def narrator(kit: Kit) -> Iterator[Narrator]:
    narrator = kit.make()
    yield narrator
    narrator.cancel()


class News:
    """What is told, in its order."""

    def __init__(self) -> None:
        self.all: list[Narration] = []
        self._new: queue.SimpleQueue[Narration] = queue.SimpleQueue()

    def __call__(self, news: Narration) -> None:
        self.all.append(news)
        self._new.put(news)

    def until_end(self) -> tuple[str, NarrationEnd]:
        text = ""
        while True:
            news = self._new.get(timeout=PATIENCE_S)
            text += news.text
            if news.end is not None:
                return text, news.end


def test_what_it_tells_ends_once_and_last(kit: Kit, narrator: Narrator) -> None:
    news = News()
    narrator.begin(7, kit.subject, news)
    assert news.until_end() == kit.says
    time.sleep(SOON_S)
    assert [each.end for each in news.all] == [None] * (len(news.all) - 1) + [kit.says[1]]
    assert {each.number for each in news.all} == {7}


def test_it_begins_at_once(kit: Kit, narrator: Narrator) -> None:
    before_s = time.monotonic()
    narrator.begin(1, kit.subject, News())
    assert time.monotonic() - before_s < SOON_S


def test_what_was_cancelled_tells_nothing(kit: Kit, narrator: Narrator) -> None:
    news = News()
    narrator.cancel()
    narrator.begin(1, kit.subject, news)
    narrator.cancel()
    narrator.cancel()
    told = len(news.all)
    time.sleep(2 * SOON_S)
    assert len(news.all) == told
    assert all(each.end is None for each in news.all)


def test_a_new_one_takes_the_place_of_the_last(kit: Kit, narrator: Narrator) -> None:
    first, second = News(), News()
    narrator.begin(1, kit.subject, first)
    narrator.begin(2, kit.subject, second)
    told = len(first.all)
    assert second.until_end() == kit.says
    assert len(first.all) == told
    assert all(each.end is None for each in first.all)


def test_one_may_follow_the_other(kit: Kit, narrator: Narrator) -> None:
    for number in (1, 2):
        news = News()
        narrator.begin(number, kit.subject, news)
        assert news.until_end() == kit.says


def test_who_is_told_may_cancel_it(kit: Kit, narrator: Narrator) -> None:
    news = News()
    told = threading.Event()

    def enough(each: Narration) -> None:
        news(each)
        narrator.cancel()
        told.set()

    narrator.begin(1, kit.subject, enough)
    assert told.wait(PATIENCE_S)
    time.sleep(SOON_S)
    assert len(news.all) == 1
