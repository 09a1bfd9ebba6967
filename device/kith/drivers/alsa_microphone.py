"""The microphone, by `arecord` in a child process; see docs/decisions/microphone.md."""

from __future__ import annotations

import logging
import os
import select
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from kith.clock import NS_PER_S, Clock
from kith.drivers.sound_cards import ASOUND, capture_device
from kith.errors import HardwareError, MicrophoneFault, MicrophoneUnavailable
from kith.types import I16, SAMPLE_RATE_HZ, VoiceBlock

_LOG = logging.getLogger(__name__)

OnBlock = Callable[[VoiceBlock], None]
OnFault = Callable[[HardwareError], None]

BLOCK_SAMPLES = 441
"""20 ms."""
SILENT_AFTER_S = 2.0
"""Sound comes every 20 ms, also where it is quiet: none for so long is a microphone that hangs. The first may
take a second on a slow processor."""

_BLOCK_BYTES = 2 * BLOCK_SAMPLES
_BLOCK_NS = BLOCK_SAMPLES * NS_PER_S // SAMPLE_RATE_HZ
_RECORD = (
    *("-t", "raw", "-f", "S16_LE", "-c", "1", "-r", str(SAMPLE_RATE_HZ)),
    # One period is heard 20 ms late at most; a core that is busy for 0.4 s costs no sound.
    *("--period-time=20000", "--buffer-time=400000"),
)
_OTHER_RATE = "rate is not accurate"
_LONGEST_WORDS = 2000
_JOIN_S = 1.0
_KILL_S = 0.5


class AlsaMicrophone:
    """`ports.Microphone` on an ALSA device.

    The child is killed by `stop`, and by the kernel when this process or its thread here dies.
    """

    def __init__(self, device: str, clock: Clock, *, asound: Path = ASOUND) -> None:
        """device: as `arecord -L` names it, or part of a card's name; where that card is not there another
        that hears is taken. asound: where the kernel lists the cards."""
        self._device, self._clock, self._asound = device, clock, asound
        self._session: _Session | None = None

    def start(self, on_block: OnBlock, on_fault: OnFault) -> None:
        """See ports.Microphone."""
        self.stop()
        device = capture_device(self._device, self._asound)
        self._session = _Session(device, self._clock, on_block, on_fault)
        self._session.start()

    def stop(self) -> None:
        """See ports.Microphone. A child that cannot be killed is left behind after a second and a half."""
        session, self._session = self._session, None
        if session:
            session.stop()


class _Session:
    """One `start`: a child, and the thread that made it and reads it."""

    def __init__(self, device: str, clock: Clock, on_block: OnBlock, on_fault: OnFault) -> None:
        self._device, self._clock = device, clock
        self._on_block, self._on_fault = on_block, on_fault
        self._lock = threading.RLock()  # who hears a block may stop it
        self._wanted = True
        self._child: subprocess.Popen[bytes] | None = None
        self._words = b""
        self._rest = b""
        self._gave = False
        # No block is older than this.
        self._last_ns = clock.now_ns()
        # The child dies with the thread that made it (PR_SET_PDEATHSIG), so that thread stays to the end.
        self._thread = threading.Thread(target=self._run, name="kith-microphone", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        with self._lock:
            self._wanted = False
            if self._child:
                self._child.kill()
        if self._thread is threading.current_thread():
            return
        self._thread.join(_JOIN_S)
        if self._thread.is_alive():
            _LOG.error("the microphone's program cannot be stopped")

    # --- its thread ---------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            child = self._start_child()
        except OSError as error:
            self._tell(MicrophoneUnavailable(f"arecord cannot be started: {error.strerror}"))
            return
        if child is None:
            return
        try:
            fault = self._listen(child)
        finally:
            self._let_go(child)
        self._tell(fault)

    def _start_child(self) -> subprocess.Popen[bytes] | None:
        if not shutil.which("arecord"):
            self._tell(MicrophoneUnavailable("arecord is missing: sudo apt-get install alsa-utils"))
            return None
        with self._lock:
            if not self._wanted:
                return None
            self._child = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "arecord", "-D", self._device, *_RECORD],
                bufsize=0,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                # What it says is looked at below, so not in the wearer's language.
                env=os.environ | {"LC_ALL": "C"},
                process_group=0,
            )
            return self._child

    def _listen(self, child: subprocess.Popen[bytes]) -> HardwareError:
        """Until it ends, hangs, or gives what is of no use."""
        assert child.stdout
        assert child.stderr
        sound, words = child.stdout.fileno(), child.stderr.fileno()
        poll = select.poll()
        for stream in (sound, words):
            poll.register(stream, select.POLLIN)
        heard_s = time.monotonic()
        while (left_s := heard_s + SILENT_AFTER_S - time.monotonic()) > 0:
            ready = {stream for stream, _ in poll.poll(left_s * 1000)}
            # Its words first: what it has to say about the sound it says before the sound.
            if words in ready and not self._take_words(os.read(words, 4096)):
                poll.unregister(words)
            if _OTHER_RATE in self._said():
                return MicrophoneUnavailable(
                    self._about(f"it does not give {SAMPLE_RATE_HZ} Hz; name it plughw")
                )
            if sound in ready:
                data = os.read(sound, 65_536)
                if not data:
                    return self._ended(words)
                self._take_sound(data)
                heard_s = time.monotonic()
        return MicrophoneFault(f"the microphone '{self._device}' gave no sound for {SILENT_AFTER_S:.0f} s")

    def _take_words(self, data: bytes) -> bool:
        self._words = (self._words + data)[-_LONGEST_WORDS:]
        return bool(data)

    def _take_sound(self, data: bytes) -> None:
        data = self._rest + data
        count = len(data) // _BLOCK_BYTES
        now_ns = self._clock.now_ns()
        for index in range(count):
            samples = np.frombuffer(data, "<i2", BLOCK_SAMPLES, index * _BLOCK_BYTES).astype(np.int16)
            # What waited in the pipe was heard earlier.
            at_ns = now_ns - (count - 1 - index) * _BLOCK_NS
            self._hand_over(samples, max(at_ns, self._last_ns + 1))
        self._rest = data[count * _BLOCK_BYTES :]

    def _hand_over(self, samples: I16, at_ns: int) -> None:
        samples.flags.writeable = False
        with self._lock:
            if self._wanted:
                self._gave, self._last_ns = True, at_ns
                self._on_block(VoiceBlock(samples=samples, at_ns=at_ns))

    def _ended(self, words: int) -> HardwareError:
        os.set_blocking(words, False)
        try:
            while self._take_words(os.read(words, 4096)):
                pass
        except BlockingIOError:
            _LOG.debug("it closed its output and lives on")
        why = self._said() or "it ended without a word"
        if not self._gave:
            return MicrophoneUnavailable(self._about(why))
        return MicrophoneFault(f"the microphone '{self._device}' stopped: {why}; is it still plugged in?")

    def _let_go(self, child: subprocess.Popen[bytes]) -> None:
        with self._lock:
            child.kill()
            self._child = None
        try:
            child.wait(_KILL_S)
        except subprocess.TimeoutExpired:
            _LOG.error("arecord does not die: it waits for its device")
        for stream in (child.stdout, child.stderr):
            assert stream
            stream.close()

    def _tell(self, fault: HardwareError) -> None:
        with self._lock:
            if self._wanted:
                self._wanted = False
                self._on_fault(fault)

    def _about(self, why: str) -> str:
        return f"no microphone at '{self._device}': {why}; `arecord -l` lists them"

    def _said(self) -> str:
        """arecord's last line that is its own, in its words: ALSA's library says many before it."""
        lines = [line.strip() for line in self._words.decode(errors="replace").splitlines() if line.strip()]
        own = [line for line in lines if line.startswith(("arecord:", "setpriv:")) or _OTHER_RATE in line]
        return own[-1].split(": ", 2)[-1] if own else ""
