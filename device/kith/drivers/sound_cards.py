"""The sound cards that the kernel has, by names that last: a number is whatever was free at the time."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

ASOUND = Path("/proc/asound")

_CARD = re.compile(r"^\s*(\d+)\s+\[(\S+)\s*\]:\s*(\S+)\s+-\s+(.*?)\s*$", re.MULTILINE)
_NAMED = re.compile(r"(?:CARD=|^(?:plug)?hw:)(?!CARD=)([^,=]+)")
_CONFIGURED = (Path("/etc/asound.conf"), Path("/etc/alsa/conf.d/99-pipewire-default.conf"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """number: of today; short: ALSA's own name for it, "Headset", which a card keeps; driver: the kernel's;
    name: the maker's; plays, hears: what it can do."""

    number: int
    short: str
    driver: str
    name: str
    plays: bool
    hears: bool

    @property
    def hdmi(self) -> bool:
        """A screen's, which a wearer has not: it opens, and nothing is heard."""
        return "hdmi" in f"{self.short} {self.name}".lower()

    @property
    def usb(self) -> bool:
        """Somebody plugged it in."""
        return "usb" in f"{self.driver} {self.name}".lower()

    def called(self, part: str) -> bool:
        """Whether its name is this or holds it, upper or lower case."""
        return part.lower() in (self.short.lower(), self.name.lower()) or part.lower() in self.name.lower()


def cards(asound: Path = ASOUND) -> tuple[Card, ...]:
    """Those that are there now, by number; takes 0.1 ms."""
    try:
        listed = (asound / "cards").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ()
    return tuple(
        Card(
            number=int(number),
            short=short,
            driver=driver,
            name=name,
            plays=any((asound / f"card{number}").glob("pcm*p")),
            hears=any((asound / f"card{number}").glob("pcm*c")),
        )
        for number, short, driver, name in _CARD.findall(listed)
    )


def somebody_mixes(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether a sound server or a configuration of ALSA's decides what the default device is."""
    if any(environ.get(name) for name in ("PULSE_SERVER", "ALSA_CONFIG_PATH", "PIPEWIRE_REMOTE")):
        return True
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    sockets = [Path(runtime, name) for name in ("pulse/native", "pipewire-0")] if runtime else []
    home = Path(environ["HOME"], ".asoundrc") if environ.get("HOME") else None
    return any(each.exists() for each in (*sockets, *_CONFIGURED, *filter(None, [home])))


def best_first(those: Iterable[Card]) -> list[Card]:
    """What was plugged in before what is built in, and a screen's last."""
    return sorted(those, key=lambda card: (card.hdmi, not card.usb, card.number))


def capture_device(setting: str, asound: Path = ASOUND, environ: Mapping[str, str] = os.environ) -> str:
    """The name for `arecord -D` of what the settings ask for: that of a card called so, and of any other card
    that hears where the one asked for is not there. A name that says nothing of a card stays as it is."""
    hearing = best_first(card for card in cards(asound) if card.hears)
    if not hearing:
        return setting
    if setting == "default":
        fine = somebody_mixes(environ) or any(card.number == 0 for card in hearing)
        return setting if fine else _plug(hearing[0])
    if match := _NAMED.search(setting):
        there = any(match[1] in (card.short, str(card.number)) for card in hearing)
        return setting if there else _plug(hearing[0])
    called = [card for card in hearing if card.called(setting)]
    return _plug(called[0]) if called else setting


def _plug(card: Card) -> str:
    return f"plughw:CARD={card.short}"
