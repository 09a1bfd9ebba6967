from __future__ import annotations

from itertools import pairwise

import pytest

from kith.guard.policy import Policy
from kith.guard.ports import Fault, Health, Level, Position, SensorState, Signal
from tests.unit._policy_kit import (
    BOTH,
    FAULT,
    HEAD,
    NO_ECHO,
    SETTINGS,
    UNSURE,
    Seen,
    around,
    drive,
    every,
    levels,
    signals,
    walk,
)


def after(seen: list[Seen], until_ms: float = 0) -> tuple[SensorState, list[tuple[int, Signal]]]:
    policy = Policy(SETTINGS, HEAD, 0)
    said = drive(policy, every(50, seen), until_ms)
    return policy.sensors[0], signals(said)


def test_a_sensor_begins_by_starting() -> None:
    state = Policy(SETTINGS, HEAD, 5).sensors[0]
    assert (state.health, state.last_fault, state.distance_mm, state.seen_ns) == (
        Health.STARTING,
        Fault.NONE,
        None,
        None,
    )


def test_a_sensor_that_never_comes_is_dead_after_its_time_to_start() -> None:
    state, told = after([], until_ms=13_000)
    assert (state.health, state.last_fault) == (Health.DEAD, Fault.SILENT)
    assert told == [(2000, Signal.DEAD), (12_000, Signal.DEAD)]


def test_a_sensor_that_is_not_there_is_dead_with_no_answer() -> None:
    state, told = after([FAULT] * 50)
    assert (state.health, state.last_fault) == (Health.DEAD, Fault.NO_ANSWER)
    assert told == [(2000, Signal.DEAD)]


def test_a_sensor_that_sees() -> None:
    state, told = after([*around(2000, 20)])
    assert (state.health, state.last_fault, told) == (Health.SEES, Fault.NONE, [])


def test_a_lone_fault_is_nothing_and_faults_for_long_are() -> None:
    assert after([*around(2000, 10), FAULT, *around(2000, 1)])[0].health is Health.SEES
    state, told = after([*around(2000, 10), *([FAULT] * 10)])
    assert (state.health, state.last_fault) == (Health.DEAD, Fault.NO_ANSWER)
    assert told == [(450 + 500, Signal.DEAD)]


def test_a_silent_sensor_is_dead_and_told_again_and_again() -> None:
    state, told = after([*around(2000, 10)], until_ms=21_000)
    assert (state.health, state.last_fault) == (Health.DEAD, Fault.SILENT)
    assert [at_ms for at_ms, _ in told] == [950, 10_950]
    assert {each for _, each in told} == {Signal.DEAD}


@pytest.mark.parametrize(
    ("seen", "signal", "waits_s"),
    [
        (FAULT, Signal.DEAD, [10, 20, 40, 60, 60]),
        (UNSURE, Signal.BLIND, [10, 20, 40, 60, 60]),
        (NO_ECHO, Signal.BLIND, [60, 120, 240, 300, 300]),
    ],
)
def test_what_lasts_is_told_more_and_more_seldom(seen: Seen, signal: Signal, waits_s: list[int]) -> None:
    _, told = after([seen] * (20 * (sum(waits_s) + 20)))
    assert {each for _, each in told} == {signal}
    times = [at_ms for at_ms, _ in told]
    assert [(b - a) / 1000 for a, b in pairwise(times)] == waits_s


def test_what_was_well_for_a_while_is_told_anew_and_a_flapping_plug_is_not() -> None:
    dead: list[Seen] = [FAULT] * 40  # 2 s
    well, flaps = around(2000, 240), [*around(2000, 100), *dead] * 20  # 12 s; 5 s and 2 s
    _, told = after([*well, *dead, *well, *dead])
    assert [at_ms // 1000 for at_ms, _ in told] == [12, 26]
    _, told = after(flaps)  # 140 s
    times = [at_ms / 1000 for at_ms, _ in told]
    assert [b - a > least for (a, b), least in zip(pairwise(times), (10, 20, 40), strict=True)] == [True] * 3


def test_an_echo_now_and_then_does_not_make_open_country_new() -> None:
    _, told = after([*([NO_ECHO] * 270), *around(2500, 3)] * 40)  # 9 minutes
    times = [at_ms / 1000 for at_ms, _ in told]
    assert [b - a >= least for (a, b), least in zip(pairwise(times), (60, 120, 240), strict=True)] == [
        True
    ] * 3


def test_a_recovered_sensor_sees_again_and_remembers_its_fault() -> None:
    state, told = after([*around(2000, 10), *([FAULT] * 20), *around(2000, 10)])
    assert (state.health, state.last_fault) == (Health.SEES, Fault.NO_ANSWER)
    assert len(told) == 1


def test_a_loose_cable_is_not_told_more_often_than_a_dead_one() -> None:
    _, told = after([*around(2000, 10), *([FAULT] * 20)] * 10)  # 15 s
    assert [at_ms for at_ms, _ in told] == [950, 11_450]


@pytest.mark.parametrize("millimetres", [0, -5, 19])
def test_nothing_but_numbers_that_cannot_be_is_dead(millimetres: int) -> None:
    state, told = after([*around(2000, 10), *([millimetres] * 10)])
    assert (state.health, state.last_fault) == (Health.DEAD, Fault.IMPOSSIBLE)
    assert told == [(950, Signal.DEAD)]


def test_a_lone_zero_is_nothing() -> None:
    state, told = after([*around(2000, 9), 0, *around(2000, 3)])
    assert (state.health, state.distance_mm, told) == (Health.SEES, 2000, [])


def test_a_stuck_sensor_is_dead_and_counts_no_longer() -> None:
    policy = Policy(SETTINGS, HEAD, 0)
    said = drive(policy, every(50, [300] * 130))
    state = policy.sensors[0]
    assert (state.health, state.last_fault, state.level) == (Health.DEAD, Fault.STUCK, Level.QUIET)
    assert signals(said) == [(99 * 50, Signal.DEAD)]
    assert levels(said) == [Level.CONTACT, Level.QUIET]
    drive(policy, every(50, around(300, 5), from_ms=130 * 50))
    assert policy.sensors[0].health is Health.SEES
    assert policy.warned.level is Level.CONTACT


def test_a_range_that_stands_still_is_not_stuck() -> None:
    assert after([*around(2000, 300)])[0].health is Health.SEES


def test_no_echo_is_nothing_and_for_long_it_is_told() -> None:
    assert after([NO_ECHO] * 20)[0].health is Health.NOTHING
    state, told = after([NO_ECHO] * 1500)  # 75 s
    assert (state.health, state.last_fault) == (Health.BLIND, Fault.NO_ECHO)
    assert told == [(10_000, Signal.BLIND), (70_000, Signal.BLIND)]


def test_a_sensor_that_cannot_tell_for_long_is_blind() -> None:
    assert after([*around(2000, 10), *([UNSURE] * 39)])[0].health is Health.NOTHING
    state, told = after([*around(2000, 10), *([UNSURE] * 300)])
    assert (state.health, state.last_fault) == (Health.BLIND, Fault.UNSURE)
    assert told == [(2500, Signal.BLIND), (12_500, Signal.BLIND)]


def test_sunlight_that_mixes_its_answers_is_blind_too() -> None:
    mixed: list[Seen] = [*around(2000, 10), *([UNSURE, UNSURE, NO_ECHO] * 20)]
    state, told = after(mixed)
    assert (state.health, state.last_fault) == (Health.BLIND, Fault.UNSURE)
    assert len(told) == 1


def test_a_few_doubts_among_no_echoes_are_not_blind() -> None:
    mixed: list[Seen] = [*around(2000, 10), *([UNSURE, NO_ECHO, NO_ECHO] * 30)]
    assert after(mixed)[0].health is Health.NOTHING


def test_a_thing_lost_from_sight_while_it_was_warned_of_is_told() -> None:
    policy = Policy(SETTINGS, HEAD, 0)
    said = drive(policy, every(50, [*around(500, 20), *([NO_ECHO] * 40)]))
    assert levels(said) == [Level.MIDDLE, Level.QUIET]
    assert signals(said) == [(950 + 500, Signal.BLIND)]
    assert policy.sensors[0].health is Health.BLIND
    assert drive(policy, every(50, around(2000, 3), from_ms=3000)) == []
    (state,) = policy.sensors
    assert state.health is Health.SEES


def test_a_thing_lost_far_away_is_not_told() -> None:
    assert after([*around(2000, 20), *([NO_ECHO] * 40)])[1] == []


def test_a_sensor_that_falls_silent_while_it_warns_holds_and_is_then_dead() -> None:
    policy = Policy(SETTINGS, HEAD, 0)
    said = drive(policy, every(50, around(400, 20)), until_ms=3000)
    assert levels(said) == [Level.NEAR, Level.QUIET]
    assert signals(said) == [(950 + 500, Signal.DEAD)]


def test_the_death_that_ends_a_far_warning_is_told_whatever_was_told_before() -> None:
    # A loose plug: dead, there again, somebody comes, dead again.
    loose = [
        *around(3500, 10),
        *([FAULT] * 20),
        *around(3400, 10),
        *walk(3400, 1.3, to_mm=1900, interval_ms=50),
    ]
    policy = Policy(SETTINGS, HEAD, 0)
    said = drive(policy, every(50, [*loose, *([FAULT] * 100)]))
    assert levels(said) == [Level.FAR, Level.QUIET]
    told = signals(said)
    assert [each for _, each in told] == [Signal.DEAD] * 2
    assert told[1][0] == (len(loose) - 1) * 50 + 500
    assert told[1][0] - told[0][0] < SETTINGS.health.dead_repeat_ms


def test_the_death_soon_after_a_far_warning_was_lost_is_told_too() -> None:
    loose = [
        *around(3500, 10),
        *([FAULT] * 20),
        *around(3400, 10),
        *walk(3400, 1.3, to_mm=1900, interval_ms=50),
    ]
    said = drive(Policy(SETTINGS, HEAD, 0), every(50, [*loose, *([NO_ECHO] * 5), *([FAULT] * 100)]))
    assert [each for _, each in signals(said)] == [Signal.DEAD] * 2


def test_the_death_that_ends_what_was_muted_is_told_no_more_often() -> None:
    loose = [*around(3500, 10), *([FAULT] * 20), *around(550, 80)]
    policy = Policy(SETTINGS, HEAD, 0)
    said = drive(policy, every(50, [*loose, *([FAULT] * 40)]))
    assert levels(said) == [Level.MIDDLE, Level.QUIET]
    assert len(signals(said)) == 1


def test_what_comes_nearer_than_can_be_measured_stays_in_contact() -> None:
    # A hand that comes slowly and lies upon the sensor; then it is gone.
    hand: list[Seen] = [max(400 - 4 * index, 0) for index in range(400)]
    policy = Policy(SETTINGS, HEAD, 0)
    said = drive(policy, every(40, hand))
    assert levels(said) == [Level.NEAR, Level.CONTACT]
    assert signals(said) == []
    (state,) = policy.sensors
    assert (state.health, state.distance_mm, state.level) == (Health.SEES, 0, Level.CONTACT)
    assert levels(drive(policy, every(40, around(2000, 20), from_ms=400 * 40))) == [Level.QUIET]


def test_a_sensor_that_gives_zeros_after_contact_is_dead_after_all_in_the_end() -> None:
    broken: list[Seen] = [*around(300, 20), *([0] * 1400)]
    policy = Policy(SETTINGS, HEAD, 0)
    said = drive(policy, every(50, broken))
    assert levels(said) == [Level.CONTACT, Level.QUIET]
    first_zero_ms = 20 * 50
    assert signals(said) == [(first_zero_ms - 50 + SETTINGS.filter.covered_ms + 500, Signal.DEAD)]
    assert (policy.sensors[0].health, policy.sensors[0].last_fault) == (Health.DEAD, Fault.IMPOSSIBLE)


@pytest.mark.parametrize(
    "before", [[], around(2000, 20), around(400, 20), [*around(300, 5), *around(700, 20)]]
)
def test_zeros_that_follow_upon_anything_but_contact_are_impossible(before: list[Seen]) -> None:
    state, told = after([*before, *([0] * 50)])
    assert (state.health, state.last_fault) == (Health.DEAD, Fault.IMPOSSIBLE)
    assert [each for _, each in told] == [Signal.DEAD]


def test_the_death_of_one_does_not_touch_the_other() -> None:
    policy = Policy(SETTINGS, BOTH, 0)
    head = every(50, [*around(2000, 10), *([FAULT] * 60)])
    knee = every(50, around(400, 70), from_ms=10, position=Position.KNEE)
    said = drive(policy, sorted([*head, *knee], key=lambda each: each.at_ns))
    assert [each.health for each in policy.sensors] == [Health.DEAD, Health.SEES]
    assert levels(said) == [Level.NEAR, Level.QUIET]  # the mute of a steady range
    assert policy.sensors[1].muted
