"""What goes into the enrollment machine and what comes out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kith.clock import Tick
from kith.types import Earcon, Embedding, Sighting, Tone


class Reason(StrEnum):
    """Why a look is no view, or why nobody was remembered. The value is the key of its words."""

    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    COVERED = "covered"
    NO_FACE = "no_face"
    CUT_OFF = "cut_off"
    TOO_FAR = "too_far"
    TURNED_AWAY = "turned_away"
    BLURRED = "blurred"
    TWO_FACES = "two_faces"
    NOT_THE_SAME = "not_the_same"
    KNOWN = "known"
    TOOK_TOO_LONG = "took_too_long"
    DISK_FULL = "disk_full"
    NOT_STORED = "not_stored"


class Prompt(StrEnum):
    """What is said. The value is the key of its words."""

    LOOKING = "enroll.looking"
    HINT = "enroll.hint"
    AGAIN = "enroll.again"
    DONE = "enroll.done"
    REFUSED = "enroll.refused"
    CANCELLED = "enroll.cancelled"


class Ending(StrEnum):
    """How an enrollment ended."""

    ENROLLED = "enrolled"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"


# --- events ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin:
    """Remember the person in front. name None: the gallery makes one up. Ignored while one is remembered."""

    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Saw:
    """What one frame showed."""

    sighting: Sighting


@dataclass(frozen=True, slots=True)
class Cancel:
    """The wearer does not want it after all. Ignored once Store was sent: that is to be undone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """The answer to Store: the person is kept under this name."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreFailed:
    """The answer to Store: nothing was kept. reason: DISK_FULL, else NOT_STORED."""

    reason: Reason = Reason.NOT_STORED


EnrollmentEvent = Begin | Saw | Cancel | Stored | StoreFailed | Tick


# --- commands -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """Words for the wearer. reason: with HINT and REFUSED. name: with DONE. person_id: whom the face looks
    like, with the reason KNOWN."""

    prompt: Prompt
    reason: Reason | None = None
    name: str | None = None
    person_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """A sound of its own, over whatever is said."""

    earcon: Earcon


@dataclass(frozen=True, slots=True, kw_only=True)
class Guide:
    """One tone of the audio viewfinder."""

    tone: Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class Attend:
    """Whether perception should embed every good look."""

    on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """Keep these views of one face, to be answered with Stored or StoreFailed. name None: make one up."""

    name: str | None
    embeddings: tuple[Embedding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The last command of every enrollment. reason: with REFUSED and TIMED_OUT."""

    ending: Ending
    reason: Reason | None = None


EnrollmentCommand = Say | Cue | Guide | Attend | Store | Finished
