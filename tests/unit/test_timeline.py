"""The live timeline: whole plain lines for a file or a screen reader, a counting line on a terminal."""

from __future__ import annotations

import io

from kith.simulation.timeline import Timeline


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(written: str) -> list[str]:
    """What stands on a terminal in the end: understands carriage return and clear-line, drops colours."""
    lines = []
    for line in written.split("\n"):
        cells = ""
        for part in line.split("\r"):
            cells = part.removeprefix("\x1b[K") if part.startswith("\x1b[K") else part + cells[len(part) :]
        while "\x1b[" in cells:
            before, _, after = cells.partition("\x1b[")
            cells = before + after.partition("m")[2]
        lines.append(cells)
    return lines


def test_elsewhere_than_on_a_terminal_each_event_is_one_plain_line() -> None:
    stream = io.StringIO()
    timeline = Timeline(stream)
    for step in range(30):
        timeline.progress(step / 10, 75.0, step % 3)
    timeline.event(5.66, "announcement", "Barack, ahead, two metres.")
    timeline.event(12.5, "left", "Barack")
    timeline.event(20.0, "stranger", "")
    timeline.event(63.0, "something new", "of tomorrow")
    assert stream.getvalue().splitlines() == [
        "   5.7 s  says      Barack, ahead, two metres.",
        "  12.5 s  leaves    Barack",
        "  20.0 s  stranger",
        "  63.0 s  something new of tomorrow",
    ]


def test_a_terminal_counts_in_its_last_line_and_events_stand_above_it() -> None:
    stream = Terminal()
    timeline = Timeline(stream)
    timeline.progress(1.0, 75.0, 0)
    timeline.progress(1.1, 75.0, 2)
    timeline.event(1.2, "announcement", "Nobody I know.")
    timeline.progress(2.0, 75.0, 1)
    assert shown(stream.getvalue()) == [
        "   1.2 s  says      Nobody I know.",
        "   2.0 of 75 s, 1 face in view",
    ]
    assert "\x1b[36m" in stream.getvalue(), "what is said has a colour"


def test_the_counting_line_is_gone_at_the_end() -> None:
    stream = Terminal()
    timeline = Timeline(stream)
    timeline.progress(70.0, 75.0, 2)
    timeline.progress(75.0, 75.0, 0)
    assert shown(stream.getvalue()) == [""]


def test_a_source_without_a_known_end_counts_all_the_same() -> None:
    stream = Terminal()
    Timeline(stream).progress(3.0, 0.0, 3)
    assert shown(stream.getvalue()) == ["   3.0 s, 3 faces in view"]
