"""Where the time of one look goes: CPU time of each stage on frames of the walk, on one thread."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bench import frames
from kith.app.paths import calibration_dir, models_dir
from kith.app.perception import Perception
from kith.clock import NS_PER_MS
from kith.config import Settings
from kith.drivers.simulated_camera import video_source
from kith.recognition.matcher import Matcher, TemplateSet
from kith.recognition.operating_point import load_operating_point
from kith.types import U8, Frame
from kith.vision import quality
from kith.vision.aligner import align
from kith.vision.detector import Detector, letterbox
from kith.vision.imaging import judge_view
from kith.vision.networks import load_network
from kith.vision.pipeline import FaceAnalyzer, open_analyzer
from kith.vision.place import focal_length_px, locate

REPEATS = 7
FRAMES = 20
PEOPLE, TEMPLATES = 50, 3
_SIGN_BIT = 0x80

Work = Callable[[], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """CPU milliseconds over the frames, of each its best time. part: within the stage above it; rest: what
    the others leave of a whole, whose single figures hold the noise of all."""

    name: str
    median_ms: float
    least_ms: float
    most_ms: float
    part: bool = False
    rest: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """The walk as the device sees it. looks: how many; mean_ms: a look, embedding only when it is due."""

    faces: str
    looks: int
    mean_ms: float


def measure(video: Path) -> list[Stage]:
    """Each stage of a look at a frame with one face. Raises InputError where there are too few frames."""
    samples = frames.pick(video, FRAMES)[1]
    bench = _Bench()
    best: dict[str, list[float]] = {}
    works = [bench.stages(rgb) for rgb in samples]
    for _ in range(REPEATS):
        for at, stages in enumerate(works):
            for name, work in stages.items():
                times = best.setdefault(name, [float("inf")] * len(works))
                times[at] = min(times[at], _cpu_ms(work))
    best[_BETWEEN] = _rest(best, _WHOLE, _SUMMED)
    best[_DECODE] = _rest(best, _DETECT, (_SHRINK, _FIND))
    return [
        Stage(
            name=name,
            median_ms=statistics.median(times),
            least_ms=min(times),
            most_ms=max(times),
            part=name in _PARTS,
            rest=name in (_DECODE, _BETWEEN),
        )
        for name, times in ((name, best[name]) for name in _ORDER)
    ]


def running(video: Path) -> list[Running]:
    """Every look of the whole walk at the device's pace, as shipped: second looks too, and a face is embedded
    less often once three looks were."""
    settings = Settings()
    source = video_source(video)
    bench = _Bench()
    perception = Perception(bench.analyzer, bench.matcher, settings.camera, settings.vision)
    period_ns = settings.camera.look_interval_ms * NS_PER_MS
    times: dict[str, list[float]] = {}
    due_ns = 0
    for seq, rgb in enumerate(source.frames()):
        now_ns = round(seq * 1e9 / source.fps)
        if now_ns < due_ns:
            continue
        due_ns += period_ns
        began_s = time.process_time()
        seen = perception.look(Frame(seq=seq, captured_ns=now_ns, rgb=rgb))
        took_ms = (time.process_time() - began_s) * 1e3
        perception.sure = frozenset(
            face.tracked.track_id for face in seen.faces if face.tracked.looks >= settings.presence.votes
        )
        for kind in ("all", str(min(len(seen.faces), 2))):
            times.setdefault(kind, []).append(took_ms)
    return [
        Running(faces=kind, looks=len(each), mean_ms=statistics.fmean(each))
        for kind, each in sorted(times.items())
    ]


def lines(stages: list[Stage], run: list[Running]) -> list[str]:
    """Both tables in Markdown."""
    words = {"0": "nobody in view", "1": "one face", "2": "two faces or more", "all": "the whole walk"}
    return [
        f"CPU milliseconds, one face, the best of {REPEATS} on each of {FRAMES} frames of the walk:",
        "",
        "| stage | median | least to most |",
        "| --- | ---: | ---: |",
        *(
            f"| {'… of it ' if each.part else ''}{each.name} | {each.median_ms:.2f} "
            f"| {'the rest' if each.rest else f'{each.least_ms:.2f} to {each.most_ms:.2f}'} |"
            for each in stages
        ),
        "",
        "As the device runs, ten looks a second, a face embedded when it is due, second looks as they come:",
        "",
        "| in view | looks | CPU ms a look, mean | of one core at ten looks a second |",
        "| --- | ---: | ---: | ---: |",
        *(
            f"| {words[each.faces]} | {each.looks} | {each.mean_ms:.1f} | {each.mean_ms / 100:.0%} |"
            for each in run
        ),
    ]


_COPY, _VIEW, _DETECT = "copying a frame from the camera", "judging the view", "finding faces"
_SHRINK, _FIND, _DECODE = (
    "shrinking to the detector's input",
    "the detecting network",
    "decoding its answer, overlaps",
)
_COPIES = "copies into and out of the network, within its time"
_ALIGN, _QUALITY, _PLACE = "turning the face upright", "pose, sharpness, light", "distance and bearing"
_EMBED, _MATCH = "embedding", f"matching against {PEOPLE} people"
_WHOLE, _BETWEEN = "a whole look", "Python between the stages: tracks, records"
_PARTS = (_SHRINK, _FIND, _COPIES, _DECODE)
_FACE = (_ALIGN, _QUALITY, _PLACE, _EMBED, _MATCH)
_SUMMED = (_VIEW, _DETECT, *_FACE)
_ORDER = (_COPY, _VIEW, _DETECT, *_PARTS, *_FACE, _BETWEEN, _WHOLE)


class _Bench:
    """The networks and a gallery."""

    def __init__(self) -> None:
        self.settings = Settings(vision=replace(Settings().vision, threads=1))
        self.analyzer: FaceAnalyzer = open_analyzer(models_dir(), self.settings.vision)
        self._network = load_network("detector", models_dir())
        self._detector = Detector(self._network, self.settings.vision.detector_score)
        point = load_operating_point(calibration_dir() / "operating_point.toml", self.analyzer.model_id)
        shape = (PEOPLE * TEMPLATES, len(point.centre))
        vectors = np.random.default_rng(1).normal(size=shape).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        people = np.repeat(np.arange(PEOPLE, dtype=np.int64), TEMPLATES)
        self.matcher = Matcher(
            TemplateSet(vectors=vectors, person_ids=people, model_id=self.analyzer.model_id), point
        )

    def stages(self, rgb: U8) -> Mapping[str, Work]:
        """Everything that is timed on one frame, ready to be called again and again."""
        (face,) = self.analyzer.detect(rgb)
        found = self.analyzer.assess(rgb, face)
        aligned, measured = found.aligned, found.quality
        embedding = self.analyzer.embed(aligned)
        spec, vision = self._network.spec, self.settings.vision
        shrunk, _ = letterbox(rgb, spec.input_height_px, spec.input_width_px)
        heads = self._network.run(shrunk)
        into = np.empty_like(shrunk)
        focal_px = focal_length_px(rgb.shape[1], self.settings.camera.horizontal_fov_deg)

        def copies() -> object:
            np.bitwise_xor(shrunk, _SIGN_BIT, out=into)
            return [head.copy() for head in heads]

        def judged() -> object:
            again = quality.measure(face, aligned)
            return quality.judge(face, again, rgb.shape[1], rgb.shape[0], vision)

        return {
            _COPY: rgb.copy,
            _VIEW: lambda: judge_view(rgb),
            _DETECT: lambda: self._detector.detect(rgb),
            _SHRINK: lambda: letterbox(rgb, spec.input_height_px, spec.input_width_px),
            _FIND: lambda: self._network.run(shrunk),
            _COPIES: copies,
            _ALIGN: lambda: align(rgb, face.landmarks),
            _QUALITY: judged,
            _PLACE: lambda: locate(face, measured, rgb.shape[1], focal_px, vision.facing_yaw_deg),
            _EMBED: lambda: self.analyzer.embed(aligned),
            _MATCH: lambda: self.matcher.identify(embedding),
            _WHOLE: self._whole(rgb),
        }

    def _whole(self, rgb: U8) -> Work:
        """A look without memory of the frame before, so that the embedder runs; without a second look."""
        vision = replace(self.settings.vision, second_looks=False)
        perception = Perception(self.analyzer, self.matcher, self.settings.camera, vision)
        frame = Frame(seq=0, captured_ns=0, rgb=rgb)

        def work() -> object:
            perception.forget()
            return perception.look(frame)

        return work


def _rest(best: Mapping[str, Sequence[float]], whole: str, parts: Sequence[str]) -> list[float]:
    """What the parts leave of the whole, frame by frame."""
    return [taken - sum(best[part][at] for part in parts) for at, taken in enumerate(best[whole])]


def _cpu_ms(work: Work) -> float:
    began_s = time.process_time()
    work()
    return (time.process_time() - began_s) * 1e3
