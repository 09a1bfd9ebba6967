"""`kith doctor --aloud`: what was found, in Kith's voice. Fixed words for who carries the device or cares for
them; the written report has the rest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import MappingProxyType
from typing import Final

import numpy as np

from kith.announce.earcons import EarconBank
from kith.announce.words import Phrasebook
from kith.app import aloud
from kith.app.findings import Finding, Verdict
from kith.config import AnnounceSettings
from kith.ports import AudioSink, Speech
from kith.types import I16, SAMPLE_RATE_HZ, Announcement

_PAUSE_S = 0.3
_UNTOLD = frozenset(("battery", "voice", "speaker"))
"""Most batteries cannot be asked; and of a voice or speaker that is gone nobody hears."""
_LINES: Final = MappingProxyType(
    {
        "system": "doctor.system",
        "networks": "doctor.system",
        "figures": "doctor.system",
        "gallery": "doctor.gallery",
        "things": "doctor.things",
        "storage": "doctor.storage",
        "camera": "doctor.camera",
        "button": "doctor.button",
        "remote": "doctor.remote",
        "microphone": "doctor.microphone",
        "scene": "doctor.scene",
        "guard": "doctor.guard",
        "head": "doctor.head",
        "knee": "doctor.knee",
    }
)
"""What is said of a part that does not work, or is missing."""


def begin(settings: AnnounceSettings) -> tuple[Announcement, ...]:
    """What is said before the parts are looked at."""
    return (Phrasebook(settings).announcement("doctor.begin", 0),)


def outcome(findings: Iterable[Finding], settings: AnnounceSettings) -> tuple[Announcement, ...]:
    """What is said of them: how many work, in one sentence, then each that does not and what to do about it;
    no sentence twice."""
    findings = [each for each in findings if each.part not in _UNTOLD]
    words = Phrasebook(settings)
    wrong = [each for each in findings if each.verdict is not Verdict.OK]
    if not wrong:
        return (words.announcement("doctor.well", 0),)
    count = len(findings) - len(wrong)
    first = {0: "doctor.works_none", 1: "doctor.works_one"}.get(count, "doctor.works_many")
    keys = dict.fromkeys(_LINES.get(each.part, "doctor.other") for each in wrong)
    return (
        words.announcement(first, 0, count=count),
        *(words.announcement(key, 0) for key in keys),
    )


def tell(announcements: Iterable[Announcement], speech: Speech, sink: AudioSink, volume: float) -> None:
    """Say them one after the other; returns when the last is handed over. Raises AudioFault."""
    for announcement in announcements:
        for block in _sound(announcement, speech):
            aloud.write(block, sink, volume)


def _sound(announcement: Announcement, speech: Speech) -> Iterator[I16]:
    if announcement.earcon is not None:
        yield EarconBank().sound(announcement.earcon)
    if announcement.phrase is not None:
        yield from aloud.spoken(speech, announcement.phrase.text, amid="told how the device is")
    yield np.zeros((round(_PAUSE_S * SAMPLE_RATE_HZ), 2), np.int16)
