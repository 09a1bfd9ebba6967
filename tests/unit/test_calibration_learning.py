"""The replay of a long sequence of meetings: what is drawn, and what each policy keeps of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from calibration import learning
from calibration._meetings import Plan, draw_plan
from kith.errors import InputError
from kith.types import Embedding
from tests.unit._gallery_kit import MODEL, POINT


def person(seed: int, count: int, spread: float = 0.5) -> list[Embedding]:
    """Looks of one face: a direction of its own, and something else each time."""
    rng = np.random.default_rng(seed)
    middle = unit(rng.standard_normal(128))
    return [like(middle + spread * unit(rng.standard_normal(128))) for _ in range(count)]


def unit(vector: NDArray[np.floating]) -> NDArray[np.float64]:
    return np.asarray(vector / np.linalg.norm(vector), np.float64)


def like(vector: NDArray[np.floating]) -> Embedding:
    return Embedding(vector=unit(vector).astype(np.float32), model_id=MODEL)


def keys(looks: Sequence[tuple[str, Embedding]]) -> set[tuple[str, bytes]]:
    return {(name, each.vector.tobytes()) for name, each in looks}


def test_nothing_measured_on_was_enrolled_or_met() -> None:
    faces = {f"p{seed}": person(seed, 9 if seed < 6 else 2) for seed in range(40)}
    plan = draw_plan(faces, 4, 3, 500, np.random.default_rng(1))
    assert len(plan.names) == 4
    assert all(len(plan.enrolled[name]) == 3 for name in plan.names)
    enrolled = keys([(name, each) for name in plan.names for each in plan.enrolled[name]])
    assert not enrolled & keys(plan.meetings)
    assert not keys(plan.meetings) & keys(plan.kept_mated)
    met = {name for name, _ in plan.meetings}
    assert met & set(plan.names)
    assert met - set(plan.names)
    assert not met & {name for name, _ in plan.kept_strangers}
    assert not {name for name, _ in plan.kept_strangers} & set(plan.names)


def test_too_few_people_is_said() -> None:
    with pytest.raises(InputError, match="fewer than two people have 7 photos"):
        draw_plan({"a": person(1, 9), "b": person(2, 3)}, 4, 3, 10, np.random.default_rng(1))
    with pytest.raises(InputError, match="nobody left"):
        draw_plan({"a": person(1, 9), "b": person(2, 9)}, 4, 3, 10, np.random.default_rng(1))


@pytest.fixture
def plan() -> Plan:
    """Anna, Ben, and a stranger who scores just above the threshold as Anna, again and again."""
    anna, ben = person(1, 9), person(2, 6)
    middle = np.mean([each.vector for each in anna[:3]], axis=0)
    double = like(unit(middle) + 1.6 * person(3, 1)[0].vector)
    assert POINT.threshold < float(double.vector @ unit(middle)) < POINT.threshold + 0.14
    return Plan(
        names=("Anna", "Ben"),
        enrolled={"Anna": anna[:3], "Ben": ben[:3]},
        meetings=[("Anna", anna[3]), *[("double", double)] * 5, ("Ben", ben[3]), ("Anna", anna[4])],
        kept_mated=[("Anna", anna[8])],
        kept_strangers=[("double", double)],
    )


def test_keeping_every_named_look_takes_in_the_double(plan: Plan) -> None:
    kept = learning._keep_all(plan, POINT)
    assert [name for name, _ in kept[0][3:]] == ["Anna", *["double"] * 5, "Anna"]


def test_kith_keeps_only_their_own(plan: Plan) -> None:
    kept = learning._keep_as_kith(plan, POINT)
    assert [name for name, _ in kept[0][3:]] == ["Anna", "Anna"]
    assert [name for name, _ in kept[1][3:]] == ["Ben"]


def test_the_outcome_is_counted(plan: Plan) -> None:
    drifted, true = learning.Outcomes(), learning.Outcomes()
    learning._measure(plan, learning._keep_all(plan, POINT), POINT, drifted)
    learning._measure(plan, learning._keep_as_kith(plan, POINT), POINT, true)
    assert (drifted.taken, drifted.foreign, drifted.worst) == (8, 5, 0.5)
    assert (true.taken, true.foreign, true.worst) == (3, 0, 0.0)
    assert true.named == drifted.named == {"Anna": [1, 1]}
    assert drifted.strangers == {"double": [1, 1]}
