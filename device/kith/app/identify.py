"""Who is in a photo, as `kith identify` tells it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kith.app.opening import Recognition
from kith.app.photos import Looked, PhotoFaces, look_at
from kith.config import CameraSettings, Settings
from kith.errors import InputError
from kith.recognition.matcher import Matcher
from kith.types import Identification, Outcome
from kith.vision.place import focal_length_px, locate

REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceReport:
    """One face. The fields and their order are those of the JSON line.

    box_px: left, top, width, height in pixels of the file, once turned as its EXIF says. outcome: known,
    unknown, ambiguous or rejected. name: only when known. score, margin: None when rejected, or when there
    is nobody to compare with. reason: why it was rejected; the two names when ambiguous. distance_mm: only
    in a picture of the size that Kith's camera makes, since only that camera's field of view is known.
    """

    box_px: tuple[int, int, int, int]
    outcome: str
    name: str | None
    score: float | None
    margin: float | None
    reason: str | None
    distance_mm: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoReport:
    """One photo: its faces, largest first, or why it could not be looked at."""

    photo: str
    faces: tuple[FaceReport, ...]
    error: str | None

    def as_json(self) -> dict[str, Any]:
        """The object of a JSON line."""
        return asdict(self)

    def sentence(self) -> str:
        """The same for reading."""
        if self.error is not None:
            return self.error if self.photo in self.error else f"{self.photo}: {self.error}"
        told = ". ".join(_told(face) for face in self.faces) or "no face"
        return f"{self.photo}: {told}."


def identify_photos(
    recognition: Recognition, settings: Settings, photos: Sequence[Path]
) -> Iterator[PhotoReport]:
    """A report for each photo in the order given, as soon as it is made. A photo that cannot be read has an
    error and does not end the rest. Raises GalleryError."""
    matcher = Matcher(recognition.gallery.templates(), recognition.point)
    names = {person.person_id: person.name for person in recognition.gallery.people()}
    for path in photos:
        try:
            looked = look_at(recognition.analyzer, path)
        except InputError as error:
            yield PhotoReport(photo=str(path), faces=(), error=str(error))
            continue
        faces = tuple(_report(face, looked, matcher, names, settings) for face in looked.faces)
        yield PhotoReport(photo=str(path), faces=faces, error=None)


def judge(matcher: Matcher, face: Looked) -> Identification | None:
    """Who a face is; None when its look is rejected."""
    return None if face.embedding is None else matcher.identify(face.embedding)


def _report(
    face: Looked, looked: PhotoFaces, matcher: Matcher, names: Mapping[int, str], settings: Settings
) -> FaceReport:
    answer = judge(matcher, face)
    box = face.assessment.face.box
    corners = [round(value * looked.scale) for value in (box.x, box.y, box.w, box.h)]
    return FaceReport(
        box_px=(corners[0], corners[1], corners[2], corners[3]),
        outcome=REJECTED if answer is None else answer.outcome.value,
        name=_name(answer, names),
        score=None if answer is None else _rounded(answer.score),
        margin=None if answer is None else _rounded(answer.margin),
        reason=_reason(face, answer, names),
        distance_mm=_distance_mm(face, looked, settings),
    )


def _name(answer: Identification | None, names: Mapping[int, str]) -> str | None:
    if answer is None or answer.outcome is not Outcome.KNOWN or answer.person_id is None:
        return None
    return names[answer.person_id]


def _reason(face: Looked, answer: Identification | None, names: Mapping[int, str]) -> str | None:
    if answer is None:
        return str(face.assessment.rejection)
    if answer.person_id is not None and answer.runner_up_id is not None:
        return f"{names[answer.person_id]} or {names[answer.runner_up_id]}"
    return None


def _distance_mm(face: Looked, looked: PhotoFaces, settings: Settings) -> int | None:
    if not _from_the_camera(looked, settings.camera):
        return None
    place = locate(
        face.assessment.face,
        face.assessment.quality,
        looked.width_px,
        focal_length_px(settings.camera.width_px, settings.camera.horizontal_fov_deg),
        settings.vision.facing_yaw_deg,
    )
    return place.distance_mm


def _from_the_camera(looked: PhotoFaces, camera: CameraSettings) -> bool:
    size = (camera.width_px, camera.height_px)
    if camera.rotation_deg % 180:
        size = (camera.height_px, camera.width_px)
    return looked.scale == 1.0 and (looked.width_px, looked.height_px) == size


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _told(face: FaceReport) -> str:
    where = "" if face.distance_mm is None else f" at {face.distance_mm / 1000:.1f} m"
    if face.outcome == REJECTED:
        return f"A face that cannot be judged, {face.reason}{where}"
    if face.outcome == Outcome.UNKNOWN:
        return f"Nobody known{where}"
    return f"{face.name or face.reason}{where} (score {face.score:.2f})"
