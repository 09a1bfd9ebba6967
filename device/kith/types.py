"""The values that pass between the parts of Kith.

All are frozen, slotted and keyword-only; arrays in them are read-only. Units are
in the names. Times named `_ns` are monotonic nanoseconds (see `kith.clock`).
Pixel coordinates have their origin at the top left corner of the picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]
I16 = NDArray[np.int16]
F32 = NDArray[np.float32]

SAMPLE_RATE_HZ = 22_050
"""Rate of every sound in Kith; samples are i16, blocks for the speaker i16[n, 2] (left, right)."""


# --- pictures and faces -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxPx:
    """A rectangle in pixels: left, top, width, height. May reach outside the picture."""

    x: float
    y: float
    w: float
    h: float

    @property
    def center_x(self) -> float:
        """Horizontal middle, px."""
        return self.x + self.w / 2

    @property
    def center_y(self) -> float:
        """Vertical middle, px."""
        return self.y + self.h / 2

    @property
    def area(self) -> float:
        """Square pixels."""
        return self.w * self.h

    def iou(self, other: BoxPx) -> float:
        """Intersection over union with another box, 0..1."""
        dx = min(self.x + self.w, other.x + other.w) - max(self.x, other.x)
        dy = min(self.y + self.h, other.y + other.h) - max(self.y, other.y)
        if dx <= 0 or dy <= 0:
            return 0.0
        return dx * dy / (self.area + other.area - dx * dy)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One picture of the camera: rgb u8[H, W, 3]. small: the same view of the same moment, shrunk by the
    camera itself, u8[h, w, 3]; None where it does not do that."""

    seq: int
    captured_ns: int
    rgb: U8
    small: U8 | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """A detected face. landmarks f32[5, 2] px: the subject's right eye, left eye, nose tip,
    right and left corner of the mouth (the subject's right is at the picture's left)."""

    box: BoxPx
    landmarks: F32
    score: float


class Rejection(StrEnum):
    """Why a face is not good enough to judge. The value is what is said of it."""

    TOO_DARK = "too dark"
    TOO_BRIGHT = "too bright"
    BLURRED = "blurred"
    TOO_SMALL = "too far"
    PROFILE = "turned away"
    CUT_OFF = "cut off"


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceQuality:
    """What is known about a look before it is recognised.

    sharpness: spread of the Laplacian over the aligned face at half its size, higher is sharper; luma:
    mean brightness of the aligned face 0..255; yaw_deg: positive when the face turns to the picture's
    right; pitch_deg: positive upwards; inter_eye_px: distance between the eyes in the frame.
    """

    sharpness: float
    luma: float
    yaw_deg: float
    pitch_deg: float
    inter_eye_px: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignedFace:
    """A face turned upright and cut to the embedder's template: rgb u8[112, 112, 3]."""

    rgb: U8


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedding:
    """A face as a unit vector f32[D] of the network named by model_id.

    norm: how long the network made it, before it was made a unit: the poorer the look, the shorter. 1 where
    it is not of one look.
    """

    vector: F32
    model_id: str
    norm: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedFace:
    """A face of one frame and the track it belongs to.

    rejection: None when this look is good enough to judge. embedding: of this very look, None when
    the embedder was not asked this time. fused: the track's embeddings together, weighted by
    quality, None before the first. looks: how many embeddings went into `fused`.
    """

    track_id: int
    face: Face
    quality: FaceQuality
    rejection: Rejection | None
    embedding: Embedding | None
    fused: Embedding | None
    looks: int


# --- recognition ----------------------------------------------------------------------------------


class Outcome(StrEnum):
    """What the matcher can say of a probe."""

    KNOWN = "known"
    UNKNOWN = "unknown"
    AMBIGUOUS = "ambiguous"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identification:
    """The matcher's answer.

    person_id: the best candidate when KNOWN or AMBIGUOUS, else None. runner_up_id: the second
    candidate when AMBIGUOUS, else None. score: cosine of the best candidate, after the mean face that all
    faces of the network share is taken from both sides; None for an empty
    gallery; margin: its lead over the next person, None when there is no next.
    """

    outcome: Outcome
    person_id: int | None
    runner_up_id: int | None
    score: float | None
    margin: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Someone who agreed to be known. name_recording: the wearer's own recording of the name;
    generated: the name is a made one, such as "person 3". marks: how often it was marked as wrong since the
    last look was enrolled. met_on: the day they were last named, enrolled or kept; expiry_told_on: when the
    wearer was first told that this is long ago; both as 2026-03-01, None for not yet."""

    person_id: int
    name: str
    consented_at: str
    templates: int
    name_recording: Path | None = None
    generated: bool = False
    marks: int = 0
    met_on: str | None = None
    expiry_told_on: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a face is as seen from the camera.

    bearing_deg: positive to the wearer's right; facing: the face is turned to the wearer.
    """

    bearing_deg: float
    distance_mm: int
    facing: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenFace:
    """A tracked face, where it is and, when its look was judged in this frame, who it is."""

    tracked: TrackedFace
    place: Place
    identification: Identification | None


class View(StrEnum):
    """Whether the camera sees anything at all. The value is what is said of it."""

    NORMAL = "normal"
    DARK = "too dark"
    COVERED = "covered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """All that was seen in one frame, largest face first."""

    seq: int
    captured_ns: int
    width_px: int
    height_px: int
    view: View
    faces: tuple[SeenFace, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Appeared:
    """Someone came into view. person_ids: one id, or the two that cannot be told apart."""

    person_ids: tuple[int, ...]
    track_id: int
    place: Place
    at_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StrangerAppeared:
    """A face that was judged and is nobody enrolled."""

    track_id: int
    place: Place
    at_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """Someone who had appeared has not been seen for a while."""

    person_ids: tuple[int, ...]
    at_ns: int


PresenceEvent = Appeared | StrangerAppeared | Left


@dataclass(frozen=True, slots=True, kw_only=True)
class Companion:
    """Someone who is here now. person_ids: one id, or the two that cannot be told apart."""

    person_ids: tuple[int, ...]
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """Who is here now. people: nearest first; strangers: faces judged to be nobody enrolled; unsure: faces
    that could not be judged yet."""

    people: tuple[Companion, ...]
    strangers: int
    unsure: int


# --- sound --------------------------------------------------------------------------------------


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


# --- button --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ButtonEdge:
    """The button went down or came up; raw, bounces and all."""

    down: bool
    at_ns: int


class Gesture(StrEnum):
    """What the wearer did with the button."""

    TAP = "tap"
    DOUBLE = "double"
    TAP_HOLD = "tap_hold"
    HOLD_1S = "hold"
    HOLD_4S = "hold4"
    POWER_WARNING = "power_warning"
    HOLD_10S = "hold10"
