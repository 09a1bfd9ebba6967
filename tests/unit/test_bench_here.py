"""`kith bench --here`: what it times, what it expects, and when it does not run."""

from __future__ import annotations

import contextlib
import itertools
import json
import socket
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from kith.app import bench_here as module
from kith.app.bench_here import bench_here
from kith.app.bench_report import Moment, Report, Timing, as_json, lines
from kith.app.boards import PROFILES
from kith.app.load import Scene, expected_times, share_busy
from kith.app.paths import models_dir
from kith.cli import main
from kith.config import BoardSettings, CameraSettings, Settings
from kith.drivers.board_health import SimulatedBoard
from kith.errors import HardwareError, InputError, ModelError
from kith.guard.messages import encode
from kith.guard.ports import Level, Position
from kith.ports import BoardHealth
from kith.vision.networks import load_network
from tests.unit._guard_kit import message, sensor

BARE = CameraSettings(kind="v4l2", v4l2_device="/dev/there-is-no-camera")
COOL = Moment(
    health=BoardHealth(temperature_c=48.3, under_voltage=False), mhz=(1500, 600), most_mhz=(1800, 1800)
)
REPORT = Report(
    model="Raspberry Pi 4 Model B Rev 1.5",
    profile="pi4",
    processors=4,
    threads=3,
    timings=(
        Timing(name="find faces", median_ms=25.0, p95_ms=40.0, rounds=9, expected_ms=30.0),
        Timing(name="shrink", median_ms=2.0, p95_ms=3.0, rounds=9, part=True),
        Timing(name="embed a face", median_ms=100.0, p95_ms=120.0, rounds=9, expected_ms=50.0),
    ),
    missing=("a picture from the camera: there is none",),
    before=COOL,
    after=replace(COOL, health=BoardHealth(temperature_c=71.6, under_voltage=False)),
    during=("under-voltage",),
    rss_mib=120.4,
    guard={"head": 16.6},
    busy=1.6,
    expected_busy=0.57,
    asked_looks_s=8.0,
)


@pytest.fixture
def networks() -> None:
    try:
        load_network("embedder", models_dir())
    except ModelError as error:
        pytest.skip(str(error))


@pytest.fixture
def systemctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One that says that nothing runs."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    program = tmp_path / "systemctl"
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\nexit 3\n')
    program.chmod(0o755)
    return program


def run(settings: Settings, board: SimulatedBoard | None = None) -> tuple[Report, list[str]]:
    said: list[str] = []
    return bench_here(settings, 3, said.append, board or SimulatedBoard()), said


@pytest.mark.usefixtures("networks")
def test_each_step_is_timed_and_what_is_not_there_is_told(systemctl: Path) -> None:
    report, said = run(Settings(camera=BARE, board=BoardSettings(profile="none")))
    times = {each.name: each for each in report.timings}
    assert set(times) >= {"judge the view", "find faces", "turn and measure a face", "embed a face"}
    assert all(0 < each.median_ms <= each.p95_ms for each in report.timings)
    assert all(each.expected_ms is None and each.verdict == "" for each in report.timings)
    assert times["the detecting network"].median_ms < times["find faces"].p95_ms
    assert report.missing[0].startswith("a picture from the camera: ")
    assert (report.profile, report.expected_busy, report.asked_looks_s) == ("none", None, 10.0)
    assert report.rss_mib > 20
    assert said
    assert (systemctl.parent / "asked").read_text() == "is-active --quiet kith.service\n"


@pytest.mark.usefixtures("networks", "systemctl")
def test_a_profile_expects_what_the_load_model_does() -> None:
    settings = replace(PROFILES["zero2w"].settings, camera=BARE, board=BoardSettings(profile="zero2w"))
    report, _ = run(settings)
    expected = expected_times(PROFILES["zero2w"].processor, settings)
    steps = {each.name: each.expected_ms for each in report.timings}
    assert steps["embed a face"] == pytest.approx(expected.embed_ms)
    assert steps["find faces"] == pytest.approx(expected.look_ms + expected.frame_ms)
    assert report.expected_busy == pytest.approx(share_busy(expected, settings, Scene(faces=1)))


@pytest.mark.usefixtures("networks", "systemctl")
def test_flags_that_are_up_in_any_round_are_told() -> None:
    class Failing(SimulatedBoard):
        asked = 0

        def health(self) -> BoardHealth:
            self.asked += 1
            return BoardHealth(under_voltage=self.asked == 4, throttled=False, temperature_c=50.0)

    report, _ = run(Settings(camera=BARE), Failing())
    assert report.during == ("under-voltage",)
    assert report.after.health.under_voltage is False


@pytest.mark.usefixtures("networks", "systemctl")
def test_a_voice_that_breaks_is_told_and_the_rest_is_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise HardwareError("the voice is hoarse")

    monkeypatch.setattr(module, "open_speech", broken)
    report, _ = run(Settings(camera=BARE))
    assert "first sample of speech: the voice is hoarse" in report.missing
    assert report.timings


def test_while_the_device_runs_it_refuses_and_tells_how(systemctl: Path) -> None:
    systemctl.write_text("#!/bin/sh\nexit 0\n")
    with pytest.raises(InputError, match="sudo systemctl stop kith"):
        run(Settings())
    done = CliRunner().invoke(main, ["bench", "--here"])
    assert done.exit_code == 1
    assert "kith: the device is running" in done.output


def test_the_guard_s_rate_is_its_own(tmp_path: Path) -> None:
    assert module._guard(tmp_path / "no such folder" / "doctor.sock") is None
    place = tmp_path / "doctor.sock"
    stop = threading.Event()

    def speak() -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as mouth:
            for sequence in itertools.count():
                if stop.wait(0.05):
                    return
                told = message(0, Level.QUIET, sensor(Position.HEAD, interval_ms=50))
                with contextlib.suppress(OSError):
                    mouth.sendto(encode(replace(told, sequence=sequence)), str(place))

    guard = threading.Thread(target=speak)
    guard.start()
    try:
        assert module._guard(place) == {"head": 20.0}
    finally:
        stop.set()
        guard.join()


@pytest.mark.usefixtures("networks", "systemctl")
def test_the_command_prints_one_object_and_its_progress_beside_it(tmp_path: Path) -> None:
    config = tmp_path / "kith.toml"
    config.write_text('[camera]\nkind = "v4l2"\nv4l2_device = "/dev/there-is-no-camera"\n', encoding="utf-8")
    done = CliRunner().invoke(main, ["--config", str(config), "bench", "--here", "--rounds", "2", "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert {each["rounds"] for each in told["steps"] if each["name"] != "first sample of speech"} == {2}
    assert told["keeps_up"] == (told["busy"] <= 1)
    assert "kith: loading the networks" in done.stderr


def test_without_here_it_says_so() -> None:
    done = CliRunner().invoke(main, ["bench"])
    assert (done.exit_code, "--here" in done.output) == (2, True)


def test_the_lines_for_people() -> None:
    told = lines(REPORT)
    assert told == [
        "Raspberry Pi 4 Model B Rev 1.5, profile pi4: 4 processors, 3 for the networks; 120 MiB",
        "",
        f"{'':<30}    median       p95  expected  verdict",
        f"{'find faces':<30}   25.0 ms   40.0 ms   30.0 ms  as expected",
        f"{'  of it shrink':<30}    2.0 ms    3.0 ms",
        f"{'embed a face':<30}  100.0 ms  120.0 ms   50.0 ms  slower",
        "",
        "not timed: a picture from the camera: there is none",
        "temperature: 48 before, 72 degrees after",
        "clock: 600 MHz of 1800",
        "under-voltage, throttling: under-voltage",
        "guard: head 16.6 readings a second",
        "one person, not yet named: busy 160%, expected 57%; does 5.0 of 8.0 looks a second",
    ]


def test_the_object_for_programs() -> None:
    told = as_json(REPORT)
    json.dumps(told)
    assert (told["looks_s"], told["keeps_up"], told["flags_seen"]) == (5.0, False, ["under-voltage"])
    assert [each["verdict"] for each in told["steps"]] == ["as expected", "", "slower"]
    assert told["after"]["temperature_c"] == 71.6
