"""What the core does about the board, and the thread that asks it."""

from __future__ import annotations

import threading
from collections.abc import Callable

from kith.app.board_watch import BoardReading, BoardWatch
from kith.app.speaking import Speaking
from kith.clock import NS_PER_S, Tick
from kith.config import BoardSettings
from kith.ports import Battery, Board


class BoardCare:
    """Belongs to the core."""

    def __init__(self, settings: BoardSettings, speech: Speaking) -> None:
        self._watch = BoardWatch(settings)
        self._speech = speech

    @property
    def next_deadline_ns(self) -> int | None:
        """When it wants a Tick."""
        return self._watch.next_deadline_ns

    @property
    def percent(self) -> int | None:
        """Of the battery; None when it is not known now."""
        return self._watch.percent

    def step(self, event: BoardReading | Tick, now_ns: int) -> None:
        """The board was asked, or time has passed."""
        for news in self._watch.step(event, now_ns):
            if news.broke:
                self._speech.fault(news.key, news.text, now_ns, count=news.count)
            else:
                self._speech.recovered(news.key, news.text, now_ns)


class Asking:
    """Asks board and battery, as far as they are there."""

    def __init__(self, board: Board, battery: Battery, interval_ms: int) -> None:
        self._board, self._battery = board, battery
        self.interval_ns = interval_ms * NS_PER_S // 1000

    def read(self) -> BoardReading:
        """As it is now; may block for seconds."""
        return BoardReading(health=self._board.health(), charge=self._battery.charge())

    def work(self, stop: threading.Event, put: Callable[[BoardReading], None]) -> None:
        """What the thread does: nobody waits for it, however slow a gauge is."""
        while not stop.is_set():
            put(self.read())
            stop.wait(self.interval_ns / NS_PER_S)
