"""Tells whoever looks on what happens, in names and words."""

from __future__ import annotations

from kith.app.events import Event, Observer
from kith.app.known_people import KnownPeople
from kith.types import Announcement, Appeared, Left


class Reporter:
    """Keeps who is here for as long as it must to say on which track."""

    def __init__(self, observe: Observer, people: KnownPeople) -> None:
        self._observe, self._people = observe, people
        self._here: dict[tuple[int, ...], Appeared] = {}

    def tell(self, kind: str, now_ns: int, **fields: object) -> None:
        """An event of this kind."""
        self._observe(Event(at_ns=now_ns, kind=kind, fields=fields))

    def appeared(self, event: Appeared, now_ns: int) -> None:
        """Someone came."""
        self._here[event.person_ids] = event
        place = {"track": event.track_id, "distance_mm": event.place.distance_mm}
        self.tell("appeared", now_ns, **self._names(event.person_ids), **place)

    def left(self, event: Left, now_ns: int) -> None:
        """Someone went; of someone forgotten nothing is told."""
        was = self._here.pop(event.person_ids, None)
        names = self._names(event.person_ids)
        if names["people"]:
            self.tell("left", now_ns, **names, track=was.track_id if was else None)

    def still_here(self, person_ids: tuple[int, ...]) -> list[Appeared]:
        """How those of them appeared who have not left. One sentence may name several."""
        return [event for ids, event in self._here.items() if set(ids) <= set(person_ids)]

    def playing(self, play_id: int, announcement: Announcement, now_ns: int) -> None:
        """An announcement begins."""
        if announcement.phrase is None:
            text = announcement.earcon.value if announcement.earcon else ""
            self._observe(Event(at_ns=now_ns, kind="sound", fields={"text": text}, play_id=play_id))
            return
        fields: dict[str, object] = {"text": announcement.phrase.text, "band": announcement.band.name.lower()}
        if announcement.person_ids:
            fields |= self._names(announcement.person_ids)
            appeared = self._here.get(announcement.person_ids)
            fields["track"] = appeared.track_id if appeared else None
        self._observe(Event(at_ns=now_ns, kind="announcement", fields=fields, play_id=play_id))

    def _names(self, person_ids: tuple[int, ...]) -> dict[str, object]:
        names = [name for i in person_ids if (name := self._people.name_of(i)) is not None]
        return {"person": names[0] if len(names) == 1 else None, "people": names}
