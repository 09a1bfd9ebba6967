"""What is tried beside the score itself: gallery size, templates of no face, people who are alike, tracks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from calibration import _lfw
from calibration._progress import progress
from calibration._scores import (
    People,
    Probes,
    Scores,
    fused,
    halves,
    looks_of,
    mean_face,
    scatter_of,
    score,
    tracks_of,
)
from calibration.operating_point import growth_of, tune
from kith.recognition.matcher import TemplateSet, centred, margin_growth, middles
from kith.types import F32, U8, AlignedFace
from kith.vision.imaging import open_photo
from kith.vision.pipeline import FaceAnalyzer

SEED = 20_262
_SIZES = (1, 10, 50, 120)
_PATCH_PX = 80
_PATCHES = 400
_LIKENESS = (0.0, 0.3, 0.5, 0.7, 1.0)
_VARIED = 3


def sizes(people: People, model_id: str, galleries: int) -> Iterator[str]:
    """FPIR and TPIR by people in the gallery: one threshold, and the one that grows with their number; and
    whether a gallery's own closest pairs tell its threshold."""
    yield "\npeople   one threshold: FPIR, TPIR    by size: FPIR, TPIR    closest pairs and threshold: r"
    one, other = halves(people, SEED)
    gathered: dict[int, list[tuple[float, ...]]] = {}
    for tuned_on, measured_on in ((one, other), (other, one)):
        tuned = tune(tuned_on, model_id, SEED)
        rng = np.random.default_rng(SEED)
        centre = np.array(tuned.centre, np.float32)
        growth = growth_of(tuned_on, model_id, centre, SEED)
        for size in _SIZES:
            grown = tuned.threshold + growth * float(np.log(size / 50))
            for _ in range(galleries * max(1, 50 // size)):
                trial = _lfw.draw(measured_on, model_id, size, 3, rng)
                scored = score(trial, looks_of(trial), centre, tuned.scatter)
                figures = [
                    rate for least in (tuned.threshold, grown) for rate in _rates(scored, least, tuned.margin)
                ]
                needed = float(np.quantile(scored.best[scored.strangers], 0.995))
                gathered.setdefault(size, []).append((*figures, needed, _closest(trial.templates, centre)))
    for size, rows in gathered.items():
        columns = np.array(rows).T
        fixed_f, fixed_t, grown_f, grown_t = columns[:4].mean(axis=1)
        likeness = f"{np.corrcoef(columns[4], columns[5])[0, 1]:+.2f}" if size > 1 else ""
        rates = f"{fixed_f:13.2%}, {fixed_t:7.2%}      {grown_f:7.2%}, {grown_t:7.2%}"
        yield f"{size:6}   {rates}   {likeness:>10}"


def _rates(scored: Scores, threshold: float, margin: float) -> tuple[float, float]:
    named, rightly = scored.named(threshold), scored.named_rightly(threshold, margin)
    return float(named[scored.strangers].mean()), float(rightly[~scored.strangers].mean())


def _closest(templates: TemplateSet, centre: F32) -> float:
    """Mean over people of the cosine to the one most like them."""
    vectors = middles(templates, centre).vectors
    if len(vectors) < 2:
        return 0.0
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -1)
    return float(cosines.max(axis=1).mean())


def no_faces(analyzer: FaceAnalyzer, people: People, data: Path, galleries: int) -> Iterator[str]:
    """One template of each person is replaced by one of no face: how others of no face, strangers and the
    people themselves then fare, where the threshold names 0.3 % of strangers while nothing is replaced."""
    patches = _patches(analyzer, data)
    one, other = halves(people, SEED)
    centre, rng = mean_face(one), np.random.default_rng(SEED)
    rows: dict[tuple[int, str], list[tuple[float, float, float]]] = {}
    for photos in (3, 5):
        for _ in range(galleries):
            trial = _lfw.draw(other, analyzer.model_id, 50, photos, rng)
            spoilt, probes = _spoilt(trial.templates, patches, rng), looks_of(trial)
            for name, middle, of in _WAYS:
                mean = centre if of else np.zeros_like(centre)
                clean, gallery = middle(trial.templates, mean), middle(spoilt, mean)
                asked, nothing = centred(probes.vectors, mean), centred(patches, mean)
                strangers = (asked[probes.truth < 0] @ clean.T).max(axis=1)
                least = float(np.quantile(strangers, 1 - 0.003))
                rows.setdefault((photos, name), []).append(
                    (
                        float(((nothing @ gallery.T).max(axis=1) >= least).mean()),
                        *_named(asked, probes, gallery, least),
                    )
                )
    yield f"\none template of no face{'':24} no face named   strangers named   named rightly"
    for (photos, name), figures in rows.items():
        no_face, named, rightly = np.mean(figures, axis=0)
        yield f"  of {photos}: {name:39} {no_face:13.2%} {named:17.2%} {rightly:15.2%}"


def _named(asked: F32, probes: Probes, gallery: F32, least: float) -> tuple[float, float]:
    scores = asked @ gallery.T
    named = scores.max(axis=1) >= least
    strangers = probes.truth < 0
    rightly = named & (scores.argmax(axis=1) == probes.truth)
    return float(named[strangers].mean()), float(rightly[~strangers].mean())


def _kept(templates: TemplateSet, centre: F32) -> F32:
    """As shipped: templates that disagree are set aside."""
    return middles(templates, centre).vectors


def _means(templates: TemplateSet, centre: F32) -> F32:
    """All templates count."""
    people = np.unique(templates.person_ids)
    vectors = centred(templates.vectors, centre)
    sums = np.array([vectors[templates.person_ids == each].sum(axis=0) for each in people])
    return centred(sums, np.zeros_like(centre))


_WAYS = (
    ("plain cosine, mean of all", _means, False),
    ("less the mean face, mean of all", _means, True),
    ("less the mean face, outliers set aside", _kept, True),
)


def _spoilt(templates: TemplateSet, patches: F32, rng: np.random.Generator) -> TemplateSet:
    vectors = templates.vectors.copy()
    _, first = np.unique(templates.person_ids, return_index=True)
    vectors[first] = patches[rng.choice(len(patches), len(first))]
    return replace(templates, vectors=vectors)


def _patches(analyzer: FaceAnalyzer, data: Path) -> F32:
    """Embeddings of corners of photos, where there is hair, cloth and background."""
    photos = _lfw.photos_of(data)
    rng = np.random.default_rng(SEED)
    vectors = []
    chosen = [photos[at] for at in rng.permutation(len(photos))[:_PATCHES]]
    for path in progress(chosen, "embedding no faces"):
        rgb = open_photo(path).rgb
        top, left = (int(rng.choice([0, side - _PATCH_PX])) for side in rgb.shape[:2])
        patch = cv2.resize(rgb[top : top + _PATCH_PX, left : left + _PATCH_PX], (112, 112))
        vectors.append(analyzer.embed(AlignedFace(rgb=np.asarray(patch, np.uint8))).vector)
    return np.array(vectors, np.float32)


def alike(people: People) -> Iterator[str]:
    """Two people who are more and more alike, the second made so by moving all looks of theirs towards the
    first's mean: how often the wrong one of the two is named, and how often both."""
    centre = mean_face(people)
    scatter = scatter_of(people, centre)
    own = [
        centred(
            np.array([one.meant.embedding.vector for one in photos if one.meant and one.meant.embedding]),
            centre,
        )
        for _, photos in sorted(people.items())
    ]
    many = [looks for looks in own if len(looks) >= 8]
    rng = np.random.default_rng(SEED)
    yield "\ntwo alike, 3 photos each   cosine   one margin: wrong, both   growing margin: wrong, both"
    for share in _LIKENESS:
        rows = []
        for mine, looks in enumerate(many):
            for at in rng.choice(np.delete(np.arange(len(many)), mine), 4):
                others = rng.permutation(many[at])
                moved = centred(
                    others + share * (looks.mean(axis=0) - others.mean(axis=0)), np.zeros_like(centre)
                )
                rows += _told_apart(rng.permutation(looks), moved, scatter)
        likeness, lead, growth = np.array(rows).T
        line = f"moved by {share:4.0%} {np.median(likeness):18.2f}"
        for margin in (np.full_like(growth, 0.1), 0.1 * growth):
            line += f" {(lead < -margin).mean():19.2%}, {(np.abs(lead) < margin).mean():6.2%}"
        yield line


def _told_apart(mine: F32, theirs: F32, scatter: float) -> list[tuple[float, float, float]]:
    middle, other = (looks[:3].sum(axis=0) for looks in (mine, theirs))
    middle, other = middle / np.linalg.norm(middle), other / np.linalg.norm(other)
    likeness, three = np.array(middle @ other), np.array(3)
    growth = float(margin_growth(likeness, three, three, scatter))
    leads = [*(mine[3:] @ (middle - other)), *(theirs[3:] @ (other - middle))]
    return [(float(likeness), float(lead), growth) for lead in leads]


def tracks(analyzer: FaceAnalyzer, people: People, galleries: int) -> Iterator[str]:
    """Fused tracks at both thresholds: of several photos, and of one photo as it varies on a walk."""
    yield "\ntracks of 50 x 3              at the single look's: FPIR, TPIR    at the tracks' own: FPIR, TPIR"
    one, other = halves(people, SEED)
    varied = _varied(analyzer, people)
    rows: dict[str, list[tuple[float, ...]]] = {}
    for tuned, measured_on in (
        (tune(one, analyzer.model_id, SEED), other),
        (tune(other, analyzer.model_id, SEED), one),
    ):
        rng = np.random.default_rng(SEED)
        centre = np.array(tuned.centre, np.float32)
        for _ in range(galleries):
            trial = _lfw.draw(measured_on, analyzer.model_id, 50, 3, rng)
            kinds = {
                "one look": looks_of(trial),
                "several photos": tracks_of(trial, rng),
                "one photo, varied": _of(trial, varied),
            }
            for kind, probes in kinds.items():
                scored = score(trial, probes, centre, tuned.scatter)
                figures = [
                    rate
                    for least in (tuned.threshold, tuned.fused_threshold)
                    for rate in _rates(scored, least, tuned.margin)
                ]
                rows.setdefault(kind, []).append(tuple(figures))
    for kind, found in rows.items():
        fpir, tpir, own_fpir, own_tpir = np.mean(found, axis=0)
        yield f"{kind:29} {fpir:20.3%}, {tpir:7.2%} {own_fpir:25.3%}, {own_tpir:7.2%}"


def _of(trial: _lfw.Trial, varied: dict[int, F32]) -> Probes:
    probes = [each for each in trial.probes if id(each[1]) in varied]
    return Probes(
        vectors=np.array([varied[id(one)] for _, one, _ in probes], np.float32),
        people=tuple(person for person, _, _ in probes),
        truth=np.array([-1 if truth is None else truth for _, _, truth in probes], np.int64),
    )


def _varied(analyzer: FaceAnalyzer, people: People) -> dict[int, F32]:
    """Of one photo of each person, two where they have more than three: three looks that differ as on a walk,
    fused."""
    rng = np.random.default_rng(SEED)
    chosen = [
        one
        for photos in people.values()
        for one in photos[: 1 + (len(photos) > 3)]
        if one.meant is not None and one.meant.embedding is not None
    ]
    result = {}
    for one in progress(chosen, "embedding varied looks"):
        assert one.meant is not None
        rgb = one.meant.assessment.aligned.rgb
        looks = [analyzer.embed(AlignedFace(rgb=_vary(rgb, rng))) for _ in range(_VARIED)]
        result[id(one)] = fused(looks)
    return result


def _vary(rgb: U8, rng: np.random.Generator) -> U8:
    """Moved by up to 3 px, turned by up to 4 degrees, blurred and lit otherwise."""
    turn = cv2.getRotationMatrix2D((56, 56), float(rng.uniform(-4, 4)), float(rng.uniform(0.96, 1.04)))
    turn += np.pad(rng.uniform(-3, 3, (2, 1)), ((0, 0), (2, 0)))
    moved = cv2.warpAffine(rgb, turn, (112, 112), borderMode=cv2.BORDER_REPLICATE)
    blurred = cv2.GaussianBlur(moved, (0, 0), float(rng.uniform(0.3, 1.5)))
    lit = blurred * rng.uniform(0.7, 1.3) + rng.uniform(-15, 15)
    return np.asarray(np.clip(lit, 0, 255), np.uint8)
