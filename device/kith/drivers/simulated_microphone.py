"""A microphone in a simulation: it hears what the device itself plays, and somebody who says names."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from random import Random

import numpy as np

from kith.clock import NS_PER_MS, NS_PER_S, Clock
from kith.errors import HardwareError, MicrophoneFault, MicrophoneUnavailable
from kith.types import I16, SAMPLE_RATE_HZ, VoiceBlock

ANSWERS_AFTER_NS = 500 * NS_PER_MS
"""From the question to the first sound of the name."""
ECHO = 0.1
"""What the device plays comes back at -20 dB, from a speaker or open headphones near by."""
NOISE_LEVEL = 30.0
"""Standard deviation of the noise of its own: -61 dBFS, a plain microphone in a quiet room."""

_PACED_SAMPLES = 441
_NOISE_SAMPLES = 3 * SAMPLE_RATE_HZ
_UNEVEN_SAMPLES = SAMPLE_RATE_HZ // 10
_LONGEST_ECHO = SAMPLE_RATE_HZ // 2


class SimulatedMicrophone:
    """`ports.Microphone`. In virtual time each `hear` gives one block, in the caller's thread; with
    `paced=True`, for a clock whose time passes by itself, blocks of 20 ms come from a thread of its own."""

    def __init__(self, names: tuple[I16, ...], clock: Clock, *, paced: bool = False) -> None:
        """names: i16[n] mono each, said in this order, one for each `answer`; then nobody says anything."""
        self._names, self._clock, self._paced = list(names), clock, paced
        self._lock = threading.RLock()  # who hears a block may stop it, or answer
        self._on_block: Callable[[VoiceBlock], None] | None = None
        self._on_fault: Callable[[HardwareError], None] | None = None
        self._thread: threading.Thread | None = None
        self._plugged_in = True
        self._gave = False
        self._says_from_ns: int | None = None
        self._said_to = 0
        self._echo: I16 = np.zeros(0, np.int16)
        self._noise = _noise()
        self._noise_at = 0

    def start(
        self, on_block: Callable[[VoiceBlock], None], on_fault: Callable[[HardwareError], None]
    ) -> None:
        """See ports.Microphone."""
        self.stop()
        with self._lock:
            self._on_block, self._on_fault, self._gave = on_block, on_fault, False
            self._echo = self._echo[:0]
            if self._paced:
                self._thread = threading.Thread(target=self._run, name="kith-microphone", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """See ports.Microphone."""
        with self._lock:
            self._on_block = self._on_fault = None
            thread, self._thread = self._thread, None
        if thread and thread is not threading.current_thread():
            thread.join()

    @property
    def listening(self) -> bool:
        """Whether it is open."""
        return self._on_block is not None

    def answer(self) -> None:
        """Somebody begins to say the next name half a second from now. One that is not said to its end yet is
        begun anew."""
        with self._lock:
            now_ns = self._clock.now_ns()
            if self._says_from_ns is not None and now_ns >= self._says_from_ns + self._length_ns():
                self._names.pop(0)
            self._says_from_ns = now_ns + ANSWERS_AFTER_NS if self._names else None
            self._said_to = 0

    def hear(self, block: I16, now_ns: int) -> None:
        """The device has played this: i16[n, 2], the last of it at now_ns."""
        with self._lock:
            if not self._paced and not self.listening:
                return
            echo = (block.astype(np.float32).mean(axis=1) * ECHO).astype(np.int16)
            if self._paced:
                self._echo = np.concatenate([self._echo, echo])[-_LONGEST_ECHO:]
            else:
                self._give(echo, now_ns)

    def unplug(self) -> None:
        """From now on there is none."""
        self._plugged_in = False

    def plug_in(self) -> None:
        """It can be started again."""
        self._plugged_in = True

    def _run(self) -> None:
        due_s = time.monotonic()
        mine = threading.current_thread()
        while self._thread is mine:
            due_s += _PACED_SAMPLES / SAMPLE_RATE_HZ
            time.sleep(max(0.0, due_s - time.monotonic()))
            with self._lock:
                echo = np.zeros(_PACED_SAMPLES, np.int16)
                played = self._echo[:_PACED_SAMPLES]
                echo[: len(played)] = played
                self._echo = self._echo[_PACED_SAMPLES:]
                if self._thread is mine:
                    self._give(echo, self._clock.now_ns())

    def _give(self, echo: I16, now_ns: int) -> None:
        """Called with the lock held."""
        on_block, on_fault = self._on_block, self._on_fault
        if on_block is None or on_fault is None:
            return
        if not self._plugged_in:
            self._on_block = self._on_fault = None
            on_fault(_fault(self._gave))
            return
        self._gave = True
        heard = echo.astype(np.float32) + self._name(len(echo), now_ns) + self._hiss(len(echo))
        samples: I16 = np.clip(np.rint(heard), -32_768, 32_767).astype(np.int16)
        samples.flags.writeable = False
        on_block(VoiceBlock(samples=samples, at_ns=now_ns))

    def _name(self, count: int, now_ns: int) -> I16:
        """What somebody says in the `count` samples up to now."""
        said = np.zeros(count, np.int16)
        if self._says_from_ns is None:
            return said
        start = (now_ns - self._says_from_ns) * SAMPLE_RATE_HZ // NS_PER_S - count
        if abs(start - self._said_to) < _UNEVEN_SAMPLES and self._said_to > 0:
            start = self._said_to  # no sample twice or never, for a clock that is read a little late
        self._said_to = start + count
        part = self._names[0][max(0, start) : max(0, start + count)]
        first = max(0, -start)
        said[first : first + len(part)] = part
        return said

    def _length_ns(self) -> int:
        return len(self._names[0]) * NS_PER_S // SAMPLE_RATE_HZ

    def _hiss(self, count: int) -> I16:
        at, self._noise_at = self._noise_at, (self._noise_at + count) % _NOISE_SAMPLES
        return np.take(self._noise, range(at, at + count), mode="wrap")


def _noise() -> I16:
    # NumPy's own generators would cost the daemon 3 MiB for good.
    chance = Random(1)
    return np.array([round(chance.gauss(0.0, NOISE_LEVEL)) for _ in range(_NOISE_SAMPLES)], np.int16)


def _fault(gave: bool) -> HardwareError:
    if gave:
        return MicrophoneFault("the microphone stopped: it was unplugged; is it still plugged in?")
    return MicrophoneUnavailable("there is no microphone: plug it in")
