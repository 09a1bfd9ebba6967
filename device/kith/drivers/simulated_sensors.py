"""How the two kinds of range sensors see a scene, with all their weaknesses. Chance is handed in."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from random import Random
from typing import Protocol

from kith.drivers.simulated_scene import Scene
from kith.drivers.simulated_things import Hit
from kith.guard.ports import Position, RangeStatus

Answer = tuple[RangeStatus, int | None]
"""Status, and millimetres with OK."""

_NO_ECHO: Answer = (RangeStatus.NO_ECHO, None)
_UNSURE: Answer = (RangeStatus.UNSURE, None)


class SensorModel(Protocol):
    """A kind of sensor."""

    @property
    def period_ms(self) -> int:
        """Time between two readings."""

    def answer(self, scene: Scene, position: Position, t_s: float, sunlit: bool, chance: Random) -> Answer:
        """One reading at this time of the scene."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ultrasound:
    """An HC-SR04. The nearest thing that echoes is heard: a wall behind a coat, through it or beside it."""

    period_ms: int = 60
    width_deg: float = 15.0
    least_mm: float = 20.0
    most_mm: float = 4000.0
    noise_mm: float = 3.0
    noise_share: float = 0.002
    """Of the distance, added to the above: air moves."""
    smooth_to: float = 0.906
    """Straightness (cosine of 25 degrees) down to which a mirror-like surface echoes; ours."""
    rough_to: float = 0.342
    """The same of a rough one (70 degrees)."""
    fade: float = 0.06
    """So much straightness below that, no echo at all is left."""
    late_share: float = 0.01
    """Of readings whose edges were stamped late or early because the machine was busy; ours."""
    late_mm: float = 170.0
    """A millisecond: the worst seen of edges on a Pi's pins."""
    zero_share: float = 0.01
    """Readings of 0 while a thing stood at 40 cm: one in a hundred."""

    def answer(self, scene: Scene, position: Position, t_s: float, sunlit: bool, chance: Random) -> Answer:
        """See SensorModel; sunlight does not matter to it."""
        if chance.random() < self.zero_share:
            return RangeStatus.OK, 0
        for hit in scene.hits(position, t_s, self.width_deg):
            if chance.random() < self._echo(hit):
                return self._heard(hit.distance_m * 1000.0, chance)
        return _NO_ECHO

    def _echo(self, hit: Hit) -> float:
        limit = self.smooth_to if hit.surface.smooth else self.rough_to
        angle = min(max(1.0 - (limit - hit.straightness) / self.fade, 0.0), 1.0)
        return angle * hit.surface.echo

    def _heard(self, distance_mm: float, chance: Random) -> Answer:
        if distance_mm > self.most_mm:
            return _NO_ECHO
        if distance_mm < self.least_mm and chance.random() < 0.5:  # it still rings from its own ping
            return _NO_ECHO
        measured_mm = distance_mm + chance.gauss(0.0, self.noise_mm + self.noise_share * distance_mm)
        if chance.random() < self.late_share:
            measured_mm += chance.uniform(-self.late_mm, self.late_mm)
        return RangeStatus.OK, max(round(max(measured_mm, min(distance_mm, self.least_mm))), 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Laser:
    """A VL53L1X in its long mode. What it can see falls with the darkness of the thing, its slant and
    sunlight; the reach is fitted to its datasheet (17 % reflectance: 1.7 m, 54 %: 3.1 m, 88 %: 3.6 m in the
    dark, and 0.7 m before a window's light)."""

    period_ms: int = 40
    width_deg: float = 27.0
    most_mm: float = 4000.0
    reach_mm: float = 4100.0
    """Times the root of reflectance and straightness."""
    sunlit_mm: float = 730.0
    doubt: float = 1.25
    """From the reach to so many times it the sensor says it is unsure; beyond, that nothing came back."""
    noise_mm: float = 3.0
    noise_share: float = 0.006
    sunlit_noise: float = 3.0
    sunlit_unsure_share: float = 0.1
    """Of readings that sunlight spoils within its reach; ours."""

    def answer(self, scene: Scene, position: Position, t_s: float, sunlit: bool, chance: Random) -> Answer:
        """See SensorModel."""
        for hit in scene.hits(position, t_s, self.width_deg):
            distance_mm = hit.distance_m * 1000.0
            reach_mm = min(self.reach_mm * sqrt(hit.surface.reflectance * hit.straightness), self.most_mm)
            if sunlit:
                reach_mm = min(reach_mm, self.sunlit_mm)
            if distance_mm <= reach_mm:
                return self._seen(distance_mm, reach_mm, sunlit, chance)
            if distance_mm <= reach_mm * self.doubt:
                return _UNSURE
        # Where the sun shines in, noise alone keeps it from saying that nothing came back.
        return _UNSURE if sunlit else _NO_ECHO

    def _seen(self, distance_mm: float, reach_mm: float, sunlit: bool, chance: Random) -> Answer:
        if sunlit and chance.random() < self.sunlit_unsure_share:
            return _UNSURE
        share = self.noise_share * (1.0 + distance_mm / reach_mm)
        noise_mm = (self.noise_mm + share * distance_mm) * (self.sunlit_noise if sunlit else 1.0)
        return RangeStatus.OK, max(round(distance_mm + chance.gauss(0.0, noise_mm)), 0)


MODELS: dict[str, SensorModel] = {"hcsr04": Ultrasound(), "vl53l1x": Laser()}
"""By the name of their kind in the settings."""
