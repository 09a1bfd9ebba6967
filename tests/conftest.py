"""How `make test` shares the tests out between two processes.

What is timed against the machine's clock runs in one process, a test at a time, while the other does the
rest: two that are both in a hurry would make each other late. The tests of any other file stay together, so
that what a file makes once is made once. Most of the time goes into waiting, so that two pay even
on one core.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
IN_REAL_TIME = (
    "contract/test_audio_sink.py",
    "contract/test_guard_output.py",
    "contract/test_microphone.py",
    "contract/test_range_finder.py",
    "contract/test_speech.py",
    "e2e/test_guard_*.py",
    "e2e/test_microphone.py",
    "e2e/test_sound*.py",
    "unit/test_guard_l*.py",
    "unit/test_guard_sight.py",
    "unit/test_hcsr04.py",
    "unit/test_simulate*.py",
    "unit/test_vl53l1x.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those of the clock go first, since they take longest."""
    items.sort(key=lambda item: not _in_real_time(item.path))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Hands a whole group at a time to a process: a file, or all the files of the clock together."""
    from xdist.scheduler import LoadScopeScheduling

    def group(nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        return "real time" if _in_real_time(Path(file)) else file

    scheduler = LoadScopeScheduling(config, log)
    scheduler._split_scope = group
    return scheduler


def _in_real_time(path: Path) -> bool:
    return any(path.match(f"{HERE.name}/{pattern}") for pattern in IN_REAL_TIME)
