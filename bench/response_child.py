"""The process that `bench.response` listens to: the whole daemon, pressed again and again."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from kith.app.daemon import Daemon, Message, Parts, Stop
from kith.app.events import Event
from kith.app.wiring import assemble
from kith.clock import Clock, MonotonicClock
from kith.config import Settings
from kith.drivers.simulated_camera import FrameSource, SimulatedCamera
from kith.drivers.speaker import SpeakerSink
from kith.drivers.speech import open_speech
from kith.runtime.inbox import Inbox
from kith.types import U8, ButtonEdge

_SETTLES_S = 6.0
"""The greeting, and PulseAudio's null sink, which begins with a buffer of 2 s and shrinks it."""
_HELD_S, _AMID_S, _AFTER_S = 0.08, 0.3, 0.55
"""How long each press is; how long the answer is heard before the next one cuts it off; what follows that,
the gap of a double tap with it."""
_STEP_S = 0.00137
_STEPS = 29
"""Presses fall on all places between the blocks of 10 ms."""
_GIVES_UP_S = 3.0


class Presses:
    """A button that presses itself: a tap that is answered, then one amid the answer; `count` times."""

    def __init__(self, clock: Clock, count: int, on_done: Callable[[], None]) -> None:
        self._clock, self._count, self._on_done = clock, count, on_done
        self._answered = threading.Event()
        self.rounds: list[dict[str, int]] = []
        self.decided_ns = 0

    def start(self, on_edge: Callable[[ButtonEdge], None]) -> None:
        """See ports.Button."""
        threading.Thread(target=self._run, args=(on_edge,), name="kith-presses", daemon=True).start()

    def close(self) -> None:
        """See ports.Button."""

    def observe(self, event: Event) -> None:
        """When the core decided what a press meant, and that it has an answer."""
        if event.kind == "button":
            self.decided_ns = time.monotonic_ns()
        elif event.kind == "announcement":
            self._answered.set()

    def _run(self, on_edge: Callable[[ButtonEdge], None]) -> None:
        time.sleep(_SETTLES_S)
        for number in range(self._count):
            shift_s = number * 11 % _STEPS * _STEP_S
            self._answered.clear()
            asked_ns = self._press(on_edge)
            if not self._answered.wait(_GIVES_UP_S):
                continue
            decided_ns = self.decided_ns
            time.sleep(_AMID_S + shift_s)
            cut_ns = self._press(on_edge)
            self.rounds.append({"asked_ns": asked_ns, "decided_ns": decided_ns, "cut_ns": cut_ns})
            time.sleep(_AFTER_S + shift_s)
        self._on_done()

    def _press(self, on_edge: Callable[[ButtonEdge], None]) -> int:
        """As GPIO does: from a thread of its own. The time of the edge."""
        at_ns = self._clock.now_ns()
        on_edge(ButtonEdge(down=True, at_ns=at_ns))
        time.sleep(_HELD_S)
        on_edge(ButtonEdge(down=False, at_ns=self._clock.now_ns()))
        return at_ns


def run(picture: Path, state: Path, count: int, out: Path) -> None:
    """Write into `out`: when each press was and was decided, and how often the sound device ran dry."""
    settings, clock = Settings(), MonotonicClock()
    inbox: Inbox[Message] = Inbox(clock)
    presses = Presses(clock, count, lambda: inbox.put(Stop()))
    sinks: list[SpeakerSink] = []

    def open_sink() -> SpeakerSink:
        sinks.append(SpeakerSink(settings.announce.sound_device))
        return sinks[-1]

    speech = open_speech(settings.announce)
    device = assemble(settings, state / "kith.db", speech, clock, presses.observe, virtual_time=False)
    camera = SimulatedCamera(_staring(picture), clock, paced=True)
    parts = Parts(camera=camera, open_sink=open_sink, button=presses)
    try:
        Daemon(device, parts, clock, inbox, settings=settings.camera).run()
    finally:
        device.close()
    underruns = sum(sink.underruns for sink in sinks)
    out.write_text(json.dumps({"rounds": presses.rounds, "underruns": underruns}), encoding="utf-8")


def _staring(picture: Path) -> FrameSource:
    """The same person, thirty times a second: there is somebody to look at, and nobody comes or goes."""
    bgr = cv2.imread(str(picture))
    assert bgr is not None
    rgb = np.asarray(bgr[..., ::-1], np.uint8)

    def frames() -> Iterator[U8]:
        while True:
            yield rgb.copy()

    return FrameSource(fps=30.0, count=10**9, frames=frames)


if __name__ == "__main__":
    run(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
