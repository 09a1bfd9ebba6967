"""Whether the camera delivers."""

from __future__ import annotations

import pytest

from kith.app.camera_watch import CameraState, CameraWatch
from kith.app.eyesight import Eyesight
from kith.config import CameraSettings
from tests.unit._machine_kit import ms

SILENT_MS = 2000


def state(watch: CameraWatch) -> CameraState:
    """As a call, since a type checker believes that an attribute stays what it was."""
    return watch.state


@pytest.fixture
def watch() -> CameraWatch:
    return CameraWatch(SILENT_MS, ms(1000))


def test_at_the_start_it_has_as_long_as_ever_after(watch: CameraWatch) -> None:
    assert state(watch) is CameraState.STARTING
    assert watch.next_deadline_ns == ms(3000)
    assert not watch.overdue(ms(2999))
    assert watch.overdue(ms(3000))
    assert state(watch) is CameraState.LOST


def test_every_new_picture_gives_it_new_time(watch: CameraWatch) -> None:
    for at_ms in range(1000, 9000, 100):
        assert not watch.saw(ms(at_ms), ms(at_ms + 30))
        assert not watch.overdue(ms(at_ms + 99))
    assert state(watch) is CameraState.RUNNING
    assert watch.next_deadline_ns == ms(8930 + SILENT_MS)


@pytest.mark.parametrize("older_ms", [0, 100])
def test_the_same_picture_again_is_no_news(watch: CameraWatch, older_ms: int) -> None:
    watch.saw(ms(1500), ms(1500))
    for at_ms in range(1600, 3400, 100):
        assert not watch.saw(ms(1500 - older_ms), ms(at_ms))
    assert watch.overdue(ms(3500))


def test_a_loss_is_news_once_and_the_return_too(watch: CameraWatch) -> None:
    watch.saw(ms(1100), ms(1100))
    assert watch.failed()
    assert not watch.failed()
    assert watch.next_deadline_ns is None
    assert not watch.overdue(ms(99_000))
    assert not watch.saw(ms(1100), ms(5000))  # the last picture still
    assert watch.saw(ms(6000), ms(6000))
    assert not watch.saw(ms(6100), ms(6100))
    assert watch.failed()


def test_a_closed_camera_is_never_missed_and_never_seen(watch: CameraWatch) -> None:
    watch.close()
    assert watch.next_deadline_ns is None
    assert not watch.overdue(ms(99_000))
    assert not watch.failed()
    assert not watch.saw(ms(2000), ms(2000))
    assert state(watch) is CameraState.CLOSED


def test_opened_again_it_is_given_time_to_start(watch: CameraWatch) -> None:
    watch.close()
    watch.open(ms(60_000))
    assert state(watch) is CameraState.STARTING
    assert not watch.overdue(ms(61_999))
    assert not watch.saw(ms(61_999), ms(61_999))  # it was not lost, so it is not back
    assert state(watch) is CameraState.RUNNING


def test_opened_again_without_a_camera_it_is_lost_again(watch: CameraWatch) -> None:
    assert watch.failed()
    watch.close()
    watch.open(ms(60_000))
    assert watch.failed()


@pytest.mark.parametrize(("look_ms", "silent_ms"), [(100, 2000), (2000, 6000)])
def test_looks_that_are_seldom_are_no_silence(look_ms: int, silent_ms: int) -> None:
    eyes = Eyesight(CameraSettings(look_interval_ms=look_ms), ms(1000))
    assert not eyes.overdue(ms(1000 + silent_ms - 1))
    assert eyes.overdue(ms(1000 + silent_ms))
