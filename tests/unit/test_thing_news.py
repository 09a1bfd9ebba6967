"""The part that looks for things breaks, or must be taught anew, on the whole core."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from kith.clock import NS_PER_S
from kith.recognition.gallery import Gallery
from kith.types import Embedding, Kind
from tests.unit._core_kit import ANNA, KEYS, MUG, Life, name_said, thing_look
from tests.unit._gallery_kit import MODEL, THINGS, TODAY, looks, thing_looks
from tests.unit.test_surveying import a_thing, survey

OLD = "objects-of-old"
FAILED = "I cannot look for things any more."
ANEW = "I cannot find keys any more. Tap and hold, to teach it anew."
ENTRY = "keys, to be taught anew. Double tap: teach it. Hold: forget."
HERE = "Anna, ahead, two metres."


@pytest.fixture(autouse=True)
def no_name_is_ever_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level(logging.DEBUG)
    yield
    logged = [record.getMessage() for record in caplog.records if record.name.startswith("kith")]
    assert not [line for line in logged for name in ("keys", "mug", "Anna") if name in line]


# --- it breaks ------------------------------------------------------------------------------------------


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    life = Life(tmp_path, people={"Anna": ANNA}, things={"keys": KEYS})
    life.live(5)
    yield life
    life.gallery.close()


def announce(life: Life) -> None:
    life.things.set_announced(life.gallery.thing("keys").person_id, True)
    life.live(2)


def faults(life: Life) -> list[object]:
    return [event.fields["text"] for event in life.of("fault")]


def test_where_a_thing_is_watched_it_is_said_once_and_people_are_named(life: Life) -> None:
    announce(life)
    life.eyes.things.broken = True
    assert life.hear(3) == [FAILED]
    life.stands(1, ANNA)
    assert life.hear(30) == [HERE]
    assert faults(life) == ["the part that knows things does not work"]


def test_where_none_is_watched_only_who_asks_is_told(life: Life) -> None:
    life.eyes.things.broken = True
    assert life.hear(5) == []
    life.press("triple")
    assert life.hear(8) == ["Nobody I know. The part that knows objects does not work."]
    assert len(faults(life)) == 1


def test_a_thing_marked_later_brings_the_words(life: Life) -> None:
    life.eyes.things.broken = True
    life.live(3)
    announce(life)
    assert [text for _, text in life.said].count(FAILED) == 1
    assert life.hear(10) == []


def test_who_asks_while_it_breaks_is_answered_first(life: Life) -> None:
    announce(life)
    life.survey = None
    life.press("triple")
    life.live(1.5)
    life.eyes.things.broken = True
    assert life.hear(10) == ["Nobody I know. The part that knows objects does not work.", FAILED]


@pytest.mark.parametrize("watched", [True, False])
def test_the_book_knows_of_it(life: Life, watched: bool) -> None:
    if watched:
        announce(life)
    life.eyes.things.broken = True
    life.live(5)
    life.press("taphold")
    (told,) = life.hear(9)
    assert FAILED in told
    assert "no fault" not in told


# --- it has to be taught anew -----------------------------------------------------------------------------


def old_looks(seed: int) -> list[Embedding]:
    return thing_looks(seed, 5, OLD)


def of_old(folder: Path, *names: str) -> Life:
    """These were taught with another network, and are told of unasked; the mug with today's."""
    with Gallery.open(folder / "kith.db", MODEL, OLD) as gallery:
        gallery.add_person("Anna", looks(ANNA), TODAY, met_on=TODAY.date())
        for seed, name in enumerate(names, 5):
            thing = gallery.add_thing(name, old_looks(seed), extent=0.2, recording=name_said(seed))
            gallery.set_announced(thing.person_id, True)
    return Life(folder, things={"mug": MUG}, says=[])


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Life]:
    life = of_old(tmp_path, "keys")
    yield life
    life.gallery.close()


def at_the_keys(life: Life) -> None:
    life.press("taphold")
    life.live(10)
    life.press("tap")
    assert life.hear(3) == ["Anna."]
    life.press("tap")
    assert life.hear(6) == [ENTRY]


def test_it_starts_names_people_and_says_once_what_is_to_be_done(old: Life) -> None:
    assert old.hear(19) == ["Kith is ready. One person known."]
    assert old.hear(6) == [ANEW]
    old.stands(1, ANNA)
    assert old.hear(10) == [HERE]
    assert old.hear(60) == []


def test_several_are_counted(tmp_path: Path) -> None:
    life = of_old(tmp_path, "keys", "bag")
    assert life.hear(26)[1:] == ["I cannot find two things any more. Tap and hold, to teach them anew."]
    life.gallery.close()


def test_where_all_can_be_found_nothing_is_said(life: Life) -> None:
    assert life.hear(40) == []


def test_what_was_not_heard_is_said_again_within_the_hour(old: Life) -> None:
    old.live(22, until=lambda: old.said[-1:] != [] and old.said[-1][1] == ANEW)
    old.press("tap", 0.2)
    assert old.hear(10) == []
    news = old.core._thing_news
    due_ns = news.next_deadline_ns
    assert due_ns is not None
    assert 3590 < (due_ns - old.now_ns) / NS_PER_S < 3600
    news.tick(due_ns)
    old.live(8)
    assert old.said[-1][1] == ANEW
    assert news.next_deadline_ns is None


def test_nothing_is_searched_for_that_cannot_be_found(old: Life) -> None:
    old.live(5)
    assert old.eyes.survey_interval_ns is None
    old.things.set_announced(old.gallery.thing("mug").person_id, True)
    old.live(5)
    assert old.eyes.survey_interval_ns is not None


def test_taught_anew_it_keeps_its_name_and_is_found(old: Life) -> None:
    old.live(30)
    before = old.gallery.thing("keys")
    at_the_keys(old)
    old.press("double")
    old.holds(KEYS)
    said = old.hear(25)
    assert said[0] == "Hold keys up in front of the camera."
    assert said[-1] == "keys is remembered better now."
    assert "Say the name after the tone." not in said
    after = old.gallery.thing("keys")
    assert (after.person_id, after.announced) == (before.person_id, True)
    assert after.name_recording == before.name_recording
    assert old.gallery.of_another_network() == frozenset()
    templates = old.gallery.thing_templates()
    assert templates.model_id == THINGS
    assert templates.vectors[templates.person_ids == after.person_id].shape == (5, 96)
    assert old.eyes.things.known(thing_look(KEYS)) == after.person_id
    old.holds(None)
    old.survey = survey(a_thing(after.person_id, bearing_deg=20.0))
    assert old.hear(8) == ["keys, right."]


def test_a_hold_takes_the_new_looks_back(old: Life) -> None:
    old.live(30)
    at_the_keys(old)
    old.press("double")
    old.holds(KEYS)
    old.live(25, until=lambda: old.said[-1][1] == "keys is remembered better now.")
    old.quiet()
    old.press("hold")
    assert old.hear(5) == ["The new looks of keys are forgotten again."]
    assert old.gallery.of_another_network() == {old.gallery.thing("keys").person_id}
    at_the_keys(old)


def test_a_double_tap_while_it_looks_says_again_what_to_hold_up(old: Life) -> None:
    old.live(30)
    at_the_keys(old)
    old.press("double")
    old.live(5)
    old.press("double")
    assert "Hold keys up in front of the camera." in old.hear(3)
    old.press("hold")
    assert old.hear(4)[-1] == "Cancelled. Nothing was kept."


def test_the_next_thing_taught_is_a_new_one_again(old: Life) -> None:
    old.live(30)
    at_the_keys(old)
    old.press("double")
    old.live(5)
    old.press("hold")
    old.live(5)
    old.press("double")
    old.holds(KEYS)
    assert old.hear(40)[0] == "No face in view. Hold a thing up in front of the camera."
    assert old.gallery.of_another_network() == {old.gallery.thing("keys").person_id}
    assert len(old.gallery.things()) == 3


def test_it_is_forgotten_as_any_other(old: Life) -> None:
    old.live(30)
    trace = old_looks(5)[0].vector.tobytes()
    assert trace in b"".join(file.read_bytes() for file in old.file.parent.rglob("*") if file.is_file())
    at_the_keys(old)
    old.press("hold")
    old.live(6)
    old.press("double")
    assert old.hear(4) == ["keys is forgotten."]
    assert [each.name for each in old.gallery.things()] == ["mug"]
    assert trace not in b"".join(file.read_bytes() for file in old.file.parent.rglob("*") if file.is_file())


def test_privacy_is_said_instead_of_looking(old: Life) -> None:
    old.live(30)
    old.press("hold4")
    old.live(8)
    old.press("taphold")
    old.live(12)
    old.press("tap")
    old.live(3)
    old.press("tap")
    assert old.hear(6) == [ENTRY]
    old.press("double")
    assert old.hear(5) == ["Not remembered: privacy is on."]


def test_what_a_carer_forgets_meanwhile_is_taught_in_vain_and_that_is_said(old: Life) -> None:
    old.live(30)
    at_the_keys(old)
    old.press("double")
    old.live(1)
    with Gallery.open(old.file, None) as carer:
        carer.forget("keys", Kind.THING)
    old.holds(KEYS)
    assert old.hear(25)[-1] == "Not remembered: it could not be stored."
