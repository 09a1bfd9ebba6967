"""Tuning the operating point: what is tried on arrays is what the matcher decides."""

from __future__ import annotations

import tomllib
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from calibration import _lfw, _scores, operating_point
from calibration._candidates import Faces, ways
from kith.app.photos import Looked, Study
from kith.recognition.matcher import Matcher
from kith.recognition.operating_point import load_operating_point
from kith.types import F32, AlignedFace, BoxPx, Embedding, Face, FaceQuality, Outcome
from kith.vision.pipeline import Assessment
from tests.unit._gallery_kit import MODEL, POINT

MEAN = np.array([0.3] + [0.0] * 31)


def pictured(vector: F32) -> _lfw.Pictured:
    embedding = Embedding(vector=vector, model_id=MODEL)
    assessment = Assessment(
        face=Face(box=BoxPx(x=0, y=0, w=9, h=9), landmarks=np.zeros((5, 2), np.float32), score=0.9),
        quality=FaceQuality(sharpness=20, luma=120, yaw_deg=0, pitch_deg=0, inter_eye_px=40),
        rejection=None,
        aligned=AlignedFace(rgb=np.zeros((112, 112, 3), np.uint8)),
    )
    return _lfw.Pictured(
        study=Study(path=Path("photo.jpg"), embedding=embedding, refusal=None),
        meant=Looked(assessment=assessment, embedding=embedding),
    )


def made_people(count: int, photos: int, seed: int = 0, scatter: float = 0.6) -> _scores.People:
    """Looks of 32 numbers: a mean face, the person's own direction, and noise of that variance beside it."""
    rng = np.random.default_rng(seed)
    people = {}
    for name in range(count):
        own = rng.standard_normal(32) / np.sqrt(32)
        looks = MEAN + own + rng.standard_normal((photos, 32)) * np.sqrt(scatter / 32)
        looks = (looks / np.linalg.norm(looks, axis=1, keepdims=True)).astype(np.float32)
        people[f"{name:03}"] = [pictured(look) for look in looks]
    return people


def test_scores_are_the_matchers() -> None:
    people = made_people(40, 6)
    centre = _scores.mean_face(people)
    point = replace(POINT, threshold=0.35, margin=0.1, centre=tuple(map(float, centre)))
    trial = _lfw.draw(people, MODEL, 20, 2, np.random.default_rng(1))
    scored = _scores.score(trial, _scores.looks_of(trial), centre, point.scatter)
    named, rightly = scored.named(point.threshold), scored.named_rightly(point.threshold, point.margin)
    matcher = Matcher(trial.templates, replace(point, gallery_people=20))
    outcomes = set()
    for at, (_, one, truth) in enumerate(trial.probes):
        assert one.meant is not None
        assert one.meant.embedding is not None
        answer = matcher.identify(one.meant.embedding)
        outcomes.add(answer.outcome)
        assert answer.score == pytest.approx(float(scored.best[at]), abs=1e-5)
        assert (answer.outcome is not Outcome.UNKNOWN) == named[at]
        assert scored.strangers[at] == (truth is None)
        right = answer.outcome is Outcome.KNOWN and answer.person_id == truth
        assert truth is None or right == rightly[at]
    assert outcomes == set(Outcome)


def test_the_figures_of_made_people_are_found_again() -> None:
    people = made_people(300, 6)
    centre = _scores.mean_face(people)
    assert centre[0] == pytest.approx(MEAN[0] / np.sqrt(1.6 + MEAN[0] ** 2), abs=0.02)
    assert np.abs(centre[1:]).max() < 0.04
    assert _scores.scatter_of(people, centre) == pytest.approx(0.6, abs=0.06)


def test_a_track_is_three_to_five_looks_of_one_person() -> None:
    people = made_people(12, 7) | {"few": made_people(1, 2, seed=9)["000"]}
    trial = _lfw.draw(people, MODEL, 6, 3, np.random.default_rng(1))
    tracks = _scores.tracks_of(trial, np.random.default_rng(2))
    assert sorted(tracks.people) == sorted([*made_people(12, 7)] * 2)
    scores = _scores.score(trial, tracks, _scores.mean_face(people), 0.6)
    single = _scores.score(trial, _scores.looks_of(trial), _scores.mean_face(people), 0.6)
    assert scores.best[~scores.strangers].mean() > single.best[~single.strangers].mean()
    assert scores.right[~scores.strangers].all()


def test_halves_share_nobody() -> None:
    people = made_people(9, 1)
    one, other = _scores.halves(people, 3)
    assert set(one) | set(other) == set(people)
    assert not set(one) & set(other)
    assert sorted((len(one), len(other))) == [4, 5]


def test_calibrating_writes_what_the_device_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    people = made_people(120, 7, scatter=0.3)
    monkeypatch.setattr(operating_point, "PEOPLE", 20)
    monkeypatch.setattr(operating_point, "GALLERIES", 3)
    monkeypatch.setattr(operating_point, "GALLERIES_A_HALF", 2)
    monkeypatch.setattr(operating_point, "HALVINGS", 1)
    tuned = operating_point.tune(people, MODEL, 1)
    assert tuned.threshold < tuned.fused_threshold
    growth = operating_point.growth_of(people, MODEL, np.array(tuned.centre, np.float32), 1)
    assert 0 < growth < 0.1
    tallies = operating_point.cross_validated(people, MODEL)
    assert set(tallies.tpir) <= set(people)
    point = operating_point.shipped(tuned, growth, tallies, MODEL, "made people")
    file = tmp_path / "operating_point.toml"
    file.write_text(operating_point.as_toml(point), encoding="utf-8")
    assert load_operating_point(file, MODEL) == point
    assert set(tomllib.loads(file.read_text(encoding="utf-8"))) == {each.name for each in fields(point)}


def test_every_candidate_knows_people_by_their_faces() -> None:
    people = made_people(60, 5)
    vectors = np.array(
        [
            one.meant.embedding.vector
            for each in people.values()
            for one in each
            if one.meant and one.meant.embedding
        ]
    )
    faces = Faces(
        vectors=vectors,
        flipped=vectors,
        weights=np.ones(len(vectors), np.float32),
        owners=np.repeat(np.arange(60), 5),
    )
    enrolled = np.arange(100).reshape(20, 5)[:, :3]
    asked = np.arange(100).reshape(20, 5)[:, 3:].ravel()
    for name, way in ways(faces, np.arange(20, 60)).items():
        scores = way(enrolled, asked)
        assert scores.shape == (40, 20), name
        assert (scores.argmax(axis=1) == np.repeat(np.arange(20), 2)).mean() > 0.8, name
