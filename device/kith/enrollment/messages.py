"""What goes into the enrollment machine and what comes out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kith.clock import Tick
from kith.types import I16, Earcon, Embedding, Kind, Sighting, Tone


class Reason(StrEnum):
    """Why a look is no view, or why nothing was remembered. The value is the key of its words."""

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
    NO_CONSENT = "no_consent"
    NO_ANSWER = "no_answer"
    TOOK_TOO_LONG = "took_too_long"
    DISK_FULL = "disk_full"
    NOT_STORED = "not_stored"
    NO_THING = "no_thing"
    THING_CUT_OFF = "thing_cut_off"
    FACE_IN_VIEW = "face_in_view"
    NOT_THE_SAME_THING = "not_the_same_thing"
    THINGS_FAILED = "things_failed"


class Prompt(StrEnum):
    """What is said. The value is the key of its words."""

    LOOKING = "enroll.looking"
    HINT = "enroll.hint"
    AGAIN = "enroll.again"
    TURN_LEFT = "enroll.turn_left"
    TURN_RIGHT = "enroll.turn_right"
    SAME = "enroll.same"
    CONSENT = "enroll.consent"
    DONE = "enroll.done"
    DONE_NUMBER = "enroll.done_number"
    ADDED = "enroll.added"
    REFUSED = "enroll.refused"
    CANCELLED = "enroll.cancelled"
    THING_LOOKING = "thing.looking"
    THING_ANEW = "thing.anew"
    THING_TURN = "thing.turn"
    THING_AGAIN = "thing.again"
    THING_SAME = "thing.same"


class Ending(StrEnum):
    """How an enrollment ended."""

    ENROLLED = "enrolled"
    ADDED = "added"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"


# --- events ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin:
    """Remember the person in front, or the thing that is held up. add_to: it is a thing that was taught
    before, and its looks are added. Ignored while one is remembered."""

    kind: Kind = Kind.PERSON
    add_to: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Saw:
    """What one frame showed."""

    sighting: Sighting


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptEnded:
    """The newest Say is not being said any more. heard: it was, to its end."""

    heard: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """To a question: a double tap is yes, a tap no. Ignored where nothing was asked."""

    yes: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """The answer to AskName: the name as it was said, i16[n] mono; None: it is a number."""

    recording: I16 | None


@dataclass(frozen=True, slots=True)
class Cancel:
    """The wearer does not want it after all. Ignored once Store was sent: that is to be undone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unable:
    """What is looked for cannot be seen any more, for this reason. Ignored unless it looks."""

    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """The answer to Store: it is kept. person_id: of whom or what; recorded: with a name that was said."""

    person_id: int
    recorded: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreFailed:
    """The answer to Store: nothing was kept. reason: DISK_FULL, else NOT_STORED."""

    reason: Reason = Reason.NOT_STORED


EnrollmentEvent = Begin | Saw | PromptEnded | Answer | Named | Cancel | Unable | Stored | StoreFailed | Tick


# --- commands -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """Words for the wearer. reason: with HINT and REFUSED. person_id: whom or what it looks like, with SAME,
    THING_SAME and with the reason KNOWN; what is to be held up, with THING_ANEW; who or what is kept, with
    DONE, DONE_NUMBER and ADDED."""

    prompt: Prompt
    reason: Reason | None = None
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
    """Whether perception should embed every good look of a face, or look for what is held up."""

    on: bool
    kind: Kind = Kind.PERSON


@dataclass(frozen=True, slots=True)
class AskName:
    """Have the name said, to be answered with Named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """Keep these views of one face or thing, to be answered with Stored or StoreFailed. add_to: of somebody
    or something enrolled; None: of somebody new, who has just agreed, or of a new thing. recording: of the
    name, None where there is none. extent: as in Gathered."""

    embeddings: tuple[Embedding, ...]
    add_to: int | None = None
    recording: I16 | None = None
    kind: Kind = Kind.PERSON
    extent: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The enrollment is over, always the last command. reason: unless ENROLLED, ADDED or CANCELLED."""

    ending: Ending
    reason: Reason | None = None


EnrollmentCommand = Say | Cue | Guide | Attend | AskName | Store | Finished
