"""The boards that Kith knows, and the settings that each should have: a profile gives the defaults, and what
the settings file names wins. `docs/boards.md` shows them, with the reasons; a test compares the two."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

from kith.config import (
    BoardSettings,
    CameraSettings,
    PresenceSettings,
    Settings,
    ThingsSettings,
    VisionSettings,
    load_settings,
)

_LOG = logging.getLogger(__name__)

MODEL_FILE = Path("/proc/device-tree/model")
"""Where the firmware tells what board this is."""

AUTO, NONE = "auto", "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Processor:
    """What a board gives. gmac_s: milliard multiply-accumulates a second of int8 convolutions as wide as the
    embedder's, on one core and on all four; slower: how many times as long other work takes on one of its
    cores as on one of those where it was measured (`kith.app.load`)."""

    name: str
    gmac_s: tuple[float, float]
    slower: float

    def rate(self, threads: int) -> float:
        """GMAC/s on so many threads: straight from one core to four, and no more."""
        one, four = self.gmac_s
        return one + (four - one) * (min(threads, 4) - 1) / 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """models: what the model's name goes on with behind "Raspberry Pi", a pattern; settings: its defaults."""

    processor: Processor
    models: str
    settings: Settings = field(default_factory=Settings)


PROFILES: Final[Mapping[str, Profile]] = MappingProxyType(
    {
        "zero2w": Profile(
            # Estimated from the Pi 4's: 1.0 GHz to its 1.8, NEON half as wide, 0.7 for executing in order.
            processor=Processor(name="Pi Zero 2 W", gmac_s=(1.3, 3.2), slower=16.0),
            # The third generation has the same cores, a little faster.
            models=r"Zero 2|3 Model|Compute Module 3",
            settings=Settings(
                camera=CameraSettings(look_interval_ms=350),
                vision=VisionSettings(
                    threads=3,
                    second_looks=False,
                    embed_interval_ms=700,
                    embed_sure_interval_ms=3500,
                    track_lost_after_ms=1200,
                ),
                presence=PresenceSettings(vote_window_ms=3000, left_after_ms=4500),
                # One survey with a taught thing would take two seconds, in which nobody is looked for.
                things=ThingsSettings(enabled=False),
            ),
        ),
        "pi4": Profile(
            # Published for ncnn in int8.
            processor=Processor(name="Pi 4", gmac_s=(6.7, 16.5), slower=8.0),
            models=r"4\d\d\b|4 Model|Compute Module 4",
            settings=Settings(
                camera=CameraSettings(look_interval_ms=125),
                vision=VisionSettings(threads=3, embed_interval_ms=250, sweep_interval_ms=500),
            ),
        ),
        "pi5": Profile(
            # Estimated: 2.4 GHz, two NEON pipes where the Pi 4 has one, the Pi 4's share of its peak. Dot
            # products of four, which XNNPACK uses there, could double it; they are not counted on.
            processor=Processor(name="Pi 5", gmac_s=(15.0, 37.0), slower=3.0),
            models=r"5\d\d\b|5 Model|Compute Module 5",
            settings=Settings(
                camera=CameraSettings(width_px=1280, height_px=960), vision=VisionSettings(threads=2)
            ),
        ),
    }
)
"""By the name that `board.profile` has in the settings."""


def board_model(file: Path = MODEL_FILE) -> str | None:
    """What this board calls itself, as "Raspberry Pi 4 Model B Rev 1.5"; None where nothing tells."""
    try:
        return file.read_bytes().decode("utf-8", "replace").rstrip("\0").strip() or None
    except OSError:
        return None


def profile_of(model: str | None) -> str:
    """The name of the profile for a board that calls itself so; NONE for one that Kith does not know."""
    found = re.match(r"Raspberry Pi (.*)", model or "")
    names = (name for name, each in PROFILES.items() if found and re.match(each.models, found[1]))
    return next(names, NONE)


def chosen_profile(settings: BoardSettings, file: Path = MODEL_FILE) -> str:
    """The profile that these settings mean on this board: a key of PROFILES, or NONE."""
    return profile_of(board_model(file)) if settings.profile == AUTO else settings.profile


def defaults_of(profile: str, file: Path = MODEL_FILE) -> Settings:
    """The defaults where the settings say this of `board.profile`."""
    board = BoardSettings(profile=profile)
    name = chosen_profile(board, file)
    if name == NONE:
        if profile == AUTO and (model := board_model(file)) is not None:
            _LOG.info("no profile for the board '%s': the usual defaults are used", model)
        return Settings(board=board)
    return replace(PROFILES[name].settings, board=board)


def settings_of_file(config: Path | None, file: Path = MODEL_FILE) -> Settings:
    """The settings of a TOML file, or where there is none the defaults, of this board. Raises ConfigError."""

    def defaults(profile: str) -> Settings:
        return defaults_of(profile, file)

    return defaults(AUTO) if config is None else load_settings(config, defaults)
