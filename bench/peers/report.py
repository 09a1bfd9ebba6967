"""What a comparison found, as tables in Markdown, and each aim beside its figure."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.peers.accuracy import Accuracy, Rate
from bench.peers.rounds import Comparison, Measured, Spread
from bench.peers.wire import ALIGN, DETECT, EMBED, WHOLE

_COLUMNS = (
    ("detect, no face", 0, DETECT),
    ("detect, one face", 1, DETECT),
    ("align, judge", 1, ALIGN),
    ("embed a face", 1, EMBED),
    ("**frame, none**", 0, WHOLE),
    ("**frame, one face**", 1, WHOLE),
    ("**frame, two faces**", 2, WHOLE),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """How many times as long as Kith a peer should take for a stage with so many faces, at least."""

    words: str
    peer: str
    faces: int
    stage: str
    times: float


AIMS = (
    Aim(words="detection, OpenCV", peer="opencv", faces=1, stage=DETECT, times=2.5),
    Aim(words="embedding, OpenCV", peer="opencv", faces=1, stage=EMBED, times=6.0),
    Aim(words="whole frame, one face, OpenCV", peer="opencv", faces=1, stage=WHOLE, times=4.0),
    Aim(words="whole frame, two faces, OpenCV", peer="opencv", faces=2, stage=WHOLE, times=4.0),
    Aim(words="whole frame, no face, OpenCV", peer="opencv", faces=0, stage=WHOLE, times=4.0),
    Aim(words="whole frame, one face, dlib", peer="face_recognition", faces=1, stage=WHOLE, times=20.0),
    Aim(words="whole frame, two faces, dlib", peer="face_recognition", faces=2, stage=WHOLE, times=20.0),
    Aim(words="whole frame, no face, dlib", peer="face_recognition", faces=0, stage=WHOLE, times=20.0),
)


def speed_lines(found: Comparison, pictures: int, rounds: int) -> list[str]:
    """Everything but the accuracy."""
    return [
        f"CPU milliseconds on one thread of {processor()}, the least disturbed of {rounds} rounds;"
        f" in each the median over {pictures} frames of 640×480.",
        "",
        *_milliseconds(found),
        "",
        "How many times as long as Kith each takes: by the least disturbed rounds (single rounds: from, to).",
        "",
        *_ratios(found),
        "",
        *_aims(found),
        "",
        "Memory, start, and the frames in which each found all faces and nothing else:",
        "",
        *_weights(found),
        "",
        *(f"- {line}" for line in _notes(found)),
    ]


def accuracy_lines(found: Mapping[str, Accuracy]) -> list[str]:
    """The table of accuracies."""
    lines = [
        "| | named at FPIR 1 % (TPIR) | 1:1, refused at FMR 0.1 % (FNMR) | its own threshold "
        "| there: named | there: strangers named | photos with a vector |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    return lines + [
        f"| {each.label} | {_rate(each.tpir)} | {_rate(each.fnmr)} | {each.usual_score:.3g} "
        f"| {each.usual_tpir:.1%} | {each.usual_fpir:.1%} | {each.described / each.photos:.1%} |"
        for each in found.values()
    ]


def processor() -> str:
    """The processor's name, as it says itself."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _milliseconds(found: Comparison) -> list[str]:
    def row(measured: Measured) -> str:
        cells = [_ms(measured.least_ms(faces, stage)) for _, faces, stage in _COLUMNS]
        whole_ms = measured.least_ms(1, WHOLE)
        return _row(measured.label, *cells, "–" if whole_ms is None else f"{1000 / whole_ms:.0f}")

    head = _head(*(title for title, _, _ in _COLUMNS), "faces a second")
    return [*head, *(row(measured) for measured in found.peers.values())]


def _ratios(found: Comparison) -> list[str]:
    columns = [column for column in _COLUMNS if column[2] != ALIGN]
    return [
        *_head(*(title for title, _, _ in columns)),
        *(
            _row(measured.label, *(_times(found.ratio(key, faces, stage)) for _, faces, stage in columns))
            for key, measured in found.peers.items()
            if key != "kith"
        ),
    ]


def _aims(found: Comparison) -> list[str]:
    lines = ["| aim | asked | measured | |", "| --- | ---: | ---: | --- |"]
    for aim in AIMS:
        ratio = found.ratio(aim.peer, aim.faces, aim.stage) if aim.peer in found.peers else None
        verdict = "not measured" if ratio is None else "reached" if ratio.value >= aim.times else "**missed**"
        lines.append(f"| {aim.words} | {aim.times:g} | {_times(ratio)} | {verdict} |")
    return lines


def _weights(found: Comparison) -> list[str]:
    def row(measured: Measured) -> str:
        weight = measured.weight
        assert weight is not None, "every peer that is kept was weighed"
        all_found = ", ".join(f"{good} of {of}" for good, of in measured.found.values())
        return _row(
            measured.label,
            f"{weight.opened_mib:.0f} MiB",
            f"{weight.running_mib:.0f} MiB",
            f"{weight.peak_mib:.0f} MiB",
            f"{weight.start_wall_s:.2f} s",
            f"{weight.start_cpu_s:.2f} s",
            all_found,
        )

    head = _head(
        "imported, opened",
        "after its looks",
        "at most",
        "start to first look, wall",
        "the same, CPU",
        "found: none, one, two",
    )
    return [*head, *(row(measured) for measured in found.peers.values())]


def _notes(found: Comparison) -> list[str]:
    versions = "; ".join(dict.fromkeys(measured.versions for measured in found.peers.values()))
    return [f"Measured: {versions}."]


def _head(*titles: str) -> list[str]:
    return [_row("", *titles), _row("---", *("---:" for _ in titles))]


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _times(spread: Spread | None) -> str:
    return "–" if spread is None else f"{spread.value:.1f} ({spread.low:.1f} to {spread.high:.1f})"


def _rate(rate: Rate) -> str:
    return f"{rate.value:.2%} ({rate.low:.2%} to {rate.high:.2%})"
