"""What the perception thread sees besides faces, where it is asked for: its part is opened when it is first
wanted."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

from kith.errors import KithError
from kith.recognition.matcher import TemplateSet
from kith.types import U8, HeldThing, Survey

_LOG = logging.getLogger(__name__)
Answer = TypeVar("Answer")


class ThingEyes(Protocol):
    """Finds objects and known things. Not thread-safe: one thread owns it."""

    def learn(self, templates: TemplateSet, extents: Mapping[int, float]) -> None:
        """From now on these are the things that were taught: the looks of all of them, and how large each was
        in the hand, by id, where that is known."""

    def survey(self, rgb: U8, focal_px: float) -> Survey:
        """What is in rgb u8[H, W, 3], from a camera of that focal length. Raises KithError."""

    def held(self, rgb: U8) -> HeldThing:
        """What is held up in the middle of rgb u8[H, W, 3]. Raises KithError."""


class ThingSight:
    """Belongs to the perception thread, but for its two attributes. open_eyes: may raise KithError; None
    where the part is off or not there."""

    def __init__(self, open_eyes: Callable[[], ThingEyes] | None) -> None:
        self._open = open_eyes
        self._eyes: ThingEyes | None = None
        self._learnt: object = None
        self.taught: tuple[TemplateSet, Mapping[int, float]] | None = None
        """What `learn` is to be told; set by the core from its thread."""
        self.broken = False
        """It could not be opened, or failed: it sees nothing until Kith is started anew. For the core to
        read."""

    def survey(self, rgb: U8, focal_px: float) -> Survey | None:
        """See ThingEyes; None where that cannot be told."""
        return self._ask(lambda eyes: eyes.survey(rgb, focal_px))

    def held(self, rgb: U8) -> HeldThing | None:
        """See ThingEyes; None where that cannot be told."""
        return self._ask(lambda eyes: eyes.held(rgb))

    def _ask(self, question: Callable[[ThingEyes], Answer]) -> Answer | None:
        if self._open is None or self.broken:
            return None
        try:
            if self._eyes is None:
                self._eyes = self._open()
            taught = self.taught
            if taught is not None and taught is not self._learnt:
                self._eyes.learn(*taught)
                self._learnt = taught
            return question(self._eyes)
        except KithError as error:
            # Tried again with each frame it would cost each frame its time, and never work.
            _LOG.error("the part that knows objects does not work: %s", error)
            self.broken, self._eyes = True, None
            return None
