"""Whether a sound card's mixer lets anything be heard, by `amixer`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess

_WITHIN_S = 3.0
_CONTROL = re.compile(r"^Simple mixer control '([^']*)',(\d+)$", re.MULTILINE)
_CHANNEL = re.compile(
    r"^\s+[^:\n]*: (?:Playback )?-?\d+ \[(\d+)%\](?: \[[^\]]*dB\])?(?: \[(on|off)\])?", re.MULTILINE
)
_ELSEWHERE = re.compile(
    r"mic|capture|input|line|loopback|sidetone|iec958|s/pdif|aux|cd|beep|boost", re.IGNORECASE
)
"""Controls that what is played does not pass."""


def muted(card: int | None) -> tuple[str, ...]:
    """The controls of a card, None for the default one, that are switched off or at zero and that sound
    passes on its way out. None where the card has none, or where there is no `amixer` to ask."""
    if not shutil.which("amixer"):
        return ()
    which = [] if card is None else ["-c", str(card)]
    try:
        asked = subprocess.run(
            ["amixer", *which, "scontents"],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=_WITHIN_S,
            env=os.environ | {"LC_ALL": "C"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return muted_in(asked.stdout)


def muted_in(listing: str) -> tuple[str, ...]:
    """The same of what `amixer scontents` printed."""
    _, *rest = _CONTROL.split(listing)
    found = []
    for name, body in zip(rest[::3], rest[2::3], strict=True):
        channels = _CHANNEL.findall(body) if "Playback channels:" in body else []
        silent = [volume == "0" or switch == "off" for volume, switch in channels]
        if silent and all(silent) and not _ELSEWHERE.search(name):
            found.append(name)
    return tuple(found)
