from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np
import pytest

from kith.app.opening import thing_network
from kith.app.thing_eyes import ThingEyes, open_thing_eyes
from kith.config import Settings
from kith.recognition.matcher import TemplateSet
from kith.recognition.thing_matcher import ThingPoint
from kith.types import U8, BoxPx, HeldFault
from kith.vision.networks import has_network
from kith.vision.objects import ObjectNetwork
from kith.vision.things import ThingEmbedder
from tests.unit._thing_kit import BLUE, GREEN, MAP_ID, RED, ColourNetwork, colour_map, found, frame

HELD = BoxPx(x=240, y=150, w=160, h=200)
LEFT = BoxPx(x=40, y=280, w=80, h=100)
RIGHT = BoxPx(x=440, y=260, w=120, h=150)
FOCAL_PX = 500.0
POINT = ThingPoint(
    model_id=MAP_ID, threshold=0.9, growth=0.0, margin=0.05, things=10, looks=6, false_alarms=0.0,
    false_alarms_low=0.0, false_alarms_high=0.0, found=1.0, found_low=1.0, found_high=1.0, named=1.0,
    measured_on="colours", measured_at="2026-11-22",
)  # fmt: skip
ROOT = Path(__file__).parents[2]


def eyes(network: ColourNetwork) -> ThingEyes:
    as_one = cast(ObjectNetwork, network)
    return ThingEyes(as_one, ThingEmbedder(network, colour_map()), POINT, object_score=0.5)


def taught(of: ThingEyes, **things: tuple[int, tuple[int, int, int]]) -> None:
    looks = []
    for thing_id, colour in things.values():
        held = of.held(frame((HELD, colour)))
        assert held.embedding is not None
        looks += [(thing_id, held.embedding.vector)] * 2
    looks.sort(key=lambda one: one[0])
    of.learn(
        TemplateSet(
            vectors=np.array([vector for _, vector in looks]),
            person_ids=np.array([thing for thing, _ in looks], np.int64),
            model_id=MAP_ID,
        ),
        {thing_id: 0.3 for thing_id, _ in things.values()},
    )


def shown(*things: tuple[BoxPx, tuple[int, int, int]]) -> U8:
    return frame(*things)


def test_what_is_held_up_is_told_with_its_size_and_look() -> None:
    held = eyes(ColourNetwork()).held(frame((HELD, RED)))
    assert (held.fault, held.looks_like) == (None, None)
    assert held.extent == pytest.approx(200 / 640, abs=0.05)
    assert held.embedding is not None


def test_an_empty_hand_is_told() -> None:
    held = eyes(ColourNetwork()).held(frame())
    assert (held.box, held.fault, held.embedding) == (None, HeldFault.NO_THING, None)


def test_what_is_held_up_again_is_taken_for_what_it_is() -> None:
    of = eyes(ColourNetwork())
    taught(of, mug=(3, RED), case=(8, BLUE))
    assert of.held(frame((HELD, BLUE), wall=(100, 110, 100))).looks_like == 8
    assert of.held(frame((HELD, GREEN))).looks_like is None


def test_what_may_be_either_of_two_is_taken_for_neither() -> None:
    of = eyes(ColourNetwork())
    taught(of, mug=(3, RED), twin=(8, RED))
    assert of.held(frame((HELD, RED))).looks_like is None


def test_a_known_thing_is_found_where_the_network_is_unsure() -> None:
    network = ColourNetwork()
    of = eyes(network)
    taught(of, mug=(3, RED), case=(8, BLUE))
    network.objects = (found("box", RIGHT, 0.03), found("boot", LEFT, 0.02))
    survey = of.survey(shown((LEFT, RED), (RIGHT, GREEN)), FOCAL_PX)
    assert survey.objects == ()
    assert [thing.thing_id for thing in survey.things] == [3]
    assert survey.things[0].box == LEFT
    assert survey.things[0].bearing_deg < -20


def test_a_thing_hides_the_object_that_it_is_and_no_other() -> None:
    network = ColourNetwork()
    of = eyes(network)
    taught(of, mug=(3, RED))
    table = BoxPx(x=10, y=240, w=620, h=230)
    network.objects = (found("mug", RIGHT, 0.9), found("table", table, 0.8), found("chair", LEFT, 0.3))
    survey = of.survey(shown((RIGHT, RED), (LEFT, GREEN)), FOCAL_PX)
    assert [thing.thing_id for thing in survey.things] == [3]
    assert [seen.label for seen in survey.objects] == ["table"]


def test_objects_are_told_of_where_nothing_was_taught() -> None:
    network = ColourNetwork([found("mug", LEFT, 0.9), found("chair", RIGHT, 0.8)])
    of = eyes(network)
    of.learn(
        TemplateSet(vectors=np.zeros((0, 0), np.float32), person_ids=np.zeros(0, np.int64), model_id=""), {}
    )
    survey = of.survey(shown((RIGHT, RED)), FOCAL_PX)
    assert [seen.label for seen in survey.objects] == ["chair", "mug"]
    assert (network.looks, network.closer) == (1, 0), "no place is searched for things that there are none of"


def test_a_thing_is_near_at_half_the_size_it_had_in_the_hand() -> None:
    network = ColourNetwork()
    of = eyes(network)
    taught(of, mug=(3, RED))
    network.objects = (found("mug", RIGHT, 0.9),)
    near = of.survey(shown((RIGHT, RED)), FOCAL_PX)
    network.objects = (found("mug", LEFT, 0.9),)
    far_box = BoxPx(x=60, y=300, w=50, h=60)
    network.objects = (found("mug", far_box, 0.9),)
    far = of.survey(shown((far_box, RED)), FOCAL_PX)
    assert [near.things[0].near, far.things[0].near] == [True, False]


def test_a_thing_that_shows_in_two_places_is_told_once_where_it_is_surest() -> None:
    network = ColourNetwork()
    of = eyes(network)
    taught(of, mug=(3, RED))
    off = BoxPx(x=RIGHT.x + 45, y=RIGHT.y, w=RIGHT.w, h=RIGHT.h)
    network.objects = (found("box", off, 0.4), found("mug", RIGHT, 0.3))
    things = of.survey(shown((RIGHT, RED)), FOCAL_PX).things
    assert [thing.box for thing in things] == [RIGHT]


@pytest.mark.skipif(
    not (has_network("objects", ROOT / "models") and has_network("things", ROOT / "models")),
    reason="the networks of objects and things were not built",
)
def test_the_gallery_is_opened_for_the_looks_that_the_real_parts_make() -> None:
    assert open_thing_eyes(ROOT / "models", Settings())._embedder.model_id == thing_network()


@pytest.mark.skipif(
    not (has_network("objects", ROOT / "models") and has_network("things", ROOT / "models")),
    reason="the networks of objects and things were not built",
)
def test_the_real_parts_teach_a_thing_and_find_it() -> None:
    of = open_thing_eyes(ROOT / "models", Settings())
    held = of.held(frame((HELD, RED)))
    assert held.embedding is not None
    vectors = np.array([held.embedding.vector] * 2)
    ids = np.array([5, 5], np.int64)
    of.learn(TemplateSet(vectors=vectors, person_ids=ids, model_id=held.embedding.model_id), {})
    assert of.held(frame((HELD, RED))).looks_like == 5
    assert of.survey(frame(), FOCAL_PX).things == ()
