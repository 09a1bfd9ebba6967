"""What other programs of the system have Kith say: each leaves an empty file, named by the key of a line, in
a folder. An update is told of so, by programs that have no voice."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

_LOG = logging.getLogger(__name__)
_RUNTIME_DIRECTORY = "/run/kith"

KEYS: Final = frozenset(f"update.{what}" for what in ("installing", "restarting", "done", "back", "refused"))
"""Lines that may be asked for. Any other file is taken away: whoever can write into the folder must not be
able to have just anything said."""


def notices_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Where they are left: `notices` in the runtime directory that systemd gave, else in /run/kith."""
    return Path(environ.get("RUNTIME_DIRECTORY", _RUNTIME_DIRECTORY).split(":")[0]) / "notices"


class Notices:
    """The folder, made where only it is missing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._told = False
        self._stuck: set[tuple[int, str]] = set()
        with suppress(OSError):
            folder.mkdir(mode=0o750, exist_ok=True)

    def oldest(self) -> str | None:
        """The key of the line that has waited longest; None where none waits, or where the folder cannot be
        read. Files of other names are taken away."""
        try:
            with os.scandir(self._folder) as entries:
                found = [(each.stat(follow_symlinks=False).st_mtime_ns, each.name) for each in entries]
        except OSError:  # a file may also be gone between the two: then a second later
            return None
        waiting: list[tuple[int, str]] = []
        for at_ns, name in found:
            if (at_ns, name) in self._stuck:
                continue
            if name in KEYS:
                waiting.append((at_ns, name))
            else:
                self._refuse(name)
        return min(waiting)[1] if waiting else None

    def remove(self, key: str) -> None:
        """It was said, or is given up. One that cannot be taken away, as from a folder of another user's, is
        not told of again until it is left anew."""
        file = self._folder / key
        try:
            file.unlink()
        except OSError as error:
            with suppress(OSError):
                self._stuck.add((file.lstat().st_mtime_ns, key))
                _LOG.warning("a notice cannot be taken away: %s", error.strerror)

    def _refuse(self, name: str) -> None:
        if not self._told:
            # Not its name, which could be anybody's.
            _LOG.warning("a notice of a name that Kith does not know was taken away unsaid")
        self._told = True
        self.remove(name)
