"""What holds of the pure machines whatever happens to them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from kith.announce.arbiter import (
    MAX_WAITING,
    Arbiter,
    ArbiterCommand,
    ArbiterEvent,
    Duck,
    HazardChanged,
    Heard,
    Play,
    PlaybackEnded,
    Stop,
    StopSpeaking,
    Submit,
    Unheard,
)
from kith.announce.hush import Hazard
from kith.clock import Tick
from kith.config import AnnounceSettings, ButtonSettings, PresenceSettings
from kith.interaction.gestures import GestureCommand, Gestures, Pressed, Reached
from kith.recognition.presence import NamesHeard, Presence
from kith.types import (
    Announcement,
    Appeared,
    Band,
    ButtonEdge,
    Gesture,
    Identification,
    Left,
    Phrase,
    Playback,
    PlaybackResult,
    PresenceEvent,
)
from tests.unit._machine_kit import between, face, known, ms, sighting, unknown

# --- gestures -------------------------------------------------------------------------------------


class Button:
    """Gestures with a clock; every Tick that is due is given."""

    def __init__(self) -> None:
        self.machine = Gestures(ButtonSettings())
        self.at_ms = 0
        self.commands: list[GestureCommand] = []

    def wait(self, duration_ms: int) -> None:
        self.at_ms += duration_ms
        while (due := self.machine.next_deadline_ns) is not None and due <= ms(self.at_ms):
            self.commands += self.machine.step(Tick(), due)
            later = self.machine.next_deadline_ns
            assert later is None or later > due

    def edge(self, down: bool) -> None:
        self.commands += self.machine.step(ButtonEdge(down=down, at_ns=ms(self.at_ms)), ms(self.at_ms))

    def bouncing_edge(self, down: bool, gaps_ms: list[int]) -> None:
        """The edge, then pairs of edges away and back, less than the debounce time apart."""
        self.edge(down)
        for gap_ms in gaps_ms:
            self.wait(gap_ms)
            self.edge(not down)
            self.wait(gap_ms)
            self.edge(down)


@st.composite
def presses(draw: st.DrawFn) -> tuple[int, int, list[int], list[int]]:
    """How long it is up, how long down (ms, bounces not counted), and the bounces of both edges."""
    bounces = st.lists(st.integers(1, 24), max_size=3)
    up_ms = draw(st.sampled_from([30, 100, 349, 351, 2000]))
    down_ms = draw(st.sampled_from([30, 80, 999, 1001, 3999, 4001, 8001, 9999, 10_001, 30_000]))
    return up_ms, down_ms, draw(bounces), draw(bounces)


@given(st.lists(presses(), max_size=8))
def test_every_press_is_answered_once_and_makes_one_thing(
    script: list[tuple[int, int, list[int], list[int]]],
) -> None:
    button = Button()
    for up_ms, down_ms, down_bounces, up_bounces in script:
        button.wait(up_ms)
        button.bouncing_edge(True, down_bounces)
        button.wait(down_ms)
        button.bouncing_edge(False, up_bounces)
    button.wait(20_000)
    assert sum(isinstance(command, Pressed) for command in button.commands) == len(script)
    made = [command for command in button.commands if isinstance(command, Gesture)]
    assert made == _meant(script)
    held = {Gesture.HOLD_1S, Gesture.TAP_HOLD, Gesture.DOUBLE_HOLD, Gesture.TRIPLE_HOLD}
    reached = [command.gesture for command in button.commands if isinstance(command, Reached)]
    assert not Counter(each for each in made if each in held) - Counter(reached)


def _meant(script: list[tuple[int, int, list[int], list[int]]]) -> list[Gesture]:
    """What the wearer did, press by press, with all the time there is to look at it."""
    short = {1: [Gesture.TAP], 2: [Gesture.DOUBLE], 3: [Gesture.TRIPLE]}
    held = [[Gesture.HOLD_1S], [Gesture.TAP_HOLD], [Gesture.DOUBLE_HOLD], [Gesture.TRIPLE_HOLD]]
    meant: list[Gesture] = []
    taps = 0
    for up_ms, down_ms, *bounces in script:
        if up_ms >= ButtonSettings().double_gap_ms:
            meant, taps = meant + short.get(taps, []), 0
        length_ms = down_ms + 2 * sum(sum(gaps_ms) for gaps_ms in bounces)
        if length_ms < 1000:
            taps += 1
        elif length_ms < 4000:
            meant, taps = meant + (held[taps] if taps < len(held) else []), 0
        elif length_ms < 8000:
            meant, taps = [*meant, Gesture.HOLD_4S], 0
        else:
            switched_off = [Gesture.HOLD_10S] if length_ms >= 10_000 else []
            meant, taps = [*meant, Gesture.POWER_WARNING, *switched_off], 0
    return meant + short.get(taps, [])


@given(st.lists(st.tuples(st.integers(0, 12_000), st.booleans()), max_size=30))
def test_the_button_recovers_from_any_edges(edges: list[tuple[int, bool]]) -> None:
    button = Button()
    for gap_ms, down in edges:
        button.wait(gap_ms)
        button.edge(down)
    button.wait(100)
    button.edge(False)
    button.wait(1000)
    assert sum(isinstance(c, Pressed) for c in button.commands) <= sum(down for _, down in edges)
    button.commands.clear()
    button.edge(True)
    button.wait(80)
    button.edge(False)
    button.wait(1000)
    assert button.commands == [Pressed(at_ns=ms(button.at_ms - 1080)), Gesture.TAP]


# --- presence -------------------------------------------------------------------------------------

PRESENCE = PresenceSettings()
identifications = st.one_of(
    st.none(),
    st.just(unknown()),
    st.builds(known, st.integers(1, 3), st.sampled_from([0.5, 0.6, 0.7])),
    st.builds(between, st.just(1), st.just(2), st.just(0.6)),
)
runs = st.tuples(
    st.sampled_from([1, 2, 3, 4, 8]),
    st.sampled_from([100, 200, 600, 3000, 30_000]),
    st.dictionaries(st.integers(1, 3), identifications, max_size=3),
    st.booleans(),
)
"""So many frames, so many ms apart, that show these tracks; and whether a name is heard."""


class Watching:
    """A presence, every Tick that is due, and an own account of votes, names and what was heard."""

    def __init__(self) -> None:
        self.presence = Presence(PRESENCE)
        self.looks: dict[tuple[int, tuple[int, ...]], list[int]] = defaultdict(list)
        self.heard: dict[tuple[int, ...], int] = {}
        self.told: set[tuple[int, ...]] = set()
        self.at_ms = 0

    def show(self, gap_ms: int, tracks: dict[int, Identification | None], is_heard: bool) -> None:
        self.at_ms += gap_ms
        now_ns = ms(self.at_ms)
        events = list(_presence_ticks(self.presence, now_ns))
        for track_id, who in tracks.items():
            if who is not None:
                ids = tuple(i for i in (who.person_id, who.runner_up_id) if i is not None)
                self.looks[track_id, ids].append(self.at_ms)
        faces = [face(track_id, who) for track_id, who in tracks.items()]
        for event in events + self.presence.step(sighting(now_ns, *faces), now_ns):
            if isinstance(event, Left):
                self.told.remove(event.person_ids)
            elif isinstance(event, Appeared):
                self.check(event)
                if is_heard:
                    self.presence.step(NamesHeard(identities=(event.person_ids,)), now_ns)
                    self.heard[event.person_ids] = self.at_ms
        here = [i for one in self.presence.company(now_ns).people for i in one.person_ids]
        assert len(here) == len(set(here))

    def check(self, event: Appeared) -> None:
        ids = event.person_ids
        assert ids not in self.told
        self.told.add(ids)
        assert _ever_enough(self.looks[event.track_id, ids])
        named = [ids, *((i,) for i in ids)]  # a doubt names neither of its two
        assert all(self.at_ms - self.heard.get(one, -(10**9)) >= PRESENCE.cooldown_ms for one in named)


@settings(max_examples=300)
@given(st.lists(runs, max_size=15))
def test_no_name_without_the_votes_and_none_twice_within_the_cooldown(
    script: list[tuple[int, int, dict[int, Identification | None], bool]],
) -> None:
    scene = Watching()
    for count, gap_ms, tracks, is_heard in script:
        for _ in range(count):
            scene.show(gap_ms, tracks, is_heard)


def _ever_enough(times_ms: list[int]) -> bool:
    """Whether the votes needed were once within the window."""
    needed = PRESENCE.votes
    return any(
        times_ms[i + needed - 1] - times_ms[i] <= PRESENCE.vote_window_ms
        for i in range(len(times_ms) - needed + 1)
    )


def _presence_ticks(presence: Presence, to_ns: int) -> Iterator[PresenceEvent]:
    while (due := presence.next_deadline_ns) is not None and due <= to_ns:
        yield from presence.step(Tick(), due)
        assert presence.next_deadline_ns is None or presence.next_deadline_ns > due


# --- arbiter --------------------------------------------------------------------------------------


SPEECH = AnnounceSettings()


class Speaking(RuleBasedStateMachine):
    """Everything that can happen to the arbiter, with a player that checks what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.pending: list[Announcement] = []
        self.arbiter = Arbiter(SPEECH, self)
        self.now_ms = 0
        self.playing: Play | None = None
        self.stopped: list[int] = []
        self.hazard = Hazard.NONE
        self.hush_ms: int | None = None  # since when
        self.left_ms = self.contact_ms = -(10**9)
        self.ducked = False
        self.held: set[int] = set()  # id() of notices that had to wait for the buzzer
        self.open: Counter[int] = Counter()  # id() of each announcement that has not come to its end
        self.all: list[Announcement] = []

    def next_ambient(self, now_ns: int) -> Announcement | None:
        return self.pending.pop(0) if self.pending else None

    @property
    def holds(self) -> bool:
        """Whether names and notices have to wait for the buzzer."""
        if self.hush_ms is None or (not self.hazard and self.now_ms - self.left_ms >= SPEECH.hush_rest_ms):
            return False
        return (
            self.now_ms - self.hush_ms < SPEECH.hush_at_most_ms
            or self.now_ms - self.contact_ms < SPEECH.hush_rest_ms
        )

    def make(self, band: Band, key: str, life_ms: int) -> Announcement:
        announcement = Announcement(
            key=key,
            phrase=Phrase.of(key),
            earcon=None,
            band=band,
            expires_ns=ms(self.now_ms + life_ms),
        )
        self.all.append(announcement)
        self.open[id(announcement)] = 1
        return announcement

    def give(self, event: ArbiterEvent) -> list[ArbiterCommand]:
        commands = self.arbiter.step(event, ms(self.now_ms))
        for command in commands:
            match command:
                case Play():
                    assert self.playing is None, "two at once"
                    self.check_play(command.announcement)
                    self.playing = command
                case Duck():
                    assert command.on is not self.ducked, "told twice"
                    self.ducked = command.on
                case Stop():
                    assert self.playing is not None
                    assert self.playing.play_id == command.play_id
                    self.stopped.append(command.play_id)
                    self.playing = None
                case Heard() | Unheard():
                    assert self.open[id(command.announcement)] == 1, "ended twice"
                    self.open[id(command.announcement)] = 0
        if self.holds:
            self.held |= {id(turn.announcement) for turn in self.arbiter._waiting}
        return commands

    def check_play(self, announcement: Announcement) -> None:
        assert announcement.expires_ns >= ms(self.now_ms) or id(announcement) in self.held
        assert not self.holds or announcement.band <= Band.RESPONSE, "it speaks into the buzzer"

    def end(self, result: PlaybackResult) -> None:
        assert self.playing is not None
        play, self.playing = self.playing, None
        report = Playback(play_id=play.play_id, result=result, first_sample_ns=None, ended_ns=ms(self.now_ms))
        self.give(PlaybackEnded(playback=report))

    @rule(
        band=st.sampled_from([Band.HAZARD, Band.RESPONSE, Band.NOTICE]),
        key=st.sampled_from("abcd"),
        life_ms=st.sampled_from([0, 500, 60_000]),
    )
    def submit(self, band: Band, key: str, life_ms: int) -> None:
        before = self.playing
        announcement = self.make(band, key, life_ms)
        commands = self.give(Submit(announcement=announcement))
        if band is Band.RESPONSE and (before is None or before.announcement.band >= Band.RESPONSE):
            assert [c.announcement for c in commands if isinstance(c, Play)] == [announcement]

    @rule(count=st.integers(MAX_WAITING - 1, MAX_WAITING + 2))
    def a_flood_of_notices(self, count: int) -> None:
        for i in range(count):
            self.give(Submit(announcement=self.make(Band.NOTICE, f"flood {i}", 60_000)))

    @rule(life_ms=st.sampled_from([0, 2000]))
    def someone_appears(self, life_ms: int) -> None:
        self.pending.append(self.make(Band.AMBIENT, "people", life_ms))
        self.give(Tick())

    @precondition(lambda self: self.playing is not None)
    @rule(result=st.sampled_from(PlaybackResult))
    def playback_ends(self, result: PlaybackResult) -> None:
        self.end(result)

    @precondition(lambda self: self.stopped)
    @rule()
    def a_late_report(self) -> None:
        report = Playback(
            play_id=self.stopped.pop(),
            result=PlaybackResult.INTERRUPTED,
            first_sample_ns=None,
            ended_ns=ms(self.now_ms),
        )
        assert not any(
            isinstance(c, Heard | Unheard | Stop) for c in self.give(PlaybackEnded(playback=report))
        )

    @rule()
    def stop(self) -> None:
        commands = self.give(StopSpeaking())
        started = [c.announcement.band for c in commands if isinstance(c, Play)]
        assert all(band is Band.HAZARD for band in started)

    @rule(hazard=st.sampled_from(Hazard))
    def the_buzzer_sounds(self, hazard: Hazard) -> None:
        before, was = self.playing, self.hazard
        if not was and self.now_ms - self.left_ms >= SPEECH.hush_rest_ms:
            self.hush_ms = None
        let_through = self.hush_ms is not None and not self.holds
        if hazard and self.hush_ms is None:
            self.hush_ms = self.now_ms
        if was and not hazard:
            self.left_ms = self.now_ms
        if hazard > was and hazard is Hazard.CONTACT:
            self.contact_ms = self.now_ms
        self.hazard = hazard
        commands = self.give(HazardChanged(hazard))
        cut = any(isinstance(command, Stop) for command in commands)
        if hazard > was and before is not None and before.announcement.band is not Band.HAZARD:
            ambient = before.announcement.band is Band.AMBIENT
            assert cut == (hazard is Hazard.CONTACT or (ambient and not let_through))
        elif before is None or hazard <= was:
            assert not cut

    @rule(duration_ms=st.sampled_from([1, 700, 2500, 19_000, 40_000]))
    def time_passes(self, duration_ms: int) -> None:
        self.now_ms += duration_ms
        self.give(Tick())
        deadline_ns = self.arbiter.next_deadline_ns
        assert deadline_ns is None or deadline_ns > ms(self.now_ms)

    @invariant()
    def it_is_bounded_and_knows_whether_it_speaks(self) -> None:
        waiting = [turn.announcement for turn in self.arbiter._waiting]
        assert len(waiting) <= MAX_WAITING
        assert len({(one.band, one.key) for one in waiting}) == len(waiting)
        assert [one.band for one in waiting] == sorted(one.band for one in waiting)
        assert self.arbiter.speaking == (self.playing is not None)
        assert self.ducked == bool(self.hazard)

    def teardown(self) -> None:
        self.the_buzzer_sounds(Hazard.NONE)
        self.now_ms += 5000
        self.give(Tick())
        while self.playing is not None:
            self.end(PlaybackResult.COMPLETED)
        assert not any(self.open.values()), "an announcement came to no end"


TestSpeaking = Speaking.TestCase
