"""Whether a gallery that learns in use stays true: python -m calibration.learning DATA.

A long sequence of meetings is replayed, of people enrolled and of strangers, half of these the ones
most like somebody enrolled. It goes through the device's own parts: matcher, learner, gallery file. Beside
them stands what a plain gallery would do that keeps every look it has named.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import click
import numpy as np

from calibration import _lfw
from calibration._meetings import Faces, Plan, draw_plan
from kith.app.known_people import KnownPeople
from kith.app.paths import calibration_dir, models_dir
from kith.clock import NS_PER_S, Tick
from kith.config import LearningSettings, Settings, VisionSettings
from kith.recognition.gallery import Gallery
from kith.recognition.learning import Learner
from kith.recognition.matcher import Matcher, TemplateSet
from kith.recognition.operating_point import OperatingPoint, load_operating_point
from kith.recognition.template_rows import LEARNT
from kith.types import Embedding, Outcome
from kith.vision.pipeline import open_analyzer

Tally = dict[str, list[int]]


@dataclass(slots=True)
class Outcomes:
    """What became of the galleries of one policy. taken: templates learnt; foreign: of them, those of another
    person; worst: the greatest share that others have of one person's templates."""

    taken: int = 0
    foreign: int = 0
    worst: float = 0.0
    named: Tally = field(default_factory=dict)
    strangers: Tally = field(default_factory=dict)


@click.command()
@click.argument("data", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--people", type=click.IntRange(min=2), default=50, show_default=True, help="Enrolled at most.")
@click.option("--photos", type=click.IntRange(min=1), multiple=True, default=(1, 3), show_default=True)
@click.option("--meetings", type=click.IntRange(min=1), default=4000, show_default=True, help="A gallery.")
@click.option("--galleries", type=click.IntRange(min=1), default=6, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
def main(data: Path, people: int, photos: tuple[int, ...], meetings: int, galleries: int, seed: int) -> None:
    """Replay meetings of the people in DATA, a folder laid out as LFW is, and print what was learnt.

    Photos of each person enrolled are split: some enrolled, some met, some kept to measure on. Strangers met
    and strangers measured on are other people.
    """
    _lfw.run(lambda: _replay(data, people, photos, meetings, galleries, seed))


def _replay(data: Path, people: int, photos: Sequence[int], meetings: int, galleries: int, seed: int) -> None:
    analyzer = open_analyzer(models_dir(), VisionSettings())
    point = load_operating_point(calibration_dir() / "operating_point.toml", analyzer.model_id)
    faces = {
        name: [one.meant.embedding for one in pictured if one.meant and one.meant.embedding]
        for name, pictured in _lfw.look_at_all(analyzer, data).items()
    }
    policies: dict[str, Callable[[Plan, OperatingPoint], dict[int, list[tuple[str, Embedding]]]]] = {
        "nothing": lambda plan, point: _enrolled(plan),
        "every look it named": _keep_all,
        "as Kith does": _keep_as_kith,
    }
    for enrolled in photos:
        click.echo(f"\n{enrolled} photos enrolled of each; {galleries} galleries, {meetings} meetings each")
        outcomes = {name: Outcomes() for name in policies}
        for at in range(galleries):
            plan = draw_plan(faces, people, enrolled, meetings, np.random.default_rng([seed, enrolled, at]))
            for name, policy in policies.items():
                _measure(plan, policy(plan, point), point, outcomes[name])
        _print(outcomes, seed)


def _enrolled(plan: Plan) -> dict[int, list[tuple[str, Embedding]]]:
    return {
        person_id: [(name, each) for each in plan.enrolled[name]] for person_id, name in enumerate(plan.names)
    }


def _keep_all(plan: Plan, point: OperatingPoint) -> dict[int, list[tuple[str, Embedding]]]:
    """What the reviews of other products tell of: each look that got a name is one more template of it."""
    templates = _enrolled(plan)
    matcher = Matcher(_template_set(templates, point.model_id), point)
    for name, look in plan.meetings:
        said = matcher.identify(look)
        if said.outcome is Outcome.KNOWN and said.person_id is not None:
            templates[said.person_id].append((name, look))
            matcher = Matcher(_template_set(templates, point.model_id), point)
    return templates


def _keep_as_kith(plan: Plan, point: OperatingPoint) -> dict[int, list[tuple[str, Embedding]]]:
    """By the device's own parts. A meeting is ten looks within ten seconds, all as good as the photo, which
    is the hardest case: nothing on the way says that it is somebody else. Two hours lie between meetings."""
    settings = LearningSettings(enabled=True)
    with tempfile.TemporaryDirectory() as folder:
        gallery = Gallery.open(Path(folder) / "kith.db", point.model_id)
        for name in plan.names:
            gallery.add_person(name, plan.enrolled[name], datetime.now(UTC))
        matchers: list[Matcher] = []
        known = KnownPeople(gallery, point, matchers.append, Settings())
        ids = {person.person_id: plan.names.index(person.name) for person in gallery.people()}
        templates = _enrolled(plan)
        learner = Learner(settings, lambda: known.track_threshold)
        for track, (name, look) in enumerate(plan.meetings):
            began_ns = track * 7200 * NS_PER_S
            seen = Faces(track_id=track, look=look, said=matchers[-1].identify(look))
            for second in range(10):
                learner.step(seen.sighting(began_ns + second * NS_PER_S), began_ns + second * NS_PER_S)
            for learnt in learner.step(Tick(), began_ns + 3600 * NS_PER_S):
                if known.vouches_for(learnt.person_id, learnt.embedding, settings):
                    known.learn(learnt.person_id, learnt.embedding, settings.max_templates)
                    mine = templates[ids[learnt.person_id]]
                    mine.append((name, learnt.embedding))
                    _drop_oldest(mine, len(plan.enrolled[plan.names[0]]), settings.max_templates)
        _check_same(gallery, templates, ids)
        gallery.close()
    return templates


def _drop_oldest(mine: list[tuple[str, Embedding]], enrolled: int, at_most: int) -> None:
    if len(mine) > enrolled + at_most:
        del mine[enrolled]


def _check_same(
    gallery: Gallery, templates: dict[int, list[tuple[str, Embedding]]], ids: dict[int, int]
) -> None:
    """What is counted must be what the gallery's file holds."""
    for person_id, at in ids.items():
        learnt = gallery.sources(person_id).get(LEARNT, 0)
        assert gallery.sources(person_id)["device"] + learnt == len(templates[at])


def _template_set(templates: dict[int, list[tuple[str, Embedding]]], model_id: str) -> TemplateSet:
    vectors = [each.vector for mine in templates.values() for _, each in mine]
    owners = [person_id for person_id, mine in templates.items() for _ in mine]
    return TemplateSet(
        vectors=np.array(vectors, np.float32), person_ids=np.array(owners, np.int64), model_id=model_id
    )


def _measure(
    plan: Plan, templates: dict[int, list[tuple[str, Embedding]]], point: OperatingPoint, outcomes: Outcomes
) -> None:
    for person_id, mine in templates.items():
        learnt = mine[len(plan.enrolled[plan.names[person_id]]) :]
        foreign = sum(name != plan.names[person_id] for name, _ in learnt)
        outcomes.taken += len(learnt)
        outcomes.foreign += foreign
        outcomes.worst = max(outcomes.worst, foreign / len(mine))
    matcher = Matcher(_template_set(templates, point.model_id), point)
    for name, look in plan.kept_mated:
        said = matcher.identify(look)
        right = said.outcome is Outcome.KNOWN and plan.names[said.person_id or 0] == name
        _lfw.count(outcomes.named, name, right)
    for name, look in plan.kept_strangers:
        _lfw.count(outcomes.strangers, name, matcher.identify(look).outcome is not Outcome.UNKNOWN)


def _print(outcomes: dict[str, Outcomes], seed: int) -> None:
    click.echo(
        "| learnt | templates taken | of another person | worst person's share of others | TPIR | FPIR |"
    )
    click.echo("| --- | --- | --- | --- | --- | --- |")
    for name, each in outcomes.items():
        tpir, fpir = _lfw.rate(each.named, seed), _lfw.rate(each.strangers, seed)
        click.echo(
            f"| {name} | {each.taken} | {each.foreign} | {each.worst:.0%} "
            f"| {tpir.value:.2%} ({tpir.low:.2%} to {tpir.high:.2%}) "
            f"| {fpir.value:.2%} ({fpir.low:.2%} to {fpir.high:.2%}) |"
        )


if __name__ == "__main__":
    main()
