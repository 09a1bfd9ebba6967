"""`make evaluate` from the command to the report: on photographs of the demo's people, spoilt a little to
make several of each, and on a part of the development faces."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

from calibration import _lfw, conditions, evaluate
from calibration.evaluation import degraded
from calibration.evaluation.measure import Measuring, Plan
from kith.app.paths import calibration_dir, models_dir
from kith.app.photos import look_at, study
from kith.config import VisionSettings
from kith.recognition.operating_point import load_operating_point
from kith.types import F32, U8
from kith.vision.imaging import load_photo
from kith.vision.pipeline import FaceAnalyzer, open_analyzer
from tests.unit._portraits import development_faces, portraits

VARIANTS: tuple[Callable[[U8, F32], U8], ...] = (
    lambda rgb, at: rgb,
    lambda rgb, at: conditions.defocused(rgb, at, 4),
    lambda rgb, at: conditions.darkened(rgb, at, 1 / 8),
    lambda rgb, at: conditions.under_a_hat(rgb, at, 0.4),
    lambda rgb, at: np.ascontiguousarray(rgb[:, ::-1]),
)


@pytest.fixture(scope="module")
def analyzer() -> FaceAnalyzer:
    portraits()  # skips where the networks are not built
    return open_analyzer(models_dir(), VisionSettings())


@pytest.fixture(autouse=True)
def few_conditions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each way to spoil a look has its own test; here two and a drawn head stand for all of them."""
    few = [each for each in degraded.ALL_CONDITIONS if each.key in ("size", "mask", "turned")]
    monkeypatch.setattr(degraded, "ALL_CONDITIONS", tuple(few))


@pytest.fixture(scope="module")
def folder(analyzer: FaceAnalyzer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three people of five photos each, in the layout of LFW, cut to their faces."""
    data = tmp_path_factory.mktemp("data") / "faces"
    for name, path in portraits().items():
        rgb = load_photo(path)
        face = analyzer.detect(rgb)[0]
        scale = 45 / conditions.eyes_px(face.landmarks)
        middle = face.landmarks.mean(axis=0) * scale
        shift = np.array([[scale, 0, 125 - middle[0]], [0, scale, 125 - middle[1]]])
        cut = np.asarray(cv2.warpAffine(rgb, shift, (250, 250), flags=cv2.INTER_AREA), np.uint8)
        landmarks = (face.landmarks * scale + shift[:, 2]).astype(np.float32)
        (data / name).mkdir(parents=True)
        for number, spoil in enumerate(VARIANTS, 1):
            bgr = cv2.cvtColor(spoil(cut, landmarks), cv2.COLOR_RGB2BGR)
            cv2.imwrite(str(data / name / f"{name}_{number:04}.jpg"), bgr)
    return data


def command(*arguments: str) -> Result:
    return CliRunner().invoke(evaluate.main, arguments, catch_exceptions=False)


def test_the_command_measures_a_small_folder_and_says_what_it_cannot(folder: Path, tmp_path: Path) -> None:
    (folder / "Eileen" / "broken_0001.jpg").write_bytes(b"\xff\xd8 no picture")
    (folder / "Nobody").mkdir(exist_ok=True)
    out, figure = tmp_path / "out", tmp_path / "figure.png"
    result = command(str(folder), "--quick", "--out", str(out), "--report-figures", str(figure))
    assert result.exit_code == 0, result.output
    assert "15 photos of 3 people" in result.output
    assert re.search(r"Of a thousand strangers \d+\.\d would be named", result.output)
    assert "note: left out:" in result.output
    assert "broken_0001.jpg" in result.output
    for path in (out / "report.html", out / "evaluation.json", figure):
        assert f"written to {path}" in result.output
        assert path.stat().st_size > 10_000
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "http" not in re.sub(r"data:image/[^\"]*", "", page)  # it needs nothing else
    assert page.count("<img alt=") == page.count("<img")
    values = json.loads((out / "evaluation.json").read_text(encoding="utf-8"))
    assert values["schema"] == 1
    assert values["counted"]["photos"] == 15
    assert values["verification"]["mated_pairs"] == 30
    assert values["main"]["shipped"]["tpir"]["value"] == 1.0
    assert values["main"]["shipped"]["fpir"]["value"] == 0.0
    assert {each["key"] for each in values["conditions"]} == {"size", "mask", "turned", "yaw"}
    worst = next(each for each in values["conditions"] if each["key"] == "size")["levels"][-1]
    assert worst["rates"]["rejected"]["value"] > 0
    assert not any(part in json.dumps(values) for part in (str(folder), "centre"))


def test_one_photo_of_each_leaves_hardly_anything_to_measure(folder: Path, tmp_path: Path) -> None:
    data = tmp_path / "alone"
    for person in ("Barack", "Eileen"):
        (data / person).mkdir(parents=True)
        (data / person / "one_0001.jpg").write_bytes((folder / person / f"{person}_0001.jpg").read_bytes())
    result = command(str(data), "--quick", "--out", str(tmp_path / "out"))
    assert result.exit_code == 0, result.output
    assert "note: 1:1 was not measured: it takes two people, one of them with two photos" in result.output
    assert "note: no galleries with 1 photo of each: nobody has more photos than that" in result.output
    assert "too small" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (None, "is not a folder"),
        ((), "holds no folders of photos named NAME/NAME_0001.jpg"),
        (("one.jpg",), "holds no folders of photos"),
        (("lfw/Anna/Anna_0001.jpg",), r"did you mean \S*lfw\?"),
    ],
)
def test_what_is_no_such_folder_is_one_line(tmp_path: Path, made: tuple[str, ...] | None, words: str) -> None:
    data = tmp_path / "data"
    if made is not None:
        data.mkdir()
        for name in made:
            (data / name).parent.mkdir(parents=True, exist_ok=True)
            (data / name).write_bytes(b"")
    result = command(str(data))
    assert result.exit_code == 1
    assert re.search(f"^kith: .*{words}", str(result.exception) + result.output)


def test_a_photo_is_detected_and_embedded_once_and_seen_as_the_commands_see_it(
    folder: Path, analyzer: FaceAnalyzer, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = {"detect": 0, "embed": 0}
    for name in counts:
        inner = getattr(FaceAnalyzer, name)

        def counted(
            self: FaceAnalyzer, given: object, name: str = name, inner: Callable[..., object] = inner
        ) -> object:
            counts[name] += 1
            return inner(self, given)

        monkeypatch.setattr(FaceAnalyzer, name, counted)
    photos = sorted((folder / "Joe").glob("Joe_*.jpg"))
    looked = _lfw.look_at_photos(analyzer, photos)
    assert counts == {"detect": len(photos), "embed": len(photos)}
    for path, one in zip(photos, looked.people["Joe"], strict=True):
        alone = study(analyzer, path)
        assert alone.embedding is not None
        assert one.study.embedding is not None
        assert np.array_equal(alone.embedding.vector, one.study.embedding.vector)
        seen = _lfw.meant_of(look_at(analyzer, path))
        assert seen is not None
        assert one.meant is not None
        assert seen.embedding is not None
        assert one.meant.embedding is not None
        assert np.array_equal(seen.embedding.vector, one.meant.embedding.vector)


@pytest.mark.data
def test_on_development_faces_people_are_named_and_strangers_are_not(analyzer: FaceAnalyzer) -> None:
    everybody = sorted(development_faces().iterdir())
    people = [path for path in everybody if len(list(path.glob("*.jpg"))) > 5][:8]
    strangers = [path for path in everybody[100:130] if path not in people]
    photos = [photo for person in [*people, *strangers] for photo in sorted(person.glob("*.jpg"))[:6]]
    point = load_operating_point(calibration_dir() / "operating_point.toml", analyzer.model_id)
    plan = Plan(
        galleries={1: 3, 8: 3},
        photos=(1, 3),
        track_galleries=3,
        condition_galleries=3,
        sampled=(3, 3),
        resamples=100,
        strangers=3,
    )
    found = Measuring(analyzer, point, plan, 1).run(photos)
    assert found.main is not None
    assert (found.main.people, found.main.photos) == (8, 3)
    assert found.main.shipped.tpir is not None
    assert found.main.shipped.tpir.value >= 0.95
    assert found.main.shipped.fpir is not None
    assert found.main.shipped.fpir.value <= 0.02
    assert found.verification is not None
    assert found.verification.eer is not None
    assert found.verification.eer.value < 0.03
    assert len(found.strangers) == 3
    assert found.strangers[0].score >= found.strangers[1].score
    sizes = next(each for each in found.conditions if each.key == "size").levels
    assert sizes[0].rates.tpir is not None
    assert sizes[-1].rates.tpir is not None
    assert sizes[0].rates.tpir.value > sizes[-1].rates.tpir.value
