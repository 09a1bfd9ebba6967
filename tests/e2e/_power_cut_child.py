"""A device whose wearer remembers, renames, corrects and forgets people and things over and over, until it is
killed.

Reads lines "folder seed". For each a process is forked, which tells, a line of JSON each, its pid, what it is
about to do (`will`), that a change of the gallery begins (`begins`), and, at the moment at which a change
begins to be confirmed aloud, what the gallery holds (`did`). When it is gone, `over` is told.
"""

from __future__ import annotations

import functools
import json
import os
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from kith.app.events import Event
from kith.clock import NS_PER_MS
from kith.drivers import simulated_microphone
from kith.recognition.gallery import Gallery
from kith.types import Embedding
from tests.unit._core_kit import Life, name_said
from tests.unit._gallery_kit import MODEL, looks

STEP_NS = 50 * NS_PER_MS
MOST_KNOWN = 5
TRACE_AT, TRACE_BYTES = 128, 48
"""The part of a template, a counter-example or a recording that it is known by."""
CONFIRMS = (
    " is remembered.",
    " better now.",
    " is the name now.",
    " is forgotten.",
    " is forgotten again.",
    "Noted. ",
    "Taken back. ",
)
ASK = "May I remember this face?"
State = dict[str, dict[str, Any]]


def state_of(gallery: Gallery, folder: Path) -> State:
    """Everything that is kept of everybody and everything, by id: the traces of each, and no name."""
    connection = gallery._store.connection
    state: State = {}
    for person_id, kind, recording in connection.execute("SELECT id, kind, name_recording FROM people"):
        wav = None if recording is None else (folder / recording).read_bytes()
        state[str(person_id)] = {
            "kind": kind,
            "faces": _traces(connection, "templates", person_id),
            "marks": _traces(connection, "counterexamples", person_id),
            "recording": None if wav is None else _trace(wav[len(wav) // 2 :]),
        }
    return state


def _traces(connection: Any, table: str, person_id: int) -> list[str]:
    rows = connection.execute(f"SELECT vector FROM {table} WHERE person_id = ? ORDER BY id", (person_id,))
    return [_trace(vector) for (vector,) in rows]


def _trace(content: bytes) -> str:
    return content[TRACE_AT : TRACE_AT + TRACE_BYTES].hex()


class Wearer:
    """Does one thing after the other."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder, self._chance = folder, random.Random(seed)
        names = [name_said(self._chance.randrange(10_000), syllables=2) for _ in range(20)]
        self.life = Life(folder, says=names, things={})
        self.life.step_ns = STEP_NS
        self._track = 10
        happened = self.life._happened

        def heard(event: Event) -> None:
            happened(event)
            if event.kind == "announcement" and any(words in event.text for words in CONFIRMS):
                tell(did=state_of(self.life.gallery, folder))

        self.life.core._around.observe = self.life.core._report._observe = heard
        self.life.gallery._store.connection.set_trace_callback(
            lambda statement: tell(begins=True) if statement.startswith("BEGIN") else None
        )
        tell(did=state_of(self.life.gallery, folder))

    def lives(self) -> None:
        """For ever."""
        while True:
            people, known = self.life.people.everybody(), self._known()
            does: list[Callable[[], None]] = [self.remembers, self.teaches]
            if known:
                does += [self.renames, self.forgets, self.takes_back]
            if people:
                does.append(self.corrects)
            if len(known) > MOST_KNOWN:
                does = [self.forgets]
            self._chance.choice(does)()
            self.life.scene.clear()
            self.life.holds(None)
            self._wait(4.0)

    def remembers(self) -> None:
        self._remembers()

    def teaches(self) -> None:
        tell(will="remember", person=None)
        self.life.press("double")
        self._until("Hold a thing up")
        self.life.holds(self._chance.randrange(1_000_000))
        self._is_named()

    def takes_back(self) -> None:
        self._chance.choice([self._remembers, self.teaches])()
        newest = max(self._known())
        tell(will="forget", person=newest)
        self.life.press("hold")
        self._until("is forgotten again.")

    def _remembers(self) -> None:
        tell(will="remember", person=None)
        self._stands(looks(self._chance.randrange(1_000_000))[0])
        self.life.press("double")
        self._until(ASK)
        self.life.press("double")
        self._is_named()

    def _is_named(self) -> None:
        self._until("the name. Double tap")
        self.life.press("double")
        self._until(" is remembered.")

    def corrects(self) -> None:
        if self.life.core._talk.enrolling.kept_ns is not None:
            self._wait(31.0)  # else a hold takes back who was just remembered
        people = self.life.gallery.templates()
        at = self._chance.randrange(len(people.vectors))
        other = looks(self._chance.randrange(1_000_000))[0].vector
        look = (0.7 * people.vectors[at] + 0.3 * other).astype(np.float32)
        person = int(people.person_ids[at])
        self._stands(Embedding(vector=look / np.linalg.norm(look), model_id=MODEL))
        self._wait(1.0)
        self.life.press("tap")
        self._wait(3.0)
        tell(will="mark", person=person)
        self.life.press("hold")
        self._wait(2.5)
        tell(will="unmark", person=person)
        self.life.press("hold")
        self._wait(2.5)

    def renames(self) -> None:
        person = self._opens_the_book()
        tell(will="rename", person=person)
        self.life.press("double")
        self._until("the name. Double tap")
        self.life.press("double")
        self._until("is the name now.")
        self.life.press("taphold")
        self._wait(2.5)

    def forgets(self) -> None:
        person = self._opens_the_book()
        tell(will="forget", person=person)
        self.life.press("hold")
        self._until("for good?")
        self.life.press("double")
        self._until(" is forgotten.")
        self.life.press("taphold")
        self._wait(2.5)

    def _opens_the_book(self) -> int:
        people = self._known()
        at = self._chance.randrange(len(people))
        self.life.press("taphold")
        self._wait(2.5)
        for _ in range(at + 1):
            self.life.press("tap")
            self._wait(1.0)
        return people[at]

    def _known(self) -> list[int]:
        """By id, in the order of the book."""
        everything = (*self.life.people.everybody(), *self.life.things.everybody())
        return [entry.person_id for entry in everything]

    def _stands(self, look: Embedding) -> None:
        self._track += 1
        self.life.stands(self._track, 0, look=look)

    def _until(self, words: str) -> None:
        life, before = self.life, len(self.life.said)
        life.live(40, until=lambda: any(words in text for _, text in life.said[before:]))
        assert any(words in text for _, text in life.said[before:]), (words, life.said[-4:])
        self._wait(0.3)

    def _wait(self, seconds: float) -> None:
        self.life.live(seconds)
        self.life.ears.heard.clear()
        self.life.ears.log.clear()


def tell(**what: Any) -> None:
    """At once: what was written is read though the writer is killed."""
    os.write(1, (json.dumps(what) + "\n").encode())


def main() -> None:
    simulated_microphone._noise = functools.cache(simulated_microphone._noise)
    simulated_microphone._noise()
    tell(ready=True)
    for line in sys.stdin:
        folder, seed = line.split()
        pid = os.fork()
        if pid == 0:
            tell(pid=os.getpid())
            try:
                Wearer(Path(folder), int(seed)).lives()
            finally:
                os._exit(3)
        _, status = os.waitpid(pid, 0)
        tell(over=status)


if __name__ == "__main__":
    main()
