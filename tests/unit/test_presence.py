"""Presence in ticks."""

from __future__ import annotations

import pytest

from kith.clock import Tick
from kith.config import PresenceSettings
from kith.recognition.presence import Allowed, Denied, NamesHeard, Presence
from kith.types import (
    Appeared,
    Companion,
    Company,
    Identification,
    Left,
    PresenceEvent,
    SeenFace,
    StrangerAppeared,
)
from tests.unit._machine_kit import between, face, known, ms, place, sighting, unknown

ANNA, BEN, BETH = 1, 2, 3
STEP_MS = 200


class Scene:
    """A presence that is shown one frame every 200 ms."""

    def __init__(self) -> None:
        self.presence = Presence(PresenceSettings())
        self.at_ms = 0

    def show(self, *faces: SeenFace) -> list[PresenceEvent]:
        self.at_ms += STEP_MS
        return self.presence.step(sighting(ms(self.at_ms), *faces), ms(self.at_ms))

    def looks(self, track_id: int, *who: Identification | None) -> list[PresenceEvent]:
        return [event for one in who for event in self.show(face(track_id, one))]

    def wait(self, duration_ms: int) -> list[PresenceEvent]:
        """Nothing is seen, not even nothing; Ticks come when they are due."""
        self.at_ms += duration_ms
        events: list[PresenceEvent] = []
        while (due := self.presence.next_deadline_ns) is not None and due <= ms(self.at_ms):
            events += self.presence.step(Tick(), due)
            assert self.presence.next_deadline_ns is None or self.presence.next_deadline_ns > due
        return events

    def hear(self, *person_ids: int) -> None:
        self.presence.step(NamesHeard(identities=(person_ids,)), ms(self.at_ms))

    def deny(self, *identities: tuple[int, ...]) -> list[PresenceEvent]:
        return self.presence.step(Denied(identities=identities), ms(self.at_ms))

    def allow(self, *identities: tuple[int, ...]) -> list[PresenceEvent]:
        return self.presence.step(Allowed(identities=identities), ms(self.at_ms))

    def company(self) -> Company:
        return self.presence.company(ms(self.at_ms))


def told(events: list[PresenceEvent]) -> list[tuple[str, tuple[int, ...]]]:
    return [
        (type(event).__name__, () if isinstance(event, StrangerAppeared) else event.person_ids)
        for event in events
    ]


APPEARED, LEFT, STRANGER = "Appeared", "Left", "StrangerAppeared"


@pytest.mark.parametrize(
    ("looks", "expected"),
    [
        pytest.param([known(ANNA)] * 2, [], id="two looks are not enough"),
        pytest.param([known(ANNA)] * 9, [(APPEARED, (ANNA,))], id="three looks name, once"),
        pytest.param([known(ANNA), None, known(ANNA), None, known(ANNA)], [(APPEARED, (ANNA,))], id="gaps"),
        pytest.param(
            [known(ANNA), *[None] * 7, known(ANNA), known(ANNA)], [], id="a look outside the window"
        ),
        pytest.param([between(ANNA, BETH)] * 3, [(APPEARED, (ANNA, BETH))], id="two alike"),
        pytest.param(
            [between(ANNA, BETH), between(BETH, ANNA), between(ANNA, BETH)],
            [(APPEARED, (ANNA, BETH))],
            id="two alike, in either order",
        ),
        pytest.param([unknown()] * 9, [(STRANGER, ())], id="a stranger, once"),
        pytest.param([known(ANNA), known(BEN)] * 2, [], id="torn between two"),
        pytest.param(
            [known(ANNA), known(BEN)] * 8, [(APPEARED, (ANNA,))], id="torn, it does not go to and fro"
        ),
        pytest.param([unknown(), unknown(), known(ANNA)] * 4, [(STRANGER, ())], id="mostly a stranger"),
        pytest.param(
            [*[known(ANNA)] * 3, *[between(ANNA, BETH)] * 9],
            [(APPEARED, (ANNA,))],
            id="a doubt does not undo a name",
        ),
        pytest.param(
            [*[between(ANNA, BETH)] * 3, *[known(ANNA)] * 5],
            [(APPEARED, (ANNA, BETH)), (LEFT, (ANNA, BETH)), (APPEARED, (ANNA,))],
            id="a doubt is resolved",
        ),
        pytest.param(
            [*[known(ANNA)] * 3, *[known(BEN)] * 2, *[known(ANNA)] * 3],
            [(APPEARED, (ANNA,))],
            id="two other looks change nothing",
        ),
        pytest.param(
            [*[known(ANNA)] * 3, *[known(BEN)] * 8],
            [(APPEARED, (ANNA,)), (LEFT, (ANNA,)), (APPEARED, (BEN,))],
            id="a track that becomes another",
        ),
        pytest.param(
            [*[known(ANNA)] * 3, *[unknown()] * 5],
            [(APPEARED, (ANNA,))],
            id="looks that speak for her are left",
        ),
        pytest.param(
            [*[known(ANNA)] * 3, *[unknown()] * 9],
            [(APPEARED, (ANNA,)), (LEFT, (ANNA,)), (STRANGER, ())],
            id="nothing speaks for her any more",
        ),
    ],
)
def test_votes_of_one_track(
    looks: list[Identification | None], expected: list[tuple[str, tuple[int, ...]]]
) -> None:
    assert told(Scene().looks(7, *looks)) == expected


def test_an_appearance_says_when_where_and_on_which_track() -> None:
    scene = Scene()
    where = place(-12.0, 1500)
    events = [event for _ in range(3) for event in scene.show(face(7, known(ANNA), where=where))]
    assert events == [Appeared(person_ids=(ANNA,), track_id=7, place=where, at_ns=ms(600))]


def test_votes_of_two_tracks_do_not_add_up() -> None:
    scene = Scene()
    assert scene.looks(7, known(ANNA), known(ANNA)) + scene.looks(8, known(ANNA), known(ANNA)) == []


def test_one_person_on_two_tracks_goes_to_the_better_score() -> None:
    scene = Scene()
    faces = (face(7, known(ANNA, 0.5), where=place(0, 900)), face(8, known(ANNA, 0.8), where=place(0, 3000)))
    events = [event for _ in range(5) for event in scene.show(*faces)]
    assert [(type(e), e.track_id) for e in events if isinstance(e, Appeared)] == [(Appeared, 8)]
    assert len(events) == 1
    company = scene.company()
    assert company.people == (Companion(person_ids=(ANNA,), place=place(0, 3000)),)
    assert (company.strangers, company.unsure) == (0, 1)


def test_a_better_score_takes_the_name_over_without_a_word() -> None:
    scene = Scene()
    scene.looks(7, *[known(ANNA, 0.5)] * 3)
    pair = (face(7, known(ANNA, 0.5)), face(8, known(ANNA, 0.9), where=place(20, 800)))
    assert [event for _ in range(4) for event in scene.show(*pair)] == []
    assert scene.company().people == (Companion(person_ids=(ANNA,), place=place(20, 800)),)


def test_someone_is_seen_as_long_as_their_track_is() -> None:
    scene = Scene()
    scene.looks(7, *[known(ANNA)] * 3)
    assert scene.looks(7, *[None] * 50) == []
    assert scene.wait(2999) == []
    assert scene.wait(1) == [Left(person_ids=(ANNA,), at_ns=ms(scene.at_ms))]
    assert scene.presence.next_deadline_ns is None


def test_a_broken_track_is_no_leaving() -> None:
    scene = Scene()
    events = scene.looks(7, *[known(ANNA)] * 3) + scene.looks(8, *[known(ANNA)] * 20)
    assert told(events) == [(APPEARED, (ANNA,))]


def test_nobody_is_named_twice_within_the_cooldown_once_heard() -> None:
    scene = Scene()
    scene.looks(7, *[known(ANNA)] * 3)
    scene.hear(ANNA)
    assert told(scene.wait(5000)) == [(LEFT, (ANNA,))]
    assert scene.looks(8, *[known(ANNA)] * 9) == []  # back, and known to be
    assert scene.company().people[0].person_ids == (ANNA,)
    assert scene.wait(60_000) == []  # nor does she leave aloud
    assert told(scene.looks(9, *[known(ANNA)] * 3)) == [(APPEARED, (ANNA,))]


def test_someone_who_stays_is_not_named_again_when_the_cooldown_ends() -> None:
    scene = Scene()
    scene.looks(7, *[known(ANNA)] * 3)
    scene.hear(ANNA)
    assert scene.looks(7, *[known(ANNA)] * 400) == []


def test_a_name_that_was_never_heard_has_no_cooldown() -> None:
    scene = Scene()
    scene.looks(7, *[known(ANNA)] * 3)
    scene.wait(3000)
    assert told(scene.looks(8, *[known(ANNA)] * 3)) == [(APPEARED, (ANNA,))]


def test_a_doubt_that_was_heard_leaves_both_names_untold() -> None:
    scene = Scene()
    scene.looks(7, *[between(ANNA, BETH)] * 3)
    scene.hear(ANNA, BETH)
    told_then = told(scene.looks(7, *[known(ANNA)] * 6))
    assert told_then == [(LEFT, (ANNA, BETH)), (APPEARED, (ANNA,))]
    assert told(scene.looks(8, *[known(BETH)] * 3)) == [(APPEARED, (BETH,))]


def test_a_doubt_about_someone_just_named_is_no_news() -> None:
    scene = Scene()
    scene.looks(7, *[known(ANNA)] * 3)
    scene.hear(ANNA)
    scene.wait(4000)
    assert told(scene.looks(8, *[between(ANNA, BETH)] * 3)) == []


def test_company_is_nearest_first_and_counts_the_others() -> None:
    scene = Scene()
    faces = [
        face(1, known(ANNA), where=place(0, 3000)),
        face(2, known(BEN), where=place(0, 1000)),
        face(3, unknown()),
        face(4),
    ]
    for _ in range(3):
        scene.show(*faces)
    company = scene.company()
    assert [one.person_ids for one in company.people] == [(BEN,), (ANNA,)]
    assert (company.strangers, company.unsure) == (1, 1)


def test_company_forgets_what_was_not_seen_lately() -> None:
    scene = Scene()
    for _ in range(3):
        scene.show(face(1, known(ANNA)), face(2, unknown()))
    scene.wait(1500)
    assert len(scene.company().people) == 1
    scene.wait(1)
    assert scene.company() == Company(people=(), strangers=0, unsure=0)


def test_a_face_not_judged_yet_is_not_one_more_than_the_person_just_lost() -> None:
    scene = Scene()
    scene.looks(7, *[known(ANNA)] * 3)
    scene.show(face(8))
    assert scene.company().unsure == 0
    scene.show(face(8), face(9))
    assert scene.company().unsure == 1


def test_a_track_is_sure_until_a_look_says_otherwise() -> None:
    scene = Scene()
    scene.looks(7, *[known(ANNA)] * 2)
    assert scene.presence.sure_tracks == frozenset()
    scene.looks(7, known(ANNA), None)
    assert scene.presence.sure_tracks == {7}
    scene.looks(7, known(BEN))
    assert scene.presence.sure_tracks == frozenset()
    scene.looks(8, *[between(ANNA, BETH)] * 5)
    assert scene.presence.sure_tracks == frozenset()


def test_a_track_is_somebody_a_stranger_or_not_known_yet() -> None:
    scene = Scene()
    for _ in range(3):
        scene.show(face(1, known(ANNA)), face(2, unknown()), face(3))
    assert [scene.presence.identity_of(i) for i in (1, 2, 3, 4)] == [(ANNA,), (), None, None]


def test_tracks_do_not_pile_up() -> None:
    scene = Scene()
    for track_id in range(500):
        scene.show(face(track_id, unknown()))
    assert len(scene.presence._tracks) <= 3000 // STEP_MS + 1


def test_a_stranger_is_told_once_near_enough_to_be_sure_of() -> None:
    scene = Scene()
    for _ in range(9):
        assert not scene.show(face(7, unknown(), where=place(0, 3001)))
    assert (scene.company().strangers, scene.company().unsure) == (0, 1)
    near = [scene.show(face(7, unknown(), where=place(0, 3000))) for _ in range(3)]
    assert [told(events) for events in near] == [[], [], [(STRANGER, ())]]
    assert not scene.show(face(7, unknown(), where=place(0, 3500)))
    assert scene.company().strangers == 1


def test_who_is_not_recognised_far_off_is_named_when_nearer_without_a_stranger_first() -> None:
    scene = Scene()
    events = [scene.show(face(7, unknown(), where=place(0, 5000))) for _ in range(6)]
    events += [scene.show(face(7, known(ANNA), where=place(0, 2900))) for _ in range(9)]
    assert told([event for each in events for event in each]) == [(APPEARED, (ANNA,))]


def test_who_was_denied_leaves_and_their_track_becomes_a_stranger() -> None:
    scene = Scene()
    scene.looks(7, *[known(ANNA)] * 5)
    assert scene.deny((ANNA,)) == [Left(person_ids=(ANNA,), at_ns=ms(scene.at_ms))]
    assert scene.company().people == ()
    assert scene.presence.identity_of(7) is None
    assert scene.presence.sure_tracks == frozenset()
    # Whatever the looks say from now on, this face is not hers.
    assert told(scene.looks(7, *[known(ANNA)] * 9)) == [(STRANGER, ())]
    assert scene.company() == Company(people=(), strangers=1, unsure=0)
    assert scene.presence.identity_of(7) == ()


def test_a_track_that_was_denied_may_become_another() -> None:
    scene = Scene()
    scene.looks(7, *[known(ANNA)] * 5)
    scene.deny((ANNA,))
    assert scene.looks(7, *[known(BEN)] * 2) == []  # votes from before count for nothing
    assert told(scene.looks(7, known(BEN))) == [(APPEARED, (BEN,))]
    assert told(scene.looks(7, *[between(ANNA, BEN)] * 9)) == [(LEFT, (BEN,)), (STRANGER, ())]


def test_another_track_may_be_hers_and_is_told_at_once() -> None:
    scene = Scene()
    scene.looks(7, *[known(ANNA)] * 3)
    scene.hear(ANNA)
    scene.deny((ANNA,))
    faces = [face(7, known(ANNA, 0.9)), face(8, known(ANNA, 0.6))]
    events = [event for _ in range(5) for event in scene.show(*faces)]
    assert (APPEARED, (ANNA,)) in told(events)
    assert scene.presence.track_of((ANNA,)) == 8


def test_of_two_that_were_denied_both_are() -> None:
    scene = Scene()
    scene.looks(7, *[between(ANNA, BETH)] * 3)
    scene.looks(7, *[known(ANNA)] * 20)  # settled meanwhile, and long ago
    assert told(scene.deny((ANNA, BETH))) == [(LEFT, (ANNA,))]
    assert told(scene.looks(7, *[known(BETH)] * 9)) == [(STRANGER, ())]


def test_two_names_that_were_denied_at_once_may_have_been_swapped() -> None:
    scene = Scene()
    for _ in range(3):
        scene.show(face(7, known(ANNA)), face(8, known(BEN)))
    assert told(scene.deny((ANNA,), (BEN,))) == [(LEFT, (ANNA,)), (LEFT, (BEN,))]
    events = [event for _ in range(3) for event in scene.show(face(7, known(BEN)), face(8, known(ANNA)))]
    assert told(events) == [(APPEARED, (BEN,)), (APPEARED, (ANNA,))]


def test_who_left_unheard_leaves_unheard_when_denied() -> None:
    scene = Scene()
    scene.looks(7, *[known(ANNA)] * 3)
    scene.hear(ANNA)
    scene.wait(5000)
    scene.looks(8, *[known(ANNA)] * 3)
    assert scene.deny((ANNA,)) == []
    assert scene.company().people == ()


def test_to_deny_who_is_not_here_changes_nothing() -> None:
    scene = Scene()
    scene.looks(7, *[known(ANNA)] * 3)
    assert scene.deny((BEN,)) == []
    assert scene.presence.identity_of(7) == (ANNA,)


def test_a_face_whose_name_was_lost_a_moment_ago_is_still_the_one_that_was_denied() -> None:
    scene = Scene()
    scene.looks(7, *[known(ANNA)] * 3)
    scene.looks(7, *[unknown()] * 8)
    assert scene.presence.identity_of(7) == ()
    scene.deny((ANNA,))
    assert scene.looks(7, *[known(ANNA)] * 9) == []


def test_what_was_denied_and_taken_back_is_told_again() -> None:
    scene = Scene()
    scene.looks(7, *[known(ANNA)] * 3)
    scene.deny((ANNA,))
    scene.looks(7, *[known(ANNA)] * 9)
    assert scene.allow((ANNA,)) == []
    assert told(scene.looks(7, *[known(ANNA)] * 3)) == [(APPEARED, (ANNA,))]
    assert scene.company().strangers == 0


def test_taking_back_leaves_who_the_face_has_become() -> None:
    scene = Scene()
    scene.looks(7, *[known(ANNA)] * 3)
    scene.deny((ANNA,))
    scene.looks(7, *[known(BEN)] * 3)
    scene.allow((ANNA,))
    assert scene.presence.identity_of(7) == (BEN,)


def test_the_track_of_a_name_is_known_while_it_is_carried_and_for_a_while_after() -> None:
    scene = Scene()
    assert scene.presence.track_of((ANNA,)) is None
    scene.looks(7, *[known(ANNA)] * 3)
    assert scene.presence.track_of((ANNA,)) == 7
    scene.looks(8, *[known(ANNA)] * 3)
    assert scene.presence.track_of((ANNA,)) == 8
    scene.wait(2999)
    assert scene.presence.track_of((ANNA,)) == 8
    scene.wait(1)
    assert scene.presence.track_of((ANNA,)) is None
    assert scene.presence.next_deadline_ns is None


def test_the_track_of_a_doubt_that_was_resolved_is_known_for_a_while() -> None:
    scene = Scene()
    scene.looks(7, *[between(ANNA, BETH)] * 3)
    scene.looks(7, *[known(ANNA)] * 5)
    assert scene.presence.track_of((ANNA, BETH)) == 7
    scene.looks(7, *[known(ANNA)] * 20)
    assert scene.presence.track_of((ANNA, BETH)) is None
    assert scene.presence.track_of((ANNA,)) == 7


def test_the_track_of_a_name_that_was_lost_is_not_known_for_ever() -> None:
    scene = Scene()
    scene.looks(7, *[known(ANNA)] * 3)
    assert told(scene.looks(7, *[unknown()] * 8)) == [(LEFT, (ANNA,)), (STRANGER, ())]
    assert scene.presence.track_of((ANNA,)) == 7
    scene.wait(3000)
    assert scene.presence.track_of((ANNA,)) is None
