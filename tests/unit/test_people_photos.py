"""Which face is meant, and which photos show one person: pure rules, without networks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kith.app.people import agreeing
from kith.app.photos import SECOND_FACE_RATIO, TWO_FACES, Study, choose_face
from kith.types import AlignedFace, BoxPx, Embedding, Face, FaceQuality, Rejection
from kith.vision.pipeline import Assessment
from tests.unit._gallery_kit import MODEL

NOTHING_KNOWN = np.zeros((0, 0), np.float32)


def face(side: float, rejection: Rejection | None = None) -> Assessment:
    return Assessment(
        face=Face(box=BoxPx(x=0, y=0, w=side, h=side), landmarks=np.zeros((5, 2), np.float32), score=0.9),
        quality=FaceQuality(sharpness=20, luma=120, yaw_deg=0, pitch_deg=0, inter_eye_px=side / 2),
        rejection=rejection,
        aligned=AlignedFace(rgb=np.zeros((112, 112, 3), np.uint8)),
    )


def test_no_face() -> None:
    assert choose_face([]) == "no face"


def test_a_bad_face_is_told_by_what_is_wrong() -> None:
    assert choose_face([face(100, Rejection.BLURRED)]) == "blurred"


def test_one_good_face() -> None:
    good = face(100)
    assert choose_face([good]) is good


def test_someone_in_the_background_does_not_matter() -> None:
    main = face(100)
    assert choose_face([main, face(100 * SECOND_FACE_RATIO - 1)]) is main


@pytest.mark.parametrize("rejection", [None, Rejection.PROFILE, Rejection.BLURRED])
def test_two_people_side_by_side(rejection: Rejection | None) -> None:
    assert choose_face([face(100), face(100 * SECOND_FACE_RATIO + 1, rejection)]) == "two faces"
    assert choose_face([face(120, rejection), face(100)]) == "two faces"


def test_a_face_at_the_edge_of_the_picture_is_a_bystander_even_when_larger() -> None:
    main = face(100)
    assert choose_face([face(120, Rejection.CUT_OFF), main]) is main


def studied(*vectors: tuple[float, ...]) -> list[Study]:
    return [
        Study(
            path=Path(f"{at}.jpg"),
            embedding=Embedding(vector=unit(*vector), model_id=MODEL),
            refusal=None,
        )
        for at, vector in enumerate(vectors)
    ]


def unit(*vector: float) -> np.typing.NDArray[np.float32]:
    array = np.array(vector, np.float32)
    return array / np.float32(np.linalg.norm(array))


def kept(studies: list[Study]) -> list[str]:
    return [each.path.name for each in studies if each.refusal is None]


def test_photos_of_one_person_are_kept() -> None:
    assert kept(agreeing(studied((1, 0.3, 0), (1, 0, 0.3), (1, -0.3, 0)), NOTHING_KNOWN)) == [
        "0.jpg",
        "1.jpg",
        "2.jpg",
    ]


def test_one_photo_of_another_person_is_refused() -> None:
    result = agreeing(studied((1, 0.3, 0), (0, 0, 1), (1, -0.3, 0)), NOTHING_KNOWN)
    assert kept(result) == ["0.jpg", "2.jpg"]
    assert result[1].refusal == "shows another person than the others"
    assert result[1].embedding is None


def test_two_photos_of_two_people_are_both_refused() -> None:
    assert kept(agreeing(studied((1, 0, 0), (0, 1, 0)), NOTHING_KNOWN)) == []


def test_a_photo_is_compared_with_the_templates_there_are() -> None:
    known = np.stack([unit(1, 0.2, 0), unit(1, -0.2, 0)])
    assert kept(agreeing(studied((1, 0, 0.1)), known)) == ["0.jpg"]
    assert kept(agreeing(studied((0, 0, 1)), known)) == []
    assert kept(agreeing(studied((0, 0, 1)), known[:1])) == []
    # A majority of new photos does not outvote who is there.
    assert kept(agreeing(studied((0, 0.1, 1), (0, 0, 1), (0.1, 0, 1)), known[:1])) == []


def test_the_same_picture_counts_once() -> None:
    result = agreeing(studied((1, 0.3, 0), (1, 0.3, 0), (1, -0.3, 0)), NOTHING_KNOWN)
    assert [each.refusal for each in result] == [None, "the same picture again", None]
    again = agreeing(studied((1, 0.3, 0)), np.stack([unit(1, 0.3, 0)]))
    assert again[0].refusal == "the same picture again"


def test_a_single_photo_has_nothing_to_disagree_with() -> None:
    assert kept(agreeing(studied((1, 0, 0)), NOTHING_KNOWN)) == ["0.jpg"]
    assert agreeing([], NOTHING_KNOWN) == []


def several(at: int, *vectors: tuple[float, ...]) -> Study:
    rivals = tuple(Embedding(vector=unit(*vector), model_id=MODEL) for vector in vectors)
    return Study(path=Path(f"several{at}.jpg"), embedding=None, refusal=TWO_FACES, rivals=rivals)


def test_the_other_photos_show_who_is_meant_among_several_faces() -> None:
    alone = studied((1, 0.3, 0), (1, -0.3, 0))
    result = agreeing([several(0, (0, 0.2, 1), (1, 0, 0.2)), *alone], NOTHING_KNOWN)
    assert kept(result) == ["several0.jpg", "0.jpg", "1.jpg"]
    assert result[0].embedding is not None
    assert result[0].embedding.vector == pytest.approx(unit(1, 0, 0.2))
    known = np.stack([unit(1, 0.2, 0), unit(1, -0.2, 0)])
    assert kept(agreeing([several(0, (0, 0.2, 1), (1, 0, 0.2))], known)) == ["several0.jpg"]


@pytest.mark.parametrize(
    "faces",
    [
        ((0, 0.2, 1), (0, 1, 0)),  # neither is theirs
        ((1, 0, 0.2), (1, 0, -0.2)),  # both might be
        ((1, 0, 0.2), (0.5, 0, 1)),  # the other is not clearly somebody else
        (),  # no face was good enough
    ],
)
def test_a_photo_of_several_that_stays_unclear_is_refused(faces: tuple[tuple[float, ...], ...]) -> None:
    result = agreeing([*studied((1, 0.3, 0), (1, -0.3, 0)), several(0, *faces)], NOTHING_KNOWN)
    assert kept(result) == ["0.jpg", "1.jpg"]
    assert result[-1].refusal == TWO_FACES


def test_photos_of_several_alone_show_nobody() -> None:
    pair = ((1, 0, 0.2), (0, 1, 0))
    assert kept(agreeing([several(0, *pair), several(1, *pair)], NOTHING_KNOWN)) == []


def test_the_same_photo_of_several_counts_once() -> None:
    pair = ((1, 0, 0.2), (0, 1, 0))
    result = agreeing([several(0, *pair), several(1, *pair), *studied((1, 0.3, 0))], NOTHING_KNOWN)
    assert [each.refusal for each in result] == [None, "the same picture again", None]


def test_a_photo_of_several_decides_between_two_that_disagree() -> None:
    anna, other = studied((1, 0, 0), (0, 1, 0))
    result = agreeing([anna, other, several(0, (1, 0, 0.2), (0, 0, 1))], NOTHING_KNOWN)
    assert kept(result) == ["0.jpg", "several0.jpg"]
    assert result[1].refusal == "shows another person than the other photo"
    # It shows both, or neither: nobody can say.
    assert kept(agreeing([anna, other, several(0, (1, 0, 0.2), (0, 1, 0.2))], NOTHING_KNOWN)) == []
    assert kept(agreeing([anna, other, several(0, (0, 0, 1), (0, 0.1, 1))], NOTHING_KNOWN)) == []
