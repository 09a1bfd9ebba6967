"""Descriptions by a vision-language model on a server: `ports.Narrator`. What leaves the device is made here;
the child (`scene_child`) sends it."""

from __future__ import annotations

import logging
from collections.abc import Callable

import cv2
import numpy as np

from kith.config import SceneSettings
from kith.drivers.narrator_process import NarratorProcess, Request
from kith.drivers.scene_prompt import prompt
from kith.ports import NarrationEnd, Subject
from kith.types import U8
from kith.vision.covering import covered

_LOG = logging.getLogger(__name__)

_QUALITY = 85
"""Of the JPEG, 0..100: at 768 px about 100 KiB."""
_MS_PER_S = 1000.0


class SceneNarrator(NarratorProcess):
    """One request per narration goes to the server of the settings, and nothing else anywhere."""

    def __init__(
        self, settings: SceneSettings, *, voice: str, on_sent: Callable[[bytes], None] | None = None
    ) -> None:
        """voice: the synthetic one, whose language the answer must have. on_sent: told, from a thread, the
        JPEG that is about to leave the device, for somebody at a desk to look at."""
        self._settings, self._voice, self._on_sent = settings, voice, on_sent
        super().__init__(
            "kith.drivers.scene_child",
            self._request,
            longest_s=max(settings.longest_ms, settings.first_words_ms) / _MS_PER_S,
            site=False,
        )

    def _request(self, subject: Subject) -> Request | NarrationEnd:
        if subject.hide is None:
            _LOG.error("a picture whose faces were not searched for is not sent")
            return NarrationEnd.FAILED
        settings = self._settings
        picture = picture_to_send(subject, settings.picture_px)
        if self._on_sent:
            self._on_sent(picture)
        header = {
            "url": settings.url,
            "model": settings.model,
            "key_file": settings.key_file,
            "prompt": prompt(subject, self._voice, settings.most_words),
            "first_words_ms": settings.first_words_ms,
            "pause_ms": settings.pause_ms,
            "longest_ms": settings.longest_ms,
            "most_words": settings.most_words,
        }
        return Request(header=header, picture=picture)


def picture_to_send(subject: Subject, longer_side_px: int) -> bytes:
    """A JPEG of the subject with its hidden faces covered, its longer side at most so long. It holds pixels
    and nothing else: no EXIF, no place, no time. Raises ValueError where its faces were not searched for."""
    if subject.hide is None:
        raise ValueError("the picture's faces were not searched for")
    # Covered first: shrinking would mix what is covered with what lies beside it.
    rgb = _shrunk(covered(subject.rgb, subject.hide), longer_side_px)
    bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
    _, encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return encoded.tobytes()


def _shrunk(rgb: U8, longer_side_px: int) -> U8:
    height, width = rgb.shape[:2]
    scale = longer_side_px / max(height, width)
    if scale >= 1:
        return rgb
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
