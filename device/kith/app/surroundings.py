"""What the core reaches outside itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kith.announce.player import Player
from kith.app.events import Observer
from kith.app.perception import Perception


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """set_camera: open or close the camera. power_off: switch the device off."""

    perception: Perception
    player: Player
    observe: Observer
    set_camera: Callable[[bool], None]
    power_off: Callable[[], None]
