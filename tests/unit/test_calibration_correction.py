"""What marks change, on made people: everything, nothing, or what the matcher's own rule says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner

from calibration import _lfw, correction
from calibration._corrections import MARKS, ByBestTemplate, Effect, Effects, Maker, by_lead, lowered, measure
from calibration._scores import People
from kith.recognition.matcher import DENIAL_LEAD, Matcher
from kith.recognition.operating_point import OperatingPoint
from kith.types import Outcome
from tests.unit._gallery_kit import MODEL, POINT
from tests.unit.test_scores import made_people

CENTRED = replace(POINT, centre=(0.0,) * 32, threshold=0.35, gallery_people=20)


@pytest.fixture(scope="module")
def people() -> People:
    return made_people(60, 6)


@pytest.fixture(scope="module")
def trial(people: People) -> _lfw.Trial:
    return _lfw.draw(people, MODEL, 20, 3, np.random.default_rng(1))


@pytest.fixture(scope="module")
def point(trial: _lfw.Trial) -> OperatingPoint:
    return lowered([trial], CENTRED, 0.1)


def effects(trial: _lfw.Trial, point: OperatingPoint, maker: Maker) -> Effects:
    made = Effects()
    measure(trial, point, maker, made)
    return made


def hits(tally: dict[str, list[int]]) -> int:
    return sum(hit for hit, _ in tally.values())


def every(made: Effects) -> list[Effect]:
    return [made.again, *made.true.values(), made.mistaken, made.neighbour]


def test_the_threshold_is_lowered_until_so_many_strangers_are_named(
    trial: _lfw.Trial, point: OperatingPoint
) -> None:
    matcher = Matcher(trial.templates, point)
    answers = [
        matcher.identify(one.meant.embedding)
        for _, one, truth in trial.probes
        if truth is None and one.meant is not None and one.meant.embedding is not None
    ]
    named = sum(answer.outcome is not Outcome.UNKNOWN for answer in answers)
    assert named / len(answers) == pytest.approx(0.1, abs=0.01)


def test_each_look_is_shown_that_was_neither_enrolled_nor_marked(
    trial: _lfw.Trial, point: OperatingPoint
) -> None:
    made = effects(trial, point, Matcher)
    assert set(made.mistaken.after) == set(trial.enrolled)
    assert all(looks == 3 for count in MARKS for _, looks in made.true[count].after.values())
    assert all(looks == 3 * 2 for _, looks in made.mistaken.after.values())
    assert all(looks == 2 for _, looks in made.neighbour.after.values())
    assert all(looks % 5 == 0 for _, looks in made.again.after.values())
    assert not set(made.again.after) & set(trial.enrolled)
    assert hits(made.again.before) > 0


def test_who_could_not_be_enrolled_is_nobodys_neighbour() -> None:
    people = made_people(60, 6)
    refused = {
        name: [
            replace(one, study=replace(one.study, embedding=None, refusal="blurred")) for one in people[name]
        ]
        for name in list(people)[:40]
    }
    trial = _lfw.draw({**people, **refused}, MODEL, 20, 3, np.random.default_rng(1))
    made = effects(trial, lowered([trial], CENTRED, 0.1), Matcher)
    enrolled = set(trial.enrolled) - set(refused)
    assert set(trial.enrolled) & set(refused)
    assert set(made.true[1].after) == set(made.neighbour.after) == enrolled
    assert hits(made.neighbour.after) == hits(made.neighbour.before) > 0


def test_a_lead_that_all_have_denies_every_name_that_was_marked(
    trial: _lfw.Trial, point: OperatingPoint
) -> None:
    made = effects(trial, point, by_lead(-2.0))
    assert all(hits(each.after) == 0 for each in (made.again, *made.true.values(), made.mistaken))
    # Of another's name that is denied only this is seen, that two are not told apart.
    assert hits(made.neighbour.after) >= hits(made.neighbour.before) > 0


def test_a_lead_that_none_has_changes_nothing(trial: _lfw.Trial, point: OperatingPoint) -> None:
    assert all(each.after == each.before for each in every(effects(trial, point, by_lead(2.0))))


def test_the_lead_that_is_shipped_is_the_matchers_own_rule(trial: _lfw.Trial, point: OperatingPoint) -> None:
    shipped, tried = effects(trial, point, Matcher), effects(trial, point, by_lead(DENIAL_LEAD))
    assert shipped == tried
    assert hits(shipped.again.after) < hits(shipped.again.before)
    assert hits(effects(trial, point, by_lead(-0.2)).mistaken.after) < hits(shipped.mistaken.after)


def test_a_track_is_of_three_photos_and_held_to_the_threshold_of_tracks() -> None:
    trial = _lfw.draw(made_people(60, 9), MODEL, 20, 3, np.random.default_rng(1))
    near, made = lowered([trial], CENTRED, 0.1, photos=3), Effects()
    measure(trial, near, Matcher, made, photos=3)
    assert all(looks == 2 for _, looks in made.true[1].after.values())
    assert all(looks == 2 for _, looks in made.mistaken.after.values())
    assert all(looks % 2 == 0 for _, looks in made.again.after.values())
    nobody = Effects()
    measure(trial, replace(near, fused_threshold=2.0), Matcher, nobody, photos=3)
    assert not nobody.again.after
    assert hits(nobody.true[1].before) == 0


def test_the_nearest_template_is_at_least_as_near_as_the_middle(
    trial: _lfw.Trial, point: OperatingPoint
) -> None:
    one = _lfw.draw(made_people(60, 6), MODEL, 20, 1, np.random.default_rng(1))
    assert effects(one, point, ByBestTemplate) == effects(one, point, by_lead(0.0))
    assert effects(trial, point, ByBestTemplate) != effects(trial, point, by_lead(0.0))


def test_the_program_prints_a_table_for_each_question(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    people = made_people(60, 9)
    monkeypatch.setattr(correction, "open_analyzer", lambda *_: SimpleNamespace(model_id=MODEL))
    monkeypatch.setattr(correction, "load_operating_point", lambda *_: CENTRED)
    monkeypatch.setattr(_lfw, "look_at_all", lambda *_: people)
    plot = tmp_path / "rules.png"
    options = ["--people", "10", "--many", "20", "--galleries", "2", "--plot", str(plot)]
    done = CliRunner().invoke(correction.main, [str(tmp_path), *options], catch_exceptions=False)
    assert done.exit_code == 0
    tables = [line for line in done.output.splitlines() if line.startswith("| rule |")]
    assert len(tables) == 2 + 3 + 3
    assert "| lead of +0.05 over the middle |" in done.output
    assert "| as shipped, one photo, before |" in done.output
    assert plot.read_bytes().startswith(b"\x89PNG")
