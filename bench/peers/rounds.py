"""All peers on the same pictures, in turns: what each stage costs, and how many times more than with Kith.

The machine may be busy with other things, and its clock may change from one second to the next. So peers
take turns of a few seconds, in many rounds; the best round of each counts, and the spread of single rounds
is told.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.peers.host import Child, PeerFailed, PeerSpec
from bench.peers.wire import WHOLE

STARTS = 3

Say = Callable[[str], None]
Key = tuple[int, str]
"""Faces in the picture, and the stage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """A figure, with the least and the most that single rounds gave."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """A peer's process: MiB resident once it is open, after its looks and at most; seconds from the start of
    the process to the end of the first look, on the wall and of CPU."""

    opened_mib: float
    running_mib: float
    peak_mib: float
    start_wall_s: float
    start_cpu_s: float


@dataclass(slots=True, kw_only=True)
class Measured:
    """Of one peer. rounds_ms: for each count of faces and stage the median over the pictures, a round each;
    all_found: pictures in which it found all faces and no more, of how many."""

    label: str
    versions: str = ""
    rounds_ms: dict[Key, list[float]] = field(default_factory=dict)
    found: dict[int, tuple[int, int]] = field(default_factory=dict)
    weight: Weight | None = None

    def least_ms(self, faces: int, stage: str) -> float | None:
        """Of the best round: what the stage takes where nothing disturbs. None where it was never seen."""
        return min(self.rounds_ms.get((faces, stage), []), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What a run found, peers by key; failed: a line for each peer that broke down."""

    peers: Mapping[str, Measured]
    failed: tuple[str, ...]

    def ratio(self, key: str, faces: int, stage: str, to: str = "kith") -> Spread | None:
        """How many times as long as `to` a peer takes where nothing disturbs either: by the best round of
        each. Low and high: of single rounds."""
        mine = self.peers[key].rounds_ms.get((faces, stage), [])
        theirs = self.peers[to].rounds_ms.get((faces, stage), [])
        if not mine or len(mine) != len(theirs):
            return None
        of_rounds = [a / b for a, b in zip(mine, theirs, strict=True)]
        return Spread(value=min(mine) / min(theirs), low=min(of_rounds), high=max(of_rounds))


def compare(
    specs: Sequence[PeerSpec], pictures: Mapping[int, Sequence[Path]], rounds: int, say: Say
) -> Comparison:
    """Weigh each peer on starts of its own, then `rounds` times each kind of picture by each peer."""
    peers = {spec.key: Measured(label=spec.label) for spec in specs}
    failed: dict[str, str] = {}
    for spec in specs:
        say(f"starting {spec.label}")
        try:
            peers[spec.key].weight = _weigh(spec, pictures)
        except PeerFailed as error:
            failed[spec.key] = f"{spec.label} is left out: {error}"
    children = _open([spec for spec in specs if spec.key not in failed], peers, failed)
    try:
        for number in range(rounds):
            say(f"round {number + 1} of {rounds}")
            _round(children, pictures, number, peers, failed)
    finally:
        for child in children.values():
            child.close()
    kept = {key: measured for key, measured in peers.items() if key not in failed}
    return Comparison(peers=kept, failed=tuple(failed.values()))


def _open(specs: Sequence[PeerSpec], peers: dict[str, Measured], failed: dict[str, str]) -> dict[str, Child]:
    children: dict[str, Child] = {}
    for spec in specs:
        try:
            children[spec.key] = Child(spec)
        except PeerFailed as error:
            failed[spec.key] = f"{spec.label} is left out: {error}"
        else:
            peers[spec.key].versions = children[spec.key].ready.versions
    return children


def _weigh(spec: PeerSpec, pictures: Mapping[int, Sequence[Path]]) -> Weight:
    starts = []
    for _ in range(STARTS):
        with Child(spec) as child:
            cpu_s = child.ask(do="whole", picture=str(pictures[1][0]))["cpu_s"]
            wall_s = child.running_s
            for each in pictures.values():
                after = child.ask(do="whole", picture=str(each[-1]))
            sizes = (child.ready.resident_mib, after["resident_mib"], after["peak_mib"])
            starts.append((*sizes, wall_s, cpu_s))
    opened, running, peak, wall, cpu = (statistics.median(column) for column in zip(*starts, strict=True))
    return Weight(opened_mib=opened, running_mib=running, peak_mib=peak, start_wall_s=wall, start_cpu_s=cpu)


def _round(
    children: dict[str, Child],
    pictures: Mapping[int, Sequence[Path]],
    number: int,
    peers: Mapping[str, Measured],
    failed: dict[str, str],
) -> None:
    """Every kind of picture by every peer, each time another one first."""
    for faces, paths in pictures.items():
        keys = list(children)
        for key in keys[number % len(keys) :] + keys[: number % len(keys)]:
            try:
                answer = children[key].ask(do="look", pictures=[str(path) for path in paths])
            except PeerFailed as error:
                failed[key] = f"{peers[key].label} is left out: {error}"
                children.pop(key).close()
            else:
                _note(peers[key], faces, answer["looks"])


def _note(measured: Measured, faces: int, looks: Sequence[Mapping[str, Any]]) -> None:
    """Only pictures count in which it saw what there is: who misses a face does not embed it."""
    seen = [look["ms"] for look in looks if look["faces"] == look["embedded"] == faces]
    measured.found[faces] = (len(seen), len(looks))
    for stage in sorted({stage for ms in seen for stage in ms}, key=lambda stage: stage == WHOLE):
        median = statistics.median(ms[stage] for ms in seen)
        measured.rounds_ms.setdefault((faces, stage), []).append(median)
