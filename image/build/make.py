"""The whole build, step by step."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from image import ImageError
from image.build import gate, initrd, kernel, python_parts, settle, unpack
from image.build.boot_partition import build_partition, fill_slot, take_firmware
from image.build.card import build_card
from image.build.debs import Deb, Further, choose_and_fetch, fetch_locked
from image.build.lock import lock_text, read_debs
from image.build.package_set import LISTS, load_package_set
from image.build.root_partition import build_root
from image.build.workshop import Source, Workshop
from image.mirrors import mirrors_here

_BYTE_CODE = (f"/usr/lib/python{python_parts.PYTHON}", python_parts.LIB, "/opt/kith/onboard")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What a build is made of: `lock` names packages instead of what the archives have today."""

    source: Source
    lock: Path | None = None
    further: Further | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What a build gave: the card, its root partition, and what it was made of."""

    card: Path
    root: Path
    debs: Sequence[Deb]


def build(shop: Workshop, inputs: Inputs) -> Built:
    """Build the card image from nothing; ImageError says what stands in the way."""
    shutil.rmtree(shop.work, ignore_errors=True)
    shop.work.mkdir(parents=True)
    with shop.step("tools"):
        shop.tools.ensure(shop.report)
    debs = _packages(shop, inputs)
    found = _root_tree(shop, debs)
    _settled(shop, inputs.source, found, debs)
    return _card(shop, inputs.source, debs)


def _packages(shop: Workshop, inputs: Inputs) -> list[Deb]:
    chosen = load_package_set(shop.flavour)
    with shop.step("packages chosen and downloaded"):
        if inputs.lock is None:
            return choose_and_fetch(shop, chosen, mirrors_here(), inputs.further)
        debs = read_debs(inputs.lock, shop.flavour)
        fetch_locked(shop, chosen, debs, mirrors_here(), inputs.further)
        return debs


def _root_tree(shop: Workshop, debs: Sequence[Deb]) -> kernel.Kernel:
    with shop.step(f"{len(debs)} packages unpacked"):
        scripts = unpack.unpack(shop, debs)
        gate.check(scripts, gate.load_reviews())
        unpack.write_status(shop.root, shop.work / "control", [each.name for each in debs])
        unpack.drop_needless(shop.root)
    with shop.step("initrd, kernel modules"):
        found = kernel.find_kernel(shop.root)
        kernel.index_modules(shop, found)
        fill_slot(shop, found, initrd.build_initrd(shop, found))
        idle = kernel.keep_modules(shop, found)
        if idle:
            shop.report(f"           this kernel has no module for: {', '.join(idle)}")
    return found


def _settled(shop: Workshop, source: Source, found: kernel.Kernel, debs: Sequence[Deb]) -> None:
    with shop.step("wheels"):
        python_parts.install_wheels(shop)
    with shop.step("the pins' driver compiled"):
        python_parts.build_lgpio(shop)
    with shop.step("Kith, users, units"):
        python_parts.install_kith(shop)
        settle.settle(shop, source)
        settle.cache_libraries(shop)
    with shop.step("byte-code"):
        python_parts.compile_all(shop, _BYTE_CODE)


def _card(shop: Workshop, source: Source, debs: Sequence[Deb]) -> Built:
    with shop.step("boot partition"):
        boot = build_partition(shop, take_firmware(shop), source)
    with shop.step("root partition"):
        root = build_root(shop, source)
    with shop.step("card"):
        card = build_card(shop, boot=boot, root=root)
    wheels = [*python_parts.pinned(LISTS / "wheels.txt"), *python_parts.pinned(LISTS / "sources.txt")]
    text = lock_text(flavour=shop.flavour, source=source, debs=debs, wheels=wheels)
    (shop.out / "inputs.lock").write_text(text, encoding="utf-8")
    return Built(card=card, root=root, debs=debs)


__all__ = ["Built", "ImageError", "Inputs", "build"]
