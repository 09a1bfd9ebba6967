"""Read the weights in a file of PyTorch's older format (torch.save before 1.6), without PyTorch.

Such a file is five pickles, then the numbers themselves. A pickle can call whatever it names, so each is read
through before anything of it is done: only the few operations and names that weights need are let through.
"""

from __future__ import annotations

import io
import math
import pickle
import pickletools
from collections import OrderedDict
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kith.errors import ModelError

Weights = dict[str, NDArray[Any]]
"""By its name each tensor, in its own shape and in rows."""

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_COUNT_BYTES = 8

_OPERATIONS = frozenset(
    {"PROTO", "STOP", "MARK", "NONE", "NEWTRUE", "NEWFALSE", "BININT", "BININT1", "BININT2", "LONG1",
     "BINUNICODE", "EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "EMPTY_LIST", "APPEND", "APPENDS",
     "EMPTY_DICT", "SETITEM", "SETITEMS", "BINPUT", "LONG_BINPUT", "BINGET", "LONG_BINGET", "GLOBAL",
     "REDUCE", "BUILD", "BINPERSID"}
)  # fmt: skip

_WRONG = (
    pickle.UnpicklingError,
    EOFError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
)
"""What a pickle that holds something else, or ends too early, makes of its reader."""


def read_weights(content: bytes) -> Weights:
    """The tensors of a file that holds a state dict and nothing else; ModelError for any other file."""
    try:
        return _read(io.BytesIO(content), len(content))
    except _WRONG as error:
        raise ModelError(
            f"these are no weights as older versions of PyTorch save them ({error}):"
            " models/manifest.toml must name such a file"
        ) from error


# A pickle can change what it has made, but no tuple, and no object without attributes.


class _Kind(NamedTuple):
    """A storage's type of numbers."""

    dtype: str


class _Storage(NamedTuple):
    """Numbers in a row, which come later in the file."""

    key: str
    kind: _Kind
    length: int


class _Tensor(NamedTuple):
    """Which numbers of a storage a tensor is, counted in numbers."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def of(self, numbers: NDArray[Any]) -> NDArray[Any]:
        """The tensor, copied out of its storage."""
        steps = [step * numbers.itemsize for step in self.strides]
        view = np.lib.stride_tricks.as_strided(numbers[self.offset :], self.shape, steps)
        return np.array(view, order="C")


class _Rebuild:
    """Stands for PyTorch's own maker of tensors."""

    __slots__ = ()

    def __call__(
        self, storage: object, offset: object, shape: object, strides: object, *_: object
    ) -> _Tensor:
        if not (isinstance(storage, _Storage) and _is_count(offset) and _are(shape) and _are(strides)):
            raise ValueError("a tensor is not made of numbers")
        assert isinstance(offset, int)
        assert isinstance(shape, tuple)
        assert isinstance(strides, tuple)
        last = offset + sum((n - 1) * step for n, step in zip(shape, strides, strict=True))
        if math.prod(shape) > storage.length or (0 not in shape and last >= storage.length):
            raise ValueError("a tensor is larger than its numbers")
        return _Tensor(storage, offset, shape, strides)


_NAMES: Final = {
    "collections OrderedDict": OrderedDict,
    "torch._utils _rebuild_tensor_v2": _Rebuild(),
    "torch FloatStorage": _Kind("<f4"),
    "torch LongStorage": _Kind("<i8"),
}


class _Reader(pickle.Unpickler):
    """Makes of a pickle that was looked through what it says, with `_NAMES` for the names in it."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        self.storages: dict[str, _Storage] = {}

    def find_class(self, module: str, name: str) -> Any:
        """Only what is in `_NAMES`."""
        return _NAMES[f"{module} {name}"]

    def persistent_load(self, pid: Any) -> _Storage:
        """The storage that is meant; its numbers come later."""
        word, kind, key, _, count, view = pid
        if word != "storage" or not isinstance(kind, _Kind) or not isinstance(key, str) or view is not None:
            raise ValueError("a storage is described in another way")
        if not _is_count(count):
            raise ValueError("a storage holds no number of numbers")
        storage = _Storage(key, kind, count)
        if self.storages.setdefault(key, storage) != storage:
            raise ValueError("a storage is described in two ways")
        return storage


def _read(file: io.BytesIO, size: int) -> Weights:
    if _unpickled(file, size)[0] != _MAGIC or _unpickled(file, size)[0] != _PROTOCOL:
        raise ValueError("it does not begin as such a file does")
    system = _unpickled(file, size)[0]
    if not isinstance(system, dict) or system.get("little_endian") is not True:
        raise ValueError("its numbers are stored the other way round")
    tensors, storages = _unpickled(file, size)
    if not isinstance(tensors, dict) or not all(isinstance(name, str) for name in tensors):
        raise ValueError("it holds something else than weights by their names")
    keys, _ = _unpickled(file, size)
    if not isinstance(keys, list) or sorted(keys) != sorted(storages):
        raise ValueError("its list of storages is not that of its tensors")
    numbers = {key: _numbers(file, storages[key]) for key in keys}
    if file.read(1):
        raise ValueError("something follows its weights")
    return {name: _tensor(one).of(numbers[one.storage.key]) for name, one in tensors.items()}


def _unpickled(file: io.BytesIO, size: int) -> tuple[Any, dict[str, _Storage]]:
    """What the next pickle holds, and the storages that it names."""
    start = file.tell()
    for operation, argument, _ in pickletools.genops(file):
        if operation.name not in _OPERATIONS:
            raise ValueError(f"it asks for {operation.name}")
        if operation.name == "GLOBAL" and argument not in _NAMES:
            raise ValueError("it names what weights do not need")
        if operation.name == "LONG_BINPUT" and isinstance(argument, int) and argument > size:
            raise ValueError("it asks for more memory than it has use for")
    file.seek(start)
    reader = _Reader(file)
    return reader.load(), reader.storages


def _numbers(file: io.BytesIO, storage: _Storage) -> NDArray[Any]:
    dtype = np.dtype(storage.kind.dtype)
    count = int.from_bytes(file.read(_COUNT_BYTES), "little")
    stored = file.read(storage.length * dtype.itemsize)
    if count != storage.length or len(stored) != storage.length * dtype.itemsize:
        raise ValueError("it ends too early, or its storages have another size")
    return np.frombuffer(stored, dtype)


def _tensor(one: object) -> _Tensor:
    if not isinstance(one, _Tensor):
        raise TypeError("it holds something else than weights")
    return one


def _is_count(value: object) -> bool:
    return type(value) is int and value >= 0


def _are(values: object) -> bool:
    return isinstance(values, tuple) and all(_is_count(value) for value in values)
