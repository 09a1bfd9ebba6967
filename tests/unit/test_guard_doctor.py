"""What the doctor says of the guard, with a guard that sends to a real socket."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from click.testing import CliRunner

from kith.app import guard_doctor
from kith.app.findings import Finding, Verdict
from kith.app.guard_doctor import examine_guard
from kith.app.guard_watch import FAULTS
from kith.cli import main
from kith.drivers.simulated_speech import SimulatedSpeech
from kith.drivers.wav import WavSink
from kith.guard.messages import ProximityLevel, encode
from kith.guard.ports import Fault, Health, Level, Position
from tests.unit._guard_kit import message, sensor

ROOT = Path(__file__).parents[2]
HEAD, KNEE = Position.HEAD, Position.KNEE


@contextmanager
def guard(path: Path, said: ProximityLevel | None) -> Iterator[None]:
    """Sends the same ten times a second, where there is a socket."""
    stop = threading.Event()

    def send() -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as channel:
            while said is not None and not stop.wait(0.1):
                with suppress(OSError):
                    channel.sendto(encode(said), str(path))

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard_doctor, "LISTEN_S", 0.4)


def found(
    tmp_path: Path, said: ProximityLevel | None, *, settings: str = "", wearable: bool = True
) -> list[Finding]:
    config, path = tmp_path / "kith.toml", tmp_path / "doctor.sock"
    config.write_text(settings)
    with guard(path, said):
        findings = list(examine_guard(config, path, wearable=wearable))
    assert not path.exists()
    return findings


def only(findings: list[Finding]) -> Finding:
    (finding,) = findings
    return finding


def test_a_guard_that_is_well(tmp_path: Path) -> None:
    settings = '[guard.knee]\nkind = "vl53l1x"\n'
    said = message(
        1,
        Level.NEAR,
        sensor(),
        sensor(KNEE, distance_mm=430, interval_ms=50, jitter_ms=1, last_fault=Fault.STUCK),
    )
    assert [
        (each.part, each.verdict.value, each.text) for each in found(tmp_path, said, settings=settings)
    ] == [
        ("guard", "ok", "runs, with real-time priority; warns: near"),
        ("head", "ok", "hcsr04, 1430 mm, 16.1 readings a second, jitter 3 ms, no fault"),
        (
            "knee",
            "ok",
            "vl53l1x, 430 mm, 20.0 readings a second, jitter 1 ms, last fault: it gave the same number again"
            " and again",
        ),
    ]


@pytest.mark.parametrize(
    ("flags", "verdict", "words"),
    [
        ({"ordinary": True}, Verdict.OK, "an ordinary process"),
        ({"muffled": True}, Verdict.FAILED, "neither buzzer nor motor works"),
        ({"misconfigured": True}, Verdict.FAILED, "refused its settings"),
    ],
)
def test_what_is_wrong_with_the_guard(
    tmp_path: Path, flags: dict[str, bool], verdict: Verdict, words: str
) -> None:
    finding = found(tmp_path, message(1, **flags))[0]  # type: ignore[arg-type]
    assert (finding.part, finding.verdict) == ("guard", verdict)
    assert words in finding.text


def test_a_guard_without_outputs_is_not_sent_to_their_wires(tmp_path: Path) -> None:
    silent = '[guard.outputs]\nbuzzer = "none"\n'
    finding = found(tmp_path, message(1, muffled=True), settings=silent)[0]
    assert finding.verdict is Verdict.FAILED
    assert "neither buzzer nor motor is configured" in finding.text
    assert "[guard.outputs]" in finding.text
    finding = found(tmp_path, message(1, muffled=True), settings=f"{silent}vibration = true\n")[0]
    assert "neither buzzer nor motor works" in finding.text


def test_a_sensor_that_the_settings_do_not_name_is_one_of_older_settings(tmp_path: Path) -> None:
    finding = found(tmp_path, message(1, Level.QUIET, sensor(KNEE)))[1]
    assert finding.text.startswith("not in these settings; restart kith-guard, ")


@pytest.mark.parametrize("health", Health)
def test_each_state_of_a_sensor(tmp_path: Path, health: Health) -> None:
    distance_mm = 900 if health is Health.SEES else None
    said = message(1, Level.QUIET, sensor(health=health, distance_mm=distance_mm, last_fault=Fault.SILENT))
    finding = found(tmp_path, said)[1]
    failed = health in (Health.DEAD, Health.BLIND)
    assert finding.verdict is (Verdict.FAILED if failed else Verdict.OK)
    assert ("900 mm" in finding.text) == (health is Health.SEES)
    assert finding.text.endswith(f"last fault: {FAULTS[Fault.SILENT]}")


def test_before_the_first_readings(tmp_path: Path) -> None:
    said = message(
        1, Level.QUIET, sensor(health=Health.STARTING, distance_mm=None, interval_ms=None, jitter_ms=None)
    )
    assert found(tmp_path, said)[1].text == "hcsr04, no reading yet, no rate yet, no jitter yet, no fault"


@pytest.mark.parametrize(("wearable", "verdict"), [(True, Verdict.FAILED), (False, Verdict.MISSING)])
def test_where_none_runs(tmp_path: Path, wearable: bool, verdict: Verdict) -> None:
    finding = only(found(tmp_path, None, wearable=wearable))
    assert finding.verdict is verdict
    assert finding.text == "none runs; start it with: sudo systemctl start kith-guard"


@pytest.mark.parametrize(("wearable", "verdict"), [(True, Verdict.FAILED), (False, Verdict.MISSING)])
def test_where_there_is_no_folder_for_the_socket(tmp_path: Path, wearable: bool, verdict: Verdict) -> None:
    finding = only(list(examine_guard(None, tmp_path / "no" / "doctor.sock", wearable=wearable)))
    assert finding.verdict is verdict
    assert finding.text == (
        f"there is no folder {tmp_path / 'no'}, which the device makes at its start; start it with: sudo"
        " systemctl start kith-guard kith"
    )


def test_where_it_cannot_listen(tmp_path: Path) -> None:
    (tmp_path / "doctor.sock").mkdir()
    finding = only(list(examine_guard(None, tmp_path / "doctor.sock", wearable=True)))
    assert finding.verdict is Verdict.FAILED
    assert finding.text.startswith("cannot listen to the guard on ")
    (command,) = [
        line.partition("  #")[0]
        for line in (ROOT / "systemd" / "README.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("sudo -u kith") and " doctor " in line
    ]
    assert finding.text.endswith(
        f"run the doctor as the user kith: {command.strip().replace(' --aloud', '')}"
    )


def test_settings_that_the_guard_refuses_are_told_and_it_is_asked_all_the_same(tmp_path: Path) -> None:
    refused, guard_, head = found(
        tmp_path, message(1, misconfigured=True), settings="[guard.zones]\nnear_mm = 0\n"
    )
    assert refused.verdict is Verdict.FAILED
    assert refused.text.startswith("its settings are refused: ")
    assert "near_mm must be from" in refused.text
    assert (guard_.verdict, head.verdict) == (Verdict.FAILED, Verdict.OK)


def test_the_command_asks_the_guard_too(tmp_path: Path) -> None:
    path = tmp_path / "doctor.sock"
    environ = {"KITH_GUARD_SOCKET": str(tmp_path / "guard.sock")}
    with guard(path, message(1, ordinary=True)):
        done = CliRunner().invoke(main, ["doctor", "--data", str(tmp_path / "s")], env=environ)
    lines = [line for line in done.stdout.splitlines() if line.startswith(("guard", "head"))]
    assert lines[0].startswith("guard      ok       runs, an ordinary process")
    assert lines[1].startswith("head       ok       hcsr04, 1430 mm")


def test_the_command_plays_the_sounds_when_it_is_asked_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kith.drivers.speaker.SpeakerSink", lambda device: WavSink(tmp_path / "heard.wav"))
    monkeypatch.setattr("kith.drivers.speech.open_speech", lambda settings: SimulatedSpeech())
    environ = {"KITH_GUARD_SOCKET": str(tmp_path / "guard.sock")}
    for options, count in (([], 0), (["--sounds"], 25)):
        done = CliRunner().invoke(main, ["doctor", "--data", str(tmp_path / "s"), *options], env=environ)
        after = done.stdout.partition("none runs")[2].splitlines()[1:]
        assert len(after) == count, done.output
    assert (tmp_path / "heard.wav").stat().st_size > 3_000_000
