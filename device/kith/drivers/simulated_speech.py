"""A voice without a process: it hums, at once and always the same, and has troubles on request."""

from __future__ import annotations

import numpy as np

from kith.errors import AudioFault
from kith.ports import UtteranceState
from kith.types import I16, SAMPLE_RATE_HZ

MS_PER_LETTER = 60
_HUM_HZ = 200.0
_LEVEL = 12_000


class SimulatedUtterance:
    """`ports.Utterance`: a hum of 60 ms for each letter that is not a space."""

    def __init__(self, text: str, made: int | None) -> None:
        letters = sum(not letter.isspace() for letter in text)
        count = letters * MS_PER_LETTER * SAMPLE_RATE_HZ // 1000
        hum = np.sin(2 * np.pi * _HUM_HZ * np.arange(count) / SAMPLE_RATE_HZ)
        self._rest: I16 = np.rint(_LEVEL * hum).astype(np.int16)
        self._made = made
        self._failed = False

    @property
    def state(self) -> UtteranceState:
        """See `ports.Utterance.state`."""
        if self._failed:
            return UtteranceState.FAILED
        return UtteranceState.SPEAKING if len(self._rest) else UtteranceState.DONE

    def read(self, count: int, *, wait: bool) -> I16:
        """See `ports.Utterance.read`. Waiting for samples that are held back fails, as a hung voice does."""
        if self._made is not None and wait and self._made < min(count, len(self._rest)):
            self.break_down()
        available = count if self._made is None else min(count, self._made)
        block, self._rest = self._rest[:available], self._rest[available:]
        if self._made is not None:
            self._made -= len(block)
        return block

    def cancel(self) -> None:
        """See `ports.Utterance.cancel`."""
        self._rest = self._rest[:0]

    def make(self, samples: int | None) -> None:
        """So many samples more can be read; None: all."""
        self._made = None if samples is None or self._made is None else self._made + samples

    def break_down(self) -> None:
        """The voice dies in the middle of it."""
        if len(self._rest):
            self._failed = True
            self._rest = self._rest[:0]


class SimulatedSpeech:
    """`ports.Speech` that remembers what it was asked to say."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.current: SimulatedUtterance | None = None
        self.made: int | None = None
        """Samples of the next utterances that are there without waiting; None: all."""
        self.refuses = False
        """The voice cannot be had any more: `say` raises."""
        self._closed = False

    def say(self, text: str) -> SimulatedUtterance:
        """See `ports.Speech.say`."""
        if self._closed or self.refuses:
            raise AudioFault("the simulated voice is gone; nothing can be said any more")
        if self.current:
            self.current.cancel()
        self.said.append(text)
        self.current = SimulatedUtterance(text, self.made)
        return self.current

    def close(self) -> None:
        """See `ports.Speech.close`."""
        if self.current:
            self.current.cancel()
        self._closed = True
