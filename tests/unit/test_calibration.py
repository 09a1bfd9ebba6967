"""The measuring itself: fair galleries, right rates and intervals; and the figures that are shipped."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from calibration import _lfw
from kith.app.photos import Study
from kith.errors import InputError
from kith.recognition.operating_point import load_operating_point
from tests.unit._gallery_kit import MODEL, looks
from tests.unit._portraits import ROOT


def pictured(counts: Mapping[str, int]) -> dict[str, list[_lfw.Pictured]]:
    """People whose photos are alike: every one is the person's own vector and some noise."""
    made = {}
    for seed, (name, count) in enumerate(counts.items()):
        own = looks(seed, 1)[0]
        photos = []
        for at in range(count):
            vector = own.vector + 0.3 * looks(1000 + 20 * seed + at, 1)[0].vector
            embedding = type(own)(vector=vector / np.linalg.norm(vector), model_id=MODEL)
            study = Study(path=Path(f"{name}/{at}.jpg"), embedding=embedding, refusal=None)
            photos.append(_lfw.Pictured(study=study, meant=None))
        made[name] = photos
    return made


def test_a_gallery_enrols_some_photos_and_probes_with_all_the_others() -> None:
    people = pictured({"a": 5, "b": 4, "c": 3, "d": 1, "e": 6})
    trial = _lfw.draw(people, MODEL, 2, 3, np.random.default_rng(0))
    assert set(trial.enrolled) < {"a", "b", "e"}
    assert trial.templates.person_ids.tolist() == [0, 0, 0, 1, 1, 1]
    mated = [(name, truth) for name, _, truth in trial.probes if truth is not None]
    assert len(mated) == sum(len(people[name]) - 3 for name in trial.enrolled)
    assert all(trial.enrolled[truth] == name for name, truth in mated)
    strangers = {name for name, _, truth in trial.probes if truth is None}
    assert strangers == set(people) - set(trial.enrolled)
    enrolled = {row.tobytes() for row in trial.templates.vectors}
    for _, one, truth in trial.probes:
        assert one.study.embedding is not None
        assert truth is None or one.study.embedding.vector.astype(np.float32).tobytes() not in enrolled


def test_too_few_people_are_said() -> None:
    with pytest.raises(InputError, match="only 1 people have more than 3 photos; 2 are needed"):
        _lfw.draw(pictured({"a": 5, "b": 3}), MODEL, 2, 3, np.random.default_rng(0))


def test_a_rate_and_its_interval() -> None:
    even = _lfw.rate({str(at): [1, 2] for at in range(100)}, seed=1)
    assert (even.value, even.low, even.high) == (0.5, 0.5, 0.5)
    tally = {str(at): [int(at < 10), 1] for at in range(1000)}
    spread = _lfw.rate(tally, seed=1)
    assert spread.value == pytest.approx(0.01)
    # The normal approximation of the binomial gives 0.0038 to 0.0162.
    assert spread.low == pytest.approx(0.0038, abs=0.0015)
    assert spread.high == pytest.approx(0.0162, abs=0.0015)
    with pytest.raises(InputError):
        _lfw.rate({"a": [0, 0]}, seed=1)


def test_people_and_not_looks_are_drawn_anew() -> None:
    one_by_one = _lfw.rate({str(at): [int(at < 100), 1] for at in range(1000)}, seed=1)
    in_tens = _lfw.rate({str(at): [10 * int(at < 10), 10] for at in range(100)}, seed=1)
    assert in_tens.value == one_by_one.value
    assert in_tens.high - in_tens.low > 2 * (one_by_one.high - one_by_one.low)


def test_the_shipped_figures_are_of_the_shipped_network_and_good_enough() -> None:
    manifest = tomllib.loads((ROOT / "models" / "manifest.toml").read_text(encoding="utf-8"))
    model_id = manifest["networks"]["embedder"]["model_id"]
    point = load_operating_point(ROOT / "calibration" / "operating_point.toml", model_id)
    assert point.tpir_low >= 0.985
    assert point.fpir_high <= 0.01
    assert (point.gallery_people, point.templates_per_person) == (50, 3)
