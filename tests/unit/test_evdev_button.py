"""A remote's key as the button, over FIFOs with the kernel's records; and over the kernel's own devices where
they can be had (uinput)."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import logging
import os
import re
import struct
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kith.clock import NS_PER_MS, NS_PER_S, MonotonicClock, VirtualClock
from kith.drivers import evdev_button
from kith.drivers.evdev_button import DEV_ROOT, EV_KEY, EV_SYN, RECORD, SYN_DROPPED, EvdevButton
from kith.drivers.evdev_keys import KEYS
from kith.errors import ButtonUnavailable, ConfigError
from kith.types import ButtonEdge
from tests.unit._evdev_kit import ENTER, SYN, VOLUME, Inputs, Listened, key, record, wait_for

NAME = "AB Shutter3"


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evdev_button, "_LOOK_S", 0.02)


@pytest.fixture
def inputs(tmp_path: Path) -> Iterator[Inputs]:
    inputs = Inputs(tmp_path)
    yield inputs
    inputs.close()


@contextlib.contextmanager
def listening(inputs: Inputs, name: str = NAME, wanted: str = "") -> Iterator[Listened]:
    button = EvdevButton(name, wanted, MonotonicClock(), roots=inputs.roots)
    listened = Listened()
    button.start(listened.edges.append)
    try:
        yield listened
    finally:
        button.close()


def _open_files() -> list[str]:
    return [os.path.realpath(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")]  # noqa: PTH208


def test_the_key_goes_down_and_up_and_repeats_say_nothing(inputs: Inputs) -> None:
    inputs.plug("event3", NAME)
    begun_ns = time.monotonic_ns()
    with listening(inputs, wanted="KEY_ENTER") as listened:
        inputs.write("event3", key(ENTER, 1) + key(ENTER, 2) + key(ENTER, 2))
        listened.wait_for(True)
        time.sleep(0.05)
        assert listened.downs == [True]
        inputs.write("event3", key(ENTER, 0) + key(ENTER, 1))
        listened.wait_for(True, False, True)
    times_ns = [edge.at_ns for edge in listened.edges]
    assert begun_ns < times_ns[0] <= times_ns[1] <= times_ns[2] < time.monotonic_ns()


@pytest.mark.parametrize(("wanted", "downs"), [("KEY_VOLUMEUP", [True, False]), ("", [True, False] * 2)])
def test_only_the_key_that_is_wanted_counts(inputs: Inputs, wanted: str, downs: list[bool]) -> None:
    inputs.plug("event3", NAME)
    with listening(inputs, wanted=wanted) as listened:
        inputs.write("event3", key(ENTER, 1) + key(ENTER, 0) + key(VOLUME, 1) + key(VOLUME, 0))
        listened.wait_for(*downs)


def test_any_two_keys_together_are_one_press(inputs: Inputs) -> None:
    inputs.plug("event3", NAME)
    with listening(inputs) as listened:
        inputs.write("event3", key(ENTER, 1) + key(VOLUME, 1) + key(ENTER, 0))
        listened.wait_for(True)
        inputs.write("event3", key(VOLUME, 0))
        listened.wait_for(True, False)


def test_what_is_no_key_and_what_comes_in_pieces(inputs: Inputs) -> None:
    inputs.plug("event3", NAME)
    with listening(inputs) as listened:
        inputs.write("event3", record(4, 4, 458792) + record(2, 0, 1) + record(3, ENTER, 1))
        press = key(ENTER, 1)
        inputs.write("event3", press[:7])
        time.sleep(0.05)
        assert listened.edges == []
        inputs.write("event3", press[7:] + key(ENTER, 0))
        listened.wait_for(True, False)


def test_it_is_found_by_part_of_its_name_among_others_and_all_of_its_devices_count(inputs: Inputs) -> None:
    inputs.plug("event1", "Someone's keyboard")
    inputs.plug("event4", f"{NAME} Consumer Control")
    inputs.plug("event12", f"{NAME} Keyboard")
    inputs.describe("event9", f"{NAME} without a node")
    (inputs.roots[0] / "event10").mkdir()
    with listening(inputs, name=" ab shutter3") as listened:
        inputs.write("event1", key(ENTER, 1))
        inputs.write("event12", key(ENTER, 1) + key(ENTER, 0))
        listened.wait_for(True, False)
        inputs.write("event4", key(VOLUME, 1))
        listened.wait_for(True, False, True)


def test_it_may_come_later_go_and_come_again_and_what_was_held_is_let_go(inputs: Inputs) -> None:
    with listening(inputs) as listened:
        time.sleep(0.1)
        inputs.plug("event3", NAME)
        inputs.write("event3", key(ENTER, 1))
        listened.wait_for(True)
        inputs.unplug("event3")
        listened.wait_for(True, False)
        inputs.plug("event5", NAME)
        inputs.write("event5", key(ENTER, 0) + key(ENTER, 1) + key(ENTER, 0))
        listened.wait_for(True, False, True, False)


def test_one_of_its_devices_that_goes_lets_go_only_what_no_other_holds(inputs: Inputs) -> None:
    inputs.plug("event3", NAME)
    inputs.plug("event4", NAME)
    with listening(inputs) as listened:
        inputs.write("event3", key(ENTER, 1))
        listened.wait_for(True)
        inputs.write("event4", key(VOLUME, 1))
        wait_for(lambda: inputs.is_read("event4"))
        inputs.unplug("event3")
        time.sleep(0.1)
        assert listened.downs == [True]
        inputs.unplug("event4")
        listened.wait_for(True, False)


def test_a_key_that_is_stuck_when_it_is_found_says_nothing(inputs: Inputs) -> None:
    inputs.plug("event3", NAME)
    with listening(inputs) as listened:
        inputs.write("event3", key(ENTER, 2) * 50 + key(ENTER, 0))
        time.sleep(0.1)
        assert listened.edges == []
        inputs.write("event3", key(ENTER, 1))
        listened.wait_for(True)


def test_events_that_the_kernel_lost_leave_no_key_stuck(inputs: Inputs) -> None:
    """A FIFO cannot be asked what is down, so that all is taken to be let go."""
    inputs.plug("event3", NAME)
    lost = record(EV_SYN, SYN_DROPPED, 0) + record(EV_KEY, VOLUME, 1)
    with listening(inputs) as listened:
        inputs.write("event3", key(ENTER, 1) + lost)
        listened.wait_for(True)
        inputs.write("event3", SYN)
        listened.wait_for(True, False)
        inputs.write("event3", key(ENTER, 1) + key(ENTER, 0))
        listened.wait_for(True, False, True, False)


def test_events_that_the_kernel_lost_keep_what_it_says_is_still_down(
    inputs: Inputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    down = {ENTER, VOLUME}
    bits = bytearray(96)
    for code in down:
        bits[code // 8] |= 1 << code % 8

    def ioctl(fd: int, request: int, argument: bytes) -> bytes:
        if request != 0x8060_4518:  # EVIOCGKEY(96) of linux/input.h, on arm and x86
            raise OSError(25, "Inappropriate ioctl for device")
        return bytes(bits)

    monkeypatch.setattr(fcntl, "ioctl", ioctl)
    inputs.plug("event3", NAME)
    with listening(inputs) as listened:
        inputs.write("event3", key(ENTER, 1) + record(EV_SYN, SYN_DROPPED, 0) + SYN)
        inputs.write("event3", key(ENTER, 0))
        listened.wait_for(True, False)  # the press of VOLUME, which was lost, is none


@pytest.mark.parametrize(("late_s", "at_ns"), [(0.5, 99_500 * NS_PER_MS), (-5.0, 100 * NS_PER_S)])
def test_the_kernel_tells_when_a_key_went_down_unless_it_is_still_to_come(
    inputs: Inputs, monkeypatch: pytest.MonkeyPatch, late_s: float, at_ns: int
) -> None:
    asked: list[tuple[int, object]] = []

    def ioctl(fd: int, request: int, argument: object) -> object:
        asked.append((request, argument))
        return argument

    monkeypatch.setattr(fcntl, "ioctl", ioctl)
    inputs.plug("event3", NAME)
    button = EvdevButton(NAME, "", VirtualClock(100 * NS_PER_S), roots=inputs.roots)
    listened = Listened()
    button.start(listened.edges.append)
    inputs.write("event3", record(EV_KEY, ENTER, 1, at_s=100 - late_s) + SYN)
    listened.wait_for(True)
    button.close()
    assert listened.edges[0].at_ns == at_ns
    # EVIOCSCLOCKID and EVIOCGRAB of linux/input.h.
    assert asked == [(0x400445A0, struct.pack("i", time.CLOCK_MONOTONIC)), (0x40044590, 1)]


def test_that_it_was_never_there_is_told_once_and_that_it_came(
    inputs: Inputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evdev_button, "_LOST_AFTER_S", 0.5)
    told: list[str] = []
    button = EvdevButton(
        NAME,
        "",
        MonotonicClock(),
        on_lost=lambda: told.append("lost"),
        on_back=lambda: told.append("back"),
        roots=inputs.roots,
    )
    button.start(lambda edge: None)
    time.sleep(0.05)
    assert told == []
    wait_for(lambda: told == ["lost"])
    time.sleep(0.2)
    inputs.plug("event3", NAME)
    wait_for(lambda: told == ["lost", "back"])
    inputs.unplug("event3")  # it sleeps, which is no news
    time.sleep(0.2)
    inputs.plug("event3", NAME)
    time.sleep(0.1)
    button.close()
    assert told == ["lost", "back"]


def test_one_that_was_there_may_sleep_without_a_word(inputs: Inputs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evdev_button, "_LOST_AFTER_S", 0.1)
    told: list[str] = []

    def tell() -> None:
        told.append("something")

    inputs.plug("event3", NAME)
    button = EvdevButton(NAME, "", MonotonicClock(), on_lost=tell, on_back=tell, roots=inputs.roots)
    button.start(lambda edge: None)
    inputs.write("event3", SYN)
    wait_for(lambda: inputs.is_read("event3"))
    inputs.unplug("event3")
    time.sleep(0.3)
    button.close()
    assert told == []


def test_each_device_is_open_once(inputs: Inputs) -> None:
    inputs.plug("event3", NAME)
    with listening(inputs):
        time.sleep(0.2)
        assert _open_files().count(str(inputs.roots[1] / "event3")) == 2  # and the end that is written to


def test_nothing_is_left_behind_and_no_edge_comes_after_the_end(inputs: Inputs) -> None:
    inputs.plug("event3", NAME)
    open_fds = sorted(os.listdir("/proc/self/fd"))  # noqa: PTH208
    button = EvdevButton(NAME, "", MonotonicClock(), roots=inputs.roots)
    button.close()
    listened = Listened()
    for _ in range(3):
        button.start(listened.edges.append)
    inputs.write("event3", key(ENTER, 1))
    listened.wait_for(True)
    button.close()
    button.close()
    inputs.write("event3", key(ENTER, 0))
    time.sleep(0.05)
    assert listened.downs == [True]
    assert "kith-remote" not in [thread.name for thread in threading.enumerate()]
    assert sorted(os.listdir("/proc/self/fd")) == open_fds  # noqa: PTH208


def test_one_that_may_not_be_read_is_told_of_in_the_log_once(
    inputs: Inputs, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    def refuse(path: Path, flags: int) -> int:
        tried.append(path.name)
        raise PermissionError(13, "Permission denied")

    inputs.plug("event3", NAME)
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse)
        with caplog.at_level(logging.WARNING), listening(inputs) as listened:
            wait_for(lambda: len(tried) > 3)
            assert [each.getMessage().count("usermod -aG input") for each in caplog.records] == [1]
            patch.undo()
            inputs.write("event3", key(ENTER, 1))
            listened.wait_for(True)


def test_a_machine_without_input_devices_says_so(tmp_path: Path) -> None:
    button = EvdevButton(NAME, "", MonotonicClock(), roots=(tmp_path / "none", tmp_path))
    with pytest.raises(ButtonUnavailable, match="no input devices"):
        button.start(lambda edge: None)
    button.close()


@pytest.mark.parametrize(("name", "wanted"), [(" ", ""), (NAME, "ENTER"), (NAME, "KEY_FOO")])
def test_wrong_settings_are_refused(name: str, wanted: str) -> None:
    with pytest.raises(ConfigError, match=r"button\.remote"):
        EvdevButton(name, wanted, MonotonicClock())


def test_a_record_is_as_long_as_the_kernels() -> None:
    class InputEvent(ctypes.Structure):
        """linux/input.h, for programs of 64 bits and of 32."""

        _fields_ = (
            ("sec", ctypes.c_ulong),
            ("usec", ctypes.c_ulong),
            ("type", ctypes.c_uint16),
            ("code", ctypes.c_uint16),
            ("value", ctypes.c_int32),
        )

    assert RECORD.size == ctypes.sizeof(InputEvent) == (24 if sys.maxsize > 2**32 else 16)
    event = InputEvent.from_buffer_copy(RECORD.pack(7, 8, 1, 28, -1))
    assert [getattr(event, name) for name, *_ in InputEvent._fields_] == [7, 8, 1, 28, -1]


HEADER = Path("/usr/include/linux/input-event-codes.h")


@pytest.mark.skipif(not HEADER.exists(), reason="needs linux/input-event-codes.h (package linux-libc-dev)")
def test_the_numbers_of_the_keys_are_the_kernels() -> None:
    found = re.findall(
        r"^#define\s+((?:KEY|BTN)_\w+)\s+(0x[0-9a-f]+|\d+)\b", HEADER.read_text(), re.MULTILINE
    )
    codes = {name: int(number, 0) for name, number in found}
    assert {name: codes.get(name) for name in KEYS} == KEYS


# --- the kernel's own devices ---------------------------------------------------------------------

UINPUT = Path("/dev/uinput")
SET_EVBIT, SET_KEYBIT, SETUP, CREATE, DESTROY = 0x40045564, 0x40045565, 0x405C5503, 0x5501, 0x5502


@pytest.fixture
def remote(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A remote of the kernel's, which what is written to it is pressed on."""
    if not os.access(UINPUT, os.W_OK):
        pytest.skip("needs /dev/uinput, to be written: `sudo modprobe uinput`, and run as root")
    fd = os.open(UINPUT, os.O_WRONLY | os.O_NONBLOCK)
    fcntl.ioctl(fd, SET_EVBIT, EV_KEY)
    for code in (ENTER, VOLUME):
        fcntl.ioctl(fd, SET_KEYBIT, code)
    fcntl.ioctl(fd, SETUP, struct.pack("4H80sI", 5, 1, 1, 1, b"Kith test remote", 0))
    fcntl.ioctl(fd, CREATE)
    yield fd
    os.close(fd)


def test_a_real_remote_is_heard_to_the_microsecond_and_let_go_when_it_goes(remote: int) -> None:
    listened = Listened()
    button = EvdevButton("kith TEST", "KEY_ENTER", MonotonicClock())
    button.start(listened.edges.append)
    time.sleep(1.0)
    node = next(each for each in DEV_ROOT.glob("event*") if os.path.realpath(each) in _open_files())
    with node.open("rb") as another, pytest.raises(OSError, match="busy"):
        fcntl.ioctl(another, 0x40044590, 1)  # EVIOCGRAB: it is Kith's already
    before_ns = time.monotonic_ns()
    os.write(remote, key(ENTER, 1))
    after_ns = time.monotonic_ns()
    listened.wait_for(True)
    assert before_ns - 1000 <= listened.edges[0].at_ns <= after_ns
    os.write(remote, key(VOLUME, 1) + key(ENTER, 0) + key(ENTER, 1))
    listened.wait_for(True, False, True)
    fcntl.ioctl(remote, DESTROY)
    listened.wait_for(True, False, True, False)
    button.close()


def test_a_real_queue_that_ran_over_leaves_no_key_stuck_and_lets_none_go_that_is_held(remote: int) -> None:
    listened = Listened()
    busy, may_go_on = threading.Event(), threading.Event()

    def take(edge: ButtonEdge) -> None:
        listened.edges.append(edge)
        busy.set()
        may_go_on.wait(20)

    def press(then: bytes) -> None:
        busy.clear()
        may_go_on.clear()
        os.write(remote, key(ENTER, 1))
        assert busy.wait(5)
        os.write(remote, then)
        for _ in range(500):  # more than a queue of the kernel's holds
            os.write(remote, key(VOLUME, 1) + key(VOLUME, 0))
        may_go_on.set()

    button = EvdevButton("kith test", "KEY_ENTER", MonotonicClock())
    button.start(take)
    time.sleep(1.0)
    press(then=key(ENTER, 0))
    listened.wait_for(True, False)
    press(then=SYN)
    time.sleep(1.0)
    assert listened.downs == [True, False, True]
    os.write(remote, key(ENTER, 0))
    listened.wait_for(True, False, True, False)
    button.close()
