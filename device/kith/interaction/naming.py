"""Having a name said. Pure: what was heard and pressed in, words and at last the name out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from kith.clock import NS_PER_MS, NS_PER_S, Tick
from kith.config import NamingSettings, QuestionSettings
from kith.interaction.messages import (
    AskForName,
    Cancel,
    Capture,
    Captured,
    CloseMicrophone,
    Line,
    MicrophoneGone,
    MicrophoneReady,
    NameGiven,
    NamingCommand,
    NamingEvent,
    OpenMicrophone,
    PromptEnded,
    Say,
)
from kith.types import I16, Gesture, Take

TAKE_TEXT = "the name"
"""What stands in a transcript where the recording is heard."""

_OPENS_WITHIN_NS = 3 * NS_PER_S
"""A microphone gives its first sound in a fraction of a second, on a slow processor in one."""
_LONGEST_PROMPT_NS = 20 * NS_PER_S
"""Nothing here takes so long to say: word of its end was lost."""
_CUT_OFF_PAUSE_NS = 2 * NS_PER_S
"""Before what was cut off is said again. Most warnings are over by then; and if it was a press that cut it
off, what it meant is known by then, a hold of a second included."""
_MOST_CUTS = 5
"""So often in a row it is said in vain: beside a warning that does not end nobody can say a name."""
_CAPTURE_SLACK_NS = 2 * NS_PER_S
"""How late the answer to Capture may be before it counts as lost."""


class _At(Enum):
    """What it waits for."""

    OPENING = auto()  # the microphone
    SAYING = auto()  # the end of `line`
    CUT_OFF = auto()  # the moment to say `line` again
    CAPTURING = auto()  # a name
    REVIEWED = auto()  # an answer, or silence


@dataclass(slots=True, kw_only=True)
class _Run:
    """A name being asked for. open: a CloseMicrophone is owed; take: what was said, while it is reviewed;
    misses: how often nothing was heard; cuts: how often in a row `line` was cut off."""

    at: _At = _At.OPENING
    until_ns: int = 0
    line: Line = Line.NAME_ASK
    spoken: bool = False
    open: bool = False
    take: I16 | None = None
    misses: int = 0
    cuts: int = 0


class Naming:
    """Asks for a name, has it recorded after the tone, plays it back, and has it kept or said again.

    A double tap is "keep" once there is a name, and "no name" before; a tap asks for it anew, or, while it is
    being asked for, leads on to the tone at once; a hold of a second breaks it off. It ends with one
    NameGiven, always the last command. No recording is kept after that.
    """

    def __init__(self, settings: NamingSettings, questions: QuestionSettings) -> None:
        listening_ms = settings.settle_ms + settings.wait_ms + settings.longest_ms + settings.silence_ms
        self._capture_ns = listening_ms * NS_PER_MS + _CAPTURE_SLACK_NS
        self._answer_ns = questions.repeat_after_ms * NS_PER_MS
        self._attempts = settings.attempts
        self._run: _Run | None = None

    @property
    def active(self) -> bool:
        """From AskForName to NameGiven."""
        return self._run is not None

    @property
    def next_deadline_ns(self) -> int | None:
        """When it wants a Tick."""
        return self._run.until_ns if self._run else None

    def step(self, event: NamingEvent, now_ns: int) -> list[NamingCommand]:
        """Take one event. Answers to what was not asked are ignored."""
        run = self._run
        if run is None:
            return self._begin(now_ns) if isinstance(event, AskForName) else []
        match event:
            case Tick():
                return self._overdue(run, now_ns) if now_ns >= run.until_ns else []
            case Cancel() | Gesture.HOLD_1S:
                return self._end(run, cancelled=True)
            case Gesture():
                return self._pressed(run, event, now_ns)
            case PromptEnded():
                return self._prompt_ended(run, event.heard, now_ns)
            case _:
                return self._of_the_microphone(run, event, now_ns)

    def _begin(self, now_ns: int) -> list[NamingCommand]:
        self._run = _Run()
        return self._open(self._run, now_ns)

    def _open(self, run: _Run, now_ns: int) -> list[NamingCommand]:
        run.at, run.until_ns = _At.OPENING, now_ns + _OPENS_WITHIN_NS
        run.open, run.take, run.misses = True, None, 0
        return [OpenMicrophone()]

    def _of_the_microphone(self, run: _Run, event: NamingEvent, now_ns: int) -> list[NamingCommand]:
        match event:
            case MicrophoneReady() if run.at is _At.OPENING:
                return self._say(run, Line.NAME_ASK, now_ns)
            case MicrophoneGone() if run.open:
                run.open = False
                if event.missing and not run.spoken:
                    return self._end(run, missing=True)
                return self._say(run, Line.NAME_BROKEN, now_ns)
            case Captured() if run.at is _At.CAPTURING:
                return self._captured(run, event.recording, now_ns)
            case _:
                return []

    def _captured(self, run: _Run, recording: I16 | None, now_ns: int) -> list[NamingCommand]:
        if recording is not None:
            run.take = recording
            return [*self._close(run), *self._say(run, Line.NAME_REVIEW, now_ns)]
        run.misses += 1
        if run.misses >= self._attempts:
            return self._end(run)
        return self._say(run, Line.NAME_NOTHING, now_ns)

    def _pressed(self, run: _Run, gesture: Gesture, now_ns: int) -> list[NamingCommand]:
        if gesture is Gesture.DOUBLE:
            return self._end(run, recording=run.take)
        if run.line is Line.NAME_LISTEN:
            # Amid the tone or the name: whatever it meant, the press itself would be in the recording.
            return self._say(run, Line.NAME_ASK, now_ns)
        if gesture is not Gesture.TAP or run.at is _At.OPENING:
            return []
        match run.line:
            case Line.NAME_REVIEW:
                return self._open(run, now_ns)
            case Line.NAME_BROKEN:
                return self._end(run)
            case _:
                return self._say(run, Line.NAME_LISTEN, now_ns)

    def _prompt_ended(self, run: _Run, heard: bool, now_ns: int) -> list[NamingCommand]:
        if run.at is not _At.SAYING:
            return []
        if run.line is Line.NAME_BROKEN:
            return self._end(run)
        if not heard:
            return self._cut_off(run, now_ns)
        run.cuts = 0
        match run.line:
            case Line.NAME_REVIEW:
                # Its words said that it would be kept or said again, and it was heard: to ask once more would
                # keep everybody waiting for nothing.
                run.at, run.until_ns = _At.REVIEWED, now_ns + self._answer_ns
                return []
            case Line.NAME_LISTEN:
                run.at, run.until_ns = _At.CAPTURING, now_ns + self._capture_ns
                return [Capture()]
            case _:
                return self._say(run, Line.NAME_LISTEN, now_ns)

    def _cut_off(self, run: _Run, now_ns: int) -> list[NamingCommand]:
        run.cuts += 1
        if run.cuts >= _MOST_CUTS:
            return self._end(run, recording=run.take)
        run.at, run.until_ns = _At.CUT_OFF, now_ns + _CUT_OFF_PAUSE_NS
        return []

    def _overdue(self, run: _Run, now_ns: int) -> list[NamingCommand]:
        match run.at:
            case _At.OPENING:
                return [*self._close(run), *self._say(run, Line.NAME_BROKEN, now_ns)]
            case _At.SAYING:
                return self._prompt_ended(run, False, now_ns)
            case _At.CUT_OFF:
                return self._say(run, run.line, now_ns)
            case _At.CAPTURING:
                return self._captured(run, None, now_ns)
            case _At.REVIEWED:
                return self._end(run, recording=run.take)

    def _say(self, run: _Run, line: Line, now_ns: int) -> list[NamingCommand]:
        if line is not run.line:
            run.cuts = 0
        run.at, run.until_ns, run.line, run.spoken = _At.SAYING, now_ns + _LONGEST_PROMPT_NS, line, True
        if run.take is None:
            return [Say(line=line)]
        return [Say(line=line, take=Take(text=TAKE_TEXT, samples=run.take))]

    def _close(self, run: _Run) -> list[NamingCommand]:
        """It is open only as long as it is needed."""
        if not run.open:
            return []
        run.open = False
        return [CloseMicrophone()]

    def _end(
        self, run: _Run, *, recording: I16 | None = None, missing: bool = False, cancelled: bool = False
    ) -> list[NamingCommand]:
        self._run = None
        given = NameGiven(recording=recording, missing=missing, cancelled=cancelled)
        return [*self._close(run), given]
