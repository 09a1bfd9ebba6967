"""Updates for the tests: the image's own root with a change, signed by keys that the image trusts, or not."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from image.build.bundle import manifest
from image.build.signing import Keys, find_keys, make_keys
from image.testing.card import Card
from image.tools_tree import ToolsTree

VERSION_FILE = "etc/kith-image"
NEW_VERSION = "debian newer, from the tests"
_ROOT = 2
_FLAVOUR = "debian"
_PACKING = "-comp lz4 -no-progress"
"""The tests' time goes elsewhere; a real update is packed as the image is."""

Change = Callable[[Path], None]
"""Changes an unpacked root."""


class Bundles:
    """Makes them in `folder`, within the repository, from the root of a card."""

    def __init__(self, tools: ToolsTree, card: Card, folder: Path) -> None:
        self._tools, self._card, self._folder = tools, card, folder
        self._tree = folder / "root"

    def make(self, name: str, *changes: Change, strangers: bool = False) -> Path:
        """A bundle of the root with these changes, which later bundles do not have. strangers: signed by keys
        that the image does not know."""
        self._unpack()
        for change in changes:
            change(self._tree)
        root = self._folder / "rootfs"
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)
        (root / "manifest.raucm").write_text(manifest(_FLAVOUR, NEW_VERSION), encoding="utf-8")
        packed = str(root / "rootfs.img")
        self._tools.run(["mksquashfs", str(self._tree), packed, "-noappend", "-quiet", *_PACKING.split()])
        made = self._folder / f"{name}.raucb"
        self._sign(root, made, self._keys(strangers))
        shutil.rmtree(root)
        return made

    def _unpack(self) -> None:
        shutil.rmtree(self._tree, ignore_errors=True)
        self._folder.mkdir(parents=True, exist_ok=True)
        start = self._card.partitions()[_ROOT - 1].start
        command = ["unsquashfs", "-no-progress", "-quiet", "-o", str(start), "-d", str(self._tree)]
        self._tools.run([*command, str(self._card.path)])

    def _sign(self, root: Path, made: Path, keys: Keys) -> None:
        made.unlink(missing_ok=True)
        signing = [f"--cert={keys.certificate}", f"--key={keys.key}", f"--keyring={keys.authority}"]
        packing = f"--mksquashfs-args={_PACKING}"
        inside = {keys.folder: str(keys.folder)}
        self._tools.run(["rauc", "bundle", *signing, packing, str(root), str(made)], binds=inside)

    def _keys(self, strangers: bool) -> Keys:
        if not strangers:
            return find_keys(None, self._tools, lambda line: None)
        folder = self._folder / "strangers-keys"
        shutil.rmtree(folder, ignore_errors=True)
        return make_keys(folder, self._tools)


def newer(root: Path) -> None:
    """A version that can be told apart."""
    (root / VERSION_FILE).write_text(NEW_VERSION + "\n", encoding="utf-8")


def dead_kith(root: Path) -> None:
    """Kith ends at once."""
    (root / "opt/kith/bin/kith").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")


def without_init(root: Path) -> None:
    """There is nothing for the initrd to hand over to: the kernel panics."""
    (root / "usr/lib/systemd/systemd").unlink()


def without_kernel(root: Path) -> None:
    """What the firmware is to start is no kernel: nothing happens at all."""
    (root / "usr/lib/kith/boot/vmlinuz").write_bytes(b"\0" * 4096)


def truncated(bundle: Path) -> Path:
    """The first half of a bundle."""
    made = bundle.with_name("truncated.raucb")
    with bundle.open("rb") as source, made.open("wb") as target:
        target.write(source.read(bundle.stat().st_size // 2))
    return made
