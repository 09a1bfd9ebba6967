"""From a picture to faces that can be recognised: still photos, and frames of a camera."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kith.clock import NS_PER_MS
from kith.config import VisionSettings
from kith.types import U8, AlignedFace, Embedding, Face, FaceQuality, Frame, Rejection, TrackedFace
from kith.vision import quality
from kith.vision.aligner import align
from kith.vision.detector import Detector
from kith.vision.embedder import Embedder
from kith.vision.networks import load_network
from kith.vision.tracks import Track, Tracker

_MAX_EMBEDDINGS_A_FRAME = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """A face with what is known of it before it is recognised. rejection None: worth judging."""

    face: Face
    quality: FaceQuality
    rejection: Rejection | None
    aligned: AlignedFace


class FaceAnalyzer:
    """The steps, one by one, without memory. Not thread-safe: one thread owns it."""

    def __init__(self, detector: Detector, embedder: Embedder, settings: VisionSettings) -> None:
        self._detector, self._embedder, self._settings = detector, embedder, settings
        self.model_id = embedder.model_id

    def detect(self, rgb: U8) -> list[Face]:
        """Faces in rgb u8[H, W, 3], largest first."""
        return self._detector.detect(rgb)

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


class FacePipeline:
    """Frames in, tracked faces out. The embedder runs a few times a second on each face, not on every
    frame: often while nobody is sure who it is, seldom once somebody is."""

    def __init__(self, analyzer: FaceAnalyzer, settings: VisionSettings) -> None:
        self._analyzer = analyzer
        self._tracker = Tracker(settings.track_lost_after_ms)
        self._unsure_ns = settings.embed_interval_ms * NS_PER_MS
        self._sure_ns = settings.embed_sure_interval_ms * NS_PER_MS

    def process(
        self, frame: Frame, *, sure: frozenset[int] = frozenset(), attentive: bool = False
    ) -> list[TrackedFace]:
        """The faces of one frame, largest first.

        sure: tracks whose person is known already. attentive: embed every good look, as enrolling
        needs.
        """
        faces = self._analyzer.detect(frame.rgb)
        tracks = self._tracker.update(faces, frame.captured_ns)
        assessed = [(track, self._analyzer.assess(frame.rgb, track.face)) for track in tracks]
        due = [] if attentive else self._due(assessed, sure, frame.captured_ns)
        return [
            self._look(track, found, frame.captured_ns, embed=attentive or track.track_id in due)
            for track, found in assessed
        ]

    def forget_lost(self, now_ns: int) -> None:
        """Forget the faces that were not seen for too long; `process` does it too."""
        self._tracker.forget_lost(now_ns)

    def forget(self) -> None:
        """Forget all faces, embeddings and all."""
        self._tracker.forget()

    def _due(self, assessed: list[tuple[Track, Assessment]], sure: frozenset[int], now_ns: int) -> list[int]:
        """The tracks to embed in this frame: those that waited longest beyond their interval."""
        waiting: list[tuple[int, int]] = []
        for track, found in assessed:
            interval = self._sure_ns if track.track_id in sure else self._unsure_ns
            overdue = interval if track.embedded_ns is None else now_ns - track.embedded_ns - interval
            if found.rejection is None and overdue >= 0:
                waiting.append((overdue, track.track_id))
        return [track_id for _, track_id in sorted(waiting, reverse=True)[:_MAX_EMBEDDINGS_A_FRAME]]

    def _look(self, track: Track, found: Assessment, now_ns: int, *, embed: bool) -> TrackedFace:
        embedding = self._analyzer.embed(found.aligned) if embed and found.rejection is None else None
        if embedding is not None:
            if not track.agrees(embedding):
                track = self._tracker.restart(track)
            track.looks.append((embedding, quality.weight(found.quality)))
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
