"""Where a build works and what it says meanwhile."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from image import CACHE_DIR, OUTPUT_DIR, REPOSITORY, ImageError
from image.tools_tree import ToolsTree

_FIXED_EPOCH_S = 1_767_225_600
"""2026-01-01, for a source that is not a git checkout."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """One build's folders and tools. `cache` keeps downloads, `work` is made anew each time."""

    tools: ToolsTree
    flavour: str
    cache: Path = CACHE_DIR
    out: Path = OUTPUT_DIR
    report: Callable[[str], None] = print
    took_s: dict[str, float] = field(default_factory=dict)

    @property
    def work(self) -> Path:
        """The folder of this build's own trees and partitions."""
        return self.out / "work" / self.flavour

    @property
    def root(self) -> Path:
        """The tree that becomes the root file system."""
        return self.work / "root"

    @property
    def boot(self) -> Path:
        """What goes into a slot's folder: kernel, initrd, device trees, overlays, command line."""
        return self.root / "usr/lib/kith/boot"

    def inside(self, path: str) -> Path:
        """A path of the device in the root tree, for instance `/etc/passwd`."""
        return self.root / path.lstrip("/")

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Tell of a step and how long it took."""
        begun = time.monotonic()
        yield
        self.took_s[name] = time.monotonic() - begun
        self.report(f"{self.took_s[name]:7.1f} s  {name}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What of Kith is built: its commit, whether files differ from it, and the time that everything gets."""

    commit: str
    dirty: bool
    epoch_s: int

    @property
    def version(self) -> str:
        """One word for people: day and commit."""
        day = time.strftime("%Y-%m-%d", time.gmtime(self.epoch_s))
        return f"{day}-{self.commit[:10]}{'+' if self.dirty else ''}"


def source_here(repository: Path = REPOSITORY) -> Source:
    """The source's state; SOURCE_DATE_EPOCH of the environment goes before the commit's own time."""
    commit = _git(repository, "rev-parse", "HEAD") or "none"
    told = os.environ.get("SOURCE_DATE_EPOCH")
    if told is not None and not told.isdecimal():
        raise ImageError(f"SOURCE_DATE_EPOCH is '{told}'; it must be whole seconds since 1970")
    committed = _git(repository, "log", "-1", "--format=%ct")
    dirty = bool(_git(repository, "status", "--porcelain"))
    return Source(commit=commit, dirty=dirty, epoch_s=int(told or committed or _FIXED_EPOCH_S))


def _git(repository: Path, *arguments: str) -> str:
    command = ["git", "-C", str(repository), "-c", f"safe.directory={repository}", *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
