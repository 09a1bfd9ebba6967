"""The command line of `kith-guard`, read by hand: argparse would be a twentieth of its memory."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from kith.config import SETTINGS_FILE
from kith.errors import InputError

SOCKET = "/run/kith/guard.sock"
"""Where the main daemon listens, unless it is told otherwise."""

HELP = f"""\
Usage: kith-guard [OPTIONS]

Warns before the bump: reads the range sensors, drives buzzer and vibration
motor, and goes on whatever becomes of the rest of Kith. systemd starts it on
the wearable (systemd/kith-guard.service).

Options:
  --config FILE     Settings: the table [guard] of a TOML file. Else the file
                    that $KITH_CONFIG names, else {SETTINGS_FILE} if
                    there is one, else the defaults. When a file is refused
                    that is told and heard, and the defaults are used: the
                    guard is not silent because of a typo.
  --simulate SCENE  Simulated sensors before a scene (a TOML file), in real
                    time, and simulated outputs. Needs no Raspberry Pi; prints
                    what would be heard.
  --faults SCRIPT   With --simulate: how the outputs break. "3 fail 2; 9 hang 1"
                    fails from second 3 for 2 s, and hangs at 9 for 1 s.
  --seconds N       End after so long. Else a simulation ends 3 s after its
                    scene, and the guard on the wearable never.
  --trace FILE      Add each reading, level and edge to FILE as JSON lines.
  --link PATH       The main daemon's socket, which need not exist. Else
                    $KITH_GUARD_SOCKET,
                    else {SOCKET}.
  -h, --help        Show this.

Examples:
  kith-guard --simulate demo/scenes/hall.toml
  kith-guard --simulate demo/scenes/hall.toml --trace hall.jsonl --seconds 10
"""
_LONGEST_SOCKET = 107
"""Bytes that Linux takes, beside the zero at their end."""
_NAMES = ("config", "simulate", "faults", "seconds", "trace", "link")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What was asked for."""

    config: str | None
    simulate: str | None
    faults: str
    seconds: float | None
    trace: str | None
    link: str


def parse(words: list[str], environ: Mapping[str, str]) -> Options | None:
    """What the command line and the surroundings ask for; None for help. Raises InputError."""
    given: dict[str, str] = {}
    rest = list(words)
    while rest:
        word, equals, value = rest.pop(0).partition("=")
        if word in ("-h", "--help"):
            return None
        if not word.startswith("--") or word[2:] not in _NAMES:
            raise InputError(f"there is no option {word}; see kith-guard --help")
        value = value if equals or not rest else rest.pop(0)
        if not value:
            raise InputError(f"{word} needs a value; see kith-guard --help")
        given[word[2:]] = value
    if "faults" in given and "simulate" not in given:
        raise InputError("--faults needs --simulate: real outputs break by themselves")
    if len(os.fsencode(given.get("link", ""))) > _LONGEST_SOCKET:
        raise InputError(f"--link: a socket's path has at most {_LONGEST_SOCKET} bytes: give a shorter one")
    return Options(
        config=given.get("config") or environ.get("KITH_CONFIG") or None,
        simulate=given.get("simulate"),
        faults=given.get("faults", ""),
        seconds=_seconds(given["seconds"]) if "seconds" in given else None,
        trace=given.get("trace"),
        link=given.get("link") or environ.get("KITH_GUARD_SOCKET") or SOCKET,
    )


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    # Put so that nan is refused too.
    if not 0 < seconds < 1e9:
        raise InputError(f"--seconds must be a number above zero, not {text}")
    return seconds
