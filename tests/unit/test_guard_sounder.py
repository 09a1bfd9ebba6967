from __future__ import annotations

import gc
import random
from itertools import pairwise

import pytest

from kith.clock import NS_PER_MS, Tick
from kith.guard.machine import GuardMachine
from kith.guard.ports import Level, OutputEdge, Position, Signal, Warned
from kith.guard.sounder import Sounder, tune
from tests.unit._policy_kit import FAULT, HEAD, NO_ECHO, SETTINGS, Seen, around, every, sound, walk

SOUNDS = SETTINGS.sounds
HIGH, LOW = SOUNDS.head_hz, SOUNDS.knee_hz
QUIET = Warned(level=Level.QUIET)


def warned(level: Level, position: Position = Position.HEAD) -> Warned:
    return Warned(level=level, position=position)


def play(events: list[tuple[int, Warned | Signal]], until_ms: int) -> list[tuple[int, int]]:
    """(ms, hertz) of each edge."""
    sounder = Sounder(SOUNDS, 0)
    edges: list[OutputEdge] = []

    def run_until(at_ns: int) -> None:
        while sounder.next_deadline_ns is not None and sounder.next_deadline_ns <= at_ns:
            due_ns = sounder.next_deadline_ns
            edges.extend(sounder.step(Tick(), due_ns))
            assert sounder.next_deadline_ns is None or sounder.next_deadline_ns > due_ns

    for at_ms, event in events:
        run_until(at_ms * NS_PER_MS - 1)
        edges.extend(sounder.step(event, at_ms * NS_PER_MS))
    run_until(until_ms * NS_PER_MS)
    return [(each.at_ns // NS_PER_MS, each.pitch_hz) for each in edges]


@pytest.mark.parametrize(
    ("level", "gap_ms"),
    [(Level.FAR, 500), (Level.MIDDLE, 250), (Level.NEAR, 120)],
)
def test_pulses_with_the_gap_of_the_level(level: Level, gap_ms: int) -> None:
    period_ms = 80 + gap_ms
    assert play([(10, warned(level))], 10 + 2 * period_ms) == [
        (10, HIGH),
        (90, 0),
        (10 + period_ms, HIGH),
        (90 + period_ms, 0),
        (10 + 2 * period_ms, HIGH),
    ]


def test_contact_is_continuous_and_ends_at_once() -> None:
    assert play([(10, warned(Level.CONTACT)), (5000, QUIET)], 9000) == [(10, HIGH), (5000, 0)]


def test_the_knee_is_an_octave_lower() -> None:
    assert play([(0, warned(Level.NEAR, Position.KNEE))], 10) == [(0, LOW)]
    assert HIGH == 2 * LOW


def test_a_rise_in_a_gap_sounds_at_once() -> None:
    edges = play([(0, warned(Level.FAR)), (100, warned(Level.NEAR))], 400)
    assert edges == [(0, HIGH), (80, 0), (100, HIGH), (180, 0), (300, HIGH), (380, 0)]


def test_a_rise_in_a_pulse_shortens_the_gap_after_it() -> None:
    edges = play([(0, warned(Level.FAR)), (50, warned(Level.NEAR))], 210)
    assert edges == [(0, HIGH), (80, 0), (200, HIGH)]


def test_a_rise_to_contact_goes_on_without_a_break() -> None:
    assert play([(0, warned(Level.NEAR)), (50, warned(Level.CONTACT))], 2000) == [(0, HIGH)]


def test_a_fall_takes_effect_at_the_next_pulse() -> None:
    edges = play([(0, warned(Level.NEAR)), (100, warned(Level.FAR))], 800)
    assert edges == [(0, HIGH), (80, 0), (200, HIGH), (280, 0), (780, HIGH)]


def test_a_fall_from_contact_goes_on_with_pulses() -> None:
    edges = play([(0, warned(Level.CONTACT)), (1000, warned(Level.MIDDLE))], 1300)
    assert edges == [(0, HIGH), (1000, 0), (1250, HIGH)]


def test_quiet_lets_the_pulse_end() -> None:
    assert play([(0, warned(Level.FAR)), (10, QUIET)], 5000) == [(0, HIGH), (80, 0)]


def test_a_warning_that_flickers_keeps_its_rhythm() -> None:
    flicker: list[tuple[int, Warned | Signal]] = [
        (at_ms, QUIET if at_ms % 40 else warned(Level.FAR)) for at_ms in range(0, 1200, 20)
    ]
    starts = [at_ms for at_ms, hertz in play(flicker, 1200) if hertz]
    assert all(later - earlier >= 580 for earlier, later in pairwise(starts))
    assert len(starts) >= 2


def test_the_pitch_changes_at_the_next_pulse() -> None:
    edges = play([(0, warned(Level.NEAR)), (10, warned(Level.NEAR, Position.KNEE))], 290)
    assert edges == [(0, HIGH), (80, 0), (200, LOW), (280, 0)]


def test_the_continuous_tone_changes_its_pitch_at_once() -> None:
    edges = play([(0, warned(Level.CONTACT)), (10, warned(Level.CONTACT, Position.KNEE))], 500)
    assert edges == [(0, HIGH), (10, LOW)]


@pytest.mark.parametrize("signal", Signal)
def test_a_signal_is_its_tune(signal: Signal) -> None:
    edges = play([(0, signal)], 5000)
    expected, at_ms = [], 0
    for hertz, length_ms in tune(signal, SOUNDS):
        expected.append((at_ms, hertz))
        at_ms += length_ms
    assert edges == [*expected, (at_ms, 0)]


def test_tunes_are_told_apart_by_rhythm_alone() -> None:
    # As longs and shorts: a motor and a plain buzzer have no pitch.
    rhythms = {
        signal: "".join(
            "long " if length_ms >= 200 else "short " for hertz, length_ms in tune(signal, SOUNDS) if hertz
        )
        for signal in Signal
    }
    assert rhythms == {
        Signal.SELF_TEST: "short short long ",
        Signal.BLIND: "long short ",
        Signal.DEAD: "long long long ",
    }
    shortest_ms = min(length_ms for signal in Signal for _, length_ms in tune(signal, SOUNDS))
    assert shortest_ms >= 60  # a motor needs so long to be felt


def test_a_warning_breaks_into_a_tune_which_is_played_afterwards() -> None:
    edges = play([(0, Signal.DEAD), (100, warned(Level.NEAR)), (150, QUIET)], 5000)
    assert edges[:3] == [(0, LOW), (100, HIGH), (180, 0)]
    assert edges[3][0] == 300
    assert [hertz for _, hertz in edges[3:]] == [LOW, 0, LOW, 0, LOW, 0]


def test_a_self_test_that_a_warning_broke_is_not_played_again() -> None:
    assert play([(0, Signal.SELF_TEST), (100, warned(Level.NEAR)), (110, QUIET)], 5000) == [
        (0, LOW),
        (80, 0),
        (100, HIGH),
        (180, 0),
    ]


def test_a_tune_that_is_broken_twice_is_given_up() -> None:
    breaks: list[tuple[int, Warned | Signal]] = [
        event
        for at_ms in range(500, 60_000, 1500)
        for event in ((at_ms, warned(Level.NEAR)), (at_ms + 100, QUIET))
    ]
    edges = play([(0, Signal.DEAD), *breaks], 60_000)
    lengths = [off - on for (on, hertz), (off, _) in pairwise(edges) if hertz]
    assert sum(length_ms > 100 for length_ms in lengths) == 4  # one note at first, three afterwards
    # One that comes later begins anew.
    edges = play([(0, Signal.DEAD), *breaks[:6], (20_000, Signal.DEAD)], 30_000)
    assert [hertz for at_ms, hertz in edges if at_ms >= 20_000] == [LOW, 0, LOW, 0, LOW, 0]


def test_a_tune_that_was_broken_is_as_old_as_before() -> None:
    late: list[tuple[int, Warned | Signal]] = [
        (0, Signal.DEAD),
        (100, warned(Level.CONTACT)),
        (9_960, QUIET),
    ]
    assert len(play(late, 30_000)) == 3  # its beginning, the continuous tone, its end


def test_a_signal_in_a_continuous_tone_waits_but_not_for_long() -> None:
    assert len(play([(0, warned(Level.CONTACT)), (10, Signal.DEAD), (5000, QUIET)], 9000)) == 2 + 6
    assert len(play([(0, warned(Level.CONTACT)), (10, Signal.DEAD), (15_000, QUIET)], 30_000)) == 2


def test_of_many_signals_one_of_each_kind_waits_the_weightier_first() -> None:
    many: list[tuple[int, Warned | Signal]] = [
        (10 + index, Signal.BLIND if index % 2 else Signal.DEAD) for index in range(20)
    ]
    edges = play([(0, warned(Level.CONTACT)), *many, (50, QUIET)], 9000)
    assert [hertz for _, hertz in edges if hertz] == [HIGH, LOW, LOW, LOW, HIGH, LOW]


def test_blind_is_heard_in_the_gap_of_a_far_warning() -> None:
    edges = play([(0, warned(Level.FAR)), (20, Signal.BLIND)], 1200)
    assert edges == [
        (0, HIGH),
        (80, 0),
        (580, HIGH),
        (660, 0),
        (740, HIGH),
        (940, 0),
        (1000, LOW),
        (1080, 0),
        (1160, HIGH),
    ]


def test_a_rise_breaks_into_the_tune_in_a_gap() -> None:
    edges = play([(0, warned(Level.FAR)), (20, Signal.BLIND), (800, warned(Level.NEAR)), (850, QUIET)], 3000)
    assert edges[4:6] == [(740, HIGH), (940, 0)] or edges[4] == (740, HIGH)
    assert [hertz for _, hertz in edges[-4:]] == [HIGH, 0, LOW, 0]  # it is played again, whole


def test_late_ticks_shorten_nothing() -> None:
    sounder = Sounder(SOUNDS, 0)
    sounder.step(warned(Level.FAR), 0)
    (off,) = sounder.step(Tick(), 3_000 * NS_PER_MS)
    assert off == OutputEdge(pitch_hz=0, at_ns=3_000 * NS_PER_MS)
    assert sounder.next_deadline_ns == 3_500 * NS_PER_MS


def test_every_sound_ends_whatever_came_before() -> None:
    chance = random.Random(3)
    events: list[Warned | Signal] = [*Signal, QUIET, *(warned(each) for each in Level if each)]
    for _ in range(300):
        script, at_ms = [], 0
        for _ in range(30):
            at_ms += chance.randrange(200)
            script.append((at_ms, chance.choice(events)))
        edges = play([*script, (at_ms + 50, QUIET)], at_ms + 10_000)
        assert all(before[1] != after[1] for before, after in pairwise(edges))
        assert not edges or edges[-1][1] == 0


def test_the_machine_is_policy_and_sounder_together() -> None:
    machine = GuardMachine(SETTINGS, HEAD, 0)
    begun = machine.self_test(0)
    assert begun == [OutputEdge(pitch_hz=LOW, at_ns=0)]
    edges = sound(machine, every(60, walk(3500, 1.0, to_mm=250), from_ms=10))
    warning = [each for each in edges if each.at_ns > 700 * NS_PER_MS]
    assert 1650 < warning[0].at_ns / NS_PER_MS < 1900  # FAR, 1.75 s before 3500 ms
    gaps = [round((on.at_ns - off.at_ns) / NS_PER_MS) for off, on in pairwise(warning) if not off.pitch_hz]
    # Where a gap is shorter than its level's, a rise cut it short.
    assert 250 <= gaps[0] <= 500
    assert gaps[-2] <= 120
    assert warning[-1].pitch_hz == HIGH  # and goes on
    assert machine.warned == warned(Level.CONTACT)
    assert machine.sensors[0].level is Level.CONTACT


def test_the_machine_goes_silent_when_all_is_past() -> None:
    machine = GuardMachine(SETTINGS, HEAD, 0)
    edges = sound(machine, every(60, [*around(300, 10), *around(3000, 40)]))
    assert [each.pitch_hz for each in edges] == [HIGH, 0]


def test_no_garbage_is_left_that_only_a_collector_would_find() -> None:
    # The guard's process runs without one.
    machine = GuardMachine(SETTINGS, HEAD, 0)
    chance = random.Random(5)
    seen: tuple[Seen, ...] = (NO_ECHO, FAULT, 0, 300, 310, 500, 1200, 3000)
    readings = every(50, [chance.choice(seen) for _ in range(2000)])
    gc.collect()
    gc.disable()
    try:
        sound(machine, readings)
        assert gc.collect() == 0
    finally:
        gc.enable()
