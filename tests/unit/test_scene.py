"""What a model is asked, and what the child that asks it needs."""

from __future__ import annotations

import numpy as np
import pytest

from kith.drivers.scene_prompt import prompt
from kith.ports import Subject
from kith.types import BoxPx
from tests.unit.test_layers_budget import HEAVY, loaded_by

RGB = np.zeros((480, 640, 3), np.uint8)


def known(*lefts: float) -> tuple[tuple[str, BoxPx], ...]:
    return tuple((f"Person {at}", BoxPx(x=x, y=0, w=40, h=50)) for at, x in enumerate(lefts, 1))


def test_hazards_come_first_and_nothing_is_guessed_of_people() -> None:
    text = prompt(Subject(rgb=RGB), "en", 80)
    assert text.index("steps, edges, holes") < text.index("on the left, ahead and on")
    assert "80 words at most" in text
    assert "do not guess age, sex, looks, mood, origin or name" in text
    assert "Never say that the way is clear" in text
    assert "The wearer knows" not in text
    assert "{" not in text


def test_people_are_told_by_marks_and_where_they_are() -> None:
    text = prompt(Subject(rgb=RGB, known=known(0, 300, 600)), "en", 80)
    assert "Person 1 (left), Person 2 (ahead), Person 3 (right)" in text
    assert "put no 's after them" in text


@pytest.mark.parametrize(
    ("voice", "asked"),
    [("en", "in English"), ("en-gb", "in English"), ("English (America)", "in English"), ("de", "'de'")],
)
def test_the_answer_is_wanted_in_the_language_of_the_voice(voice: str, asked: str) -> None:
    assert asked in prompt(Subject(rgb=RGB), voice, 80).splitlines()[-1]


def test_the_child_runs_on_the_standard_library_alone() -> None:
    loaded = loaded_by("import kith.drivers.scene_child", "-P", "-S")
    assert not loaded & (HEAVY | {"sqlite3", "click", "asyncio", "kith.types", "kith.config", "kith.ports"})


def test_the_daemon_imports_nothing_of_it_unless_it_is_wanted() -> None:
    program = (
        "from kith.config import Settings\n"
        "from kith.app.optional import open_describer\n"
        "assert open_describer(Settings()) is None\n"
    )
    loaded = loaded_by(program)
    assert not {name for name in loaded if name.startswith("kith.drivers.scene_") and "table" not in name}
    assert not loaded & {"http", "ssl"}
