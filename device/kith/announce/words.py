"""All fixed wording of Kith, as the table in `docs/spoken-interface.md` has it; a test compares the two.

A key is "topic.what": announcements of one topic replace each other while they wait, so that "the camera is
back" takes the place of "the camera has stopped".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from kith.announce.phrasing import Piece, capital, fill, number
from kith.clock import NS_PER_MS
from kith.config import AnnounceSettings
from kith.types import Announcement, Band, Earcon, Phrase, Spoken


@dataclass(frozen=True, slots=True)
class Line:
    """What is heard in one situation. text: with {name}, {count}, {Count}, {reason} or {Reason}, where a
    capital stands for a capital; empty: a sound alone."""

    text: str
    sound: Earcon | None = None
    band: Band = Band.RESPONSE


_NOTICE, _FAULT = Band.NOTICE, Earcon.FAULT

LINES: Final[Mapping[str, Line]] = MappingProxyType(
    {
        "kith.ready_none": Line("Kith is ready. Nobody known yet.", Earcon.READY, _NOTICE),
        "kith.ready_one": Line("Kith is ready. One person known.", Earcon.READY, _NOTICE),
        "kith.ready_many": Line("Kith is ready. {Count} people known.", Earcon.READY, _NOTICE),
        "power.warning": Line("", Earcon.POWER_WARNING),
        "power.off": Line("Switching off."),
        "power.failed": Line("It could not be switched off.", Earcon.FAILURE),
        "privacy.on": Line("Privacy on. The camera is closed.", Earcon.PRIVACY_ON),
        "privacy.off": Line("Privacy off. The camera is open again.", Earcon.PRIVACY_OFF),
        "undo.taken_back": Line("{name} is forgotten again.", Earcon.UNDONE),
        "undo.unlearnt": Line("Noted. Nothing is learnt from that.", Earcon.UNDONE),
        "undo.added": Line("The new looks of {name} are forgotten again.", Earcon.UNDONE),
        "undo.nothing": Line("Nothing to undo.", Earcon.FAILURE),
        "undo.failed": Line("It could not be undone.", Earcon.FAILURE),
        "enroll.looking": Line("Looking for a face to remember."),
        "enroll.hint": Line("{Reason}."),
        "enroll.again": Line("Face lost. Starting again."),
        "enroll.turn_left": Line("Now look a little to your left."),
        "enroll.turn_right": Line("And to your right."),
        "enroll.same": Line(
            "This looks like {name}. Double tap: add to {name}. Tap: someone new.", Earcon.ASK
        ),
        "enroll.consent": Line("May I remember this face? Double tap: yes. Tap: no.", Earcon.ASK),
        "enroll.done": Line("{name} is remembered.", Earcon.SUCCESS),
        "enroll.done_number": Line("Remembered as {name}. No name was recorded.", Earcon.SUCCESS),
        "enroll.added": Line("{name} is remembered better now.", Earcon.SUCCESS),
        "enroll.refused": Line("Not remembered: {reason}.", Earcon.FAILURE),
        "enroll.cancelled": Line("Cancelled. Nothing was kept.", Earcon.UNDONE),
        "thing.looking": Line("No face in view. Hold a thing up in front of the camera."),
        "thing.anew": Line("Hold {name} up in front of the camera."),
        "thing.turn": Line("Turn it a little."),
        "thing.again": Line("I lost it. Starting again."),
        "thing.same": Line(
            "This looks like {name}. Double tap: add to {name}. Tap: another thing.", Earcon.ASK
        ),
        "name.ask": Line("Say the name after the tone."),
        "name.listen": Line("", Earcon.LISTEN),
        "name.nothing": Line("I heard nothing. Say the name after the tone."),
        "name.review": Line("{name}. Double tap: keep. Tap: say it again."),
        "name.broken": Line("The microphone does not work.", Earcon.FAILURE),
        "wrong.noted": Line("Noted. That was not {name}.", Earcon.UNDONE),
        "wrong.noted_many": Line("Noted. That was none of them.", Earcon.UNDONE),
        "wrong.anew": Line("Noted. {name} was wrong {count} times. Remember {name} anew.", Earcon.UNDONE),
        "wrong.which": Line("Was {name} wrong? Double tap: yes. Tap: no.", Earcon.ASK),
        "wrong.none": Line("Nothing was changed."),
        "wrong.thing": Line("A thing cannot be marked as wrong.", Earcon.FAILURE),
        "wrong.thing_or_person": Line("Tap, and hold after the name that was wrong.", Earcon.FAILURE),
        "wrong.taken_back": Line("Taken back. That was {name}.", Earcon.UNDONE),
        "book.entry": Line("{name}."),
        "book.entry_expired": Line("{name}, not met for a long time. Double tap: keep. Hold: forget."),
        "book.help": Line("Tap: next. Double tap: say the name anew. Hold: forget. Tap and hold: leave."),
        "book.entry_unasked": Line("{name}, told of unasked."),
        "book.entry_anew": Line("{name}, to be taught anew. Double tap: teach it. Hold: forget."),
        "book.help_thing": Line(
            "Tap: next. Double tap: say the name anew. Three taps: tell of it unasked, or not. Hold: forget. "
            "Tap and hold: leave."
        ),
        "book.end": Line("That was everybody."),
        "book.end_things": Line("That was all."),
        "book.forget": Line("Forget {name} for good? Double tap: yes. Tap: no.", Earcon.ASK),
        "book.forgotten": Line("{name} is forgotten.", Earcon.UNDONE),
        "book.stays": Line("{name} stays."),
        "book.kept": Line("{name} is kept.", Earcon.SUCCESS),
        "book.unasked": Line("{name} is told of unasked from now on.", Earcon.SUCCESS),
        "book.asked": Line("{name} is told of only when asked.", Earcon.UNDONE),
        "book.renamed": Line("{name} is the name now.", Earcon.SUCCESS),
        "book.unchanged": Line("The name stays as it was."),
        "book.no_microphone": Line("There is no microphone to say a name to.", Earcon.FAILURE),
        "book.failed": Line("It could not be done.", Earcon.FAILURE),
        "book.closed": Line("The list is closed."),
        "tour.known_none": Line("Nobody is known yet."),
        "tour.known_none_thing": Line("Nobody is known yet, but one thing."),
        "tour.known_none_things": Line("Nobody is known yet, but {things} things."),
        "tour.known_one": Line("One person is known."),
        "tour.known_one_thing": Line("One person and one thing are known."),
        "tour.known_one_things": Line("One person and {things} things are known."),
        "tour.known_many": Line("{Count} people are known."),
        "tour.known_many_thing": Line("{Count} people and one thing are known."),
        "tour.known_many_things": Line("{Count} people and {things} things are known."),
        "tour.paused": Line("Privacy is on. The camera is closed."),
        "tour.looked_now": Line("I looked just now."),
        "tour.looked_seconds": Line("I last looked {count} seconds ago."),
        "tour.looked_minute": Line("I last looked one minute ago."),
        "tour.looked_minutes": Line("I last looked {count} minutes ago."),
        "tour.looked_hour": Line("I last looked one hour ago."),
        "tour.looked_hours": Line("I last looked {count} hours ago."),
        "tour.looked_never": Line("I have not looked yet."),
        "tour.battery": Line("The battery is at {count} percent."),
        "tour.no_fault": Line("I know of no fault."),
        "tour.people": Line("Tap to go through the people."),
        "tour.things": Line("Tap to go through the things."),
        "tour.both": Line("Tap to go through the people and the things."),
        "expiry.one": Line(
            "{name} was not met for a long time. Tap and hold, to keep or forget them.", None, _NOTICE
        ),
        "expiry.many": Line(
            "{Count} people were not met for a long time. Tap and hold, to keep or forget them.",
            None,
            _NOTICE,
        ),
        "expiry.forgotten": Line("{name} was not met for a long time and is forgotten.", None, _NOTICE),
        "things.failed": Line("I cannot look for things any more.", _FAULT, _NOTICE),
        "things.anew_one": Line(
            "I cannot find {name} any more. Tap and hold, to teach it anew.", None, _NOTICE
        ),
        "things.anew_many": Line(
            "I cannot find {count} things any more. Tap and hold, to teach them anew.", None, _NOTICE
        ),
        "remote.lost": Line("The remote button does not answer.", _FAULT, _NOTICE),
        "remote.back": Line("The remote button answers now.", None, _NOTICE),
        "camera.covered": Line("I can see nothing. The camera is covered, or it is dark.", None, _NOTICE),
        "camera.uncovered": Line("The camera sees again.", None, _NOTICE),
        "camera.missing": Line("No camera was found.", _FAULT, _NOTICE),
        "camera.stopped": Line("The camera has stopped.", _FAULT, _NOTICE),
        "camera.back": Line("The camera is back.", None, _NOTICE),
        "recognition.restarted": Line("Recognition was restarted.", _FAULT, _NOTICE),
        "voice.failed": Line("Speech had failed. It works again.", _FAULT, _NOTICE),
        "button.missing": Line("The button does not answer.", _FAULT, _NOTICE),
        "sensor.failed": Line("The distance sensor has failed.", _FAULT, _NOTICE),
        "sensor.works": Line("The distance sensor works again.", None, _NOTICE),
        "head.failed": Line("The head sensor has failed.", _FAULT, _NOTICE),
        "head.works": Line("The head sensor works again.", None, _NOTICE),
        "knee.failed": Line("The knee sensor has failed.", _FAULT, _NOTICE),
        "knee.works": Line("The knee sensor works again.", None, _NOTICE),
        "guard.silent": Line("The distance guard does not answer.", _FAULT, _NOTICE),
        "guard.back": Line("The distance guard is back.", None, _NOTICE),
        "buzzer.failed": Line("The buzzer does not work.", _FAULT, _NOTICE),
        "buzzer.works": Line("The buzzer works again.", None, _NOTICE),
        "obstacle.near": Line("Obstacle.", None, Band.HAZARD),
        "settings.refused": Line("The guard's settings were refused; it uses its own.", _FAULT, _NOTICE),
        "gallery.restored": Line(
            "The gallery was damaged and was restored from its backup.", _FAULT, _NOTICE
        ),
        "gallery.lost": Line(
            "The gallery was damaged and there is no backup. Nobody is known.", _FAULT, _NOTICE
        ),
        "gallery.locked": Line("The gallery cannot be changed: nobody new can be kept.", _FAULT, _NOTICE),
        "disk.full": Line("The disk is full: nothing was kept.", _FAULT, _NOTICE),
        "battery.low": Line("The battery is low, at {count} percent.", _FAULT, _NOTICE),
        "battery.well": Line("The battery is well charged again.", None, _NOTICE),
        "heat.hot": Line("The device is too hot and works more slowly.", _FAULT, _NOTICE),
        "heat.cooled": Line("The device has cooled down.", None, _NOTICE),
        "supply.weak": Line("The power supply is too weak.", _FAULT, _NOTICE),
        "supply.well": Line("The power supply is strong enough again.", None, _NOTICE),
        "storage.missing": Line(
            "The storage does not work. What is learnt now is lost when the device is switched off.",
            _FAULT,
            _NOTICE,
        ),
        "update.installing": Line(
            "An update is being installed. Leave the device switched on.",
            None,
            _NOTICE,
        ),
        "update.restarting": Line("The update is installed. The device starts again.", None, _NOTICE),
        "update.done": Line("The device was updated.", None, _NOTICE),
        "update.back": Line("The update did not work. The earlier version is back.", _FAULT, _NOTICE),
        "update.refused": Line("The update was refused. Nothing was changed.", _FAULT, _NOTICE),
        "doctor.begin": Line("I check my parts. That takes a moment."),
        "doctor.well": Line("Every part works.", Earcon.SUCCESS),
        "doctor.works_none": Line("No part works.", _FAULT),
        "doctor.works_one": Line("One part works.", _FAULT),
        "doctor.works_many": Line("{Count} parts work.", _FAULT),
        "doctor.system": Line("The card is damaged: write it anew."),
        "doctor.gallery": Line("The people cannot be read: the card may be damaged."),
        "doctor.things": Line("Some things must be taught anew. Tap and hold, to find them."),
        "doctor.storage": Line("The storage does not work: write the card anew, or take another."),
        "doctor.camera": Line("The camera does not work: check its cable."),
        "doctor.button": Line("The button does not work: check its wires and its number in the settings."),
        "doctor.remote": Line("The remote button was not found: charge it and switch it on."),
        "doctor.microphone": Line("There is no microphone: people get a number for a name."),
        "doctor.scene": Line("No description can be had: check the server and its key in the settings."),
        "doctor.guard": Line(
            "The distance guard cannot warn: check its buzzer, then switch the device off and on."
        ),
        "doctor.head": Line("The head sensor does not work: check its wires."),
        "doctor.knee": Line("The knee sensor does not work: check its wires."),
        "doctor.other": Line("One more part does not work: a maintainer finds it in the written report."),
        "answer.nobody": Line("Nobody I know."),
        "answer.stranger_one": Line("One person I don't know."),
        "answer.stranger_many": Line("{Count} people I don't know."),
        "answer.unsure_one": Line("One person, I can't tell who."),
        "answer.unsure_many": Line("{Count} people, I can't tell who."),
        "answer.dark": Line("Too dark to see."),
        "answer.covered": Line("I can see nothing. The camera is covered, or it is dark."),
        "answer.no_camera": Line("The camera does not answer."),
        "answer.starting": Line("One moment, the camera is starting."),
        "answer.paused": Line("Privacy is on. The camera is closed."),
        "here.nothing": Line("Nothing that I know."),
        "here.missing": Line("I know no objects: that part is not installed."),
        "here.off": Line("Objects are switched off."),
        "here.failed": Line("The part that knows objects does not work.", Earcon.FAILURE),
        "scene.begin": Line("One moment."),
        "scene.off": Line("Descriptions are switched off.", Earcon.FAILURE),
        "scene.refused": Line("No description: {reason}.", Earcon.FAILURE),
        "scene.broke_off": Line("The description broke off: {reason}.", Earcon.FAILURE),
        "scene.stopped": Line("Stopped."),
        "read.begin": Line("Reading."),
        "read.off": Line("Reading is switched off.", Earcon.FAILURE),
        "read.nothing": Line("I see no text."),
        "read.refused": Line("Not read: {reason}.", Earcon.FAILURE),
        "read.broke_off": Line("The reading broke off: {reason}.", Earcon.FAILURE),
        "read.more": Line("There is more text."),
        "read.stopped": Line("Stopped."),
    }
)

REASONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "too_dark": "too dark",
        "too_bright": "too bright",
        "covered": "nothing can be seen",
        "no_face": "no face in view",
        "cut_off": "part of the face is out of view",
        "too_far": "too far",
        "turned_away": "turn to me",
        "blurred": "hold still",
        "two_faces": "two faces, try again",
        "not_the_same": "not the same face",
        "known": "this looks like {name}",
        "no_consent": "nobody agreed",
        "no_answer": "there was no answer",
        "took_too_long": "it took too long",
        "no_camera": "the camera does not answer",
        "paused": "privacy is on",
        "disk_full": "the disk is full",
        "not_stored": "it could not be stored",
        "no_thing": "nothing is held up",
        "thing_cut_off": "part of it is out of view",
        "face_in_view": "a face is in view",
        "not_the_same_thing": "not the same thing",
        "things_failed": "the part that knows things does not work",
        "nothing": "there was nothing to tell",
        "missing": "that part is not installed",
        "unreachable": "the server does not answer",
        "insecure": "the way to the server is not safe",
        "denied": "the server wants another key",
        "busy": "the server is busy",
        "no_pictures": "the server cannot look at pictures",
        "nonsense": "the server's answer makes no sense",
        "cut_short": "the server stopped in the middle",
        "narrator_failed": "that part broke down",
    }
)

DIRECTIONS: Final = ((-10.0, "left"), (10.0, "ahead"), (float("inf"), "right"))
"""Bearing in degrees up to which a word holds."""

DISTANCES: Final = (
    (749, "half a metre"),
    (1499, "one metre"),
    (2499, "two metres"),
    (3499, "three metres"),
    (4499, "four metres"),
    (5499, "five metres"),
    (6000, "six metres"),
)
"""Distance in mm up to which a word holds."""

FAR: Final = "far"
FACING: Final = "facing you"
OR: Final = "or"
OTHER_ONE: Final = "One other"
OTHER_MANY: Final = "{Count} others"


class Phrasebook:
    """Makes announcements of the fixed lines."""

    def __init__(self, settings: AnnounceSettings) -> None:
        self._max_age_ns = {
            Band.HAZARD: settings.ambient_max_age_ms * NS_PER_MS,
            Band.NOTICE: settings.notice_max_age_ms * NS_PER_MS,
            Band.RESPONSE: settings.response_max_age_ms * NS_PER_MS,
        }

    def announcement(
        self,
        key: str,
        now_ns: int,
        *,
        name: Piece | None = None,
        count: int | None = None,
        reason: str | None = None,
        things: int | None = None,
    ) -> Announcement:
        """The line of a key, with what it leaves open filled in. things: a second count.

        reason: a key of REASONS, whose {name} is `name` too. Raises KeyError for a key that is in no table
        and for a value that the line needs and was not given.
        """
        line = LINES[key]
        template, values = line.text, _values(name, count, things)
        if reason is not None:
            because = REASONS[reason]
            template = template.replace("{reason}", because).replace("{Reason}", capital(because))
        return Announcement(
            key=key.partition(".")[0],
            phrase=Phrase(parts=fill(template, values)) if template else None,
            earcon=line.sound,
            band=line.band,
            expires_ns=now_ns + self._max_age_ns[line.band],
        )

    def ready(self, people: int, now_ns: int) -> Announcement:
        """The greeting, with how many people are known. It yields: someone who stands there at the start is
        named at once."""
        key = {0: "kith.ready_none", 1: "kith.ready_one"}.get(people, "kith.ready_many")
        return replace(self.announcement(key, now_ns, count=people), yields=True)


def _values(name: Piece | None, count: int | None, things: int | None) -> dict[str, Piece]:
    values: dict[str, Piece] = {}
    if name is not None:
        values["name"] = name
    if count is not None:
        values["count"] = Spoken(text=number(count))
        values["Count"] = Spoken(text=capital(number(count)))
    if things is not None:
        values["things"] = Spoken(text=number(things))
    return values
