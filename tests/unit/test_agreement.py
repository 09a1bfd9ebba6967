"""What two machines saw, compared."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from bench.agreement import Arrays, chosen, compared


def seen(
    *boxes: tuple[int, list[float]], score: float = 0.9, turned: float = 0.0, name: str = "Anna"
) -> Arrays:
    """Faces of photos, each with its box; embeddings turned by an angle in radians."""
    count = len(boxes)
    vector = np.zeros((count, 128), np.float32)
    vector[:, 0], vector[:, 1] = np.cos(turned), np.sin(turned)
    landmarks = np.array(
        [[[x, y], [x + 40, y], [x, y], [x, y], [x, y]] for _, (x, y, _, _) in boxes], np.float32
    )
    face = {"outcome": "known", "name": name, "score": score}
    return {
        "photo": np.array([photo for photo, _ in boxes]),
        "box": np.array([box for _, box in boxes]),
        "landmarks": landmarks,
        "score": np.full(count, score),
        "rejection": np.array(["None"] * count),
        "aligned": np.full((count, 112, 112, 3), round(score * 100), np.uint8),
        "embedding": vector,
        "decided": np.array(json.dumps([{"faces": [face]}])),
    }


def test_a_machine_agrees_with_itself() -> None:
    one = seen((0, [10, 10, 80, 100]), (1, [30, 10, 80, 100]))
    told = compared(one, one)
    assert told["faces found by both, by one only"] == "2, 0"
    assert told["cosine of the embeddings"] == "1.0000 / 1.0000 / 1.0000"
    assert told["answers of `kith identify` alike"] == "1 of 1 (1 named)"
    assert told["their scores differ by at most"] == "0.0000"


def test_what_differs_is_told() -> None:
    here = seen((0, [10, 10, 80, 100]), (1, [30, 10, 80, 100]), (2, [0, 0, 50, 50]))
    there = seen((0, [14, 10, 80, 100]), (1, [34, 10, 80, 100]), score=0.8, turned=np.pi / 3, name="Beth")
    told = compared(here, there)
    assert told["faces found by both, by one only"] == "2, 1"
    assert told["landmark shift, share of the eyes' distance"] == "0.1000 / 0.1000 / 0.1000"
    assert told["difference of detector scores"] == "0.1000 / 0.1000 / 0.1000"
    assert told["difference of a pixel of the aligned face"] == "mean 10.00, most 10 of 255"
    assert told["cosine of the embeddings"] == "0.5000 / 0.5000 / 0.5000"
    assert told["box overlap (IoU)"].startswith("0.9048")
    assert told["answers of `kith identify` alike"] == "0 of 1 (1 named)"
    assert told["their scores differ by at most"] == "0.1000"


def test_a_face_of_one_machine_is_paired_once_and_in_its_own_photo() -> None:
    here = seen((0, [10, 10, 80, 100]), (0, [16, 10, 80, 100]))
    assert compared(here, seen((0, [12, 10, 80, 100])))["faces found by both, by one only"] == "1, 1"
    other = seen((1, [10, 10, 80, 100]), (0, [300, 10, 80, 100]), (0, [10, 10, 80, 100]))
    assert compared(here, other)["faces found by both, by one only"] == "1, 3"


def test_photos_are_taken_from_all_over_the_alphabet(tmp_path: Path) -> None:
    for number in range(80):
        person = tmp_path / f"person-{number:02}"
        person.mkdir()
        for photo in range(1 + number % 3):
            (person / f"{photo}.jpg").touch()
    own = [path for path in chosen(tmp_path) if tmp_path in path.parents]
    names = sorted({path.parent.name for path in own})
    assert len(names) == 32
    assert len(own) == 50
    assert names[0] < "person-05"
    assert names[-1] > "person-50"
    assert all(tmp_path not in path.parents for path in chosen(None))
