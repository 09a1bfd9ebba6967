"""Real people on video: each enrolled from one clip by the button, then met in the others."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from kith.app.recorder import Outputs
from kith.app.simulate import Request, simulate
from kith.config import EnrollmentSettings, Settings
from kith.recognition.gallery import Gallery

CLIPS = Path(os.environ.get("KITH_DATA", Path(__file__).parents[2].parent / "shared" / "data")) / "clips"
ENROLLED_FROM = {"a": "again", "b": "milk", "c": "book", "d": "eat", "e": "hungry"}
NAMED_WITHIN_S = 1.5
BRIEFLY = Settings(enrollment=EnrollmentSettings(side_views=0))
"""A clip lasts two seconds, and nobody turns the head when asked to."""

pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not CLIPS.is_dir(), reason=f"needs the clips in {CLIPS} (KITH_DATA)"),
]


def _events(video: Path, data: Path, folder: Path, button: str = "") -> list[dict[str, object]]:
    file = folder / "events.jsonl"
    request = Request(video=video, data=data, button=button, outputs=Outputs(events=file), quiet=True)
    simulate(BRIEFLY, request)
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gallery of all five, each from one clip, a double tap and a yes."""
    home, folder = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("out")
    for person, clip in ENROLLED_FROM.items():
        events = _events(
            CLIPS / f"person-{person}" / f"{clip}.mkv", home, folder, button="0 double; 4 double"
        )
        (made,) = [str(event["person"]) for event in events if event["event"] == "enrolled"]
        with Gallery.open(home / "kith.db", None) as gallery:
            gallery.rename(made, f"Person {person}")
    return home


@pytest.mark.parametrize(
    "clip",
    [
        pytest.param(clip, id=f"{clip.parent.name}-{clip.stem}")
        for clip in sorted(CLIPS.glob("*/*.mkv"))
        if clip.stem not in ENROLLED_FROM.values()
    ],
)
def test_a_clip_names_its_person_soon_and_nobody_else(clip: Path, home: Path, tmp_path: Path) -> None:
    said = [event for event in _events(clip, home, tmp_path) if event.get("people")]
    person = f"Person {clip.parent.name[-1]}"
    announced = [event for event in said if event["event"] == "announcement"]
    assert {name for event in said for name in event["people"]} == {person}  # type: ignore[attr-defined]
    assert announced
    assert float(str(announced[0]["t_s"])) <= NAMED_WITHIN_S
    assert str(announced[0]["text"]).startswith(person)


def test_in_an_empty_gallery_nobody_is_named(tmp_path: Path) -> None:
    events = _events(CLIPS / "person-b" / "bird.mkv", tmp_path / "none", tmp_path)
    assert [event for event in events if event["event"] == "stranger"]
    assert not [event for event in events if event.get("people")]


def test_somebody_known_is_asked_about_and_not_enrolled_twice(home: Path, tmp_path: Path) -> None:
    events = _events(CLIPS / "person-b" / "please.mkv", home, tmp_path, button="0.3 double")
    asked = [str(event["text"]) for event in events if "This looks like" in str(event.get("text"))]
    assert asked
    assert all(text.startswith("This looks like Person b.") for text in asked)
    assert not [event for event in events if event["event"] == "enrolled"]
