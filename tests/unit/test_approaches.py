"""The guard's statistics: fair walks, fair rivals, right figures; and the figures that are shipped."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import numpy as np
import pytest
from click.testing import CliRunner

from calibration import _approach_report, _walks, approaches
from calibration._warners import Guard, Plain, by_distance, listen, readings, warners
from kith.clock import NS_PER_MS
from kith.guard.ports import RangeReading
from kith.guard.settings import GuardSettings
from tests.unit._policy_kit import NO_ECHO, around, every, reading, walk

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("target", _walks.TARGETS)
def test_an_approach_ends_at_its_target_and_leaves_time_to_warn(target: str) -> None:
    for seed in range(40):
        scene = _walks.approach(target, Random(seed))
        contact_s = scene.contact_s()
        assert contact_s is not None
        assert contact_s > 2.2
        speed_m_s = scene.path.top_speed_m_s
        assert _walks.SLOWEST_M_S <= speed_m_s <= _walks.FASTEST_M_S


@pytest.mark.parametrize("name", _walks.WALKS)
def test_on_a_needless_walk_nothing_is_touched(name: str) -> None:
    for seed in range(5):
        scene = _walks.needless(name, Random(seed))
        assert scene.end_s == pytest.approx(60.0)
        assert min(scene.clearance_m(tenth / 10) for tenth in range(600)) > 0.0


def test_equal_seeds_are_equal_walks() -> None:
    def said(seed: int) -> list[RangeReading]:
        return list(readings(_walks.approach("person", Random(seed)), "hcsr04", seed, 2.0))

    assert said(3) == said(3)
    assert said(3) != said(4)


def test_the_plain_one_beeps_under_a_metre_and_at_a_zero() -> None:
    said = every(100, [1500, 999, NO_ECHO, 0, 1000])
    assert listen(Plain(), said, 0.4).warnings == ((0.1, 0.2), (0.3, 0.4))


def test_zones_by_distance_know_no_closing() -> None:
    settings = by_distance(GuardSettings(), 1000)
    said = every(60, walk(3000, 2.0, to_mm=100))
    (warning,) = listen(Guard(settings), said, 1.4).warnings
    assert 1.0 < warning[0] < 1.2
    (warning,) = listen(Guard(GuardSettings()), said, 1.4).warnings
    assert warning[0] < 0.3


def test_what_a_guard_holds_on_to_ends_by_itself() -> None:
    guard = Guard(GuardSettings())
    heard = listen(guard, every(50, around(500, 20)), 5.0)
    assert heard.warnings == ((0.05, 0.95 + 0.5),)
    assert heard.told == 1  # dead
    assert guard.next_deadline_ns > 5000 * NS_PER_MS


def test_the_guard_is_compared_with_what_others_build() -> None:
    made = {name: make() for name, make in warners(GuardSettings()).items()}
    for name, warner in made.items():
        warner.step(reading(0, 900), 0)
        warner.step(reading(60, 905), 60 * NS_PER_MS)
        assert warner.warns == (name != "guard")  # it stands still


def test_intervals() -> None:
    share = _approach_report.share_of(0, 1000)
    assert (share.value, share.low) == (0.0, 0.0)
    assert share.high == pytest.approx(0.0038, abs=0.0001)
    share = _approach_report.share_of(50, 100)
    assert (share.low, share.high) == pytest.approx((0.404, 0.596), abs=0.001)
    median = _approach_report.quantile(np.arange(1000.0), 0.5)
    assert (median.value, median.low, median.high) == (500.0, 469.0, 530.0)
    mean = _approach_report.mean(np.array([0.0, 1.0] * 200))
    assert mean.value == 0.5
    assert (mean.low, mean.high) == pytest.approx((0.45, 0.55), abs=0.02)


def test_the_program_measures_writes_and_draws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_walks, "_LASTS_S", 8.0)
    arguments = ["--runs", "3", "--first-seed", "5", "--json", str(tmp_path / "a.json")]
    result = CliRunner().invoke(approaches.main, [*arguments, "--plot", str(tmp_path / "a.png")])
    assert result.exit_code == 0, result.output
    report = _approach_report.from_json((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert _approach_report.as_text(report) in result.output
    assert report.first_seed == 5
    assert len(report.approaches) == 2 * len(_walks.TARGETS) * 4
    assert len(report.needless) == 2 * len(_walks.WALKS) * 4
    for each in report.approaches:
        if (each.target, each.warner) == ("wall", "guard"):
            assert each.quantiles_s[0] > 1.2
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_a_wrong_settings_file_is_told_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "kith.toml").write_text("[guard.zones]\nfar_mm = 3\n", encoding="utf-8")
    result = CliRunner().invoke(approaches.main, ["--settings", str(tmp_path / "kith.toml")])
    assert result.exit_code == 1
    assert "there is no setting 'far_mm'" in str(result.exception)


def test_the_shipped_figures_are_those_of_the_documents() -> None:
    shipped = _approach_report.from_json((ROOT / "calibration/approaches.json").read_text(encoding="utf-8"))
    document = (ROOT / "docs/guard.md").read_text(encoding="utf-8")
    missing = [line for line in _approach_report.as_text(shipped).splitlines() if line not in document]
    assert not missing
    assert shipped.first_seed == approaches.REPORTED_FROM
    assert {each.runs for each in shipped.approaches} == {1000}


def test_the_shipped_figures_hold_what_the_guard_promises() -> None:
    shipped = _approach_report.from_json((ROOT / "calibration/approaches.json").read_text(encoding="utf-8"))
    for each in shipped.approaches:
        if each.warner == "guard" and each.target in ("wall", "person"):
            assert each.later_than_1_s.high < 0.01, each
    data = json.loads((ROOT / "calibration/approaches.json").read_text(encoding="utf-8"))
    assert sorted(data) == ["approaches", "first_seed", "needless"]
