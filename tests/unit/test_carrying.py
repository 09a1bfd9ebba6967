"""People carried from one gallery to another, through real galleries and, where it matters, the real seal."""

from __future__ import annotations

import base64
import io
import json
import resource
import tarfile
import wave
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kith.app import carrying, people_file
from kith.app.carrying import Network, export_people, people_of, take_in
from kith.app.people_file import MOST_PEOPLE, Unusable, packed, unpacked
from kith.app.sealing import write_sealed
from kith.errors import GalleryModelMismatch, InputError, PersonNotFound
from kith.recognition.gallery import Gallery
from kith.recognition.names import name_key
from kith.types import I16, SAMPLE_RATE_HZ
from tests.unit._gallery_kit import MODEL, TODAY, looks
from tests.unit._portraits import ROOT

NETWORK = Network(model_id=MODEL, dimension=128)
PASSPHRASE = "three old oak trees"

Put = Callable[[dict[str, Any]], None]


def voice(seconds: float = 0.7, hz: float = 300) -> I16:
    times = np.arange(round(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    return (8000 * np.sin(2 * np.pi * hz * times)).astype(np.int16)


def gallery_in(folder: Path) -> Gallery:
    return Gallery.open(folder / "kith.db", MODEL)


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Gallery]:
    """Anna with a recording, a mark and a learnt look; Ben as he was enrolled; someone without a name."""
    with gallery_in(tmp_path / "one") as gallery:
        anna = gallery.add_person("Anna", looks(1), TODAY, source="photo", recording=voice())
        gallery.mark_wrong(anna.person_id, looks(9, 1)[0], at_most=5)
        gallery.learn(anna.person_id, looks(1, 4)[3], at_most=5)
        gallery.met([anna.person_id], date(2031, 5, 4))
        gallery.add_person("Ben", looks(2), TODAY)
        gallery.add_person(None, looks(3), TODAY)
        yield gallery


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Gallery]:
    with gallery_in(tmp_path / "two") as gallery:
        yield gallery


@pytest.fixture
def unsealed(monkeypatch: pytest.MonkeyPatch) -> dict[Path, bytes]:
    """Files without the seal, whose scrypt takes seconds; `test_sealing` has it."""
    files: dict[Path, bytes] = {}

    def write(path: Path, content: bytes, passphrase: str, *, force: bool = False) -> None:
        del passphrase, force
        files[path] = content

    monkeypatch.setattr(carrying, "write_sealed", write)
    monkeypatch.setattr(carrying, "read_sealed", lambda path, passphrase: files[path])
    return files


def all_of(gallery: Gallery) -> list[tuple[Any, ...]]:
    """All that is kept of everybody, comparable."""
    return [
        (
            each.name,
            each.generated,
            each.consented_at,
            each.created_at,
            each.met_on,
            [(t.vector.tobytes(), t.model_id, t.source, t.created_at) for t in each.templates],
            [(c.vector.tobytes(), c.model_id, c.created_at, c.counts) for c in each.counterexamples],
            each.recording,
        )
        for each in gallery.records()
    ]


def traces(folder: Path, needle: bytes) -> list[str]:
    """Files in which some bytes can be found."""
    return [path.name for path in folder.rglob("*") if path.is_file() and needle in path.read_bytes()]


# --- there and back ---------------------------------------------------------------------------------


def test_everything_of_everybody_travels(full: Gallery, other: Gallery, tmp_path: Path) -> None:
    file = tmp_path / "on a stick.age"
    written = export_people(full, file, PASSPHRASE)
    assert (written.names, written.recordings) == (("Anna", "Ben", "person 3"), 1)
    taken = take_in(other, people_of(file, PASSPHRASE, NETWORK))
    assert (taken.added, taken.replaced, taken.skipped) == (("Anna", "Ben", "person 3"), (), ())
    assert taken.recordings == 1
    assert all_of(other) == all_of(full)
    assert len(all_of(full)[0][5]) == 4
    assert other.person("anna").marks == 1
    assert other.person("Anna").consented_at.startswith("2026-03-01")
    content = file.read_bytes()
    for plain in (b"Anna", b"kith.json", full.templates().vectors[0].tobytes()):
        assert plain not in content


def test_only_who_is_named_travels(full: Gallery, other: Gallery, unsealed: dict[Path, bytes]) -> None:
    file = Path("x.age")
    with pytest.raises(PersonNotFound):
        export_people(full, file, PASSPHRASE, ["ben", "Nobody"])
    assert unsealed == {}
    assert export_people(full, file, PASSPHRASE, ["ben"]).names == ("Ben",)
    assert take_in(other, people_of(file, PASSPHRASE, NETWORK)).added == ("Ben",)


def test_an_empty_gallery_has_nothing_to_export(other: Gallery, unsealed: dict[Path, bytes]) -> None:
    with pytest.raises(InputError, match="nobody is enrolled"):
        export_people(other, Path("x.age"), PASSPHRASE)
    assert unsealed == {}


def test_what_could_not_be_read_again_is_not_written(
    full: Gallery, unsealed: dict[Path, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people_file, "MOST_PEOPLE", 2)
    with pytest.raises(InputError, match="nothing was written: what would be holds more than 2 people"):
        export_people(full, Path("x.age"), PASSPHRASE)
    assert unsealed == {}


def test_who_is_here_already_stays_and_is_told(full: Gallery, other: Gallery) -> None:
    other.add_person("ANNA", looks(7), TODAY)
    before = all_of(other)
    taken = take_in(other, unpacked(packed(full.records())))
    assert (taken.added, taken.skipped, taken.recordings) == (("Ben", "person 3"), ("Anna",), 0)
    assert [each for each in all_of(other) if each[0] == "ANNA"] == before


def test_who_is_replaced_leaves_no_trace(full: Gallery, other: Gallery, tmp_path: Path) -> None:
    old_voice = voice(hz=500)
    other.add_person("ANNA", looks(7), TODAY, recording=old_voice)
    other.add_person("Zoe", looks(8), TODAY)
    vector, sound = looks(7)[0].vector.tobytes(), old_voice.tobytes()[1000:1200]
    assert traces(tmp_path / "two", vector)
    assert traces(tmp_path / "two", sound)
    taken = take_in(other, unpacked(packed(full.records())), replace=True)
    assert (taken.added, taken.replaced, taken.skipped) == (("Ben", "person 3"), ("Anna",), ())
    assert [each for each in all_of(other) if each[0] != "Zoe"] == all_of(full)
    assert traces(tmp_path / "two", vector) == []
    assert traces(tmp_path / "two", sound) == []


def test_nobody_new_changes_nothing(full: Gallery) -> None:
    before = full.version
    taken = take_in(full, unpacked(packed(full.records())))
    assert (taken.added, len(taken.skipped)) == ((), 3)
    assert full.version == before


def test_looks_of_another_network_are_refused_with_what_to_do(
    full: Gallery, unsealed: dict[Path, bytes]
) -> None:
    file = Path("x.age")
    unsealed[file] = packed(full.records())
    with pytest.raises(GalleryModelMismatch, match=r"sface-test.*other-net.*enrol them from photos"):
        people_of(file, PASSPHRASE, Network(model_id="other-net", dimension=128))
    with pytest.raises(InputError, match=f"{file} opened, but .* nothing was changed"):
        people_of(file, PASSPHRASE, Network(model_id=MODEL, dimension=512))


def test_the_network_of_this_kith_is_known_without_loading_it() -> None:
    network = Network.of(ROOT / "models")
    assert network.model_id.startswith("sface")
    assert network.dimension == 128


# --- the form, read as somebody would in ten years ---------------------------------------------------


def test_the_archive_can_be_read_without_kith(full: Gallery) -> None:
    with tarfile.open(fileobj=io.BytesIO(packed(full.records()))) as tar:
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


# --- what is no such archive --------------------------------------------------------------------------


def archive(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def parts(gallery: Gallery) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(packed(gallery.records()))) as tar:
        return {name: tar.extractfile(name).read() for name in tar.getnames()}  # type: ignore[union-attr]


def changed(gallery: Gallery, file: str, put: Put) -> bytes:
    files = parts(gallery)
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
def test_a_person_that_is_none_is_refused(full: Gallery, what: str, put: Put) -> None:
    del what
    with pytest.raises(Unusable) as caught:
        unpacked(changed(full, "people/0001.json", put))
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert "Anna" not in str(caught.value)


@pytest.mark.parametrize(
    "put",
    [
        lambda p: p.update(met_on="2026-3-1"),
        lambda p: p.update(templates=[]),
        lambda p: p["templates"][0].update(source="the moon"),
        lambda p: [each.update(source="learnt") for each in p["templates"]],
    ],
    ids=["a day that is none", "no look", "an unknown source", "learnt looks alone"],
)
def test_what_the_gallery_refuses_changes_nothing(full: Gallery, other: Gallery, put: Put) -> None:
    before = other.version
    with pytest.raises(InputError):
        take_in(other, unpacked(changed(full, "people/0001.json", put)))
    assert other.people() == []
    assert other.version == before


def test_a_newer_form_says_to_update(full: Gallery) -> None:
    with pytest.raises(
        Unusable, match=r"newer Kith \(its form is number 2, this one knows up to 1\); update"
    ):
        unpacked(changed(full, "kith.json", lambda m: m.update(format=2)))


@pytest.mark.parametrize(
    ("value", "told"),
    [(10_000, "more than 1,000 people"), (10**30, "more than 1,000"), (-1, "not people"), ("3", "not people"),
     (True, "not people"), (4, "not people"), (2, "not people")],
)  # fmt: skip
def test_a_count_that_cannot_be_is_refused(full: Gallery, value: object, told: str) -> None:
    with pytest.raises(Unusable, match=told):
        unpacked(changed(full, "kith.json", lambda m: m.update(people=value)))


def test_ten_thousand_people_are_refused_soon() -> None:
    files = {f"people/{number:05}.json": b"{}" for number in range(10_000)}
    with pytest.raises(Unusable):
        unpacked(archive({"kith.json": json.dumps({"format": 1, "people": 10_000}).encode()} | files))


def test_as_many_people_as_are_allowed_travel(other: Gallery) -> None:
    person = unpacked(archive_of_one())[0]
    many = [_named(person, f"P{number}") for number in range(MOST_PEOPLE)]
    assert len(unpacked(packed(many))) == MOST_PEOPLE
    with pytest.raises(Unusable, match="more than"):
        unpacked(packed([*many, _named(person, "one more")]))


def archive_of_one() -> bytes:
    person = {
        "name": "Anna",
        "generated": False,
        "consented_at": "2026-03-01T12:00:00+00:00",
        "created_at": "2026-03-01T12:00:00+00:00",
        "met_on": None,
        "templates": [
            {
                "vector": vector_of(UNIT),
                "model_id": MODEL,
                "source": "photo",
                "created_at": "2026-03-01T12:00:00+00:00",
            }
        ],
        "counterexamples": [],
    }
    return archive(
        {"kith.json": b'{"format": 1, "people": 1}', "people/0001.json": json.dumps(person).encode()}
    )


def _named(person: Any, name: str) -> Any:
    from dataclasses import replace

    return replace(person, name=name)


def test_two_of_one_name_are_refused(full: Gallery) -> None:
    with pytest.raises(Unusable, match="two people of one name"):
        unpacked(changed(full, "people/0002.json", lambda p: p.update(name="ANNA")))


@pytest.mark.parametrize("name", ["../../evil", "/etc/passwd", "people/../kith.json", "people/0009.json", ""])
def test_a_file_that_belongs_to_nobody_is_refused(full: Gallery, name: str) -> None:
    with pytest.raises(Unusable, match="not people as"):
        unpacked(archive(parts(full) | {name: b"x"}))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE, b"S"])
def test_a_member_that_is_no_plain_file_is_refused(full: Gallery, kind: bytes) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in parts(full).items():
            member = tarfile.TarInfo(name)
            if name.endswith("1.wav"):
                member.type, member.linkname = kind, "/etc/passwd"
                tar.addfile(member)
            else:
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    with pytest.raises(Unusable, match="not people as"):
        unpacked(buffer.getvalue())


def test_a_member_that_says_it_is_huge_takes_no_memory(full: Gallery) -> None:
    content = bytearray(packed(full.records()))
    member = tarfile.TarInfo("people/0001.wav")
    member.size = 8 * 2**30 - 1
    header = member.tobuf(tarfile.USTAR_FORMAT)
    at = content.index(b"people/0001.wav\0")
    content[at : at + 512] = header
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(Unusable):
        unpacked(bytes(content))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb < 20_000


def test_a_name_that_comes_twice_is_refused(full: Gallery) -> None:
    once = archive({"kith.json": b"{}"})
    with pytest.raises(Unusable):
        unpacked(once[:1024] + packed(full.records()))


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


def test_every_bit_of_the_archive_may_be_wrong(full: Gallery) -> None:
    """Whatever a flipped byte does, it is people or one clear error."""
    content = packed(full.records())
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
def test_a_recording_that_is_none_is_refused(full: Gallery, wav: bytes | None) -> None:
    if wav is None:
        buffer = io.BytesIO()
        with wave.open(buffer, "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", ""))
            file.writeframes(bytes(2 * 8000 * 11))
        wav = buffer.getvalue()
    with pytest.raises(Unusable, match="recording that is no sound, or longer than 10 s"):
        unpacked(archive(parts(full) | {"people/0001.wav": wav}))


def test_a_hostile_file_with_the_right_passphrase_changes_nothing(
    full: Gallery, other: Gallery, tmp_path: Path
) -> None:
    file = tmp_path / "hostile.age"
    write_sealed(file, changed(full, "people/0001.json", lambda p: p.update(name="An\x1bna")), PASSPHRASE)
    with pytest.raises(InputError) as caught:
        people_of(file, PASSPHRASE, NETWORK)
    assert str(caught.value).startswith(f"{file} holds a name that cannot be one: ")
    assert str(caught.value).endswith("; nothing was changed")
    assert other.people() == []


def test_names_are_compared_as_the_gallery_compares_them(full: Gallery, other: Gallery) -> None:
    other.add_person("STRASSE", looks(4), TODAY)
    assert name_key("straße") == name_key("STRASSE")
    taken = take_in(other, unpacked(changed(full, "people/0002.json", lambda p: p.update(name="Straße"))))
    assert taken.skipped == ("Straße",)
