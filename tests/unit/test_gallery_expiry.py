"""Who was not met for long."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from kith.config import ExpirySettings
from kith.recognition.expiry import Expiry, due
from kith.types import Person

TODAY = date(2030, 6, 1)
SETTINGS = ExpirySettings(after_days=1000, forget=True, grace_days=30)
ANNA = Person(person_id=1, name="Anna", consented_at="2026-03-01T12:00:00+00:00", templates=3)


def ago(days: int) -> str:
    return (TODAY - timedelta(days=days)).isoformat()


@pytest.mark.parametrize(
    ("anna", "tell", "forget", "expired"),
    [
        pytest.param(replace(ANNA, met_on=ago(999)), False, False, False, id="met not so long ago"),
        pytest.param(replace(ANNA, met_on=ago(1000)), True, False, True, id="met long ago"),
        pytest.param(ANNA, True, False, True, id="never met since the consent"),
        pytest.param(
            replace(ANNA, consented_at=f"{ago(999)}T00:00:00+00:00"),
            False,
            False,
            False,
            id="new",
        ),
        pytest.param(
            replace(ANNA, met_on=ago(1200), expiry_told_on=ago(29)), False, False, True, id="told lately"
        ),
        pytest.param(
            replace(ANNA, met_on=ago(1200), expiry_told_on=ago(30)), False, True, True, id="told long ago"
        ),
        pytest.param(
            replace(ANNA, met_on=ago(10), expiry_told_on=ago(300)), False, False, False, id="met since"
        ),
        pytest.param(replace(ANNA, met_on=ago(-1)), False, False, False, id="met tomorrow"),
    ],
)
def test_what_is_due_of_one_person(anna: Person, tell: bool, forget: bool, expired: bool) -> None:
    assert due([anna], TODAY, SETTINGS) == Expiry(
        tell=(1,) * tell, forget=(1,) * forget, expired=frozenset({1} if expired else ())
    )


def test_nobody_is_forgotten_by_itself_unless_that_is_set() -> None:
    told = replace(ANNA, met_on=ago(1200), expiry_told_on=ago(300))
    assert due([told], TODAY, replace(SETTINGS, forget=False)) == Expiry(expired=frozenset({1}))


def test_zero_days_are_never() -> None:
    assert due([ANNA], TODAY, replace(SETTINGS, after_days=0)) == Expiry()


@pytest.mark.parametrize("known", ["met_on", "expiry_told_on", "consented_at"])
def test_before_a_day_that_is_known_already_nothing_is_due(known: str) -> None:
    told = replace(ANNA, met_on=ago(1200), expiry_told_on=ago(300))
    day = f"{ago(-1)}T00:00:00+00:00" if known == "consented_at" else ago(-1)
    ben = Person(
        person_id=2,
        name="Ben",
        templates=3,
        consented_at=day if known == "consented_at" else ANNA.consented_at,
        met_on=day if known == "met_on" else ago(1),
        expiry_told_on=day if known == "expiry_told_on" else None,
    )
    assert due([told, ben], TODAY, SETTINGS) == Expiry()
    assert due([told, ben], TODAY + timedelta(days=1), SETTINGS).forget == (1,)
