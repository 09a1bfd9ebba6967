"""What a device may do without is there whole, or not at all."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kith.app.optional import objects_fitted
from kith.app.surroundings import Objects
from kith.config import ThingsSettings
from kith.vision.networks import Role, read_manifest

MODELS = Path(__file__).parents[2] / "models"


@pytest.fixture
def models(tmp_path: Path) -> Path:
    shutil.copy(MODELS / "manifest.toml", tmp_path)
    for role in ("objects", "things"):
        path = read_manifest(tmp_path).networks[role].path(tmp_path)
        path.parent.mkdir(exist_ok=True)
        path.touch()
    return tmp_path


def test_objects_and_things_are_known_where_both_networks_are(models: Path) -> None:
    assert objects_fitted(ThingsSettings(), models) is Objects.FITTED
    assert objects_fitted(ThingsSettings(enabled=False), models) is Objects.OFF


@pytest.mark.parametrize("role", ["objects", "things"])
def test_with_one_of_the_networks_alone_neither_is(models: Path, role: Role) -> None:
    read_manifest(models).networks[role].path(models).unlink()
    assert objects_fitted(ThingsSettings(), models) is Objects.MISSING
