"""A day of a wearer, acted out on the whole core in virtual time, and written down as it is heard."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from kith.app.core import Trouble
from kith.clock import NS_PER_MS, NS_PER_S
from kith.config import Settings
from kith.guard.messages import ProximityLevel
from kith.types import (
    I16,
    Announcement,
    Band,
    BoxPx,
    Earcon,
    Embedding,
    Phrase,
    Playback,
    PlaybackResult,
    SeenObject,
    SeenThing,
    Spoken,
    Survey,
    Tone,
    View,
)
from tests.replay.wording import Wording
from tests.unit._core_kit import Life

STEP_NS = 20 * NS_PER_MS
QUIET_STEP_NS = 100 * NS_PER_MS
"""While nothing is heard or pressed, one step a look is enough."""
_SETTLED_NS = NS_PER_S
_FINDER_GAP_NS = NS_PER_S


@dataclass(frozen=True, slots=True)
class Heard:
    """What began to be heard: words, a sound before them, or both."""

    at_ns: int
    text: str
    sound: Earcon | None
    band: Band


class Day:
    """One device and its wearer; `at` lets time pass up to a moment."""

    def __init__(
        self, folder: Path, *, settings: Settings, says: Sequence[I16], battery: int, names: Sequence[str]
    ) -> None:
        self._folder, self._settings, self._battery = folder, settings, battery
        self.wording = Wording(names)
        self.lines: list[str] = []
        self.heard: list[Heard] = []
        self.from_ns = 0
        """When the device was switched on that runs now."""
        self._finder_ns = -_FINDER_GAP_NS
        self._busy_ns = 0
        self._playing: dict[int, str] = {}
        self._today = date(2026, 3, 1)
        self._says = says
        self.life = self._switch_on()

    @property
    def transcript(self) -> str:
        """All that was written down."""
        return "\n".join(self.lines).lstrip("\n") + "\n"

    # --- time -----------------------------------------------------------------------------------------

    @property
    def now_ns(self) -> int:
        """Since the beginning of the day."""
        return self.from_ns + self.life.now_ns

    def at(self, minutes_seconds: str) -> Day:
        """Let time pass until then, as "12:05" or "12:05.5"."""
        minutes, seconds = minutes_seconds.split(":")
        until_ns = round((int(minutes) * 60 + float(seconds)) * NS_PER_S)
        assert until_ns >= self.now_ns, f"{minutes_seconds} is over"
        life = self.life
        while self.now_ns < until_ns:
            quiet = self.now_ns - self._busy_ns > _SETTLED_NS and self.now_ns % QUIET_STEP_NS == 0
            self._busy_ns = self.now_ns if life.busy else self._busy_ns
            life.step_ns = QUIET_STEP_NS if quiet and not life.busy else STEP_NS
            life.live(life.step_ns / NS_PER_S)
            self._write_down(self.now_ns - life.step_ns)
        return self

    # --- what happens ---------------------------------------------------------------------------------

    def happens(self, what: str) -> None:
        """A line in the transcript about what is not heard."""
        self._write(self.now_ns, f"-- {what}")

    def part(self, title: str) -> Day:
        """A heading in the transcript."""
        self.lines += ["", f"# {title}"]
        return self

    def comes(
        self, who: str, track: int, look: Embedding, *, bearing_deg: float = 0.0, distance_mm: int = 2000
    ) -> Day:
        """Somebody comes into view, or is there as another track."""
        self.happens(f"{who} comes")
        self.life.stands(track, 0, look=look, bearing_deg=bearing_deg, distance_mm=distance_mm)
        return self

    def goes(self, who: str, track: int) -> Day:
        """Somebody is not in view any more."""
        self.happens(f"{who} goes")
        del self.life.scene[track]
        return self

    def presses(self, what: str) -> Day:
        """Now; any that a script may press."""
        self.happens(f"press: {what}")
        self.life.press(what)
        self._busy_ns = self.now_ns
        return self

    def view(self, view: View) -> Day:
        """What the camera sees of the world."""
        self.happens(f"view: {view.value}")
        self.life.view = view
        return self

    def camera(self, how: str) -> Day:
        """See Life.camera."""
        self.happens(f"camera: {how}")
        self.life.camera = how
        return self

    def guard(self, what: str, says: Callable[[float], ProximityLevel]) -> Day:
        """From now on the guard says this."""
        self.happens(f"guard: {what}")
        self.life.guard = says
        return self

    def shows(self, *what: str) -> Day:
        """What is to be seen besides faces, as "chair -20" or, of a thing that was taught, "thing 1 15"."""
        self.happens(f"in view: {', '.join(what) or 'nothing'}")
        ids = {thing.name: thing.person_id for thing in self.life.things.everybody()}
        objects: list[SeenObject] = []
        things: list[SeenThing] = []
        for number, one in enumerate(what):
            name, _, bearing = one.rpartition(" ")
            box = BoxPx(x=100.0, y=100.0, w=200.0 - number, h=100.0)
            place = {"box": box, "bearing_deg": float(bearing), "score": 0.9}
            if name in ids:
                things.append(SeenThing(thing_id=ids[name], margin=None, near=True, **place))  # type: ignore[arg-type]
            else:
                objects.append(SeenObject(label=name, **place))  # type: ignore[arg-type]
        self.life.survey = Survey(objects=tuple(objects), things=tuple(things))
        return self

    def holds(self, what: str, thing: int | None) -> Day:
        """Something is held up before the camera, or is not any more."""
        self.happens(f"held up: {what}")
        self.life.holds(thing)
        return self

    def voice_dies(self) -> Day:
        """In the middle of a word."""
        self.happens("the voice dies")
        current = self.life.speech.current
        assert current is not None
        current.break_down()
        return self

    def trouble(self, key: str) -> Day:
        """A part reports a fault."""
        self.happens(f"trouble: {key}")
        self.life.core.handle(Trouble(key=key, text=key), self.life.now_ns)
        return self

    def day_is(self, day: date) -> Day:
        """The wall clock says another day."""
        self.happens(f"the day is {day.isoformat()}")
        self._today = self.life.day = day
        return self

    def power_is_cut(self) -> Day:
        """And comes back at once."""
        self.happens("the power is cut")
        return self.switched_on()

    def switched_on(self) -> Day:
        """A new process on the same folder."""
        self.happens("it is switched on")
        scene, view, willing, guard = self.life.scene, self.life.view, self.life.willing, self.life.guard
        self.from_ns = self.now_ns
        self.life.gallery.close()
        self.life = self._switch_on()
        self.life.scene, self.life.view, self.life.willing = scene, view, willing
        self.life.guard = guard
        return self

    def microphone(self, there: bool) -> Day:
        """It is pulled out, or plugged in again."""
        self.happens("the microphone is plugged in" if there else "the microphone is pulled out")
        microphone = self.life.microphone
        assert microphone is not None
        (microphone.plug_in if there else microphone.unplug)()
        return self

    def willing(self, yes: bool) -> Day:
        """Whether whoever stands there turns the head when asked to."""
        self.happens("turns the head when asked" if yes else "does not turn the head")
        self.life.willing = yes
        return self

    # --- what is heard --------------------------------------------------------------------------------

    def _switch_on(self) -> Life:
        return Life(
            self._folder,
            settings=self._settings,
            says=self._says,
            battery=self._battery,
            day=self._today,
            things={},
        )

    def _write(self, at_ns: int, what: str) -> None:
        tenths = at_ns // (NS_PER_S // 10)
        self.lines.append(f"{tenths // 600:02d}:{tenths % 600 // 10:02d}.{tenths % 10}  {what}")

    def _write_down(self, at_ns: int) -> None:
        log, self.life.ears.log = self.life.ears.log, []
        self.life.ears.heard.clear()
        for entry in log:
            match entry:
                case Earcon():
                    self._write(at_ns, f"[{entry.value}]")
                case Tone():
                    self._finder(at_ns)
                case Playback():
                    self._ended(entry, at_ns)
                case (play_id, announcement):
                    self._begins(play_id, announcement, at_ns)

    def _finder(self, at_ns: int) -> None:
        """Four tones a second: told when they begin."""
        if at_ns - self._finder_ns > _FINDER_GAP_NS:
            self._write(at_ns, "[the viewfinder sounds]")
        self._finder_ns = at_ns

    def _begins(self, play_id: int, announcement: Announcement, at_ns: int) -> None:
        phrase, sound = announcement.phrase, announcement.earcon
        self._playing[play_id] = phrase.text if phrase else ""
        self.heard.append(Heard(at_ns, phrase.text if phrase else "", sound, announcement.band))
        parts = [f"[{sound.value}]"] if sound else []
        self._write(at_ns, " ".join(parts + ([_as_heard(phrase)] if phrase else [])))

    def _ended(self, playback: Playback, at_ns: int) -> None:
        if playback.result is not PlaybackResult.COMPLETED and self._playing.get(playback.play_id):
            self._write(at_ns, f"   ({playback.result.value}: {self._playing[playback.play_id]})")


def _as_heard(phrase: Phrase) -> str:
    """What is a recording and not the voice stands in angle brackets."""
    return " ".join(part.text if isinstance(part, Spoken) else f"<{part.text}>" for part in phrase.parts)
