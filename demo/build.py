"""Make the demo's photos, video and description, or find that they are already made."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2

from demo import script
from demo.film import Film
from demo.ranges import describe_scene
from demo.scene import HEIGHT_PX, WIDTH_PX
from demo.sources import PICTURES, Pictures, Report
from demo.walkfile import describe
from kith.errors import InputError
from kith.types import U8

ROOT = Path(__file__).resolve().parent.parent
CACHE_DIR = ROOT / ".cache"
BUILD_DIR = ROOT / "demo" / "build"
VIDEO, SCENE, DESCRIPTION, STAMP = "walk.avi", "scene.toml", "walk.toml", "stamp.json"

_JPEG_QUALITY = 75
_NOT_OF_THE_WALK = {"__main__.py", "run.py", "cutting.py", "heard.py", "levels.py", "recognised.py"}
"""They use what is built and change nothing of it."""

Progress = Callable[[int, int], None]
"""Told after every frame: how many are done, of how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltWalk:
    """What lies in the build folder; `fresh` when it was made just now."""

    video: Path
    description: Path
    photos: Path
    fresh: bool


def build_walk(
    *,
    out: Path = BUILD_DIR,
    cache: Path = CACHE_DIR,
    report: Report = lambda _: None,
    progress: Progress = lambda _done, _total: None,
    force: bool = False,
) -> BuiltWalk:
    """Make what is missing or out of date.

    Raises SourceError where a picture cannot be had, InputError where `out` cannot be written.
    """
    if not force and _is_current(out):
        return _built(out, fresh=False)
    try:
        (out / STAMP).unlink(missing_ok=True)
        _write_photos(out / "photos", Pictures(cache, report))
        report("cutting the people out of their photographs")
        _write_video(out / VIDEO, Film(Pictures(cache, report)), progress)
        (out / SCENE).write_text(describe_scene(), encoding="utf-8")
        (out / DESCRIPTION).write_text(describe(VIDEO, SCENE, _photo_paths()), encoding="utf-8")
        (out / STAMP).write_text(json.dumps(_stamp(out), indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot write the demo to {out}: {error.strerror or error}") from error
    return _built(out, fresh=True)


def _built(out: Path, *, fresh: bool) -> BuiltWalk:
    return BuiltWalk(video=out / VIDEO, description=out / DESCRIPTION, photos=out / "photos", fresh=fresh)


def _photo_paths() -> dict[str, list[str]]:
    """For each person to enrol beforehand, the photos relative to the build folder."""
    return {
        name: [f"photos/{name}/{key}{Path(PICTURES[key].member).suffix}" for key in keys]
        for name, keys in script.ENROLLED.items()
    }


def _write_photos(folder: Path, pictures: Pictures) -> None:
    for name, keys in script.ENROLLED.items():
        for key, path in zip(keys, _photo_paths()[name], strict=True):
            target = folder.parent / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(pictures.content(key))


def _write_video(path: Path, film: Film, progress: Progress) -> None:
    part = path.with_name("part-" + path.name)
    # OpenCV's own Motion JPEG writer is in every build of it, and gives the same file everywhere.
    options = [cv2.VIDEOWRITER_PROP_QUALITY, _JPEG_QUALITY]
    codec = cv2.VideoWriter.fourcc(*"MJPG")
    writer = cv2.VideoWriter(
        str(part), cv2.CAP_OPENCV_MJPEG, codec, script.FPS, (WIDTH_PX, HEIGHT_PX), options
    )
    if not writer.isOpened():
        raise InputError(f"cannot write a video to {part}: is the folder writable, and is there room?")
    try:
        for done, frame in enumerate(_drawn(film), start=1):
            writer.write(frame)
            progress(done, film.frames)
        writer.release()
        _check_video(part, film.frames)
        part.replace(path)
    finally:
        writer.release()
        part.unlink(missing_ok=True)


def _drawn(film: Film) -> Iterator[U8]:
    """The frames in order, drawn by as many threads as there are processors."""
    threads = os.cpu_count() or 1
    with ThreadPoolExecutor(threads) as pool:
        # In portions, since a minute of frames at once would be a gigabyte.
        for portion in range(0, film.frames, 4 * threads):
            yield from pool.map(film.frame, range(portion, min(portion + 4 * threads, film.frames)))


def _check_video(path: Path, frames: int) -> None:
    # OpenCV does not say when the disk is full; the index at the end of the file is then missing.
    capture = cv2.VideoCapture(str(path))
    written = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    capture.release()
    if written != frames:
        raise InputError(f"{path} holds {written} of {frames} frames: is the disk full?")


def _stamp(out: Path) -> dict[str, object]:
    paths = [out / VIDEO, out / SCENE, out / DESCRIPTION]
    paths += (out / one for many in _photo_paths().values() for one in many)
    sizes = {str(path.relative_to(out)): path.stat().st_size for path in paths}
    return {"recipe": _recipe(), "sizes": sizes}


def _recipe() -> str:
    """A hash over what makes the walk; the pictures' own hashes stand in it."""
    digest = hashlib.sha256()
    modules = (path for path in Path(__file__).parent.glob("*.py") if path.name not in _NOT_OF_THE_WALK)
    for path in sorted(modules):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _is_current(out: Path) -> bool:
    try:
        found = json.loads((out / STAMP).read_text(encoding="utf-8"))
        return bool(found == _stamp(out))
    except (OSError, ValueError):
        return False
