"""From a frame to a sighting: faces, where they are, who they are, and what else is asked for. Runs in the
perception thread."""

from __future__ import annotations

from collections.abc import Callable

from kith.app.thing_sight import ThingEyes, ThingSight
from kith.config import CameraSettings, VisionSettings
from kith.recognition.matcher import Matcher
from kith.types import (
    U8,
    Face,
    Frame,
    Identification,
    Outcome,
    Picture,
    PictureFace,
    SeenFace,
    Sighting,
    TrackedFace,
    Want,
)
from kith.vision.every_face import every_face
from kith.vision.imaging import judge_view
from kith.vision.pipeline import FaceAnalyzer, FacePipeline
from kith.vision.place import focal_length_px, locate

_SAME_FACE_IOU = 0.5
"""Boxes of one face by a look and by a finer search overlap by more. Two that overlap by less may be of two
people, and one of them a stranger."""


class Perception:
    """Owns the networks and the tracks. The attributes below are set by the core from its thread; each is one
    reference, read once a frame, so no lock is needed."""

    def __init__(
        self,
        analyzer: FaceAnalyzer,
        matcher: Matcher,
        camera: CameraSettings,
        vision: VisionSettings,
        open_eyes: Callable[[], ThingEyes] | None = None,
    ) -> None:
        """open_eyes: opens what knows objects and things, when it is first wanted; None: there is none."""
        self._analyzer = analyzer
        self._pipeline = FacePipeline(analyzer, vision, matcher.centre)
        self._camera, self._vision = camera, vision
        self._surveyed_ns: int | None = None
        self.things = ThingSight(open_eyes)
        self.matcher = matcher
        self.sure: frozenset[int] = frozenset()
        """Tracks whose person is known: they are embedded less often."""
        self.attentive = False
        """Embed every good look, as enrolling needs."""
        self.wants: frozenset[Want] = frozenset()
        """What each look is to show besides faces."""
        self.survey_interval_ns: int | None = None
        """Wanted or not, one frame in this time is surveyed; None: none is."""

    def look(self, frame: Frame) -> Sighting:
        """All that is seen in one frame, largest face first."""
        height_px, width_px = frame.rgb.shape[:2]
        focal_px = self._focal_px(width_px, height_px)
        wants = self.wants
        tracked = self._pipeline.process(frame, sure=self.sure, attentive=self.attentive)
        surveyed = Want.SURVEY in wants or self._survey_due(frame.captured_ns)
        return Sighting(
            seq=frame.seq,
            captured_ns=frame.captured_ns,
            width_px=width_px,
            height_px=height_px,
            view=judge_view(frame.rgb),
            faces=tuple(self._seen(face, width_px, focal_px) for face in tracked),
            survey=self.things.survey(frame.rgb, focal_px) if surveyed else None,
            held=self.things.held(frame.rgb) if Want.HELD in wants else None,
            rgb=frame.rgb if Want.FRAME in wants else None,
            picture=self._picture(frame, tracked) if Want.PICTURE in wants else None,
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

    def _survey_due(self, now_ns: int) -> bool:
        interval_ns = self.survey_interval_ns
        if interval_ns is None:
            return False
        if self._surveyed_ns is not None and now_ns - self._surveyed_ns < interval_ns:
            return False
        self._surveyed_ns = now_ns
        return True

    def _picture(self, frame: Frame, tracked: list[TrackedFace]) -> Picture:
        faces = tuple(
            PictureFace(
                box=face.box,
                track_id=track_id,
                looks_like=None if track_id is None else self._looks_like(frame.rgb, face),
            )
            for face, track_id in _told_apart(tracked, every_face(self._analyzer, frame.rgb))
        )
        return Picture(rgb=frame.rgb, faces=faces)

    def _looks_like(self, rgb: U8, face: Face) -> int | None:
        """Whom this one look shows. A track may have gone over to somebody else since it was last embedded,
        a second ago or longer ago where no look was good enough."""
        found = self._analyzer.assess(rgb, face)
        if found.rejection is not None:
            return None
        answer = self.matcher.identify(self._analyzer.embed(found.aligned))
        return answer.person_id if answer.outcome is Outcome.KNOWN else None


def _told_apart(tracked: list[TrackedFace], found: list[Face]) -> list[tuple[Face, int | None]]:
    """Every face once: those of tracks, as the finer search shows them where it does, and those of none."""
    faces: list[tuple[Face, int | None]] = []
    for one in tracked:
        face = max(found, key=lambda other: other.box.iou(one.face.box), default=one.face)
        if face.box.iou(one.face.box) >= _SAME_FACE_IOU:
            found = [other for other in found if other is not face]
        else:
            face = one.face
        faces.append((face, one.track_id))
    return [*faces, *((face, None) for face in found)]
