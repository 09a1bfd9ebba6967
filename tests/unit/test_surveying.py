"""What is here: the answer to a triple tap, as the table in docs/spoken-interface.md has it and otherwise."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from kith.announce.callouts import Callouts, NoView
from kith.announce.inventory import OBJECTS, kind_of
from kith.announce.words import Phrasebook
from kith.app.core import Trouble
from kith.app.eyesight import Eyesight
from kith.app.known_things import KnownThings
from kith.app.prompts import Prompts
from kith.app.surroundings import Objects, Surroundings
from kith.app.surveying import ANSWER_WITHIN_NS, MOMENT_NS, OPEN_WITHIN_NS, Surveying
from kith.app.thing_calls import ThingCalls
from kith.clock import NS_PER_S
from kith.config import AnnounceSettings, Settings, ThingsSettings
from kith.guard.ports import Level
from kith.recognition.survey_votes import SurveyVotes
from kith.recognition.thing_watch import GONE_NS, ThingWatch
from kith.types import (
    Announcement,
    BoxPx,
    SeenObject,
    SeenThing,
    Spoken,
    Survey,
    View,
    Want,
)
from kith.vision.objects import LABELS
from tests.unit._core_kit import ANNA, KEYS, STRANGER, Life
from tests.unit._guard_kit import message, sensor
from tests.unit._machine_kit import ms, sighting
from tests.unit.test_spoken_interface import DOC, Room, room, table

VIEWS: dict[str, View | NoView] = {
    "dark": View.DARK,
    "covered": View.COVERED,
    "starting": NoView.STARTING,
    "no camera": NoView.NO_CAMERA,
    "paused": NoView.PAUSED,
}
PARTS = {"not installed": Objects.MISSING, "off": Objects.OFF}
OTHERS = {"seen", "broken", "nothing came"}


def an_object(label: str, bearing_deg: float = 0.0, x: float = 300.0, width: float = 100.0) -> SeenObject:
    box = BoxPx(x=x, y=100.0, w=width, h=width)
    return SeenObject(label=label, box=box, score=0.8, bearing_deg=bearing_deg)


def a_thing(
    thing_id: int = 1, bearing_deg: float = 0.0, *, near: bool | None = None, width: float = 50.0
) -> SeenThing:
    box = BoxPx(x=300.0, y=100.0, w=width, h=width)
    return SeenThing(thing_id=thing_id, box=box, score=0.8, margin=0.2, bearing_deg=bearing_deg, near=near)


def survey(*seen: SeenObject | SeenThing) -> Survey:
    return Survey(
        objects=tuple(one for one in seen if isinstance(one, SeenObject)),
        things=tuple(one for one in seen if isinstance(one, SeenThing)),
    )


class Desk:
    """A survey with nothing around it but what the table tells."""

    def __init__(self, how: str, who: str, things: str = "", objects: str = "") -> None:
        self.said: list[Announcement] = []
        self.sights, self.voices = self._sights(things, objects)
        perception = SimpleNamespace(wants=frozenset(), things=SimpleNamespace(broken=how == "broken"))
        self.perception = perception
        there: Room = room(who)
        callouts = Callouts(AnnounceSettings(), there.voices.get, lambda _: there.company)
        words = Phrasebook(AnnounceSettings())
        self.view = VIEWS.get(how, View.NORMAL)
        self.stale_from_ns: int | None = None
        known = cast(KnownThings, SimpleNamespace(voice_of=self.voices.get, announced=frozenset()))
        self.surveying = Surveying(
            ThingsSettings(),
            callouts,
            ThingCalls(Settings(), known, cast(Surroundings, None)),
            cast(Eyesight, SimpleNamespace(view=self._view_at)),
            cast(
                Surroundings,
                SimpleNamespace(perception=perception, objects=PARTS.get(how, Objects.FITTED)),
            ),
            words,
            Prompts(words, lambda announcement, _: self.said.append(announcement)),
        )

    def _view_at(self, now_ns: int) -> View | NoView:
        stale = self.stale_from_ns is not None and now_ns >= self.stale_from_ns
        return NoView.NO_CAMERA if stale else self.view

    def _sights(self, things: str, objects: str) -> tuple[Survey, dict[int, Spoken]]:
        voices: dict[int, Spoken] = {}
        seen: list[SeenObject | SeenThing] = []
        width = 200.0
        for number, one in enumerate(filter(None, things.split("; "))):
            name, bearing, *near = one.split()
            if not name.startswith("("):
                voices[number] = Spoken(text=name)
            width -= 5
            seen.append(a_thing(number, float(bearing), near=True if near else None, width=width))
        for one in filter(None, objects.split("; ")):
            label, _, bearing = one.rpartition(" ")
            width -= 5
            seen.append(an_object(label, float(bearing), width=width))
        return survey(*seen), voices

    def looks(self, count: int, from_ms: int = 100) -> None:
        for number in range(count):
            at_ns = ms(from_ms + 100 * number)
            wanted = self.sights if Want.SURVEY in self.perception.wants else None
            self.surveying.saw(replace(sighting(at_ns), survey=wanted), at_ns)

    @property
    def words(self) -> list[str]:
        return [one.phrase.text for one in self.said if one.phrase]


@pytest.mark.parametrize(("how", "who", "things", "objects", "words"), table("answered"))
def test_every_answer(how: str, who: str, things: str, objects: str, words: str) -> None:
    desk = Desk(how, who, things, objects)
    desk.surveying.begin(0)
    if how == "nothing came":
        desk.surveying.tick(OPEN_WITHIN_NS)
    else:
        desk.looks(ThingsSettings().survey_looks)
    assert desk.words == [words]
    assert not desk.surveying.active
    assert desk.perception.wants == frozenset()


def test_every_way_to_answer_is_in_the_table() -> None:
    assert {how for how, *_ in table("answered")} == {*VIEWS, *PARTS, *OTHERS}


def test_every_class_has_its_words() -> None:
    documented = {label: None if one == "nothing" else (one, many) for label, one, many in table("class")}
    assert documented == {label: OBJECTS.get(label) for label in LABELS}
    assert set(OBJECTS) <= set(LABELS)


def test_the_numbers_in_the_prose_are_those_of_the_code() -> None:
    text = DOC.read_text(encoding="utf-8")
    settings = ThingsSettings()
    assert f"A triple tap. {settings.survey_looks}† looks" in text
    assert f"after {ANSWER_WITHIN_NS // NS_PER_S} s† (`kith.app.surveying`) at most" in text
    assert f"begun {MOMENT_NS // NS_PER_S} s† after the press" in text
    assert f"at most {settings.most_objects}† kinds and places of objects" in text
    assert f"out of view for {GONE_NS // NS_PER_S} s†" in text
    assert settings.announce_interval_ms == 1000
    assert "One frame a second† is searched" in text


# --- looks, one after the other -----------------------------------------------------------------------


def test_it_answers_only_once_it_has_its_looks() -> None:
    desk = Desk("seen", "nobody", objects="chair 0")
    desk.surveying.begin(0)
    desk.looks(2)
    assert desk.said == []
    desk.looks(1, from_ms=300)
    assert desk.words == ["A chair in front."]


def test_after_three_seconds_it_answers_with_what_it_has() -> None:
    desk = Desk("seen", "nobody", objects="chair 0")
    desk.surveying.begin(0)
    desk.looks(1)
    desk.surveying.tick(MOMENT_NS)
    assert desk.surveying.next_deadline_ns == ANSWER_WITHIN_NS
    desk.surveying.tick(ANSWER_WITHIN_NS - 1)
    assert desk.words == ["One moment."]
    desk.surveying.tick(ANSWER_WITHIN_NS)
    assert desk.words == ["One moment.", "A chair in front."]
    assert desk.surveying.next_deadline_ns is None


def test_looks_that_take_a_second_and_more_are_no_silent_camera() -> None:
    desk = Desk("seen", "nobody", objects="chair 0")
    desk.surveying.begin(0)
    desk.looks(1, from_ms=1500)
    desk.stale_from_ns = ms(2500)
    desk.surveying.tick(ANSWER_WITHIN_NS)
    assert desk.words == ["A chair in front."]


def test_the_first_look_may_wait_for_the_network() -> None:
    desk = Desk("seen", "nobody", objects="chair 0")
    desk.surveying.begin(0)
    assert desk.surveying.next_deadline_ns == MOMENT_NS
    desk.surveying.tick(MOMENT_NS - 1)
    assert desk.said == []
    desk.surveying.tick(MOMENT_NS)
    desk.surveying.tick(ANSWER_WITHIN_NS)
    assert desk.words == ["One moment."]
    assert desk.surveying.next_deadline_ns == OPEN_WITHIN_NS
    desk.looks(1, from_ms=4000)
    assert desk.words == ["One moment.", "A chair in front."]


def test_an_answer_that_is_due_is_given_without_a_moment_before() -> None:
    desk = Desk("seen", "nobody", objects="chair 0")
    desk.surveying.begin(0)
    desk.looks(1)
    desk.surveying.tick(ANSWER_WITHIN_NS)
    assert desk.words == ["A chair in front."]
    desk.surveying.tick(ANSWER_WITHIN_NS + MOMENT_NS)
    assert desk.words == ["A chair in front."]
    assert desk.surveying.next_deadline_ns is None


def test_a_camera_that_is_silent_is_not_waited_for() -> None:
    desk = Desk("seen", "nobody", objects="chair 0")
    desk.surveying.begin(0)
    desk.view = NoView.NO_CAMERA
    desk.surveying.tick(ANSWER_WITHIN_NS)
    assert desk.words == ["The camera does not answer."]


def test_a_look_of_before_the_press_does_not_count() -> None:
    desk = Desk("seen", "nobody", objects="chair 0")
    desk.surveying.begin(ms(1000))
    desk.looks(3, from_ms=100)
    assert desk.said == []


def test_a_part_that_breaks_meanwhile_is_told_of() -> None:
    desk = Desk("seen", "Anna 0 1200", objects="chair 0")
    desk.surveying.begin(0)
    desk.perception.things.broken = True
    desk.sights = cast(Survey, None)
    desk.looks(1)
    assert desk.words == ["Anna, ahead, one metre. The part that knows objects does not work."]


def test_a_camera_that_goes_meanwhile_is_told_of() -> None:
    desk = Desk("seen", "nobody", objects="chair 0")
    desk.surveying.begin(0)
    desk.view = NoView.NO_CAMERA
    desk.surveying.camera_gone(ms(100))
    assert desk.words == ["The camera does not answer."]


def votes_of(*looks: Survey) -> SurveyVotes:
    votes = SurveyVotes(kind_of)
    for look in looks:
        votes.add(look)
    return votes


def told(votes: SurveyVotes) -> list[str | int]:
    result = votes.result()
    return [*(one.label for one in result.objects), *(one.thing_id for one in result.things)]


def test_what_one_look_of_three_shows_is_not_told() -> None:
    chair, dog = an_object("chair"), an_object("dog")
    assert told(votes_of(survey(chair, dog, a_thing(7)), survey(chair), survey(chair))) == ["chair"]
    assert told(votes_of(survey(chair), survey(a_thing(7)), survey(chair, a_thing(7)))) == ["chair", 7]


def test_half_of_the_looks_are_not_most() -> None:
    assert told(votes_of(survey(an_object("chair")), survey())) == []


def test_a_head_that_turns_makes_no_second_chair() -> None:
    """The box moves by more than its width, the bearing by little."""
    looks = [survey(an_object("chair", bearing, x)) for bearing, x in ((0, 300), (5, 410), (10, 520))]
    assert told(votes_of(*looks)) == ["chair"]


def test_two_chairs_side_by_side_stay_two() -> None:
    two = survey(an_object("chair", -3, 200), an_object("chair", 3, 320))
    assert told(votes_of(two, two, two)) == ["chair", "chair"]


def test_a_chair_far_off_is_not_the_near_one_of_before() -> None:
    near, far = an_object("chair", 0, 200, width=300), an_object("chair", 5, 420, width=40)
    assert told(votes_of(survey(near), survey(far))) == []


def test_a_table_that_is_a_desk_in_every_other_look_is_one_table() -> None:
    names = ("table", "desk", "table")
    assert told(votes_of(*(survey(an_object(name)) for name in names))) == ["table"]


def test_whose_face_one_look_showed_is_no_person_besides() -> None:
    votes = SurveyVotes(kind_of)
    body = an_object("person", x=300, width=100)
    votes.add(survey(body), [BoxPx(x=330, y=110, w=30, h=30)])
    votes.add(survey(body))
    votes.add(survey(body))
    assert told(votes) == []


def test_a_face_beside_somebody_is_not_theirs() -> None:
    votes = SurveyVotes(kind_of)
    votes.add(survey(an_object("person", x=300, width=100)), [BoxPx(x=500, y=110, w=30, h=30)])
    assert told(votes) == ["person"]


def test_a_face_before_a_chair_takes_no_chair_away() -> None:
    votes = SurveyVotes(kind_of)
    votes.add(survey(an_object("chair", x=300, width=100)), [BoxPx(x=330, y=110, w=30, h=30)])
    assert told(votes) == ["chair"]


def test_the_largest_come_first() -> None:
    small, large = an_object("dog", width=50), an_object("chair", width=200)
    assert told(votes_of(survey(small, large))) == ["chair", "dog"]


# --- with all of the core around it -------------------------------------------------------------------


@pytest.fixture
def life(tmp_path: Path) -> Life:
    life = Life(tmp_path, people={"Anna": ANNA}, things={"keys": KEYS})
    life.live(3)
    return life


def keys(life: Life, **where: float | bool) -> SeenThing:
    (thing,) = life.things.everybody()
    return a_thing(thing.person_id, **where)  # type: ignore[arg-type]


def test_people_then_things_then_objects(life: Life) -> None:
    life.stands(1, ANNA)
    life.live(3)
    life.survey = survey(keys(life, bearing_deg=20.0, near=True), an_object("chair", -20))
    life.press("triple")
    assert life.hear(6) == ["Anna, ahead, two metres. keys, right, near. A chair on the left."]
    assert life.eyes.wants == frozenset()


def test_nothing_is_said_unasked_while_it_looks(life: Life) -> None:
    life.survey = None
    life.press("triple")
    life.live(1.5)
    life.stands(1, ANNA)
    assert life.hear(2.5) == ["One moment."]
    life.survey = survey(an_object("chair"))
    assert life.hear(2) == ["Anna, ahead, two metres. A chair in front."]


def test_a_network_that_is_being_opened_is_waited_for_with_one_word(life: Life) -> None:
    life.survey = None
    life.press("triple")
    assert life.hear(8) == ["One moment."]
    life.survey = survey(an_object("chair"))
    assert life.hear(6) == ["A chair in front."]
    ((asked_ns, waits_ns),) = [
        (one.at_ns, other.at_ns)
        for one in life.of("button")
        for other in life.of("announcement")
        if other.text == "One moment."
    ]
    assert waits_ns - asked_ns == pytest.approx(MOMENT_NS, abs=ms(20))


def test_an_answer_in_time_needs_no_word_before(life: Life) -> None:
    life.survey = survey(an_object("chair"))
    life.press("triple")
    assert life.hear(8) == ["A chair in front."]


def test_a_fault_that_is_being_told_is_heard_to_its_end_first(life: Life) -> None:
    life.survey = None
    life.press("triple")
    life.live(1.5)
    life.core.handle(Trouble(key="remote.lost", text="lost"), life.now_ns)
    assert life.hear(6) == ["The remote button does not answer.", "One moment."]
    fault, moment = life.of("announcement")[-2:]
    assert moment.at_ns - fault.at_ns > NS_PER_S
    assert moment.at_ns - fault.at_ns < 4 * NS_PER_S


def test_a_tap_that_stops_that_word_asks_who_is_here(life: Life) -> None:
    life.survey = None
    life.press("triple")
    life.live(4, until=lambda: life.core.speaking)
    life.press("tap")
    assert life.hear(12) == ["Nobody I know."]
    assert life.eyes.wants == frozenset()


def test_who_was_named_in_the_answer_is_not_told_of_unasked_as_well(life: Life) -> None:
    """And can be marked as wrong, as one in the answer to a tap."""
    life.survey = None
    life.press("triple")
    life.live(1.5)
    life.stands(1, ANNA)
    life.live(1)
    life.survey = survey()
    assert life.hear(8) == ["Anna, ahead, two metres."]
    life.press("hold")
    assert life.hear(4) == ["Noted. That was not Anna."]


def test_a_press_begun_while_it_looks_is_waited_for(life: Life) -> None:
    life.survey = None
    life.press("triple")
    life.live(1.5)
    life.press("hold4")
    life.survey = survey(an_object("chair"))
    assert life.hear(4) == []
    assert life.hear(2) == ["Privacy on. The camera is closed."]
    assert life.eyes.wants == frozenset()


def test_its_answer_is_cut_off_by_a_tap_which_does_no_more(life: Life) -> None:
    life.survey = survey(an_object("chair"))
    life.press("triple")
    life.live(3, until=lambda: life.core.speaking)
    life.press("tap")
    assert life.hear(3) == []


def test_a_triple_tap_ends_an_enrollment_and_tells_what_is_here(life: Life) -> None:
    life.stands(7, STRANGER)
    life.press("double")
    life.live(3, until=lambda: life.core._talk.enrolling.active)
    assert life.core._talk.enrolling.active
    life.press("triple")
    assert "One person I don't know." in life.hear(5)
    assert not life.core._talk.enrolling.active


def test_switched_off_it_asks_perception_for_nothing(tmp_path: Path) -> None:
    life = Life(tmp_path, things={}, settings=Settings(things=ThingsSettings(enabled=False)))
    life.live(3)
    life.press("triple")
    wanted = set()
    for _ in range(600):
        life.live(0.01)
        wanted.add(life.eyes.wants)
    assert [text for _, text in life.said][-1] == "Nobody I know. Objects are switched off."
    assert wanted == {frozenset()}
    assert life.eyes.survey_interval_ns is None


# --- told of unasked ------------------------------------------------------------------------------------


def announce(life: Life) -> None:
    (thing,) = life.things.everybody()
    life.things.set_announced(thing.person_id, True)
    life.live(0.5)


def test_a_thing_that_is_marked_is_told_of_once(life: Life) -> None:
    announce(life)
    life.survey = survey(keys(life, bearing_deg=20.0, near=True))
    assert life.hear(10) == ["keys, right, near."]


def test_a_thing_in_an_answer_is_not_told_of_unasked_as_well(life: Life) -> None:
    announce(life)
    life.live(2)
    life.survey = survey(keys(life))
    life.press("triple")
    assert life.hear(10) == ["keys, ahead."]


def test_a_thing_in_an_answer_that_the_buzzer_cut_off_is_told_of(life: Life) -> None:
    announce(life)
    life.guard = lambda at_ms: message(at_ms, Level.QUIET)
    life.live(2)
    life.survey = survey(keys(life))
    life.press("triple")
    life.live(8, until=lambda: life.core.speaking)
    life.live(0.1)
    life.guard = lambda at_ms: message(at_ms, Level.CONTACT, sensor(distance_mm=300))
    assert life.hear(3) == []
    life.guard = lambda at_ms: message(at_ms, Level.QUIET)
    assert life.hear(6) == ["keys, ahead."]


def test_a_slow_processor_is_not_kept_from_people_by_a_thing_that_is_marked(life: Life) -> None:
    """A survey that took a second and a half is followed by thrice that time without one."""
    announce(life)
    late = replace(sighting(life.now_ns), survey=survey())
    life.core.handle(late, life.now_ns + ms(1500))
    assert life.eyes.survey_interval_ns == ms(6000)
    life.now_ns += ms(2000)
    life.live(6)
    assert life.eyes.survey_interval_ns == NS_PER_S


def test_looks_of_a_slow_processor_are_of_one_moment_all_the_same() -> None:
    watch = ThingWatch(NS_PER_S)
    watch.interval_ns = 6 * NS_PER_S
    watch.saw([a_thing(1)], 0)
    watch.saw([a_thing(1)], 6 * NS_PER_S)
    watch.saw([a_thing(1)], 12 * NS_PER_S)
    assert [one.thing_id for one in watch.news({1}, 13 * NS_PER_S)] == [1]


def test_a_thing_that_is_not_marked_is_told_of_only_when_asked(life: Life) -> None:
    life.survey = survey(keys(life))
    assert life.hear(10) == []
    assert life.eyes.survey_interval_ns is None
    life.press("triple")
    assert life.hear(6) == ["keys, ahead."]


def test_nothing_is_searched_once_nothing_is_marked_any_more(life: Life) -> None:
    announce(life)
    assert life.eyes.survey_interval_ns == NS_PER_S
    (thing,) = life.things.everybody()
    life.things.set_announced(thing.person_id, False)
    life.live(0.5)
    assert life.eyes.survey_interval_ns is None


def test_a_thing_is_told_of_again_only_after_it_was_gone_for_a_minute(life: Life) -> None:
    announce(life)
    shown = life.survey = survey(keys(life))
    assert life.hear(8) == ["keys, ahead."]
    for gone_s, heard in ((30.0, []), (70.0, ["keys, ahead."])):
        life.survey = survey()
        life.live(gone_s)
        life.survey = shown
        assert life.hear(8) == heard


def test_one_look_at_a_thing_is_not_enough_to_tell_of_it(life: Life) -> None:
    announce(life)
    shown = survey(keys(life))
    for _ in range(5):
        life.survey = shown
        life.live(1)
        life.survey = survey()
        life.live(3)
    assert [text for _, text in life.said] == ["Kith is ready. One person known."]


def test_a_thing_that_was_silenced_by_a_press_is_not_told_of_again(life: Life) -> None:
    announce(life)
    life.survey = survey(keys(life))
    life.live(8, until=lambda: life.core.speaking)
    life.press("tap")
    assert life.hear(10) == []


def test_a_thing_that_the_buzzer_cut_off_is_told_of_again(life: Life) -> None:
    """The wearer did not want that quiet."""
    announce(life)
    life.guard = lambda at_ms: message(at_ms, Level.QUIET)
    life.survey = survey(keys(life))
    life.live(8, until=lambda: life.core.speaking)
    life.live(0.1)
    life.guard = lambda at_ms: message(at_ms, Level.CONTACT, sensor(distance_mm=300))
    assert life.hear(3) == []
    life.guard = lambda at_ms: message(at_ms, Level.QUIET)
    assert life.hear(6) == ["keys, ahead."]


def test_watched_things_that_come_are_news_until_told() -> None:
    watch = ThingWatch(NS_PER_S)
    watch.saw([a_thing(1)], 0)
    watch.saw([a_thing(1)], NS_PER_S // 2)
    assert watch.news({1}, NS_PER_S // 2) == []
    watch.saw([a_thing(1), a_thing(2)], NS_PER_S)
    assert [one.thing_id for one in watch.news({1, 2}, NS_PER_S)] == [1]
    assert watch.news({2}, NS_PER_S) == []
    assert watch.news({1}, 10 * NS_PER_S) == []
    watch.told([1], NS_PER_S)
    assert watch.news({1}, NS_PER_S) == []
    watch.untold([1])
    assert [one.thing_id for one in watch.news({1}, NS_PER_S)] == [1]


def test_looks_that_lie_far_apart_are_not_of_one_moment() -> None:
    watch = ThingWatch(NS_PER_S)
    watch.saw([a_thing(1)], 0)
    watch.saw([a_thing(1)], 5 * NS_PER_S)
    assert watch.news({1}, 5 * NS_PER_S) == []


def test_an_object_of_a_class_that_is_not_told_of_counts_as_nothing() -> None:
    assert kind_of("boot") is None
    assert told(votes_of(survey(an_object("boot")))) == []
