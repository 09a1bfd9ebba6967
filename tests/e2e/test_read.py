"""`kith read`, the real command, and a reading asked for on the whole core: pictures of text, and what is
heard of it."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

from kith.app.paths import models_dir
from kith.cli import main
from kith.types import U8
from kith.vision.networks import has_files

pytestmark = pytest.mark.skipif(
    not has_files("reading", models_dir()), reason="reading is not built: make models"
)
FONT = cv2.FONT_HERSHEY_SIMPLEX


def sign(*lines: str, size: tuple[int, int] = (480, 640), x: int = 60, scale: float = 1.4) -> U8:
    rgb = np.full((*size, 3), 225, np.uint8)
    for row, line in enumerate(lines):
        cv2.putText(rgb, line, (x, round(100 + 50 * scale * row)), FONT, scale, (30, 20, 20), 3, cv2.LINE_AA)
    return rgb


def kith(folder: Path, rgb: U8, *words: object) -> Result:
    file = folder / "sign.png"
    cv2.imwrite(str(file), rgb)
    return CliRunner().invoke(main, ["read", str(file), *map(str, words)])


def test_a_sign_is_read_line_by_line(tmp_path: Path) -> None:
    done = kith(tmp_path, sign("Platform 3", "Way out", "Mind the gap"))
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == ["Platform 3", "Way out", "Mind the gap"]
    assert "first sentence after" in done.stderr


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_it_is_read_whichever_way_up_it_is(tmp_path: Path, turns: int) -> None:
    turned = np.ascontiguousarray(np.rot90(sign("Platform 3", "Way out"), turns))
    assert kith(tmp_path, turned).stdout.splitlines() == ["Platform 3", "Way out"]


def test_a_paragraph_is_one_sentence(tmp_path: Path) -> None:
    text = ("Please do not lean", "out of the window", "while we drive.", "Thank you.")
    assert kith(tmp_path, sign(*text, scale=1.0)).stdout.splitlines() == [
        "Please do not lean out of the window while we drive.",
        "Thank you.",
    ]


def test_what_goes_on_beyond_the_edge_is_marked(tmp_path: Path) -> None:
    words = kith(tmp_path, sign("Emergency exit only", x=370)).stdout.splitlines()
    assert len(words) == 1
    assert words[0].startswith("Emergency")
    assert words[0].endswith(", cut off")


def test_a_wall_has_no_text(tmp_path: Path) -> None:
    done = kith(tmp_path, sign())
    assert done.exit_code == 1
    assert done.stdout.splitlines() == ["I see no text."]


def test_more_than_is_wanted_is_said_to_be_there(tmp_path: Path) -> None:
    settings = tmp_path / "kith.toml"
    settings.write_text("[reading]\nmost_words = 10\n", encoding="utf-8")
    file = tmp_path / "sign.png"
    cv2.imwrite(str(file), sign(*(["One two three four"] * 4), scale=1.0))
    done = CliRunner().invoke(main, ["--config", str(settings), "read", str(file)])
    assert done.stdout.splitlines() == ["One two three four"] * 2 + ["There is more text."]


def test_without_its_networks_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "manifest.toml").write_text(
        (models_dir() / "manifest.toml").read_text(encoding="utf-8"), encoding="utf-8"
    )
    done = kith(tmp_path, sign("Way out"), "--models", tmp_path)
    assert done.exit_code == 1
    assert done.stdout.splitlines() == ["Not read: that part is not installed."]


def test_a_network_that_is_damaged_is_not_run(tmp_path: Path) -> None:
    build = tmp_path / "build"
    build.mkdir()
    (tmp_path / "manifest.toml").write_text(
        (models_dir() / "manifest.toml").read_text(encoding="utf-8"), encoding="utf-8"
    )
    for name in ("text_finder.onnx", "text_reader.onnx"):
        (build / name).write_bytes(b"damaged")
    assert kith(tmp_path, sign("Way out"), "--models", tmp_path).stdout.startswith("Not read: ")


def clip(folder: Path, rgb: U8, seconds: int) -> Path:
    file = folder / "sign.avi"
    video = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"MJPG"), 10, rgb.shape[1::-1])
    for _ in range(10 * seconds):
        video.write(rgb)
    video.release()
    return file


def heard(folder: Path, rgb: U8, presses: str) -> list[tuple[float, str]]:
    """When words began, in seconds, and which, from the reading on."""
    events = folder / "events.jsonl"
    video = clip(folder, rgb, 10)
    done = CliRunner().invoke(
        main, ["simulate", "--video", str(video), "--button", presses, "--events", str(events)]
    )
    assert done.exit_code == 0, done.output
    lines = [json.loads(line) for line in events.read_text(encoding="utf-8").splitlines()]
    said = [(line["t_s"], line["text"]) for line in lines if line["event"] == "announcement"]
    begun = [text for _, text in said].index("Reading.")
    return said[begun:]


def test_the_wearer_hears_it_line_by_line(tmp_path: Path) -> None:
    said = heard(tmp_path, sign("Platform 3", "Way out", "Mind the gap"), "2 triplehold")
    assert [text for _, text in said] == ["Reading.", "Platform 3", "Way out", "Mind the gap"]


def test_a_press_ends_it(tmp_path: Path) -> None:
    rows = sign(*(f"Line {number} of the notice" for number in range(1, 9)), scale=1.0)
    said = heard(tmp_path, rows, "2 triplehold; 7.5 tap")
    assert len(said) < 9
    # A busy machine has read nothing by then.
    assert [text for at_s, text in said if at_s > 8.2] in ([], ["Stopped."])
