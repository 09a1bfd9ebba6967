"""What a frame shows besides faces: the object network, what tells things apart, and the matcher."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

from kith.app.paths import calibration_dir
from kith.config import Settings
from kith.recognition.matcher import TemplateSet
from kith.recognition.thing_matcher import ThingMatcher, ThingPoint, load_thing_point
from kith.types import (
    U8,
    BoxPx,
    HeldFault,
    HeldThing,
    Identification,
    Outcome,
    SeenObject,
    SeenThing,
    Survey,
)
from kith.vision.networks import load_network
from kith.vision.objects import ObjectLook, ObjectNetwork
from kith.vision.thing_network import ThingNetwork
from kith.vision.things import ThingEmbedder, candidates, held_up, load_thing_map

PLACES_FROM = 0.02
"""From this score on an object's box is a place where a taught thing may be: of what no class fits the
network is never sure, but its boxes fit."""
_SAME_PLACE = 0.5
"""An object of whose box so much lies in a known thing's, and the other way round, is that thing."""
_NEAR = 0.5
"""A thing is near when it looks at least so large as it did in the hand."""


class ThingEyes:
    """Not thread-safe: one thread owns it, and the network. See app.thing_sight for what it is asked."""

    def __init__(
        self, network: ObjectNetwork, embedder: ThingEmbedder, point: ThingPoint, object_score: float
    ) -> None:
        """network: finds objects from PLACES_FROM on; object_score: those below it are not told of."""
        self._network, self._embedder, self._point = network, embedder, point
        self._object_score = object_score
        self._matcher: ThingMatcher | None = None
        self._extents: Mapping[int, float] = {}

    def learn(self, templates: TemplateSet, extents: Mapping[int, float]) -> None:
        """From now on these are the things that were taught. Raises CalibrationMismatch."""
        self._matcher = ThingMatcher(templates, self._point)
        self._extents = extents

    def survey(self, rgb: U8, focal_px: float) -> Survey:
        """What is in rgb u8[H, W, 3], from a camera of that focal length, largest first."""
        look = self._network.look(rgb)
        things = self._things(rgb, look, focal_px)
        objects = [
            SeenObject(
                label=found.label,
                box=found.box,
                score=found.score,
                bearing_deg=_bearing_deg(found.box, rgb, focal_px),
            )
            for found in look.objects
            if found.score >= self._object_score
            and not any(found.box.iou(thing.box) >= _SAME_PLACE for thing in things)
        ]
        return Survey(
            objects=tuple(sorted(objects, key=lambda seen: -seen.box.area)),
            things=tuple(sorted(things, key=lambda seen: -seen.box.area)),
        )

    def held(self, rgb: U8) -> HeldThing:
        """What is held up in the middle of rgb u8[H, W, 3]."""
        seen = held_up(rgb, self._network.look(rgb))
        if seen.box is None:
            return HeldThing(box=None, fault=HeldFault.NO_THING, embedding=None, extent=0.0, looks_like=None)
        extent = _extent(seen.box, rgb)
        if seen.fault is not None:
            return HeldThing(box=seen.box, fault=seen.fault, embedding=None, extent=extent, looks_like=None)
        embedding = self._embedder.embed_held(rgb, seen.box)
        known = None if self._matcher is None else self._matcher.identify(embedding)
        return HeldThing(
            box=seen.box,
            fault=None,
            embedding=embedding,
            extent=extent,
            looks_like=known.person_id if known is not None and known.outcome is Outcome.KNOWN else None,
        )

    def _things(self, rgb: U8, look: ObjectLook, focal_px: float) -> list[SeenThing]:
        """Each known thing once, where it is surest."""
        if self._matcher is None or not self._matcher.things:
            return []
        best: dict[int, tuple[float, float | None, BoxPx]] = {}
        for box in candidates(look, rgb.shape[0] * rgb.shape[1], self._point.looks):
            thing, score, margin = _known(self._matcher.identify(self._embedder.embed(rgb, box)))
            if thing is not None and (thing not in best or score > best[thing][0]):
                best[thing] = (score, margin, box)
        return [
            SeenThing(
                thing_id=thing,
                box=box,
                score=score,
                margin=margin,
                bearing_deg=_bearing_deg(box, rgb, focal_px),
                near=self._near(thing, _extent(box, rgb)),
            )
            for thing, (score, margin, box) in best.items()
        ]

    def _near(self, thing: int, extent: float) -> bool | None:
        taught = self._extents.get(thing)
        return None if taught is None else extent >= _NEAR * taught


def open_thing_eyes(models: Path, settings: Settings) -> ThingEyes:
    """Raises ModelError or CalibrationMismatch."""
    network = ObjectNetwork(load_network("objects", models), PLACES_FROM)
    opened = load_network("things", models)
    figures = calibration_dir()
    through = load_thing_map(figures / "thing_map.npz", opened.model_id)
    embedder = ThingEmbedder(ThingNetwork(opened), through)
    point = load_thing_point(figures / "thing_matching.toml", embedder.model_id)
    return ThingEyes(network, embedder, point, settings.things.object_score)


def _known(found: Identification) -> tuple[int | None, float, float | None]:
    if found.outcome is not Outcome.KNOWN or found.score is None:
        return None, 0.0, None
    return found.person_id, found.score, found.margin


def _bearing_deg(box: BoxPx, rgb: U8, focal_px: float) -> float:
    return math.degrees(math.atan2(box.center_x - rgb.shape[1] / 2, focal_px))


def _extent(box: BoxPx, rgb: U8) -> float:
    return max(box.w, box.h) / int(rgb.shape[1])
