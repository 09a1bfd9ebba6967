"""Do two machines see the same? python -m bench.agreement look OUT.npz [FOLDER], then compare HERE THERE...

`look` runs on each machine, over the demo's photos and some of FOLDER, laid out as LFW is: every face's box,
landmarks, quality and embedding, and then what `kith people add` and `kith identify` make of the photos.
`tools/arm64_check.py` runs it on this machine and on emulated ones. The files hold faces, so it keeps none.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kith.app.paths import models_dir
from kith.config import VisionSettings
from kith.types import AlignedFace, BoxPx
from kith.vision.imaging import open_photo
from kith.vision.pipeline import Assessment, FaceAnalyzer, open_analyzer

DEMO = Path(__file__).resolve().parent.parent / "demo" / "build" / "photos"
TWICE, ONCE = 18, 14
"""So many people with two photos of FOLDER, and so many with one."""
SAME = 20
"""So many faces are embedded once more, from the other machine's pixels."""
SAME_FACE_IOU = 0.5

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """How a figure is distributed: its middle, the one in twenty that is worst, and the worst."""

    median: float
    one_in_twenty: float
    worst: float

    @classmethod
    def of(cls, values: NDArray[Any], *, high_is_bad: bool) -> Shares:
        """Of at least one value."""
        middle, tail = np.quantile(values, [0.5, 0.95 if high_is_bad else 0.05])
        return cls(
            median=float(middle),
            one_in_twenty=float(tail),
            worst=float(values.max() if high_is_bad else values.min()),
        )


def chosen(folder: Path | None) -> list[Path]:
    """The photos: the demo's, and of the folder's people, spread over the alphabet, two or one each."""
    photos = sorted(DEMO.glob("*/*"))
    if folder is None:
        return photos
    people = [sorted(each.glob("*.jpg")) for each in sorted(folder.iterdir()) if each.is_dir()]
    twice = _spread([own for own in people if len(own) > 1], TWICE)
    once = _spread([own for own in people if len(own) == 1], ONCE)
    return photos + [path for own in (*twice, *once) for path in own[:2]]


def _spread(people: list[list[Path]], count: int) -> list[list[Path]]:
    return people[:: max(1, len(people) // count)][:count]


# --- looking --------------------------------------------------------------------------------------------


def look(out: Path, photos: list[Path], same: Path | None) -> None:
    """Write what this machine sees. same: what another one saw, whose aligned faces are embedded as well, so
    that the embedder's own difference can be told from that of its picture."""
    analyzer = open_analyzer(models_dir(), VisionSettings())
    rows: list[dict[str, Any]] = []
    for number, path in enumerate(photos):
        _show(f"photo {number + 1} of {len(photos)}")
        rgb = open_photo(path).rgb
        rows += [_row(analyzer, number, analyzer.assess(rgb, face)) for face in analyzer.detect(rgb)]
    found: Arrays = {key: np.array([row[key] for row in rows]) for key in rows[0]}
    if same is not None:
        _show("the other machine's faces")
        with np.load(same) as other:
            found["same"] = np.array([_embed(analyzer, rgb) for rgb in other["aligned"][:SAME]])
    _show("enrolling and identifying")
    found["decided"] = np.array(json.dumps(decisions(photos)))
    np.savez(out, allow_pickle=False, **found)
    print(file=sys.stderr)


def _row(analyzer: FaceAnalyzer, photo: int, found: Assessment) -> dict[str, Any]:
    box = found.face.box
    return {
        "photo": photo,
        "box": [box.x, box.y, box.w, box.h],
        "landmarks": found.face.landmarks,
        "score": found.face.score,
        "rejection": str(found.rejection),
        "aligned": found.aligned.rgb,
        "embedding": _embed(analyzer, found.aligned.rgb),
    }


def _embed(analyzer: FaceAnalyzer, rgb: NDArray[Any]) -> NDArray[np.float32]:
    return analyzer.embed(AlignedFace(rgb=rgb)).vector


def decisions(photos: list[Path]) -> list[dict[str, Any]]:
    """What `kith identify` says of everybody's last photo once `kith people add` has enrolled, with their
    first, those who have two, and every other one of the rest."""
    people: dict[str, list[Path]] = {}
    for path in photos:
        people.setdefault(path.parent.name, []).append(path)
    names = sorted(people)
    enrolled = [name for at, name in enumerate(names) if len(people[name]) > 1 or at % 2 == 0]
    with tempfile.TemporaryDirectory() as state:
        for name in enrolled:
            _kith("people", "add", name, people[name][0], "--data", state)
        lines = _kith("identify", "--json", "--data", state, *[people[name][-1] for name in names])
    return [json.loads(line) for line in lines.splitlines()]


def _kith(*words: object) -> str:
    """What a command prints; run in this process, since starting takes seconds where it is emulated."""
    from kith.cli import main as kith

    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
        kith.main(args=[str(word) for word in words])
    return printed.getvalue()


def _show(words: str) -> None:
    print(f"\r\033[K{words}", end="", file=sys.stderr, flush=True)


# --- comparing ------------------------------------------------------------------------------------------


def compared(here: Arrays, there: Arrays) -> dict[str, str]:
    """What differs, in words for a table. The embeddings are compared where both found the face."""
    pairs = _pairs(here, there)
    mine, theirs = np.array(pairs, np.int64).reshape(-1, 2).T
    eyes_px = np.linalg.norm(here["landmarks"][mine, 0] - here["landmarks"][mine, 1], axis=1)
    shifts = (
        np.linalg.norm(here["landmarks"][mine] - there["landmarks"][theirs], axis=2).mean(axis=1) / eyes_px
    )
    overlaps = np.array([_box(here, a).iou(_box(there, b)) for a, b in pairs])
    scores = np.abs(here["score"][mine] - there["score"][theirs])
    cosines = (here["embedding"][mine] * there["embedding"][theirs]).sum(axis=1)
    pixels = np.abs(here["aligned"][mine].astype(int) - there["aligned"][theirs].astype(int))
    alone = len(here["box"]) + len(there["box"]) - 2 * len(pairs)
    alike = int((here["rejection"][mine] == there["rejection"][theirs]).sum())
    told = {
        "faces found by both, by one only": f"{len(pairs)}, {alone}",
        "rejected alike": f"{alike} of {len(pairs)}",
        "box overlap (IoU)": _told(Shares.of(overlaps, high_is_bad=False)),
        "landmark shift, share of the eyes' distance": _told(Shares.of(shifts, high_is_bad=True)),
        "difference of detector scores": _told(Shares.of(scores, high_is_bad=True)),
        "difference of a pixel of the aligned face": f"mean {pixels.mean():.2f}, most {pixels.max()} of 255",
        "cosine of the embeddings": _told(Shares.of(cosines, high_is_bad=False)),
    }
    if "same" in there:
        same = (here["embedding"][: len(there["same"])] * there["same"]).sum(axis=1)
        told["the same, of the very same aligned faces"] = _told(Shares.of(same, high_is_bad=False))
    return told | _decided(json.loads(str(here["decided"])), json.loads(str(there["decided"])))


def _told(shares: Shares) -> str:
    return f"{shares.median:.4f} / {shares.one_in_twenty:.4f} / {shares.worst:.4f}"


def _pairs(here: Arrays, there: Arrays) -> list[tuple[int, int]]:
    """Rows of the same face, each used once."""
    pairs: list[tuple[int, int]] = []
    for mine, photo in enumerate(here["photo"]):
        free = [int(at) for at in np.flatnonzero(there["photo"] == photo) if at not in [b for _, b in pairs]]
        best = max(free, key=lambda at: _box(here, mine).iou(_box(there, at)), default=None)
        if best is not None and _box(here, mine).iou(_box(there, best)) >= SAME_FACE_IOU:
            pairs.append((mine, best))
    return pairs


def _box(seen: Arrays, row: int) -> BoxPx:
    x, y, w, h = map(float, seen["box"][row])
    return BoxPx(x=x, y=y, w=w, h=h)


def _decided(here: list[dict[str, Any]], there: list[dict[str, Any]]) -> dict[str, str]:
    answers = [
        (a, b)
        for mine, theirs in zip(here, there, strict=True)
        if len(mine["faces"]) == len(theirs["faces"])
        for a, b in zip(mine["faces"], theirs["faces"], strict=True)
    ]
    alike = sum((a["outcome"], a["name"]) == (b["outcome"], b["name"]) for a, b in answers)
    named = sum(a["outcome"] == "known" for a, _ in answers)
    apart = [abs(a["score"] - b["score"]) for a, b in answers if None not in (a["score"], b["score"])]
    return {
        "answers of `kith identify` alike": f"{alike} of {len(answers)} ({named} named)",
        "their scores differ by at most": f"{max(apart, default=0.0):.4f}",
    }


def main() -> None:
    """Look, or compare what was seen."""
    parser = argparse.ArgumentParser(prog="python -m bench.agreement", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    looking = commands.add_parser("look")
    looking.add_argument("out", type=Path)
    looking.add_argument("folder", type=Path, nargs="?")
    looking.add_argument("--same", type=Path, help="what another machine saw")
    comparing = commands.add_parser("compare")
    comparing.add_argument("here", type=Path)
    comparing.add_argument("there", type=Path, nargs="+")
    options = parser.parse_args()
    if options.command == "look":
        look(options.out, chosen(options.folder), options.same)
        return
    here = dict(np.load(options.here))
    columns = {path.stem: compared(here, dict(np.load(path))) for path in options.there}
    print("| | " + " | ".join(columns) + " |\n| --- |" + " --- |" * len(columns))
    for key in next(iter(columns.values())):
        print(f"| {key} | " + " | ".join(column[key] for column in columns.values()) + " |")


if __name__ == "__main__":
    main()
