"""EfficientNet-Lite0 up to one of its middle layers: what a thing looks like, cell by cell.

It was trained to tell a thousand kinds of things apart (ImageNet); what tells one mug from another is in its
middle, before the kinds are made of it. Tan and Le, EfficientNet, arXiv 1905.11946; docs/networks.md.
"""

from __future__ import annotations

from typing import Protocol

from kith.types import F32, U8
from kith.vision.networks import Network


class FeatureNetwork(Protocol):
    """Tells what a picture of a thing alone looks like."""

    @property
    def side_px(self) -> int:
        """It takes pictures u8[side_px, side_px, 3]."""

    def features(self, rgb: U8) -> F32:
        """One vector for each cell of such a picture: f32[h, w, C], 0 or more."""


class ThingNetwork:
    """`FeatureNetwork`. Not thread-safe: one thread owns it."""

    def __init__(self, network: Network) -> None:
        """network: of the manifest's role "things"."""
        self._network = network

    @property
    def side_px(self) -> int:
        """See `FeatureNetwork.side_px`."""
        return self._network.spec.input_width_px

    def features(self, rgb: U8) -> F32:
        """See `FeatureNetwork.features`."""
        (maps,) = self._network.run(rgb)
        cells: F32 = maps[0]
        return cells
