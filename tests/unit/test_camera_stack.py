"""Where the camera stack's source is fetched from: this machine's own mirror, in both of apt's languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.camera_stack import mirror

STANZA = """# http://mirror.example/old/debian
Types: deb
URIs: {uri}
Suites: bookworm
"""


@pytest.mark.parametrize(
    ("file", "text"),
    [
        (
            "sources.list",
            "# deb http://no.example/debian x\ndeb http://mirror.example/debian bookworm main\n",
        ),
        ("sources.list", "deb [arch=amd64 signed-by=/a/b] http://mirror.example/debian/ bookworm main\n"),
        ("sources.list.d/debian.sources", STANZA.format(uri="http://mirror.example/debian")),
        (
            "sources.list.d/debian.sources",
            STANZA.format(uri="http://mirror.example/debian-security")
            + "\n"
            + STANZA.format(uri="http://mirror.example/debian"),
        ),
    ],
)
def test_it_is_this_machines_own(tmp_path: Path, file: str, text: str) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / file).write_text(text)
    (tmp_path / "sources.list.d" / "other.disabled").write_text("deb http://disabled.example/debian x\n")
    assert mirror(tmp_path).rstrip("/") == "http://mirror.example/debian"


def test_without_one_it_is_said(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="no Debian mirror"):
        mirror(tmp_path)
