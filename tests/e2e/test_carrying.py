"""People carried from one device to another by the real commands: enrolled from photos here, known there; and
the file opened by the standard `age` tool."""

from __future__ import annotations

import io
import json
import os
import pty
import select
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from kith.types import SAMPLE_RATE_HZ
from kith.wav_file import wav_bytes
from tests.e2e._commands import BUILT, built, kith, one_line

PASSPHRASE = "three old oak trees"
PATIENCE_S = 60.0

pytestmark = [
    built,
    pytest.mark.skipif(
        not (BUILT / "photos").is_dir(), reason="the demo walk is not built: python -m demo build"
    ),
]


@dataclass(frozen=True)
class Desk:
    """A folder with a space, two people enrolled in it, one with a recording, and what was exported."""

    folder: Path
    photos: dict[str, Path]
    file: Path
    secret: Path

    @property
    def state(self) -> Path:
        return self.folder / "this device"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    folder = tmp_path_factory.mktemp("a desk") / "with a space"
    folder.mkdir()
    photos = {each.name: min(each.iterdir()) for each in sorted((BUILT / "photos").iterdir())[:2]}
    secret, sound = folder / "the secret.txt", folder / "the name.wav"
    secret.write_text(PASSPHRASE + "\n")
    times = np.arange(SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    sound.write_bytes(wav_bytes((8000 * np.sin(2 * np.pi * 300 * times)).astype(np.int16)))
    made = Desk(folder=folder, photos=photos, file=folder / "all people.age", secret=secret)
    for name, photo in photos.items():
        done = kith("people", "add", name, photo, "--consent-date", "2026-02-14", "--data", made.state)
        assert done.returncode == 0, done.stderr
    done = kith("people", "record", next(iter(photos)), sound, "--data", made.state)
    assert done.returncode == 0, done.stderr
    done = kith("people", "export", made.file, "--passphrase-file", secret, "--data", made.state)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"2 people written to {made.file}, 1 with a recording.\n"
    return made


def listed(state: Path) -> list[dict[str, object]]:
    value: list[dict[str, object]] = json.loads(kith("people", "list", "--json", "--data", state).stdout)
    return [each | {"name_recording": each["name_recording"] is not None} for each in value]


def test_who_was_exported_is_known_on_the_other_device(desk: Desk, tmp_path: Path) -> None:
    other = tmp_path / "the other device"
    done = kith("people", "import", desk.file, "--passphrase-file", desk.secret, "--data", other)
    assert done.stdout == f"2 people taken in from {desk.file}, 1 with a recording.\n", done.stderr
    assert listed(other) == listed(desk.state)
    assert listed(other)[0]["consented_at"] == "2026-02-14T00:00:00+00:00"
    seen = kith("identify", *desk.photos.values(), "--json", "--data", other)
    faces = [json.loads(line)["faces"][0] for line in seen.stdout.splitlines()]
    assert [face["name"] for face in faces] == list(desk.photos)
    heard = tmp_path / "heard.wav"
    done = kith("people", "hear", next(iter(desk.photos)), "--sound", heard, "--data", other)
    assert done.stdout.endswith(": the recording.\n"), done.stderr


def test_a_wrong_passphrase_and_a_torn_file_are_one_line_and_change_nothing(
    desk: Desk, tmp_path: Path
) -> None:
    other, torn, wrong = tmp_path / "other", tmp_path / "torn.age", tmp_path / "wrong"
    torn.write_bytes(desk.file.read_bytes()[:-500])
    wrong.write_text("three old elm trees\n")
    done = kith("people", "import", desk.file, "--passphrase-file", wrong, "--data", other)
    assert one_line(done) == f"that is not the passphrase of {desk.file}"
    done = kith("people", "import", torn, "--passphrase-file", desk.secret, "--data", other)
    assert "is damaged or was cut short" in one_line(done)
    assert not other.exists()


def test_nothing_of_it_lies_in_the_clear_anywhere(desk: Desk, tmp_path: Path) -> None:
    """Neither beside the file nor where temporary files go, nor for a moment: what is written is traced."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed: apt-get install strace")
    trace, file = tmp_path / "trace", tmp_path / "people.age"
    words = ["people", "export", file, "--passphrase-file", desk.secret, "--data", desk.state]
    command = [
        "strace",
        "-f",
        "-e",
        "trace=openat,open,creat,rename",
        "-o",
        trace,
        sys.executable,
        "-m",
        "kith",
    ]
    done = subprocess.run(
        [*map(str, command), *map(str, words)],
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )
    if "ptrace" in done.stderr:
        pytest.skip("strace may not be used here")
    assert done.returncode == 0, done.stderr
    written = {
        line.split('"')[1]
        for line in trace.read_text().splitlines()
        if ("O_WRONLY" in line or "O_RDWR" in line or "O_CREAT" in line) and " = -1 " not in line
    }
    outside = {each for each in written if not each.startswith((str(desk.state), "/dev/", "/proc/"))}
    assert len(outside) == 1
    assert outside.pop().startswith(str(tmp_path / ".people.age."))


def test_the_age_tool_opens_it(desk: Desk) -> None:
    if shutil.which("age") is None:
        pytest.skip("age is not installed: apt-get install age")
    with Terminal(["age", "-d", "-o", str(desk.folder / "opened.tar"), str(desk.file)]) as terminal:
        terminal.answer("assphrase", PASSPHRASE)
        assert terminal.end() == 0, terminal.told
    with tarfile.open(desk.folder / "opened.tar") as tar:
        names = tar.getnames()
        first = json.load(io.TextIOWrapper(tar.extractfile("people/0001.json") or io.BytesIO()))
    assert names == ["kith.json", "people/0001.json", "people/0001.wav", "people/0002.json"]
    assert first["name"] == next(iter(desk.photos))


def test_a_passphrase_is_asked_for_twice_and_not_shown(desk: Desk, tmp_path: Path) -> None:
    file, other = tmp_path / "asked.age", tmp_path / "other"
    with Terminal(_command("people", "export", file, "--data", desk.state)) as terminal:
        terminal.answer("Passphrase", PASSPHRASE)
        terminal.answer("Repeat", "three old elm trees")
        terminal.answer("Passphrase", PASSPHRASE)
        terminal.answer("Repeat", PASSPHRASE)
        assert terminal.end() == 0, terminal.told
    assert f"2 people written to {file}" in terminal.told
    assert "do not match" in terminal.told
    assert "three old" not in terminal.told
    with Terminal(_command("people", "import", file, "--data", other)) as terminal:
        terminal.answer("Passphrase", PASSPHRASE)
        assert terminal.end() == 0, terminal.told
    assert "2 people taken in" in terminal.told
    assert "three old" not in terminal.told


class Terminal:
    """A program before a terminal of its own, as a carer sits before it."""

    def __init__(self, command: list[str]) -> None:
        self._control, side = pty.openpty()
        self._process = subprocess.Popen(
            ["setsid", "--ctty", "--wait", *command], stdin=side, stdout=side, stderr=side
        )
        os.close(side)
        self._all, self._new = "", ""

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        os.close(self._control)

    @property
    def told(self) -> str:
        """All that was on the screen."""
        return self._all

    def answer(self, question: str, words: str) -> None:
        """Wait for a question that was not answered yet, then type."""
        for piece in self._pieces():
            self._new += piece
            if question in self._new:
                break
        assert question in self._new, self._all
        # What is typed before the program has silenced the terminal would be shown by it.
        time.sleep(0.2)
        self._new = ""
        os.write(self._control, (words + "\n").encode())

    def end(self) -> int:
        """Read on to its end; the exit status."""
        for _ in self._pieces():
            pass
        return self._process.wait(PATIENCE_S)

    def _pieces(self) -> Iterator[str]:
        give_up = time.monotonic() + PATIENCE_S
        while time.monotonic() < give_up:
            if not select.select([self._control], [], [], 0.1)[0]:
                continue
            try:
                piece = os.read(self._control, 4096).decode()
            except OSError:  # nobody holds its other side any more
                return
            self._all += piece
            yield piece


def _command(*words: object) -> list[str]:
    return [sys.executable, "-m", "kith", *map(str, words)]
