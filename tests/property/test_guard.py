from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from kith.clock import NS_PER_MS, Tick
from kith.guard.machine import GuardMachine
from kith.guard.policy import Policy
from kith.guard.ports import Health, Level, Position, RangeReading, RangeStatus, Signal, Warned
from kith.guard.sounder import tune
from tests.unit._policy_kit import BOTH, HEAD, SETTINGS

LIMITS, ZONES = SETTINGS.filter, SETTINGS.zones
LONGEST_NOTE_MS = max(ms for each in Signal for _, ms in tune(each, SETTINGS.sounds))


@dataclass(frozen=True)
class Event:
    """What happens `after_ms`: time only, or a reading that is so late (less than 0: from the future)."""

    after_ms: int
    position: Position | None
    status: RangeStatus = RangeStatus.OK
    distance_mm: int | None = None
    late_ms: int = 0


DISTANCES = st.one_of(
    st.integers(-10, 700), st.integers(0, 5000), st.sampled_from([0, 19, 20, 349, 350, 4000, 4001, 1 << 40])
)
AFTER = st.one_of(st.integers(0, 120), st.integers(0, 120), st.integers(0, 15_000))


@st.composite
def runs(draw: st.DrawFn) -> list[Event]:
    """A sensor that looks at one thing for a while, as sensors do: at its pace, with noise and a drift."""
    position, pace_ms = draw(st.sampled_from(BOTH)), draw(st.sampled_from([20, 50, 60, 100]))
    distance_mm, drift_mm = draw(DISTANCES), draw(st.integers(-150, 60))
    status = draw(st.sampled_from([RangeStatus.OK, RangeStatus.OK, *RangeStatus]))
    noise = draw(st.lists(st.integers(-20, 20), min_size=1, max_size=25))
    return [
        Event(
            after_ms=pace_ms,
            position=position,
            status=status,
            distance_mm=distance_mm + drift_mm * index + each if status is RangeStatus.OK else None,
        )
        for index, each in enumerate(noise)
    ]


SINGLES = st.builds(
    lambda event: [event],
    st.builds(
        Event,
        after_ms=AFTER,
        position=st.sampled_from([*BOTH, None]),
        status=st.sampled_from(RangeStatus),
        distance_mm=st.one_of(st.none(), DISTANCES),
        late_ms=st.one_of(st.just(0), st.integers(-5000, 2000)),
    ),
)
LEAPS = st.builds(lambda after_ms: [Event(after_ms=after_ms, position=None)], st.integers(0, 10**8))
TWICE = st.builds(lambda run: [event for event in run for _ in range(2)], runs())
LIVES = st.lists(st.one_of(runs(), runs(), TWICE, SINGLES, LEAPS), max_size=12).map(
    lambda parts: [event for part in parts for event in part]
)


class Live:
    """When a sensor is live in the innermost zone, in words that know nothing of how the policy works.

    Its last four distances (status OK, within the sensor's range) were all nearer than `contact_mm`, within
    `agree_mm` of each other and taken within the last `window_ms`, each later than the one before; and it is
    not stuck, that is, its last `stuck_after_readings` distances were not all the same.
    A reading from the future counts as one of now; a reading that is not newer than the last one is none.
    """

    def __init__(self) -> None:
        self.newest_ns = -(1 << 62)
        self.last: deque[tuple[int, int]] = deque(maxlen=4)
        self.same: deque[int] = deque(maxlen=SETTINGS.health.stuck_after_readings)

    def hear(self, reading: RangeReading, now_ns: int) -> None:
        at_ns = min(reading.at_ns, now_ns)
        if at_ns <= self.newest_ns:
            return
        self.newest_ns = at_ns
        mm = reading.distance_mm
        if reading.status is RangeStatus.OK and mm is not None and LIMITS.least_mm <= mm <= LIMITS.most_mm:
            self.last.append((at_ns, mm))
            self.same.append(mm)

    def in_contact(self, now_ns: int) -> bool:
        distances = [mm for _, mm in self.last]
        return (
            len(distances) == 4
            and max(distances) < ZONES.contact_mm
            and max(distances) - min(distances) <= LIMITS.agree_mm
            and self.last[0][0] > now_ns - LIMITS.window_ms * NS_PER_MS
            and not (len(self.same) == self.same.maxlen and len(set(self.same)) == 1)
        )


def reading_of(event: Event, position: Position, now_ns: int) -> RangeReading:
    return RangeReading(
        position=position,
        status=event.status,
        distance_mm=event.distance_mm,
        at_ns=now_ns - event.late_ms * NS_PER_MS,
    )


@settings(max_examples=120, deadline=None)
@given(LIVES, st.booleans())
def test_never_silent_in_the_innermost_zone_with_a_live_sensor(life: list[Event], prompt: bool) -> None:
    """See Live. prompt: Ticks come when they are due; else only what the events bring, as on a busy machine.
    Also: nothing raises, deadlines lie in the future, edges alternate, memory is bounded."""
    machine, sensors = GuardMachine(SETTINGS, BOTH, 0), {each: Live() for each in BOTH}
    now_ns, pitch_hz = 0, 0

    def step(event: RangeReading | Tick) -> None:
        nonlocal pitch_hz
        for edge in machine.step(event, now_ns):
            assert edge.at_ns == now_ns
            assert edge.pitch_hz != pitch_hz
            pitch_hz = edge.pitch_hz
        assert machine.next_deadline_ns > now_ns
        if any(each.in_contact(now_ns) for each in sensors.values()):
            assert machine.warned.level is Level.CONTACT
            assert pitch_hz > 0

    for event in life:
        then_ns = now_ns + event.after_ms * NS_PER_MS
        for _ in range(200 if prompt else 0):
            if machine.next_deadline_ns > then_ns:
                break
            now_ns = machine.next_deadline_ns
            step(Tick())
        now_ns = then_ns
        if event.position is None:
            step(Tick())
        else:
            reading = reading_of(event, event.position, now_ns)
            sensors[event.position].hear(reading, now_ns)
            step(reading)
    assert_bounded(machine)


def assert_bounded(machine: GuardMachine) -> None:
    for sensor in machine._policy._sensors.values():
        assert len(sensor._tracks._tracks) <= 3
        assert all(len(track.samples) <= 32 for track in sensor._tracks._tracks)
    assert len(machine._sounder._waiting) <= len(Signal)
    assert len(machine._sounder._plan) <= 10


@settings(max_examples=120, deadline=None)
@given(LIVES)
def test_a_warning_never_ends_without_a_word_when_nothing_is_seen_any_more(life: list[Event]) -> None:
    """No echo is unknown, never "clear": a warning of a thing near by (MIDDLE or more urgent) ends because
    something farther is seen, because a steady range is muted, or else with a signal that the sensor is blind
    or dead."""
    policy = Policy(SETTINGS, BOTH, 0)
    now_ns = 0
    for event in life:
        now_ns += event.after_ms * NS_PER_MS
        before = policy.warned
        said = policy.step(
            Tick() if event.position is None else reading_of(event, event.position, now_ns), now_ns
        )
        assert all(isinstance(each, Warned | Signal) for each in said)
        assert {Warned(level=Level.QUIET)}.issuperset(
            each for each in said if isinstance(each, Warned) and each.position is None
        )
        ended = before.level >= Level.MIDDLE and policy.warned.level is Level.QUIET
        if ended and all(each.distance_mm is None for each in policy.sensors):
            assert Signal.BLIND in said or Signal.DEAD in said


def test_there_is_no_word_for_clear() -> None:
    said = [each.name for kind in (Level, Signal, Health) for each in kind]
    assert not any(word in name for name in said for word in ("CLEAR", "SAFE", "FREE"))


BACKGROUND = st.one_of(
    st.integers(2000, 3900),
    st.sampled_from([RangeStatus.NO_ECHO, RangeStatus.UNSURE]),
)


@st.composite
def backgrounds_with_lone_outliers(draw: st.DrawFn) -> list[RangeReading]:
    """Far things that stand still, no echo or doubt, or a mixture; among them outliers, each more than the
    memory apart from the next, some of them delivered twice."""
    pace_ms = draw(st.sampled_from([20, 33, 50, 60, 100]))
    far = draw(st.lists(BACKGROUND, min_size=1, max_size=3))
    far = [each for index, each in enumerate(far) if index == 0 or isinstance(each, RangeStatus)]
    count = draw(st.integers(5, 60))
    readings: list[RangeReading] = []
    last_outlier_ms = -10_000
    for index in range(count):
        at_ms = index * pace_ms
        seen = draw(st.sampled_from(far))
        if at_ms - last_outlier_ms > LIMITS.memory_ms and draw(st.integers(0, 5)) == 0:
            seen, last_outlier_ms = draw(st.integers(-10, 4100)), at_ms
        elif not isinstance(seen, RangeStatus):
            seen += draw(st.integers(-10, 10))
        status = seen if isinstance(seen, RangeStatus) else RangeStatus.OK
        reading = RangeReading(
            position=Position.HEAD,
            status=status,
            distance_mm=None if isinstance(seen, RangeStatus) else seen,
            at_ns=at_ms * NS_PER_MS,
        )
        readings += [reading] * draw(st.integers(1, 2))
    return readings


@settings(max_examples=200, deadline=None)
@given(backgrounds_with_lone_outliers())
def test_never_a_sound_for_a_lone_outlier(readings: list[RangeReading]) -> None:
    policy = Policy(SETTINGS, HEAD, 0)
    for each in readings:
        while policy.next_deadline_ns < each.at_ns:
            said = policy.step(Tick(), policy.next_deadline_ns)
            assert not any(isinstance(one, Warned) for one in said)
        assert not any(isinstance(one, Warned) for one in policy.step(each, each.at_ns))


class Listener:
    """A machine whose Ticks come when they are due; hears how long each sound lasts."""

    def __init__(self) -> None:
        self.machine = GuardMachine(SETTINGS, HEAD, 0)
        self.now_ns = 0
        self.on_since_ns: int | None = None

    def step(self, event: RangeReading | Tick) -> None:
        for edge in self.machine.step(event, self.now_ns):
            self.on_since_ns = edge.at_ns if edge.pitch_hz else None
        if self.machine.warned.level is Level.CONTACT:
            self.on_since_ns = None
        if self.on_since_ns is not None:
            assert self.now_ns - self.on_since_ns <= LONGEST_NOTE_MS * NS_PER_MS

    def pass_time(self, length_ms: int) -> None:
        until_ns = self.now_ns + length_ms * NS_PER_MS
        while self.machine.next_deadline_ns <= until_ns:
            assert self.machine.next_deadline_ns > self.now_ns
            self.now_ns = self.machine.next_deadline_ns
            self.step(Tick())
        self.now_ns = until_ns


@settings(max_examples=100, deadline=None)
@given(LIVES)
def test_every_pulse_ends(life: list[Event]) -> None:
    """With Ticks on time: no sound but the continuous one lasts longer than the longest note; and once all
    readings have stopped, nothing is left but the signal of a dead sensor."""
    listener = Listener()
    for event in life:
        listener.pass_time(min(event.after_ms, 2000))
        if event.position is Position.HEAD:
            listener.step(reading_of(event, event.position, listener.now_ns))
    listener.pass_time(20_000)
    assert listener.machine.warned.level is Level.QUIET
    assert listener.machine.sensors[0].health is Health.DEAD
