"""`make bench`: what a look costs, beside what a user would pick instead; what the device weighs; how soon it
sees, speaks and warns."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from bench import daemon_cost, frames, guard_latency, search, speech_latency, stages
from bench.documents import replace_block
from kith.errors import KithError

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT, IMAGES = ROOT / "docs" / "speed.md", ROOT / "docs" / "images"
ACCURACY = Path(__file__).parent / "accuracy.json"
PICTURES, ROUNDS = 6, 7
"""Frames with each number of faces, and rounds over them: four minutes, of which dlib takes three."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run all parts, or those that are named."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "parts",
        nargs="*",
        metavar="part",
        help=f"of {', '.join(_PARTS)}; default: all but {' and '.join(_LONG)}",
    )
    parser.add_argument("--video", type=Path, default=frames.WALK, help="640x480 video (the demo walk)")
    parser.add_argument("--data", type=Path, help="folder in LFW's layout: each peer's accuracy too")
    parser.add_argument("--only", metavar="KEY", help="accuracy of this one anew: kith, opencv ...")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"over the pictures; default: {ROUNDS}")
    parser.add_argument("--count", type=int, default=1000, help="presses of `response`, 1.6 s each")
    parser.add_argument("--docs", action="store_true", help="write tables and figures into docs/")
    chosen = parser.parse_args(arguments)
    if unknown := sorted(set(chosen.parts) - _PARTS.keys()):
        parser.error(f"there is no part {unknown[0]}: they are {', '.join(_PARTS)}")
    parts = [name for name in _PARTS if name in chosen.parts or (not chosen.parts and name not in _LONG)]
    if chosen.docs and chosen.data is None and "accuracy" in parts:
        parser.error("--docs needs --data for the accuracy: a fast wrong answer is nothing")
    try:
        for name in parts:
            _PARTS[name](chosen)
    except KithError as error:
        sys.exit(f"kith: {error}")


def _accuracy(chosen: argparse.Namespace) -> None:
    from bench.peers import accuracy, report
    from bench.peers.environment import prepare

    if chosen.data is None:
        print("\nNo accuracy was measured: `make bench DATA=FOLDER` does it, a folder in LFW's layout.")
        return
    peers = prepare(_say).peers
    specs = [spec for spec in peers if chosen.only in (None, spec.key)]
    found, failed = accuracy.measure(specs, chosen.data, _say)
    if chosen.only:
        known = accuracy.load(ACCURACY) | found
        found = {spec.key: known[spec.key] for spec in peers if spec.key in known}
    _show("accuracy", [*report.accuracy_lines(found), *(f"- {line}" for line in failed)], chosen)
    if chosen.docs:
        accuracy.save(found, ACCURACY)


def _peers(chosen: argparse.Namespace) -> None:
    from bench.peers import accuracy, report
    from bench.peers.environment import prepare
    from bench.peers.rounds import compare

    prepared = prepare(_say)
    with tempfile.TemporaryDirectory() as folder:
        pictures = frames.save(frames.pick(chosen.video, PICTURES), Path(folder))
        found = compare(prepared.peers, pictures, chosen.rounds, _say)
    missing = [f"- {line}" for line in (*prepared.missing, *found.failed)]
    _show("peers", [*report.speed_lines(found, PICTURES, chosen.rounds), *missing], chosen)
    if chosen.docs:
        from bench import plots

        plots.draw_comparison(found, accuracy.load(ACCURACY), IMAGES / "bench.png")


def _stages(chosen: argparse.Namespace) -> None:
    _show("stages", stages.lines(stages.measure(chosen.video), stages.running(chosen.video)), chosen)


def _search(chosen: argparse.Namespace) -> None:
    searched = search.measure()
    _show("search", search.table(searched), chosen)
    if chosen.docs:
        from bench import plots

        plots.draw_search(searched, IMAGES / "search.png")


def _response(chosen: argparse.Namespace) -> None:
    from bench import response

    found = response.measure(chosen.video, chosen.count)
    _show("response", response.lines(found), chosen)
    if chosen.docs:
        from bench import plots

        plots.draw_responses(found, IMAGES / "response.png")


def _soak(chosen: argparse.Namespace) -> None:
    from bench import soak

    soak.report(chosen.video)


def _optional(chosen: argparse.Namespace) -> None:
    from bench import optional_parts

    print("\n== optional ==\n", *optional_parts.lines(chosen.video), sep="\n", flush=True)


_PARTS: dict[str, Callable[[argparse.Namespace], None]] = {
    "accuracy": _accuracy,
    "peers": _peers,
    "stages": _stages,
    "search": _search,
    "daemon": lambda chosen: daemon_cost.report(chosen.video),
    "speech": lambda chosen: speech_latency.report(),
    "response": _response,
    "guard": lambda chosen: guard_latency.report(chosen.video),
    "optional": _optional,
    "soak": _soak,
}
_LONG = ("response", "optional", "soak")
"""Five minutes to half an hour each."""


def _show(name: str, lines: Sequence[str], chosen: argparse.Namespace) -> None:
    print(f"\n== {name} ==\n", *lines, sep="\n", flush=True)
    if chosen.docs:
        replace_block(DOCUMENT, name, lines)


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
