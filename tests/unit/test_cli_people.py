"""The carer's commands, through the real networks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

from kith.app.opening import open_people
from kith.cli import main
from kith.recognition.gallery import Gallery
from kith.types import BoxPx
from kith.vision.networks import read_manifest
from tests.unit._gallery_kit import looks
from tests.unit._portraits import ROOT, portraits


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "state"


def kith(*arguments: object, **options: str) -> Result:
    result = CliRunner().invoke(main, [str(each) for each in arguments], input=options.get("input"))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.fixture
def people() -> list[tuple[str, Path]]:
    return list(portraits().items())


@pytest.fixture
def enrolled(data: Path, people: list[tuple[str, Path]]) -> Path:
    for name, photo in people[:2]:
        assert (
            kith("people", "add", name, photo, "--data", data, "--consent-date", "2026-02-14").exit_code == 0
        )
    return data


def two_people(photo: Path, target: Path) -> Path:
    """A photo and its mirror image beside it."""
    picture = cv2.imread(str(photo))
    assert picture is not None
    assert cv2.imwrite(str(target), np.hstack([picture, picture[:, ::-1]]))
    return target


def test_add_list_show_rename_forget(enrolled: Path, people: list[tuple[str, Path]]) -> None:
    (first, photo), (second, _) = people[:2]
    listed = json.loads(kith("people", "list", "--json", "--data", enrolled).stdout)
    assert [each["name"] for each in listed] == sorted([first, second])
    assert {each["consented_at"] for each in listed} == {"2026-02-14T00:00:00+00:00"}
    assert "agreed 2026-02-14" in kith("people", "list", "--data", enrolled).stdout
    assert kith("people", "rename", first, "Cousin", "--data", enrolled).stdout == f"{first} is now Cousin.\n"
    shown = json.loads(kith("people", "show", "cousin", "--json", "--data", enrolled).stdout)
    assert (shown["name"], shown["templates"], shown["sources"]) == ("Cousin", 1, {"photo": 1})
    assert "1 from photos" in kith("people", "show", "Cousin", "--data", enrolled).stdout
    kept = kith("people", "forget", "Cousin", "--data", enrolled, input="n\n")
    assert kept.exit_code == 1
    assert kith("people", "forget", "Cousin", "--data", enrolled, input="y\n").exit_code == 0
    assert kith("people", "forget", second, "--yes", "--data", enrolled).exit_code == 0
    assert kith("people", "list", "--data", enrolled).stdout == "Nobody is enrolled yet.\n"
    assert kith("identify", photo, "--data", enrolled).stdout.count("Nobody known") == 1


def test_nobody_agreed_in_the_future(data: Path, people: list[tuple[str, Path]]) -> None:
    name, photo = people[0]
    for days, status in ((2, 1), (0, 0)):
        day = (datetime.now() + timedelta(days=days)).strftime("%Y-%m-%d")
        result = kith("people", "add", name, photo, "--data", data, "--consent-date", day)
        assert result.exit_code == status
        if status:
            assert f"kith: nobody has agreed on {day} yet" in result.stderr
            assert not data.exists()
        else:
            assert f"Agreed on {day}." in result.stdout


def test_a_date_of_consent_given_later_is_told_as_not_changed(
    enrolled: Path, people: list[tuple[str, Path]], tmp_path: Path
) -> None:
    name, photo = people[0]
    picture = cv2.imread(str(photo))
    assert picture is not None
    for day, noted in (("2026-01-01", True), ("2026-02-14", False)):
        other = tmp_path / f"{day}.png"
        cv2.imwrite(str(other), cv2.resize(picture, None, fx=0.5, fy=0.5) if noted else picture[:, ::-1])
        result = kith("people", "add", name, other, "--data", enrolled, "--consent-date", day)
        assert result.exit_code == 0, result.stdout
        assert "Agreed on 2026-02-14." in result.stdout
        assert ("--consent-date counts only for somebody new" in result.stdout) is noted


def test_bad_photos_are_refused_with_the_reason_and_the_rest_kept(
    data: Path, people: list[tuple[str, Path]], tmp_path: Path
) -> None:
    name, photo = people[0]
    empty_wall = tmp_path / "wall.png"
    cv2.imwrite(str(empty_wall), np.full((300, 400, 3), 128, np.uint8))
    torn = tmp_path / "torn.jpg"
    encoded = cv2.imencode(".jpg", np.full((300, 400, 3), 90, np.uint8))[1].tobytes()
    torn.write_bytes(encoded[: len(encoded) // 2])
    both = two_people(photo, tmp_path / "both.png")
    missing = tmp_path / "missing.jpg"
    result = kith("people", "add", name, empty_wall, torn, both, missing, photo, "--data", data)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == f"  {empty_wall}: refused, no face"
    assert lines[1] == f"  {torn}: refused, cut short; copy it again from where it came"
    assert lines[2] == f"  {both}: refused, two faces"
    assert lines[3].startswith(f"  {missing}: refused, cannot be read")
    assert lines[4] == f"  {photo}: kept"
    assert lines[5].startswith(f"{name}: 1 of 5 photos kept, 1 look in all. Agreed on ")


def test_when_no_photo_is_good_nobody_is_enrolled(data: Path, tmp_path: Path) -> None:
    portraits()
    wall = tmp_path / "wall.png"
    cv2.imwrite(str(wall), np.full((300, 400, 3), 128, np.uint8))
    result = kith("people", "add", "Anna", wall, "--data", data)
    assert result.exit_code == 1
    assert result.stderr.endswith("kith: nobody was enrolled: none of the photos can be used\n")
    assert kith("people", "list", "--data", data).stdout == "Nobody is enrolled yet.\n"


def test_photos_of_someone_else_do_not_become_theirs(enrolled: Path, people: list[tuple[str, Path]]) -> None:
    (first, photo), (_, other) = people[:2]
    result = kith("people", "add", first, other, photo, "--data", enrolled)
    assert result.exit_code == 1
    assert "shows another person" in result.stdout
    assert "the same picture again" in result.stdout
    assert json.loads(kith("people", "show", first, "--json", "--data", enrolled).stdout)["templates"] == 1


def test_someone_who_is_there_under_another_name_is_pointed_out(
    enrolled: Path, people: list[tuple[str, Path]]
) -> None:
    first, photo = people[0]
    result = kith("people", "add", "Somebody", photo, "--data", enrolled)
    assert result.exit_code == 0
    assert f"this looks like {first}" in result.stdout


def test_identify_tells_each_photo_in_order_and_goes_on_after_a_bad_one(
    enrolled: Path, people: list[tuple[str, Path]], tmp_path: Path
) -> None:
    bad = tmp_path / "zero.jpg"
    bad.write_bytes(b"")
    paths = [people[1][1], bad, people[0][1], people[2][1]]
    result = kith("identify", *paths, "--json", "--data", enrolled)
    assert result.exit_code == 0
    reports = [json.loads(line) for line in result.stdout.splitlines()]
    assert [report["photo"] for report in reports] == [str(path) for path in paths]
    assert all(list(report) == ["photo", "faces", "error"] for report in reports)
    assert reports[1] == {"photo": str(bad), "faces": [], "error": f"{bad} is empty"}
    faces = [report["faces"][0] for report in reports if report["faces"]]
    fields = ["box_px", "outcome", "name", "score", "margin", "reason", "distance_mm"]
    assert all(list(face) == fields for face in faces)
    assert [(face["outcome"], face["name"]) for face in faces] == [
        ("known", people[1][0]),
        ("known", people[0][0]),
        ("unknown", None),
    ]
    assert faces[0]["score"] > 0.99
    assert all(isinstance(value, int) for value in faces[0]["box_px"])
    spoken = kith("identify", *paths, "--data", enrolled).stdout.splitlines()
    assert spoken[0].startswith(f"{paths[0]}: {people[1][0]}")
    assert spoken[1] == f"{bad} is empty"


def test_a_box_is_in_the_pixels_of_the_file(
    enrolled: Path, people: list[tuple[str, Path]], tmp_path: Path
) -> None:
    picture = cv2.imread(str(people[0][1]))
    assert picture is not None
    boxes = []
    for width in (800, 4800):
        path = tmp_path / f"{width}.jpg"
        cv2.imwrite(str(path), cv2.resize(picture, (width, width * picture.shape[0] // picture.shape[1])))
        report = json.loads(kith("identify", path, "--json", "--data", enrolled).stdout)
        x, y, w, h = (side * 800 / width for side in report["faces"][0]["box_px"])
        boxes.append(BoxPx(x=x, y=y, w=w, h=h))
    # The box of one face differs by a few per cent with the least change of the picture.
    assert boxes[0].iou(boxes[1]) > 0.9


def test_a_distance_is_told_only_for_the_cameras_own_pictures(
    enrolled: Path, people: list[tuple[str, Path]], tmp_path: Path
) -> None:
    picture = cv2.imread(str(people[0][1]))
    assert picture is not None
    scene = np.full((480, 640, 3), 128, np.uint8)
    scale = 400 / max(picture.shape[:2])
    small = cv2.resize(picture, None, fx=scale, fy=scale)
    scene[40 : 40 + small.shape[0], 100 : 100 + small.shape[1]] = small
    path = tmp_path / "frame.png"
    cv2.imwrite(str(path), scene)
    cropped = tmp_path / "cropped.png"
    cv2.imwrite(str(cropped), scene[:, :600])
    lines = kith("identify", path, cropped, "--json", "--data", enrolled).stdout.splitlines()
    near, unknown = [json.loads(line)["faces"][0]["distance_mm"] for line in lines]
    assert 100 < near < 5000
    assert unknown is None


def test_when_no_photo_can_be_read_the_status_is_one(enrolled: Path, tmp_path: Path) -> None:
    result = kith("identify", tmp_path / "none.jpg", "--json", "--data", enrolled)
    assert result.exit_code == 1
    assert json.loads(result.stdout)["error"].endswith("none.jpg cannot be read: No such file or directory")


def test_a_folder_without_a_gallery_is_said_and_left_alone(tmp_path: Path) -> None:
    for arguments in (["identify", "x.jpg"], ["people", "list"], ["people", "forget", "Anna", "--yes"]):
        result = kith(*arguments, "--data", tmp_path)
        assert result.exit_code == 1
        assert result.stderr.startswith(f"kith: there is no gallery in {tmp_path}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["people", "show", "Nobody"], "there is no person of that name"),
        (["people", "rename", "Nobody", "Else"], "there is no person of that name"),
        (["people", "forget", "Nobody", "--yes"], "there is no person of that name"),
        (["people", "rename", "Nobody", " "], "must not be empty"),
    ],
)
def test_a_mistake_is_one_line(enrolled: Path, arguments: list[str], told: str) -> None:
    result = kith(*arguments, "--data", enrolled)
    assert result.exit_code == 1
    assert result.stderr.startswith("kith: ")
    assert told in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_broken_gallery_is_one_line_or_mended(enrolled: Path) -> None:
    (enrolled / "kith.db").write_bytes(b"rubbish" * 1000)
    assert len(kith("people", "list", "--data", enrolled).stdout.splitlines()) == 2
    (enrolled / "kith.db").write_bytes(b"rubbish" * 1000)
    (enrolled / "kith.db.bak").write_bytes(b"rubbish" * 1000)
    result = kith("people", "list", "--data", enrolled)
    assert result.exit_code == 1
    assert "no sound backup" in result.stderr
    assert result.stderr.count("\n") == 1


def test_help_teaches_by_example() -> None:
    assert "kith people add" in kith("--help").stdout
    told = " ".join(kith("--help").stdout.split())
    assert "$KITH_CONFIG names, else /etc/kith/kith.toml" in told
    assert 'kith people rename "person 3" Carla' in kith("people", "rename", "--help").stdout
    assert "jq" in kith("identify", "--help").stdout


def test_asking_for_help_loads_nothing_heavy() -> None:
    code = "import sys, kith.cli; print([m for m in ('numpy', 'cv2', 'sqlite3') if m in sys.modules])"
    env = {**os.environ, "PYTHONPATH": str(ROOT / "device")}
    done = subprocess.run([sys.executable, "-c", code], env=env, check=True, capture_output=True, timeout=60)
    assert done.stdout == b"[]\n"


def test_what_was_learnt_is_shown_and_can_be_removed(enrolled: Path, people: list[tuple[str, Path]]) -> None:
    name = people[0][0]
    with open_people(enrolled) as reading:
        person = reading.person(name)
        before = person.templates
    model_id = read_manifest(ROOT / "models").networks["embedder"].model_id
    with Gallery.open(enrolled / "kith.db", model_id) as gallery:
        gallery.learn(person.person_id, looks(1, 1, model_id)[0], at_most=5)
    assert "1 learnt in use" in kith("people", "show", name, "--data", enrolled).output
    removed = kith("people", "unlearn", name, "--data", enrolled)
    assert removed.output.startswith(f"Learnt looks of {name} removed: 1.")
    assert (
        json.loads(kith("people", "show", name, "--json", "--data", enrolled).output)["templates"] == before
    )
    assert "removed: 0." in kith("people", "unlearn", name, "--data", enrolled).output
