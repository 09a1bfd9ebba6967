"""A name that is said: between the machine that asks for it, the microphone and the loudspeaker."""

from __future__ import annotations

import logging
from collections.abc import Callable

from kith.app.prompts import Prompts
from kith.app.stepper import Stepper
from kith.app.surroundings import MicrophoneLost, Surroundings
from kith.clock import Tick
from kith.config import NamingSettings, QuestionSettings
from kith.errors import HardwareError, MicrophoneUnavailable
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
from kith.interaction.name_capture import NameCapture
from kith.interaction.naming import Naming
from kith.types import Announcement, Gesture, PlaybackResult, VoiceBlock

_LOG = logging.getLogger(__name__)
_OVER = frozenset((Line.NAME_REVIEW, Line.NAME_BROKEN))
"""Nobody is listened to any more."""


class NameTaking:
    """Belongs to the core. keep_still: nothing unasked may be said from the first prompt until the name is
    over; a notice amid it would be cut off by the next prompt, or be taken for the name."""

    def __init__(
        self,
        naming: NamingSettings,
        questions: QuestionSettings,
        around: Surroundings,
        prompts: Prompts,
        keep_still: Callable[[bool, int], None],
    ) -> None:
        self._around, self._prompts, self._keep_still = around, prompts, keep_still
        self._machine = Naming(naming, questions)
        self._stepper: Stepper[NamingEvent, NamingCommand] = Stepper(self._machine.step, self._do)
        self._capture = NameCapture(naming)
        self._capturing = self._listening = self._heard_any = False
        self._still = self._over = False
        self._on_given: Callable[[NameGiven, int], None] | None = None

    @property
    def active(self) -> bool:
        """Whether a name is being asked for."""
        return self._on_given is not None

    @property
    def next_deadline_ns(self) -> int | None:
        """When it wants a tick."""
        times = [self._machine.next_deadline_ns]
        if self._capturing:
            times.append(self._capture.next_deadline_ns)
        return min((at_ns for at_ns in times if at_ns is not None), default=None)

    def begin(self, on_given: Callable[[NameGiven, int], None], now_ns: int) -> None:
        """Ask for a name; on_given is told what came of it, once."""
        self._on_given, self._over = on_given, False
        self._post(AskForName(), now_ns)

    def gesture(self, gesture: Gesture, now_ns: int) -> None:
        """The wearer's answer. A double tap right after the name keeps what was said."""
        if gesture is Gesture.DOUBLE and self._capturing:
            said = self._capture.finish()
            if said.recording is not None:
                self._captured(said, now_ns)
                return
        self._post(gesture, now_ns)

    def cancel(self, now_ns: int) -> None:
        """Break off what is under way, if anything is."""
        if self.active:
            self._post(Cancel(), now_ns)

    def says(self, announcement: Announcement) -> bool:
        """Whether this is what it says now."""
        return self._prompts.says(announcement)

    def began(self, now_ns: int) -> None:
        """Something begins to be played: what is heard from now on may be that."""
        if self._capturing:
            self._post(Gesture.TAP, now_ns)

    def ended(self, announcement: Announcement, result: PlaybackResult | None, now_ns: int) -> None:
        """An announcement is over."""
        if self._prompts.ended(announcement):
            self._post(PromptEnded(heard=result is PlaybackResult.COMPLETED), now_ns)

    def heard(self, block: VoiceBlock, now_ns: int) -> None:
        """The microphone heard something; what comes after it was closed is dropped."""
        if not self._listening:
            return
        if not self._heard_any:
            self._heard_any = True
            self._post(MicrophoneReady(), now_ns)
        if self._capturing:
            self._captured(self._capture.step(block, now_ns), now_ns)

    def lost(self, lost: MicrophoneLost, now_ns: int) -> None:
        """The microphone does not work, or there is none."""
        if self._listening:
            self._stop()
            self._post(MicrophoneGone(missing=lost.missing and not self._heard_any), now_ns)

    def tick(self, now_ns: int) -> None:
        """Time has passed."""
        if self._capturing:
            self._captured(self._capture.step(Tick(), now_ns), now_ns)
        if self.active:
            self._post(Tick(), now_ns)

    def _captured(self, captured: Captured | None, now_ns: int) -> None:
        if captured is not None:
            self._capturing = False
            self._post(captured, now_ns)

    def _post(self, event: NamingEvent, now_ns: int) -> None:
        self._stepper.post(event, now_ns)
        still = self.active and not self._over
        if self._still is not still:
            # Only now: a notice that waited must not begin and be cut off by what the machine has to say.
            self._still = still
            self._keep_still(still, now_ns)

    def _do(self, command: NamingCommand, now_ns: int) -> None:
        match command:
            case Say():
                self._capturing = False
                self._over = command.line in _OVER
                self._prompts.say(command.line.value, now_ns, name=command.take)
            case OpenMicrophone():
                self._open(now_ns)
            case Capture():
                self._capturing = True
                self._capture.begin(now_ns)
            case CloseMicrophone():
                self._stop()
            case NameGiven():
                self._stop()
                given, self._on_given = self._on_given, None
                if given is not None:
                    given(command, now_ns)

    def _open(self, now_ns: int) -> None:
        runner, microphone = self._around.runner, self._around.microphone
        self._heard_any = False
        if runner is None or microphone is None:
            self._stepper.post(MicrophoneGone(missing=True), now_ns)
            return

        def on_fault(error: HardwareError) -> None:
            _LOG.warning("%s", error)
            runner.post(MicrophoneLost(missing=isinstance(error, MicrophoneUnavailable)))

        self._listening = True
        microphone.start(runner.post, on_fault)

    def _stop(self) -> None:
        if self._listening and self._around.microphone is not None:
            self._around.microphone.stop()
        self._listening = self._capturing = False
