"""What a doctor says of the things that were taught."""

from __future__ import annotations

from pathlib import Path

from kith.app.opening import none_yet, thing_network
from kith.app.optional import objects_fitted
from kith.app.paths import gallery_file, models_dir
from kith.app.surroundings import Objects
from kith.config import ThingsSettings
from kith.errors import GalleryError, GalleryModelMismatch, ModelError
from kith.recognition.gallery import Gallery

_NOT_LOOKED_FOR = {Objects.OFF: "switched off in the settings", Objects.MISSING: "not installed"}
_NONE = "none taught yet"


def check_things(settings: ThingsSettings, state: Path) -> str:
    """How many are known, all of which can be found. Raises GalleryModelMismatch where some must be taught
    anew."""
    try:
        why_not = _NOT_LOOKED_FOR.get(objects_fitted(settings, models_dir()))
        if why_not is not None:
            return why_not
        if none_yet(state):
            return _NONE
        with Gallery.looked_at(gallery_file(state), None, thing_network()) as gallery:
            taught, anew = len(gallery.things()), len(gallery.of_another_network())
    except (GalleryError, ModelError):
        return "none can be counted"  # the line of the gallery, the networks or the figures says why
    if anew:
        raise GalleryModelMismatch(
            f"{anew} of {taught} taught with an earlier network, and not found any more: teach them anew in "
            f"the book (a tap and a hold, on to the thing, a double tap); `kith things list` names them"
        )
    return f"{taught} taught, which today's network can find" if taught else _NONE
