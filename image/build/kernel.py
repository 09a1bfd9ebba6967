"""The kernel's modules: those that matter, with all they need in turn, and nothing else."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from image import ImageError
from image.build.package_set import LISTS, read_list
from image.build.workshop import Workshop

_SUFFIX = re.compile(r"\.ko(\.\w+)?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernel:
    """The kernel of a root tree. `modules`: the folder of its modules."""

    version: str
    modules: Path


def find_kernel(root: Path) -> Kernel:
    """The one kernel of the tree; ImageError where there is none, or more."""
    folders = sorted(path for path in (root / "usr/lib/modules").glob("*") if path.is_dir())
    if len(folders) != 1:
        raise ImageError(f"the packages hold {len(folders)} kernels; the list must name one")
    return Kernel(version=folders[0].name, modules=folders[0])


def module_key(path: str) -> str:
    """A module's name in the lists: its path below kernel/, without .ko*."""
    return _SUFFIX.sub("", path.removeprefix("kernel/"))


def module_name(path: str) -> str:
    """A module's name as the kernel has it."""
    return _SUFFIX.sub("", path.rsplit("/", 1)[-1]).replace("-", "_")


def read_needs(modules_dep: str) -> dict[str, list[str]]:
    """depmod's list: module path -> paths of all that it needs in turn."""
    pairs = (line.split(":", 1) for line in modules_dep.splitlines() if ":" in line)
    return {path: needs.split() for path, needs in pairs}


def choose(needs: Mapping[str, list[str]], patterns: Iterable[str]) -> tuple[set[str], list[str]]:
    """The paths that the patterns name, with what they need in turn; and the patterns that name nothing."""
    chosen: set[str] = set()
    idle = []
    for pattern in patterns:
        found = [path for path in needs if fnmatch.fnmatchcase(module_key(path), pattern)]
        chosen.update(found)
        if not found:
            idle.append(pattern)
    return chosen | {need for path in chosen for need in needs[path]}, idle


def keep_modules(shop: Workshop, kernel: Kernel) -> list[str]:
    """Remove all modules that are not chosen; gives back the patterns that this kernel has no module for."""
    lists = read_list(LISTS / "modules.toml")
    patterns = [pattern for group in lists.values() for pattern in group]
    needs = read_needs((kernel.modules / "modules.dep").read_text(encoding="utf-8"))
    chosen, idle = choose(needs, patterns)
    for path in kernel.modules.rglob("*.ko*"):
        if str(path.relative_to(kernel.modules)) not in chosen:
            path.unlink()
    for folder in sorted(kernel.modules.rglob("*"), reverse=True):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    index_modules(shop, kernel)
    built_in = {
        module_key(line) for line in (kernel.modules / "modules.builtin").read_text(encoding="utf-8").split()
    }
    return [each for each in idle if not fnmatch.filter(built_in, each)]


def index_modules(shop: Workshop, kernel: Kernel) -> None:
    """Write down, as depmod does, which module needs which."""
    shop.tools.run(["depmod", "-b", str(shop.root), kernel.version])
