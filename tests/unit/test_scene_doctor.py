"""What the doctor says of the server that describes, without a word to it or to anybody else."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from click.testing import CliRunner

from kith.announce.words import LINES
from kith.app.doctor_aloud import outcome
from kith.app.findings import Finding, Verdict
from kith.app.scene_doctor import check_scene
from kith.cli import main
from kith.config import AnnounceSettings, SceneSettings
from kith.errors import ConfigError

HOME = "http://192.168.1.20:8080/v1"


@pytest.fixture(autouse=True)
def nobody_is_asked() -> Iterator[None]:
    """Neither a server nor for a name."""
    looked_up = socket.getaddrinfo

    def getaddrinfo(*given: Any, **named: Any) -> list[Any]:
        assert named["flags"] & socket.AI_NUMERICHOST, "a name was asked for"
        return looked_up(*given, **named)

    with (
        mock.patch.object(socket, "getaddrinfo", getaddrinfo),
        mock.patch.object(socket.socket, "connect", side_effect=AssertionError("somebody was called")),
    ):
        yield


def checked(url: str, key_file: Path | str = "") -> str:
    return check_scene(SceneSettings(enabled=True, url=url, key_file=str(key_file)))


@pytest.mark.parametrize(
    ("url", "told"),
    [
        (HOME, "over plain HTTP, within one's own network; no key"),
        ("http://[fd00::1]/v1", "over plain HTTP, within one's own network; no key"),
        ("http://127.1/v1", "over plain HTTP, within one's own network; no key"),
        ("http://home.test/v1", "over plain HTTP, whether to one's own network is looked at when it is"),
        ("https://203.0.113.5/v1", "over HTTPS, its certificate is looked at when it is asked; no key"),
        ("https://api.test/v1", "over HTTPS, its certificate is looked at when it is asked; no key"),
    ],
)
def test_what_can_be_told_of_the_way_without_asking(url: str, told: str) -> None:
    text = checked(url)
    assert text.startswith(told)
    assert text.endswith("the server was not asked: `kith describe PICTURE` does")


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "scene.url must be as http://"),
        ("192.168.1.20:8080/v1", "scene.url must be as http://"),
        ("ftp://192.168.1.20/v1", "scene.url must be as http://"),
        ("http://me:secret@192.168.1.20/v1", "scene.url must be as http://"),
        ("http://192.168.1.20:99999/v1", "scene.url is no address"),
        (f"http://{'x' * 70}.test/v1", "scene.url names no host"),
        ("http://203.0.113.5/v1", "plain HTTP, and the server is not in a network of one's own"),
        ("http://[2001:db8::5]/v1", "plain HTTP, and the server is not in a network of one's own"),
        ("http://3405803781/v1", "plain HTTP, and the server is not in a network of one's own"),
    ],
)
def test_an_address_that_would_be_refused_at_the_press_is_refused_now(url: str, why: str) -> None:
    with pytest.raises(ConfigError) as told:
        checked(url)
    assert str(told.value).startswith(why)


def test_a_key_that_can_be_read_is_told_of_and_not_told(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("sk-secret\n")
    file.chmod(0o640)
    assert "; a key that this user may read; " in checked(HOME, file)
    assert "secret" not in checked(HOME, file)


@pytest.mark.parametrize(
    ("content", "mode", "why"),
    [
        (None, 0, "scene.key_file cannot be read: No such file"),
        ("sk-secret", 0o644, "scene.key_file is open to others: chmod 600"),
        ("", 0o600, "scene.key_file holds no key"),
        ("sk secret", 0o600, "scene.key_file holds no key"),
    ],
)
@pytest.mark.parametrize("url", [HOME, "http://home.test/v1", "https://api.test/v1"])
def test_a_key_that_would_be_refused_at_the_press_is_refused_now(
    tmp_path: Path, url: str, content: str | None, mode: int, why: str
) -> None:
    file = tmp_path / "key"
    if content is not None:
        file.write_text(content)
        file.chmod(mode)
    with pytest.raises(ConfigError) as told:
        checked(url, file)
    assert str(told.value).startswith(why)


def test_neither_a_folder_nor_a_pipe_nor_a_device_is_a_key(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for place in (tmp_path, pipe, "/dev/zero"):
        with pytest.raises(ConfigError, match=r"scene\.key_file is no file"):
            checked(HOME, place)


def asked(folder: Path, scene: str) -> dict[str, Any]:
    """What `kith doctor --json` says, as text and by part."""
    config = folder / "kith.toml"
    config.write_text(f'[camera]\nkind = "v4l2"\nv4l2_device = "/dev/there-is-no-camera"\n[scene]\n{scene}')
    done = CliRunner().invoke(
        main, ["--config", str(config), "doctor", "--data", str(folder / "s"), "--json"]
    )
    found = {each["part"]: each for each in json.loads(done.stdout)["findings"]}
    return {"": done.stdout, "status": done.exit_code} | found


def test_the_report_has_it_where_descriptions_are_on_without_whose_server_it_is(tmp_path: Path) -> None:
    assert "scene" not in asked(tmp_path, 'url = "http://203.0.113.5/v1"\n')
    well = asked(tmp_path, 'enabled = true\nurl = "http://annas-home.test/v1"\n')
    assert well["scene"]["verdict"] == "ok"
    bad = asked(tmp_path, 'enabled = true\nurl = "http://203.0.113.5/annas"\n')
    assert (bad["scene"]["verdict"], bad["status"]) == ("failed", 1)
    for each in (well, bad):
        assert "annas" not in each[""]
        assert "203.0.113.5" not in each[""]


def test_it_has_words_of_its_own() -> None:
    bad = Finding(part="scene", verdict=Verdict.FAILED, text="")
    last = outcome([bad], AnnounceSettings())[-1].phrase
    assert last is not None
    assert last.text == LINES["doctor.scene"].text
