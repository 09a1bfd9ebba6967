"""Nothing of a stranger outlives its track: what was computed of their faces is looked for, byte by byte, in
every file and every mapping of memory; and no name is ever logged."""

from __future__ import annotations

import errno
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from kith.clock import NS_PER_MS
from kith.recognition.gallery import Gallery
from tests.e2e._commands import BUILT, ROOT, Stage, built, set_stage
from tests.e2e._stranger_child import VECTOR_BYTES
from tests.unit._core_kit import ANNA, BEN, Life, agrees, enrol, name_said
from tests.unit._gallery_kit import MODEL, looks

_CHUNK_BYTES = 1 << 24
PART_BYTES = 16
"""Every 32 bytes in a row of a vector hold one of its parts of so many bytes."""
pytestmark = pytest.mark.timeout(300)


def parts_of(vectors: Iterable[bytes]) -> set[bytes]:
    """The parts by which any stretch of 32 bytes of any of them is found. Those that begin with a zero, as
    half of all memory does, are left out: some numbers of a small network's are zero."""
    parts = (vector[at : at + PART_BYTES] for vector in vectors for at in range(0, VECTOR_BYTES, PART_BYTES))
    return {part for part in parts if any(part[:4])}


def found_in(content: bytes, parts: set[bytes], *, aligned: bool = False) -> int:
    """How many of the parts are in it. aligned: at multiples of four alone, as floats are in memory."""
    firsts = np.array([np.frombuffer(part, np.uint32)[0] for part in parts], np.uint32)
    likely = np.zeros(1 << 20, bool)
    likely[_hash(firsts)] = True
    found: set[bytes] = set()
    for offset in range(min(1 if aligned else 4, len(content))):
        words = np.frombuffer(content, np.uint32, (len(content) - offset) // 4, offset)
        near = np.flatnonzero(likely[_hash(words)])
        for at in near[np.isin(words[near], firsts)]:
            start = offset + 4 * int(at)
            found |= {content[start : start + PART_BYTES]} & parts
    return len(found)


def _hash(words: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    return (words * np.uint32(2654435761)) >> np.uint32(12)


def in_files(folder: Path, parts: set[bytes]) -> dict[str, int]:
    """What is found in each file under it that holds any."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    counts = {path.name: found_in(path.read_bytes(), parts) for path in files}
    return {name: count for name, count in counts.items() if count}


# --- a busy time in the whole core --------------------------------------------------------------------------

STRANGERS = range(1000, 1050)
NAMES = ("Anna", "Ben", "Carla", "person 3", "the name")
BUSY = "import sys; from tests.e2e.test_stranger_gone import busy_time; busy_time(sys.argv[1])"


def busy_time(folder: str) -> None:
    """Ten minutes with fifty strangers, some of whom are nearly remembered; all of it logged."""
    import logging

    logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
    life = Life(Path(folder), people={"Anna": ANNA, "Ben": BEN}, says=[name_said(1), name_said(2)])
    life.step_ns = 50 * NS_PER_MS
    life.stands(1, ANNA)
    for count, stranger in enumerate(STRANGERS):
        life.stands(100 + count, stranger, bearing_deg=-15 + count % 4 * 10, distance_mm=1000 + count * 40)
        life.live(2)
        if count % 5 == 0:
            life.scene = {100 + count: life.scene[100 + count]}
            life.press("double")
            life.live(8)
            life.press("hold" if count % 2 else "tap", 0.5)  # cancelled, or nobody agreed
        life.live(4)
        life.press("tap")
        life.live(4)
        life.scene.pop(100 + count - 2, None)
        life.ears.heard.clear()
    life.scene.clear()
    remember_and_take_back(life)
    with Gallery.open(life.file, MODEL) as carer:
        carer.rename("Ben", "Carla")
    full = mock.patch("kith.recognition.store.write_private", side_effect=OSError(errno.ENOSPC, "full"))
    with full:  # its errors are logged too
        agrees(life, STRANGERS[-2])
        life.live(30)
    assert life.of("rejected")[-1].fields["reason"] == "disk_full"
    life.scene.clear()
    life.live(60)
    assert life.now_ns > 600e9
    (Path(folder) / "events.txt").write_text("\n".join(map(repr, life.events)), encoding="utf-8")


def remember_and_take_back(life: Life) -> None:
    """The last of the strangers, entirely."""
    enrol(life, STRANGERS[-1], track=900)
    life.press("hold")
    life.live(5)
    assert len(life.of("undone")) == 1
    life.scene.clear()


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of a device after a busy time, and its log."""
    folder = tmp_path_factory.mktemp("busy")
    done = subprocess.run(
        [sys.executable, "-c", BUSY, str(folder)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'device'}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=250,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return folder, done.stderr


def test_no_file_holds_anything_of_fifty_strangers(busy: tuple[Path, str]) -> None:
    folder, log = busy
    strangers = parts_of(looks(each)[0].vector.tobytes() for each in STRANGERS)
    assert in_files(folder, strangers) == {}
    assert found_in(log.encode(), strangers) == 0
    anna = parts_of(look.vector.tobytes() for look in looks(ANNA))
    assert in_files(folder, anna)["kith.db.bak"] == len(anna)


def test_no_name_is_logged(busy: tuple[Path, str]) -> None:
    _, log = busy
    assert "an enrollment could not be stored" in log
    assert not [line for line in log.splitlines() if any(name in line for name in NAMES)]


# --- a real device, and its memory --------------------------------------------------------------------------

FILM_FPS = 5


@dataclass
class Device:
    """The real command in lockstep. told: every vector that it made, by kind; alive: how many it held at the
    last stop."""

    process: subprocess.Popen[bytes]
    tells: int
    goes_on: int
    told: dict[str, list[bytes]] = field(default_factory=lambda: {"v": [], "f": []})
    alive: int = -1

    def runs_to_the_next_stop(self) -> bool:
        """False when it has ended."""
        while True:
            line = b""
            while len(line) < VECTOR_BYTES + 1:
                more = os.read(self.tells, VECTOR_BYTES + 1 - len(line))
                if not more:
                    return False
                line += more
            if line[:1] == b"s":
                self.alive = int.from_bytes(line[1:], "little")
                return True
            self.told[line[:1].decode()].append(line[1:])

    def continues(self) -> None:
        """From a stop."""
        os.write(self.goes_on, b".")

    def memory(self, parts: set[bytes]) -> dict[str, int]:
        """What is found in each mapping of its memory that holds any, by the mapping's name."""
        found: dict[str, int] = {}
        maps = Path(f"/proc/{self.process.pid}/maps").read_text(encoding="utf-8")
        with Path(f"/proc/{self.process.pid}/mem").open("rb", buffering=0) as memory:
            for line in maps.splitlines():
                fields = line.split(maxsplit=5)
                name = fields[5] if len(fields) == 6 else "anonymous"
                if "r" not in fields[1] or name in ("[vvar]", "[vvar_vclock]", "[vsyscall]"):
                    continue
                start, end = (int(each, 16) for each in fields[0].split("-"))
                for at in range(start, end, _CHUNK_BYTES):
                    memory.seek(at)
                    # So much more that what lies across the border is not missed.
                    content = memory.read(min(_CHUNK_BYTES + PART_BYTES, end - at))
                    found[name] = found.get(name, 0) + found_in(content, parts, aligned=True)
        return {name: count for name, count in found.items() if count}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return set_stage(tmp_path_factory.mktemp("stage"))


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stranger for three seconds, and then nobody for seven."""
    walk = cv2.VideoCapture(str(BUILT / "walk.avi"))
    fps = walk.get(cv2.CAP_PROP_FPS)
    size = (round(walk.get(cv2.CAP_PROP_FRAME_WIDTH)), round(walk.get(cv2.CAP_PROP_FRAME_HEIGHT)))
    target = tmp_path_factory.mktemp("film") / "stranger.avi"
    film = cv2.VideoWriter(str(target), cv2.VideoWriter.fourcc(*"MJPG"), FILM_FPS, size)
    for at_s in [12 + frame / FILM_FPS for frame in range(3 * FILM_FPS)] + 7 * FILM_FPS * [16.7]:
        walk.set(cv2.CAP_PROP_POS_FRAMES, round(at_s * fps))
        film.write(walk.read()[1])
    film.release()
    walk.release()
    return target


@pytest.fixture
def device(stage: Stage, film: Path, tmp_path: Path) -> Iterator[Device]:
    tells, tell = os.pipe()
    wait, goes_on = os.pipe()
    command = ["-m", "tests.e2e._stranger_child", "simulate", "--quiet", "--video", str(film)]
    outputs = ["--data", str(stage.enrolled(tmp_path)), "--events", str(tmp_path / "events.jsonl")]
    process = subprocess.Popen(
        [sys.executable, *command, *outputs],
        cwd=ROOT,
        env=os.environ
        | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'device'}", "KITH_STOPS": "2.5 9.5"}
        | {"KITH_TELL": str(tell), "KITH_WAIT": str(wait)},
        pass_fds=(tell, wait),
        stderr=(tmp_path / "log").open("wb"),
    )
    os.close(tell)
    os.close(wait)
    yield Device(process, tells, goes_on)
    process.kill()
    process.wait()
    os.close(tells)
    os.close(goes_on)


@built
def test_what_was_seen_of_a_stranger_is_in_no_file_and_in_memory_no_longer_than_they(
    device: Device, stage: Stage, tmp_path: Path
) -> None:
    assert device.runs_to_the_next_stop()
    assert device.alive > 0
    assert device.memory(parts_of(device.told["v"][-3:] + device.told["f"][-1:]))  # it would be found
    device.continues()
    assert device.runs_to_the_next_stop()
    strangers = parts_of(device.told["v"] + device.told["f"])
    assert len(device.told["v"]) >= 5
    assert device.alive == 0
    # What was freed is overwritten when it is used again, not before: there, and only there, some is left.
    found = device.memory(strangers)
    print(f"{len(device.told['v'])} looks, {len(strangers)} parts; left in memory: {found}")
    assert set(found) <= {"[heap]", "anonymous"}
    with Gallery.open(tmp_path / "state" / "kith.db", None) as gallery:
        rows = gallery._store.connection.execute("SELECT vector FROM templates").fetchall()
    enrolled = parts_of(vector for (vector,) in rows)
    print(f"{len(enrolled)} parts of the enrolled; in memory: {device.memory(enrolled)}")
    assert in_files(tmp_path / "state", enrolled)["kith.db"] == len(enrolled)
    assert in_files(tmp_path, strangers) == {}
    device.continues()
    assert not device.runs_to_the_next_stop()
    assert device.process.wait(60) == 0
    assert in_files(tmp_path, strangers) == {}
    assert (tmp_path / "events.jsonl").stat().st_size
    log = (tmp_path / "log").read_text(encoding="utf-8")
    assert not re.search(f"{stage.name}|{stage.other}", log)
