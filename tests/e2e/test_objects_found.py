"""The built object network on real photographs with known things, where it and they can be had."""

from __future__ import annotations

import pytest

from calibration._object_pictures import KnownPicture, known_pictures
from calibration._object_trials import Tally
from kith.config import ThingsSettings
from kith.vision.networks import has_network, load_network
from kith.vision.objects import ObjectNetwork
from models import CACHE_DIR, MODELS_DIR
from models.fetch import FetchError


@pytest.fixture(scope="module")
def network() -> ObjectNetwork:
    if not has_network("objects", MODELS_DIR):
        pytest.skip("the optional object network was not built here")
    return ObjectNetwork(load_network("objects", MODELS_DIR), ThingsSettings().object_score)


@pytest.fixture(scope="module")
def pictures() -> list[KnownPicture]:
    try:
        return known_pictures(CACHE_DIR, only="scikit-image")
    except FetchError as error:
        pytest.skip(str(error))


def test_a_cup_a_cat_and_a_person_are_found_where_they_are(
    network: ObjectNetwork, pictures: list[KnownPicture]
) -> None:
    tally = Tally()
    for picture in pictures:
        tally.add(network.look(picture.rgb).objects, picture)
    assert {"cup", "cat", "person"} <= set(tally.hits)
    assert not tally.twice


def test_nothing_is_told_of_bricks_and_coins(network: ObjectNetwork, pictures: list[KnownPicture]) -> None:
    empty = [picture for picture in pictures if not picture.things and not picture.unsure]
    assert len(empty) >= 3
    for picture in empty:
        assert network.look(picture.rgb).objects == ()


def test_a_look_gives_what_the_network_saw_in_each_cell(
    network: ObjectNetwork, pictures: list[KnownPicture]
) -> None:
    one, other = (network.look(picture.rgb) for picture in pictures[:2])
    assert one.fine.shape[:2] == (19, 19)
    assert one.coarse.shape[:2] == (10, 10)
    assert abs(one.fine - other.fine).max() > 1
    assert abs(one.coarse - other.coarse).max() > 1
