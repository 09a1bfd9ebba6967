"""`kith read`: one picture file, read as the wearer would hear it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from kith.app.narrated import Narrated, narrate
from kith.app.paths import models_dir
from kith.config import Settings
from kith.drivers.reading_narrator import ReadingNarrator
from kith.ports import Subject
from kith.vision.imaging import load_photo


def read_file(file: Path, settings: Settings, models: Path | None, tell: Callable[[str], None]) -> Narrated:
    """Tell the text in a picture sentence by sentence as it is read, and last why there is none or no more.
    Raises InputError."""
    subject = Subject(rgb=load_photo(file))
    narrator = ReadingNarrator(settings.reading, models or models_dir())
    return narrate("read", narrator, subject, settings.reading.most_words, tell)
