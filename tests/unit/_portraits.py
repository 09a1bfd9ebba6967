"""Photographs for tests of the whole path: the demo's portraits and the development faces, never copied."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def portraits() -> dict[str, Path]:
    """Name -> one photograph of each of three people. Skips where the demo has not been built."""
    folder = ROOT / "demo" / "build" / "photos"
    found = {each.name: sorted(each.iterdir())[0] for each in sorted(folder.glob("*")) if each.is_dir()}
    if len(found) < 3:
        pytest.skip("the demo's photographs are not there; `python -m demo build` fetches them")
    if not any((ROOT / "models" / "build").glob("*.tflite")):
        pytest.skip("the networks are not built; `make models` builds them")
    return found


def development_faces() -> Path:
    """The folder of LFW's development half. Skips where it is absent."""
    data = Path(os.environ.get("KITH_DATA", ROOT.parent / "shared" / "data"))
    folder = data / "lfw-dev"
    if not folder.is_dir():
        pytest.skip(f"there are no development faces in {folder}")
    return folder
