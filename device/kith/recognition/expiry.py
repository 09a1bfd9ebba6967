"""Who was not met for so long that the wearer is to be asked whether they still are to be known. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from kith.config import ExpirySettings
from kith.types import Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiry:
    """tell: of whom the wearer is to be told now; forget: who is to be forgotten now; expired: all who were
    not met for long. Those to be told of and to be forgotten are among them."""

    tell: tuple[int, ...] = ()
    forget: tuple[int, ...] = ()
    expired: frozenset[int] = frozenset()


def due(people: Sequence[Person], today: date, settings: ExpirySettings) -> Expiry:
    """What is due on a day, in UTC as all days here are. Nobody is forgotten of whom the wearer was not told
    at least `grace_days` before; who is met in between is not told of any more (`Gallery.met`).

    A clock that jumped back says nothing: on a day before one that is known already nothing is due.
    """
    if settings.after_days == 0 or any(today < _newest_day(person) for person in people):
        return Expiry()
    expired = [person for person in people if (today - _last_met(person)).days >= settings.after_days]
    return Expiry(
        tell=tuple(person.person_id for person in expired if person.expiry_told_on is None),
        forget=tuple(
            person.person_id for person in expired if settings.forget and _warned(person, today, settings)
        ),
        expired=frozenset(person.person_id for person in expired),
    )


def _warned(person: Person, today: date, settings: ExpirySettings) -> bool:
    told_on = person.expiry_told_on
    return told_on is not None and (today - date.fromisoformat(told_on)).days >= settings.grace_days


def _last_met(person: Person) -> date:
    # Who was enrolled before meetings were kept was met that day, as far as is known.
    return date.fromisoformat(person.met_on) if person.met_on is not None else _consented_on(person)


def _newest_day(person: Person) -> date:
    told_on = person.expiry_told_on
    days = [_consented_on(person), _last_met(person)]
    return max([*days, date.fromisoformat(told_on)] if told_on is not None else days)


def _consented_on(person: Person) -> date:
    return datetime.fromisoformat(person.consented_at).date()
