"""Faults that a simulation is asked to have: "12 freeze 5; 30 unplug 4; 40 kill-voice; 50 range-unplug 4"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kith.clock import NS_PER_S
from kith.drivers.simulated_board import BoardTrouble, BoardTroubleKind
from kith.drivers.simulated_camera import Outage, OutageKind
from kith.drivers.simulated_scene import Trouble, TroubleKind
from kith.errors import InputError
from kith.guard.ports import Position

_RANGE = {
    "range-unplug": TroubleKind.UNPLUGGED,
    "range-silent": TroubleKind.SILENT,
    "range-stuck": TroubleKind.STUCK,
    "range-zeros": TroubleKind.ZEROS,
    "range-sun": TroubleKind.SUNLIGHT,
}
_SECONDS = r"\d+(?:\.\d+)?"
_FAULT = re.compile(
    rf"(?P<at>{_SECONDS})\s+(?:(?P<kill>kill-voice)"
    r"|battery\s+(?P<percent>\d{1,2}|100)"
    rf"|(?P<board>hot|weak-supply)\s+(?P<held>{_SECONDS})"
    rf"|(?P<outage>freeze|unplug)\s+(?P<for>{_SECONDS})"
    rf"|(?P<range>{'|'.join(_RANGE)})\s+(?P<long>{_SECONDS})(?:\s+(?P<position>head|knee))?)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Injections:
    """Outages of the camera, when the speech process is killed, troubles of the range sensors and of the
    board; times from the start."""

    outages: tuple[Outage, ...] = ()
    voice_killed_ns: tuple[int, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    board: tuple[BoardTrouble, ...] = ()


def parse_faults(script: str) -> Injections:
    """Read a script. Raises InputError that shows the grammar."""
    outages: list[Outage] = []
    kills: list[int] = []
    troubles: list[Trouble] = []
    board: list[BoardTrouble] = []
    for part in filter(None, (piece.strip() for piece in script.split(";"))):
        found = _FAULT.fullmatch(part)
        if found is None:
            raise InputError(
                f"'{part}' is no fault; write seconds and 'freeze SECONDS', 'unplug SECONDS', 'kill-voice',"
                " 'battery PERCENT', 'hot SECONDS', 'weak-supply SECONDS' or"
                f" '{', '.join(_RANGE)} SECONDS' (and 'knee', if not the sensor at the head is meant),"
                ' for instance "12 freeze 5; 40 kill-voice; 50 range-unplug 4"'
            )
        at_ns = round(float(found["at"]) * NS_PER_S)
        if found["kill"]:
            kills.append(at_ns)
        elif found["percent"] or found["board"]:
            board.append(_board(found, at_ns))
        elif found["outage"]:
            to_ns = at_ns + round(float(found["for"]) * NS_PER_S)
            outages.append(Outage(kind=OutageKind(found["outage"]), from_ns=at_ns, to_ns=to_ns))
        else:
            troubles.append(_trouble(found))
    return Injections(
        outages=tuple(outages),
        voice_killed_ns=tuple(sorted(kills)),
        troubles=tuple(troubles),
        board=tuple(board),
    )


def _board(found: re.Match[str], at_ns: int) -> BoardTrouble:
    if found["percent"]:
        return BoardTrouble(kind=BoardTroubleKind.BATTERY, from_ns=at_ns, percent=int(found["percent"]))
    to_ns = at_ns + round(float(found["held"]) * NS_PER_S)
    return BoardTrouble(kind=BoardTroubleKind(found["board"]), from_ns=at_ns, to_ns=to_ns)


def _trouble(found: re.Match[str]) -> Trouble:
    from_s = float(found["at"])
    return Trouble(
        kind=_RANGE[found["range"]],
        from_s=from_s,
        to_s=from_s + float(found["long"]),
        position=Position(found["position"] or Position.HEAD),
    )
