"""What the core reaches outside itself."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

from kith.announce.player import Player
from kith.app.events import Observer
from kith.app.notices import Notices
from kith.app.perception import Perception
from kith.ports import Microphone, Narration, Narrator
from kith.types import VoiceBlock


@dataclass(frozen=True, slots=True, kw_only=True)
class MicrophoneLost:
    """The microphone stopped working, or (missing) could not be had at all."""

    missing: bool


Posted = VoiceBlock | MicrophoneLost | Narration
"""What reaches the core from threads of drivers, by way of its `Runner`."""


class Objects(Enum):
    """Whether there is a part that knows objects and things. OFF: the settings say so."""

    FITTED = auto()
    MISSING = auto()
    OFF = auto()


class Runner(Protocol):
    """Whatever lets time pass for the core: threads, or a simulation in lockstep."""

    def set_camera(self, wanted: bool) -> None:
        """Open or close the camera."""

    def power_off(self) -> None:
        """Switch the device off."""

    def post(self, message: Posted) -> None:
        """Have the core handle this, in its own thread; from any thread."""


@dataclass(slots=True, kw_only=True)
class Surroundings:
    """guarded: there ought to be a guard, so that one that is never heard is a fault. microphone, notices:
    None where there is none; describer, reader: None where they are off. runner: set once it is made around
    the core, before the core begins."""

    perception: Perception
    player: Player
    observe: Observer
    guarded: bool = False
    microphone: Microphone | None = None
    notices: Notices | None = None
    objects: Objects = Objects.MISSING
    describer: Narrator | None = None
    reader: Narrator | None = None
    runner: Runner | None = None
