"""Where things lie: the networks and figures that come with Kith, and the gallery."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from kith.errors import ModelMissing

_SYSTEM_STATE = Path("/var/lib/kith")
_SYSTEM_HOME = Path("/usr/share/kith")


def home(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder with `models/` and `calibration/`: $KITH_HOME, else the source checkout this runs from,
    else /usr/share/kith. Raises ModelMissing."""
    if named := environ.get("KITH_HOME"):
        return Path(named)
    for folder in (*Path(__file__).resolve().parents, _SYSTEM_HOME):
        if (folder / "models" / "manifest.toml").is_file():
            return folder
    raise ModelMissing(
        "Kith's networks cannot be found; set KITH_HOME to the folder that holds models/ and calibration/"
    )


def models_dir() -> Path:
    """The folder of the networks and their manifest. Raises ModelMissing."""
    return home() / "models"


def calibration_dir() -> Path:
    """The folder of the measured figures. Raises ModelMissing."""
    return home() / "calibration"


def state_dir(chosen: Path | None, environ: Mapping[str, str] = os.environ) -> Path:
    """The folder of the gallery: the one chosen, else $KITH_STATE_DIR, else what systemd gave, else
    /var/lib/kith where that can be written, else ~/.local/share/kith."""
    if chosen is not None:
        return chosen
    if named := environ.get("KITH_STATE_DIR"):
        return Path(named)
    if given := environ.get("STATE_DIRECTORY"):
        return Path(given.split(":")[0])
    if _SYSTEM_STATE.is_dir() and os.access(_SYSTEM_STATE, os.W_OK):
        return _SYSTEM_STATE
    return Path.home() / ".local" / "share" / "kith"


def gallery_file(state: Path) -> Path:
    """The gallery within a state folder."""
    return state / "kith.db"
