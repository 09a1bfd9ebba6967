"""How long it takes from the shutter to the first sound, stage by stage, in a run in real time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kith.app.events import Event
from kith.app.looking import Looked
from kith.clock import NS_PER_MS
from kith.simulation.histogram import Stage, table
from kith.types import Band, Playback


@dataclass(slots=True, kw_only=True)
class _Look:
    captured_ns: int
    began_ns: int
    ended_ns: int
    embedded: bool


@dataclass(slots=True, kw_only=True)
class _Naming:
    """Someone who came, and what became of it."""

    decided_ns: int
    look: _Look | None = None
    announced_ns: int | None = None
    first_sample_ns: int | None = None

    @property
    def waited(self) -> bool:
        """Whether it was not said in the step that decided it, since something else was being said."""
        return self.announced_ns is not None and self.announced_ns > self.decided_ns


class Latency:
    """Looks on at one run of the daemon, from the thread of its core. It keeps times, no frame and no name
    beyond the run."""

    def __init__(self) -> None:
        self._looks: list[_Look] = []
        self._namings: list[_Naming] = []
        self._undated: list[_Naming] = []
        self._unsaid: dict[str, _Naming] = {}
        self._playing: dict[int, list[_Naming]] = {}

    def event(self, event: Event) -> None:
        """What the core tells while it handles a look, or later."""
        if event.kind == "appeared":
            naming = _Naming(decided_ns=event.at_ns)
            self._undated.append(naming)
            self._unsaid |= dict.fromkeys(_people(event), naming)
        elif event.play_id is not None:
            named = self._take(event) if event.fields.get("band") == Band.AMBIENT.name.lower() else []
            for naming in named:
                naming.announced_ns = event.at_ns
            self._playing[event.play_id] = named

    def handled(self, message: Looked | Playback) -> None:
        """What the core has just handled."""
        match message:
            case Looked():
                self._looked(message)
            case Playback():
                for naming in self._playing.pop(message.play_id, []):
                    naming.first_sample_ns = message.first_sample_ns

    def lines(self) -> list[str]:
        """The report."""
        at_once = [naming for naming in self._namings if not naming.waited]
        waited = [naming for naming in self._namings if naming.waited]
        rows = [
            *self._look_stages(),
            _stage("decided -> announced", self._namings, lambda n, _: _ms(n.decided_ns, n.announced_ns)),
            _stage("announced -> first sample", self._namings, lambda n, _: _voice(n)),
            _stage("deciding shutter -> announced", at_once, lambda n, k: _ms(k.captured_ns, n.announced_ns)),
            _stage("deciding shutter -> FIRST SAMPLE", at_once, _whole),
            _stage("the same, after other words", waited, _whole),
        ]
        return table(rows)

    def _looked(self, looked: Looked) -> None:
        """It decided what appeared while it was handled."""
        look = _Look(
            captured_ns=looked.frame.captured_ns,
            began_ns=looked.began_ns,
            ended_ns=looked.ended_ns,
            embedded=any(face.tracked.embedding is not None for face in looked.sighting.faces),
        )
        self._looks.append(look)
        for naming in self._undated:
            if naming.decided_ns >= look.ended_ns:
                naming.look = look
                self._namings.append(naming)
        self._undated.clear()

    def _look_stages(self) -> list[Stage]:
        looks = self._looks
        return [
            Stage(
                name="shutter -> looked at", ms=tuple((k.began_ns - k.captured_ns) / NS_PER_MS for k in looks)
            ),
            Stage(name="looked at -> done, none embedded", ms=_took(looks, embedded=False)),
            Stage(name="looked at -> embedded and matched", ms=_took(looks, embedded=True)),
            _stage(
                "embedded -> decided", self._namings, lambda naming, k: _ms(k.ended_ns, naming.decided_ns)
            ),
        ]

    def _take(self, event: Event) -> list[_Naming]:
        """Those whom an announcement names for the first time since they came."""
        found = [self._unsaid.pop(name) for name in _people(event) if name in self._unsaid]
        return list({id(naming): naming for naming in found}.values())


def _people(event: Event) -> list[str]:
    people = event.fields.get("people")
    return [str(name) for name in people] if isinstance(people, list) else []


def _took(looks: list[_Look], *, embedded: bool) -> tuple[float, ...]:
    return tuple((k.ended_ns - k.began_ns) / NS_PER_MS for k in looks if k.embedded is embedded)


def _voice(naming: _Naming) -> float | None:
    return None if naming.announced_ns is None else _ms(naming.announced_ns, naming.first_sample_ns)


def _whole(naming: _Naming, look: _Look) -> float | None:
    return _ms(look.captured_ns, naming.first_sample_ns)


def _stage(name: str, namings: list[_Naming], time_of: Callable[[_Naming, _Look], float | None]) -> Stage:
    """Of those that came so far."""
    times = (time_of(naming, naming.look) for naming in namings if naming.look is not None)
    return Stage(name=name, ms=tuple(ms for ms in times if ms is not None))


def _ms(from_ns: int, to_ns: int | None) -> float | None:
    return None if to_ns is None else (to_ns - from_ns) / NS_PER_MS
