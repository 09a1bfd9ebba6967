"""`make bench`: what a look costs, what the device weighs, how soon it sees, speaks and warns."""

from __future__ import annotations

import argparse
from pathlib import Path

from bench import daemon_cost, guard_latency, speech_latency, stages

WALK = Path(__file__).resolve().parent.parent / "demo" / "build" / "walk.avi"


def main() -> None:
    """Run all parts, or the one that is named."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "part", nargs="?", choices=["stages", "daemon", "speech", "guard"], help="default: all"
    )
    parser.add_argument(
        "--video", type=Path, default=WALK, help="640x480 video with one face (the demo walk)"
    )
    chosen = parser.parse_args()
    if chosen.part in (None, "stages"):
        stages.report(chosen.video)
    if chosen.part in (None, "daemon"):
        daemon_cost.report(chosen.video)
    if chosen.part in (None, "speech"):
        speech_latency.report()
    if chosen.part in (None, "guard"):
        guard_latency.report(chosen.video)


if __name__ == "__main__":
    main()
