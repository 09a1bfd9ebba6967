"""Recordings of names at the desk: taken from a WAV file, and heard as the wearer hears them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np

from kith.announce.recording import read_recording
from kith.errors import AudioFault, InputError
from kith.ports import AudioSink, Speech, UtteranceState
from kith.recognition.gallery import Gallery
from kith.types import I16, SAMPLE_RATE_HZ, Person

_log = logging.getLogger(__name__)

QUIETEST_PEAK = 328
"""Of 32767, -40 dB: a microphone that was off or muted stays below it, and a name so quiet is not heard in a
street."""

_BLOCK = SAMPLE_RATE_HZ // 100
_REST_S = 0.3
"""Silence at the end: closing a sound device drops what is not heard yet."""


def record(gallery: Gallery, name: str, file: Path) -> float:
    """Make a WAV file the recording of someone's name, as it is but for its rate and channels; how long it
    is, s. Raises PersonNotFound, InputError, GalleryError."""
    person = gallery.person(name)
    mono = np.rint(read_recording(file).mean(axis=1)).astype(np.int16)
    if np.abs(mono.astype(np.int32)).max() < QUIETEST_PEAK:
        raise InputError(f"{file} is so quiet that the name would not be heard; record it again, louder")
    gallery.set_recording(person.person_id, mono)
    return len(mono) / SAMPLE_RATE_HZ


def play(person: Person, open_voice: Callable[[], Speech], sink: AudioSink, *, volume: float) -> bool:
    """Let someone's name be heard: the recording, or the synthetic voice where there is none that can be
    played. Whether it was the recording. Raises AudioUnavailable, AudioFault."""
    recording = _recording(person)
    if recording is not None:
        _write(recording, sink, volume)
    else:
        with closing(open_voice()) as voice:
            for block in _spoken(voice, person.name):
                _write(block, sink, volume)
    _write(np.zeros((round(_REST_S * SAMPLE_RATE_HZ), 2), np.int16), sink, volume)
    return recording is not None


def _recording(person: Person) -> I16 | None:
    if person.name_recording is None:
        return None
    try:
        return read_recording(person.name_recording)
    except InputError as error:
        _log.warning("%s; the name is spoken instead, on the way too", error)
        return None


def _spoken(voice: Speech, words: str) -> Iterator[I16]:
    utterance = voice.say(words)
    while utterance.state is UtteranceState.SPEAKING:
        yield np.repeat(utterance.read(_BLOCK, wait=True)[:, None], 2, axis=1)
    if utterance.state is UtteranceState.FAILED:
        raise AudioFault("the voice broke while it said the name; `kith doctor` says how it is")


def _write(sound: I16, sink: AudioSink, volume: float) -> None:
    for begin in range(0, len(sound), _BLOCK):
        sink.write(np.rint(sound[begin : begin + _BLOCK] * volume).astype(np.int16))
