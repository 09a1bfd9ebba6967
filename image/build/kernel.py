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


def add_wishes(
    needs: Mapping[str, list[str]], modules_softdep: str, modules_alias: str
) -> dict[str, list[str]]:
    """What each module needs in turn, and what it asks for by a name: ext4 its checksum, for one."""
    named = _by_name(needs, modules_alias)
    wishes: dict[str, list[str]] = {}
    for line in modules_softdep.splitlines():
        words = [word.replace("-", "_") for word in line.split()]
        if words[:1] == ["softdep"]:
            found = [path for word in words[2:] for path in named.get(word, ())]
            wishes.setdefault(words[1], []).extend(found)
    return {path: _all_needs(path, needs, wishes) for path in needs}


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
    chosen, idle = choose(all_needs(kernel), patterns)
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


def all_needs(kernel: Kernel) -> dict[str, list[str]]:
    """Each of the kernel's modules with all that it needs or asks for; after `index_modules`."""
    kinds = ("dep", "softdep", "alias")
    dep, softdep, alias = ((kernel.modules / f"modules.{kind}").read_text(encoding="utf-8") for kind in kinds)
    return add_wishes(read_needs(dep), softdep, alias)


def index_modules(shop: Workshop, kernel: Kernel) -> None:
    """Write down, as depmod does, which module needs which."""
    shop.tools.run(["depmod", "-b", str(shop.root), kernel.version])


def _by_name(needs: Mapping[str, list[str]], modules_alias: str) -> dict[str, list[str]]:
    """Paths by module name, and by every other plain name that a module goes by."""
    named = {module_name(path): [path] for path in needs}
    for line in modules_alias.splitlines():
        words = [word.replace("-", "_") for word in line.split()]
        if words[:1] == ["alias"] and words[2] in named and "*" not in words[1]:
            named.setdefault(words[1], []).extend(named[words[2]])
    return named


def _all_needs(path: str, needs: Mapping[str, list[str]], wishes: Mapping[str, list[str]]) -> list[str]:
    found: dict[str, None] = {}
    waiting = [path]
    while waiting:
        each = waiting.pop()
        further = [*needs[each], *wishes.get(module_name(each), ())]
        waiting.extend(one for one in further if one not in found)
        found.update(dict.fromkeys(further))
    return [each for each in found if each != path]
