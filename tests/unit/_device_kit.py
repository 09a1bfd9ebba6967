"""A device of real parts but for the eyes, and cameras and sound devices that do what they are told."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np

from kith.announce.earcons import EarconBank
from kith.announce.player import Player
from kith.app.core import Core
from kith.app.events import Observer
from kith.app.known_people import KnownPeople
from kith.app.perception import Perception
from kith.app.surroundings import Surroundings
from kith.app.thing_sight import ThingSight
from kith.app.wiring import Device
from kith.clock import Clock, VirtualClock
from kith.config import Settings
from kith.drivers.simulated_speech import SimulatedSpeech
from kith.ports import Narrator
from kith.recognition.gallery import Gallery
from kith.types import I16, SAMPLE_RATE_HZ, Frame, Picture, Sighting, Want
from tests.unit._gallery_kit import MODEL, POINT
from tests.unit._machine_kit import sighting

PATIENCE_S = 30.0
PICTURE = np.zeros((48, 64, 3), np.uint8)


class Eyes:
    """A perception that sees nobody and notes in order what is asked of it."""

    def __init__(self) -> None:
        self.sure: frozenset[int] = frozenset()
        self.attentive = False
        self.matcher: object = None
        self.wants: frozenset[Want] = frozenset()
        self.survey_interval_ns: int | None = None
        self.things = ThingSight(None)
        self.asked: list[str] = []
        self.idle_ns: list[int] = []

    def look(self, frame: Frame) -> Sighting:
        self.asked.append("look")
        rgb = frame.rgb if Want.FRAME in self.wants else None
        picture = Picture(rgb=frame.rgb, faces=()) if Want.PICTURE in self.wants else None
        return replace(sighting(frame.captured_ns), rgb=rgb, picture=picture)

    def forget(self) -> None:
        self.asked.append("forget")

    def forget_lost(self, now_ns: int) -> None:
        self.idle_ns.append(now_ns)


def make_device(
    folder: Path, eyes: Eyes, clock: Clock, observe: Observer, reader: Narrator | None = None
) -> Device:
    """An empty gallery, a voice that hums, and those eyes."""
    gallery = Gallery.open(folder / "kith.db", MODEL)
    speech = SimulatedSpeech()
    player = Player(speech, EarconBank(), volume=0.8, wait_for_speech=isinstance(clock, VirtualClock))
    perception = cast(Perception, eyes)
    around = Surroundings(perception=perception, player=player, observe=observe, reader=reader)
    people = KnownPeople(gallery, POINT, lambda matcher: None, Settings())
    core = Core(Settings(), people, around, clock.now_ns())
    return Device(
        core=core, perception=perception, player=player, gallery=gallery, speech=speech, troubles=()
    )


class StubCamera:
    """A camera whose `read` does what it is told."""

    def __init__(self, read: Callable[[], Frame | None]) -> None:
        self._read = read

    def start(self) -> None:
        pass

    def read(self) -> Frame | None:
        return self._read()

    def close(self) -> None:
        pass


class Silence:
    """A sound device that takes as long as the sound."""

    def write(self, block: I16) -> None:
        time.sleep(len(block) / SAMPLE_RATE_HZ)

    def close(self) -> None:
        pass


def frames(clock: Clock, period_s: float = 0.02) -> Callable[[], Frame]:
    """The `read` of a camera that works."""

    def read() -> Frame:
        time.sleep(period_s)
        return Frame(seq=0, captured_ns=clock.now_ns(), rgb=PICTURE)

    return read


def until(happened: Callable[[], bool]) -> None:
    """Wait for it."""
    end_s = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < end_s
        time.sleep(0.01)
