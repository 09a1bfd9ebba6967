"""What breaks is one clear line or one spoken notice, the device goes on, and nobody enrolled is lost."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.e2e._commands import Stage, frames_of, heard, kith, loudness, one_line, set_stage, simulate
from tests.unit._core_kit import CannotMount, fill_disk, small_disk

RESTORED = "The gallery was damaged and was restored from its backup."
LOST = "The gallery was damaged and there is no backup. Nobody is known."
QUIET = 200.0
"""Speech is louder than this, in steps of i16; silence is 0."""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return set_stage(tmp_path_factory.mktemp("stage"))


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    disks = []

    def mount(kib: int) -> Path:
        disk = small_disk(tmp_path / "disk", kib)
        try:
            folder = disk.__enter__()
        except CannotMount as reason:
            pytest.skip(str(reason))
        disks.append(disk)
        return folder

    yield mount
    for disk in disks:
        disk.__exit__(None, None, None)


def listed(data: Path) -> list[str]:
    done = kith("people", "list", "--json", "--data", data)
    assert done.returncode == 0, done.stderr
    return [each["name"] for each in json.loads(done.stdout)]


# --- voice and camera ---------------------------------------------------------------------------------------


def test_a_killed_voice_is_replaced_and_heard_again(stage: Stage, tmp_path: Path) -> None:
    sound = tmp_path / "heard.wav"
    killed = ["--faults", "0.2 kill-voice; 1 kill-voice; 3 kill-voice", "--button", "4.5 tap"]
    run = simulate(stage.visit, stage.state, tmp_path / "e.jsonl", *killed, "--sound", sound)
    assert run.done.stderr.count("the voice died") == 3
    assert len(run.said) >= 3
    assert run.said[0] == "Kith is ready. Two people known."
    assert run.said[-1].startswith(f"{stage.name}, ")
    assert run.named == {stage.name}
    samples = heard(sound)
    for event in run.of("announcement"):
        assert loudness(samples, event["t_s"], event["t_s"] + 0.5) > QUIET, event


@pytest.mark.parametrize(
    ("fault", "from_s", "to_s"),
    [("3 freeze 3", 5.0, 6.0), ("3 unplug 2.5", 3.0, 5.5)],
    ids=["freeze", "unplug"],
)
def test_a_camera_that_fails_is_told_and_told_when_it_is_back(
    stage: Stage, tmp_path: Path, fault: str, from_s: float, to_s: float
) -> None:
    run = simulate(stage.visit, stage.state, tmp_path / "e.jsonl", "--faults", fault)
    told = run.of("fault", "recovered")
    assert [(event["event"], event["part"]) for event in told] == [
        ("fault", "camera"),
        ("recovered", "camera"),
    ]
    assert abs(told[0]["t_s"] - from_s) < 0.3
    assert 0 <= told[1]["t_s"] - to_s < 1.2  # it is looked for once a second
    assert [text for text in run.said if "camera" in text] == [
        "The camera has stopped.",
        "The camera is back.",
    ]


def test_a_camera_that_never_comes_back_ends_the_run_with_the_video(stage: Stage, tmp_path: Path) -> None:
    run = simulate(stage.glance, stage.state, tmp_path / "e.jsonl", "--faults", "0.3 unplug 99")
    assert [event["event"] for event in run.of("fault", "recovered")] == ["fault"]
    assert run.said[-1] == "The camera has stopped."


# --- the gallery --------------------------------------------------------------------------------------------


def overwritten(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(np.random.default_rng(1).bytes(9000))


TORN: dict[str, Callable[[Path], None]] = {
    "overwritten": overwritten,
    "truncated": lambda path: os.truncate(path, path.stat().st_size // 3),
    "emptied": lambda path: os.truncate(path, 0),
}


@pytest.mark.parametrize("how", TORN)
def test_a_torn_gallery_comes_back_from_its_backup(stage: Stage, tmp_path: Path, how: str) -> None:
    data = stage.enrolled(tmp_path)
    TORN[how](data / "kith.db")
    run = simulate(stage.glance, data, tmp_path / "e.jsonl")
    assert run.of("fault")[0]["part"] == "gallery"
    assert RESTORED in run.said
    assert run.said[0] == "Kith is ready. Two people known."
    assert listed(data) == sorted([stage.name, stage.other])
    assert (data / "kith.db.damaged-1").exists()
    again = simulate(stage.glance, data, tmp_path / "again.jsonl")
    assert not again.of("fault")
    assert again.said[0] == "Kith is ready. Two people known."


def test_a_torn_gallery_without_a_backup_is_set_aside_and_begun_anew(stage: Stage, tmp_path: Path) -> None:
    data = stage.enrolled(tmp_path)
    (data / "kith.db.bak").unlink()
    overwritten(data / "kith.db")
    torn = (data / "kith.db").read_bytes()
    assert "no sound backup" in one_line(kith("people", "list", "--data", data))
    run = simulate(stage.glance, data, tmp_path / "e.jsonl")
    assert run.of("fault")[0]["part"] == "gallery"
    assert LOST in run.said
    assert (data / "kith.db.lost-1").read_bytes() == torn
    assert listed(data) == []
    assert kith("people", "add", stage.name, stage.photo, "--data", data).returncode == 0
    again = simulate(stage.glance, data, tmp_path / "again.jsonl")
    assert again.said[0] == "Kith is ready. One person known."
    assert not again.of("fault")


def test_on_a_full_disk_adding_is_one_error_and_nobody_is_lost(
    stage: Stage, tmp_path: Path, tiny_disk: Callable[[int], Path]
) -> None:
    disk = tiny_disk(1024)
    data = stage.enrolled(disk)
    ballast = fill_disk(disk)
    done = kith("people", "add", "Somebody", stage.photo, "--data", data)
    assert re.fullmatch(r"the disk that holds .*kith\.db is full: nothing was changed; .*", one_line(done))
    assert listed(data) == sorted([stage.name, stage.other])
    run = simulate(stage.glance, data, tmp_path / "e.jsonl")
    assert "The disk is full: nothing was kept." in run.said
    ballast.unlink()
    assert kith("people", "add", "Somebody", stage.photo, "--data", data).returncode == 0
    assert listed(data) == sorted(["Somebody", stage.name, stage.other])


# --- pictures and videos ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bad_photos(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> dict[Path, str]:
    """Pictures that cannot be used, with what is said of them."""
    folder = tmp_path_factory.mktemp("photos")
    truncated, empty, text = (folder / f"{name}.jpg" for name in ("truncated", "empty", "text"))
    portrait = cv2.imread(str(stage.photo))
    assert portrait is not None
    whole = cv2.imencode(".jpg", portrait)[1].tobytes()
    truncated.write_bytes(whole[: len(whole) // 2])
    empty.touch()
    text.write_text("this is no picture\n")
    return {
        truncated: "is cut short",
        empty: "is empty",
        text: "is not a picture that can be read",
        folder: "is a folder",
        folder / "missing.jpg": "cannot be read",
    }


@pytest.fixture(scope="module")
def wide_photo(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first person in a picture of 12,000 by 4,800 pixels."""
    portrait = cv2.imread(str(stage.photo))
    assert portrait is not None
    scale = 4800 / portrait.shape[0]
    portrait = cv2.resize(portrait, None, fx=scale, fy=scale)
    picture = np.full((4800, 12_000, 3), 127, np.uint8)
    left = (12_000 - portrait.shape[1]) // 2
    picture[:, left : left + portrait.shape[1]] = portrait[:4800]
    path = tmp_path_factory.mktemp("wide") / "wide.jpg"
    assert cv2.imwrite(str(path), picture)
    return path


def test_identify_tells_bad_photos_in_their_place(
    stage: Stage, bad_photos: dict[Path, str], wide_photo: Path
) -> None:
    photos = [stage.photo, *bad_photos, wide_photo, stage.other_photo]
    done = kith("identify", "--json", "--data", stage.state, *photos)
    assert done.returncode == 0
    assert done.stderr == ""
    reports = [json.loads(line) for line in done.stdout.splitlines()]
    assert [report["photo"] for report in reports] == [str(path) for path in photos]
    for report, (path, reason) in zip(reports[1:-2], bad_photos.items(), strict=True):
        assert report["error"].startswith(f"{path} {reason}")
        assert report["faces"] == []
    good = [report for report in reports if report["error"] is None]
    assert [report["faces"][0]["name"] for report in good] == [stage.name, stage.name, stage.other]


def test_identify_with_nothing_readable_ends_with_one(stage: Stage, bad_photos: dict[Path, str]) -> None:
    done = kith("identify", "--json", "--data", stage.state, *bad_photos)
    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == len(bad_photos)
    assert done.stderr == ""


def test_people_add_refuses_bad_photos_with_the_reason_and_keeps_the_rest(
    bad_photos: dict[Path, str], wide_photo: Path, tmp_path: Path
) -> None:
    done = kith("people", "add", "Somebody", *bad_photos, wide_photo, "--data", tmp_path)
    assert done.returncode == 0
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    for line, (path, reason) in zip(lines, bad_photos.items(), strict=False):
        assert line.startswith(f"  {path}: refused, {reason.removeprefix('is ')}")
    assert lines[len(bad_photos)] == f"  {wide_photo}: kept"
    nobody = kith("people", "add", "Nobody", *bad_photos, "--data", tmp_path)
    assert one_line(nobody) == "nobody was enrolled: none of the photos can be used"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "there is no video"),
        (b"", "is not a video that can be read"),
        (np.random.default_rng(2).bytes(50_000), "is not a video that can be read"),
        (b"just some words\n", "is not a video that can be read"),
    ],
    ids=["missing", "empty", "garbage", "text"],
)
def test_a_video_that_is_none_is_one_line(tmp_path: Path, content: bytes | None, reason: str) -> None:
    video = tmp_path / "clip.avi"
    if content is not None:
        video.write_bytes(content)
    assert reason in one_line(kith("simulate", "--video", video))


def test_a_video_cut_short_is_seen_as_far_as_it_goes(stage: Stage, tmp_path: Path) -> None:
    cut = tmp_path / "cut.avi"
    shutil.copy(stage.visit, cut)
    os.truncate(cut, cut.stat().st_size * 2 // 3)
    run = simulate(cut, stage.state, tmp_path / "e.jsonl")
    assert run.named == {stage.name}
    assert run.done.stderr == ""


def test_a_stream_that_does_not_say_how_long_it_is_is_seen_whole(stage: Stage, tmp_path: Path) -> None:
    stream = tmp_path / "stream.mjpeg"
    stream.write_bytes(b"".join(frames_of(stage.visit)))
    run = simulate(stream, stage.state, tmp_path / "e.jsonl")
    assert run.named == {stage.name}
    closed = simulate(stream, stage.state, tmp_path / "closed.jsonl", "--faults", "0.3 unplug 99")
    assert not closed.of("recovered")


# --- what is written ----------------------------------------------------------------------------------------

OUTPUTS = {"--events": "e.jsonl", "--sound": "s.wav", "--picture": "p.png", "--video-out": "v.avi"}


@pytest.mark.parametrize("option", OUTPUTS)
def test_a_file_that_cannot_be_written_is_told_before_anything_is_done(
    stage: Stage, tmp_path: Path, option: str
) -> None:
    target = tmp_path / "nowhere" / OUTPUTS[option]
    others = [word for name, file in OUTPUTS.items() if name != option for word in (name, tmp_path / file)]
    done = kith("simulate", "--quiet", "--video", stage.glance, option, target, *others)
    assert one_line(done) == f"cannot write {target}: there is no folder {target.parent}"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("option", OUTPUTS)
def test_a_disk_that_is_full_is_one_line(
    stage: Stage, tiny_disk: Callable[[int], Path], tmp_path: Path, option: str
) -> None:
    disk = tiny_disk(64)
    target = disk / OUTPUTS[option]
    if option == "--events":
        fill_disk(disk)
    others = [word for name, file in OUTPUTS.items() if name != option for word in (name, tmp_path / file)]
    done = kith("simulate", "--quiet", "--video", stage.glance, option, target, *others)
    line = one_line(done)
    assert str(target) in line
    assert "No space left" in line or "is the disk full?" in line
    if option == "--events":
        return  # it ends before there is anything else to write
    # What could be written is whole.
    assert all(json.loads(line) for line in (tmp_path / "e.jsonl").read_text().splitlines())
    if option != "--sound":
        assert len(heard(tmp_path / "s.wav")) > 22_050
    if option != "--picture":
        assert cv2.imread(str(tmp_path / "p.png")) is not None


def test_sound_that_fills_the_disk_stays_playable(stage: Stage, tiny_disk: Callable[[int], Path]) -> None:
    target = tiny_disk(64) / "s.wav"
    one_line(kith("simulate", "--quiet", "--video", stage.glance, "--sound", target))
    assert len(heard(target)) > 0.5 * 22_050


def test_in_real_time_too_a_full_disk_leaves_the_sound_that_there_was(
    stage: Stage, tiny_disk: Callable[[int], Path], tmp_path: Path
) -> None:
    target = tiny_disk(64) / "s.wav"
    settings = tmp_path / "kith.toml"
    settings.write_text('[announce]\nsound_device = "there is no such device"\n')
    words = ["simulate", "--quiet", "--realtime", "--video", stage.glance, "--sound", target]
    done = kith("--config", settings, *words)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1] == f"kith: the sound in {target} is not whole; see above"
    assert "No space left" in done.stderr
    assert len(heard(target)) > 0.5 * 22_050
