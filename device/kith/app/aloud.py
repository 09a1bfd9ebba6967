"""Sound at a desk, as it is made: the voice's words and other samples into a sound device."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from kith.errors import AudioFault
from kith.ports import AudioSink, Speech, UtteranceState
from kith.types import I16, SAMPLE_RATE_HZ

_BLOCK = SAMPLE_RATE_HZ // 100
"""10 ms: how long it takes to break off."""


def spoken(speech: Speech, words: str, *, amid: str) -> Iterator[I16]:
    """Words in blocks i16[n, 2]. amid: what the voice was doing, should it break. Raises AudioFault."""
    utterance = speech.say(words)
    while utterance.state is UtteranceState.SPEAKING:
        mono = utterance.read(_BLOCK, wait=True)
        yield np.column_stack([mono, mono])
    if utterance.state is UtteranceState.FAILED:
        raise AudioFault(f"the voice broke while it {amid}; `kith doctor` says how it is")


def write(sound: I16, sink: AudioSink, volume: float) -> None:
    """Samples i16[n, 2], made so loud: 0..1. Raises AudioFault."""
    for begin in range(0, len(sound), _BLOCK):
        sink.write(np.rint(sound[begin : begin + _BLOCK] * volume).astype(np.int16))
