"""The figures as sentences, the same on the terminal and in the report."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from calibration.evaluation.open_set import OpenSet
from calibration.evaluation.statistics import Rate
from kith.recognition.operating_point import OperatingPoint

if TYPE_CHECKING:
    from calibration.evaluation.measure import Evaluation

NOT_MEASURED = "not measured"


def told(rate: object) -> str:
    """A rate or an estimate with its interval, or that there is none."""
    return NOT_MEASURED if rate is None else str(rate)


def in_a_thousand(rate: Rate | None) -> str:
    """The sentence about strangers."""
    if rate is None:
        return "There were no strangers to be named."
    low, high = rate.low * 1000, rate.high * 1000
    return (
        f"Of a thousand strangers {rate.value * 1000:.1f} would be named "
        f"({low:.1f} to {high:.1f}, 95 % interval over {rate.people} people)."
    )


def operating_point(point: OperatingPoint) -> str:
    """Its thresholds and margin."""
    return (
        f"threshold {point.threshold}, {point.fused_threshold} for fused tracks, in a gallery of "
        f"{point.gallery_people}; {point.growth} more for each e-fold of people; margin {point.margin}"
    )


def people(count: int) -> str:
    """So many people."""
    return "1 person" if count == 1 else f"{count} people"


def photos(count: int) -> str:
    """So many photos."""
    return "1 photo" if count == 1 else f"{count} photos"


def galleries(result: OpenSet) -> str:
    """What a result is of."""
    of = "" if result.people == 1 else " each"
    return f"{result.galleries} random galleries of {people(result.people)} with {photos(result.photos)}{of}"


def summary(evaluation: Evaluation) -> Iterator[str]:
    """The lines for the terminal."""
    counted, point = evaluation.counted, evaluation.point
    yield (f"{counted.photos} photos of {people(counted.people)}; {point.model_id}, {operating_point(point)}")
    if evaluation.verification is not None:
        verification = evaluation.verification
        yield f"1:1  EER {told(verification.eer)}"
        for each in verification.fnmr_at:
            yield f"     FNMR at FMR {each.fmr:g}: {each.fnmr}"
    if evaluation.main is not None:
        yield from _open_set("Single looks", evaluation.main)
    if evaluation.tracks is not None:
        yield from _open_set("Fused tracks of 3 to 5 looks", evaluation.tracks)
    yield from (f"note: {line}" for line in evaluation.notes)


def _open_set(title: str, result: OpenSet) -> Iterator[str]:
    rates = result.shipped
    yield f"{title}, {galleries(result)}:"
    yield f"     TPIR  enrolled, named rightly          {told(rates.tpir)}"
    yield f"           enrolled, given another's name   {told(rates.wrong_name)}"
    yield f"           enrolled, told as one of two     {told(rates.ambiguous)}"
    yield f"     FPIR  strangers given any name         {told(rates.fpir)}"
    yield f"     {in_a_thousand(rates.fpir)}"
