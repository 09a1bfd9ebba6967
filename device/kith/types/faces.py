"""Faces: found, judged, embedded, tracked."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kith.types.pictures import F32, U8, BoxPx


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
