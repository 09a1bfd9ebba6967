"""What an ONNX file says of itself, read without its library."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kith.errors import ModelContractMismatch
from kith.vision.onnx_metadata import metadata


def varint(value: int) -> bytes:
    made = b""
    while value > 0x7F:
        made, value = made + bytes([value & 0x7F | 0x80]), value >> 7
    return made + bytes([value])


def field(number: int, value: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(value)) + value


def entry(key: str, value: str) -> bytes:
    return field(14, field(1, key.encode()) + field(2, value.encode()))


@pytest.mark.parametrize("graph", [b"", b"x" * 200_000])
def test_keys_and_values_stand_beside_the_graph(tmp_path: Path, graph: bytes) -> None:
    file = tmp_path / "a.onnx"
    version = varint(1 << 3) + varint(300)
    file.write_bytes(
        version + field(7, graph) + entry("character", "a\nb\nß") + entry("by", "") + field(8, b"")
    )
    assert metadata(file) == {"character": "a\nb\nß", "by": ""}


def test_the_real_library_writes_what_is_read(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    model = onnx.helper.make_model(onnx.helper.make_graph([], "empty", [], []))
    onnx.helper.set_model_props(model, {"character": "x\ny", "n": "1"})
    onnx.save(model, tmp_path / "a.onnx")
    assert metadata(tmp_path / "a.onnx") == {"character": "x\ny", "n": "1"}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(min_size=1, max_size=60))
def test_any_other_file_is_refused_or_says_nothing(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "a.onnx"
    file.write_bytes(content)
    with suppress(ModelContractMismatch):
        assert all(isinstance(value, str) for value in metadata(file).values())


def test_a_file_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.onnx"
    file.write_bytes(field(7, b"x" * 100)[:-1])
    with pytest.raises(ModelContractMismatch):
        metadata(file)
    file.write_bytes(b"")
    with pytest.raises(ModelContractMismatch):
        metadata(file)
