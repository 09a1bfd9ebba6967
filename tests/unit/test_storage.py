"""What is learnt must be on the data partition, where there is one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kith.app.storage import check_storage, data_mount, storage_troubles
from kith.errors import HardwareError
from tests.unit._core_kit import CannotMount, Life, small_disk


@pytest.fixture
def mount(tmp_path: Path) -> Path:
    return tmp_path / "data"


def test_where_no_partition_is_named_any_place_will_do(tmp_path: Path) -> None:
    assert data_mount({}) is data_mount({"KITH_DATA_MOUNT": ""}) is None
    assert storage_troubles(tmp_path, {}) == ()


def test_a_folder_that_is_not_mounted_is_told(tmp_path: Path, mount: Path) -> None:
    mount.mkdir()
    for where in (mount, mount / "kith", tmp_path / "nowhere"):
        (trouble,) = storage_troubles(where, {"KITH_DATA_MOUNT": str(mount)})
        assert trouble.key == "storage.missing"
        assert "not on a data partition" in trouble.text


def test_a_state_folder_beside_the_mount_is_told(tmp_path: Path) -> None:
    # /proc is mounted wherever this runs.
    with pytest.raises(HardwareError, match="not on a data partition"):
        check_storage(tmp_path, {"KITH_DATA_MOUNT": "/proc"})


def test_on_the_mount_all_is_well_also_where_it_is_bound_to(tmp_path: Path, mount: Path) -> None:
    named = {"KITH_DATA_MOUNT": str(mount)}
    try:
        with small_disk(mount, 64):
            (mount / "kith").mkdir()
            assert storage_troubles(mount / "kith", named) == ()
            bound = tmp_path / "var-lib-kith"
            bound.mkdir()
            assert os.system(f"mount --bind '{mount}/kith' '{bound}'") == 0
            try:
                assert check_storage(bound, named).endswith(f"on the data partition at {mount}")
            finally:
                assert os.system(f"umount '{bound}'") == 0
    except CannotMount as error:
        pytest.skip(str(error))


def test_it_is_said_at_the_start_and_stays_among_the_faults(tmp_path: Path, mount: Path) -> None:
    life = Life(tmp_path, people={"Anna": 1})
    for trouble in storage_troubles(tmp_path, {"KITH_DATA_MOUNT": str(mount)}):
        life.core.handle(trouble, life.now_ns)
    said = "The storage does not work. What is learnt now is lost when the device is switched off."
    assert said in life.hear(10)
    life.press("taphold")
    assert any(said in text for text in life.hear(10))
