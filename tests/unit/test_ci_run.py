"""What CI runs, with small things in the place of what it runs: each failure is its own."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / ".ci" / "run"
PATIENCE_S = 20.0
CLOSING = "======== 1 passed in 0.01s ========"

MAKEFILE = """\
test:
\t@echo tests
\t@echo "{closing}"
\t@{test}
lint:
\t@echo style
\t@{lint}
"""


def tree(folder: Path, *, test: str = "true", lint: str = "true", setup: int = 0, systemd: int = 0) -> Path:
    """A folder whose parts end so."""
    for place in (".ci", "tools"):
        (folder / place).mkdir()
    script = folder / ".ci" / "run"
    script.write_bytes(SCRIPT.read_bytes())
    (folder / "tools" / "setup.sh").write_text(f"echo setup\nexit {setup}\n")
    (folder / "tools" / "check-systemd.sh").write_text(f"echo units\nexit {systemd}\n")
    (folder / "Makefile").write_text(MAKEFILE.format(closing=CLOSING, test=test, lint=lint))
    return script


def begin(script: Path) -> subprocess.Popen[str]:
    # Not `make` in `make`: a second one would wait for the first one's leave.
    surroundings = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS"))}
    return subprocess.Popen(
        ["env", "--default-signal=INT", "bash", str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        env=surroundings,
    )


def ran(script: Path) -> tuple[int, list[str]]:
    with begin(script) as process:
        out, _ = process.communicate(timeout=PATIENCE_S)
    return process.returncode, out.splitlines()


def test_where_all_is_well_the_lint_is_shown_after_the_tests_and_their_last_line_at_the_end(
    tmp_path: Path,
) -> None:
    assert ran(tree(tmp_path)) == (0, ["setup", "tests", CLOSING, "style", "units", "", CLOSING])


@pytest.mark.parametrize("broken", [{"test": "false"}, {"lint": "false"}, {"systemd": 1}])
def test_whatever_fails_the_rest_is_run_and_all_has_failed(tmp_path: Path, broken: dict[str, object]) -> None:
    status, lines = ran(tree(tmp_path, **broken))  # type: ignore[arg-type]
    assert status != 0
    assert {"tests", "style", "units"} < set(lines)
    assert lines[-1] == CLOSING


def test_without_an_environment_nothing_is_run_in_it(tmp_path: Path) -> None:
    """Two would make it at the same time, each over the other."""
    status, lines = ran(tree(tmp_path, setup=1))
    assert (status != 0, lines) == (True, ["setup"])


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_who_interrupts_it_leaves_nothing_running(tmp_path: Path, sent: signal.Signals) -> None:
    marks = [tmp_path / "test.pid", tmp_path / "lint.pid"]
    test, lint = (f"echo $$$$ >{mark}; exec sleep 60" for mark in marks)
    with begin(tree(tmp_path, test=test, lint=lint)) as process:
        until(lambda: all(mark.exists() and mark.read_text() for mark in marks))
        os.killpg(process.pid, sent)  # as a terminal does
        process.communicate(timeout=PATIENCE_S)
        assert process.returncode != 0
    until(lambda: not any(Path(f"/proc/{mark.read_text().strip()}").exists() for mark in marks))


def until(so: Callable[[], bool]) -> None:
    began_s = time.monotonic()
    while not so():
        assert time.monotonic() - began_s < PATIENCE_S
        time.sleep(0.02)
