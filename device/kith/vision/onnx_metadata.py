"""What an ONNX file says of itself beside its graph, without the library that the device does not have."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path

from kith.errors import ModelContractMismatch

_METADATA = 14
"""The field of a ModelProto that holds a key and a value, as onnx.proto numbers them."""
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def metadata(path: Path) -> dict[str, str]:
    """Keys and values. Raises ModelContractMismatch for a file that is no ONNX."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            pairs = [dict(_fields(value)) for field, value in _fields(content) if field == _METADATA]
        return {pair[1].decode(): pair.get(2, b"").decode() for pair in pairs}
    except (ValueError, IndexError, KeyError) as error:
        raise ModelContractMismatch(f"{path.name} is no ONNX file: run `make models`") from error


def _fields(content: bytes | mmap.mmap) -> Iterator[tuple[int, bytes]]:
    """The fields of a protobuf message that hold bytes; only those up to 1 MiB are read."""
    at, end = 0, len(content)
    while at < end:
        key, at = _varint(content, at)
        kind = key & 7
        if kind == _VARINT:
            _, at = _varint(content, at)
        elif kind == _BYTES:
            length, at = _varint(content, at)
            if at + length > end:
                raise ValueError("a field is longer than its message")
            if length <= 1 << 20:
                yield key >> 3, content[at : at + length]
            at += length
        elif kind in (_FIXED64, _FIXED32):
            at += 8 if kind == _FIXED64 else 4
        else:
            raise ValueError("an unknown kind of field")


def _varint(content: bytes | mmap.mmap, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
