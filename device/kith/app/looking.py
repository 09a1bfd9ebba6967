"""The loop of the perception thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from kith.app.pacing import LookPacer
from kith.app.perception import Perception
from kith.clock import Clock
from kith.runtime.latest import LatestSlot
from kith.types import Frame, Sighting

_TAKE_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """A frame and what was seen in it, and from when to when it was looked at."""

    frame: Frame
    sighting: Sighting
    began_ns: int
    ended_ns: int


class Looking:
    """Looks at the newest frame when one is due. The perception belongs to the thread that runs `work`."""

    def __init__(
        self,
        perception: Perception,
        slot: LatestSlot[Frame],
        clock: Clock,
        pacer: LookPacer,
        on_looked: Callable[[Looked], None],
    ) -> None:
        self._perception, self._slot, self._clock, self._pacer = perception, slot, clock, pacer
        self._on_looked = on_looked
        self._to_forget = threading.Event()
        self.since_ns: int | None = None
        """When the look that is under way began; None between looks."""

    def forget(self) -> None:
        """Drop the frame that waits and keep nothing of any face; from any thread. It is done once the look
        that is under way has ended, and before the next."""
        self._to_forget.set()
        self._slot.clear()

    def work(self, stop: threading.Event) -> None:
        """Until stopped."""
        while not stop.is_set():
            frame = self._slot.take(_TAKE_S)
            if self._to_forget.is_set():
                # A frame that was taken just before the camera was closed is not looked at either.
                self._to_forget.clear()
                self._perception.forget()
            elif frame is None or not self._pacer.due(frame.captured_ns):
                self._perception.forget_lost(self._clock.now_ns())
            else:
                self._look(frame)

    def _look(self, frame: Frame) -> None:
        self.since_ns = began_ns = self._clock.now_ns()
        try:
            sighting = self._perception.look(frame)
            ended_ns = self._clock.now_ns()
            self._on_looked(Looked(frame=frame, sighting=sighting, began_ns=began_ns, ended_ns=ended_ns))
        finally:
            self.since_ns = None
