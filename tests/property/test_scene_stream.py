"""Whatever a server sends, in whatever pieces: the same words, within bounds, and no other error than a
reason."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kith.drivers.scene_stream import Events, Thoughts, Trouble, Words, read, refusal
from kith.ports import NarrationEnd
from tests.e2e._chat_server import DONE, answer, delta, event

SAID = ("Two steps\ndown. ", "<thi", "nk>secret</th", "ink>", "Žofie 张 🙂", " <b> ", "is ahead.")
IN_LINES = b'data: {"choices":\ndata: [{"delta": {"content": "Ahead: "}}]}\n\n'
HONEST = b": ping\r\n\r\n" + (IN_LINES + answer(*SAID)).replace(b"\n", b"\r\n") + delta("never heard")
TOLD = "Ahead: Two steps\ndown. Žofie 张 🙂 <b> is ahead."


def told(parts: list[bytes]) -> tuple[str, str]:
    """The words of a stream that comes in these parts, and how it ended."""
    events, thoughts, text = Events(), Thoughts(), ""
    try:
        for part in parts:
            for data in events.feed(part):
                piece = read(data)
                text += thoughts.feed(piece.text)
                if piece.finished:
                    return text + thoughts.rest(), "done"
    except Trouble as trouble:
        return text, trouble.end
    return text, "cut_short"


def cut(whole: bytes, at: list[int]) -> list[bytes]:
    edges = [0, *sorted(each % (len(whole) + 1) for each in at), len(whole)]
    return [whole[a:b] for a, b in itertools.pairwise(edges)]


@given(st.lists(st.integers(0, 10_000), max_size=30))
def test_wherever_a_stream_is_cut_into_parts_the_words_are_the_same(at: list[int]) -> None:
    assert told(cut(HONEST, at)) == (TOLD, "done")


def test_also_where_every_byte_comes_alone() -> None:
    assert told([HONEST[index : index + 1] for index in range(len(HONEST))]) == (TOLD, "done")


def test_wherever_it_breaks_off_what_was_told_is_a_beginning_and_it_is_not_done() -> None:
    finish = HONEST.index(b'"finish_reason": "stop"')
    for length in range(finish):
        text, end = told([HONEST[:length]])
        assert TOLD.startswith(text)
        assert end == "cut_short"


@given(st.binary(max_size=300), st.integers(0, 2000), st.lists(st.integers(0, 10_000), max_size=5))
def test_garbage_in_the_middle_is_a_reason_and_never_another_error(
    garbage: bytes, where: int, at: list[int]
) -> None:
    text, end = told(cut(HONEST[:where] + garbage + HONEST[where:], at))
    assert end in {*NarrationEnd}
    assert isinstance(text, str)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["choices", "delta", "content", "error", "code", "finish_reason", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_whatever_an_event_says_it_is_words_or_a_reason(said: object) -> None:
    text, end = told([event(said)])
    assert isinstance(text, str)
    assert end in {*NarrationEnd}


@given(st.integers(0, 999), st.text(max_size=30))
def test_every_refusal_has_a_reason_that_there_is(status: int, body: str) -> None:
    assert refusal(status, body).end in {*NarrationEnd} - {NarrationEnd.DONE}


@given(st.lists(st.text("ab <>/think.!\n", max_size=9), max_size=30))
def test_thoughts_do_not_depend_on_where_the_pieces_are_cut(pieces: list[str]) -> None:
    one, many = Thoughts(), Thoughts()
    whole = one.feed("".join(pieces)) + one.rest()
    assert "".join(map(many.feed, pieces)) + many.rest() == whole


@given(st.lists(st.text("ab. !\n张", max_size=12), max_size=200), st.integers(1, 20))
def test_an_answer_stays_within_its_words_and_loses_nothing_before(pieces: list[str], most: int) -> None:
    words, text = Words(most), ""
    for piece in pieces:
        wanted = words.take(piece)
        text += wanted.text
        if wanted.finished:
            break
    assert "".join(pieces).startswith(text)
    # The last piece may be long, and is told whole where there is no end of a sentence in it.
    assert len(text.split()) <= 2 * most + 12
    if len("".join(pieces).split()) < most and len("".join(pieces)) < 10 * most:
        assert text == "".join(pieces)


def test_done_without_words_is_done() -> None:
    assert told([DONE]) == ("", "done")


@pytest.mark.parametrize("code", [pytest.param(10**4000, id="long"), -503, True, 0, "503", None])
def test_a_number_that_is_no_status_is_not_repeated_in_the_log(code: object) -> None:
    with pytest.raises(Trouble) as trouble:
        read(json.dumps({"error": {"code": code, "message": "secret"}}))
    assert trouble.value.end == "nonsense"
    assert str(trouble.value) == "the server refused, status 0"
