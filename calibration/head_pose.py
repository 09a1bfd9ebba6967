"""How well five landmarks tell where a head is turned: python -m calibration.head_pose DATA."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from calibration import _lfw
from calibration._head_warp import turned
from calibration._progress import progress
from calibration._quality_looks import Looker, photos_by_person
from calibration._quality_plot import draw_poses
from calibration._quality_trials import mean_over_people
from kith.config import VisionSettings
from kith.errors import InputError
from kith.types import F32, U8
from kith.vision.imaging import open_photo
from kith.vision.quality import head_pose

MOST_YAW_DEG, MOST_PITCH_DEG = 60.0, 25.0
_STRAIGHT_DEG = 4.0
_POSES_EACH = 12
_YAW_EDGES = tuple(range(-60, 61, 10))
_PITCH_EDGES = (-25, -15, -5, 5, 15, 25)
_NEAR_LIMIT_DEG = 10.0
_LITTLE_YAW_DEG = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Posed:
    """Faces of known pose. person: whose; landmarks f32[N, 5, 2] px as the detector found them; yaw_deg,
    pitch_deg: as they were turned; missed: turned faces that were not found."""

    person: NDArray[np.int64]
    landmarks: F32
    yaw_deg: F32
    pitch_deg: F32
    missed: int


@click.command()
@click.argument("data", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--people", type=click.IntRange(min=2), default=150, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--plot", type=click.Path(path_type=Path, dir_okay=False), help="Also draw this PNG.")
def main(data: Path, people: int, seed: int, plot: Path | None) -> None:
    """Measure on DATA, a folder laid out as LFW is: NAME/NAME_0001.jpg.

    Faces that look straight ahead are turned by known angles on a plain head, found by the detector, and what
    `kith.vision.quality.head_pose` tells of them is set beside the truth. Its constants were checked on every
    other person; the tables are of the rest.
    """
    _lfw.run(lambda: _report(pose_people(data, people, seed), plot))


def pose_people(folder: Path, people: int, seed: int) -> Posed:
    """One straight photo each of so many people, turned in twelve ways, every other photo mirrored so that
    neither side is favoured. Raises InputError when the folder has no straight faces."""
    looker = Looker()
    rng = np.random.default_rng(seed)
    named = list(photos_by_person(folder, least=1, most=1).values())
    straight: list[tuple[U8, F32]] = []
    for at in progress(rng.permutation(len(named)).tolist(), "straight faces"):
        found = _straight(looker, open_photo(named[at][0]).rgb)
        if found is not None:
            straight.append(found)
        if len(straight) == people:
            break
    if not straight:
        raise InputError(f"{folder} holds no photo of a face that looks straight ahead")
    rows: list[tuple[int, F32, float, float]] = []
    missed = 0
    for person, (rgb, landmarks) in enumerate(progress(straight, "turned")):
        for _ in range(_POSES_EACH):
            yaw = float(rng.uniform(-MOST_YAW_DEG, MOST_YAW_DEG))
            # Half of them level, as most of those are whom one meets.
            pitch = float(rng.uniform(-MOST_PITCH_DEG, MOST_PITCH_DEG)) if rng.random() < 0.5 else 0.0
            picture, truth = turned(rgb, landmarks, yaw, pitch)
            face = looker.find(picture, _middle(truth), float(np.linalg.norm(landmarks[0] - landmarks[1])))
            if face is None:
                missed += 1
            else:
                rows.append((person, face.landmarks, yaw, pitch))
    person_of, found_at, yaws, pitches = zip(*rows, strict=True)
    return Posed(
        person=np.array(person_of, np.int64),
        landmarks=np.array(found_at, np.float32),
        yaw_deg=np.array(yaws, np.float32),
        pitch_deg=np.array(pitches, np.float32),
        missed=missed,
    )


def _report(posed: Posed, plot: Path | None) -> None:
    shown = posed.person % 2 == 1
    told = np.array([head_pose(landmarks) for landmarks in posed.landmarks[shown]], np.float32)
    yaw, pitch, person = posed.yaw_deg[shown], posed.pitch_deg[shown], posed.person[shown]
    level = np.abs(yaw) < _LITTLE_YAW_DEG
    everyone = f"{len(yaw)} turned faces of {len(np.unique(person))} people, {posed.missed} of all not found"
    print(f"{everyone}\n")
    print("| true yaw | faces | median told | mean absolute error |\n| --- | --- | --- | --- |")
    _table(yaw, told[:, 0], _YAW_EDGES)
    print("\n| true pitch, yaw within 30 | faces | median told | mean absolute error |")
    print("| --- | --- | --- | --- |")
    _table(pitch[level], told[level, 1], _PITCH_EDGES)
    yaw_error, pitch_error = np.abs(told[:, 0] - yaw), np.abs(told[:, 1] - pitch)
    print(f"\nyaw: mean absolute error                    {_mean(yaw_error, person)}")
    print(f"yaw: the same, true yaw within 30           {_mean(yaw_error[level], person[level])}")
    print(f"pitch: mean absolute error                  {_mean(pitch_error, person)}")
    print(f"pitch: the same if 0 were always told       {_mean(np.abs(pitch), person)}")
    limit = VisionSettings().facing_yaw_deg
    right = ((np.abs(told[:, 0]) <= limit) == (np.abs(yaw) <= limit)).astype(np.float32)
    near = np.abs(np.abs(yaw) - limit) <= _NEAR_LIMIT_DEG
    print(f"facing within {limit:.0f}: right answers              {_mean(100 * right, person)} %")
    print(f"the same, within 10 degrees of that limit   {_mean(100 * right[near], person[near])} %")
    print(f"the same, farther from it                   {_mean(100 * right[~near], person[~near])} %")
    if plot is not None:
        draw_poses(plot, [("yaw", yaw, told[:, 0]), ("pitch (yaw within 30)", pitch[level], told[level, 1])])


def _table(true: F32, told: F32, edges: tuple[int, ...]) -> None:
    for low, high in pairwise(edges):
        rows = (true >= low) & (true < high)
        if rows.any():
            error = float(np.abs(told[rows] - true[rows]).mean())
            print(f"| {low} to {high} | {rows.sum()} | {np.median(told[rows]):.1f} | {error:.1f} |")


def _mean(values: F32, person: NDArray[np.int64]) -> str:
    """The mean with its 95 % interval over people."""
    mean, low, high = mean_over_people(values, person)
    return f"{mean:5.1f} ({low:.1f} to {high:.1f}, n = {len(values)})"


def _straight(looker: Looker, rgb: U8) -> tuple[U8, F32] | None:
    """The picture and its landmarks if the face in its middle looks straight ahead. A picture and its mirror
    image must tell the same yaw with opposite signs, so that half their difference is free of any lean of the
    detector to one side."""
    mirrored: U8 = np.ascontiguousarray(rgb[:, ::-1])
    middle, within = (rgb.shape[1] / 2, rgb.shape[0] / 2), rgb.shape[1] / 4
    face, other = looker.find(rgb, middle, within), looker.find(mirrored, middle, within)
    if face is None or other is None:
        return None
    (yaw, pitch), (back, also) = head_pose(face.landmarks), head_pose(other.landmarks)
    if abs(yaw - back) / 2 > _STRAIGHT_DEG or abs(pitch + also) / 2 > _STRAIGHT_DEG:
        return None
    return rgb, face.landmarks


def _middle(landmarks: F32) -> tuple[float, float]:
    x, y = landmarks.mean(axis=0)
    return float(x), float(y)


if __name__ == "__main__":
    main()
