"""From a picture to faces that can be recognised: still photos, and frames of a camera."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from kith.clock import NS_PER_MS
from kith.config import VisionSettings
from kith.types import (
    F32,
    U8,
    AlignedFace,
    BoxPx,
    Embedding,
    Face,
    FaceQuality,
    Frame,
    Rejection,
    TrackedFace,
)
from kith.vision import quality
from kith.vision.aligner import align
from kith.vision.detector import Detector
from kith.vision.embedder import Embedder
from kith.vision.networks import load_network
from kith.vision.second_look import Region, SecondLook, is_small
from kith.vision.tracks import Track, Tracker

_MAX_EMBEDDINGS_A_FRAME = 2
_LOOKS_TO_KNOW = 5
"""The three that a name needs, and two for bad moments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """A face with what is known of it before it is recognised. rejection None: worth judging."""

    face: Face
    quality: FaceQuality
    rejection: Rejection | None
    aligned: AlignedFace


_Pair = tuple[Track, Assessment]
_Assessed = dict[int, _Pair]


class FaceAnalyzer:
    """The steps, one by one, without memory. Not thread-safe: one thread owns it."""

    def __init__(self, detector: Detector, embedder: Embedder, settings: VisionSettings) -> None:
        self._detector, self._embedder, self._settings = detector, embedder, settings
        self.model_id = embedder.model_id

    def detect(self, rgb: U8) -> list[Face]:
        """Faces in rgb u8[H, W, 3], largest first."""
        return self._detector.detect(rgb)

    def detect_within(self, rgb: U8, region: Region, least_score: float | None = None) -> list[Face]:
        """Faces in a part of rgb u8[H, W, 3], in pixels of the whole, largest first; without those that the
        part's edge cuts. least_score: see Detector."""
        part = rgb[region.y : region.y + region.h, region.x : region.x + region.w]
        faces = [_moved(face, region.x, region.y) for face in self._detector.detect(part, least_score)]
        return [face for face in faces if region.holds(face.box, rgb.shape[1], rgb.shape[0])]

    def assess(self, rgb: U8, face: Face) -> Assessment:
        """Align one face, measure it and decide whether it is worth judging."""
        aligned = align(rgb, face.landmarks)
        measured = quality.measure(face, aligned)
        rejection = quality.judge(face, measured, rgb.shape[1], rgb.shape[0], self._settings)
        return Assessment(face=face, quality=measured, rejection=rejection, aligned=aligned)

    def embed(self, aligned: AlignedFace) -> Embedding:
        """The vector of one upright face."""
        return self._embedder.embed(aligned)


def open_analyzer(models_dir: Path, settings: VisionSettings) -> FaceAnalyzer:
    """Load both networks. Raises ModelError."""
    detector = Detector(load_network("detector", models_dir, settings.threads), settings.detector_score)
    embedder = Embedder(load_network("embedder", models_dir, settings.threads))
    return FaceAnalyzer(detector, embedder, settings)


def _moved(face: Face, x: int, y: int) -> Face:
    landmarks = face.landmarks + np.array([x, y], np.float32)
    landmarks.setflags(write=False)
    return replace(face, box=replace(face.box, x=face.box.x + x, y=face.box.y + y), landmarks=landmarks)


def grown(face: Face, times_x: float, times_y: float) -> Face:
    """A face of a shrunk picture in the pixels of the whole one."""
    landmarks = face.landmarks * np.array([times_x, times_y], np.float32)
    landmarks.setflags(write=False)
    box = face.box
    grown = BoxPx(x=box.x * times_x, y=box.y * times_y, w=box.w * times_x, h=box.h * times_y)
    return replace(face, box=grown, landmarks=landmarks)


class FacePipeline:
    """Frames in, tracked faces out. The embedder runs a few times a second on each face, not on every
    frame: often while nobody is sure who it is, seldom once somebody is. Where a small face is, or was a
    moment ago, a frame is looked at a second time and finer."""

    def __init__(self, analyzer: FaceAnalyzer, settings: VisionSettings, centre: F32) -> None:
        """centre: the network's mean face f32[D], by which looks at one face are told from others."""
        self._analyzer, self._centre = analyzer, centre
        self._tracker = Tracker(settings.track_lost_after_ms)
        self._second_look = SecondLook(settings)
        # Soon enough for a second try before the track is given up.
        self._hold_ns = settings.track_lost_after_ms * NS_PER_MS // 2
        self._unsure_ns = settings.embed_interval_ms * NS_PER_MS
        self._sure_ns = settings.embed_sure_interval_ms * NS_PER_MS

    def process(
        self, frame: Frame, *, sure: frozenset[int] = frozenset(), attentive: bool = False
    ) -> list[TrackedFace]:
        """The faces of one frame, largest first.

        sure: tracks whose person is known already. attentive: embed every good look, as enrolling
        needs, but of small faces only the largest face in view: no second look shows the others finely.
        """
        now_ns, size_px = frame.captured_ns, (frame.rgb.shape[1], frame.rgb.shape[0])
        tracks = self._tracker.update(self._first_look(frame), now_ns)
        assessed = {track.track_id: (track, self._analyzer.assess(frame.rgb, track.face)) for track in tracks}
        if not attentive:
            for track in self._look_again(frame, assessed, sure):
                assessed[track.track_id] = (track, self._analyzer.assess(frame.rgb, track.face))
        ordered = sorted(assessed.values(), key=lambda pair: pair[0].face.box.area, reverse=True)
        fine = [pair for pair in ordered if self._second_look.may_embed(pair[0], size_px, now_ns)]
        if attentive:
            due = [track.track_id for track, _ in [*ordered[:1], *fine]]
        else:
            due = self._due(fine, sure, now_ns)
        return [self._look(track, found, now_ns, embed=track.track_id in due) for track, found in ordered]

    def forget_lost(self, now_ns: int) -> None:
        """Forget the faces that were not seen for too long; `process` does it too."""
        self._tracker.forget_lost(now_ns)

    def forget(self) -> None:
        """Forget all faces, embeddings and all."""
        self._tracker.forget()

    def _first_look(self, frame: Frame) -> list[Face]:
        """Faces in pixels of the frame, largest first; found in its small picture where it has one."""
        if frame.small is None:
            return self._analyzer.detect(frame.rgb)
        (height, width), (rows, columns) = frame.rgb.shape[:2], frame.small.shape[:2]
        faces = self._analyzer.detect(frame.small)
        return [grown(face, width / columns, height / rows) for face in faces]

    def _look_again(self, frame: Frame, assessed: _Assessed, sure: frozenset[int]) -> list[Track]:
        """The tracks of which a second look at the frame has shown more, or anything at all."""
        now_ns, size_px = frame.captured_ns, (frame.rgb.shape[1], frame.rgb.shape[0])
        seen = [track for track, _ in assessed.values()]
        small = [track for track in seen if is_small(track.face, size_px)]
        near = self._due([pair for pair in assessed.values() if pair[0] not in small], sure, now_ns)
        # Whoever was looked at so often and is not known is a stranger, and need not keep others waiting.
        new = {track.track_id for track in seen if len(track.looks) < _LOOKS_TO_KNOW}
        if any(track_id not in sure and track_id in new for track_id in near):
            return []
        missed = [track for track in self._tracker.missed(now_ns) if is_small(track.face, size_px)]
        waiting = [
            track
            for track in [*small, *missed]
            if self._overdue_ns(track, sure, now_ns) >= 0 or now_ns - track.seen_ns >= self._hold_ns
        ]
        region = self._second_look.choose(waiting, [track.face for track in seen], size_px, now_ns)
        if region is None:
            return []
        # A face that is not small is the first look's business: what the cut shows of it may be a part.
        faces = [f for f in self._analyzer.detect_within(frame.rgb, region) if is_small(f, size_px)]
        changed = self._tracker.refine(faces, now_ns)
        self._second_look.shown(changed, region, now_ns)
        return changed

    def _due(self, assessed: list[_Pair], sure: frozenset[int], now_ns: int) -> list[int]:
        """The tracks to embed in this frame: those that waited longest beyond their interval."""
        waiting = [
            (overdue, track.track_id)
            for track, found in assessed
            if found.rejection is None and (overdue := self._overdue_ns(track, sure, now_ns)) >= 0
        ]
        return [track_id for _, track_id in sorted(waiting, reverse=True)[:_MAX_EMBEDDINGS_A_FRAME]]

    def _overdue_ns(self, track: Track, sure: frozenset[int], now_ns: int) -> int:
        """How long a track has waited beyond its interval to be embedded; below 0: not yet."""
        interval = self._sure_ns if track.track_id in sure else self._unsure_ns
        return interval if track.embedded_ns is None else now_ns - track.embedded_ns - interval

    def _look(self, track: Track, found: Assessment, now_ns: int, *, embed: bool) -> TrackedFace:
        embedding = self._analyzer.embed(found.aligned) if embed and found.rejection is None else None
        if embedding is not None:
            if not track.agrees(embedding, self._centre):
                track = self._tracker.restart(track)
            track.looks.append((embedding, quality.weight(embedding)))
            track.embedded_ns = now_ns
        return TrackedFace(
            track_id=track.track_id,
            face=found.face,
            quality=found.quality,
            rejection=found.rejection,
            embedding=embedding,
            fused=track.fused(),
            looks=len(track.looks),
        )
