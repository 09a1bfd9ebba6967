"""The image carries the networks it must have and whatever else was built, and nothing that is damaged."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from image import ImageError
from image.build.networks import carried
from kith.vision.networks import read_manifest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """The shipped manifest, with a built file for each entry that holds its own name."""
    text = (ROOT / "models" / "manifest.toml").read_text(encoding="utf-8")
    text = re.sub(
        r'(file = "(.*\.(?:tflite|onnx))"\nsha256 = )".*"',
        lambda found: f'{found[1]}"{hashlib.sha256(found[2].encode()).hexdigest()}"',
        text,
    )
    (tmp_path / "manifest.toml").write_text(text, encoding="utf-8")
    (tmp_path / "build").mkdir()
    manifest = read_manifest(tmp_path)
    parts = [spec for part in manifest.files.values() for spec in part.values()]
    for spec in (*manifest.networks.values(), *parts):
        spec.path(tmp_path).write_text(spec.file, encoding="utf-8")
    return tmp_path


def names(models: Path) -> list[str]:
    return [each.name.partition("-")[0] for each in carried(models)]


def test_all_that_was_built_is_carried(models: Path) -> None:
    assert names(models) == ["yunet", "sface", "ssd", "efficientnet", "text_finder", "text_reader"]
    assert all(each.path.read_text() == each.path.name for each in carried(models))
    assert all(len(each.sha256) == 64 and each.licence for each in carried(models))


def test_what_is_optional_may_be_missing_but_not_in_part(models: Path) -> None:
    read_manifest(models).networks["objects"].path(models).unlink()
    (models / "build" / "text_reader.onnx").unlink()
    assert names(models) == ["yunet", "sface", "efficientnet"]
    read_manifest(models).networks["things"].path(models).unlink()
    assert names(models) == ["yunet", "sface"]


@pytest.mark.parametrize("kind", ["yunet", "sface"])
def test_what_is_required_must_be_there(models: Path, kind: str) -> None:
    next((models / "build").glob(f"{kind}-*")).unlink()
    with pytest.raises(ImageError, match=f"{kind}.*is not built, or not as .*make models"):
        carried(models)


@pytest.mark.parametrize("kind", ["sface", "ssd", "efficientnet", "text_reader"])
def test_nothing_damaged_is_carried(models: Path, kind: str) -> None:
    next((models / "build").glob(f"{kind}*")).write_text("something else", encoding="utf-8")
    with pytest.raises(ImageError, match=f"{kind}.*is not built, or not as .*make models"):
        carried(models)
