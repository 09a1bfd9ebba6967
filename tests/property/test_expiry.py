"""Whatever the clock does, nobody is forgotten whom the wearer was not told of long before."""

from __future__ import annotations

import tempfile
from datetime import date, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from kith.config import ExpirySettings
from kith.recognition.expiry import due
from kith.recognition.gallery import Gallery
from tests.unit._gallery_kit import MODEL, TODAY, looks

SETTINGS = ExpirySettings(after_days=100, forget=True, grace_days=30)
START = date(2040, 1, 1)
STEPS = st.lists(
    st.tuples(
        st.one_of(  # by how many days the clock goes on, or jumps
            st.integers(0, 60), st.sampled_from([-400, -30, -1, 29, 30, 31, 99, 100, 101, 400])
        ),
        st.sampled_from(["look", "look", "look", "meet", "tell late"]),
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(steps=STEPS)
def test_nobody_is_forgotten_but_after_two_days_far_apart_that_both_say_so(
    steps: list[tuple[int, str]],
) -> None:
    with tempfile.TemporaryDirectory() as folder, Gallery.open(Path(folder) / "kith.db", MODEL) as gallery:
        anna = gallery.add_person("Anna", looks(1), TODAY).person_id
        today = START
        gallery.met([anna], today)
        met_on = today  # the newest day on which she was met, as the clock showed it
        said: list[date] = []  # on which it was said, since she was met last, that this is long ago
        for days, what in steps:
            today += timedelta(days=days)
            if what == "meet":
                gallery.met([anna], today)
                met_on, said = max(met_on, today), []
                continue
            news = due(gallery.people(), today, SETTINGS)
            if anna in news.forget:
                assert (today - met_on).days >= SETTINGS.after_days
                assert any((today - day).days >= SETTINGS.grace_days for day in said)
                return
            if anna in news.expired:
                assert (today - met_on).days >= SETTINGS.after_days
                assert anna in news.tell or said
                said.append(today)
            if anna in news.tell and what == "look":  # else the wearer could not be told yet
                gallery.told_of_expiry([anna], today)


def test_who_is_not_met_is_told_of_and_then_forgotten(tmp_path: Path) -> None:
    with Gallery.open(tmp_path / "kith.db", MODEL) as gallery:
        anna = gallery.add_person("Anna", looks(1), TODAY).person_id
        gallery.met([anna], START)
        told_on, forgotten_on = [], []
        for days in range(200):
            today = START + timedelta(days=days)
            news = due(gallery.people(), today, SETTINGS)
            if news.tell:
                told_on.append(days)
                gallery.told_of_expiry(news.tell, today)
            if news.forget:
                forgotten_on.append(days)
        assert told_on == [100]
        assert forgotten_on[0] == 130
