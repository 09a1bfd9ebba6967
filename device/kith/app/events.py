"""What happened, for whoever looks on: the timeline, the event file, the contact sheet, the tests."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from kith.clock import NS_PER_S
from kith.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened. kind: announcement, appeared, left, stranger, enrolling, enrolled, rejected,
    cancelled, undone, wrong, book, forgotten, expired, learnt, sound, button, proximity, fault, recovered,
    notice, privacy, ready, beep, signal, narration.
    fields: JSON values. play_id: of what begins to be played, as in its Playback; not in the event file."""

    at_ns: int
    kind: str
    fields: Mapping[str, object] = field(default_factory=dict)
    play_id: int | None = None

    @property
    def text(self) -> str:
        """The event in a few words."""
        people = self.fields.get("people")
        names = " or ".join(map(str, people)) if isinstance(people, list) else ""
        return str(self.fields.get("text") or self.fields.get("person") or names)


Observer = Callable[[Event], None]


class EventFile:
    """Writes events as JSON lines: t_s from `start_ns`, event, and the event's fields. Each line is written
    at once, so that a run that is broken off leaves whole lines."""

    def __init__(self, path: Path, start_ns: int) -> None:
        self._path, self._start_ns = path, start_ns
        try:
            self._file = path.open("wb", buffering=0)
        except OSError as error:
            raise InputError(f"cannot write the events to {path}: {error.strerror}") from error
        self._size = 0

    def __call__(self, event: Event) -> None:
        """Write one event. Raises InputError when the disk is full."""
        t_s = round((event.at_ns - self._start_ns) / NS_PER_S, 3)
        line = json.dumps({"t_s": t_s, "event": event.kind, **event.fields}, ensure_ascii=False) + "\n"
        content = line.encode(errors="backslashreplace")
        left = memoryview(content)
        try:
            while left:
                left = left[self._file.write(left) :]
        except OSError as error:
            with suppress(OSError):
                self._file.truncate(self._size)  # not half a line
            raise InputError(f"cannot write the events to {self._path}: {error.strerror}") from error
        self._size += len(content)

    def __enter__(self) -> EventFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
