"""The parts that a device may do without. Of one that is off or not there nothing is imported."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from kith.app.surroundings import Objects
from kith.app.thing_sight import ThingEyes
from kith.config import ReadingSettings, Settings, ThingsSettings
from kith.ports import Narrator
from kith.vision.networks import has_files, has_network


def objects_fitted(settings: ThingsSettings, models: Path) -> Objects:
    """Whether objects and things can be known. Raises ModelError."""
    if not settings.enabled:
        return Objects.OFF
    fitted = has_network("objects", models) and has_network("things", models)
    return Objects.FITTED if fitted else Objects.MISSING


def eyes_opener(settings: Settings, models: Path) -> Callable[[], ThingEyes]:
    """Opens what knows objects and things, once it is called: that takes memory and time."""

    def open_eyes() -> ThingEyes:
        from kith.app.thing_eyes import open_thing_eyes

        return open_thing_eyes(models, settings)

    return open_eyes


def open_describer(settings: Settings, on_sent: Callable[[bytes], None] | None = None) -> Narrator | None:
    """Who describes what is in front, where that is wanted. on_sent: told each JPEG that leaves."""
    if not settings.scene.enabled:
        return None
    from kith.drivers.scene_narrator import SceneNarrator

    return SceneNarrator(settings.scene, voice=settings.announce.voice, on_sent=on_sent)


def open_reader(settings: ReadingSettings, models: Path) -> Narrator | None:
    """Who reads what is written, where that is wanted and its networks were built. Raises ModelError."""
    if not (settings.enabled and has_files("reading", models)):
        return None
    from kith.drivers.reading_narrator import ReadingNarrator

    return ReadingNarrator(settings, models)
