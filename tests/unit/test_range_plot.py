"""The guard's lanes of the time line: measured on their pixels, and bounded however long the run is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kith.guard.ports import (
    Fault,
    Health,
    Level,
    Position,
    RangeReading,
    RangeStatus,
    SensorState,
    Warned,
)
from kith.guard.settings import GuardSettings
from kith.simulation.contact_sheet import ContactSheet
from kith.simulation.lanes import GUTTER_PX, Axis, Lane
from kith.simulation.lettering import Lettering
from kith.simulation.range_lanes import ILL_COLOURS, LEVEL_COLOURS, SENSOR_COLOURS, range_lanes
from kith.simulation.range_plot import MOST_BEEPS, MOST_BINS, RangePlot
from kith.types import U8

AXIS = Axis(end_s=100.0, width_px=1200)
QUIET = Warned(level=Level.QUIET)
HEAD = SensorState(position=Position.HEAD, health=Health.SEES)
STEP_S = 0.05


def reading(mm: int | None) -> RangeReading:
    status = RangeStatus.NO_ECHO if mm is None else RangeStatus.OK
    return RangeReading(position=Position.HEAD, status=status, distance_mm=mm, at_ns=0)


def see(plot: RangePlot, from_s: float, to_s: float, mm: int | None, warned: Warned = QUIET) -> None:
    for t_s in np.arange(from_s, to_s, STEP_S):
        plot.reading(t_s, reading(mm))
        plot.state(t_s, warned, [replace(HEAD, distance_mm=mm)])


def painted(plot: RangePlot) -> dict[str, U8]:
    """Each lane by its title, on white."""
    lanes: list[Lane] = range_lanes(plot, GuardSettings(), Lettering())
    parts = {}
    for lane in lanes:
        part = np.full((lane.height_px, AXIS.width_px, 3), 255, np.uint8)
        lane.paint(part, AXIS)
        parts[lane.title] = part[:, GUTTER_PX:]
    return parts


def columns_of(part: U8, colour: tuple[int, int, int]) -> list[int]:
    hits = (np.abs(part.astype(int) - colour).max(axis=2) <= 3).any(axis=0)
    return [GUTTER_PX + int(column) for column in np.flatnonzero(hits)]


def rows_at(part: U8, t_s: float, colour: tuple[int, int, int]) -> list[int]:
    column = part[:, AXIS.x(t_s) - GUTTER_PX]
    return [int(row) for row in np.flatnonzero(np.abs(column.astype(int) - colour).max(axis=1) <= 3)]


def test_the_line_is_as_high_as_the_range_and_breaks_where_nothing_is_known() -> None:
    plot = RangePlot()
    see(plot, 0, 30, 4000)
    see(plot, 30, 40, None)
    see(plot, 40, 100, 2000)
    part = painted(plot)["range"]
    colour = SENSOR_COLOURS[Position.HEAD]
    far, near = rows_at(part, 15, colour), rows_at(part, 70, colour)
    bottom = part.shape[0] - 10
    assert (bottom - np.mean(near)) / (bottom - np.mean(far)) == pytest.approx(0.5, abs=0.02)
    assert not [x for x in columns_of(part, colour) if AXIS.x(30.5) < x < AXIS.x(39.5)]


def test_the_zones_are_bands_up_to_their_distance() -> None:
    plot = RangePlot()
    see(plot, 0, 100, 3000)
    column = painted(plot)["range"][:, 400].astype(int)
    scale = (column.shape[0] - 20) / 3000
    bottom = column.shape[0] - 10
    tints = [column[bottom - round(mm * scale)] for mm in (150, 400, 525, 1200)]
    assert len({tuple(tint) for tint in tints}) == 4
    assert tuple(tints[3]) == (255, 255, 255)


def test_the_level_is_a_bar_from_when_it_begins_to_when_it_ends_and_higher_when_worse() -> None:
    plot = RangePlot()
    see(plot, 0, 20, 3000)
    see(plot, 20, 50, 1000, Warned(level=Level.FAR, position=Position.HEAD))
    see(plot, 50, 60, 300, Warned(level=Level.CONTACT, position=Position.HEAD))
    see(plot, 60, 100, 3000)
    part = painted(plot)["warned"]
    far, contact = columns_of(part, LEVEL_COLOURS[Level.FAR]), columns_of(part, LEVEL_COLOURS[Level.CONTACT])
    assert (far[0], far[-1]) == (AXIS.x(20), AXIS.x(50) - 1)
    assert (contact[0], contact[-1]) == (AXIS.x(50), AXIS.x(60) - 1)
    low = rows_at(part, 30, LEVEL_COLOURS[Level.FAR])
    high = rows_at(part, 55, LEVEL_COLOURS[Level.CONTACT])
    assert len(high) > 3 * len(low) > 0


def test_beeps_are_told_apart_by_sensor_and_from_signals() -> None:
    sounds = GuardSettings().sounds
    plot = RangePlot()
    for t_s, pitch_hz, warned in (
        (10.0, sounds.head_hz, Warned(level=Level.FAR, position=Position.HEAD)),
        (30.0, sounds.knee_hz, Warned(level=Level.FAR, position=Position.KNEE)),
        (50.0, sounds.knee_hz, QUIET),
    ):
        plot.state(t_s, warned, [HEAD, replace(HEAD, position=Position.KNEE)])
        plot.edge(t_s, pitch_hz)
        plot.edge(t_s + 5, 0)
    part = painted(plot)["beeps"]
    head = rows_at(part, 12, SENSOR_COLOURS[Position.HEAD])
    knee = rows_at(part, 32, SENSOR_COLOURS[Position.KNEE])
    assert head
    assert knee
    assert max(head) < min(knee)
    inked = {int(x) + GUTTER_PX for x in np.flatnonzero((part < 250).any(axis=(0, 2)))}
    assert {AXIS.x(10), AXIS.x(15), AXIS.x(50), AXIS.x(55)} <= inked
    assert not inked & set(range(AXIS.x(16), AXIS.x(29)))
    assert not rows_at(part, 52, SENSOR_COLOURS[Position.KNEE]), "a signal is no warning of the knee's sensor"
    assert len(np.flatnonzero((part[:, AXIS.x(52) - GUTTER_PX] < 250).any(axis=1))) > 25


def test_a_beep_that_has_no_end_lasts_to_the_end() -> None:
    plot = RangePlot()
    plot.edge(90.0, 2400)
    plot.state(100.0, QUIET, [HEAD])
    assert [(beep.from_s, beep.to_s) for beep in plot.sounded()] == [(90.0, 100.0)]


def test_a_sensor_has_a_lane_of_its_own_only_when_something_was_wrong_with_it() -> None:
    plot = RangePlot()
    see(plot, 0, 100, 1000)
    assert list(painted(plot)) == ["range", "warned", "beeps"]
    for t_s in np.arange(40, 60, STEP_S):
        plot.state(t_s, QUIET, [replace(HEAD, health=Health.DEAD, last_fault=Fault.SILENT)])
    part = painted(plot)["head sensor"]
    dead = columns_of(part, ILL_COLOURS[Health.DEAD])
    assert (dead[0], dead[-1]) == (AXIS.x(40), AXIS.x(60))


def test_an_hour_costs_no_more_than_a_minute_and_loses_no_beep_and_no_nearness() -> None:
    plot = RangePlot()
    for index in range(60_000):
        t_s = index * 0.06
        mm = 250 if index == 31_000 else 3000
        plot.reading(t_s, reading(mm))
        level = Level.CONTACT if index == 31_000 else Level.QUIET
        plot.state(t_s, Warned(level=level), [replace(HEAD, distance_mm=mm)])
        if index % 5 == 0:
            plot.edge(t_s, 2400 if index % 10 else 1200)
            plot.edge(t_s + 0.05, 0)
    (head,) = plot.sensors.values()
    assert len(head.by_number) <= MOST_BINS
    assert len(plot.levels.by_number) <= MOST_BINS
    assert len(plot.beeps) <= MOST_BEEPS
    nearest = min(held.filtered_mm[0] for _, held in head.in_order() if held.filtered_mm)
    assert nearest == 250
    assert max(held.highest for _, held in plot.levels.in_order()) is Level.CONTACT
    told_s = sorted((beep.from_s, beep.to_s) for beep in plot.sounded())
    assert any(from_s <= 1800.0 <= to_s for from_s, to_s in told_s)
    assert told_s[0][0] == 0.0
    assert max(to_s for _, to_s in told_s) > 3599


def test_the_sheet_has_the_lanes_only_where_there_is_a_guard() -> None:
    plain, guarded = ContactSheet(), ContactSheet()
    plot = RangePlot()
    guarded.plot_ranges(plot, GuardSettings())
    see(plot, 0, 10, 1000)
    for sheet in (plain, guarded):
        sheet.event(10.0, "fault", "camera")
    assert guarded.draw().shape[0] - plain.draw().shape[0] > 250
