"""`python3 -m image.testing [--only STEP] [--machine virt]`: try the built image in QEMU. Root.

Ends with 1 where a step failed. The log is build/image/test/log.md, the consoles lie beside it.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from image import OUTPUT_DIR, ImageError
from image.testing.card import CARD_BYTES, free_bytes
from image.testing.machine import BOARDS
from image.testing.record import Record, StepFailed
from image.testing.steps.boards import board
from image.testing.steps.boot import boot
from image.testing.steps.cuts import first_start_cuts, power_cuts
from image.testing.steps.faults import faults
from image.testing.steps.settings import settings
from image.testing.steps.stored import data
from image.testing.steps.updates import update, update_cuts
from image.testing.trial import Trial
from image.tools_tree import ToolsTree

STEPS: Mapping[str, Callable[[Trial], None]] = {
    "boot": boot,
    "data": data,
    "first-cuts": first_start_cuts,
    "power-cuts": power_cuts,
    "faults": faults,
    "update": update,
    "update-cuts": update_cuts,
    "settings": settings,
    "raspi3b": partial(board, name="raspi3b"),
    "raspi4b": partial(board, name="raspi4b"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    chosen = _chosen(arguments)
    # So that no machine stays on.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))
    tell = partial(print, flush=True)
    try:
        trial = _trial(chosen, tell)
    except ImageError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for name in chosen.only or STEPS:
        try:
            STEPS[name](trial)
        except StepFailed as error:
            tell(f"step {name} ends here: {str(error).splitlines()[0]}")
    tell(f"the log: {trial.folder / 'log.md'}")
    return 0 if trial.record.good else 1


def _chosen(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python3 -m image.testing", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=list(STEPS), metavar="STEP", help=", ".join(STEPS))
    parser.add_argument("--machine", choices=list(BOARDS), default="virt")
    parser.add_argument("--image", type=Path, default=OUTPUT_DIR / "kith-debian.img")
    parser.add_argument("--folder", default="test", help="within build/image: log, consoles, cards")
    parser.add_argument("--keep", action="store_true", help="keep the started card of an earlier run")
    return parser.parse_args(arguments)


def _trial(chosen: argparse.Namespace, tell: Callable[[str], None]) -> Trial:
    image: Path = chosen.image.resolve()
    if not image.is_file():
        raise ImageError(f"there is no image {image}; build it by: make image")
    folder = OUTPUT_DIR / chosen.folder
    if not chosen.keep:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    if free_bytes(folder) < CARD_BYTES:
        raise ImageError(f"{folder} has less than {CARD_BYTES >> 30} GiB of room")
    tools = ToolsTree()
    tools.ensure(tell)
    record = Record(folder / "log.md", f"{image.name} in QEMU", tell)
    return Trial(
        tools=tools, image=image, folder=folder, record=record, board=BOARDS[chosen.machine], tell=tell
    )


if __name__ == "__main__":
    sys.exit(main())
