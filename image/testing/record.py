"""The log of a trial: a table that one can read, written anew after every row."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from image import ImageError

_HEAD = "| step | what was done | what was seen | seconds | |\n| --- | --- | --- | ---: | --- |\n"


class StepFailed(ImageError):
    """A row of a step went wrong, and the rest of the step makes no sense without it."""


@dataclass(slots=True, kw_only=True)
class Row:
    """One thing that was done, and what was seen. seconds: of the clock on the wall."""

    step: str
    done: str
    seen: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def note(self, text: str) -> None:
        """Something that was seen."""
        self.seen.append(text)

    def check(self, good: bool, text: str) -> None:
        """Something that must be so; text: what it is, true or not."""
        (self.seen if good else self.wrong).append(text)

    def as_table_row(self) -> str:
        """As a line of the table."""
        seen = "; ".join([*self.seen, *(f"**WRONG: {each}**" for each in self.wrong)])
        cells = (self.step, self.done, seen, f"{self.seconds:.0f}", "no" if self.wrong else "ok")
        return "| " + " | ".join(each.replace("|", "\\|").replace("\n", " / ") for each in cells) + " |"


class Record:
    """Keeps rows in the file `path`, below `title`. tell: hears what goes on, a line each."""

    def __init__(
        self,
        path: Path,
        title: str,
        tell: Callable[[str], None] = print,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path, self._title, self._tell, self._clock = path, title, tell, clock
        self._began_s = clock()
        self.rows: list[Row] = []
        path.parent.mkdir(parents=True, exist_ok=True)

    @property
    def good(self) -> bool:
        """Whether there are rows and nothing in them is wrong."""
        return bool(self.rows) and not any(row.wrong for row in self.rows)

    @contextmanager
    def row(self, step: str, done: str) -> Iterator[Row]:
        """A row that is written at the end of the block. An ImageError in it becomes StepFailed."""
        row, began_s = Row(step=step, done=done), self._clock()
        self._tell(f"[{began_s - self._began_s:6.0f} s] {step}: {done} ...")
        try:
            yield row
        except ImageError as error:
            row.wrong.append(str(error).splitlines()[0])
            self._tell(str(error))
            raise StepFailed(f"{step}: {error}") from error
        finally:
            row.seconds = self._clock() - began_s
            self.rows.append(row)
            self._write()
            self._tell(f"[{self._clock() - self._began_s:6.0f} s]   {row.as_table_row()}")

    def _write(self) -> None:
        failed = sum(bool(row.wrong) for row in self.rows)
        text = [f"# {self._title}\n\n"]
        text.append(
            f"{len(self.rows)} rows, {failed} wrong, {self._clock() - self._began_s:.0f} s in all.\n\n"
        )
        text.append(_HEAD)
        text += [row.as_table_row() + "\n" for row in self.rows]
        self._path.write_text("".join(text), encoding="utf-8")
