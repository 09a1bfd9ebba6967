"""`python3 -m image`: build the SD card image, its updates, and the keys that sign them."""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import os
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from image import OUTPUT_DIR, ImageError
from image.build import checks, gate
from image.build.bundle import build_bundle
from image.build.debs import Further
from image.build.make import Built, Inputs, build, give_away
from image.build.package_set import FLAVOURS, load_package_set
from image.build.signing import find_keys, make_keys
from image.build.workshop import Workshop, source_here
from image.tools_tree import ToolsTree


def main(arguments: Sequence[str] | None = None) -> int:
    """0 where it went well; an ImageError is one line and 1."""
    chosen = _parser().parse_args(arguments)
    # The rights of files that are written here are those of the device's, and part of what is the same twice.
    os.umask(0o022)
    try:
        return int(chosen.run(chosen))
    except ImageError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _build(chosen: argparse.Namespace) -> int:
    begun = time.monotonic()
    shop, inputs = _shop(chosen), _inputs(chosen)
    if chosen.dry_run:
        _tell_set(chosen)
        return 0
    built = build(shop, inputs)
    packed, update = give_away(shop, inputs, built)
    _tell_built(built, packed, update)
    print(f"{time.monotonic() - begun:7.1f} s  in all")
    return _again(chosen, shop, inputs, built) if chosen.again else 0


def _again(chosen: argparse.Namespace, shop: Workshop, inputs: Inputs, first: Built) -> int:
    """Build once more with downloads and folders of its own, and compare."""
    place = OUTPUT_DIR / "again"
    shutil.rmtree(place, ignore_errors=True)
    print("once more, from downloads of its own:")
    other = dataclasses.replace(shop, cache=place / "cache", out=place, took_s={})
    keys = inputs.keys or find_keys(None, shop.tools, lambda _: None).folder
    second = build(other, dataclasses.replace(inputs, keys=keys))
    hashes = [_sha256(each.card) for each in (first, second)]
    print("\n".join(f"{value}  {each.card}" for value, each in zip(hashes, (first, second), strict=True)))
    if hashes[0] != hashes[1]:
        raise ImageError(f"two builds of the same source differ; compare {first.root} with {second.root}")
    print("the same bytes twice")
    shutil.rmtree(place)
    return 0


def _bundle(chosen: argparse.Namespace) -> int:
    shop = _shop(chosen)
    keys = find_keys(chosen.keys, shop.tools, print)
    print(build_bundle(shop, source_here(), shop.work / "root.squashfs", keys))
    return 0


def _keys(chosen: argparse.Namespace) -> int:
    tools = ToolsTree()
    tools.ensure()
    keys = make_keys(chosen.folder, tools)
    print(f"{keys.authority}: goes into images built with --keys {chosen.folder}")
    print(f"{keys.key}: signs updates; keep it from everybody")
    print(f"{keys.authority_key}: makes a new signing key when that one is lost; keep it apart, offline")
    return 0


def _scripts(chosen: argparse.Namespace) -> int:
    control = _shop(chosen).work / "control"
    if not control.is_dir():
        raise ImageError("no packages are unpacked yet; type: python3 -m image build")
    reviews = gate.load_reviews()
    for folder in sorted(control.iterdir()):
        found = gate.read_scripts(folder.name, folder)
        if found is None or (chosen.package and found.package not in chosen.package):
            continue
        known = reviews.get(found.package)
        print(f"{found.text}\n{gate.line_for(found, known.instead if known else '')}\n")
    return 0


def _check(chosen: argparse.Namespace) -> int:
    shop = _shop(chosen)
    if not shop.root.is_dir():
        raise ImageError("there is no tree to check; type: python3 -m image build")
    checks.refuse([*checks.check_tree(shop.root), *checks.check_units(shop)])
    print("nothing is wrong with the tree that was built last")
    return 0


def _tell_set(chosen: argparse.Namespace) -> None:
    found = load_package_set(chosen.set)
    for title, packages in (("in", found.wanted), ("left out", found.without)):
        print(f"{title}:")
        print("\n".join(f"  {name:32} {why}" for name, why in packages.items()))


def _tell_built(built: Built, packed: Path, update: Path) -> None:
    for path in (built.card, packed, update):
        print(f"{path}: {path.stat().st_size / 1e6:,.0f} MB, sha256 {_sha256(path)}")
    taken_mb = built.card.stat().st_blocks * 512 / 1e6
    print(f"The card image takes {taken_mb:,.0f} MB on this disk. To write it to a card at /dev/sdX:")
    print(f"  zstd -dc {packed} | sudo dd of=/dev/sdX bs=4M conv=fsync status=progress")


def _sha256(path: Path) -> str:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _shop(chosen: argparse.Namespace) -> Workshop:
    return Workshop(tools=ToolsTree(), flavour=chosen.set)


def _inputs(chosen: argparse.Namespace) -> Inputs:
    further = None
    if chosen.archive is not None and chosen.keyring is not None:
        further = Further(address=chosen.archive, keyring=chosen.keyring)
    return Inputs(source=source_here(), lock=chosen.lock, further=further, keys=chosen.keys)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 -m image", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    building = commands.add_parser("build", help="the image and its update, from nothing, into build/image")
    _of_a_set(building)
    _with_keys(building)
    building.add_argument("--lock", type=Path, help="build from exactly the packages of this inputs.lock")
    building.add_argument("--again", action="store_true", help="build twice and compare")
    building.add_argument("--dry-run", action="store_true", help="only show the list of packages")
    building.add_argument("--archive", metavar="ADDRESS", help="the archive that rpios needs beside Debian's")
    building.add_argument("--keyring", type=Path, help="that archive's keys")
    building.set_defaults(run=_build)
    checking = commands.add_parser("check", help="look for what must not be in the tree that was built last")
    _of_a_set(checking)
    checking.set_defaults(run=_check)
    bundle = commands.add_parser("bundle", help="sign the root that was built last as an update")
    _of_a_set(bundle)
    _with_keys(bundle)
    bundle.set_defaults(run=_bundle)
    keys = commands.add_parser("keys", help="make the keys that sign updates")
    keys.add_argument("folder", type=Path)
    keys.set_defaults(run=_keys)
    scripts = commands.add_parser(
        "scripts", help="show packages' maintainer scripts, and their lines for the list"
    )
    _of_a_set(scripts)
    scripts.add_argument("package", nargs="*")
    scripts.set_defaults(run=_scripts)
    return parser


def _of_a_set(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--set", choices=FLAVOURS, default=FLAVOURS[0], help="the list of packages")


def _with_keys(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--keys", type=Path, help="a maintainer's own, made by the command keys")


if __name__ == "__main__":
    sys.exit(main())
