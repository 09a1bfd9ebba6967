"""The whole build, step by step."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from image.build import checks, gate, golden, initrd, kernel, python_parts, settle, unpack
from image.build.boot_partition import build_partition, fill_slot, take_firmware
from image.build.bundle import build_bundle
from image.build.card import build_card
from image.build.debs import Deb, Further, choose_and_fetch, fetch_locked
from image.build.lock import lock_text, read_debs
from image.build.materials import materials_text
from image.build.networks import carried
from image.build.package_set import LISTS, load_package_set
from image.build.root_partition import build_root
from image.build.signing import Keys, find_keys
from image.build.workshop import Source, Workshop
from image.mirrors import mirrors_here

_BYTE_CODE = (f"/usr/lib/python{python_parts.PYTHON}", python_parts.LIB, "/opt/kith/onboard")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What a build is made of: `lock` names packages instead of what the archives have today, `keys` are a
    maintainer's own, and where there are none this machine's."""

    source: Source
    lock: Path | None = None
    further: Further | None = None
    keys: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What a build gave: files, all in the output folder but `root`."""

    card: Path
    root: Path
    debs: Sequence[Deb]


def build(shop: Workshop, inputs: Inputs) -> Built:
    """Build the card image from nothing; ImageError says what stands in the way."""
    shutil.rmtree(shop.work, ignore_errors=True)
    shop.work.mkdir(parents=True)
    with shop.step("tools"):
        shop.tools.ensure(shop.report)
    keys = find_keys(inputs.keys, shop.tools, shop.report)
    debs = _packages(shop, inputs)
    _root_tree(shop, debs)
    _fill(shop, inputs.source, keys)
    _checked(shop)
    built = _card(shop, inputs.source, debs)
    _papers(shop, inputs.source, debs)
    return built


def give_away(shop: Workshop, inputs: Inputs, built: Built) -> tuple[Path, Path]:
    """The compressed card and the signed update of the same root."""
    with shop.step("card compressed"):
        packed = built.card.with_name(built.card.name + ".zst")
        shop.tools.run(["zstd", "-q", "-f", "-T2", "-3", str(built.card), "-o", str(packed)])
    with shop.step("update signed"):
        keys = find_keys(inputs.keys, shop.tools, lambda _: None)
        return packed, build_bundle(shop, inputs.source, built.root, keys)


def _packages(shop: Workshop, inputs: Inputs) -> list[Deb]:
    chosen = load_package_set(shop.flavour)
    with shop.step("packages chosen and downloaded"):
        if inputs.lock is None:
            return choose_and_fetch(shop, chosen, mirrors_here(), inputs.further)
        debs = read_debs(inputs.lock, shop.flavour)
        fetch_locked(shop, chosen, debs, mirrors_here(), inputs.further)
        return debs


def _root_tree(shop: Workshop, debs: Sequence[Deb]) -> None:
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


def _fill(shop: Workshop, source: Source, keys: Keys) -> None:
    with shop.step("wheels"):
        python_parts.install_wheels(shop)
    with shop.step("the pins' driver compiled"):
        python_parts.build_lgpio(shop)
    with shop.step("Kith, users, units"):
        python_parts.install_kith(shop)
        settle.settle(shop, source)
        settle.cache_libraries(shop)
        shutil.copyfile(keys.authority, shop.inside("/etc/rauc/keyring.pem"))
        shop.inside("/etc/rauc/keyring.pem").chmod(0o644)
    with shop.step("byte-code"):
        python_parts.compile_all(shop, _BYTE_CODE)


def _checked(shop: Workshop) -> None:
    with shop.step("tree and units checked"):
        checks.refuse([*checks.check_tree(shop.root), *checks.check_units(shop)])
    with shop.step("networks run, emulated"):
        apart = golden.check_inference(shop)
        shop.report(f"           outputs there and here differ by at most {apart:.1g}")


def _card(shop: Workshop, source: Source, debs: Sequence[Deb]) -> Built:
    with shop.step("boot partition"):
        boot = build_partition(shop, take_firmware(shop), source)
    with shop.step("root partition"):
        root = build_root(shop, source)
    with shop.step("card"):
        return Built(card=build_card(shop, boot=boot, root=root), root=root, debs=debs)


def _papers(shop: Workshop, source: Source, debs: Sequence[Deb]) -> None:
    wheels = [*python_parts.pinned(LISTS / "wheels.txt"), *python_parts.pinned(LISTS / "sources.txt")]
    authority = shop.inside("/etc/rauc/keyring.pem")
    text = lock_text(flavour=shop.flavour, source=source, debs=debs, wheels=wheels, authority=authority)
    (shop.out / "inputs.lock").write_text(text, encoding="utf-8")
    bill = materials_text(
        flavour=shop.flavour,
        source=source,
        debs=debs,
        wheels=wheels,
        networks=carried(),
        licences=shop.inside(python_parts.LIB),
    )
    (shop.out / f"kith-{shop.flavour}.cdx.json").write_text(bill, encoding="utf-8")
