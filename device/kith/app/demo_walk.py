"""The demo walk, as `make demo` builds it: a video, its people and the presses of the button."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from kith.app.opening import open_recognition
from kith.app.paths import home
from kith.app.people import add_photos
from kith.config import Settings
from kith.errors import InputError, PersonNotFound
from kith.guard.ports import Position
from kith.guard.settings import GuardSettings

_MEND = "run `make demo`"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoWalk:
    """cast: who is enrolled beforehand, from which photos. names: what is said when Kith asks for a name.
    scene: what the range sensors meet, sensors: which kind there is at which position."""

    video: Path
    scene: Path
    sensors: dict[str, str]
    button: str
    names: tuple[str, ...]
    cast: tuple[tuple[str, tuple[Path, ...]], ...]

    def sensors_of(self, settings: GuardSettings) -> GuardSettings:
        """The settings with the sensors of the walk."""
        kinds = {position: self.sensors.get(position, "none") for position in Position}
        return replace(
            settings,
            head=replace(settings.head, kind=kinds[Position.HEAD]),
            knee=replace(settings.knee, kind=kinds[Position.KNEE]),
        )


def load_walk() -> DemoWalk:
    """Read what was built. Raises InputError when it was not."""
    folder = home() / "demo" / "build"
    try:
        table = tomllib.loads((folder / "walk.toml").read_text(encoding="utf-8"))
        return DemoWalk(
            video=folder / table["video"],
            scene=folder / table["scene"],
            sensors=dict(table["sensors"]),
            button=table["button"],
            names=tuple(table["names"]),
            cast=tuple(
                (each["name"], tuple(folder / photo for photo in each["photos"])) for each in table["enrol"]
            ),
        )
    except FileNotFoundError as error:
        raise InputError(
            f"the demo walk is not built: {_MEND}, or give --video FILE or --photos DIR"
        ) from error
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise InputError(f"the demo walk in {folder} is damaged: {_MEND}") from error


def enrol_cast(walk: DemoWalk, settings: Settings, state: Path) -> None:
    """Enrol those of the cast who are not in the gallery yet, as a carer does. Raises KithError."""
    today = datetime.now(UTC)
    with open_recognition(state, settings, None, create=True) as recognition:
        for name, photos in walk.cast:
            try:
                recognition.gallery.person(name)
            except PersonNotFound:
                if add_photos(recognition, name, photos, today).person is None:
                    raise InputError(f"the demo's photos of one person cannot be used: {_MEND}") from None
