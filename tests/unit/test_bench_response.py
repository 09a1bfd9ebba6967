"""Finding presses, answers and silences in a recording whose delays are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.response import LIMITS_MS, Recording, Responses, lines, responses
from kith.announce.earcons import EarconBank
from kith.config import AnnounceSettings
from kith.types import I16, SAMPLE_RATE_HZ, Earcon

ZERO_NS = 5_000_000_000
PIECE = 110
"""5 ms."""


def played(sound: I16) -> list[tuple[int, bytes]]:
    """Pieces of a sound, each there a little later than it was played."""
    late_ns = np.random.default_rng(0).integers(0, 8_000_000, len(sound) // PIECE + 1)
    late_ns[::50] = 0
    pieces = []
    for number, begin in enumerate(range(0, len(sound), PIECE)):
        piece = np.repeat(sound[begin : begin + PIECE, None], 2, axis=1)
        at_ns = ZERO_NS + round((begin + len(piece)) * 1e9 / SAMPLE_RATE_HZ) + int(late_ns[number])
        pieces.append((at_ns, piece.astype(np.int16).tobytes()))
    return pieces


def at(s: float) -> int:
    return round(s * SAMPLE_RATE_HZ)


def ns(s: float) -> int:
    return ZERO_NS + round(s * 1e9)


def a_round(*, tick: bool = True) -> I16:
    """Pressed at 1.0 s, heard 40 ms later; decided at 1.5 s, a word 120 ms later; pressed amid it at 2.0 s,
    heard 30 ms later, silent 45 ms later."""
    sound = np.zeros(at(4.0))
    press = EarconBank().sound(Earcon.PRESS)[:, 0] * AnnounceSettings().volume
    sound[at(1.62) : at(2.045)] = np.random.default_rng(1).normal(0, 2500, at(2.045) - at(1.62))
    sound[at(2.045) - 1] = 2500
    for s in (1.04, 2.03) if tick else ():
        sound[at(s) : at(s) + len(press)] += press
    return np.rint(sound).astype(np.int16)


ROUND = {"asked_ns": ns(1.0), "decided_ns": ns(1.5), "cut_ns": ns(2.0)}


def test_delays_are_found_to_the_millisecond_though_the_recorder_is_late() -> None:
    found = responses(Recording(played(a_round())), [ROUND], 2, 1)
    assert found.presses_ms == pytest.approx([40.0, 30.0], abs=0.3)
    assert found.answers_ms == pytest.approx([120.0], abs=0.3)
    assert found.silences_ms == pytest.approx([45.0], abs=0.3)
    assert (found.unheard, found.in_pauses, found.underruns) == (0, 0, 2)


def test_what_is_not_heard_is_counted() -> None:
    found = responses(Recording(played(a_round(tick=False))), [ROUND], 0, 2)
    assert len(found.presses_ms) == 0
    assert len(found.answers_ms) == 1
    # Two presses in this round, and all three of the one that never came.
    assert found.unheard == 5
    assert len(found.silences_ms) == found.in_pauses == 0


def test_an_interruption_between_two_words_is_told_apart() -> None:
    sound = a_round()
    sound[at(1.9) : at(2.03)] = 0
    sound[at(2.03) + at(0.024) :] = 0
    sound[at(2.03) : at(2.03) + at(0.024)] = a_round()[at(1.04) : at(1.04) + at(0.024)]
    found = responses(Recording(played(sound)), [ROUND], 0, 1)
    assert (found.unheard, found.in_pauses, len(found.silences_ms)) == (0, 1, 0)


def test_a_tail_of_the_table_that_is_too_late_is_marked() -> None:
    good = np.full(1000, 30.0)
    late = np.concatenate([np.full(980, 30.0), np.full(20, 90.0)])
    found = Responses(presses_ms=good, answers_ms=good, silences_ms=late, unheard=0, in_pauses=0, underruns=1)
    table = lines(found)
    assert "| press to its sound | 1,000 | 30.0 | 30.0 | 30.0 | 30.0 | 50 | kept |" in table
    assert any("interruption" in line and "90.0" in line and "**missed**" in line for line in table)
    assert table[-1].endswith("ran dry 1 times.")
    assert list(found.measured) == list(LIMITS_MS)


def test_the_figure_is_drawn(tmp_path: Path) -> None:
    from bench.plots import draw_responses

    ms = np.random.default_rng(0).normal(40, 3, 100)
    draw_responses(
        Responses(presses_ms=ms, answers_ms=ms, silences_ms=ms, unheard=0, in_pauses=0, underruns=0),
        tmp_path / "a.png",
    )
    assert (tmp_path / "a.png").stat().st_size > 5000
