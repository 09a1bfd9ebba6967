"""What the wearer's presses are taken for: each by what there was when it began."""

from __future__ import annotations

from collections.abc import Callable

from kith.announce.player import Player
from kith.app.conversations import Conversations, Leader
from kith.app.reporter import Reporter
from kith.app.speaking import Speaking
from kith.clock import Tick
from kith.config import ButtonSettings
from kith.interaction.gestures import Gestures, Pressed
from kith.types import ButtonEdge, Earcon, Gesture

_ANSWERS = frozenset((Gesture.TAP, Gesture.DOUBLE, Gesture.HOLD_1S))


class Presses:
    """Belongs to the core. on_gesture: what the wearer did, and it is to be done.

    Each press sounds, and stops what is being said. A tap that stopped speech means nothing more, unless that
    was the asking of whoever leads, which it answers. An answer to somebody who is gone by the time that it
    is made means nothing either: it must not become an undoing.
    """

    def __init__(
        self,
        settings: ButtonSettings,
        speech: Speaking,
        talk: Conversations,
        player: Player,
        report: Reporter,
        on_gesture: Callable[[Gesture, int], None],
    ) -> None:
        self._gestures = Gestures(settings)
        self._speech, self._talk, self._player, self._report = speech, talk, player, report
        self._on_gesture = on_gesture
        self._led: Leader | None = None
        self._begun = self._cut = False

    @property
    def next_deadline_ns(self) -> int | None:
        """When it wants a tick."""
        return self._gestures.next_deadline_ns

    @property
    def pending(self) -> bool:
        """A press has begun whose meaning is not known yet. Nothing may change meanwhile that it may be
        meant for."""
        return self._gestures.next_deadline_ns is not None

    def step(self, event: ButtonEdge | Tick, now_ns: int) -> None:
        """Take one event."""
        if not self.pending:
            self._begun = False
        for command in self._gestures.step(event, now_ns):
            if not isinstance(command, Gesture):
                self._player.cue(Earcon.PRESS)
                if isinstance(command, Pressed):
                    self._pressed(now_ns)
                continue
            self._report.tell("button", now_ns, text=command.value)
            void = self._is_void(command)
            self._begun = False
            if not void:
                self._on_gesture(command, now_ns)

    def _pressed(self, now_ns: int) -> None:
        if not self._begun:
            self._begun, self._led = True, self._talk.leader
        playing = self._speech.playing
        self._cut = playing is not None and not self._talk.says(playing)
        if playing is not None:
            # At once: a tap is known to be one only after the pause in which a second press might come.
            self._speech.stop(now_ns)

    def _is_void(self, gesture: Gesture) -> bool:
        if gesture not in _ANSWERS:
            return False
        gone = self._led is not None and self._led is not self._talk.leader
        return gone or (gesture is Gesture.TAP and self._cut)
