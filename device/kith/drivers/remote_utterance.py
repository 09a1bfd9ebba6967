"""An utterance whose samples come from another process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import numpy as np

from kith.ports import UtteranceState
from kith.types import I16, SAMPLE_RATE_HZ


class RemoteUtterance:
    """`ports.Utterance` fed by one thread and read by another.

    Sound that came late or never is judged when somebody looks: `state` and `read` find that nothing came
    for the hang timeout, fail and tell `on_hang`. So no thread has to watch.
    """

    def __init__(
        self,
        number: int,
        text: bytes,
        *,
        hang_timeout_s: float,
        on_cancel: Callable[[int], None],
        on_hang: Callable[[], None],
    ) -> None:
        self.number = number
        self.text = text
        self._timeout_s = hang_timeout_s
        self._on_cancel = on_cancel
        self._on_hang = on_hang
        self._changed = threading.Condition()
        self._samples = bytearray()
        self._heard_from_s = time.monotonic()
        self._started = False
        self._tried_again = False
        self._ended = False
        self._failed = False

    # --- the reader's side -----------------------------------------------------------------------

    @property
    def state(self) -> UtteranceState:
        """See `ports.Utterance.state`."""
        self._judge()
        with self._changed:
            if self._failed:
                return UtteranceState.FAILED
            done = self._ended and not self._samples
            return UtteranceState.DONE if done else UtteranceState.SPEAKING

    def read(self, count: int, *, wait: bool) -> I16:
        """See `ports.Utterance.read`."""
        while wait and not self._enough(count):
            self._judge()
        with self._changed:
            if self._failed:
                return np.zeros(0, np.int16)
            taken = bytes(self._samples[: 2 * count])
            del self._samples[: 2 * count]
        return np.frombuffer(taken, np.int16)

    def cancel(self) -> None:
        """See `ports.Utterance.cancel`."""
        self.forget()
        self._on_cancel(self.number)

    # --- the feeder's side -----------------------------------------------------------------------

    @property
    def settled(self) -> bool:
        """Nothing more is wanted of it."""
        with self._changed:
            return self._ended or self._failed

    def add(self, samples: bytes) -> None:
        """More i16 samples at SAMPLE_RATE_HZ."""
        with self._changed:
            if not (self._ended or self._failed):
                self._samples += samples
                self._started = True
                self._heard_from_s = time.monotonic()
                self._changed.notify_all()

    def end(self) -> None:
        """That was all."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def forget(self) -> None:
        """Nobody wants the rest."""
        with self._changed:
            self._samples.clear()
            self._ended = True
            self._changed.notify_all()

    def fail(self) -> None:
        """The voice broke; an utterance that had ended stays as it is."""
        with self._changed:
            if not self._ended:
                self._failed = True
                self._samples.clear()
                self._changed.notify_all()

    def try_again(self) -> bool:
        """Whether another voice may say it from the start: once, and only if nothing came yet."""
        with self._changed:
            again = not (self._started or self._tried_again or self._ended or self._failed)
            self._tried_again = True
            return again

    # --- inside ------------------------------------------------------------------------------------

    def _enough(self, count: int) -> bool:
        """Wait for samples, the end or the moment at which the silence is a hang."""
        with self._changed:
            self._changed.wait_for(
                lambda: len(self._samples) >= 2 * count or self._ended or self._failed,
                max(0.0, self._heard_from_s + self._timeout_s - time.monotonic()),
            )
            return len(self._samples) >= 2 * count or self._ended or self._failed

    def _judge(self) -> None:
        with self._changed:
            late = time.monotonic() - self._heard_from_s > self._timeout_s
            if not late or self._ended or self._failed:
                return
        self.fail()
        # Outside the lock: it takes the voice's own, which is taken before this one elsewhere.
        self._on_hang()


class RateChange:
    """Brings a stream of mono i16 to SAMPLE_RATE_HZ by straight lines between samples.

    espeak-ng's own voices have that rate already; only its mbrola voices have a lower one, and going up
    makes no aliases.
    """

    def __init__(self, rate_hz: int) -> None:
        self._step = rate_hz / SAMPLE_RATE_HZ
        self._position = 0.0
        self._rest = np.zeros(0, np.int16)

    def convert(self, samples: bytes) -> bytes:
        """The next piece of the stream at the new rate."""
        if self._step == 1.0:
            return samples
        whole = np.concatenate([self._rest, np.frombuffer(samples, np.int16)])
        if len(whole) < 2:
            self._rest = whole
            return b""
        at = np.arange(self._position, len(whole) - 1, self._step)
        out = np.interp(at, np.arange(len(whole)), whole)
        following = float(at[-1]) + self._step if len(at) else self._position
        kept = min(int(following), len(whole) - 1)
        self._rest, self._position = whole[kept:], following - kept
        converted: I16 = np.rint(out).astype(np.int16)
        return converted.tobytes()
