"""Keeping a face from frame to frame, and fusing what was seen of it."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

import numpy as np

from kith.clock import NS_PER_MS
from kith.types import F32, BoxPx, Embedding, Face

_MIN_IOU = 0.2
_SAME_IOU = 0.3
_MAX_SHIFT = 0.8
_FUSED_LOOKS = 8
_SAME_FACE_SCORE = 0.15
"""Cosine, the network's mean face taken from both sides. Of single looks at strangers one in eighteen reaches
it against a track of somebody else (with the mean face left in, four in ten did), and no other day's photo of
the same person stayed below 0.25."""


@dataclass(slots=True)
class Track:
    """One face over time. looks: the last few embeddings with their weights; second_look_ns: when a frame was
    last looked at again for its sake; refined_ns: when a second look last showed it finely."""

    track_id: int
    face: Face
    seen_ns: int
    embedded_ns: int | None = None
    second_look_ns: int | None = None
    refined_ns: int | None = None
    looks: deque[tuple[Embedding, float]] = field(default_factory=lambda: deque(maxlen=_FUSED_LOOKS))

    def fused(self) -> Embedding | None:
        """The weighted mean of the looks, back on the unit sphere; None before the first look."""
        if not self.looks:
            return None
        total = sum((look.vector * np.float32(weight) for look, weight in self.looks), start=np.float32(0))
        vector = np.asarray(total / max(float(np.linalg.norm(total)), 1e-6), np.float32)
        vector.setflags(write=False)
        return Embedding(vector=vector, model_id=self.looks[-1][0].model_id)

    def agrees(self, embedding: Embedding, centre: F32) -> bool:
        """Whether a new look can be of the same face; centre: the network's mean face f32[D]. A look far from
        all before it means that the track has jumped to somebody else."""
        fused = self.fused()
        if fused is None:
            return True
        before, new = fused.vector - centre, embedding.vector - centre
        lengths = float(np.linalg.norm(before) * np.linalg.norm(new))
        return float(before @ new) >= _SAME_FACE_SCORE * lengths


class Tracker:
    """Gives each face the track it continues. Greedy by overlap, then by nearness: at ten looks a second
    and a handful of faces nothing finer pays."""

    def __init__(self, lost_after_ms: int) -> None:
        self._lost_after_ns = lost_after_ms * NS_PER_MS
        self._tracks: dict[int, Track] = {}
        self._next_id = 1

    def update(self, faces: list[Face], now_ns: int) -> list[Track]:
        """The track of each face, in the order of `faces`; tracks unseen for too long are forgotten,
        embeddings and all."""
        self.forget_lost(now_ns)
        return self._continue(faces, set(self._tracks), now_ns)

    def refine(self, faces: list[Face], now_ns: int) -> list[Track]:
        """Take what a second look at the frame of the latest `update` shows: the tracks that it concerns.

        A face that is one of the first look takes its place; any other goes on with a track that the first
        look missed, or begins one. What lies within a face of the first look, or holds its middle, and is not
        that face is a part of it or a trick of the light, and is left out.
        """
        seen = [track for track in self._tracks.values() if track.seen_ns == now_ns]
        changed: dict[int, Track] = {}
        others: list[Face] = []
        for face in faces:
            same = max(seen, key=lambda track: track.face.box.iou(face.box), default=None)
            if same is not None and same.face.box.iou(face.box) >= _SAME_IOU:
                if same.track_id not in changed:
                    same.face = face
                    changed[same.track_id] = same
            elif not any(_meet(track.face.box, face.box) for track in seen):
                others.append(face)
        missed = {track_id for track_id, track in self._tracks.items() if track.seen_ns != now_ns}
        return [*changed.values(), *self._continue(others, missed, now_ns)]

    def missed(self, now_ns: int) -> list[Track]:
        """The tracks that are kept and were not seen in the frame of this time."""
        return [track for track in self._tracks.values() if track.seen_ns != now_ns]

    def forget_lost(self, now_ns: int) -> None:
        """Forget the tracks that were not seen for too long, also when no picture comes."""
        self._tracks = {
            key: track for key, track in self._tracks.items() if now_ns - track.seen_ns <= self._lost_after_ns
        }

    def forget(self) -> None:
        """Forget all tracks. Their numbers are not given again."""
        self._tracks = {}

    def restart(self, track: Track) -> Track:
        """The same face under a new track: what was known of it no longer holds."""
        self._tracks.pop(track.track_id, None)
        return self._begin(track.face, track.seen_ns)

    def _continue(self, faces: list[Face], free: set[int], now_ns: int) -> list[Track]:
        taken: dict[int, Track] = {}
        for _, index, track_id in sorted(self._pairs(faces, free), reverse=True):
            if index not in taken and track_id in free:
                taken[index] = self._tracks[track_id]
                free.discard(track_id)
        for index, face in enumerate(faces):
            track = taken.get(index) or self._begin(face, now_ns)
            track.face, track.seen_ns = face, now_ns
            taken[index] = track
        return [taken[index] for index in range(len(faces))]

    def _begin(self, face: Face, now_ns: int) -> Track:
        track = Track(track_id=self._next_id, face=face, seen_ns=now_ns)
        self._tracks[track.track_id] = track
        self._next_id += 1
        return track

    def _pairs(self, faces: list[Face], free: set[int]) -> list[tuple[float, int, int]]:
        pairs: list[tuple[float, int, int]] = []
        for index, face in enumerate(faces):
            for track_id in free:
                score = _affinity(self._tracks[track_id].face, face)
                if score > 0:
                    pairs.append((score, index, track_id))
        return pairs


def _meet(old: BoxPx, new: BoxPx) -> bool:
    """Whether either box holds the other's middle."""
    return _within(old, new) or _within(new, old)


def _within(inner: BoxPx, outer: BoxPx) -> bool:
    return 0 <= inner.center_x - outer.x <= outer.w and 0 <= inner.center_y - outer.y <= outer.h


def _affinity(old: Face, new: Face) -> float:
    """Above 0 when `new` can continue `old`: overlap first, then nearness, for quick turns of the head."""
    iou = old.box.iou(new.box)
    if iou >= _MIN_IOU:
        return 1.0 + iou
    size = max(old.box.w, new.box.w)
    if not 0.5 < old.box.w / new.box.w < 2.0:
        return 0.0
    shift = math.hypot(old.box.center_x - new.box.center_x, old.box.center_y - new.box.center_y) / size
    return max(0.0, 1.0 - shift / _MAX_SHIFT)
