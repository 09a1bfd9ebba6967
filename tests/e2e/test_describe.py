"""`kith describe`, the real command: a picture file, a server, and what the wearer would hear."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

from kith.cli import main
from kith.vision.imaging import load_photo
from tests.e2e._chat_server import STREAM, answer, sends, serving, status
from tests.unit._portraits import development_faces

HONEST = sends(STREAM + answer("**Two** ste", "ps down. A door", " is ahead."))


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    file = tmp_path / "hall.png"
    cv2.imwrite(str(file), np.full((48, 64, 3), 90, np.uint8))
    return file


def kith(*words: object) -> Result:
    return CliRunner().invoke(main, ["describe", *map(str, words)])


def settings(folder: Path, *lines: str) -> str:
    file = folder / "kith.toml"
    file.write_text("\n".join(["[scene]", *lines]), encoding="utf-8")
    return str(file)


def test_sentences_are_printed_as_they_would_be_spoken(picture: Path) -> None:
    with serving(HONEST) as server:
        done = kith(picture, "--url", server.url, "--model", "eye")
        assert server.asked[0].body["model"] == "eye"
    assert done.exit_code == 0
    assert done.stdout.splitlines() == ["Two steps down.", "A door is ahead."]
    assert "first sentence after" in done.stderr
    assert "faces that were covered: 0" in done.stderr


def test_a_reason_is_the_last_line_and_the_exit_status_tells(picture: Path) -> None:
    for script, line in [
        (status(401), "No description: the server wants another key."),
        (sends(STREAM + answer()), "No description: there was nothing to tell."),
    ]:
        with serving(script) as server:
            done = kith(picture, "--url", server.url)
        assert done.exit_code == 1
        assert done.stdout.splitlines() == [line]
    with serving(sends(STREAM + answer("Two steps. Then a do")[:-90])) as server:
        done = kith(picture, "--url", server.url)
    assert done.exit_code == 1
    assert done.stdout.splitlines()[0] == "Two steps."
    assert done.stdout.splitlines()[-1].startswith("The description broke off: ")


def test_the_server_of_the_settings_is_asked(picture: Path, tmp_path: Path) -> None:
    with serving(HONEST) as server:
        file = settings(tmp_path, f'url = "{server.url}"', "most_words = 10")
        done = CliRunner().invoke(main, ["--config", file, "describe", str(picture)])
        assert done.exit_code == 0
        assert "10 words at most" in server.asked[0].prompt


def test_without_a_server_or_a_picture_it_says_what_to_do(picture: Path, tmp_path: Path) -> None:
    done = kith(picture)
    assert done.exit_code == 1
    assert "set scene.url" in done.stderr
    done = kith(tmp_path / "none.jpg", "--url", "http://127.0.0.1:9/v1")
    assert done.exit_code == 1
    assert "none.jpg" in done.stderr
    done = kith(picture, "--url", "http://127.0.0.1:9/v1", "--sent", tmp_path / "no" / "where.jpg")
    assert done.exit_code == 1
    assert "cannot write" in done.stderr


@pytest.mark.data
def test_what_was_sent_can_be_looked_at_and_shows_no_face(tmp_path: Path) -> None:
    photos = [next(folder.iterdir()) for folder in sorted(development_faces().iterdir())[:6]]
    rgb = np.hstack([cv2.resize(load_photo(photo)[..., ::-1], (200, 200)) for photo in photos])
    file, sent = tmp_path / "all.png", tmp_path / "sent.jpg"
    cv2.imwrite(str(file), rgb)
    with serving(HONEST) as server:
        done = kith(file, "--url", server.url, "--sent", sent)
        assert done.exit_code == 0
        assert sent.read_bytes() == server.asked[0].jpeg
        shown = cv2.imread(str(sent))
        assert shown is not None
        scale = shown.shape[1] / 1200
        for at in range(6):
            # LFW has the face in the middle.
            middle = shown[int(90 * scale) : int(110 * scale), int((at * 200 + 90) * scale) :][
                :, : int(20 * scale)
            ]
            assert np.abs(middle.astype(int) - 128).max() < 30
        open_settings = settings(tmp_path, "show_strangers = true")
        CliRunner().invoke(
            main, ["--config", open_settings, "describe", str(file), "--url", server.url, "--sent", str(sent)]
        )
        assert server.asked[-1].jpeg == sent.read_bytes() != server.asked[0].jpeg


def test_the_wearer_s_own_photograph_is_not_overwritten_by_what_is_sent(picture: Path) -> None:
    before = picture.read_bytes()
    with serving(HONEST) as server:
        done = kith(picture, "--url", server.url, "--sent", picture)
        assert server.asked == []
    assert done.exit_code != 0
    assert picture.read_bytes() == before
