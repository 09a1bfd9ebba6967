"""The form in which people lie within a sealed file, and all that is not in that form."""

from __future__ import annotations

import base64
import io
import json
import resource
import tarfile
import wave
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from kith.app.people_file import MOST_PEOPLE, Unusable, packed, unpacked
from kith.recognition.records import CounterexampleRecord, PersonRecord, TemplateRecord
from kith.types import I16, SAMPLE_RATE_HZ, Kind
from kith.wav_file import wav_bytes
from tests.unit._gallery_kit import MODEL, THINGS, looks, thing_looks

Put = Callable[[dict[str, Any]], None]
NOON = "2026-03-01T12:00:00+00:00"


def voice() -> I16:
    return (8000 * np.sin(2 * np.pi * 300 * np.arange(15_000) / SAMPLE_RATE_HZ)).astype(np.int16)


def person(name: str, seed: int) -> PersonRecord:
    return PersonRecord(
        name=name,
        generated=False,
        consented_at=NOON,
        created_at=NOON,
        met_on="2026-04-05",
        templates=tuple(
            TemplateRecord(vector=look.vector, model_id=MODEL, source="photo", created_at=NOON)
            for look in looks(seed)
        ),
    )


@pytest.fixture
def three() -> list[PersonRecord]:
    """Anna with a recording and a mark, Ben and Carla."""
    (other,) = looks(9, 1)
    mark = CounterexampleRecord(vector=other.vector, model_id=MODEL, created_at=NOON, counts=True)
    anna = replace(person("Anna", 1), counterexamples=(mark,), recording=wav_bytes(voice()))
    return [anna, person("Ben", 2), person("Carla", 3)]


# --- the form, read as somebody would in ten years ---------------------------------------------------


def test_the_archive_can_be_read_without_kith(three: list[PersonRecord]) -> None:
    with tarfile.open(fileobj=io.BytesIO(packed(three))) as tar:
        names = tar.getnames()
        files = {name: tar.extractfile(name).read() for name in names}  # type: ignore[union-attr]
    assert names == [
        "kith.json",
        "people/0001.json",
        "people/0001.wav",
        "people/0002.json",
        "people/0003.json",
    ]
    manifest = json.loads(files["kith.json"])
    assert (manifest["format"], manifest["people"], manifest["model_ids"]) == (1, 3, [MODEL])
    assert "little-endian" in manifest["about"]
    anna = json.loads(files["people/0001.json"])
    assert (anna["name"], anna["consented_at"]) == ("Anna", "2026-03-01T12:00:00+00:00")
    vector = np.frombuffer(base64.b64decode(anna["templates"][0]["vector"]), "<f4")
    assert np.array_equal(vector, looks(1)[0].vector)
    with wave.open(io.BytesIO(files["people/0001.wav"])) as sound:
        assert (sound.getframerate(), sound.getnchannels()) == (SAMPLE_RATE_HZ, 1)
        assert sound.getnframes() == len(voice())


def thing(name: str, seed: int) -> PersonRecord:
    templates = tuple(
        TemplateRecord(vector=look.vector, model_id=THINGS, source="device", created_at=NOON)
        for look in thing_looks(seed)
    )
    return replace(
        person(name, seed), kind=Kind.THING, announced=True, extent=0.375, met_on=None, templates=templates
    )


def test_a_thing_lies_there_as_a_person_does_and_is_told_apart(three: list[PersonRecord]) -> None:
    files = parts([*three, replace(thing("keys", 4), recording=wav_bytes(voice()))])
    assert {"people/0004.json", "people/0004.wav"} < set(files)
    manifest = json.loads(files["kith.json"])
    assert (manifest["format"], manifest["people"], manifest["model_ids"]) == (2, 4, [THINGS, MODEL])
    keys = json.loads(files["people/0004.json"])
    assert (keys["kind"], keys["announced"], keys["extent"]) == ("thing", True, 0.375)
    assert "kind" not in json.loads(files["people/0001.json"])
    again = unpacked(archive(files))
    assert [(each.kind, each.announced, each.extent) for each in again[2:]] == [
        (Kind.PERSON, False, None),
        (Kind.THING, True, 0.375),
    ]
    assert [each.vector.tobytes() for each in again[3].templates] == [
        look.vector.tobytes() for look in thing_looks(4)
    ]
    [unsized] = unpacked(packed([replace(thing("keys", 4), extent=None, announced=False)]))
    assert (unsized.extent, unsized.announced) == (None, False)


HOSTILE_THINGS: list[tuple[str, Put]] = [
    ("a kind that is none", lambda p: p.update(kind="ghost")),
    ("a kind that is a number", lambda p: p.update(kind=3)),
    ("a kind that is a list", lambda p: p.update(kind=[])),
    ("announced that is none", lambda p: p.update(announced=1)),
    ("announced that is missing", lambda p: p.pop("announced")),
    ("a size of nothing", lambda p: p.update(extent=0.0)),
    ("a size that is none", lambda p: p.update(extent="large")),
    ("a size without end", lambda p: p.update(extent=float("inf"))),
    ("a size that is no number", lambda p: p.update(extent=float("nan"))),
    ("a mark", lambda p: p.update(counterexamples=[{"counts": True}])),
]


@pytest.mark.parametrize(("what", "put"), HOSTILE_THINGS, ids=[what for what, _ in HOSTILE_THINGS])
def test_a_thing_that_is_none_is_refused(what: str, put: Put) -> None:
    del what
    with pytest.raises(Unusable, match="not people as"):
        unpacked(changed([thing("keys", 4)], "people/0001.json", put))


# --- what is no such archive --------------------------------------------------------------------------


def archive(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def parts(three: list[PersonRecord]) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(packed(three))) as tar:
        return {name: tar.extractfile(name).read() for name in tar.getnames()}  # type: ignore[union-attr]


def changed(three: list[PersonRecord], file: str, put: Put) -> bytes:
    files = parts(three)
    value = json.loads(files[file])
    put(value)
    return archive(files | {file: json.dumps(value).encode()})


def vector_of(values: Any) -> str:
    return base64.b64encode(np.asarray(values, "<f4").tobytes()).decode()


UNIT = np.eye(1, 128, dtype=np.float32)[0]

HOSTILE_PEOPLE: list[tuple[str, Put]] = [
    ("a name with a control character", lambda p: p.update(name="An\x1bna")),
    ("a name with a line break", lambda p: p.update(name="Anna\nBen")),
    ("no name", lambda p: p.update(name="  ")),
    ("a long name", lambda p: p.update(name="A" * 81)),
    ("a name that is a list", lambda p: p.update(name=["Anna"])),
    ("a name that is missing", lambda p: p.pop("name")),
    ("a date that is none", lambda p: p.update(consented_at="last summer")),
    ("a date without a zone", lambda p: p.update(created_at="2026-03-01")),
    ("a date that is a number", lambda p: p.update(consented_at=3)),
    ("a day that is a number", lambda p: p.update(met_on=3)),
    ("templates that are none", lambda p: p.update(templates="many")),
    ("a template that is none", lambda p: p["templates"].append(3)),
    ("NaN", lambda p: p["templates"][0].update(vector=vector_of([np.nan] * 128))),
    ("infinite", lambda p: p["templates"][0].update(vector=vector_of([np.inf] * 128))),
    ("too long a vector", lambda p: p["templates"][0].update(vector=vector_of(UNIT * 2))),
    ("a vector of nothing", lambda p: p["templates"][0].update(vector="")),
    ("a torn vector", lambda p: p["templates"][0].update(vector="AAAAAA==")),
    ("no base64", lambda p: p["templates"][0].update(vector="!" * 684)),
    ("no ASCII", lambda p: p["templates"][0].update(vector="ä" * 684)),
    ("NaN in a counter-example", lambda p: p["counterexamples"][0].update(vector=vector_of([np.nan] * 128))),
    ("a truth that is none", lambda p: p["counterexamples"][0].update(counts="yes")),
    ("generated that is none", lambda p: p.update(generated=1)),
]


@pytest.mark.parametrize(("what", "put"), HOSTILE_PEOPLE, ids=[what for what, _ in HOSTILE_PEOPLE])
def test_a_person_that_is_none_is_refused(three: list[PersonRecord], what: str, put: Put) -> None:
    del what
    with pytest.raises(Unusable) as caught:
        unpacked(changed(three, "people/0001.json", put))
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert "Anna" not in str(caught.value)


def test_a_newer_form_says_to_update(three: list[PersonRecord]) -> None:
    with pytest.raises(
        Unusable, match=r"newer Kith \(its form is number 3, this one knows up to 2\); update"
    ):
        unpacked(changed(three, "kith.json", lambda m: m.update(format=3)))


@pytest.mark.parametrize(
    ("value", "told"),
    [(10_000, "more than 1,000 people"), (10**30, "more than 1,000"), (-1, "not people"), ("3", "not people"),
     (True, "not people"), (4, "not people"), (2, "not people")],
)  # fmt: skip
def test_a_count_that_cannot_be_is_refused(three: list[PersonRecord], value: object, told: str) -> None:
    with pytest.raises(Unusable, match=told):
        unpacked(changed(three, "kith.json", lambda m: m.update(people=value)))


def test_ten_thousand_people_are_refused_soon() -> None:
    files = {f"people/{number:05}.json": b"{}" for number in range(10_000)}
    with pytest.raises(Unusable):
        unpacked(archive({"kith.json": json.dumps({"format": 1, "people": 10_000}).encode()} | files))


def test_as_many_people_as_are_allowed_travel() -> None:
    anna = person("Anna", 1)
    many = [replace(anna, name=f"P{number}") for number in range(MOST_PEOPLE)]
    assert len(unpacked(packed(many))) == MOST_PEOPLE
    with pytest.raises(Unusable, match="more than"):
        unpacked(packed([*many, anna]))


def test_two_of_one_name_are_refused(three: list[PersonRecord]) -> None:
    with pytest.raises(Unusable, match="two of one name"):
        unpacked(changed(three, "people/0002.json", lambda p: p.update(name="ANNA")))


@pytest.mark.parametrize("name", ["../../evil", "/etc/passwd", "people/../kith.json", "people/0009.json", ""])
def test_a_file_that_belongs_to_nobody_is_refused(three: list[PersonRecord], name: str) -> None:
    with pytest.raises(Unusable, match="not people as"):
        unpacked(archive(parts(three) | {name: b"x"}))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE, b"S"])
def test_a_member_that_is_no_plain_file_is_refused(three: list[PersonRecord], kind: bytes) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in parts(three).items():
            member = tarfile.TarInfo(name)
            if name.endswith("1.wav"):
                member.type, member.linkname = kind, "/etc/passwd"
                tar.addfile(member)
            else:
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    with pytest.raises(Unusable, match="not people as"):
        unpacked(buffer.getvalue())


def test_a_member_that_says_it_is_huge_takes_no_memory(three: list[PersonRecord]) -> None:
    content = bytearray(packed(three))
    member = tarfile.TarInfo("people/0001.wav")
    member.size = 8 * 2**30 - 1
    header = member.tobuf(tarfile.USTAR_FORMAT)
    at = content.index(b"people/0001.wav\0")
    content[at : at + 512] = header
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(Unusable):
        unpacked(bytes(content))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb < 20_000


def test_a_name_that_comes_twice_is_refused(three: list[PersonRecord]) -> None:
    once = archive({"kith.json": b"{}"})
    with pytest.raises(Unusable):
        unpacked(once[:1024] + packed(three))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"x" * 512,
        b"\0" * 100_000,
        b"\xff" * 100_000,
        b'{"format": 1}',
        b"SQLite format 3\0" + b"\0" * 4096,
    ],
)
def test_something_else_is_refused(content: bytes) -> None:
    with pytest.raises(Unusable, match="not people as"):
        unpacked(content)


@pytest.mark.parametrize(
    "manifest",
    [b"[]", b"null", b"{", b"\xff", b"[" * 100_000, b'{"format": 1}', b'{"format": 1.0, "people": 0}',
     b'{"format": true, "people": 0}', b" " * 2**21 + b'{"format": 1, "people": 0}'],
    ids=["list", "null", "torn", "not UTF-8", "deep", "no count", "float", "bool", "huge"],
)  # fmt: skip
def test_a_manifest_that_is_none_is_refused(manifest: bytes) -> None:
    with pytest.raises(Unusable, match="not people as"):
        unpacked(archive({"kith.json": manifest}))


def test_every_bit_of_the_archive_may_be_wrong(three: list[PersonRecord]) -> None:
    """Whatever a flipped byte does, it is people or one clear error."""
    content = packed(three)
    rng = np.random.default_rng(5)
    refused = 0
    for _ in range(300):
        spoilt = bytearray(content)
        for at in rng.integers(0, len(content), 3):
            spoilt[at] = rng.integers(0, 256)
        try:
            unpacked(bytes(spoilt))
        except Unusable:
            refused += 1
    assert refused > 50
    for end in range(0, len(content.rstrip(b"\0")), 2000):
        with pytest.raises(Unusable):
            unpacked(content[:end])


@pytest.mark.parametrize(
    "wav", [b"", b"RIFF", b"x" * 1000, None], ids=["empty", "torn", "something else", "long"]
)
def test_a_recording_that_is_none_is_refused(three: list[PersonRecord], wav: bytes | None) -> None:
    if wav is None:
        buffer = io.BytesIO()
        with wave.open(buffer, "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", ""))
            file.writeframes(bytes(2 * 8000 * 11))
        wav = buffer.getvalue()
    with pytest.raises(Unusable, match="recording that is no sound, or longer than 10 s"):
        unpacked(archive(parts(three) | {"people/0001.wav": wav}))
