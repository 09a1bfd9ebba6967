"""The device in real time: threads that capture, perceive and play, and the core that they all report to."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kith.announce.player_thread import PlayerThread
from kith.app.board_care import Asking
from kith.app.capturing import Capturing, SourceEnded
from kith.app.core import CoreEvent, Trouble
from kith.app.guard_link import GuardLink, GuardSpoke
from kith.app.looking import Looked, Looking
from kith.app.pacing import LookPacer
from kith.app.surroundings import Posted
from kith.app.wiring import Device
from kith.clock import NS_PER_S, Clock, Tick
from kith.config import CameraSettings
from kith.errors import ButtonUnavailable
from kith.ports import AudioSink, Button, Camera
from kith.runtime.inbox import Inbox
from kith.runtime.latest import LatestSlot
from kith.runtime.memory import let_go_of_start
from kith.runtime.notify import Notifier
from kith.runtime.worker import Worker
from kith.types import Frame, Playback

_LOG = logging.getLogger(__name__)
_SWITCH_INTERVAL_S = 0.001
_LOOK_HANGS_NS = 10 * NS_PER_S
"""No look takes so long: perception hangs, and only a new process mends that."""
_CAMERA_HANGS_NS = 10 * NS_PER_S
"""No camera takes so long for a frame, to open or to close: its driver hangs."""
_SOUND_HANGS_NS = 5 * NS_PER_S
"""A block is 10 ms of sound: a device that has not taken it is gone, and the wearer hears nothing."""

_SETTLED_AFTER_NS = (10 * NS_PER_S, 60 * NS_PER_S)
"""By then the greeting is over, and camera, networks and voice have each done all that they do; on a slow or
busy board by the second."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Leave the main loop. failed: a part could not be kept alive, so that systemd is to start us anew."""

    failed: bool = False


Message = CoreEvent | Looked | SourceEnded | GuardSpoke | Stop


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The drivers of one device. open_sink: may be called again after a fault. button: None for none.
    guard: the socket on which the guard is heard; None: it is not listened to. board: None: it is not
    asked how it is."""

    camera: Camera
    open_sink: Callable[[], AudioSink]
    button: Button | None
    guard: Path | None = None
    board: Asking | None = None


class Daemon:
    """Runs until it is told to stop. The main thread owns the core."""

    def __init__(
        self,
        device: Device,
        parts: Parts,
        clock: Clock,
        inbox: Inbox[Message],
        *,
        settings: CameraSettings,
        on_handled: Callable[[Looked | Playback], None] | None = None,
        on_power_off: Callable[[], bool] | None = None,
    ) -> None:
        """on_handled: told of what the core has just handled, in its thread.
        on_power_off: switches the device off, in a thread of its own; False when that cannot be. None: the
        run ends instead."""
        self._device, self._parts, self._clock, self._inbox = device, parts, clock, inbox
        self._on_handled, self._on_power_off = on_handled, on_power_off
        device.core.attach(self)
        slot: LatestSlot[Frame] = LatestSlot()
        pacer = LookPacer(settings.look_interval_ms)
        self._looking = Looking(device.perception, slot, clock, pacer, inbox.put)
        self._capturing = Capturing(parts.camera, slot, clock, inbox.put)
        self._notifier = Notifier()
        self._next_beat_ns = 0
        self._settles_ns: list[int] = []
        self._source_ended = False
        self._outcome: bool | None = None
        self._switching_off: threading.Thread | None = None
        self._closing = threading.Event()
        self._capture = self._worker("capture", self._capturing.work, "camera.stopped")
        self._perceive = self._worker("perception", self._looking.work, "recognition.restarted")
        self._hearing = None if parts.guard is None else self._hear(parts.guard)
        self._asking = None if parts.board is None else self._ask(parts.board)
        self._sound = PlayerThread(
            device.player,
            parts.open_sink,
            clock,
            on_playback=inbox.put,
            on_fault=lambda _: None,  # each announcement that fails tells the core
            on_restored=lambda: inbox.put(Trouble(key="voice.failed", text="there was no sound for a while")),
            on_exhausted=lambda: inbox.put(Stop(failed=True)),
        )

    def set_camera(self, wanted: bool) -> None:
        """Open or close the camera, as the core asks."""
        self._capturing.want(wanted)
        if not wanted:
            self._looking.forget()

    def post(self, message: Posted) -> None:
        """Have the core handle what a driver's thread has to say."""
        self._inbox.put(message)

    def power_off(self) -> None:
        """Switch the device off, as the core asks; where that fails, say so and go on."""
        if self._on_power_off is None:
            self._inbox.put(Stop())
        elif self._switching_off is None or not self._switching_off.is_alive():
            self._switching_off = threading.Thread(target=self._switch_off, name="kith-power", daemon=True)
            self._switching_off.start()

    def _switch_off(self) -> None:
        if self._on_power_off is not None and self._on_power_off():
            self._inbox.put(Stop())
        else:
            self._inbox.put(Trouble(key="power.failed", text="the device could not be switched off"))

    def run(self) -> bool:
        """Until a Stop comes; True when it was asked for, False when a part could not be kept alive."""
        core = self._device.core
        # Python's 5 ms lets a busy thread tear holes into the sound; measured in docs/decisions/speech.md.
        sys.setswitchinterval(_SWITCH_INTERVAL_S)
        try:
            self._sound.start()
            core.begin(self._clock.now_ns())
            self._settles_ns = [self._clock.now_ns() + after_ns for after_ns in _SETTLED_AFTER_NS]
            for trouble in self._device.troubles:
                core.handle(trouble, self._clock.now_ns())
            self._capture.start()
            self._perceive.start()
            if self._hearing is not None:
                self._hearing.start()
            if self._asking is not None:
                self._asking.start()
            self._start_button()
            self._notifier.ready()
            return self._loop()
        finally:
            self._notifier.stopping()
            self._close()

    def _loop(self) -> bool:
        core = self._device.core
        while self._outcome is None:
            message = self._inbox.take(min(core.next_deadline_ns, self._beat_ns()))
            self._dispatch(message)
            if self._on_handled is not None and isinstance(message, Looked | Playback):
                self._on_handled(message)
            if core.next_deadline_ns <= self._clock.now_ns():
                core.handle(Tick(), self._clock.now_ns())
            if self._source_ended and message is None and not core.busy:
                self._outcome = True
        return self._outcome

    def _beat_ns(self) -> int:
        """Tell systemd that we live when it is time to; returns when it is time again."""
        interval_ns, now_ns = self._notifier.watchdog_interval_ns or NS_PER_S, self._clock.now_ns()
        if now_ns >= self._next_beat_ns:
            if not self._hangs(now_ns):
                self._notifier.watchdog()
            self._next_beat_ns = now_ns + interval_ns
            self._settle(now_ns)
        return self._next_beat_ns

    def _settle(self, now_ns: int) -> None:
        """Give the memory back that only the start needed. Meanwhile, 0.1 s, the core goes on."""
        if self._settles_ns and now_ns >= self._settles_ns[0]:
            del self._settles_ns[0]
            threading.Thread(target=let_go_of_start, name="kith-settle", daemon=True).start()

    def _hangs(self, now_ns: int) -> bool:
        """Whether a thread waits for what will not come."""
        waits = (
            (self._looking.since_ns, _LOOK_HANGS_NS),
            (self._capturing.since_ns, _CAMERA_HANGS_NS),
            (self._sound.writing_since_ns, _SOUND_HANGS_NS),
        )
        return any(since_ns is not None and now_ns - since_ns >= limit_ns for since_ns, limit_ns in waits)

    def _dispatch(self, message: Message | None) -> None:
        core = self._device.core
        match message:
            case None:
                pass
            case Stop():
                self._outcome = not message.failed
            case SourceEnded():
                core.source_ended(self._clock.now_ns())
                self._source_ended = True
            case Looked():
                core.handle(message.sighting, self._clock.now_ns())
            case GuardSpoke():
                heard = message.take()
                if heard is not None:
                    core.handle(heard, self._clock.now_ns())
            case _:
                core.handle(message, self._clock.now_ns())

    # --- threads --------------------------------------------------------------------------------------

    def _worker(self, name: str, work: Callable[[threading.Event], None], key: str) -> Worker:
        return Worker(
            f"kith-{name}",
            work,
            clock=self._clock,
            on_crash=lambda error: self._inbox.put(Trouble(key=key, text=f"{name}: {type(error).__name__}")),
            on_exhausted=lambda: self._inbox.put(Stop(failed=True)),
        )

    def _hear(self, guard: Path) -> Worker:
        return Worker(
            "kith-guard-link",
            GuardLink(guard, self._inbox.put).work,
            clock=self._clock,
            on_crash=lambda _: None,  # it begins anew; a guard that stays unheard is told of by the core
            on_exhausted=lambda: self._inbox.put(Stop(failed=True)),
        )

    def _ask(self, board: Asking) -> threading.Thread:
        """Not a Worker: it never raises, and nobody waits at the end for a gauge that hangs."""
        return threading.Thread(
            target=board.work, args=(self._closing, self._inbox.put), name="kith-board", daemon=True
        )

    def _start_button(self) -> None:
        if self._parts.button is None:
            return
        try:
            self._parts.button.start(self._inbox.put)
        except ButtonUnavailable as error:
            self._inbox.put(Trouble(key="button.missing", text=str(error)))

    def _close(self) -> None:
        self._closing.set()
        if self._parts.button is not None:
            self._parts.button.close()
        for worker in (self._capture, self._perceive, self._hearing):
            if worker is not None and not worker.stop():
                _LOG.error("a thread hangs and is left to itself")
        self._sound.close()
