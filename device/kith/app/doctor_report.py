"""`kith doctor --json`: what the doctor found, for programs and for maintainers; without anybody's name."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from kith.app.boards import MODEL_FILE, board_model
from kith.app.findings import Finding, Verdict
from kith.app.free_text import free_texts
from kith.app.paths import gallery_file
from kith.app.scrubbing import Scrubber, whereabouts
from kith.config import Settings
from kith.errors import KithError
from kith.recognition.gallery import Gallery
from kith.recognition.store import backup_of
from kith.types import Kind, Person


def report(
    findings: Iterable[Finding], scrubber: Scrubber, *, when: datetime, board: Path = MODEL_FILE
) -> dict[str, Any]:
    """What `kith doctor --help` promises. when: with a time zone."""
    found = [
        {"part": each.part, "verdict": each.verdict.value.lower(), "text": scrubber.scrub(each.text)}
        for each in findings
    ]
    failed = Verdict.FAILED.value.lower()
    return {
        "version": kith_version(),
        "when": when.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "board": board_model(board),
        "overall": "failed" if any(each["verdict"] == failed for each in found) else "ok",
        "findings": found,
    }


def kith_version() -> str:
    """As `kith --version`."""
    try:
        return version("kith")
    except PackageNotFoundError:
        return "unknown"


def scrubber_of(settings: Settings, state: Path, config: Path | None = None) -> Scrubber:
    """Knows everybody in the gallery and what the settings say in free text; changes nothing. A gallery that
    cannot be read has no names to give. config: the file of the settings."""
    words = whereabouts(state=state, home=Path.home(), settings=config)
    if remote := settings.button.remote:
        # In quotes it is always found; on its own only where it is not a part of half the words.
        words |= {f"'{remote}'": "'[remote]'"} | ({remote: "[remote]"} if len(remote) > 2 else {})
    for text in free_texts(settings):
        # One word alone may be an everyday one.
        spelt = (f"'{text}'", *([text] if _TWO_WORDS.search(text) else []))
        words = {each: each.replace(text, "[set]") for each in spelt} | words
    with suppress(OSError):
        host = socket.gethostname()
        words |= {host: "[host]"} if host.lower() not in _EVERY_HOST and len(host) > 2 else {}
    known = _known_in(state) or ()
    # As above: what is called "camera" must not take every camera out of a report.
    words |= {
        each.name: "[thing]" for each in known if each.kind is Kind.THING and _TWO_WORDS.search(each.name)
    }
    return Scrubber(_of_people(known), words)


_TWO_WORDS = re.compile(r"\w\W+\w")
_EVERY_HOST = ("kith", "localhost", "raspberrypi", "debian")


def names_in(state: Path) -> list[str] | None:
    """Of everybody in the gallery, or in its backup where that cannot be read; None where both cannot be,
    though there is one."""
    known = _known_in(state)
    return None if known is None else _of_people(known)


def _of_people(known: Iterable[Person]) -> list[str]:
    return [each.name for each in known if each.kind is Kind.PERSON]


def _known_in(state: Path) -> list[Person] | None:
    """Who and what has a name that is no made one, as of `names_in`."""
    file = gallery_file(state)
    for each in (file, backup_of(file)):
        with suppress(KithError, OSError), Gallery.looked_at(each, None) as gallery:
            return [one for one in (*gallery.people(), *gallery.things()) if not one.generated]
    return [] if _is_nowhere(file) else None


def _is_nowhere(file: Path) -> bool:
    try:
        return not any(file.parent.glob(f"{file.name}*")) and os.access(file.parent, os.R_OK | os.X_OK)
    except OSError:
        return False
