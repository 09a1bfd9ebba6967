"""A button that is missing beside another that serves."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kith.drivers.several_buttons import SeveralButtons
from kith.errors import ButtonUnavailable
from kith.types import ButtonEdge


class Pin:
    """A button, or none."""

    def __init__(self, *, there: bool) -> None:
        self._there = there
        self.started = False

    def start(self, on_edge: Callable[[ButtonEdge], None]) -> None:
        if not self._there:
            raise ButtonUnavailable("GPIO 17 cannot be used")
        self.started = True

    def close(self) -> None:
        self.started = False


def test_the_missing_one_is_told_of_and_the_other_serves() -> None:
    told: list[str] = []
    remote = Pin(there=True)
    SeveralButtons((Pin(there=False), remote), lambda error: told.append(str(error))).start(lambda _: None)
    assert told == ["GPIO 17 cannot be used"]
    assert remote.started


def test_with_none_at_all_it_is_an_error_and_not_told_besides() -> None:
    told: list[str] = []
    with pytest.raises(ButtonUnavailable, match="GPIO 17"):
        SeveralButtons((Pin(there=False),), lambda error: told.append(str(error))).start(lambda _: None)
    assert told == []
