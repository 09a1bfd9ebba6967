"""What the wearer's gestures mean, and what is done for them."""

from __future__ import annotations

from kith.app.conversations import Conversations, Insides
from kith.app.thing_calls import ThingCalls
from kith.types import Announcement, Gesture


class Meanings:
    """Belongs to the core."""

    def __init__(self, core: Insides, talk: Conversations, calls: ThingCalls) -> None:
        self._speech, self._talk, self._callouts, self._eyes = core.speech, talk, core.callouts, core.eyes
        self._around, self._report, self._calls = core.around, core.report, calls
        self._leaving = False

    def do(self, gesture: Gesture, now_ns: int) -> None:
        """The wearer made this gesture."""
        match gesture:
            case Gesture.HOLD_4S:
                self._privacy(now_ns)
            case Gesture.POWER_WARNING:
                self._speech.say("power.warning", now_ns)
            case Gesture.HOLD_10S:
                self._talk.cancel(now_ns)
                self._leaving = True
                self._speech.say("power.off", now_ns)
            case _:
                if not self._talk.gesture(gesture, now_ns):
                    self._ask(gesture, now_ns)

    def ended(self, announcement: Announcement) -> None:
        """An announcement is over; once it was the farewell, the device is switched off."""
        if self._leaving and announcement.key == "power" and announcement.phrase is not None:
            self._leaving = False
            if self._around.runner is not None:
                self._around.runner.power_off()

    def _ask(self, gesture: Gesture, now_ns: int) -> None:
        """What a gesture means while nobody waits for an answer, or means none to who does."""
        match gesture:
            case Gesture.TAP:
                self._speech.submit(self._callouts.answer(self._eyes.view(now_ns), now_ns), now_ns)
            case Gesture.DOUBLE:
                self._talk.enroll(self._eyes.no_view(now_ns), now_ns)
            case Gesture.HOLD_1S:
                self._talk.undo(now_ns)
            case _:
                self._talk.open(gesture, now_ns)

    def _privacy(self, now_ns: int) -> None:
        closing = not self._eyes.closed
        if closing:
            self._talk.camera_closed(now_ns)
            self._calls.forget()
            self._eyes.close()
            self._speech.no_fault("camera")
        else:
            self._talk.cancel(now_ns)
            self._eyes.open(now_ns)
        if self._around.runner is not None:
            self._around.runner.set_camera(not closing)
        self._report.tell("privacy", now_ns, text="on" if closing else "off")
        self._speech.say("privacy.on" if closing else "privacy.off", now_ns)
