"""Reading a TOML table so that every mistake in it is told in one line."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from math import isfinite
from typing import Any

from kith.errors import InputError


class Table:
    """A table of the file that notes what was asked of it, so that a misspelt key is told."""

    def __init__(self, where: str, values: dict[str, Any]) -> None:
        self.where, self._left = where, dict(values)
        self._known: list[str] = []

    def done(self) -> None:
        """Raises InputError for what nobody asked for."""
        for key in self._left:
            raise InputError(f"{self.where}: there is no '{key}'; known are {', '.join(sorted(self._known))}")

    def has(self, key: str) -> bool:
        """Whether it is written there."""
        self._known.append(key)
        return key in self._left

    def table(self, key: str) -> Table:
        """A table within; empty where there is none."""
        return Table(f"{self.where}: {key}", self._take(key, dict, {}, "a table"))

    def tables(self, key: str) -> Iterator[Table]:
        """Those written as [[key]], in order; each is to be `done` by its reader."""
        for index, values in enumerate(self._take(key, list, [], f"written as [[{key}]]"), 1):
            if not isinstance(values, dict):
                raise InputError(f"{self.where}: {key} must be written as [[{key}]]")
            yield Table(f"{self.where}: {key} {index}", values)

    def number(self, key: str, default: float | None = None) -> float:
        """A finite number."""
        return self._finite(key, self._take(key, (int, float), default, "a number"), default)

    def above_zero(self, key: str, default: float | None = None) -> float:
        """A number that is."""
        value = self.number(key, default)
        if value <= 0:
            raise InputError(f"{self.where}: {key} must be more than 0, not {value:g}")
        return value

    def span_s(
        self, from_key: str, to_key: str, default: tuple[float | None, float | None] = (None, None)
    ) -> tuple[float, float]:
        """Two times, the second later."""
        from_s, to_s = self.number(from_key, default[0]), self.number(to_key, default[1])
        if to_s <= from_s:
            raise InputError(
                f"{self.where}: {to_key} must be later than {from_key}, {from_s:g}, not {to_s:g}"
            )
        return from_s, to_s

    def point(self, key: str) -> tuple[float, float]:
        """[x, y]."""
        x_m, y_m = self._row(key, self._take(key, list, None, "[x, y]"), 2)
        return x_m, y_m

    def keyframes(self, key: str, columns: int) -> tuple[tuple[float, ...], ...]:
        """Keyframes: rows of so many numbers, the first of each a time that grows."""
        rows = self._take(key, list, None, "a list of keyframes")
        frames = [self._row(key, row, columns) for row in rows]
        if not frames or any(b[0] <= a[0] for a, b in pairwise(frames)):
            raise InputError(f"{self.where}: {key} needs keyframes, each later than the one before")
        return tuple(frames)

    def choice(self, key: str, known: tuple[str, ...], default: str | None = None) -> str:
        """One of these words."""
        value = self._take(key, str, default, f"one of {', '.join(known)}")
        if value not in known:
            raise InputError(f"{self.where}: {key} must be one of {', '.join(known)}, not {value!r}")
        return str(value)

    def choices(self, key: str, known: tuple[str, ...], default: tuple[str, ...]) -> tuple[str, ...]:
        """Some of these words, at least one."""
        what = f"a list of {', '.join(known)}"
        values = self._take(key, list, list(default), what)
        if not values or any(value not in known for value in values):
            raise InputError(f"{self.where}: {key} must be {what}, not {values!r}")
        return tuple(values)

    def _take(self, key: str, kind: type | tuple[type, ...], default: Any, what: str) -> Any:
        self._known.append(key)
        value = self._left.pop(key, default)
        if value is None:
            raise InputError(f"{self.where}: {key} is missing; it must be {what}")
        if not isinstance(value, kind) or isinstance(value, bool):
            raise InputError(f"{self.where}: {key} must be {what}, not {value!r}")
        return value

    def _row(self, key: str, row: Any, columns: int) -> tuple[float, ...]:
        if not isinstance(row, list) or len(row) != columns:
            raise InputError(f"{self.where}: {key} must hold {columns} numbers, not {row!r}")
        return tuple(self._finite(key, value) for value in row)

    def _finite(self, key: str, value: Any, default: float | None = None) -> float:
        if default is not None and value is default:  # which may be endless
            return default
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not isfinite(value):
            raise InputError(f"{self.where}: {key} must be made of numbers, not {value!r}")
        return float(value)
