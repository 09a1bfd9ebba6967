"""From the shutter to the first sound: which times belong together, and the table of them."""

from __future__ import annotations

import re

import numpy as np
import pytest

from kith.app.events import Event
from kith.app.latency import Latency
from kith.app.looking import Looked
from kith.simulation.histogram import Stage, percentile, table
from kith.types import Frame, Playback, PlaybackResult
from tests.unit._machine_kit import face, known, ms, sighting, vector

PICTURE = np.zeros((4, 4, 3), np.uint8)


class Run:
    """A daemon's day in a few words; times in ms."""

    def __init__(self) -> None:
        self.latency = Latency()
        self._plays = 0

    def look(self, captured: float, began: float, ended: float, *, embedded: bool = True) -> None:
        faces = [face(1, known(1), embedding=vector(0) if embedded else None)]
        frame = Frame(seq=0, captured_ns=ms(captured), rgb=PICTURE)
        seen = sighting(ms(captured), *faces)
        self.latency.handled(Looked(frame=frame, sighting=seen, began_ns=ms(began), ended_ns=ms(ended)))

    def appeared(self, at: float, *people: str) -> None:
        self.latency.event(Event(at_ns=ms(at), kind="appeared", fields={"people": list(people)}))

    def says(self, at: float, *people: str, band: str = "ambient") -> int:
        self._plays += 1
        fields: dict[str, object] = {"people": list(people), "band": band}
        self.latency.event(
            Event(at_ns=ms(at), kind="announcement", fields=fields, play_id=self._plays),
        )
        return self._plays

    def heard(self, play_id: int, first: float | None, ended: float) -> None:
        first_ns = None if first is None else ms(first)
        result = PlaybackResult.FAILED if first is None else PlaybackResult.COMPLETED
        report = Playback(play_id=play_id, result=result, first_sample_ns=first_ns, ended_ns=ms(ended))
        self.latency.handled(report)

    def times(self, stage: str) -> int:
        return int(self._row(stage)[0])

    def median_ms(self, stage: str) -> float:
        return float(self._row(stage)[1])

    def _row(self, stage: str) -> list[str]:
        line = next(line for line in self.latency.lines() if line.startswith(f"{stage} "))
        return re.findall(r"[\d.]+", line.removeprefix(stage))


@pytest.fixture
def run() -> Run:
    return Run()


def test_each_stage_of_one_name(run: Run) -> None:
    run.look(0, 4, 20, embedded=False)
    run.appeared(132, "Anna")
    play_id = run.says(132, "Anna")
    run.look(100, 103, 130)
    run.heard(play_id, 145, 1500)
    assert run.times("shutter -> looked at") == 2
    assert run.median_ms("looked at -> done, none embedded") == 16.0
    assert run.median_ms("looked at -> embedded and matched") == 27.0
    assert run.median_ms("embedded -> decided") == 2.0
    assert run.median_ms("decided -> announced") == 0.0
    assert run.median_ms("announced -> first sample") == 13.0
    assert run.median_ms("deciding shutter -> FIRST SAMPLE") == 45.0
    assert run.times("the same, after other words") == 0


def test_a_name_that_had_to_wait_for_other_words_is_told_apart(run: Run) -> None:
    other = run.says(10, band="notice")
    run.appeared(132, "Anna")
    run.look(100, 103, 130)
    run.heard(other, 11, 900)
    run.heard(run.says(901, "Anna"), 910, 2000)
    assert run.times("deciding shutter -> FIRST SAMPLE") == 0
    assert run.median_ms("the same, after other words") == 810.0
    assert run.median_ms("decided -> announced") == 769.0


def test_a_name_in_the_answer_to_a_tap_is_not_one_that_came(run: Run) -> None:
    run.appeared(132, "Anna")
    run.look(100, 103, 130)
    run.heard(run.says(140, "Anna", band="response"), 150, 900)
    assert run.times("decided -> announced") == 0


def test_two_in_one_sentence_count_twice_and_two_alike_once(run: Run) -> None:
    run.appeared(132, "Anna")
    run.appeared(132, "Beth", "Cleo")
    run.look(100, 103, 130)
    run.heard(run.says(132, "Anna", "Beth", "Cleo"), 140, 900)
    assert run.times("deciding shutter -> FIRST SAMPLE") == 2


def test_a_voice_that_failed_has_no_first_sample(run: Run) -> None:
    run.appeared(132, "Anna")
    run.look(100, 103, 130)
    run.heard(run.says(133, "Anna"), None, 140)
    assert run.times("decided -> announced") == 1
    assert run.times("announced -> first sample") == 0


def test_what_came_without_a_look_has_no_shutter(run: Run) -> None:
    run.appeared(50, "Anna")  # a tick decided it
    run.look(100, 103, 130)
    assert run.times("embedded -> decided") == 0


def test_the_bars_show_where_the_times_lie() -> None:
    head, line = table([Stage(name="s", ms=(0.2, 1.0, 1.9, 1.9, 5000.0))])
    for heading, bar in (("<1", "▃"), ("<2", "█"), ("more", "▃")):
        end = head.index(heading) + len(heading)
        assert line[end - 4 : end] == bar * 4, heading
    assert sum(line.count(bar) for bar in "▁▂▃▄▅▆▇█") == 12


@pytest.mark.parametrize(("share", "expected"), [(0.5, 10), (0.95, 19), (1.0, 20), (0.01, 1)])
def test_a_percentile_is_one_of_the_values(share: float, expected: int) -> None:
    assert percentile(range(1, 21), share) == expected


def test_there_is_no_percentile_of_nothing() -> None:
    with pytest.raises(ValueError, match="nothing"):
        percentile([], 0.5)
