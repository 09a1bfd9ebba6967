"""All that Kith may say, as a grammar of the table's lines: what cannot be made from it nobody wrote down."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from kith.announce import inventory, words
from kith.announce.phrasing import capital
from kith.announce.words import LINES, REASONS
from kith.types import Earcon

_COUNT = "(?:zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|[0-9]+)"
_EXCUSES = ("here.missing", "here.off", "here.failed")
"""Of what is not looked for; who is here is said first."""
_TOUR = "tour."
"""What the book may begin with, and with what is broken."""


class Wording:
    """Of a device that knows people by these names."""

    def __init__(self, names: Iterable[str]) -> None:
        made = (r"(?:person|thing) \d+", "the name", "some(?:one|thing) known")
        name = "|".join([*map(re.escape, names), *made])
        self._name = f"(?:(?:{name})(?: {words.OR} (?:{name}))*)"
        slots = self._slots()
        self._lines = {key: _line(line.text, slots) for key, line in LINES.items() if line.text}
        self._compiled = {key: re.compile(line) for key, line in self._lines.items()}
        tour = "|".join(text for key, text in self._lines.items() if _is_of_the_tour(key))
        self._tour = re.compile(f"(?:{tour})(?: (?:{tour}))*")
        self._callouts = re.compile(self._sentences())
        self._here = re.compile(self._survey())
        excuse = self._without_a_survey()
        self._excuses = {key: re.compile(excuse + self._lines[key]) for key in _EXCUSES}

    def keys_of(self, text: str) -> list[str]:
        """The lines that these words are; "people" for who is here, "here" for what else is, "tour" for how
        the device does; empty for what nobody wrote down."""
        keys = [key for key, line in self._compiled.items() if line.fullmatch(text)]
        if self._callouts.fullmatch(text):
            keys.append("people")
        elif self._here.fullmatch(text):
            keys.append("here")
        keys += [key for key, excuse in self._excuses.items() if excuse.fullmatch(text)]
        if self._tour.fullmatch(text):
            keys.append("tour")
        return keys

    def allows(self, text: str, sound: Earcon | None) -> bool:
        """Whether these words may come after that sound, or that sound alone where there are none."""
        if not text:
            return any(line.sound is sound and not line.text for line in LINES.values()) or (
                sound is Earcon.STRANGER
            )
        return any(sound in _sounds_of(key) for key in self.keys_of(text))

    def _slots(self) -> list[tuple[str, str]]:
        reasons = [reason.replace("{name}", "\0") for reason in REASONS.values()]

        def any_of(change: Callable[[str], str]) -> str:
            said = "|".join(re.escape(change(reason)) for reason in reasons)
            return f"(?:{said})".replace(re.escape("\0"), self._name).replace("\0", self._name)

        return [
            ("name", self._name),
            ("count", _COUNT),
            ("things", _COUNT),
            ("Count", f"(?i:{_COUNT})"),
            ("reason", any_of(str)),
            ("Reason", any_of(capital)),
        ]

    def _sentences(self) -> str:
        directions = "|".join(word for _, word in words.DIRECTIONS)
        distances = "|".join([*(word for _, word in words.DISTANCES), words.FAR])
        where = f"(?:, (?:{directions}), (?:{distances}))?(?:, {words.FACING})?"
        someone = f"{self._name}{where}\\."
        others = f"{words.OTHER_ONE}|{words.OTHER_MANY.replace('{Count}', f'(?i:{_COUNT})')}"
        return f"{someone}(?: {someone})*(?: (?:{others})\\.)?"

    def _people(self) -> str:
        """What a tap is answered, where there is anybody."""
        lines = (line for key, line in self._lines.items() if re.match(r"answer\.(stranger|unsure)_", key))
        return "|".join([self._sentences(), *lines])

    def _survey(self) -> str:
        """People, things, objects: at least one of them."""
        directions = "|".join(word for _, word in words.DIRECTIONS)
        thing = f"{self._name}, (?:{directions})(?:, {inventory.NEAR})?\\."
        one = "|".join(one for one, _ in inventory.OBJECTS.values())
        many = "|".join(many for _, many in inventory.OBJECTS.values())
        places = "|".join(inventory.PLACES.values())
        group = f"(?:(?i:{one})|(?i:{_COUNT}) (?:{many})) (?:{places})"
        objects = f"{group}(?:, {group})*\\."
        sentences = f"(?:{self._people()}|{thing})(?: {thing})*(?: {objects})?|{objects}"
        return f"(?:{sentences})"

    def _without_a_survey(self) -> str:
        answers = "|".join(line for key, line in self._lines.items() if key.startswith("answer."))
        return f"(?:{self._sentences()}|{answers}) "


def _line(template: str, slots: list[tuple[str, str]]) -> str:
    pattern = re.escape(template)
    for slot, what in slots:
        pattern = pattern.replace(re.escape("{" + slot + "}"), what)
    return pattern


def _is_of_the_tour(key: str) -> bool:
    return key.startswith(_TOUR) or LINES[key].sound is Earcon.FAULT or key == "camera.covered"


def _sounds_of(key: str) -> tuple[Earcon | None, ...]:
    if key == "people":
        return None, Earcon.STRANGER
    return (None,) if key in ("tour", "here") else (LINES[key].sound,)
