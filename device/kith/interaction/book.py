"""People and things one by one, by ear: heard, named anew, kept, forgotten, told of unasked. Pure."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

from kith.clock import NS_PER_S, Tick
from kith.config import QuestionSettings
from kith.interaction.messages import (
    Announce,
    BookCommand,
    BookEvent,
    Cancel,
    Closed,
    Done,
    Entry,
    Forget,
    Keep,
    Line,
    NoMicrophone,
    OpenBook,
    PromptEnded,
    Rename,
    Say,
    Teach,
    Tell,
)
from kith.runtime.question import Due, Question
from kith.types import Gesture

HELP_AFTER_NS = 3 * NS_PER_S
"""Who presses nothing for so long after an entry may not know what to press; †."""
IDLE_NS = 20 * NS_PER_S
"""Who presses nothing for so long is done with it, and a tap shall ask who is here again; †."""
_PRESS_NS = 5 * NS_PER_S
"""What was cut off may have been so by a press that is no gesture yet: a tap and a hold takes up to 4.4 s."""
_LONGEST_NS = 60 * NS_PER_S
"""Nothing takes so long to say, not even how a device with a dozen faults does: word of its end was lost."""

_WITH_A_NAME = frozenset(
    {
        Line.BOOK_ENTRY,
        Line.BOOK_ENTRY_EXPIRED,
        Line.BOOK_ENTRY_UNASKED,
        Line.BOOK_ENTRY_ANEW,
        Line.BOOK_UNASKED,
        Line.BOOK_ASKED,
        Line.BOOK_FORGET,
        Line.BOOK_FORGOTTEN,
        Line.BOOK_STAYS,
        Line.BOOK_KEPT,
        Line.BOOK_RENAMED,
    }
)
_RIDDLES = frozenset({Line.BOOK_ENTRY, Line.BOOK_ENTRY_UNASKED})
"""After these it is not said what to press."""

_Asked = Keep | Rename | Forget | Announce


@dataclass(slots=True, kw_only=True)
class _Reading:
    """A book that is open. current: who was said last, None where nobody is meant. next: the place of who is
    said next; past the last it is the end. ended_ns: since when nothing is being said. puzzled: what was said
    last is an entry, and no help was said yet. helped: which help was. asked:
    what an answer is waited for."""

    entries: list[Entry]
    had_people: bool
    said_ns: int
    current: Entry | None = None
    next: int = 0
    ended_ns: int | None = None
    puzzled: bool = False
    helped: set[Line] = field(default_factory=set)
    question: Question | None = None
    asked: _Asked | None = None


class Book:
    """Goes through the entries: TAP says the next, after the last that this was everybody, and then the first
    again. On an entry DOUBLE has it said anew (an expired one is kept first) and HOLD_1S asks whether to
    forget it; on a thing TRIPLE has it told of unasked, or not any more, and on one that is to be taught
    anew DOUBLE ends the book and has it taught. TAP_HOLD leaves from anywhere, as do
    20 s in which nothing is pressed. A gesture that means nothing where it is made has the help said, which
    is also said once by itself, 3 s after an entry; for things it is another one.

    While an answer to Rename, Keep, Forget or Announce is waited for, only that and Cancel count. Where there
    is nobody and nothing it ends when Tell was heard. Every book ends with Closed.
    """

    def __init__(self, questions: QuestionSettings) -> None:
        self._questions = questions
        self._reading: _Reading | None = None

    @property
    def next_deadline_ns(self) -> int | None:
        """When it wants a Tick. None while it is closed, and while an answer is waited for, which is the
        caller's to give or to cancel."""
        reading = self._reading
        if reading is None or reading.asked is not None:
            return None
        if reading.question is not None:
            return reading.question.next_deadline_ns
        if reading.ended_ns is None:
            return reading.said_ns + _LONGEST_NS
        if not reading.entries:
            return reading.ended_ns + _PRESS_NS
        return reading.ended_ns + (HELP_AFTER_NS if reading.puzzled else IDLE_NS)

    @property
    def takes_triple(self) -> bool:
        """Whether a TRIPLE would mean something now: a thing is meant, and nothing is being asked."""
        reading = self._reading
        if reading is None or reading.asked is not None or reading.question is not None:
            return False
        return reading.current is not None and reading.current.thing

    def step(self, event: BookEvent, now_ns: int) -> list[BookCommand]:
        """Take one event. An OpenBook while it is open is ignored, and so is all else while it is not."""
        reading = self._reading
        if reading is None:
            return self._open(event.entries, now_ns) if isinstance(event, OpenBook) else []
        if isinstance(event, Cancel):
            return self._close()
        if isinstance(event, Done | NoMicrophone):
            return self._answered(reading, event, now_ns)
        return self._go_on(reading, event, now_ns) if reading.asked is None else []

    def _go_on(self, reading: _Reading, event: BookEvent, now_ns: int) -> list[BookCommand]:
        match event:
            case PromptEnded():
                return self._ended(reading, event.heard, now_ns)
            case Tick():
                return self._silence(reading, now_ns)
            case Gesture():
                return self._pressed(reading, event, now_ns)
            case _:
                return []

    # --- what is pressed --------------------------------------------------------------------------

    def _pressed(self, reading: _Reading, gesture: Gesture, now_ns: int) -> list[BookCommand]:
        if gesture is Gesture.TAP_HOLD or not reading.entries:
            return self._close(Line.BOOK_CLOSED)
        if reading.question is not None:
            return self._decided(reading, gesture, now_ns)
        if gesture is Gesture.TAP:
            return self._turn(reading, now_ns)
        if gesture is Gesture.HOLD_1S and reading.current is not None:
            reading.question = Question(self._questions, now_ns)
            return self._say(reading, Line.BOOK_FORGET, now_ns)
        if gesture is Gesture.DOUBLE and reading.current is not None and reading.current.anew:
            return [Teach(person_id=reading.current.person_id), *self._close()]
        wanted = None if reading.current is None else _wanted(reading.current, gesture)
        return self._help(reading, now_ns) if wanted is None else self._ask(reading, wanted)

    def _decided(self, reading: _Reading, gesture: Gesture, now_ns: int) -> list[BookCommand]:
        """To the question whether to forget. What is neither yes nor no has it asked anew."""
        if gesture is Gesture.DOUBLE and reading.current is not None:
            return self._ask(reading, Forget(person_id=reading.current.person_id))
        if gesture in (Gesture.TAP, Gesture.HOLD_1S):
            reading.question = None
            return self._say(reading, Line.BOOK_STAYS, now_ns)
        reading.question = Question(self._questions, now_ns)
        return self._say(reading, Line.BOOK_FORGET, now_ns)

    def _turn(self, reading: _Reading, now_ns: int) -> list[BookCommand]:
        if reading.next >= len(reading.entries):
            reading.current, reading.next = None, 0
            things = any(entry.thing for entry in reading.entries)
            return self._say(reading, Line.BOOK_END_THINGS if things else Line.BOOK_END, now_ns)
        reading.current = reading.entries[reading.next]
        reading.next += 1
        return self._say(reading, _line_of(reading.current), now_ns)

    # --- what is answered -------------------------------------------------------------------------

    def _ask(self, reading: _Reading, what: _Asked) -> list[BookCommand]:
        reading.asked, reading.question = what, None
        return [what]

    def _answered(self, reading: _Reading, answer: Done | NoMicrophone, now_ns: int) -> list[BookCommand]:
        asked, reading.asked = reading.asked, None
        entry = reading.current
        if asked is None or entry is None:
            return []
        if isinstance(asked, Rename):
            return self._say(reading, _named(answer), now_ns)
        if not (isinstance(answer, Done) and answer.ok):
            return self._say(reading, Line.BOOK_FAILED, now_ns)
        if isinstance(asked, Forget):
            commands = self._say(reading, Line.BOOK_FORGOTTEN, now_ns)
            # Nobody is meant now: what is pressed next must not befall somebody who was not heard yet.
            reading.next -= 1
            reading.entries.pop(reading.next)
            reading.current = None
            return commands
        if isinstance(asked, Announce):
            changed, line = {"announced": asked.announced}, _TOLD[asked.announced]
        else:
            changed, line = {"expired": False}, Line.BOOK_KEPT
        reading.current = reading.entries[reading.next - 1] = dataclasses.replace(entry, **changed)
        return self._say(reading, line, now_ns)

    # --- what time brings -------------------------------------------------------------------------

    def _ended(self, reading: _Reading, heard: bool, now_ns: int) -> list[BookCommand]:
        if reading.question is not None:
            reading.question.ended(now_ns)
            return []
        reading.ended_ns = now_ns
        reading.puzzled = reading.puzzled and heard
        return self._close_empty(reading) if heard and not reading.entries else []

    def _silence(self, reading: _Reading, now_ns: int) -> list[BookCommand]:
        due_ns = self.next_deadline_ns
        if due_ns is None or now_ns < due_ns:
            return []
        if reading.question is not None:
            return self._unanswered(reading, reading.question, now_ns)
        if reading.ended_ns is None:
            return self._ended(reading, heard=False, now_ns=now_ns)
        if not reading.entries:
            return self._close_empty(reading)
        return self._help(reading, now_ns) if reading.puzzled else self._close(Line.BOOK_CLOSED)

    def _unanswered(self, reading: _Reading, question: Question, now_ns: int) -> list[BookCommand]:
        if question.due(now_ns) is Due.REPEAT:
            return self._say(reading, Line.BOOK_FORGET, now_ns)
        reading.question = None
        return self._say(reading, Line.BOOK_STAYS, now_ns)

    # --- words ------------------------------------------------------------------------------------

    def _open(self, entries: tuple[Entry, ...], now_ns: int) -> list[BookCommand]:
        self._reading = _Reading(entries=list(entries), had_people=bool(entries), said_ns=now_ns)
        return [Tell()]

    def _help(self, reading: _Reading, now_ns: int) -> list[BookCommand]:
        line = _help_for(reading.current)
        reading.helped.add(line)
        return self._say(reading, line, now_ns)

    def _say(self, reading: _Reading, line: Line, now_ns: int) -> list[BookCommand]:
        reading.said_ns, reading.ended_ns = now_ns, None
        reading.puzzled = line in _RIDDLES and _help_for(reading.current) not in reading.helped
        entry = reading.current if line in _WITH_A_NAME else None
        return [Say(line=line, person_ids=() if entry is None else (entry.person_id,))]

    def _close_empty(self, reading: _Reading) -> list[BookCommand]:
        """There is nobody to go through; that it closes is told only where there was somebody."""
        return self._close(Line.BOOK_CLOSED if reading.had_people else None)

    def _close(self, line: Line | None = None) -> list[BookCommand]:
        self._reading = None
        return [Closed()] if line is None else [Say(line=line), Closed()]


_TOLD = {True: Line.BOOK_UNASKED, False: Line.BOOK_ASKED}


def _line_of(entry: Entry) -> Line:
    if entry.expired:
        return Line.BOOK_ENTRY_EXPIRED
    if entry.anew:
        return Line.BOOK_ENTRY_ANEW
    return Line.BOOK_ENTRY_UNASKED if entry.announced else Line.BOOK_ENTRY


def _help_for(entry: Entry | None) -> Line:
    return Line.BOOK_HELP_THING if entry is not None and entry.thing else Line.BOOK_HELP


def _wanted(entry: Entry, gesture: Gesture) -> _Asked | None:
    if gesture is Gesture.DOUBLE:
        return Keep(person_id=entry.person_id) if entry.expired else Rename(person_id=entry.person_id)
    if gesture is Gesture.TRIPLE and entry.thing:
        return Announce(person_id=entry.person_id, announced=not entry.announced)
    return None


def _named(answer: Done | NoMicrophone) -> Line:
    if isinstance(answer, NoMicrophone):
        return Line.BOOK_NO_MICROPHONE
    return Line.BOOK_RENAMED if answer.ok else Line.BOOK_UNCHANGED
