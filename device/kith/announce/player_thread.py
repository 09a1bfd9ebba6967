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
from kith.types import SAMPLE_RATE_HZ, Playback

_log = logging.getLogger(__name__)

BLOCK_SAMPLES = SAMPLE_RATE_HZ // 100
"""10 ms: how late a command can be heard because of this loop."""

REOPEN_S = 1.0
_OUTAGE_POLL_S = 0.02
_JOIN_S = 2.0


class PlayerThread:
    """Renders 10 ms at a time into the sink, silence too: a device that sleeps loses the first 0.7 s.

    While there is no device all announcements end as FAILED, and it is opened again every second. The
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
    ) -> None:
        """open_sink: raises AudioUnavailable. on_fault: once for each outage, also one at the start."""
        self._player = player
        self._open_sink = open_sink
        self._clock = clock
        self._on_playback = on_playback
        self._on_fault = on_fault
        self._on_restored = on_restored
        self._in_outage = False
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kith-player", daemon=True)

    def start(self) -> None:
        """Begin to feed the sink; returns before it is open."""
        self._thread.start()

    def close(self) -> None:
        """Stop after the block that is being written and close the sink."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(_JOIN_S)
        if self._thread.is_alive():
            _log.error("the sound device hangs: left to itself")

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                sink = self._open_sink()
            except HardwareError as error:
                self._tell(error)
            else:
                try:
                    self._feed(sink)
                except AudioFault as error:
                    # Before the sink is closed: that can take long when the device is gone.
                    self._tell(error)
                finally:
                    sink.close()
            self._sit_out()

    def _feed(self, sink: AudioSink) -> None:
        while not self._closing.is_set():
            sink.write(self._player.render(BLOCK_SAMPLES, self._clock.now_ns()))
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
        self._player.fail_all(self._clock.now_ns())
        self._report()

    def _sit_out(self) -> None:
        """Let everything fail until it is time to open the device again."""
        end_s = time.monotonic() + REOPEN_S
        while time.monotonic() < end_s and not self._closing.wait(_OUTAGE_POLL_S):
            self._player.fail_all(self._clock.now_ns())
            self._report()

    def _report(self) -> None:
        for playback in self._player.take_reports():
            self._on_playback(playback)
