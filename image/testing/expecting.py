"""What a gallery must hold after a cut, by what was told before it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

People = Mapping[str, str]
"""Names, and a trace of all that is kept of each."""


@dataclass(slots=True, kw_only=True)
class Expected:
    """Follows what the writer tells. people: what was confirmed; begun: a change that was not."""

    people: dict[str, str] = field(default_factory=dict)
    begun: dict[str, Any] | None = None
    confirmed: int = 0

    def take(self, said: Mapping[str, Any]) -> None:
        """One line of the writer."""
        if "will" in said:
            self.begun = {**said, "did": said["will"]}
        elif "did" in said:
            _apply(self.people, said)
            self.begun, self.confirmed = None, self.confirmed + 1

    def problems(self, found: People) -> list[str]:
        """How what is there differs from what must be; a change that was begun may be there or not, whole."""
        may = [dict(self.people)]
        if self.begun is not None and self.begun["did"] != "add":
            after = dict(self.people)
            _apply(after, self.begun)
            may.append(after)
        allowed = [dict(found)]
        if self.begun is not None and self.begun["did"] == "add":
            # Its trace was never told.
            allowed.append({name: trace for name, trace in found.items() if name != self.begun["name"]})
        if any(here == there for here in may for there in allowed):
            return []
        return list(_differences(self.people, found))


def _apply(people: dict[str, str], said: Mapping[str, Any]) -> None:
    match said["did"]:
        case "add":
            people[said["name"]] = said["trace"]
        case "forget":
            del people[said["name"]]
        case "rename":
            people[said["new"]] = people.pop(said["name"])


def _differences(wanted: People, found: People) -> Iterable[str]:
    for name in sorted({*wanted, *found}):
        if name not in found:
            yield f"{name} was confirmed and is gone"
        elif name not in wanted:
            yield f"{name} is there and should not be"
        elif wanted[name] != found[name]:
            yield f"{name} is there with other content"
