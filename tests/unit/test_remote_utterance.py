"""The stream of a voice of another rate, and an utterance between its two threads."""

from __future__ import annotations

import itertools
import threading
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kith.drivers.remote_utterance import RateChange, RemoteUtterance
from kith.ports import UtteranceState
from kith.types import SAMPLE_RATE_HZ


def utterance(hang_timeout_s: float = 20.0) -> tuple[RemoteUtterance, list[str]]:
    told: list[str] = []
    made = RemoteUtterance(
        1,
        b"text",
        hang_timeout_s=hang_timeout_s,
        on_cancel=lambda number: told.append(f"cancel {number}"),
        on_hang=lambda: told.append("hang"),
    )
    return made, told


@pytest.mark.parametrize("rate_hz", [16_000, 22_050, 44_100])
@given(cuts=st.lists(st.integers(0, 4000), max_size=12))
def test_a_stream_changes_its_rate_the_same_however_it_is_cut(rate_hz: int, cuts: list[int]) -> None:
    sound = np.rint(9000 * np.sin(2 * np.pi * 300 * np.arange(4000) / rate_hz)).astype(np.int16)
    change = RateChange(rate_hz)
    edges = [0, *sorted(cuts), len(sound)]
    pieces = [change.convert(sound[a:b].tobytes()) for a, b in itertools.pairwise(edges)]
    out = np.frombuffer(b"".join(pieces), np.int16)
    expected = 9000 * np.sin(2 * np.pi * 300 * np.arange(len(out)) / SAMPLE_RATE_HZ)
    assert len(out) == pytest.approx(len(sound) * SAMPLE_RATE_HZ / rate_hz, abs=2)
    assert np.abs(out - expected).max() < 60


def test_a_reader_that_waits_is_woken_by_samples_and_by_the_end() -> None:
    made, _ = utterance()

    def feed() -> None:
        for _ in range(3):
            time.sleep(0.01)
            made.add(b"\1\0" * 100)
        made.end()

    feeder = threading.Thread(target=feed)
    feeder.start()
    assert [len(made.read(200, wait=True)), len(made.read(200, wait=True))] == [200, 100]
    feeder.join()
    assert made.state is UtteranceState.DONE


def test_silence_for_too_long_is_a_hang_told_once() -> None:
    made, told = utterance(hang_timeout_s=0.05)
    made.add(b"\1\0" * 10)
    assert len(made.read(20, wait=True)) == 0
    states = [made.state, made.state]
    made.add(b"\1\0" * 10)
    made.end()
    states.append(made.state)
    assert states == [UtteranceState.FAILED] * 3
    assert told == ["hang"]


def test_what_has_ended_does_not_hang_or_fail_while_it_is_read() -> None:
    made, told = utterance(hang_timeout_s=0.01)
    made.add(b"\1\0" * 10)
    made.end()
    time.sleep(0.03)
    made.fail()
    assert len(made.read(20, wait=True)) == 10
    assert made.state is UtteranceState.DONE
    assert told == []


def test_another_voice_may_try_once_and_only_what_was_not_begun() -> None:
    fresh, _ = utterance()
    assert [fresh.try_again(), fresh.try_again()] == [True, False]
    begun, _ = utterance()
    begun.add(b"\1\0")
    assert not begun.try_again()
    cancelled, told = utterance()
    cancelled.cancel()
    assert not cancelled.try_again()
    assert told == ["cancel 1"]
