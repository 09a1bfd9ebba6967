"""`kith describe`: one picture file, described as the wearer would hear it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kith.app.narrated import narrate
from kith.app.paths import models_dir
from kith.config import Settings
from kith.drivers.scene_narrator import SceneNarrator
from kith.errors import ConfigError, InputError
from kith.ports import NarrationEnd, Subject
from kith.simulation.output_files import check_output, write_output
from kith.types import BoxPx
from kith.vision.every_face import every_face
from kith.vision.imaging import load_photo
from kith.vision.pipeline import open_analyzer

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """How it went. covered: faces that were; first_s: from the request to the first sentence, None without
    one; whole_s: to the end."""

    end: NarrationEnd
    covered: int
    first_s: float | None
    whole_s: float


def describe(
    file: Path, settings: Settings, models: Path | None, *, sent: Path | None, tell: Callable[[str], None]
) -> Described:
    """Tell a picture's description sentence by sentence as it comes, and last why there is no more of it.

    Nobody is known here: every face is covered, unless `scene.show_strangers`. sent: a file for the very
    JPEG that leaves the device. Raises InputError, ConfigError, ModelError.
    """
    if not settings.scene.url:
        raise ConfigError("no server is known: set scene.url, or give --url http://192.168.1.20:8080/v1")
    rgb = load_photo(file)
    hide: tuple[BoxPx, ...] = ()
    if not settings.scene.show_strangers:
        analyzer = open_analyzer(models or models_dir(), settings.vision)
        hide = tuple(face.box for face in every_face(analyzer, rgb))
    if sent is not None:
        check_output(sent)
        if sent.exists() and sent.samefile(file):
            raise InputError(f"--sent would overwrite {file}: give another file")
    keep = None if sent is None else _keeper(sent)
    narrator = SceneNarrator(settings.scene, voice=settings.announce.voice, on_sent=keep)
    subject = Subject(rgb=rgb, hide=hide)
    done = narrate("scene", narrator, subject, settings.scene.most_words, tell)
    return Described(end=done.end, covered=len(hide), first_s=done.first_s, whole_s=done.whole_s)


def _keeper(sent: Path) -> Callable[[bytes], None]:
    def keep(picture: bytes) -> None:
        # In the narrator's thread, where nobody takes an error.
        try:
            write_output(sent, picture)
        except InputError as error:
            _LOG.error("%s", error)

    return keep
