"""Puts the parts together, the same for the wearable and for a simulation."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2

from kith.announce.earcons import EarconBank
from kith.announce.player import Player
from kith.app.core import Core, Trouble
from kith.app.events import Observer
from kith.app.known_people import KnownPeople
from kith.app.known_things import KnownThings
from kith.app.notices import Notices
from kith.app.opening import thing_network
from kith.app.optional import eyes_opener, objects_fitted
from kith.app.paths import calibration_dir, models_dir
from kith.app.perception import Perception
from kith.app.surroundings import Objects, Surroundings
from kith.clock import Clock
from kith.config import Settings
from kith.errors import GalleryCorrupt
from kith.ports import Microphone, Narrator, Speech
from kith.recognition.gallery import Gallery
from kith.recognition.matcher import Matcher, TemplateSet
from kith.recognition.operating_point import load_operating_point
from kith.runtime.memory import let_go_of_files
from kith.vision.pipeline import open_analyzer

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """The assembled parts that do not depend on how time passes. troubles: met while assembling, to be
    handed to the core once it has a voice."""

    core: Core
    perception: Perception
    player: Player
    gallery: Gallery
    speech: Speech
    troubles: tuple[Trouble, ...]
    narrators: tuple[Narrator, ...] = ()

    def close(self) -> None:
        """Let voice and gallery go; no narration outlives the device."""
        for narrator in self.narrators:
            narrator.cancel()
        self.speech.close()
        self.gallery.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fittings:
    """guarded: a guard that is never heard is a fault. microphone, notices: None where there is none.
    describer, reader: None where they are off, or not installed."""

    guarded: bool = False
    microphone: Microphone | None = None
    notices: Notices | None = None
    describer: Narrator | None = None
    reader: Narrator | None = None


PLAIN = Fittings()


def assemble(
    settings: Settings,
    gallery_file: Path,
    speech: Speech,
    clock: Clock,
    observe: Observer,
    *,
    virtual_time: bool,
    fittings: Fittings = PLAIN,
) -> Device:
    """Load the networks, open the gallery, make the core. Raises KithError when any of it cannot be had.

    virtual_time: the player waits for the voice instead of playing silence until it comes. fittings: what
    not every device has.
    """
    # Else its threads, one a core, wake up for each picture that is shrunk.
    cv2.setNumThreads(settings.vision.threads)
    analyzer = open_analyzer(models_dir(), settings.vision)
    # The runtime has copied the weights into an order of its own.
    let_go_of_files((models_dir() / "build").glob("*.tflite"))
    point = load_operating_point(calibration_dir() / "operating_point.toml", analyzer.model_id)
    objects = objects_fitted(settings.things, models_dir())
    fitted = objects is Objects.FITTED
    gallery, troubles = _open_gallery(gallery_file, analyzer.model_id, thing_network() if fitted else None)
    perception = Perception(
        analyzer,
        Matcher(gallery.templates(), point, gallery.counterexamples()),
        settings.camera,
        settings.vision,
        eyes_opener(settings, models_dir()) if fitted else None,
    )

    def renew(matcher: Matcher) -> None:
        perception.matcher = matcher

    def learn(templates: TemplateSet, extents: Mapping[int, float]) -> None:
        perception.things.taught = templates, extents

    player = Player(speech, EarconBank(), volume=settings.announce.volume, wait_for_speech=virtual_time)
    around = Surroundings(
        perception=perception,
        player=player,
        observe=observe,
        guarded=fittings.guarded,
        microphone=fittings.microphone,
        notices=fittings.notices,
        objects=objects,
        describer=fittings.describer,
        reader=fittings.reader,
    )
    people = KnownPeople(gallery, point, renew, settings)
    things = KnownThings(people.reading, learn)
    core = Core(settings, people, around, clock.now_ns(), things)
    return Device(
        core=core,
        perception=perception,
        player=player,
        gallery=gallery,
        speech=speech,
        troubles=troubles,
        narrators=tuple(one for one in (fittings.describer, fittings.reader) if one is not None),
    )


def quieten_opencv() -> None:
    """OpenCV and its FFmpeg print what they think of a video or camera that fails; Kith says it in words."""
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)


def _open_gallery(
    path: Path, model_id: str, thing_model_id: str | None
) -> tuple[Gallery, tuple[Trouble, ...]]:
    """The gallery; or, where it is damaged beyond its backup, an empty one with the damaged file kept beside
    it, so that the wearer has a device that tells what happened and can learn anew."""
    try:
        return Gallery.open(path, model_id, thing_model_id), ()
    except GalleryCorrupt as damage:
        _LOG.error("%s", damage)
    number = 1
    while (aside := path.with_name(f"{path.name}.lost-{number}")).exists():
        number += 1
    for suffix in ("", "-wal", "-shm"):
        file = path.with_name(path.name + suffix)
        if file.exists():
            file.rename(aside.with_name(aside.name + suffix))
    trouble = Trouble(key="gallery.lost", text="the gallery was damaged and there is no backup")
    return Gallery.open(path, model_id, thing_model_id), (trouble,)
