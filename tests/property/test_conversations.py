"""What holds of the button and of the conversations by ear, whatever is pressed and whatever happens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kith.clock import Tick
from kith.config import ButtonSettings, QuestionSettings
from kith.interaction.book import Book
from kith.interaction.doubt import Doubt
from kith.interaction.gestures import GestureCommand, Gestures, Pressed
from kith.interaction.messages import (
    Announce,
    BookCommand,
    BookEvent,
    Cancel,
    Closed,
    Done,
    DoubtCommand,
    DoubtEvent,
    DoubtWhich,
    Entry,
    Forget,
    Keep,
    Line,
    NoMicrophone,
    OpenBook,
    PromptEnded,
    Rename,
    Say,
    Tell,
    Wrong,
)
from kith.types import ButtonEdge, Gesture
from tests.unit._conversation_kit import Machine
from tests.unit._machine_kit import ms

LONG_MS = 100_000
SETTINGS = ButtonSettings()

# --- gestures -------------------------------------------------------------------------------------


def pocket(edges: Sequence[tuple[int, int, bool]]) -> list[tuple[int, GestureCommand]]:
    """What comes of edges (ms since the last, ms by which its own time lags, down), and when."""
    machine = Gestures(SETTINGS)
    made: list[tuple[int, GestureCommand]] = []
    now_ms = 0

    def wait(until_ms: int) -> None:
        while (due := machine.next_deadline_ns) is not None and due <= ms(until_ms):
            made.extend((due, command) for command in machine.step(Tick(), due))
            later = machine.next_deadline_ns
            assert later is None or later > due

    for gap_ms, lag_ms, down in edges:
        now_ms += gap_ms
        wait(now_ms)
        edge = ButtonEdge(down=down, at_ns=ms(max(0, now_ms - lag_ms)))
        made.extend((ms(now_ms), command) for command in machine.step(edge, ms(now_ms)))
    wait(now_ms + LONG_MS)
    return made


gaps = st.one_of(st.integers(0, 30), st.integers(31, 1100), st.integers(3000, 12_000), st.just(3_600_000))
in_time = st.tuples(gaps, st.just(0), st.booleans())
out_of_order = st.tuples(gaps, st.sampled_from([0, 0, 3, 40, 2000]), st.booleans())


@given(st.lists(in_time | out_of_order, max_size=40))
def test_a_button_in_a_pocket_makes_at_most_one_thing_of_each_press(
    edges: list[tuple[int, int, bool]],
) -> None:
    presses = 0  # that could still become a gesture
    for _, command in pocket(edges):
        match command:
            case Pressed():
                presses += 1
            case Gesture.DOUBLE | Gesture.TAP_HOLD:
                presses -= 2
            case Gesture.TAP | Gesture.HOLD_1S | Gesture.HOLD_4S | Gesture.POWER_WARNING:
                presses -= 1
        assert presses >= 0


@given(st.lists(in_time, max_size=40))
def test_it_is_switched_off_only_after_the_warning_and_ten_seconds_without_letting_go(
    edges: list[tuple[int, int, bool]],
) -> None:
    made = pocket(edges)
    edges_ns = []
    at_ms = 0
    for gap_ms, _, down in edges:
        at_ms += gap_ms
        edges_ns.append((ms(at_ms), down))
    for index, (at_ns, command) in enumerate(made):
        if command is not Gesture.HOLD_10S:
            continue
        warned_ns, before = made[index - 1]
        assert before is Gesture.POWER_WARNING, "nothing comes between the warning and the end"
        assert at_ns - warned_ns == ms(SETTINGS.power_hold_ms - SETTINGS.power_warning_ms)
        down_ns = at_ns - ms(SETTINGS.power_hold_ms)
        assert Pressed(at_ns=down_ns) in [earlier for _, earlier in made[:index]]
        ups_ns = [up_ns for up_ns, down in edges_ns if down_ns < up_ns < at_ns and not down]
        back_ns = [each_ns for each_ns, down in edges_ns if down]
        for up_ns in ups_ns:  # only bounces
            assert any(0 <= each_ns - up_ns <= ms(SETTINGS.debounce_ms) for each_ns in back_ns)


# --- the book and the doubt -------------------------------------------------------------------------


class Caller:
    """Drives a machine as the app does: what it asks for is answered (sooner or later), and every Tick that
    is due is given."""

    def __init__(self, machine: Machine, step: Callable[[Any, int], Sequence[Any]]) -> None:
        self.machine, self._step = machine, step
        self.at_ms = 0
        self.commands: list[Any] = []

    @property
    def closed(self) -> bool:
        return bool(self.commands) and isinstance(self.commands[-1], Closed)

    def give(self, event: object) -> list[Any]:
        made = list(self._step(event, ms(self.at_ms)))
        assert not (self.closed and made), "it goes on after its end"
        assert all(not isinstance(command, Closed) for command in made[:-1])
        self.commands += made
        return made

    def wait(self, duration_ms: int) -> None:
        until_ms = self.at_ms + duration_ms
        while (due := self.machine.next_deadline_ns) is not None and due <= ms(until_ms):
            self.at_ms = max(self.at_ms, due // ms(1))
            self.give(Tick())
            later = self.machine.next_deadline_ns
            assert later is None or later > ms(self.at_ms)
        self.at_ms = until_ms


gestures = st.sampled_from([Gesture.TAP, Gesture.DOUBLE, Gesture.HOLD_1S, Gesture.TAP_HOLD])
strange = st.sampled_from(
    [Gesture.HOLD_4S, Gesture.POWER_WARNING, Gesture.HOLD_10S, Gesture.DOUBLE_HOLD, Gesture.TRIPLE_HOLD]
)
triples = st.just(Gesture.TRIPLE)
endings = st.builds(PromptEnded, heard=st.booleans())
waits = st.sampled_from([0, 400, 2999, 3001, 6001, 20_001])
answers = st.builds(Done, ok=st.booleans()) | st.just(NoMicrophone())
happenings: st.SearchStrategy[Any] = gestures | gestures | strange | triples | endings | waits | answers
people = st.lists(st.booleans(), max_size=4).map(
    lambda expired: tuple(Entry(person_id=i + 1, expired=old) for i, old in enumerate(expired))
)
things = st.lists(st.booleans(), max_size=3).map(
    lambda marked: tuple(Entry(person_id=i + 9, thing=True, announced=on) for i, on in enumerate(marked))
)
people_and_things = st.tuples(people, things).map(lambda both: both[0] + both[1])
Asked = Rename | Keep | Forget | Announce


HELPS = (Say(line=Line.BOOK_HELP), Say(line=Line.BOOK_HELP_THING))


class Reader(Caller):
    """Of the book: who was named last is who a change may befall."""

    def __init__(self, entries: tuple[Entry, ...]) -> None:
        book = self.book = Book(QuestionSettings())
        super().__init__(book, book.step)
        self.there = {entry.person_id for entry in entries}
        self.things = {entry.person_id for entry in entries if entry.thing}
        self.marked = {entry.person_id for entry in entries if entry.announced}
        self.meant: int | None = None
        self.waiting: Asked | None = None
        self.confirming = False
        assert self.give(OpenBook(entries=entries)) == [Tell()]

    def give(self, event: BookEvent) -> list[BookCommand]:  # type: ignore[override]
        asked, was_open = self.waiting, not self.closed
        confirmed = self.confirming and event is Gesture.DOUBLE
        toggles = self.book.takes_triple and event is Gesture.TRIPLE
        made = super().give(event)
        assert toggles == any(isinstance(command, Announce) for command in made)
        if asked and isinstance(event, Done | NoMicrophone):
            self.waiting = None
            self._came_of(asked, event)
        elif asked and was_open and not isinstance(event, Cancel):
            assert made == [], "it waits for the answer"
        elif was_open and isinstance(event, Gesture):
            assert made, "a press without an answer"
        for command in made:
            if isinstance(command, Asked):
                assert command.person_id == self.meant, "somebody else than was heard"
                assert confirmed or not isinstance(command, Forget), "forgotten without a question"
                self.waiting, self.confirming = command, False
            elif isinstance(command, Say):
                self._says(command)
        return made

    def _came_of(self, asked: Asked, answer: object) -> None:
        if answer != Done(ok=True):
            return
        if isinstance(asked, Forget):
            self.there.discard(asked.person_id)
        elif isinstance(asked, Announce):
            assert asked.person_id in self.things, "only things are told of unasked"
            assert asked.announced == (asked.person_id not in self.marked)
            self.marked ^= {asked.person_id}

    def _says(self, say: Say) -> None:
        self.confirming = say.line is Line.BOOK_FORGET
        if say.line in (Line.BOOK_ENTRY, Line.BOOK_ENTRY_EXPIRED, Line.BOOK_ENTRY_UNASKED):
            (self.meant,) = say.person_ids
            assert self.meant in self.there, "somebody who was forgotten"
            assert (say.line is Line.BOOK_ENTRY_UNASKED) == (self.meant in self.marked)
        elif say.line in (Line.BOOK_END, Line.BOOK_END_THINGS, Line.BOOK_FORGOTTEN):
            self.meant = None


@given(people_and_things, st.lists(happenings, max_size=40))
def test_the_book_changes_only_who_was_heard_and_always_closes(
    entries: tuple[Entry, ...], script: list[Any]
) -> None:
    reader = Reader(entries)
    for happening in script:
        if reader.closed:
            break
        if isinstance(happening, int):
            reader.wait(happening)
        else:
            reader.give(happening)
    if reader.waiting is not None and not reader.closed:
        reader.give(Done(ok=False))
    reader.wait(200_000)
    assert reader.closed
    assert reader.machine.next_deadline_ns is None
    assert sum(isinstance(command, Closed) for command in reader.commands) == 1
    unasked_for = len([c for c in reader.commands if c in HELPS]) - sum(
        isinstance(each, Gesture) for each in script
    )
    assert unasked_for <= len(HELPS)


@given(people_and_things, st.lists(happenings, max_size=40))
def test_from_anywhere_in_the_book_there_is_a_way_out(entries: tuple[Entry, ...], script: list[Any]) -> None:
    for way_out in (Cancel(), Gesture.TAP_HOLD):
        reader = Reader(entries)
        for happening in script:
            if reader.closed:
                break
            reader.wait(happening) if isinstance(happening, int) else reader.give(happening)
        if reader.closed or (reader.waiting is not None and way_out is Gesture.TAP_HOLD):
            continue
        told = reader.give(way_out)
        assert told == ([Closed()] if isinstance(way_out, Cancel) else [Say(line=Line.BOOK_CLOSED), Closed()])


@given(
    st.lists(st.sampled_from([(1,), (2, 3), (4,), (5,)]), unique=True, max_size=4),
    st.lists(gestures | strange | endings | waits, max_size=20),
)
def test_a_doubt_marks_what_was_answered_with_yes_and_always_closes(
    identities: list[tuple[int, ...]], script: list[Any]
) -> None:
    doubt = Doubt(QuestionSettings())
    caller = Caller(doubt, doubt.step)
    caller.give(DoubtWhich(identities=tuple(identities)))
    yes: list[tuple[int, ...]] = []
    for happening in script:
        if caller.closed:
            break
        asked = next(c.person_ids for c in reversed(caller.commands) if isinstance(c, Say))
        if isinstance(happening, int):
            caller.wait(happening)
            continue
        made: list[DoubtCommand] = caller.give(happening)
        assert made or not isinstance(happening, Gesture), "a press without an answer"
        if happening is Gesture.DOUBLE:
            yes.append(asked)
        elif happening is Gesture.HOLD_1S:
            yes.clear()
    caller.wait(100_000)
    assert caller.closed
    assert caller.machine.next_deadline_ns is None
    ending: DoubtEvent | DoubtCommand = caller.commands[-2]
    assert ending == (Wrong(identities=tuple(yes)) if yes else Say(line=Line.DOUBT_NONE))
