"""The loop of the perception thread: how often it looks, and what it forgets."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from kith.app.looking import Looked, Looking
from kith.app.pacing import LookPacer
from kith.app.perception import Perception
from kith.clock import NS_PER_S, VirtualClock
from kith.config import CameraSettings, VisionSettings
from kith.recognition.gallery import Gallery
from kith.recognition.matcher import Matcher
from kith.runtime.latest import LatestSlot
from kith.types import AlignedFace, BoxPx, Embedding, Face, FaceQuality, Frame
from kith.vision.pipeline import Assessment, FaceAnalyzer
from tests.unit._device_kit import PICTURE, Eyes
from tests.unit._gallery_kit import MODEL, POINT, looks


def frame(at_ns: int) -> Frame:
    return Frame(seq=0, captured_ns=at_ns, rgb=PICTURE)


class Script(LatestSlot[Frame]):
    """A slot out of which come, in order, what each step gives; then the end."""

    def __init__(self, *steps: Callable[[], Frame | None]) -> None:
        super().__init__()
        self._steps, self.stop = list(steps), threading.Event()

    def take(self, timeout_s: float) -> Frame | None:
        if not self._steps:
            self.stop.set()
            return None
        return self._steps.pop(0)()


def test_at_thirty_frames_a_second_it_looks_ten_times() -> None:
    eyes, looked = Eyes(), list[Looked]()
    slot = Script(*[lambda i=i: frame(i * 33_333_333) for i in range(60)])
    looking = Looking(cast(Perception, eyes), slot, VirtualClock(), LookPacer(100), looked.append)
    looking.work(slot.stop)
    assert len(looked) == eyes.asked.count("look") == 20


def test_a_frame_taken_while_the_camera_was_closed_is_not_looked_at() -> None:
    eyes, looked = Eyes(), list[Looked]()

    def closed_meanwhile() -> Frame:
        looking.forget()
        return frame(NS_PER_S)

    slot = Script(lambda: frame(0), closed_meanwhile, lambda: None, lambda: frame(2 * NS_PER_S))
    looking = Looking(cast(Perception, eyes), slot, VirtualClock(), LookPacer(100), looked.append)
    looking.work(slot.stop)
    assert eyes.asked == ["look", "forget", "look"]


class OneFace:
    """An analyzer that always sees the same face, close and sharp."""

    model_id = "test"

    def detect(self, rgb: object) -> list[Face]:
        landmarks = np.zeros((5, 2), np.float32)
        return [Face(box=BoxPx(x=9, y=9, w=30, h=30), landmarks=landmarks, score=0.9)]

    def assess(self, rgb: object, face: Face) -> Assessment:
        quality = FaceQuality(sharpness=20, luma=120, yaw_deg=0, pitch_deg=0, inter_eye_px=40)
        return Assessment(face=face, quality=quality, rejection=None, aligned=AlignedFace(rgb=PICTURE))

    def embed(self, aligned: AlignedFace) -> Embedding:
        return looks(1)[0]


@pytest.fixture
def perception(tmp_path: Path) -> Perception:
    with Gallery.open(tmp_path / "kith.db", MODEL) as gallery:
        matcher = Matcher(gallery.templates(), POINT)
    return Perception(cast(FaceAnalyzer, OneFace()), matcher, CameraSettings(), VisionSettings())


def kept(perception: Perception) -> int:
    """Embeddings in memory."""
    return sum(len(track.looks) for track in perception._pipeline._tracker._tracks.values())


def test_a_real_perception_keeps_no_embedding_of_anybody_once_told_to(perception: Perception) -> None:
    clock = VirtualClock()

    def look_then_close() -> Frame:
        assert kept(perception) == 1
        looking.forget()
        return frame(NS_PER_S // 2)

    slot = Script(lambda: frame(0), look_then_close)
    looking = Looking(perception, slot, clock, LookPacer(100), lambda _: None)
    looking.work(slot.stop)
    assert kept(perception) == 0


def test_a_real_perception_keeps_no_embedding_once_frames_stop(perception: Perception) -> None:
    clock = VirtualClock()
    counts: list[int] = []

    def nothing(at_ms: int) -> Callable[[], None]:
        def step() -> None:
            counts.append(kept(perception))
            clock.advance_to(at_ms * 1_000_000)

        return step

    frozen = lambda: frame(0)  # noqa: E731 - the same picture again is no news of a face
    slot = Script(lambda: frame(0), nothing(600), nothing(690), frozen, nothing(710), nothing(720))
    Looking(perception, slot, clock, LookPacer(100), lambda _: None).work(slot.stop)
    assert counts == [1, 1, 1, 0]
