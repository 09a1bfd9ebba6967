"""What is said and heard."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from pathlib import Path

from kith.types.pictures import I16

SAMPLE_RATE_HZ = 22_050
"""Rate of every sound in Kith; samples are i16, blocks for the speaker i16[n, 2] (left, right)."""


class Band(IntEnum):
    """Priority of what is heard; the lower number wins."""

    HAZARD = 0
    RESPONSE = 1
    NOTICE = 2
    AMBIENT = 3


class Earcon(StrEnum):
    """The short sounds, made in code by `kith.announce.earcons`."""

    READY = "ready"
    PRESS = "press"
    STRANGER = "stranger"
    SHUTTER = "shutter"
    SUCCESS = "success"
    FAILURE = "failure"
    UNDONE = "undone"
    FAULT = "fault"
    PRIVACY_ON = "privacy_on"
    PRIVACY_OFF = "privacy_off"
    POWER_WARNING = "power_warning"
    ASK = "ask"
    LISTEN = "listen"
    WORKING = "working"


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceBlock:
    """What the microphone heard: samples i16[n] mono at SAMPLE_RATE_HZ, the last of them at at_ns."""

    samples: I16
    at_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tone:
    """A short pure tone, as the audio viewfinder uses. pan: -1 left .. 1 right."""

    pitch_hz: float
    pan: float
    duration_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """Words for the synthetic voice."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A recording to play in place of the words: a WAV file of any rate, mono or stereo."""

    text: str
    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """A recording that lies in no file (yet): samples i16[n] mono at SAMPLE_RATE_HZ, read-only."""

    text: str
    samples: I16


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """What is said, in order: synthetic words and recordings."""

    parts: tuple[Spoken | Recorded | Take, ...]

    @property
    def text(self) -> str:
        """The words as the wearer hears them, recordings by the words they stand for."""
        return " ".join(part.text for part in self.parts)

    @classmethod
    def of(cls, text: str) -> Phrase:
        """A phrase of synthetic words only."""
        return cls(parts=(Spoken(text=text),))


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """Something to be heard. key: announcements of one key replace each other while they wait.

    expires_ns: dropped if it could not begin by then. identities: whom it names, each one id or the two
    that cannot be told apart.
    phrase None: an earcon alone. yields: cut off, for good, as soon as there is anything else to say.
    """

    key: str
    phrase: Phrase | None
    earcon: Earcon | None
    band: Band
    expires_ns: int
    identities: tuple[tuple[int, ...], ...] = ()
    yields: bool = False

    @property
    def person_ids(self) -> tuple[int, ...]:
        """All whose names are in it."""
        return tuple(person_id for ids in self.identities for person_id in ids)


class PlaybackResult(StrEnum):
    """How the playing of an announcement ended."""

    COMPLETED = "completed"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Playback:
    """The player's report on one play_id of the arbiter. first_sample_ns: when it was first heard."""

    play_id: int
    result: PlaybackResult
    first_sample_ns: int | None
    ended_ns: int
