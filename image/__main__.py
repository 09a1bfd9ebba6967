"""`python3 -m image`: build the SD card image."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from image import ImageError
from image.build.debs import Further
from image.build.make import Inputs, build
from image.build.package_set import FLAVOURS
from image.build.workshop import Workshop, source_here
from image.tools_tree import ToolsTree


def main(arguments: Sequence[str] | None = None) -> int:
    """0 where it went well; an ImageError is one line and 1."""
    chosen = _parser().parse_args(arguments)
    try:
        return int(chosen.run(chosen))
    except ImageError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _build(chosen: argparse.Namespace) -> int:
    shop = Workshop(tools=ToolsTree(), flavour=chosen.set)
    build(shop, Inputs(source=source_here(), lock=chosen.lock, further=_further(chosen)))
    return 0


def _further(chosen: argparse.Namespace) -> Further | None:
    if chosen.archive is None or chosen.keyring is None:
        return None
    return Further(address=chosen.archive, keyring=chosen.keyring)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 -m image", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    building = commands.add_parser("build", help="the image, from nothing, into build/image")
    _of_a_set(building)
    building.add_argument("--lock", type=Path, help="build from exactly the packages of this inputs.lock")
    building.set_defaults(run=_build)
    return parser


def _of_a_set(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--set", choices=FLAVOURS, default=FLAVOURS[0], help="the list of packages")
    parser.add_argument("--archive", metavar="ADDRESS", help="the archive that the set needs beside Debian's")
    parser.add_argument("--keyring", type=Path, help="that archive's keys")


if __name__ == "__main__":
    sys.exit(main())
