"""Settings: one TOML file read into frozen values. Every field has a unit in its name and a default.

Beside its default stands what a setting may be: out of range it is refused when the file is read.
A number marked † in `docs/spoken-interface.md` is ours and waits for trials with wearers; it lives here.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kith.config.extras import ReadingSettings, SceneSettings, ThingsSettings
from kith.config.fields import bounded, one_of
from kith.config.file import build_settings, read_table
from kith.config.tables import (
    AnnounceSettings,
    BoardSettings,
    ButtonSettings,
    CameraSettings,
    CorrectionSettings,
    EnrollmentSettings,
    ExpirySettings,
    GuardWatchSettings,
    LearningSettings,
    MicrophoneSettings,
    NamingSettings,
    PresenceSettings,
    QuestionSettings,
    VisionSettings,
)

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "BOARD_TABLE",
    "DEVICE_TABLE",
    "GUARD_TABLE",
    "SETTINGS_FILE",
    "AnnounceSettings",
    "BoardSettings",
    "ButtonSettings",
    "CameraSettings",
    "CorrectionSettings",
    "EnrollmentSettings",
    "ExpirySettings",
    "GuardWatchSettings",
    "LearningSettings",
    "MicrophoneSettings",
    "NamingSettings",
    "PresenceSettings",
    "QuestionSettings",
    "ReadingSettings",
    "SceneSettings",
    "Settings",
    "ThingsSettings",
    "VisionSettings",
    "bounded",
    "build_settings",
    "load_settings",
    "one_of",
    "read_table",
    "usual_settings_file",
]

SETTINGS_FILE = "/etc/kith/kith.toml"
"""The settings of a wearable; both programs read it unless they are given another."""
GUARD_TABLE = "guard"
"""The table of the file that is the guard's."""
BOARD_TABLE = "board"
DEVICE_TABLE = "device"
"""The table of the file that is the SD image's: host name and the like. Neither program looks at it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of the main daemon."""

    camera: CameraSettings = field(default_factory=CameraSettings)
    vision: VisionSettings = field(default_factory=VisionSettings)
    presence: PresenceSettings = field(default_factory=PresenceSettings)
    announce: AnnounceSettings = field(default_factory=AnnounceSettings)
    enrollment: EnrollmentSettings = field(default_factory=EnrollmentSettings)
    questions: QuestionSettings = field(default_factory=QuestionSettings)
    naming: NamingSettings = field(default_factory=NamingSettings)
    microphone: MicrophoneSettings = field(default_factory=MicrophoneSettings)
    correction: CorrectionSettings = field(default_factory=CorrectionSettings)
    expiry: ExpirySettings = field(default_factory=ExpirySettings)
    learning: LearningSettings = field(default_factory=LearningSettings)
    button: ButtonSettings = field(default_factory=ButtonSettings)
    guard_watch: GuardWatchSettings = field(default_factory=GuardWatchSettings)
    board: BoardSettings = field(default_factory=BoardSettings)
    things: ThingsSettings = field(default_factory=ThingsSettings)
    scene: SceneSettings = field(default_factory=SceneSettings)
    reading: ReadingSettings = field(default_factory=ReadingSettings)


def usual_settings_file() -> str | None:
    """SETTINGS_FILE, for who was given no other; None where there is none. One that is there and cannot be
    read is no reason for the defaults: a guard on other pins than it is wired to does not warn."""
    try:
        os.lstat(SETTINGS_FILE)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        pass  # It cannot be seen: who reads it will say why.
    return SETTINGS_FILE


def load_settings(
    path: Path, defaults_of: Callable[[str], Settings] = lambda profile: Settings()
) -> Settings:
    """Read a TOML file; what it does not name keeps its default. The tables `guard` (see
    `kith.guard.settings`) and `device` belong to others and are not looked at.

    defaults_of: the defaults by the file's `board.profile` (see `kith.app.boards`). Raises ConfigError.
    """
    others = (GUARD_TABLE, DEVICE_TABLE)
    table = read_table(path)
    for other in others:
        table.pop(other, None)
    only_board = {key: value for key, value in table.items() if key == BOARD_TABLE}
    profile = build_settings(Settings(), only_board, where=str(path), others=others).board.profile
    return build_settings(defaults_of(profile), table, where=str(path), others=others)
