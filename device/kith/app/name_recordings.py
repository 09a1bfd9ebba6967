"""Recordings of names at the desk: taken from a WAV file, and heard as the wearer hears them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np

from kith.announce.recording import read_recording
from kith.app import aloud
from kith.errors import InputError
from kith.ports import AudioSink, Speech
from kith.recognition.gallery import Gallery
from kith.types import I16, SAMPLE_RATE_HZ, Person

_log = logging.getLogger(__name__)

QUIETEST_PEAK = 328
"""Of 32767, -40 dB: a microphone that was off or muted stays below it, and a name so quiet is not heard in a
street."""

_REST_S = 0.3
"""Silence at the end: closing a sound device drops what is not heard yet."""


def record(gallery: Gallery, person: Person, file: Path) -> float:
    """Make a WAV file the recording of the name of someone, or something, as it is but for its rate and
    channels; how long it is, s. Raises PersonNotFound, InputError, GalleryError."""
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
        aloud.write(recording, sink, volume)
    else:
        with closing(open_voice()) as voice:
            for block in aloud.spoken(voice, person.name, amid="said the name"):
                aloud.write(block, sink, volume)
    aloud.write(np.zeros((round(_REST_S * SAMPLE_RATE_HZ), 2), np.int16), sink, volume)
    return recording is not None


def _recording(person: Person) -> I16 | None:
    if person.name_recording is None:
        return None
    try:
        return read_recording(person.name_recording)
    except InputError as error:
        _log.warning("%s; the name is spoken instead, on the way too", error)
        return None
