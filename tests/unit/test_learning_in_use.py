"""The device that learns in use: what it keeps, what it takes back, and that it does neither unasked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kith.config import LearningSettings, Settings
from kith.errors import PersonNotFound
from kith.recognition.gallery import Gallery
from kith.recognition.template_rows import LEARNT
from kith.types import Embedding, Outcome
from tests.unit._core_kit import ANNA, BEN, Life, enrol
from tests.unit._gallery_kit import MODEL, TODAY, looks

ON = replace(Settings(), learning=LearningSettings(enabled=True))


def anew(who: int, noise: float = 0.0, seed: int = 0) -> Embedding:
    """A look of someone that is none of their templates, yet in the midst of them."""
    other = looks(1000 + seed, 1)[0].vector
    vector = sum((each.vector for each in looks(who)), start=np.zeros(128, np.float32)) + noise * other
    vector = (vector / np.linalg.norm(vector)).astype(np.float32)
    return Embedding(vector=vector, model_id=MODEL)


def meet(life: Life, who: int, look: Embedding, seconds: float = 10.0) -> None:
    """Someone stands there for a while and goes."""
    life.stands(1, who, look=look)
    life.live(seconds)
    life.scene.clear()


def sources(life: Life, name: str) -> dict[str, int]:
    with Gallery.open(life.file, MODEL) as gallery:
        return gallery.sources(gallery.person(name).person_id)


def test_off_it_keeps_nothing(tmp_path: Path) -> None:
    life = Life(tmp_path, people={"Anna": ANNA, "Ben": BEN})
    meet(life, ANNA, anew(ANNA))
    life.live(40)
    assert sources(life, "Anna") == {"device": 3}
    life.press("hold")
    assert life.hear(4) == ["Nothing to undo."]


def test_on_it_keeps_one_template_of_a_long_meeting(tmp_path: Path) -> None:
    life = Life(tmp_path, people={"Anna": ANNA, "Ben": BEN}, settings=ON)
    meet(life, ANNA, anew(ANNA))
    life.live(25)
    assert sources(life, "Anna") == {"device": 3}
    life.live(10)
    assert sources(life, "Anna") == {"device": 3, LEARNT: 1}
    assert sources(life, "Ben") == {"device": 3}
    assert [event.fields["person"] for event in life.of("learnt")] == ["Anna"]


def test_a_look_that_is_there_already_is_not_kept_twice(tmp_path: Path) -> None:
    life = Life(tmp_path, people={"Anna": ANNA}, settings=ON)
    with Gallery.open(life.file, MODEL) as gallery:
        gallery.add_templates(gallery.person("Anna").person_id, [anew(ANNA)])
    life.live(3)
    meet(life, ANNA, anew(ANNA))
    life.live(40)
    assert sources(life, "Anna") == {"device": 4}


def test_what_was_learnt_does_not_vouch_for_more(tmp_path: Path) -> None:
    """A look that only the learnt templates would name far above the threshold."""
    life = Life(tmp_path, people={"Anna": ANNA, "Ben": BEN}, settings=ON)
    drifted = anew(ANNA, noise=2.4, seed=1)
    with Gallery.open(life.file, MODEL) as gallery:
        anna = gallery.person("Anna").person_id
        for seed in range(5):
            gallery.learn(anna, anew(ANNA, noise=2.4 + seed / 10, seed=1), at_most=5)
    life.live(3)
    assert life.eyes.matcher is not None
    said = life.eyes.matcher.identify(drifted)
    assert said.score is not None
    assert said.score > 0.9
    assert not life.people.vouches_for(anna, drifted, replace(ON.learning, max_likeness=1.0))
    meet(life, ANNA, drifted)
    life.live(40)
    assert life.of("learnt") == []


def test_a_name_marked_wrong_takes_back_what_was_learnt(tmp_path: Path) -> None:
    life = Life(tmp_path, people={"Anna": ANNA, "Ben": BEN}, settings=ON)
    meet(life, ANNA, anew(ANNA))
    life.live(40)
    assert sources(life, "Anna") == {"device": 3, LEARNT: 1}
    life.live(60)
    life.stands(2, ANNA, look=anew(ANNA, noise=0.5))
    life.live(8)
    life.press("hold")
    assert life.hear(4) == ["Noted. That was not Anna."]
    assert sources(life, "Anna") == {"device": 3}
    life.live(10)
    life.scene.clear()
    life.live(60)
    assert sources(life, "Anna") == {"device": 3}
    life.press("hold")
    assert life.hear(4) == ["Nothing to undo."]


def test_what_was_taken_back_is_gone_from_every_file(tmp_path: Path) -> None:
    learnt = anew(ANNA)
    with Gallery.open(tmp_path / "kith.db", MODEL) as gallery:
        anna = gallery.add_person("Anna", looks(ANNA), TODAY).person_id
        gallery.learn(anna, learnt, at_most=5)
        assert gallery.unlearn(anna) == 1
        assert gallery.unlearn(anna) == 0
        assert gallery.person("Anna").templates == 3
        files = list(tmp_path.iterdir())
        assert files
        for file in files:
            assert learnt.vector.astype("<f4").tobytes() not in file.read_bytes(), file.name


def test_an_enrollment_is_taken_back_before_a_name_is_marked_wrong(tmp_path: Path) -> None:
    life = Life(tmp_path, people={"Anna": ANNA}, settings=ON)
    life.stands(1, ANNA)
    life.live(5)
    life.scene.clear()
    enrol(life, BEN, track=2)
    assert len(life.names) == 2
    life.press("hold")
    assert life.hear(4) == ["person 2 is forgotten again."]


def test_pausing_drops_what_is_held_back(tmp_path: Path) -> None:
    life = Life(tmp_path, people={"Anna": ANNA, "Ben": BEN}, settings=ON)
    meet(life, ANNA, anew(ANNA))
    life.press("hold4")
    life.live(60)
    assert life.of("learnt") == []


def test_the_oldest_go_and_what_was_enrolled_stays(tmp_path: Path) -> None:
    with Gallery.open(tmp_path / "kith.db", MODEL) as gallery:
        anna = gallery.add_person("Anna", looks(ANNA), TODAY).person_id
        ben = gallery.add_person("Ben", looks(BEN), TODAY).person_id
        gallery.learn(ben, looks(99)[0], at_most=2)
        taken = [anew(ANNA, noise=1.0, seed=seed) for seed in range(4)]
        for each in taken:
            gallery.learn(anna, each, at_most=2)
        assert gallery.sources(anna) == {"device": 3, LEARNT: 2}
        assert gallery.sources(ben) == {"device": 3, LEARNT: 1}
        mine = gallery.templates()
        np.testing.assert_allclose(
            mine.vectors[mine.person_ids == anna][3:], [each.vector for each in taken[2:]]
        )
        assert len(gallery.templates(learnt=False).vectors) == 6


def test_nobody_is_learnt_who_is_not_there(tmp_path: Path) -> None:
    with Gallery.open(tmp_path / "kith.db", MODEL) as gallery, pytest.raises(PersonNotFound):
        gallery.learn(7, looks(ANNA)[0], at_most=5)


def test_wrong_is_heard_for_as_long_as_a_look_is_held_back(tmp_path: Path) -> None:
    life = Life(tmp_path, people={"Anna": ANNA, "Ben": BEN}, settings=ON)
    meet(life, ANNA, anew(ANNA), seconds=50)  # named once, at the beginning
    life.live(5)
    life.press("hold")
    assert life.hear(4) == ["Noted. Nothing is learnt from that."]
    life.live(60)
    assert life.of("learnt") == []


def test_wrong_means_who_was_named_last(tmp_path: Path) -> None:
    life = Life(tmp_path, people={"Anna": ANNA, "Ben": BEN}, settings=ON)
    life.stands(1, ANNA, look=anew(ANNA))
    life.live(8)
    life.stands(2, BEN, look=anew(BEN), bearing_deg=20)
    life.live(8)
    life.press("hold")
    assert life.hear(5) == ["Noted. That was not Ben."]
    life.scene.clear()
    life.live(60)
    assert [event.fields["person"] for event in life.of("learnt")] == ["Anna"]


def test_one_of_two_who_are_alike_is_not_vouched_for(tmp_path: Path) -> None:
    """The enrolled templates cannot tell them apart, whoever scores best."""
    twin = anew(ANNA, noise=0.2, seed=7)
    with Gallery.open(tmp_path / "kith.db", MODEL) as gallery:
        anna = gallery.add_person("Anna", [anew(ANNA)], TODAY).person_id
        gallery.add_person("Beth", [twin], TODAY)
    life = Life(tmp_path, settings=ON)
    willing = replace(ON.learning, min_margin=0.0, max_likeness=1.0)
    look = anew(ANNA, noise=0.02, seed=3)
    assert life.eyes.matcher is not None
    assert life.eyes.matcher.identify(look).outcome is Outcome.AMBIGUOUS
    assert not life.people.vouches_for(anna, look, willing)


def test_a_template_that_makes_room_leaves_no_trace(tmp_path: Path) -> None:
    with Gallery.open(tmp_path / "kith.db", MODEL) as gallery:
        anna = gallery.add_person("Anna", looks(ANNA), TODAY).person_id
        taken = [anew(ANNA, noise=1.0, seed=seed) for seed in range(3)]
        for each in taken:
            gallery.learn(anna, each, at_most=2)
        for file in tmp_path.iterdir():
            assert taken[0].vector.astype("<f4").tobytes() not in file.read_bytes(), file.name
