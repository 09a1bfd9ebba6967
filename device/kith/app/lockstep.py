"""A whole walk in virtual time: the parts of the wearable, moved on together by ten milliseconds.

Nothing waits for the clock, so a minute takes as long as the work in it does, and the same input gives the
same events. What it does not show is how long the work takes: looking and speaking cost no virtual time. Only
while a narrator is at work, in a process of its own, a second lasts a second at least.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from kith.app.board_care import Asking
from kith.app.core import Core, Trouble
from kith.app.guarding import Guarding
from kith.app.pacing import LookPacer
from kith.app.surroundings import Posted
from kith.app.wiring import Device
from kith.clock import NS_PER_MS, NS_PER_S, Tick, VirtualClock
from kith.config import CameraSettings
from kith.drivers.buzzer_sound import BuzzerSound
from kith.drivers.simulated_camera import SimulatedCamera
from kith.drivers.simulated_microphone import SimulatedMicrophone
from kith.errors import CameraFault, CameraUnavailable
from kith.ports import AudioSink
from kith.types import I16, SAMPLE_RATE_HZ, ButtonEdge, Frame, Sighting

STEP_NS = 10 * NS_PER_MS
_RETRY_CAMERA_NS = NS_PER_S
_LONGEST_TAIL_NS = 90 * NS_PER_S
"""A question is asked twice and a name may be said twice: after that nothing is waited for any more."""
_QUIET_TAIL_NS = NS_PER_S
_LOUDEST = 32_767


class Watcher(Protocol):
    """Looks on: every frame, with the newest sighting (None before the first)."""

    def __call__(self, frame: Frame, sighting: Sighting | None, now_ns: int) -> None:
        """One frame has passed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """The guard of a simulation, and its buzzer as the wearer hears it."""

    guarding: Guarding
    sound: BuzzerSound


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What else there is beside the device; None: not there. pause: waits so many seconds."""

    guard: Guard | None = None
    microphone: SimulatedMicrophone | None = None
    board: Asking | None = None
    pause: Callable[[float], None] = time.sleep


NOBODY = Around()


class Lockstep:
    """Runs one simulation."""

    def __init__(
        self,
        device: Device,
        clock: VirtualClock,
        camera: SimulatedCamera,
        sink: AudioSink | None,
        *,
        settings: CameraSettings,
        watch: Watcher,
        around: Around = NOBODY,
    ) -> None:
        self._device, self._clock, self._camera, self._sink = device, clock, camera, sink
        self._core: Core = device.core
        self._watch, self._guard, self._microphone = watch, around.guard, around.microphone
        self._board, self._ask_ns = around.board, clock.now_ns()
        self._pacer = LookPacer(settings.look_interval_ms)
        device.core.attach(self)
        self._start_ns = clock.now_ns()
        self._samples = 0
        self._posted: deque[Posted] = deque()
        self._sighting: Sighting | None = None
        self._camera_wanted = True
        self._retry_ns: int | None = None
        self._ended_ns: int | None = None
        self._quiet_ns: int | None = None
        self._stopping = False
        self._pause = around.pause

    def set_camera(self, wanted: bool) -> None:
        """Open or close the camera, as the core asks."""
        self._camera_wanted = wanted
        if wanted:
            self._retry_ns = self._clock.now_ns()
        else:
            self._retry_ns = None
            self._sighting = None
            self._device.perception.forget()
            self._camera.close()

    def post(self, message: Posted) -> None:
        """Have the core handle this in the next step."""
        self._posted.append(message)

    def power_off(self) -> None:
        """End after this step."""
        self._stopping = True

    def run(self, edges: tuple[ButtonEdge, ...], actions: tuple[tuple[int, Callable[[], None]], ...]) -> None:
        """Play it to its end. edges and actions carry times from the start. Raises KithError."""
        self._core.begin(self._start_ns)
        for trouble in self._device.troubles:
            self._core.handle(trouble, self._start_ns)
        self._open_camera()
        waiting_edges, waiting_actions = list(edges), list(actions)
        while not self._finished():
            now_ns = self._clock.now_ns()
            since_ns = now_ns - self._start_ns
            while waiting_actions and waiting_actions[0][0] <= since_ns:
                waiting_actions.pop(0)[1]()
            self._see(now_ns)
            self._device.perception.forget_lost(now_ns)
            while waiting_edges and waiting_edges[0].at_ns <= since_ns:
                edge = waiting_edges.pop(0)
                self._core.handle(ButtonEdge(down=edge.down, at_ns=edge.at_ns + self._start_ns), now_ns)
            self._hear_others(now_ns)
            if self._core.next_deadline_ns <= now_ns:
                self._core.handle(Tick(), now_ns)
            self._sound(now_ns)
            if self._core.waits:
                self._pause(STEP_NS / NS_PER_S)
            self._clock.advance_to(now_ns + STEP_NS)

    def _hear_others(self, now_ns: int) -> None:
        while self._posted:
            self._core.handle(self._posted.popleft(), now_ns)
        if self._guard:
            for message in self._guard.guarding.take_messages():
                self._core.handle(message, now_ns)

        if self._board is not None and now_ns >= self._ask_ns:
            self._ask_ns = now_ns + self._board.interval_ns
            self._core.handle(self._board.read(), now_ns)

    def _sound(self, now_ns: int) -> None:
        until = (now_ns + STEP_NS - self._start_ns) * SAMPLE_RATE_HZ // NS_PER_S
        block = self._device.player.render(until - self._samples, now_ns)
        if self._guard:
            # What the guard does in this step is heard in this step, each beep at its own time.
            self._guard.guarding.advance(now_ns + STEP_NS)
            block = mixed(block, self._guard.sound.render(len(block), now_ns))
        if self._microphone is not None:
            self._microphone.hear(block, now_ns + STEP_NS)
        if self._sink is not None:
            self._sink.write(block)
        self._samples = until
        for report in self._device.player.take_reports():
            self._core.handle(report, now_ns)

    def _end(self, now_ns: int) -> None:
        self._ended_ns = now_ns
        self._core.source_ended(now_ns)

    def _see(self, now_ns: int) -> None:
        shut = self._retry_ns is not None or not self._camera_wanted
        if shut and self._ended_ns is None and now_ns > self._camera.end_ns:
            self._end(now_ns)  # closed or unplugged to the last
        if self._retry_ns is not None and now_ns >= self._retry_ns:
            self._open_camera()
        while self._retry_ns is None and self._camera_wanted and self._ended_ns is None:
            if self._camera.next_due_ns > now_ns:
                return
            try:
                frame = self._camera.read()
            except CameraFault as fault:
                self._lost(Trouble(key="camera.stopped", text=str(fault)))
                return
            if frame is None:
                self._end(now_ns)
                return
            self._frame(frame, now_ns)

    def _frame(self, frame: Frame, now_ns: int) -> None:
        if self._pacer.due(frame.captured_ns):
            self._sighting = self._device.perception.look(frame)
            self._core.handle(self._sighting, now_ns)
        self._watch(frame, self._sighting, now_ns)

    def _open_camera(self) -> None:
        try:
            self._camera.start()
            self._retry_ns = None
        except CameraUnavailable as fault:
            self._lost(Trouble(key="camera.missing", text=str(fault)))

    def _lost(self, trouble: Trouble) -> None:
        self._core.handle(trouble, self._clock.now_ns())
        self._retry_ns = self._clock.now_ns() + _RETRY_CAMERA_NS

    def _finished(self) -> bool:
        """After the last frame what is being said and asked is let out, and a moment of silence after it."""
        if self._stopping:
            return True
        if self._ended_ns is None:
            return False
        now_ns = self._clock.now_ns()
        if self._core.busy or self._quiet_ns is None:
            self._quiet_ns = now_ns
        return now_ns - self._ended_ns > _LONGEST_TAIL_NS or now_ns - self._quiet_ns > _QUIET_TAIL_NS


def mixed(first: I16, second: I16) -> I16:
    """Two sounds at once; what is too loud for the samples is cut off."""
    both: I16 = np.clip(first.astype(np.int32) + second, -_LOUDEST, _LOUDEST).astype(np.int16)
    return both
