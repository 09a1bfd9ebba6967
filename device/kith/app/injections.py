"""Faults that a simulation is asked to have: "12 freeze 5; 30 unplug 4; 40 kill-voice"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kith.clock import NS_PER_S
from kith.drivers.simulated_camera import Outage, OutageKind
from kith.errors import InputError

_FAULT = re.compile(
    r"(?P<at>\d+(?:\.\d+)?)\s+(?:(?P<outage>freeze|unplug)\s+(?P<for>\d+(?:\.\d+)?)|(?P<kill>kill-voice))"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Injections:
    """Outages of the camera, and when the speech process is killed; times in ns from the start."""

    outages: tuple[Outage, ...] = ()
    voice_killed_ns: tuple[int, ...] = ()


def parse_faults(script: str) -> Injections:
    """Read a script. Raises InputError that shows the grammar."""
    outages: list[Outage] = []
    kills: list[int] = []
    for part in filter(None, (piece.strip() for piece in script.split(";"))):
        found = _FAULT.fullmatch(part)
        if found is None:
            raise InputError(
                f"'{part}' is no fault; write seconds and 'freeze SECONDS', 'unplug SECONDS' or 'kill-voice',"
                ' for instance "12 freeze 5; 40 kill-voice"'
            )
        at_ns = round(float(found["at"]) * NS_PER_S)
        if found["kill"]:
            kills.append(at_ns)
        else:
            to_ns = at_ns + round(float(found["for"]) * NS_PER_S)
            outages.append(Outage(kind=OutageKind(found["outage"]), from_ns=at_ns, to_ns=to_ns))
    return Injections(outages=tuple(outages), voice_killed_ns=tuple(sorted(kills)))
