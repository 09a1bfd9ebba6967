"""Weights that PyTorch saved are read as it would read them, and nothing else in such a file is done."""

from __future__ import annotations

import contextlib
import io
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from kith.errors import ModelError
from models.torch_reader import read_weights

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
NOTHING = b"ccollections\nOrderedDict\n)R"


def text(words: str) -> bytes:
    return b"X" + struct.pack("<I", len(words.encode())) + words.encode()


def number(value: int) -> bytes:
    return b"J" + struct.pack("<i", value)


def several(*items: bytes) -> bytes:
    return b"(" + b"".join(items) + b"t"


def counts(values: tuple[int, ...]) -> bytes:
    return several(*(number(value) for value in values))


def pickled(content: bytes) -> bytes:
    return b"\x80\x02" + content + b"."


def long(value: int) -> bytes:
    stored = value.to_bytes(value.bit_length() // 8 + 1, "little")
    return b"\x8a" + bytes([len(stored)]) + stored


def storage(key: str, count: int, kind: str = "FloatStorage") -> bytes:
    name = b"ctorch\n" + kind.encode() + b"\n"
    return several(text("storage"), name, text(key), text("cpu"), number(count), b"N") + b"Q"


def tensor(at: bytes, shape: tuple[int, ...], strides: tuple[int, ...], offset: int = 0) -> bytes:
    made = several(at, number(offset), counts(shape), counts(strides), b"\x89", NOTHING)
    return b"ctorch._utils\n_rebuild_tensor_v2\n" + made + b"R"


def head(*, little: bool = True) -> bytes:
    order = b"\x88" if little else b"\x89"
    system = b"}(" + text("little_endian") + order + b"u"
    return pickled(long(MAGIC)) + pickled(number(PROTOCOL)) + pickled(system)


def saved(entries: dict[str, bytes], storages: dict[str, NDArray[np.generic]]) -> bytes:
    """A file as torch.save wrote it before 1.6."""
    items = b"".join(text(name) + entry for name, entry in entries.items())
    state = NOTHING + b"(" + items + b"u"
    # A state dict carries the versions of its modules as an attribute.
    state += b"}" + text("_metadata") + NOTHING + b"sb"
    keys = b"](" + b"".join(text(key) for key in storages) + b"e"
    numbers = b"".join(struct.pack("<q", one.size) + one.tobytes() for one in storages.values())
    return head() + pickled(state) + pickled(keys) + numbers


def plain() -> bytes:
    """Two tensors, of which one is turned round, and a count."""
    numbers = np.arange(24, dtype="<f4")
    return saved(
        {
            "a.weight": tensor(storage("7", 24), (3, 2, 4), (1, 3, 6)),
            "a.bias": tensor(storage("7", 24), (4,), (1,), offset=20),
            "count": tensor(storage("8", 1, "LongStorage"), (), ()),
        },
        {"7": numbers, "8": np.array([-5], "<i8")},
    )


def test_tensors_come_in_their_shapes_from_the_numbers_that_they_share() -> None:
    weights = read_weights(plain())
    assert list(weights) == ["a.weight", "a.bias", "count"]
    assert weights["a.weight"].shape == (3, 2, 4)
    np.testing.assert_array_equal(weights["a.weight"], np.arange(24).reshape(4, 2, 3).transpose(2, 1, 0))
    np.testing.assert_array_equal(weights["a.bias"], [20, 21, 22, 23])
    assert (weights["count"].shape, int(weights["count"])) == ((), -5)
    assert weights["a.weight"].dtype == np.float32
    assert weights["a.weight"].flags.c_contiguous


@given(data=st.data(), shape=st.lists(st.integers(0, 4), max_size=4))
def test_any_order_of_axes_and_any_place_is_read(data: st.DataObject, shape: list[int]) -> None:
    axes = data.draw(st.permutations(range(len(shape))))
    before, after = data.draw(st.integers(0, 3)), data.draw(st.integers(0, 3))
    size = int(np.prod(shape, dtype=int))
    numbers = np.random.default_rng(size).normal(size=before + size + after).astype("<f4")
    stored = numbers[before : before + size].reshape([shape[axis] for axis in axes])
    wanted = stored.transpose(np.argsort(axes)) if axes else stored
    strides = tuple(step // 4 for step in wanted.strides)
    entry = tensor(storage("1", len(numbers)), wanted.shape, strides, offset=before)

    got = read_weights(saved({"w": entry}, {"1": numbers}))["w"]

    np.testing.assert_array_equal(got, wanted)


def test_every_file_that_ends_too_early_is_refused() -> None:
    content = plain()
    for end in range(len(content)):
        with pytest.raises(ModelError):
            read_weights(content[:end])


@given(place=st.integers(0, len(plain()) - 1), by=st.integers(1, 255))
def test_a_byte_that_is_another_gives_other_numbers_or_one_clear_error(place: int, by: int) -> None:
    content = bytearray(plain())
    content[place] ^= by
    with contextlib.suppress(ModelError):
        weights = read_weights(bytes(content))
        assert all(isinstance(one, np.ndarray) for one in weights.values())


@given(st.binary(max_size=200))
def test_anything_else_is_refused(content: bytes) -> None:
    for begun in (content, head() + content, head() + b"\x80\x02" + content):
        with pytest.raises(ModelError):
            read_weights(begun)


def test_the_newer_format_is_refused() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("archive/data.pkl", pickled(NOTHING))
    with pytest.raises(ModelError, match=r"no weights as older .*models/manifest\.toml"):
        read_weights(stream.getvalue())


ONES = {"1": np.ones(6, "<f4")}


@pytest.mark.parametrize(
    ("entry", "storages", "complaint"),
    [
        (tensor(storage("1", 6), (7,), (1,)), ONES, "larger than its numbers"),
        (tensor(storage("1", 6), (6,), (1,), offset=1), ONES, "larger than its numbers"),
        (tensor(storage("1", 6), (2,), (6,)), ONES, "larger than its numbers"),
        (tensor(storage("1", 6), (1000, 1000, 1000), (0, 0, 0)), ONES, "larger than its numbers"),
        (tensor(storage("1", 6), (3,), (-1,), offset=5), ONES, "not made of numbers"),
        (tensor(storage("1", 6), (3,), (1,), offset=-1), ONES, "not made of numbers"),
        (tensor(storage("1", 6), (3, 2), (1,)), ONES, "zip"),
        (tensor(text("1"), (3,), (1,)), ONES, "not made of numbers"),
        (tensor(storage("1", -6), (), ()), ONES, "no number of numbers"),
        (tensor(storage("1", 5), (5,), (1,)), ONES, "another size"),
        (tensor(storage("1", 3, "LongStorage"), (3,), (1,)), ONES, "another size"),
        (tensor(storage("1", 6), (6,), (1,)), ONES | {"2": np.ones(1, "<f4")}, "list of storages"),
        (tensor(storage("1", 6), (6,), (1,)), {}, "list of storages"),
        (text("not a tensor"), {}, "something else than weights"),
        (several(tensor(storage("1", 6), (6,), (1,)), storage("1", 5)), ONES, "in two ways"),
    ],
)  # fmt: skip
def test_tensors_that_do_not_fit_their_numbers_are_refused(
    entry: bytes, storages: dict[str, NDArray[np.generic]], complaint: str
) -> None:
    with pytest.raises(ModelError, match=complaint):
        read_weights(saved({"w": entry}, storages))


def test_what_follows_and_numbers_the_other_way_round_are_refused() -> None:
    with pytest.raises(ModelError, match="something follows"):
        read_weights(plain() + b"\0")
    with pytest.raises(ModelError, match="the other way round"):
        read_weights(plain().replace(head(), head(little=False)))


def test_more_memory_than_a_file_has_use_for_is_refused() -> None:
    # A pickle may give what it holds any number, and the reader keeps room for all the numbers below.
    with pytest.raises(ModelError, match="more memory"):
        read_weights(pickled(b"Nr" + struct.pack("<I", 2**32 - 1)) + plain())


def harmful(folder: Path) -> dict[str, bytes]:
    """Pickles that make a file `folder/ran` where they are done."""
    command = text(f"touch '{folder}/ran'")
    python = text(f"open({str(folder / 'ran')!r}, 'w')")
    return {
        "a call": b"cos\nsystem\n(" + command + b"tR",
        "a call by its older name": b"c__builtin__\neval\n(" + python + b"tR",
        "a name off the stack": text("os") + text("system") + b"\x93(" + command + b"tR",
        "an instance": b"(" + command + b"ios\nsystem\n",
        "an object": b"(cos\nsystem\n" + command + b"o",
        "a new object": b"cbuiltins\neval\n(" + python + b"t\x81",
        "a name that looks like ours": b"ctorch._utils\n_rebuild_tensor_v2.__globals__\n(" + command + b"tR",
        "a name within a class": b"ccollections\nOrderedDict.fromkeys\n(" + command + b"tR",
        "an extension": b"\x82\x01",
    }


@pytest.mark.parametrize("way", list(harmful(Path())))
@pytest.mark.parametrize("place", ["first", "system", "weights", "within", "keys"])
def test_nothing_that_a_file_asks_for_is_run(way: str, place: str, tmp_path: Path) -> None:
    harm = harmful(tmp_path)[way]
    keys = pickled(b"](e")
    content = {
        "first": pickled(harm) + plain(),
        "system": pickled(long(MAGIC)) + pickled(number(PROTOCOL)) + pickled(harm),
        "weights": head() + pickled(harm) + keys,
        "within": saved({"w": harm}, {}),
        "keys": head() + pickled(NOTHING) + pickled(harm),
    }[place]
    with pytest.raises(ModelError, match=r"it asks for|it names what weights do not need"):
        read_weights(content)
    assert list(tmp_path.iterdir()) == []


MADE = {
    "storage": storage("7", 24),
    "kind": b"ctorch\nFloatStorage\n",
    "tensor": tensor(storage("7", 24), (4,), (1,)),
    "maker": b"ctorch._utils\n_rebuild_tensor_v2\n",
    "dictionary": b"ccollections\nOrderedDict\n",
}
CHANGES = {
    "a list": b"](" + number(1000) * 4 + b"e",
    "a mapping": b"}" + text("offset") + number(1000) + b"s",
    "a call": several(b"N", b"}" + text("__call__") + text("x") + b"s"),
    "a field": several(b"N", b"}" + text("offset") + number(1000) + b"s"),
    "numbers": several(b"N", b"}" + text("dtype") + text("<f8") + b"s"),
}


@pytest.mark.parametrize("made", list(MADE))
@pytest.mark.parametrize("change", list(CHANGES))
def test_no_file_can_change_what_was_checked_or_the_reader_for_the_next(made: str, change: str) -> None:
    """A tensor of memory that is not its own, for instance."""
    with pytest.raises(ModelError) as caught:
        read_weights(saved({"w": MADE[made] + CHANGES[change] + b"b"}, {"7": np.zeros(24, "<f4")}))
    assert isinstance(caught.value.__cause__, AttributeError | TypeError | pickle.UnpicklingError)
    assert len(read_weights(plain())) == 3


def test_the_pieces_here_are_those_of_a_pickle() -> None:
    """That what is refused above is refused for what it asks, not for being torn."""
    assert pickle.loads(pickled(b"](" + long(MAGIC) + number(-3) + several(text("é"), NOTHING) + b"e")) == [
        MAGIC,
        -3,
        ("é", {}),
    ]
