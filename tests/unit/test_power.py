"""Switching off, with a systemctl of ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from kith.app import power


@pytest.fixture
def systemctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path / "systemctl"


def write(program: Path, script: str) -> None:
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def test_systemd_is_asked_without_a_password(systemctl: Path) -> None:
    write(systemctl, f'echo "$@" > {systemctl.parent}/asked')
    assert power.switch_off()
    assert (systemctl.parent / "asked").read_text() == "--no-ask-password poweroff\n"


@pytest.mark.parametrize(
    ("script", "logged"),
    [
        ("echo Access denied >&2; exit 1", "ended with 1: Access denied; is 50-kith-poweroff.rules"),
        ("kill -SYS $$", "ended with -31"),
        ("exec sleep 30", "timed out"),
    ],
    ids=["refused", "killed", "hangs"],
)
def test_a_refusal_is_seen_and_logged(
    systemctl: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    script: str,
    logged: str,
) -> None:
    monkeypatch.setattr(power, "_ANSWER_S", 1.0)
    write(systemctl, script)
    assert not power.switch_off()
    assert logged in caplog.text


def test_without_systemd_it_cannot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not power.switch_off()
    assert "no systemctl" in caplog.text
