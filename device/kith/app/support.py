"""`kith support`: what a maintainer needs to know of a device that fails, with no name and no face in it."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kith.app import support_parts
from kith.app.scrubbing import Scrubber
from kith.config import Settings
from kith.errors import InputError, KithError

LONGEST_BYTES = 1 << 20
"""Of one file of the bundle, its end: a service that starts anew every two seconds says much."""

_README = """A support bundle of Kith {version}, made at {when}.

It is for whoever mends the device. It holds how the parts are, versions, the settings without free text, what
the services and the kernel logged, and figures of the gallery. It holds no picture, no face, no recording and
nothing computed of them, and is meant to hold no name.

{names}
Look through the files before you send them: they are plain text. A name that is an everyday word ("May") was
taken out only where it stands with a capital amid a sentence.

Where the device was running while this was made, the doctor finds its camera, button and speaker in use.
"""
_UNREADABLE = (
    "THE GALLERY COULD NOT BE READ, so that the names in it could not be looked for. Look for them yourself."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One file of the bundle. about: what it is, in words."""

    name: str
    about: str
    text: str


def gather(
    report: dict[str, Any],
    settings: Settings,
    state: Path,
    scrubber: Scrubber,
    *,
    config: Path | None,
    names_known: bool,
) -> list[Piece]:
    """The whole bundle. report: the doctor's, as `doctor_report.report` makes it; names_known: the scrubber
    knows everybody in the gallery. What cannot be read says why in its place; never raises KithError."""
    sources: tuple[tuple[str, str, Callable[[], str]], ...] = (
        ("versions.txt", "Kith, Python, packages, kernel, system, board", support_parts.versions),
        ("settings.json", "the settings that hold, free text left out", lambda: _settings(settings, config)),
        ("services.txt", "both services: since when, how often restarted", support_parts.services),
        ("journal.txt", "what both services logged", support_parts.journal),
        ("kernel.txt", "the end of what the kernel logged", support_parts.kernel),
        ("storage.txt", "disks, mounts, memory", lambda: support_parts.storage(state)),
        ("board.txt", "temperature, supply, throttling", support_parts.board),
        ("devices.txt", "sound cards, cameras, buses", support_parts.devices),
        ("gallery.json", "how many people and templates; is it whole", lambda: _gallery(state)),
    )
    pieces = [Piece(name="doctor.json", about="how each part is", text=_as_json(report))]
    for name, about, read in sources:
        text = _cut(scrubber.scrub(_read(read)))
        pieces.append(Piece(name=name, about=about, text=text))
    names = f"Names of the gallery that were taken out of it: {scrubber.replaced}."
    readme = _README.format(
        version=report["version"], when=report["when"], names=names if names_known else _UNREADABLE
    )
    return [Piece(name="README.txt", about="what this is", text=readme), *pieces]


def pack(pieces: Iterable[Piece], file: Path, environ: Mapping[str, str] = os.environ) -> None:
    """Write a ZIP file that only its owner reads: under sudo, whoever called that. Raises
    InputError where there is one already, or where none can be written."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for piece in pieces:
            archive.writestr(f"kith-support/{piece.name}", piece.text)
    try:
        opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise InputError(f"{file} is there already; choose another name, or move it away") from None
    except OSError as error:
        raise InputError(f"cannot write {file}: {error.strerror}") from error
    try:
        with os.fdopen(opened, "wb") as target:
            if os.geteuid() == 0 and environ.get("SUDO_UID", "").isdecimal():
                os.fchown(target.fileno(), int(environ["SUDO_UID"]), -1)
            target.write(content.getbuffer())
    except OSError as error:
        file.unlink(missing_ok=True)  # half a bundle is none, and would be in the way of the next
        raise InputError(f"cannot write {file}: {error.strerror}") from error


def _read(read: Callable[[], str]) -> str:
    try:
        return read()
    except (OSError, KithError, ValueError, subprocess.SubprocessError) as error:
        return f"cannot be read: {error}\n"


def _settings(settings: Settings, config: Path | None) -> str:
    return _as_json(support_parts.settings_without_free_text(settings, config))


def _gallery(state: Path) -> str:
    return _as_json(support_parts.gallery_figures(state))


def _as_json(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def _cut(text: str) -> str:
    raw = text.encode()
    if len(raw) <= LONGEST_BYTES:
        return text
    end = raw[-LONGEST_BYTES:].decode(errors="ignore")
    return "...\n" + re.sub(r"\A[^\n]*\n", "", end)
