"""The event file: whole lines, whatever happens."""

from __future__ import annotations

import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kith.app.events import Event, EventFile
from kith.clock import NS_PER_S
from kith.errors import InputError


def event(t_s: float, kind: str = "announcement", **fields: object) -> Event:
    return Event(at_ns=round((100 + t_s) * NS_PER_S), kind=kind, fields=fields)


def written(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_line_an_event_with_its_time_from_the_start(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text("what was there before\n")
    with EventFile(path, 100 * NS_PER_S) as file:
        file(event(0.0004, "ready", known=2))
        assert written(path) == [{"t_s": 0.0, "event": "ready", "known": 2}]  # there at once
        file(event(12.3456, text="Zoë, left, two metres.", person="Zoë", people=["Zoë"], track=None))
    assert written(path)[1:] == [
        {
            "t_s": 12.346,
            "event": "announcement",
            "text": "Zoë, left, two metres.",
            "person": "Zoë",
            "people": ["Zoë"],
            "track": None,
        }
    ]
    assert "Zoë" in path.read_text(encoding="utf-8")


def test_the_text_of_an_event_is_its_words_else_its_person() -> None:
    assert event(0, text="The camera is back.", person="Anna").text == "The camera is back."
    assert event(0, person="Anna").text == "Anna"
    assert event(0).text == event(0, person=None).text == ""


def test_a_file_that_cannot_be_made_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot write the events to .*: No such file or directory"):
        EventFile(tmp_path / "nowhere" / "events.jsonl", 0)
    with pytest.raises(InputError, match="Is a directory"):
        EventFile(tmp_path, 0)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk_is_one_clear_error_also_when_the_file_is_closed_then() -> None:
    with EventFile(Path("/dev/full"), 0) as file:
        for _ in range(2):
            with pytest.raises(InputError, match="cannot write the events to /dev/full: No space left"):
                file(event(1))


@contextmanager
def small_files(most_bytes: int) -> Iterator[None]:
    """No file may grow beyond this. Not a fixture: the test runner's own output may be a file too."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_where_room_ends_amid_a_line_only_whole_lines_stay(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with small_files(1000), EventFile(path, 0) as file:
        for number in range(3):
            file(event(number, text="x" * 240))
        with pytest.raises(InputError, match="File too large"):
            file(event(3, text="y" * 400))
    assert 1000 - 400 < path.stat().st_size < 1000
    assert [line["text"] for line in written(path)] == ["x" * 240] * 3
