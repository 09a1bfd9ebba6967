"""What is no face: objects of a kind that the detector knows, things that the wearer taught, pictures asked
for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kith.types.faces import Embedding
from kith.types.pictures import U8, BoxPx


class Want(StrEnum):
    """What the core may ask of perception beyond faces. SURVEY: objects and known things. HELD: what is held
    up before the camera. FRAME: the frame itself, for who keeps it on the device. PICTURE: the frame with
    every face in it found, which takes a search of its own."""

    SURVEY = "survey"
    HELD = "held"
    FRAME = "frame"
    PICTURE = "picture"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenObject:
    """An object of a kind that the detector knows. label: one of its classes, as "coffee cup"; score: 0..1;
    bearing_deg: of its middle, positive to the wearer's right."""

    label: str
    box: BoxPx
    score: float
    bearing_deg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenThing:
    """Something that was taught. thing_id: which one, its person_id in the gallery; score: a cosine; margin:
    its lead over the next thing, None when there is no next; near: it looks at least half as large as it did
    in the hand that taught it, None where that is not known."""

    thing_id: int
    box: BoxPx
    score: float
    margin: float | None
    bearing_deg: float
    near: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What one frame showed besides faces, largest first."""

    objects: tuple[SeenObject, ...]
    things: tuple[SeenThing, ...]


class HeldFault(StrEnum):
    """Why what is held up is not good enough to learn. The value is the key of its words."""

    NO_THING = "no_thing"
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    BLURRED = "blurred"
    CUT_OFF = "thing_cut_off"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldThing:
    """What is held up before the camera. box: None where nothing is. embedding: None with a fault.
    extent: the box's larger side over the picture's width, 0..1. looks_like: the thing in the gallery that it
    is taken for, None for none."""

    box: BoxPx | None
    fault: HeldFault | None
    embedding: Embedding | None
    extent: float
    looks_like: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureFace:
    """A face in a picture that was asked for. track_id: of its track, None where no track has it. looks_like:
    the one person in the gallery whom this picture alone shows there, None for none."""

    box: BoxPx
    track_id: int | None
    looks_like: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A frame that was asked for: rgb u8[H, W, 3]. faces: all that a finer search than a look's finds in
    it."""

    rgb: U8
    faces: tuple[PictureFace, ...]
