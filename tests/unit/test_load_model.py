"""The load on a board, counted; and what `docs/boards.md` says of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import flatbuffers
import pytest
from ai_edge_litert import schema_py_generated as schema

from bench import load_model
from bench._macs import macs_of
from bench.load_model import busy, looks_reached
from kith.app.boards import PROFILES, Processor, Profile
from kith.app.load import COST, EMBEDDINGS_A_LOOK, SCENES, Load, Macs, Scene, load_of
from kith.app.paths import models_dir
from kith.config import CameraSettings, Settings, VisionSettings
from kith.vision import pipeline
from kith.vision.networks import Role, read_manifest

PAGE = (load_model.ROOT / "docs" / "boards.md").read_text(encoding="utf-8")
ALONE = Settings(vision=VisionSettings(second_looks=False))


def network(path: Path, *, code: int, weight: list[int], out: list[int], kind: int = 9) -> Path:
    """A network of one operator, tensors without content."""
    graph = schema.SubGraphT()
    graph.tensors = []
    for shape in ([1, 8, 8, 3], weight, out):
        tensor = schema.TensorT()
        tensor.shape, tensor.type = shape, kind
        graph.tensors.append(tensor)
    operator = schema.OperatorT()
    operator.inputs, operator.outputs, operator.opcodeIndex = [0, 1], [2], 0
    graph.operators, graph.inputs, graph.outputs = [operator], [0], [2]
    opcode = schema.OperatorCodeT()
    opcode.builtinCode = code
    model = schema.ModelT()
    model.version, model.subgraphs, model.operatorCodes, model.buffers = 3, [graph], [opcode], []
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    path.write_bytes(bytes(builder.Output()))
    return path


@pytest.mark.parametrize(
    ("code", "weight", "out", "macs"),
    [
        (schema.BuiltinOperator.CONV_2D, [16, 3, 3, 3], [1, 4, 4, 16], 4 * 4 * 16 * 27),
        (schema.BuiltinOperator.DEPTHWISE_CONV_2D, [1, 3, 3, 16], [1, 4, 4, 16], 4 * 4 * 16 * 9),
        (schema.BuiltinOperator.FULLY_CONNECTED, [128, 512], [1, 128], 128 * 512),
        (schema.BuiltinOperator.ADD, [1, 4, 4, 16], [1, 4, 4, 16], 0),
    ],
    ids=["convolution", "depthwise", "dense", "sum"],
)
def test_an_operator_has_the_multiplications_of_its_shapes(
    tmp_path: Path, code: int, weight: list[int], out: list[int], macs: int
) -> None:
    int8 = network(tmp_path / "int8", code=code, weight=weight, out=out)
    assert macs_of(int8) == Macs(int8=macs, float32=0)
    in_float = network(tmp_path / "float", code=code, weight=weight, out=out, kind=0)
    assert macs_of(in_float) == Macs(int8=0, float32=macs)


def test_an_operator_that_cannot_be_counted_is_not_left_out(tmp_path: Path) -> None:
    path = network(tmp_path / "odd", code=schema.BuiltinOperator.BATCH_MATMUL, weight=[8, 8], out=[8, 8])
    with pytest.raises(ValueError, match="no sum for operator"):
        macs_of(path)


@pytest.mark.parametrize(
    ("role", "macs", "millions"), [("detector", COST.detector, 93), ("embedder", COST.embedder, 574)]
)
def test_the_built_networks_have_as_many_as_the_model_counts_on(
    role: Role, macs: Macs, millions: int
) -> None:
    path = read_manifest(models_dir()).networks[role].path(models_dir())
    if not path.is_file():
        pytest.skip("the networks are not built: make models")
    assert macs_of(path) == macs
    assert round(macs.total / 1e6) == millions
    networks_page = (load_model.ROOT / "docs" / "networks.md").read_text(encoding="utf-8")
    assert f"{millions} million" in networks_page


@pytest.mark.parametrize(
    ("scene", "load"),
    [
        (Scene(faces=0), Load(looks=10, second_looks=0, embeddings=0)),
        (Scene(faces=1), Load(looks=10, second_looks=0, embeddings=5)),
        (Scene(faces=3, sure=True), Load(looks=10, second_looks=0, embeddings=3)),
        (Scene(faces=3), Load(looks=10, second_looks=0, embeddings=15)),
        (Scene(faces=9), Load(looks=10, second_looks=0, embeddings=20)),
    ],
    ids=str,
)
def test_what_the_usual_settings_ask_for(scene: Scene, load: Load) -> None:
    assert load_of(ALONE, scene) == load


def test_what_is_due_between_two_looks_is_done_at_the_next() -> None:
    slow = Settings(camera=CameraSettings(look_interval_ms=150), vision=ALONE.vision)
    assert load_of(slow, Scene(faces=1)).embeddings == pytest.approx(1000 / 300)


def test_second_looks_are_counted_and_at_most_one_a_look() -> None:
    usual = Settings()
    sweeps = load_of(usual, Scene(faces=0)).second_looks
    assert sweeps == pytest.approx(1000 / usual.vision.sweep_interval_ms)
    assert load_of(usual, Scene(faces=1, far=True)).second_looks == pytest.approx(sweeps + 5)
    assert load_of(usual, Scene(faces=3, far=True)).second_looks == 10


def test_the_model_embeds_at_most_as_many_a_look_as_the_pipeline_does() -> None:
    assert EMBEDDINGS_A_LOOK == pipeline._MAX_EMBEDDINGS_A_FRAME


def test_a_board_is_busy_for_as_long_as_its_rate_says() -> None:
    board = Processor(name="one", gmac_s=(1.0, 4.0), slower=10.0)
    cost = replace(
        COST,
        embedder=Macs(int8=100_000_000, float32=25_000_000),
        detector=Macs(int8=0, float32=0),
        here_look_ms=0.8,
        here_megapixel_ms=1.1,
        here_face_ms=0.7,
    )
    # 5 embeddings of 150 million; 10 looks of 0.8 ms, 0.3072 megapixels of 1.1 and a face of 0.7, tenfold.
    other_s = 10 * (0.8 + 0.3072 * 1.1 + 0.7) * 10 / 1000
    assert busy(board, ALONE, Scene(faces=1), cost) == pytest.approx(0.75 + other_s)
    four = replace(ALONE, vision=replace(ALONE.vision, threads=4))
    assert busy(board, four, Scene(faces=1), cost) == pytest.approx(0.75 / 4 + other_s)


def test_a_board_that_cannot_keep_up_looks_as_often_as_it_can() -> None:
    slow = Processor(name="slow", gmac_s=(1.0, 2.0), slower=10.0)
    reached = looks_reached(slow, ALONE, Scene(faces=1), COST)
    assert 0 < reached < 10
    camera = replace(ALONE.camera, look_interval_ms=round(1000 / reached))
    assert busy(slow, replace(ALONE, camera=camera), Scene(faces=1), COST) <= 1
    fast = Processor(name="fast", gmac_s=(100.0, 400.0), slower=1.0)
    assert looks_reached(fast, ALONE, Scene(faces=1), COST) == 10


profiles = pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)


@profiles
def test_with_its_profile_a_board_keeps_up_with_one_face_and_with_three_that_are_named(
    profile: Profile,
) -> None:
    for scene in SCENES:
        if scene.faces < 2 or scene.sure:
            assert busy(profile.processor, profile.settings, scene, COST) < 0.95, scene


@profiles
def test_with_its_profile_the_votes_for_a_name_fit_into_their_window(profile: Profile) -> None:
    settings = profile.settings
    apart_ms = 1000 / load_of(settings, Scene(faces=1)).embeddings
    assert (settings.presence.votes - 1) * apart_ms <= settings.presence.vote_window_ms
    assert settings.vision.track_lost_after_ms > 2 * settings.camera.look_interval_ms
    assert settings.vision.embed_sure_interval_ms < settings.presence.left_after_ms


def test_the_page_has_every_line_of_the_report_in_its_order() -> None:
    told = [line for line in load_model.report(COST).splitlines() if line.startswith("|")]
    assert sum(line.startswith("| 3 not yet named |") for line in told) == 3
    at = -1
    for line in told:
        at = PAGE.find(f"\n{line}\n", at + 1)
        assert at >= 0, line
    first = load_model.report(COST).partition("\n")[0]
    assert first in " ".join(PAGE.split())


def test_the_page_has_the_processors_as_the_model_takes_them() -> None:
    boards = [profile.processor for profile in PROFILES.values()]
    cells = {
        line.split(" | ")[0].strip("| "): line.strip("| ").split(" | ")[1:] for line in PAGE.splitlines()
    }
    one, four = cells["int8, one core, GMAC a second"], cells["int8, four cores"]
    slower = cells["other work takes as long as here, times"]
    for at, board in enumerate(boards):
        told = (float(one[at].split()[0]), float(four[at].split()[0]))
        assert told == board.gmac_s
        assert float(slower[at].split()[0]) == board.slower
