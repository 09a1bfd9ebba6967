"""The power is cut amid enrollments, the teaching of things, corrections, renames and forgets: nothing that
was confirmed is lost, nothing that was forgotten is there, and nobody is there by half.

`KITH_POWER_CUTS=1000` cuts it so often, and prints where the cuts fell.
"""

from __future__ import annotations

import json
import os
import random
import select
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from kith.recognition.gallery import Gallery
from tests.e2e._power_cut_child import State, state_of
from tests.unit._gallery_kit import MODEL

ROOT = Path(__file__).parents[2]
CUTS = int(os.environ.get("KITH_POWER_CUTS", "40"))
pytestmark = pytest.mark.timeout(120 + 5 * CUTS)

LIFE_S = 1.5
"""Half of the cuts come at any time in so long."""
CHANGE_S = 0.006
"""The others at any time in so long after a change has begun: forgetting somebody takes it."""
VIEWS = 5


@dataclass
class Told:
    """What the device said before its power was cut. will: what it was about, None where that was confirmed;
    traces: everything that it ever held."""

    state: State
    will: str | None = None
    person: str = ""
    traces: set[str] = field(default_factory=set)
    changes: int = 0
    confirmed: int = 0
    amid: bool = False
    """A change had begun that was not confirmed."""

    def hears(self, line: dict[str, Any]) -> None:
        """One line of the device."""
        if "did" in line:
            assert self.will is None or is_done(self.will, self.person, self.state, line["did"])
            self.state, self.will, self.amid = line["did"], None, False
            self.confirmed += 1
            self.traces |= all_traces(self.state)
        elif "will" in line:
            self.will, self.person = line["will"], str(line["person"])
        elif "begins" in line:
            self.changes += 1
            self.amid = True


def all_traces(state: State) -> set[str]:
    """Of everybody in it."""
    found: set[str] = set()
    for person in state.values():
        found.update(person["faces"], person["marks"], [person["recording"]] if person["recording"] else [])
    return found


def is_done(will: str, person: str, before: State, after: State) -> bool:
    """Whether what is confirmed was done."""
    if will == "remember":
        return len(after) == len(before) + 1
    if will == "forget":
        return person not in after
    key = "recording" if will == "rename" else "marks"
    changed: bool = before[person][key] != after[person][key]
    return changed


class Device:
    """The child, which can be started anew in a few milliseconds."""

    def __init__(self) -> None:
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.e2e._power_cut_child"],
            cwd=ROOT,
            env=os.environ
            | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'device'}", "OPENBLAS_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        self._rest = b""
        assert "ready" in self._line(60.0)

    def run(self, folder: Path, seed: int, chance: random.Random) -> Told:
        """Let it live until its power is cut; what it told before."""
        assert self._server.stdin is not None
        self._server.stdin.write(f"{folder} {seed}\n".encode())
        pid = self._line(30.0)["pid"]
        told = Told(state={})
        by_change = chance.random() < 0.5
        cut_s = time.monotonic() + (30.0 if by_change else chance.uniform(0.0, LIFE_S))
        after_changes, later_s = chance.randint(1, 12), chance.uniform(0.0, CHANGE_S)
        while time.monotonic() < cut_s:
            line = self._line(cut_s - time.monotonic())
            assert "over" not in line, "the device failed"
            told.hears(line)
            if by_change and told.changes == after_changes and "begins" in line:
                cut_s = time.monotonic() + later_s
        os.kill(pid, signal.SIGKILL)
        while "over" not in (line := self._line(30.0)):
            told.hears(line)
        assert line["over"] == signal.SIGKILL
        return told

    def close(self) -> None:
        """End it."""
        self._server.kill()
        self._server.wait()

    def _line(self, wait_s: float) -> dict[str, Any]:
        """The next, or an empty one where none came in that time."""
        assert self._server.stdout is not None
        end_s = time.monotonic() + wait_s
        while b"\n" not in self._rest:
            left_s = max(0.0, end_s - time.monotonic())
            if not select.select([self._server.stdout], [], [], left_s)[0]:
                return {}
            self._rest += os.read(self._server.stdout.fileno(), 65536)
        line, self._rest = self._rest.split(b"\n", 1)
        told: dict[str, Any] = json.loads(line)
        return told


@pytest.fixture
def device() -> Iterator[Device]:
    device = Device()
    yield device
    device.close()


def opened(folder: Path) -> State:
    """What is there when the device starts anew."""
    with Gallery.open(folder / "kith.db", MODEL) as gallery:
        assert gallery.obstacle is None
        return state_of(gallery, folder)


def is_whole(state: State, folder: Path) -> None:
    """Nobody by half, and no recording that nobody has."""
    for person in state.values():
        assert len(person["faces"]) == VIEWS
        assert person["recording"] is not None
    assert len(list((folder / "recordings").glob("*"))) == len(state)


def is_what_was_confirmed(state: State, told: Told) -> None:
    """All of it; only what was under way may be either done or not."""
    if state == told.state:
        return
    assert told.will is not None, "what was confirmed is not there"
    before = dict(told.state)
    if told.will == "remember":
        assert len(state) == len(before) + 1
        assert {each: state[each] for each in before} == before
        return
    now, was = state.pop(told.person, None), before.pop(told.person)
    assert state == before, "somebody else changed"
    if told.will == "forget":
        assert now is None
        return
    assert now is not None, "somebody is gone"
    changed = {key for key in was if was[key] != now[key]}
    assert changed == {"recording" if told.will == "rename" else "marks"}


def is_without_traces(folder: Path, gone: set[str]) -> None:
    """In no file."""
    wanted = [bytes.fromhex(trace) for trace in gone]
    for file in [path for path in folder.rglob("*") if path.is_file()]:
        content = file.read_bytes()
        assert not [trace for trace in wanted if trace in content], file.name


def left_behind(folder: Path) -> set[str]:
    """What a change that was cut short leaves until the next opening."""
    signs = {"kith.db.bak.new": "a staged backup", "kith.db-wal": "a journal"}
    found = set()
    for name, sign in signs.items():
        with suppress(FileNotFoundError):
            if (folder / name).stat().st_size:
                found.add(sign)
    return found


def test_what_was_confirmed_is_there_and_what_was_forgotten_is_gone(tmp_path: Path, device: Device) -> None:
    chance = random.Random(int(os.environ.get("KITH_SEED", "1")))
    folder, figures = tmp_path / "gallery", Counter[str]()
    folder.mkdir()
    known: set[str] = set()
    for cut in range(CUTS):
        told = device.run(folder, cut, chance)
        signs = left_behind(folder)
        recordings = set((folder / "recordings").glob("*"))
        state = opened(folder)
        signs |= {"a stray recording"} if recordings != set((folder / "recordings").glob("*")) else set()
        is_whole(state, folder)
        known |= told.traces | all_traces(state)
        is_without_traces(folder, known - all_traces(state))
        if told.confirmed:
            is_what_was_confirmed(dict(state), told)
        done = told.will is not None and state != told.state
        figures.update(signs)
        figures.update(
            {"inside a change": bool(signs), "amid": told.amid, "changes": told.changes},
        )
        figures.update({"confirmed": told.confirmed, "done, not confirmed": done, "cuts": 1})
        figures.update([f"under way: {told.will}"])
        figures.update(f"{each['kind']}s there" for each in state.values())
    print(json.dumps(figures, indent=1))
    assert figures["confirmed"] > CUTS
    assert figures["things there"] > CUTS // 2
    assert figures["inside a change"] >= CUTS // 20


def test_what_is_lost_or_left_would_be_noticed(tmp_path: Path, device: Device) -> None:
    chance = random.Random(3)
    folder = tmp_path / "gallery"
    folder.mkdir()
    state: State = {}
    for cut in range(30):
        told = device.run(folder, cut, chance)
        state = opened(folder)
        if len(state) > 1 and told.will is None:
            break
    person, other = sorted(state)[:2]
    with pytest.raises(AssertionError, match="not there"):
        is_what_was_confirmed({person: state[person]}, Told(state=state))
    with pytest.raises(AssertionError, match="somebody else"):
        is_what_was_confirmed({person: state[person]}, Told(state=state, will="forget", person=person))
    with pytest.raises(AssertionError):
        is_whole({person: {**state[person], "faces": []}}, folder)
    with pytest.raises(AssertionError):
        is_without_traces(folder, {state[other]["recording"]})
    with pytest.raises(AssertionError):
        is_without_traces(folder, {state[other]["faces"][0]})
