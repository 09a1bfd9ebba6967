"""What the player mixes: things that give stereo samples until they end."""

from __future__ import annotations

import logging
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kith.errors import AudioFault
from kith.ports import Speech, Utterance, UtteranceState
from kith.types import I16, SAMPLE_RATE_HZ

_log = logging.getLogger(__name__)

FADE_SAMPLES = SAMPLE_RATE_HZ * 5 // 1000
"""Sound that is cut is faded over so many samples: 5 ms, too short to be heard, too long to click."""

SILENCE: I16 = np.zeros((0, 2), np.int16)


class Source(Protocol):
    """A sound that is read once."""

    @property
    def state(self) -> UtteranceState:
        """SPEAKING while more may come."""

    def begin(self) -> None:
        """Get ready to be read soon; may be called again."""

    def read(self, count: int) -> I16:
        """At most count samples i16[n, 2]; fewer at the end or when more are not there yet."""

    def cancel(self) -> None:
        """The rest is not wanted."""


class ArraySource:
    """Samples i16[n, 2] that are all there."""

    def __init__(self, samples: I16) -> None:
        self._rest = samples

    @property
    def state(self) -> UtteranceState:
        """DONE once all was read."""
        return UtteranceState.SPEAKING if len(self._rest) else UtteranceState.DONE

    def begin(self) -> None:
        """Nothing to do."""

    def read(self, count: int) -> I16:
        """See `Source.read`."""
        block, self._rest = self._rest[:count], self._rest[count:]
        return block

    def cancel(self) -> None:
        """See `Source.cancel`."""
        self._rest = SILENCE


class VoiceSource:
    """A text by the synthetic voice, in the middle of both ears. Where the voice cannot keep up there is a
    gap with soft edges."""

    def __init__(self, speech: Speech, text: str, *, wait: bool) -> None:
        self._speech = speech
        self._text = text
        self._wait = wait
        self._utterance: Utterance | None = None
        self._refused = False
        self._in_gap = False

    @property
    def state(self) -> UtteranceState:
        """FAILED also when the voice cannot be had any more."""
        if self._refused:
            return UtteranceState.FAILED
        return self._utterance.state if self._utterance else UtteranceState.SPEAKING

    def begin(self) -> None:
        """Have the voice make the sound; cancels what it made before."""
        if self._utterance or self._refused:
            return
        try:
            self._utterance = self._speech.say(self._text)
        except AudioFault as error:
            self._refused = True
            _log.error("cannot speak: %s", error)

    def read(self, count: int) -> I16:
        """See `Source.read`."""
        self.begin()
        if not self._utterance:
            return SILENCE
        mono = self._utterance.read(count, wait=self._wait)
        cut = len(mono) < count and self._utterance.state is not UtteranceState.DONE
        if len(mono) and (cut or self._in_gap):
            mono = _soften(mono, start=self._in_gap, end=cut)
        self._in_gap = cut
        return np.column_stack([mono, mono])

    def cancel(self) -> None:
        """See `Source.cancel`."""
        if self._utterance:
            self._utterance.cancel()


def fade_out(block: I16) -> I16:
    """The block i16[n, 2] going down to nothing."""
    return (block * _ramp(len(block))[::-1, None]).astype(np.int16)


def _soften(mono: I16, *, start: bool, end: bool) -> I16:
    gain = np.ones(len(mono))
    ramp = _ramp(min(FADE_SAMPLES, len(mono)))
    if start:
        gain[: len(ramp)] *= ramp
    if end:
        gain[-len(ramp) :] *= ramp[::-1]
    return (mono * gain).astype(np.int16)


def _ramp(count: int) -> NDArray[np.float64]:
    return 0.5 - 0.5 * np.cos(np.pi * np.arange(count) / max(count, 1))
