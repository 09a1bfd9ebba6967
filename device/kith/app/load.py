"""What looking asks of a processor: counted for the networks, measured for the rest, and how often the
settings want it. `python -m bench.load_model` makes the tables of `docs/boards.md` of it, and `kith bench
--here` compares a board with it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from kith.app.boards import Processor
from kith.config import Settings

EMBEDDINGS_A_LOOK = 2
"""As many as `FacePipeline` embeds at most in one frame."""
SECOND_LOOKS_A_LOOK = 1

FLOAT_RATE = 1 / 2
"""Of int8's. Published for a Pi 4's four cores: 8.3 GMAC/s by OpenCV in float, 16.5 by ncnn in int8."""
DETECTOR_RATE = 1 / 3.2
"""Of the embedder's. Published for one Pi 4, both by OpenCV in float: YuNet at 160x120 (16.1 MMAC) in 6.2 ms,
SFace (574 MMAC) in 69 ms. Its layers have 3 to 64 channels, too few to fill the registers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Macs:
    """Multiply-accumulates of one run: those with int8 weights and results, and those in float."""

    int8: int
    float32: int

    @property
    def total(self) -> int:
        """Both together."""
        return self.int8 + self.float32

    @property
    def as_int8(self) -> float:
        """As many int8 ones as take as long."""
        return self.int8 + self.float32 / FLOAT_RATE


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What the steps cost. detector, embedder: MAC of a run. here_*: CPU milliseconds, on the machine where
    they were measured, of all that is done beside the networks: for each run of the detector, for each
    million pixels of the frame that it looks at, and for each face in it."""

    detector: Macs
    embedder: Macs
    here_look_ms: float
    here_megapixel_ms: float
    here_face_ms: float


COST = Cost(
    detector=Macs(int8=78_347_520, float32=14_592_960),
    embedder=Macs(int8=545_914_880, float32=28_224_000),
    here_look_ms=0.77,
    here_megapixel_ms=1.05,
    here_face_ms=0.65,
)
"""The MAC are those of the networks that are built (a test counts them); the times were measured on one core
of an x86-64 server, by `python -m bench.load_model --measure`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What is before the camera. sure: it is known who they are. far: so small that each look for their
    names is a second, finer one."""

    faces: int
    sure: bool = False
    far: bool = False

    def __str__(self) -> str:
        if not self.faces:
            return "nobody"
        where = ", far off" if self.far else ""
        return f"{self.faces} {'named' if self.sure else 'not yet named'}{where}"


SCENES = (
    Scene(faces=0),
    Scene(faces=1, sure=True),
    Scene(faces=1),
    Scene(faces=1, far=True),
    Scene(faces=3, sure=True),
    Scene(faces=3),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Of one second: looks, second looks and embeddings."""

    looks: float
    second_looks: float
    embeddings: float

    def mac_s(self, cost: Cost) -> float:
        """MAC a second."""
        return (self.looks + self.second_looks) * cost.detector.total + self.embeddings * cost.embedder.total


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTimes:
    """Milliseconds of the perceiving thread. look_ms: a run of the detector and what belongs to it; frame_ms:
    what a frame costs besides, by its size; face_ms: a face in it; embed_ms: an embedding."""

    look_ms: float
    frame_ms: float
    face_ms: float
    embed_ms: float


def load_of(settings: Settings, scene: Scene) -> Load:
    """What the settings ask for, were the processor fast enough. A thing that is due is done at the next
    look, so intervals are whole numbers of looks."""
    look_ms = settings.camera.look_interval_ms
    looks = 1000 / look_ms

    def times_a_second(interval_ms: int) -> float:
        return 1000 / (look_ms * max(1, math.ceil(interval_ms / look_ms)))

    vision = settings.vision
    due = scene.faces * times_a_second(
        vision.embed_sure_interval_ms if scene.sure else vision.embed_interval_ms
    )
    sweeps = (
        times_a_second(vision.sweep_interval_ms) if vision.second_looks and vision.sweep_interval_ms else 0.0
    )
    finer = due if vision.second_looks and scene.far else 0.0
    return Load(
        looks=looks,
        second_looks=min(sweeps + finer, looks * SECOND_LOOKS_A_LOOK),
        embeddings=min(due, looks * EMBEDDINGS_A_LOOK),
    )


def expected_times(board: Processor, settings: Settings, cost: Cost = COST) -> StepTimes:
    """What the steps should take on a board."""
    int8_ms = board.rate(settings.vision.threads) * 1e6
    megapixels = settings.camera.width_px * settings.camera.height_px / 1e6
    return StepTimes(
        look_ms=cost.detector.as_int8 / (int8_ms * DETECTOR_RATE) + cost.here_look_ms * board.slower,
        frame_ms=megapixels * cost.here_megapixel_ms * board.slower,
        face_ms=cost.here_face_ms * board.slower,
        embed_ms=cost.embedder.as_int8 / int8_ms,
    )


def share_busy(times: StepTimes, settings: Settings, scene: Scene) -> float:
    """Seconds that the perceiving thread is busy in a second; above 1 it cannot keep up and drops looks."""
    load = load_of(settings, scene)
    busy_ms = (
        (load.looks + load.second_looks) * times.look_ms
        + load.looks * (times.frame_ms + scene.faces * times.face_ms)
        + load.embeddings * times.embed_ms
    )
    return busy_ms / 1000
