"""From a frame to a sighting: faces, where they are, and who they are. Runs in the perception thread."""

from __future__ import annotations

from kith.config import CameraSettings, VisionSettings
from kith.recognition.matcher import Matcher
from kith.types import Frame, Identification, SeenFace, Sighting, TrackedFace
from kith.vision.imaging import judge_view
from kith.vision.pipeline import FaceAnalyzer, FacePipeline
from kith.vision.place import focal_length_px, locate


class Perception:
    """Owns the networks and the tracks. The three attributes below are set by the core from its thread;
    each is one reference, read once a frame, so no lock is needed."""

    def __init__(
        self, analyzer: FaceAnalyzer, matcher: Matcher, camera: CameraSettings, vision: VisionSettings
    ) -> None:
        self._pipeline = FacePipeline(analyzer, vision, matcher.centre)
        self._camera, self._vision = camera, vision
        self.matcher = matcher
        self.sure: frozenset[int] = frozenset()
        """Tracks whose person is known: they are embedded less often."""
        self.attentive = False
        """Embed every good look, as enrolling needs."""

    def look(self, frame: Frame) -> Sighting:
        """All that is seen in one frame, largest face first."""
        height_px, width_px = frame.rgb.shape[:2]
        focal_px = self._focal_px(width_px, height_px)
        tracked = self._pipeline.process(frame, sure=self.sure, attentive=self.attentive)
        return Sighting(
            seq=frame.seq,
            captured_ns=frame.captured_ns,
            width_px=width_px,
            height_px=height_px,
            view=judge_view(frame.rgb),
            faces=tuple(self._seen(face, width_px, focal_px) for face in tracked),
        )

    def forget(self) -> None:
        """Keep nothing of any face seen so far: the camera was closed. Belongs to the thread that looks."""
        self._pipeline.forget()

    def forget_lost(self, now_ns: int) -> None:
        """Keep nothing of faces unseen for too long. To be called while there is nothing to look at, so that
        a stranger's embeddings do not outlast a camera that fails. Belongs to the thread that looks."""
        self._pipeline.forget_lost(now_ns)

    def _focal_px(self, width_px: int, height_px: int) -> float:
        on_its_side = self._camera.rotation_deg % 180 != 0
        return focal_length_px(height_px if on_its_side else width_px, self._camera.horizontal_fov_deg)

    def _seen(self, face: TrackedFace, width_px: int, focal_px: float) -> SeenFace:
        place = locate(face.face, face.quality, width_px, focal_px, self._vision.facing_yaw_deg)
        return SeenFace(tracked=face, place=place, identification=self._identify(face))

    def _identify(self, face: TrackedFace) -> Identification | None:
        """Who it is, asked only in the frames in which this face was embedded: one look, one vote."""
        if face.embedding is None or face.fused is None:
            return None
        return self.matcher.identify(face.fused, face.looks)
