"""The live timeline of a run on the terminal: one line an event, in words, with colour on a terminal."""

from __future__ import annotations

from typing import IO

import click

_WORDS = {
    "announcement": ("says", "cyan"),
    "appeared": ("comes", "green"),
    "left": ("leaves", "bright_black"),
    "stranger": ("stranger", "bright_black"),
    "sound": ("sounds", "bright_black"),
    "enrolling": ("learning", "magenta"),
    "enrolled": ("learnt", "magenta"),
    "rejected": ("refused", "yellow"),
    "cancelled": ("cancelled", "yellow"),
    "undone": ("undone", "yellow"),
    "wrong": ("wrong", "yellow"),
    "forgotten": ("forgotten", "yellow"),
    "expired": ("expired", "yellow"),
    "book": ("book", "magenta"),
    "button": ("button", "blue"),
    "fault": ("FAULT", "red"),
    "recovered": ("recovered", "green"),
    "privacy": ("privacy", "yellow"),
    "ready": ("ready", "green"),
    "beep": ("beeps", "yellow"),
    "signal": ("signals", "yellow"),
}
_STEP_S = 0.5
_CLEAR_LINE = "\r\x1b[K"


class Timeline:
    """Prints to a stream. On a terminal a last line counts the time; elsewhere there are only whole lines."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._live = stream.isatty()
        self._shown_s: float | None = None

    def event(self, t_s: float, kind: str, text: str) -> None:
        """Something happened."""
        self._clear()
        word, colour = _WORDS.get(kind, (kind, None))
        start, told = f"{t_s:6.1f} s  ", f"{word:<9}"
        if self._live:
            start, told = click.style(start, dim=True), click.style(told, fg=colour, bold=kind == "fault")
        self._write(f"{start}{told} {text}".rstrip() + "\n")

    def progress(self, t_s: float, total_s: float, faces: int) -> None:
        """How far the run is, and how many faces are in view; total_s 0 where nobody knows the end."""
        if not self._live:
            return
        if total_s and t_s >= total_s - _STEP_S:
            self._clear()
        elif self._shown_s is None or t_s - self._shown_s >= _STEP_S:
            of = f" of {total_s:.0f}" if total_s else ""
            seen = "nobody" if not faces else f"{faces} face{'s' if faces > 1 else ''}"
            self._write(_CLEAR_LINE + click.style(f"{t_s:6.1f}{of} s, {seen} in view", dim=True))
            self._shown_s = t_s

    def _clear(self) -> None:
        if self._shown_s is not None:
            self._write(_CLEAR_LINE)
            self._shown_s = None

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
