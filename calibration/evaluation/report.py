"""The report: one HTML file that needs nothing else, with every chart's figures in a table beside it."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from calibration.evaluation import figures
from calibration.evaluation.degraded import ByCondition
from calibration.evaluation.measure import Evaluation
from calibration.evaluation.open_set import OpenSet
from calibration.evaluation.strangers import Stranger
from calibration.evaluation.verification import Verification
from calibration.evaluation.words import (
    NOT_MEASURED,
    galleries,
    in_a_thousand,
    operating_point,
    people,
    photos,
    told,
)
from kith.vision.imaging import load_photo

SCHEMA = 1
"""Of the JSON; counted up when a field changes its meaning or goes."""
_PICTURE_PX = 180
_STYLE = """
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 76rem; margin: 0 auto; padding: 1rem; color: #1a1a1a;
  background: #fff }
h1 { line-height: 1.2 } h2 { margin-top: 2.5rem; border-top: 1px solid #ccc; padding-top: 1rem }
.lead { font-size: 1.2rem; border-left: .3rem solid #0072b2; padding-left: 1rem }
.beside { display: flex; flex-wrap: wrap; gap: 1rem; align-items: flex-start }
.beside > * { flex: 1 1 26rem; min-width: 0 } .beside img { width: 100%; height: auto }
.scroll { overflow-x: auto } table { border-collapse: collapse; font-size: .9rem; width: 100% }
caption { text-align: left; font-weight: 600; padding: .3rem 0 }
th, td { text-align: left; vertical-align: top; padding: .25rem .5rem; border-bottom: 1px solid #ddd }
small { display: block; white-space: nowrap; color: #444 }
.pairs { display: grid; grid-template-columns: repeat(auto-fill, minmax(19rem, 1fr)); gap: 1rem }
figure { margin: 0; border: 1px solid #ddd; padding: .6rem } figure img { width: 49% }
figcaption { font-size: .9rem }
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """When and by what a report was made. commit: "unknown" outside a checkout."""

    at: str
    version: str
    commit: str
    folder: str
    quick: bool


def page(evaluation: Evaluation, made: Made) -> str:
    """The HTML."""
    parts = [
        "<h1>How well Kith tells people apart</h1>",
        *_lead(evaluation),
        *_what(evaluation, made),
        *_verification(evaluation.verification),
        *_open_sets(evaluation),
        *_tracks(evaluation),
        *_conditions(evaluation),
        *_strangers(evaluation.strangers),
    ]
    body = "\n".join(parts)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Kith: evaluation on {escape(made.folder)}</title><style>{_STYLE}</style></head>\n"
        f"<body><main>\n{body}\n</main></body></html>\n"
    )


def as_json(evaluation: Evaluation, made: Made) -> dict[str, Any]:
    """The object of docs/evaluation.md, photos as NAME/FILE."""
    values = asdict(evaluation)
    del values["point"]["centre"]  # a vector, and in the file of the operating point
    for each in values["strangers"]:
        for key in ("probe", "template"):
            each[key] = "/".join(each[key].parts[-2:])
    return {"schema": SCHEMA, "made": asdict(made), **values}


def _lead(evaluation: Evaluation) -> Iterator[str]:
    main = evaluation.main
    if main is None:
        yield "<p class=lead>The folder is too small: nobody could be enrolled and recognised.</p>"
        return
    rates = main.shipped
    yield f"<p class=lead>{escape(in_a_thousand(rates.fpir))} Of enrolled people's looks "
    yield f"{escape(told(rates.tpir))} got the right name alone, {escape(told(rates.wrong_name))} another's. "
    yield f"Single looks, {escape(galleries(main))}.</p>"
    if evaluation.tracks is not None:
        words = in_a_thousand(evaluation.tracks.shipped.fpir)
        right = told(evaluation.tracks.shipped.tpir)
        yield f"<p>With three to five looks fused: {escape(words)} "
        yield f"{escape(right)} got the right name alone.</p>"


def _what(evaluation: Evaluation, made: Made) -> Iterator[str]:
    counted, point = evaluation.counted, evaluation.point
    judged = sum(counted.judged.values())
    yield "<h2>What was measured</h2>"
    rows = [
        ("Folder", made.folder + (", a sample of it (quick)" if made.quick else "")),
        (
            "Photos",
            f"{counted.photos} of {people(counted.people)}, {len(counted.unreadable)} more unreadable",
        ),
        ("People by their photos", _shares(counted.photos_each, counted.people)),
        ("As probes", _shares(counted.judged, judged)),
        ("For enrolling, one by one", _shares(counted.enrollable, judged)),
        ("Network", point.model_id),
        ("Operating point", operating_point(point)),
        ("It was measured", f"{point.measured_at}, on {point.measured_on}"),
        ("Seed", str(evaluation.seed)),
        (
            "Made",
            f"{made.at}, Kith {made.version}, commit {made.commit}, in {evaluation.took_s / 60:.1f} min",
        ),
    ]
    yield _table("Setting", ("", ""), rows)
    if evaluation.notes:
        yield "<h3>What could not be measured</h3><ul>"
        yield from (f"<li>{escape(line)}</li>" for line in evaluation.notes)
        yield "</ul>"
    yield "<p>Intervals are of 95 %, by drawing the people (and the galleries) anew, not the looks.</p>"


def _verification(result: Verification | None) -> Iterator[str]:
    if result is None:
        return
    yield "<h2>1:1, one look against one</h2>"
    yield f"<p>{result.mated_pairs} pairs of one person and {result.nonmated_pairs} of two, from "
    yield f"{result.looks} looks of {people(result.people)}.</p>"
    rows = [("EER", "", told(result.eer))]
    rows += [
        (f"FNMR at FMR {each.fmr:g}", f"{each.threshold:.3f}", str(each.fnmr)) for each in result.fnmr_at
    ]
    rows.append(("FMR at Kith's threshold", f"{result.threshold:.3f}", f"{result.fmr:.2e}"))
    rows.append(("FNMR at Kith's threshold", f"{result.threshold:.3f}", f"{100 * result.fnmr:.2f} %"))
    words = (
        "DET curve: the share of pairs of one person missed, over the share of pairs of two taken for one."
    )
    yield _beside(figures.det_svg(result), words, _table("1:1", ("", "threshold", "rate"), rows))


def _open_sets(evaluation: Evaluation) -> Iterator[str]:
    if not evaluation.open_set:
        return
    yield "<h2>1:N, people who are enrolled and people who are not</h2>"
    for count in dict.fromkeys(each.photos for each in evaluation.open_set):
        same = [each for each in evaluation.open_set if each.photos == count]
        title = f"{photos(count)} of each person enrolled"
        yield f"<h3>{title}</h3>"
        words = f"TPIR over FPIR for galleries of {', '.join(str(each.people) for each in same)} people."
        table = _open_set_table("At the shipped operating point", same)
        yield _beside(figures.open_set_svg(same, title), words + " A star marks the operating point.", table)
        yield _tpir_at(same)


def _tracks(evaluation: Evaluation) -> Iterator[str]:
    if evaluation.tracks is None or evaluation.main is None:
        return
    yield "<h2>Fused tracks</h2><p>Three to five photos of one person, fused as the wearable fuses the looks "
    yield "of a track. Photos differ more than frames of one moment: this is what fusing gives at best.</p>"
    both = [evaluation.main, evaluation.tracks]
    names = ("single looks", "fused tracks")
    drawn = figures.open_set_svg(both, people(evaluation.main.people), names)
    words = "TPIR over FPIR for single looks and for fused tracks."
    yield _beside(drawn, words, _open_set_table("At the shipped operating point", both, names))


def _conditions(evaluation: Evaluation) -> Iterator[str]:
    if not evaluation.conditions or evaluation.main is None:
        return
    yield "<h2>By condition</h2><p>Looks made worse, against galleries of good photos: "
    yield f"{people(evaluation.main.people)} with {photos(evaluation.main.photos)} each. "
    yield "A look that is not judged names nobody, so it lowers TPIR and FPIR alike.</p>"
    for condition in evaluation.conditions:
        words = f"{condition.title}: TPIR, looks not judged and FPIR by {condition.unit}."
        yield f"<h3>{escape(condition.title)}</h3><p>{escape(condition.words)}.</p>"
        yield _beside(figures.condition_svg(condition), words, _condition_table(condition))


def _strangers(found: Sequence[Stranger]) -> Iterator[str]:
    if not found:
        return
    yield "<h2>The strangers who came nearest to somebody enrolled</h2>"
    yield "<p>Left the stranger, right the enrolled photo most like it; each two people once. One person "
    yield "under two names is a mistake of the folder. The photos make this report private.</p>"
    yield "<div class=pairs>"
    for each in found:
        fate = "named" if each.named else "not named"
        words = (
            f"{_spoken(each.person)} against {_spoken(each.resembles)}: score {each.score:.3f}, {fate}; "
            f"{each.template_score:.3f} with this photo alone"
        )
        probe = _picture(each.probe, f"stranger: {_spoken(each.person)}")
        template = _picture(each.template, f"enrolled: {_spoken(each.resembles)}")
        yield f"<figure>{probe} {template}<figcaption>{escape(words)}</figcaption></figure>"
    yield "</div>"


def _open_set_table(caption: str, results: Sequence[OpenSet], names: Sequence[str] = ()) -> str:
    heads = ("gallery", "TPIR", "wrong name", "one of two", "FPIR", "strangers in 1,000", "worst gallery")
    rows = []
    for at, each in enumerate(results):
        rates = each.shipped
        rows.append(
            (
                names[at] if names else people(each.people),
                told(rates.tpir),
                told(rates.wrong_name),
                told(rates.ambiguous),
                told(rates.fpir),
                NOT_MEASURED if rates.fpir is None else rates.fpir.per_thousand,
                f"{1000 * each.worst_gallery_fpir:.1f}",
            )
        )
    return _table(caption, heads, rows)


def _tpir_at(results: Sequence[OpenSet]) -> str:
    rows = [
        (people(each.people), f"{100 * at.fpir:.1f} %", f"{at.threshold:.3f}", str(at.tpir))
        for each in results
        for at in each.tpir_at
    ]
    if not rows:
        return ""
    return _table(
        "TPIR where the threshold allows an FPIR of", ("gallery", "FPIR", "threshold", "TPIR"), rows
    )


def _condition_table(condition: ByCondition) -> str:
    rows = [
        (
            each.label,
            told(each.rates.tpir),
            told(each.rates.wrong_name),
            NOT_MEASURED if each.rates.fpir is None else each.rates.fpir.per_thousand,
            told(each.rates.rejected),
            "0" if each.rates.rejected is None else str(each.rates.rejected.people),
        )
        for each in condition.levels
    ]
    heads = (condition.unit, "TPIR", "wrong name", "strangers named in 1,000", "not judged", "people")
    return _table(condition.title, heads, rows)


def _shares(counts: dict[int, int] | dict[str, int], total: int) -> str:
    return ", ".join(f"{key}: {count} ({100 * count / max(total, 1):.1f} %)" for key, count in counts.items())


def _table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    top = "".join(f"<th scope=col>{escape(head)}</th>" for head in heads)
    lines = []
    for first, *rest in rows:
        cells = "".join(f"<td>{_cell(cell)}</td>" for cell in rest)
        lines.append(f"<tr><th scope=row>{escape(first)}</th>{cells}</tr>")
    head = f"<thead><tr>{top}</tr></thead>" if any(heads) else ""
    return (
        f"<div class=scroll tabindex=0><table><caption>{escape(caption)}</caption>{head}"
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def _cell(text: str) -> str:
    """An interval stands below its value."""
    value, bracket, span = text.partition(" (")
    if " to " not in span or not span.endswith(")"):
        return escape(text)
    return f"{escape(value)} <small>{escape(bracket.strip() + span)}</small>"


def _beside(svg: str, words: str, table: str) -> str:
    data = base64.b64encode(svg.encode()).decode()
    image = f'<img alt="{escape(words)}" src="data:image/svg+xml;base64,{data}">'
    return f"<div class=beside>{image}{table}</div>"


def _picture(path: Path, words: str) -> str:
    rgb = load_photo(path)
    scale = _PICTURE_PX / max(rgb.shape)
    small = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    _, data = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 85])
    source = base64.b64encode(np.asarray(data, np.uint8).tobytes()).decode()
    return f'<img alt="{escape(words)}" src="data:image/jpeg;base64,{source}">'


def _spoken(name: str) -> str:
    return name.replace("_", " ")
