"""How `make test` shares the tests out between two processes.

What is timed against the machine's clock runs in one process, a test at a time, while the other does the
rest: two that are both in a hurry would make each other late. The tests of any other file stay together, so
that what a file makes once is made once. Most of the time goes into waiting, so that two pay even
on one core.
"""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).parent
IN_REAL_TIME = (
    "contract/test_audio_sink.py",
    "contract/test_guard_output.py",
    "contract/test_range_finder.py",
    "contract/test_speech.py",
    "e2e/test_guard_*.py",
    "e2e/test_sound*.py",
    "unit/test_guard_l*.py",
    "unit/test_guard_sight.py",
    "unit/test_hcsr04.py",
    "unit/test_simulate*.py",
    "unit/test_vl53l1x.py",
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Name each test's group; those of the clock go first, since they take longest."""
    items.sort(key=lambda item: not _in_real_time(item.path))
    if config.pluginmanager.hasplugin("xdist"):
        for item in items:
            group = "real time" if _in_real_time(item.path) else item.path.relative_to(HERE).as_posix()
            item.add_marker(pytest.mark.xdist_group(group))


def _in_real_time(path: Path) -> bool:
    return any(path.match(f"{HERE.name}/{pattern}") for pattern in IN_REAL_TIME)
