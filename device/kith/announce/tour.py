"""How the device does, in one sentence after the other: what the book begins with. Pure."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from kith.announce.phrasing import Piece, join
from kith.announce.words import Phrasebook
from kith.clock import NS_PER_S
from kith.types import Announcement, Phrase, Spoken

_NOW_S = 2
"""A look that is younger was just now: the one second between two frames of a slow device is not told."""
_MINUTE_S = 60
_HOUR_S = 3600
_LOW = "battery.low"


@dataclass(frozen=True, slots=True, kw_only=True)
class TourState:
    """How the device does. last_look_age_ns: since the last picture was looked at, None before the first;
    battery_percent: None where it is not known; faults: keys of LINES, in the order in which they broke;
    people_follow: that a tap leads on to the people and things. known, things: how many there are."""

    known: int
    paused: bool
    last_look_age_ns: int | None
    battery_percent: int | None
    faults: tuple[str, ...]
    people_follow: bool
    things: int = 0


def tour(state: TourState, phrasebook: Phrasebook, now_ns: int) -> Announcement:
    """All of it, as one announcement. Raises KeyError for a fault that is no line."""
    told = [
        phrasebook.announcement(key, now_ns, count=count, things=state.things)
        for key, count in (*_people(state), *_sight(state), *_battery(state), *_faults(state))
    ]
    pieces: list[Piece] = []
    for each in told:
        pieces += [*(each.phrase.parts if each.phrase else ()), Spoken(text=" ")]
    return dataclasses.replace(told[0], key="book", phrase=Phrase(parts=join(pieces)), earcon=None)


_Lines = list[tuple[str, int | None]]


def _people(state: TourState) -> _Lines:
    people = {0: "none", 1: "one"}.get(state.known, "many")
    things = {0: "", 1: "_thing"}.get(state.things, "_things")
    return [(f"tour.known_{people}{things}", state.known)]


def _sight(state: TourState) -> _Lines:
    if state.paused:
        return [("tour.paused", None)]
    if state.last_look_age_ns is None:
        return [("tour.looked_never", None)]
    return [_looked(state.last_look_age_ns // NS_PER_S)]


def _looked(age_s: int) -> tuple[str, int | None]:
    if age_s < _NOW_S:
        return "tour.looked_now", None
    if age_s < _MINUTE_S:
        return "tour.looked_seconds", age_s
    unit_s, unit = (_MINUTE_S, "minute") if age_s < _HOUR_S else (_HOUR_S, "hour")
    count = age_s // unit_s
    return (f"tour.looked_{unit}", None) if count == 1 else (f"tour.looked_{unit}s", count)


def _battery(state: TourState) -> _Lines:
    if state.battery_percent is None or _LOW in state.faults:
        return []
    return [("tour.battery", state.battery_percent)]


def _faults(state: TourState) -> _Lines:
    """A low battery is told of with its charge; one whose gauge is silent now, not at all."""
    told: _Lines = [
        (key, state.battery_percent if key == _LOW else None)
        for key in state.faults
        if key != _LOW or state.battery_percent is not None
    ]
    faults = told or [("tour.no_fault", None)]
    if not state.people_follow:
        return faults
    if not state.things:
        return [*faults, ("tour.people", None)]
    return [*faults, ("tour.both" if state.known else "tour.things", None)]
