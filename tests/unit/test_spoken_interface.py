"""`docs/spoken-interface.md` and the code say the same, row by row and both ways."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from kith.announce import words
from kith.announce.arbiter import MAX_WAITING
from kith.announce.callouts import Callouts, NoView, direction, distance
from kith.announce.tour import TourState, tour
from kith.announce.words import LINES, REASONS, Phrasebook
from kith.app import refusal
from kith.app.board_watch import LONGEST_STEADY
from kith.config import (
    AnnounceSettings,
    BoardSettings,
    ButtonSettings,
    CameraSettings,
    CorrectionSettings,
    EnrollmentSettings,
    ExpirySettings,
    NamingSettings,
    PresenceSettings,
    QuestionSettings,
    ThingsSettings,
)
from kith.enrollment.looks import CENTRE_HZ, EDGE_HZ, GUIDE_INTERVAL_NS
from kith.enrollment.messages import Prompt, Reason
from kith.enrollment.thing_views import FACE_STAYS_NS
from kith.interaction.book import HELP_AFTER_NS, IDLE_NS
from kith.interaction.messages import Line
from kith.ports import NarrationEnd
from kith.types import (
    Announcement,
    Appeared,
    Companion,
    Company,
    Gesture,
    HeldFault,
    Spoken,
    StrangerAppeared,
    View,
)
from tests.unit._machine_kit import place

DOC = Path(__file__).parents[2] / "docs" / "spoken-interface.md"
SETTINGS = AnnounceSettings()


def table(first_heading: str) -> list[list[str]]:
    """The cells of the table whose first column is headed so, ticks removed."""
    rows: list[list[str]] | None = None
    for line in DOC.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip().strip("`") for cell in line.strip().strip("|").split("|")]
        if rows is None:
            rows = [] if line.startswith("|") and cells[0] == first_heading else None
        elif not line.startswith("|"):
            break
        else:
            rows.append(cells)
    assert rows is not None, f"no table headed {first_heading}"
    return rows[1:]


def test_every_fixed_line() -> None:
    documented = {key: (text, sound, band) for key, text, sound, band in table("situation")}
    coded = {key: (line.text, line.sound or "", line.band.name.lower()) for key, line in LINES.items()}
    assert documented == coded


def test_the_program_asks_for_no_line_that_is_not_there() -> None:
    """A wrong key would end the daemon in the moment in which it has something to say."""
    sources = list((DOC.parents[1] / "device" / "kith").rglob("*.py"))
    asked = {key for source in sources for key in _keys_asked_for(ast.parse(source.read_text("utf-8")))}
    assert "camera.back" in asked
    assert asked - set(LINES) == set()


def _keys_asked_for(tree: ast.Module) -> Iterator[str]:
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        given = [keyword.value for keyword in call.keywords if keyword.arg == "key"]
        speaks = ("announcement", "say", "fault", "recovered")
        if isinstance(call.func, ast.Attribute) and call.func.attr in speaks:
            given += call.args[:1]
        for node in itertools.chain.from_iterable(map(ast.walk, given)):
            if isinstance(node, ast.Constant) and re.fullmatch(r"[a-z]+\.[a-z_]+", str(node.value)):
                yield str(node.value)


def test_every_reason() -> None:
    assert dict(table("reason")) == dict(REASONS)


def test_the_words_for_directions() -> None:
    limits = table("bearing in degrees, up to †")
    assert [(limit, word) for limit, word in limits[:-1]] == [
        (f"{limit:g}", word) for limit, word in words.DIRECTIONS[:-1]
    ]
    for limit, word in limits[:-1]:
        assert direction(float(limit)) == word
        assert direction(float(limit) + 0.01) != word
    assert limits[-1] == ["more", direction(180.0)]


def test_the_words_for_distances() -> None:
    limits = table("distance in mm, up to †")
    assert [(limit, word) for limit, word in limits[:-1]] == [
        (str(limit), word) for limit, word in words.DISTANCES
    ]
    for limit, word in limits[:-1]:
        assert distance(int(limit)) == word
        assert distance(int(limit) + 1) != word
    assert limits[-1] == ["more", distance(60_000)]


def test_every_gesture() -> None:
    assert [gesture for _, gesture, _ in table("press")] == [gesture.value for gesture in Gesture]


def test_enrollment_has_words_for_all_it_says() -> None:
    fixed = {key for key in LINES if key.partition(".")[0] in ("enroll", "thing")}
    assert {prompt.value for prompt in Prompt} == fixed


def test_every_reason_is_somebodys() -> None:
    given = {reason.value for reason in Reason} | set(NarrationEnd) - {NarrationEnd.DONE}
    assert given == set(REASONS) - {"no_camera", "paused"}
    assert set(HeldFault) <= {reason.value for reason in Reason}


def test_the_conversations_have_words_for_all_they_say() -> None:
    said_by_the_app = {"wrong.noted", "wrong.noted_many", "wrong.anew", "wrong.taken_back"}
    said_by_the_app |= {"wrong.thing", "wrong.thing_or_person"}
    fixed = {key for key in LINES if key.partition(".")[0] in ("name", "book", "wrong")}
    assert {line.value for line in Line} == fixed - said_by_the_app


@pytest.mark.parametrize("key", LINES)
def test_nothing_is_left_open(key: str) -> None:
    phrasebook = Phrasebook(SETTINGS)
    for reason in REASONS:
        announcement = phrasebook.announcement(
            key, 0, name=Spoken(text="Anna"), count=3, things=2, reason=reason
        )
        assert announcement.phrase is None or "{" not in announcement.phrase.text


@pytest.mark.parametrize(
    ("people", "text"),
    [
        (0, "Kith is ready. Nobody known yet."),
        (1, "Kith is ready. One person known."),
        (3, "Kith is ready. Three people known."),
        (112, "Kith is ready. 112 people known."),
    ],
)
def test_the_greeting(people: int, text: str) -> None:
    phrase = Phrasebook(SETTINGS).ready(people, 0).phrase
    assert phrase is not None
    assert phrase.text == text


def test_a_topic_is_the_word_before_the_dot() -> None:
    phrasebook = Phrasebook(SETTINGS)
    assert phrasebook.announcement("camera.stopped", 0).key == phrasebook.announcement("camera.back", 0).key


# --- sentences about people -----------------------------------------------------------------------


@dataclass
class Room:
    """Who is there, as the table writes it."""

    people: list[Companion]
    voices: dict[int, Spoken]
    strangers: int = 0
    unsure: int = 0

    @property
    def company(self) -> Company:
        people = sorted(self.people, key=lambda one: one.place.distance_mm)
        return Company(people=tuple(people), strangers=self.strangers, unsure=self.unsure)


def room(text: str) -> Room:
    made = Room(people=[], voices={})
    next_id = itertools.count()
    for one in text.split("; "):
        if count := re.fullmatch(r"(\d) (stranger|unsure)", one):
            setattr(made, {"stranger": "strangers"}.get(count[2], count[2]), int(count[1]))
        elif one != "nobody":
            names, bearing, mm, *facing = one.split()
            ids = dict(zip(names.split("/"), next_id, strict=False))
            made.voices.update({i: Spoken(text=name) for name, i in ids.items() if name[0] != "("})
            where = place(float(bearing), int(mm), facing=bool(facing))
            made.people.append(Companion(person_ids=tuple(ids.values()), place=where))
    return made


VIEWS: dict[str, View | NoView] = {
    "tap": View.NORMAL,
    "tap, dark": View.DARK,
    "tap, covered": View.COVERED,
    "tap, starting": NoView.STARTING,
    "tap, no camera": NoView.NO_CAMERA,
    "tap, paused": NoView.PAUSED,
}


def said(how: str, scene: Room) -> Announcement | None:
    callouts = Callouts(SETTINGS, scene.voices.get, lambda _: scene.company)
    if how != "unasked":
        return callouts.answer(VIEWS[how], 0)
    for one in scene.people:
        callouts.note(Appeared(person_ids=one.person_ids, track_id=0, place=one.place, at_ns=0))
    for track_id in range(scene.strangers):
        callouts.note(StrangerAppeared(track_id=track_id, place=place(), at_ns=0))
    return callouts.next_ambient(0)


@pytest.mark.parametrize(("how", "who", "text", "sound"), table("said"))
def test_every_sentence(how: str, who: str, text: str, sound: str) -> None:
    announcement = said(how, room(who))
    if text == "nothing":
        assert announcement is None
        return
    assert announcement is not None
    assert (announcement.phrase.text if announcement.phrase else "") == text
    assert (announcement.earcon or "") == sound


def test_every_fragment_of_a_sentence_is_in_the_table() -> None:
    sentences = " ".join(text for _, _, text, _ in table("said"))
    fragments = [word for _, word in words.DIRECTIONS]
    fragments += [words.FAR, words.FACING, f" {words.OR} ", words.OTHER_ONE]
    fragments.append(words.OTHER_MANY.replace("{Count}", "Two"))
    fragments += [
        line.text.replace("{Count}", "") for key, line in LINES.items() if key.startswith("answer.")
    ]
    assert [fragment for fragment in fragments if fragment not in sentences] == []
    assert {how for how, *_ in table("said")} == {"unasked", *VIEWS}


BUTTON, PRESENCE, ENROLLMENT = ButtonSettings(), PresenceSettings(), EnrollmentSettings()
CAMERA, QUESTIONS, NAMING = CameraSettings(), QuestionSettings(), NamingSettings()
THINGS = ThingsSettings()
CORRECTION, EXPIRY, BOARD = CorrectionSettings(), ExpirySettings(), BoardSettings()


@pytest.mark.parametrize(
    ("value", "pattern"),
    [
        (SETTINGS.ambient_max_age_ms / 1000, r"a stranger is dropped after (\S+) s†"),
        (SETTINGS.ambient_max_age_ms / 1000, r"nothing unasked for (\S+) s†"),
        (SETTINGS.response_max_age_ms / 1000, r"\(response (\S+) s†"),
        (SETTINGS.notice_max_age_ms / 1000, r"notice (\S+) s†\)"),
        (MAX_WAITING, r"at most (\d+) wait"),
        (BUTTON.double_gap_ms, r"when (\d+) ms† have passed"),
        (BUTTON.double_gap_ms, r"when (\d+) ms have passed without a third"),
        (BUTTON.double_gap_ms, r"when (\d+) ms have passed without a fourth"),
        (BUTTON.hold_ms / 1000, r"\| (\S+) s† to 4 s†"),
        (BUTTON.privacy_hold_ms / 1000, r"\| (\S+) s† to 8 s†"),
        (BUTTON.power_warning_ms / 1000, r"\| (\S+) s† \| `power_warning`"),
        (BUTTON.power_hold_ms / 1000, r"\| (\S+) s† \| `hold10`"),
        (BUTTON.debounce_ms, r"An edge within (\d+) ms†"),
        (PRESENCE.votes, r"A name needs (\d+)† agreeing looks"),
        (PRESENCE.vote_window_ms / 1000, r"of one track within (\S+) s†"),
        (PRESENCE.vote_window_ms / 1000, r"seen in the last (\S+) s†"),
        (PRESENCE.left_after_ms / 1000, r"Gone after (\S+) s† unseen"),
        (PRESENCE.cooldown_ms / 1000, r"and (\S+) s† after the name"),
        (1e9 / GUIDE_INTERVAL_NS, r"sounds (\d+) times a second"),
        (CENTRE_HZ, r"(\d+) Hz with the face in the middle"),
        (EDGE_HZ, r"falling to (\d+) Hz"),
        (ENROLLMENT.front_views, r"(\d+)† views from the front"),
        (ENROLLMENT.front_yaw_deg, r"turned by at most (\d+)°†"),
        (ENROLLMENT.front_yaw_deg, r"each \((\d+)° to"),
        (ENROLLMENT.max_yaw_deg, r"each \(\d+° to (\d+)°†"),
        (ENROLLMENT.side_timeout_ms / 1000, r"each is waited for (\S+) s†"),
        (ENROLLMENT.min_view_gap_ms, r"(\d+) ms† apart, with"),
        (ENROLLMENT.min_inter_eye_px, r"at least (\d+) px†"),
        (ENROLLMENT.hint_interval_ms / 1000, r"was heard for (\S+) s†"),
        (ENROLLMENT.min_agreement, r"cosine under (\S+)†"),
        (ENROLLMENT.min_side_agreement, r"half-profiles (\S+)†"),
        (ENROLLMENT.lost_after_ms / 1000, r"lost for (\S+) s†"),
        (ENROLLMENT.timeout_ms / 1000, r"After (\d+) s† of looking it ends"),
        (THINGS.views, r"1\. (\d+)† views, over which"),
        (THINGS.min_view_gap_ms / 1000, r"are taken (\S+) s† and more"),
        (THINGS.max_view_likeness, r"views before \(cosine under (\S+)†"),
        (THINGS.alike_after_ms / 1000, r"the same after (\S+) s†"),
        (FACE_STAYS_NS / 1e9, r"in view for (\S+) s† before"),
        (THINGS.min_agreement, r"of the views \(cosine under (\S+)†"),
        (ENROLLMENT.lost_after_ms / 1000, r"thing not seen for (\S+) s:"),
        (THINGS.teach_timeout_ms / 1000, r"the same (\S+) s† of looking"),
        (QUESTIONS.repeat_after_ms / 1000, r"is asked again after (\d+) s†"),
        (QUESTIONS.give_up_after_ms / 1000, r"given up (\d+) s† after that"),
        (QUESTIONS.repeat_after_ms / 1000, r"or (\d+) s† of silence: kept"),
        (NAMING.settle_ms, r"the tone and (\d+) ms† after it"),
        (NAMING.silence_ms, r"ends with (\d+) ms† of silence"),
        (NAMING.longest_ms / 1000, r"after (\d+) s† at most"),
        (NAMING.wait_ms / 1000, r"Nothing heard for (\d+) s†"),
        (CORRECTION.within_ms / 1000, r"`hold` within (\d+) s† of a name"),
        (CORRECTION.anew_after, r"Marked (\d+) times†"),
        (HELP_AFTER_NS / 1e9, r"pressed for (\d+) s† after the first"),
        (IDLE_NS / 1e9, r"so does (\d+) s† without a press"),
        (EXPIRY.after_days / 365, r"for (\d+) years† is told"),
        (EXPIRY.grace_days, r"(\d+) days† after they were told"),
        (CAMERA.covered_after_ms / 1000, r"Nothing to be seen for (\d+) s†"),
        (CAMERA.uncovered_after_ms / 1000, r"seen again after (\d+) s†"),
        (BOARD.check_interval_ms / 1000, r"Asked every (\d+) s;"),
        (BOARD.battery_low_percent, r"`battery.low` at (\d+) %†"),
        (BOARD.battery_very_low_percent, r"once more at (\d+) %†"),
        (BOARD.battery_well_percent, r"`battery.well` above (\d+) %†"),
        (BOARD.hot_from_deg, r"from (\d+) degrees on"),
        (BOARD.hot_from_deg - BOARD.cooled_by_deg, r"below (\d+) degrees for"),
        (BOARD.lasting_ms / 1000, r"degrees on, for (\d+) s†"),
        (BOARD.steady_after_ms / 1000, r"degrees for (\d+) s†"),
        (BOARD.lasting_ms / 1000, r"too low for (\d+) s†"),
        (BOARD.steady_after_ms / 1000, r"was not for (\d+) s†"),
        (LONGEST_STEADY, r"up to (\d+) times"),
    ],
)
def test_the_numbers_in_the_prose_are_the_settings(value: float, pattern: str) -> None:
    found = re.search(pattern, DOC.read_text(encoding="utf-8"))
    assert found is not None, pattern
    assert float(found[1]) == value


@pytest.mark.parametrize("row", table("known"), ids=lambda row: row[-1])
def test_how_the_device_does(row: list[str]) -> None:
    known, things, privacy, look_s, battery, faults, people, text = row
    state = TourState(
        known=int(known),
        things=int(things),
        paused=privacy == "on",
        last_look_age_ns=None if look_s == "never" else round(float(look_s) * 1e9),
        battery_percent=int(battery) if battery else None,
        faults=tuple(re.findall(r"[a-z]+\.[a-z]+", faults)),
        people_follow=people == "yes",
    )
    phrase = tour(state, Phrasebook(SETTINGS), 0).phrase
    assert phrase is not None
    assert phrase.text == text


def test_every_reason_not_to_start() -> None:
    assert table("error at start") == [[kind.__name__, words] for kind, words in refusal.REASONS]
