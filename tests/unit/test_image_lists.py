"""The reviewed lists of the image, the gate of maintainer scripts, and the lock file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from image import ImageError
from image.build import gate
from image.build.debs import Deb
from image.build.lock import lock_text, read_debs
from image.build.materials import materials_text
from image.build.networks import Carried
from image.build.package_set import FLAVOURS, LISTS, load_package_set, read_list
from image.build.python_parts import Wheel, pinned
from image.build.workshop import Source, source_here
from image.mirrors import Mirrors, mirrors_here

SOURCE = Source(commit="0123456789abcdef", dirty=False, epoch_s=1_790_000_000)
DEBS = [
    Deb(name="base-files", version="13.8", architecture="arm64", sha256="a" * 64),
    Deb(name="bash", version="5.2+b1", architecture="arm64", sha256="b" * 64),
]
WHEELS = [Wheel(name="numpy", version="2.4.6", sha256="c" * 64)]


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_each_list_of_packages_is_in_order(flavour: str) -> None:
    found = load_package_set(flavour)
    assert found.kernel in found.wanted
    assert (found.archive is None) == (flavour == "debian")


def test_both_lists_are_the_same_but_for_kernel_and_camera() -> None:
    debian, rpios = (load_package_set(flavour) for flavour in FLAVOURS)
    only_there = set(rpios.wanted) - set(debian.wanted)
    assert only_there == {rpios.kernel, "python3-picamera2", "python3-libcamera", "libcamera-ipa"}
    assert set(debian.wanted) - set(rpios.wanted) == {debian.kernel}
    assert debian.without == rpios.without


def test_a_package_that_is_named_twice_is_told(tmp_path: Path) -> None:
    (tmp_path / "some.toml").write_text(
        'kernel = "k"\n[packages.a]\nudev = "one"\n[packages.b]\nudev = "two"\n', encoding="utf-8"
    )
    with pytest.raises(ImageError, match="more than once: udev"):
        load_package_set("some", tmp_path)


def test_a_package_without_a_reason_is_told(tmp_path: Path) -> None:
    (tmp_path / "some.toml").write_text('kernel = "k"\n[packages.a]\nudev = " "\n', encoding="utf-8")
    with pytest.raises(ImageError, match="no reason for: udev"):
        load_package_set("some", tmp_path)


def test_nothing_that_is_left_out_has_a_reviewed_script() -> None:
    reviewed = set(gate.load_reviews())
    assert not reviewed & set(load_package_set("debian").without)


def test_no_unit_is_both_enabled_and_masked() -> None:
    units = read_list(LISTS / "units.toml")
    assert not set(units["enabled"]) & set(units["masked"])


def test_every_wheel_is_pinned_by_version_and_hash() -> None:
    names = [each.name for each in pinned(LISTS / "wheels.txt")]
    assert {"ai-edge-litert", "numpy", "opencv-python-headless", "click", "sqlite-utils"} <= set(names)
    assert len(names) == len(set(names))
    assert [each.name for each in pinned(LISTS / "sources.txt")] == ["lgpio"]


@pytest.mark.parametrize(
    "line", ["numpy==2.0", "numpy --hash=sha256:aa", "numpy==2 --hash=sha256:a --hash=sha256:b"]
)
def test_a_wheel_that_is_not_pinned_is_told(tmp_path: Path, line: str) -> None:
    (tmp_path / "wheels.txt").write_text(line + "\n", encoding="utf-8")
    with pytest.raises(ImageError, match="must pin a version and one sha256"):
        pinned(tmp_path / "wheels.txt")


def test_a_script_that_was_read_lets_the_build_go_on(tmp_path: Path) -> None:
    script = _script(tmp_path, "demo", "echo once\n")
    gate.check({"demo": script}, {"demo": gate.Review(sha256=script.sha256, instead="nothing")})


def test_a_script_that_changed_stops_the_build_and_says_how_to_read_it(tmp_path: Path) -> None:
    read = _script(tmp_path / "old", "demo", "echo once\n")
    changed = _script(tmp_path / "new", "demo", "echo twice\n")
    with pytest.raises(ImageError, match=r"changed: demo.*python3 -m image scripts demo"):
        gate.check({"demo": changed}, {"demo": gate.Review(sha256=read.sha256, instead="nothing")})


def test_a_script_that_nobody_read_stops_the_build(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="never read: demo"):
        gate.check({"demo": _script(tmp_path, "demo", "echo\n")}, {})


def test_both_scripts_of_a_package_count(tmp_path: Path) -> None:
    one = _script(tmp_path, "demo", "echo\n")
    (tmp_path / "preinst").write_text("echo before\n", encoding="utf-8")
    both = gate.read_scripts("demo", tmp_path)
    assert both is not None
    assert both.sha256 != one.sha256


def test_a_kernels_script_is_the_same_in_its_next_version(tmp_path: Path) -> None:
    found = []
    for version in ("6.12.1+deb13-arm64", "6.12.2+deb13-arm64"):
        (tmp_path / version).mkdir()
        found.append(_script(tmp_path / version, f"linux-image-{version}", f"depmod {version}\n"))
    assert found[0] == found[1]


def test_a_line_for_the_list_reads_back(tmp_path: Path) -> None:
    script = _script(tmp_path, "libpython3.13-minimal", "echo\n")
    (tmp_path / "scripts.toml").write_text(gate.line_for(script, "nothing to do") + "\n", encoding="utf-8")
    reviews = gate.load_reviews(tmp_path / "scripts.toml")
    assert reviews == {"libpython3.13-minimal": gate.Review(sha256=script.sha256, instead="nothing to do")}


def test_a_review_without_a_word_is_refused(tmp_path: Path) -> None:
    (tmp_path / "scripts.toml").write_text('demo = { sha256 = "aa", instead = "" }\n', encoding="utf-8")
    with pytest.raises(ImageError, match="demo needs sha256 and instead"):
        gate.load_reviews(tmp_path / "scripts.toml")


def test_a_lock_reads_back_and_is_the_same_text_each_time(tmp_path: Path) -> None:
    authority = tmp_path / "authority.cert.pem"
    authority.write_text("certificate", encoding="utf-8")
    texts = [
        lock_text(flavour="debian", source=SOURCE, debs=DEBS, wheels=WHEELS, authority=authority)
        for _ in range(2)
    ]
    assert texts[0] == texts[1]
    (tmp_path / "inputs.lock").write_text(texts[0], encoding="utf-8")
    assert read_debs(tmp_path / "inputs.lock", "debian") == DEBS
    with pytest.raises(ImageError, match="a lock of debian"):
        read_debs(tmp_path / "inputs.lock", "rpios")


@pytest.mark.parametrize(
    "text", ["{", "{}", '{"format": 1, "flavour": "debian", "debs": [{"name": "bash"}]}']
)
def test_what_is_no_lock_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "inputs.lock").write_text(text, encoding="utf-8")
    with pytest.raises(ImageError, match="no lock file"):
        read_debs(tmp_path / "inputs.lock", "debian")


def test_the_bill_lists_packages_wheels_networks_and_kith(tmp_path: Path) -> None:
    (tmp_path / "numpy-2.4.6.dist-info").mkdir()
    (tmp_path / "numpy-2.4.6.dist-info/METADATA").write_text(
        "Name: numpy\nLicense-Expression: BSD-3-Clause\n\nLicense: not here\n", encoding="utf-8"
    )
    bill = json.loads(
        materials_text(
            flavour="debian",
            source=SOURCE,
            debs=DEBS,
            wheels=WHEELS,
            networks=[
                Carried(name=name, path=tmp_path / name, sha256=sha256 * 64, licence=licence)
                for name, sha256, licence in (("finds-1", "d", "MIT"), ("reads-2", "e", "Apache-2.0"))
            ],
            licences=tmp_path,
        )
    )
    parts = {part["name"]: part for part in bill["components"]}
    assert bill["metadata"]["component"]["name"] == "kith-debian"
    assert parts["bash"]["purl"] == "pkg:deb/debian/bash@5.2%2Bb1?arch=arm64&distro=trixie"
    assert parts["numpy"]["purl"] == "pkg:pypi/numpy@2.4.6"
    assert parts["numpy"]["licenses"] == [{"license": {"name": "BSD-3-Clause"}}]
    assert parts["reads-2"]["type"] == parts["finds-1"]["type"] == "machine-learning-model"
    assert parts["reads-2"]["hashes"] == [{"alg": "SHA-256", "content": "e" * 64}]
    assert parts["reads-2"]["licenses"] == [{"license": {"id": "Apache-2.0"}}]
    references = [part["bom-ref"] for part in bill["components"]]
    assert len(references) == len(set(references))


def test_the_sources_time_is_the_environments_where_it_names_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1234567890")
    assert source_here().epoch_s == 1234567890
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    with pytest.raises(ImageError, match="SOURCE_DATE_EPOCH is 'yesterday'"):
        source_here()


def test_a_source_without_git_has_a_fixed_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert source_here(tmp_path) == Source(commit="none", dirty=False, epoch_s=1_767_225_600)


def test_mirrors_are_read_from_both_kinds_of_apt_source(tmp_path: Path) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list").write_text(
        "# deb http://not.example/debian trixie main\n"
        "deb-src http://source.example/debian trixie main\n"
        "deb [arch=amd64] https://tool.example/apt stable main\n"
        "deb [signed-by=/a] http://one.example/debian trixie main\n",
        encoding="utf-8",
    )
    (tmp_path / "sources.list.d/security.sources").write_text(
        "Types: deb\nURIs: http://two.example/debian-security\nSuites: trixie-security\n", encoding="utf-8"
    )
    found = mirrors_here(tmp_path)
    assert found == Mirrors(main="http://one.example/debian", security="http://two.example/debian-security")
    assert found.lines("main") == (
        "deb http://one.example/debian trixie main",
        "deb http://one.example/debian trixie-updates main",
        "deb http://two.example/debian-security trixie-security main",
    )


def test_a_machine_that_names_no_debian_archive_leaves_the_choice_to_the_tool(tmp_path: Path) -> None:
    assert mirrors_here(tmp_path).lines() == ()


def _script(folder: Path, package: str, text: str) -> gate.Script:
    folder.mkdir(exist_ok=True)
    (folder / "postinst").write_text(text, encoding="utf-8")
    found = gate.read_scripts(package, folder)
    assert found is not None
    return found
