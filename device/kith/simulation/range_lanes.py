"""The guard's lanes of the time line: how far things were, in which zone, what was warned of and beeped."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np

from kith.guard.ports import Fault, Health, Level, Position
from kith.guard.settings import GuardSettings
from kith.simulation.lanes import GUTTER_PX, Axis, Lane
from kith.simulation.lettering import Colour, Lettering
from kith.simulation.marking import INK, UNKNOWN, WHITE
from kith.simulation.range_plot import RangePlot, SensorBin
from kith.types import U8

_PLOT_PX, _TOP_PX, _FOOT_PX = 214, 10, 10
_SMALL_PX = 13
_LEAST_TOP_MM = 1500
_BREAK_S = 0.35
_JUMP_PX = 30
_GRID: Colour = (228, 225, 222)

LEVEL_COLOURS: dict[Level, Colour] = {
    Level.FAR: (64, 178, 240),
    Level.MIDDLE: (20, 128, 236),
    Level.NEAR: (44, 66, 214),
    Level.CONTACT: (44, 12, 132),
}
SENSOR_COLOURS: dict[Position, Colour] = {Position.HEAD: (150, 74, 16), Position.KNEE: (176, 96, 196)}
_WIDTHS_PX = {Position.HEAD: 2, Position.KNEE: 5}
"""So that both can be seen where they measure the same."""
ILL_COLOURS: dict[Health, Colour] = {Health.BLIND: (20, 128, 236), Health.DEAD: (52, 40, 196)}
_MUTED: Colour = (168, 162, 156)
_TINT = 0.16
"""Of a level's colour in the band of its zone."""


def range_lanes(plot: RangePlot, settings: GuardSettings, letters: Lettering) -> list[Lane]:
    """From top to bottom: ranges before the zones, the level warned of, the beeps, and each sensor that was
    muted, blind or dead at some time."""
    lanes = [
        _range_lane(plot, settings, letters),
        _level_lane(plot, letters),
        _beep_lane(plot, settings, letters),
    ]
    for position, bins in plot.sensors.items():
        if any(held.ill is not None or held.muted for _, held in bins.in_order()):
            lanes.append(_state_lane(position, plot, letters))
    return lanes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    """Distance from bottom to top of the plot."""

    most_mm: int

    def row(self, mm: float) -> int:
        """The row of a distance; what is farther than the top lies at the top."""
        share = min(mm / self.most_mm, 1.0)
        return _PLOT_PX - _FOOT_PX - round(share * (_PLOT_PX - _TOP_PX - _FOOT_PX))


# --- ranges ---------------------------------------------------------------------------------------------


def _range_lane(plot: RangePlot, settings: GuardSettings, letters: Lettering) -> Lane:
    raw = [held.raw_mm for bins in plot.sensors.values() for _, held in bins.in_order() if held.raw_mm]
    highest = max((farthest for _, farthest in raw), default=0)
    most_mm = min(max(highest, _LEAST_TOP_MM), settings.filter.most_mm)
    scale = _Scale(most_mm=-(-most_mm // 500) * 500)

    def paint(part: U8, axis: Axis) -> None:
        _paint_zones(part, axis, settings, scale)
        _paint_grid(part, axis, scale, letters)
        _paint_legend(part, plot.sensors, settings, letters)
        for position, bins in plot.sensors.items():
            _paint_dots(part, axis, scale, bins.in_order(), SENSOR_COLOURS[position])
        for position in sorted(plot.sensors, key=lambda each: -_WIDTHS_PX[each]):
            _paint_line(part, axis, scale, plot.sensors[position].in_order(), position)

    return Lane(title="range", height_px=_PLOT_PX, paint=paint)


def _zones(settings: GuardSettings) -> tuple[tuple[Level, int], ...]:
    zones = settings.zones
    return (Level.MIDDLE, zones.middle_mm), (Level.NEAR, zones.near_mm), (Level.CONTACT, zones.contact_mm)


def _paint_zones(part: U8, axis: Axis, settings: GuardSettings, scale: _Scale) -> None:
    left, right = axis.x(0.0), axis.x(axis.end_s)
    bounds = [mm for _, mm in _zones(settings)] + [0]
    for (level, outer_mm), inner_mm in zip(_zones(settings), bounds[1:], strict=True):
        band = part[scale.row(outer_mm) : scale.row(inner_mm), left:right]
        tint = band * (1 - 2 * _TINT) + np.array(LEVEL_COLOURS[level]) * (2 * _TINT)
        band[:] = tint.round().astype(np.uint8)


def _paint_grid(part: U8, axis: Axis, scale: _Scale, letters: Lettering) -> None:
    for metres in range(0, scale.most_mm // 1000 + 1):
        row = scale.row(metres * 1000)
        cv2.line(part, (axis.x(0.0), row), (axis.x(axis.end_s), row), _GRID, 1)
        label = f"{metres} m"
        at = (GUTTER_PX - 8 - letters.width(label, _SMALL_PX), row + 5)
        letters.write(part, label, at, _SMALL_PX, UNKNOWN)


def _paint_legend(
    part: U8, positions: Iterable[Position], settings: GuardSettings, letters: Lettering
) -> None:
    row = 44
    for position in positions:
        colour = SENSOR_COLOURS[position]
        cv2.line(part, (16, row), (34, row), colour, _WIDTHS_PX[position], cv2.LINE_AA)
        letters.write(part, position.value, (42, row + 5), _SMALL_PX + 1, colour, bold=True)
        row += 20
    for level, mm in _zones(settings):
        row += 20
        swatch = part[row - 9 : row + 3, 16:34]
        swatch[:] = (swatch * (1 - 2 * _TINT) + np.array(LEVEL_COLOURS[level]) * (2 * _TINT)).astype(np.uint8)
        letters.write(part, f"under {mm / 1000:.2f} m", (42, row + 2), _SMALL_PX, UNKNOWN)


def _paint_dots(
    part: U8, axis: Axis, scale: _Scale, bins: Iterable[tuple[float, SensorBin]], colour: Colour
) -> None:
    faint = np.array(colour) * 0.4 + 255 * 0.6
    for t_s, held in bins:
        for mm in set(held.raw_mm or ()):
            row, column = scale.row(mm), axis.x(t_s)
            part[row - 1 : row + 1, column - 1 : column + 1] = faint.astype(np.uint8)


def _paint_line(
    part: U8, axis: Axis, scale: _Scale, bins: Iterable[tuple[float, SensorBin]], position: Position
) -> None:
    """A line that breaks where nothing was known, and from one thing to another."""
    colour, width = SENSOR_COLOURS[position], _WIDTHS_PX[position]
    last: tuple[float, tuple[int, int]] | None = None
    for t_s, held in bins:
        if last is not None and t_s - last[0] > _BREAK_S:
            last = None
        if held.filtered_mm is not None:
            here = (axis.x(t_s), scale.row(sum(held.filtered_mm) / 2))
            low, high = (scale.row(mm) for mm in held.filtered_mm)
            cv2.line(part, (here[0], low), (here[0], high), colour, width)
            if last is not None and abs(last[1][1] - here[1]) > _JUMP_PX:
                last = None
            cv2.line(part, here if last is None else last[1], here, colour, width, cv2.LINE_AA)
            last = (t_s, here)
        if held.lost:
            last = None


# --- what was told --------------------------------------------------------------------------------------


def _level_lane(plot: RangePlot, letters: Lettering) -> Lane:
    height = 48

    def paint(part: U8, axis: Axis) -> None:
        column = 16
        for level, colour in LEVEL_COLOURS.items():
            word = level.name.lower()
            letters.write(part, word, (column, 41), _SMALL_PX - 2, colour, bold=True)
            column += letters.width(word, _SMALL_PX - 2, bold=True) + 6
        for left, right, level in _level_steps(plot, axis):
            tall = round((height - 8) * level / Level.CONTACT)
            cv2.rectangle(
                part, (left, height - 4 - tall), (right, height - 4), LEVEL_COLOURS[level], cv2.FILLED
            )

    return Lane(title="warned", height_px=height, paint=paint)


def _level_steps(plot: RangePlot, axis: Axis) -> list[tuple[int, int, Level]]:
    """(first column, last column, level) of what was not quiet."""
    steps: list[tuple[int, int, Level]] = []
    held_level, since = Level.QUIET, axis.x(0.0)
    for t_s, held in plot.levels.in_order():
        column = axis.x(t_s)
        if held_level is not Level.QUIET and column > since:
            steps.append((since, column - 1, held_level))
        if held.highest is not Level.QUIET and held.highest is not held.last:
            steps.append((column, axis.x(t_s + plot.levels.every_s), held.highest))
        held_level, since = held.last, column
    if held_level is not Level.QUIET:
        steps.append((since, axis.x(plot.end_s), held_level))
    return steps


def _beep_lane(plot: RangePlot, settings: GuardSettings, letters: Lettering) -> Lane:
    rows = {settings.sounds.head_hz: Position.HEAD, settings.sounds.knee_hz: Position.KNEE}
    tops = {Position.HEAD: 4, Position.KNEE: 21}

    def paint(part: U8, axis: Axis) -> None:
        for position in plot.sensors:
            at = (GUTTER_PX - 8 - letters.width(position.value, _SMALL_PX, bold=True), tops[position] + 12)
            letters.write(part, position.value, at, _SMALL_PX, SENSOR_COLOURS[position], bold=True)
        letters.write(part, "signals", (16, 37), _SMALL_PX - 1, UNKNOWN, bold=True)
        for beep in plot.sounded():
            position_of = rows.get(beep.pitch_hz)
            left, right = axis.x(beep.from_s), axis.x(beep.to_s)
            if position_of is None or beep.signal:
                cv2.rectangle(part, (left, 4), (right, 35), UNKNOWN, cv2.FILLED)
            else:
                top = tops[position_of]
                colour = SENSOR_COLOURS[position_of]
                cv2.rectangle(part, (left, top), (right, top + 14), colour, cv2.FILLED)

    return Lane(title="beeps", height_px=40, paint=paint)


# --- how the sensors did --------------------------------------------------------------------------------


def _state_lane(position: Position, plot: RangePlot, letters: Lettering) -> Lane:
    def paint(part: U8, axis: Axis) -> None:
        free_from = GUTTER_PX
        for from_s, to_s, words, colour in _states(plot, position):
            left, right = axis.x(from_s), max(axis.x(to_s), axis.x(from_s) + 2)
            cv2.rectangle(part, (left, 4), (right, 23), colour, cv2.FILLED)
            wide = letters.width(words, _SMALL_PX, bold=True)
            if wide <= right - left - 8:
                letters.write(part, words, (left + 5, 19), _SMALL_PX, WHITE, bold=True)
            elif left - wide - 6 > free_from:  # there is room before it, and seldom behind it
                letters.write(part, words, (left - wide - 5, 19), _SMALL_PX, colour, bold=True)
            free_from = right

    return Lane(title=f"{position.value} sensor", height_px=28, paint=paint)


def _states(plot: RangePlot, position: Position) -> list[tuple[float, float, str, Colour]]:
    """(from, to, words, colour) of what is worth telling of a sensor."""
    found: list[tuple[float, float, str, Colour]] = []
    since_s, told = 0.0, ("", INK)
    for t_s, held in plot.sensors[position].in_order():
        now = _told(held)
        if now != told:
            found.append((since_s, t_s, *told))
            since_s, told = t_s, now
    found.append((since_s, plot.end_s, *told))
    return [each for each in found if each[2]]


def _told(held: SensorBin) -> tuple[str, Colour]:
    if held.ill is not None:
        why = held.fault.name.lower().replace("_", " ") if held.fault is not Fault.NONE else ""
        name = held.ill.name.lower()
        return (f"{name}: {why}" if why else name), ILL_COLOURS[held.ill]
    return ("muted", _MUTED) if held.muted else ("", INK)
