"""How long it takes to find the nearest person, as the gallery grows, and that the answer is exact.

Beside Kith's matcher stands the plain way: the probe against every template. Figures, not faces: people are
random directions, their templates are scattered about them as pictures of one person are.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from kith.app.paths import calibration_dir, models_dir
from kith.recognition.matcher import Matcher, TemplateSet
from kith.recognition.operating_point import OperatingPoint, load_operating_point
from kith.types import F32, Embedding
from kith.vision.networks import read_manifest

TEMPLATES_EACH = 10
PEOPLE = (1, 3, 10, 30, 100, 300, 1000, 3000, 10_000)
LIMITS_MS = {1000: 0.3, 10_000: 10.0}
_SCATTER = 1.0
"""Length of what sets a template apart from its person's direction: two pictures then have a cosine of about
0.5, as on the development faces."""
_PROBES, _CHECKED = 101, 3
_SEED = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """One size of gallery: median CPU milliseconds a probe by Kith's matcher and by the plain way; seconds to
    make the matcher; off: largest difference of a score from the best of all people's, each asked alone; None
    where that was not looked at."""

    people: int
    matcher_ms: float
    every_template_ms: float
    made_s: float
    off: float | None

    @property
    def templates(self) -> int:
        """In the gallery."""
        return self.people * TEMPLATES_EACH


def measure(people: Sequence[int] = PEOPLE) -> list[Searched]:
    """Each size of gallery."""
    model_id = read_manifest(models_dir()).networks["embedder"].model_id
    point = load_operating_point(calibration_dir() / "operating_point.toml", model_id)
    return [_measure(count, point) for count in people]


def table(searched: Sequence[Searched]) -> list[str]:
    """Lines of Markdown: each size, and the aims."""
    lines = [
        "| people | templates | Kith's matcher, ms | every template, ms | matcher made in | largest error |",
        "| ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for each in searched:
        off = "" if each.off is None else f"{each.off:.0e}"
        lines.append(
            f"| {each.people:,} | {each.templates:,} | {each.matcher_ms:.3f} | {each.every_template_ms:.3f} |"
            f" {each.made_s * 1e3:.1f} ms | {off} |"
        )
    return [
        *lines,
        "",
        *(_verdict(each, LIMITS_MS[each.people]) for each in searched if each.people in LIMITS_MS),
    ]


def _verdict(searched: Searched, limit_ms: float) -> str:
    told = "reached" if searched.matcher_ms < limit_ms else "**missed**"
    measured = f"measured {searched.matcher_ms:.2g} ms"
    return f"- {searched.templates:,} templates: asked under {limit_ms:g} ms, {measured}, {told}."


def gallery(people: int, dimensions: int, model_id: str, rng: np.random.Generator) -> TemplateSet:
    """People of ten templates each."""
    middles = _unit(rng.normal(size=(people, dimensions)))
    vectors = _near(np.repeat(middles, TEMPLATES_EACH, axis=0), rng)
    ids = np.repeat(np.arange(people, dtype=np.int64), TEMPLATES_EACH)
    vectors.setflags(write=False)
    ids.setflags(write=False)
    return TemplateSet(vectors=vectors, person_ids=ids, model_id=model_id)


def _measure(people: int, point: OperatingPoint) -> Searched:
    rng = np.random.default_rng(_SEED)
    templates = gallery(people, len(point.centre), point.model_id, rng)
    began_s = time.process_time()
    matcher = Matcher(templates, point)
    made_s = time.process_time() - began_s
    mated = templates.vectors[rng.integers(0, len(templates.vectors), _PROBES)]
    probes = [Embedding(vector=vector, model_id=point.model_id) for vector in _near(mated, rng)]

    def plainly(probe: Embedding) -> int:
        return int(templates.person_ids[np.argmax(templates.vectors @ probe.vector)])

    return Searched(
        people=people,
        matcher_ms=_median_ms(matcher.identify, probes),
        every_template_ms=_median_ms(plainly, probes),
        made_s=made_s,
        off=_off(templates, matcher, probes[:_CHECKED]) if people in LIMITS_MS else None,
    )


def _off(templates: TemplateSet, matcher: Matcher, probes: Sequence[Embedding]) -> float:
    """How far the best score is from the best of all people's scores, each asked alone."""
    best = np.full(len(probes), -np.inf)
    for start in range(0, len(templates.person_ids), TEMPLATES_EACH):
        own = slice(start, start + TEMPLATES_EACH)
        alone = Matcher(
            TemplateSet(
                vectors=templates.vectors[own],
                person_ids=templates.person_ids[own],
                model_id=templates.model_id,
            ),
            matcher.point,
        )
        best = np.maximum(best, [alone.identify(probe).score or 0.0 for probe in probes])
    found = [matcher.identify(probe).score or 0.0 for probe in probes]
    return float(np.max(np.abs(best - found)))


def _median_ms(search: Callable[[Embedding], object], probes: Sequence[Embedding]) -> float:
    times = []
    for probe in probes:
        began_s = time.process_time()
        search(probe)
        times.append(time.process_time() - began_s)
    return statistics.median(times) * 1e3


def _near(vectors: F32, rng: np.random.Generator) -> F32:
    scatter = _unit(rng.normal(size=vectors.shape)) * np.float32(_SCATTER)
    return _unit(vectors + scatter)


def _unit(vectors: np.ndarray) -> F32:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)
