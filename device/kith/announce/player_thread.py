"""The loop that keeps a sound device fed."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from kith.announce.player import Player
from kith.clock import Clock
from kith.errors import AudioFault, HardwareError
from kith.ports import AudioSink
from kith.runtime.worker import Worker
from kith.types import SAMPLE_RATE_HZ, Playback

_log = logging.getLogger(__name__)

BLOCK_SAMPLES = SAMPLE_RATE_HZ // 100
"""10 ms: how late a command can be heard because of this loop."""

REOPEN_S = 1.0
_OUTAGE_POLL_S = 0.02
JOIN_S = 2.0
"""How long `close` waits for a device that hangs."""


class PlayerThread:
    """Renders 10 ms at a time into the sink, silence too: a device that sleeps loses the first 0.7 s.

    While there is no device all announcements end as FAILED, and it is opened again every second. An error
    that nobody foresaw is treated as such an outage; after five within a minute the thread gives up. The
    callbacks run in this thread and must return at once.
    """

    def __init__(
        self,
        player: Player,
        open_sink: Callable[[], AudioSink],
        clock: Clock,
        *,
        on_playback: Callable[[Playback], None],
        on_fault: Callable[[HardwareError], None],
        on_restored: Callable[[], None],
        on_exhausted: Callable[[], None],
    ) -> None:
        """open_sink: raises AudioUnavailable. on_fault: once for each outage of the device, also one at the
        start. on_exhausted: it gives up, and only a new process can make a sound."""
        self._player = player
        self._open_sink = open_sink
        self._clock = clock
        self._on_playback = on_playback
        self._on_fault = on_fault
        self._on_restored = on_restored
        self._in_outage = False
        self.writing_since_ns: int | None = None
        """When the sink was given the block that it has not taken yet; None between blocks."""
        self._worker = Worker(
            "kith-player", self._run, clock=clock, on_crash=self._crashed, on_exhausted=on_exhausted
        )

    def start(self) -> None:
        """Begin to feed the sink; returns before it is open."""
        self._worker.start()

    def close(self) -> None:
        """Stop after the block that is being written and close the sink."""
        if not self._worker.stop(JOIN_S):
            _log.error("the sound device hangs: left to itself")

    def _crashed(self, error: BaseException) -> None:
        self._in_outage = True

    def _run(self, stop: threading.Event) -> None:
        if self._in_outage:  # it crashed: what played then would only crash again
            self._fail_all()
        while not stop.is_set():
            try:
                sink = self._open_sink()
            except HardwareError as error:
                self._tell(error)
            else:
                try:
                    self._feed(sink, stop)
                except AudioFault as error:
                    # Before the sink is closed: that can take long when the device is gone.
                    self._tell(error)
                finally:
                    sink.close()
            self._sit_out(stop)

    def _feed(self, sink: AudioSink, stop: threading.Event) -> None:
        while not stop.is_set():
            block = self._player.render(BLOCK_SAMPLES, self._clock.now_ns())
            self.writing_since_ns = self._clock.now_ns()
            try:
                sink.write(block)
            finally:
                self.writing_since_ns = None
            if self._in_outage:
                self._in_outage = False
                _log.info("the sound device works again")
                self._on_restored()
            self._report()

    def _tell(self, error: HardwareError) -> None:
        if not self._in_outage:
            self._in_outage = True
            _log.error("no sound: %s", error)
            self._on_fault(error)
        self._fail_all()

    def _sit_out(self, stop: threading.Event) -> None:
        """Let everything fail until it is time to open the device again."""
        end_s = time.monotonic() + REOPEN_S
        while time.monotonic() < end_s and not stop.wait(_OUTAGE_POLL_S):
            self._fail_all()

    def _fail_all(self) -> None:
        self._player.fail_all(self._clock.now_ns())
        self._report()

    def _report(self) -> None:
        for playback in self._player.take_reports():
            self._on_playback(playback)
