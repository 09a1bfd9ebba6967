"""What goes into the conversations by button and ear (a name, people and things one by one, a doubt) and what
comes out. The book and the doubt are over with their one `Closed`, always the last command."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kith.clock import Tick
from kith.types import I16, Gesture, Take


class Line(StrEnum):
    """What is said. The value is the key of its words."""

    NAME_ASK = "name.ask"
    NAME_LISTEN = "name.listen"
    NAME_NOTHING = "name.nothing"
    NAME_REVIEW = "name.review"
    NAME_BROKEN = "name.broken"
    BOOK_ENTRY = "book.entry"
    BOOK_ENTRY_EXPIRED = "book.entry_expired"
    BOOK_ENTRY_UNASKED = "book.entry_unasked"
    BOOK_ENTRY_ANEW = "book.entry_anew"
    BOOK_HELP = "book.help"
    BOOK_HELP_THING = "book.help_thing"
    BOOK_END = "book.end"
    BOOK_END_THINGS = "book.end_things"
    BOOK_FORGET = "book.forget"
    BOOK_FORGOTTEN = "book.forgotten"
    BOOK_STAYS = "book.stays"
    BOOK_KEPT = "book.kept"
    BOOK_UNASKED = "book.unasked"
    BOOK_ASKED = "book.asked"
    BOOK_RENAMED = "book.renamed"
    BOOK_UNCHANGED = "book.unchanged"
    BOOK_NO_MICROPHONE = "book.no_microphone"
    BOOK_FAILED = "book.failed"
    BOOK_CLOSED = "book.closed"
    DOUBT_WHICH = "wrong.which"
    DOUBT_NONE = "wrong.none"


# --- events ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptEnded:
    """The newest Say (or Tell) is not being said any more. heard: it was, to its end."""

    heard: bool


@dataclass(frozen=True, slots=True)
class Cancel:
    """It is to end now, whatever it is at: something else takes its place."""


@dataclass(frozen=True, slots=True)
class AskForName:
    """Begin to have a name said."""


@dataclass(frozen=True, slots=True)
class MicrophoneReady:
    """The answer to OpenMicrophone: it hears."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MicrophoneGone:
    """It cannot be opened, or stopped working. missing: there is none, as on many devices."""

    missing: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """The answer to Capture: what was said, i16[n] mono, trimmed and levelled; None: nothing was heard."""

    recording: I16 | None


NamingEvent = AskForName | MicrophoneReady | MicrophoneGone | PromptEnded | Captured | Gesture | Cancel | Tick


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Somebody or (thing) something in the book. expired: not met for so long that they are to be kept or
    forgotten; announced: a thing that is told of unasked; anew: one that is not found until it is taught
    anew."""

    person_id: int
    expired: bool = False
    thing: bool = False
    announced: bool = False
    anew: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenBook:
    """Go through these, in this order; what is told first is said by whoever sends this, as `Tell` asks."""

    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The answer to Forget, Keep, Announce and Rename. ok: it was done; for Rename: there is a new
    recording."""

    ok: bool


@dataclass(frozen=True, slots=True)
class NoMicrophone:
    """The answer to Rename where there is none."""


BookEvent = OpenBook | PromptEnded | Done | NoMicrophone | Gesture | Cancel | Tick


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubtWhich:
    """One sentence named all of these, each one id or the two that cannot be told apart: which was wrong?"""

    identities: tuple[tuple[int, ...], ...]


DoubtEvent = DoubtWhich | PromptEnded | Gesture | Cancel | Tick


# --- commands -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """Words for the wearer, in the place of those before. person_ids: whose names are in it; take: the name
    that was just said."""

    line: Line
    person_ids: tuple[int, ...] = ()
    take: Take | None = None


@dataclass(frozen=True, slots=True)
class OpenMicrophone:
    """To be answered with MicrophoneReady or MicrophoneGone."""


@dataclass(frozen=True, slots=True)
class Capture:
    """Listen for a name from now on, to be answered with Captured; till then nothing else may be said."""


@dataclass(frozen=True, slots=True)
class CloseMicrophone:
    """It is not needed any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NameGiven:
    """What came of the name, always naming's last command. recording: i16[n] mono, None for none; missing:
    because there is no microphone; cancelled: the wearer broke it off (HOLD_1S, or Cancel)."""

    recording: I16 | None
    missing: bool = False
    cancelled: bool = False


NamingCommand = Say | OpenMicrophone | Capture | CloseMicrophone | NameGiven


@dataclass(frozen=True, slots=True)
class Tell:
    """Say how the device does, and that a tap leads on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rename:
    """Have the name of somebody said anew, to be answered with Done or NoMicrophone."""

    person_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Forget:
    """Forget somebody entirely, to be answered with Done."""

    person_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """Somebody who was not met for long is to be kept, to be answered with Done."""

    person_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Announce:
    """A thing is to be told of unasked, or only when asked, to be answered with Done."""

    person_id: int
    announced: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Teach:
    """A thing is to be taught anew, once the book is closed."""

    person_id: int


@dataclass(frozen=True, slots=True)
class Closed:
    """The conversation is over."""


BookCommand = Say | Tell | Rename | Forget | Keep | Announce | Teach | Closed


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """These names were wrong."""

    identities: tuple[tuple[int, ...], ...]


DoubtCommand = Say | Wrong | Closed
