"""Settings: one TOML file read into frozen values. Every field has a unit in its name and a default.

A number marked † in `docs/spoken-interface.md` is ours and waits for trials with wearers; it lives here.
"""

from __future__ import annotations

import dataclasses
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from kith.errors import ConfigError

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraSettings:
    """The camera. kind: auto, picamera2 or v4l2."""

    kind: str = "auto"
    v4l2_device: str = "/dev/video0"
    width_px: int = 640
    height_px: int = 480
    rotation_deg: int = 0
    horizontal_fov_deg: float = 62.2
    """Of the Pi's Camera Module 2; distances are computed from it."""
    look_interval_ms: int = 100
    """One frame in this time is looked at; the rest are dropped."""
    silent_after_ms: int = 2000
    """No frame for so long is a fault that is spoken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VisionSettings:
    """From a frame to embeddings."""

    threads: int = 1
    detector_score: float = 0.6
    """A face below this detector score (0..1) does not exist."""
    min_inter_eye_px: float = 12.0
    """2.8 m with the usual camera. Development faces made so small still have their own name in four of
    five single looks; at 9 px in one of two. The detector finds fewer than half of those below 10 px."""
    min_luma: float = 25.0
    max_luma: float = 240.0
    min_sharpness: float = 2.6
    """Blurred so far, the median score of a person with their own picture falls from 0.68 to 0.50 on the
    development faces, and below it soon to nothing; strangers' scores do not rise with blur."""
    max_yaw_deg: float = 75.0
    """All 12 pictures of enrolled people between 55 and 70 degrees in the development faces were recognised;
    of 33 strangers' pictures turned so far, 0.5 % were given a name, a small sample."""
    max_pitch_deg: float = 45.0
    facing_yaw_deg: float = 25.0
    embed_interval_ms: int = 200
    """How often a track is embedded while it is not sure who it is."""
    embed_sure_interval_ms: int = 1000
    """How often once it is."""
    track_lost_after_ms: int = 700


@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceSettings:
    """When someone is there and when they are gone."""

    votes: int = 3
    vote_window_ms: int = 1500
    left_after_ms: int = 3000
    cooldown_ms: int = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnounceSettings:
    """Voice and sounds."""

    voice: str = "en"
    words_per_minute: int = 175
    volume: float = 0.8
    """Of speech and earcons, 0..1 of full scale."""
    sound_device: str = ""
    """Part of the name of the device to play on; empty: the system's default."""
    ambient_max_age_ms: int = 2000
    notice_max_age_ms: int = 15_000
    response_max_age_ms: int = 5000
    """Also how long an answer whose playing failed is worth a second try."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrollmentSettings:
    """Learning a person by the button."""

    views: int = 5
    min_view_gap_ms: int = 150
    timeout_ms: int = 20_000
    min_inter_eye_px: float = 24.0
    max_yaw_deg: float = 40.0
    min_agreement: float = 0.45
    """Least cosine between two views of one enrollment."""
    hint_interval_ms: int = 2500
    lost_after_ms: int = 1500
    """The face being learnt was not seen for so long: it starts again from the first view."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ButtonSettings:
    """The one button and how presses are told apart."""

    gpio: int = 17
    debounce_ms: int = 25
    double_gap_ms: int = 350
    hold_ms: int = 1000
    privacy_hold_ms: int = 4000
    power_warning_ms: int = 8000
    power_hold_ms: int = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of the main daemon."""

    camera: CameraSettings = field(default_factory=CameraSettings)
    vision: VisionSettings = field(default_factory=VisionSettings)
    presence: PresenceSettings = field(default_factory=PresenceSettings)
    announce: AnnounceSettings = field(default_factory=AnnounceSettings)
    enrollment: EnrollmentSettings = field(default_factory=EnrollmentSettings)
    button: ButtonSettings = field(default_factory=ButtonSettings)


def load_settings(path: Path) -> Settings:
    """Read a TOML file; what it does not name keeps its default. Raises ConfigError."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read the settings in {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error
    return _build(Settings, table, where=str(path))


def _build(kind: type[T], table: dict[str, Any], where: str) -> T:
    hints = get_type_hints(kind)
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in hints:
            raise ConfigError(f"{where}: there is no setting '{key}'; known are {', '.join(sorted(hints))}")
        values[key] = _value(hints[key], value, f"{where}: {key}")
    return kind(**values)


def _value(expected: Any, value: Any, where: str) -> Any:
    if dataclasses.is_dataclass(expected) and isinstance(expected, type):
        if not isinstance(value, dict):
            raise ConfigError(f"{where} must be a table")
        return _build(expected, value, where)
    if expected is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not expected:
        raise ConfigError(f"{where} must be {expected.__name__}, not {value!r}")
    if isinstance(value, int | float) and value < 0:
        raise ConfigError(f"{where} must not be negative, but is {value}")
    return value
