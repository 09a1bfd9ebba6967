"""Who somebody is, where they are, and who is here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from kith.types.faces import TrackedFace
from kith.types.pictures import U8
from kith.types.things import HeldThing, Picture, Survey


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


class Kind(StrEnum):
    """What an entry of the gallery is."""

    PERSON = "person"
    THING = "thing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Someone who agreed to be known; or (kind) a thing that was taught, which has a name, looks and a
    recording just so.

    name_recording: the wearer's own recording of the name; generated: the name is a made one, such as
    "person 3". marks: how often it was marked as wrong since the last look was enrolled. met_on: the day they
    were last named, enrolled or kept; expiry_told_on: when the wearer was first told that this is long ago;
    both as 2026-03-01, None for not yet. announced: a thing that is told of unasked when it comes into view;
    extent: how large it was in the hand that taught it (`HeldThing.extent`), None where that is not known.
    """

    person_id: int
    name: str
    consented_at: str
    templates: int
    name_recording: Path | None = None
    generated: bool = False
    marks: int = 0
    met_on: str | None = None
    expiry_told_on: str | None = None
    kind: Kind = Kind.PERSON
    announced: bool = False
    extent: float | None = None


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
    """All that was seen in one frame, largest face first. survey, held, rgb (u8[H, W, 3]), picture: where
    the core wanted them (see `Want`), else None. rgb tells of no face: it never stands in for a picture."""

    seq: int
    captured_ns: int
    width_px: int
    height_px: int
    view: View
    faces: tuple[SeenFace, ...]
    survey: Survey | None = None
    held: HeldThing | None = None
    rgb: U8 | None = None
    picture: Picture | None = None


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
