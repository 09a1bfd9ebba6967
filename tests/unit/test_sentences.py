"""What a voice is given of a text that comes in pieces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kith.announce.sentences import LONGEST_WORD, LONGEST_WORDS, Sentences, plain


def cut(text: str, most_words: int = 1000, *, whole: bool = True) -> list[str]:
    sentences = Sentences(most_words)
    return [*sentences.more(text), *sentences.end(whole=whole)]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("A chair. A table!", ["A chair.", "A table!"]),
        ("Is it open? It is… A dog.", ["Is it open?", "It is…", "A dog."]),
        ("The shelf is 3.5 m wide. It is full.", ["The shelf is 3.5 m wide.", "It is full."]),
        ("Dr. Miller is in room 4. Knock.", ["Dr. Miller is in room 4.", "Knock."]),
        ("Fruit, e.g. apples. Bread.", ["Fruit, e.g. apples.", "Bread."]),
        ("J. R. Smith lives here. Ring.", ["J. R. Smith lives here.", "Ring."]),
        ("No. 12 is closed. Go on.", ["No. 12 is closed.", "Go on."]),
        ("1. Wash your hands.\n2. Dry them.", ["1. Wash your hands.", "2. Dry them."]),
        ('He says "stop." Then he goes.', ['He says "stop."', "Then he goes."]),
        ("**A chair.** A table.", ["A chair.", "A table."]),
        ("EXIT\nWay out\n", ["EXIT", "Way out"]),
        ("Opening hours\r\n9.00 - 17.30", ["Opening hours", "9.00 - 17.30"]),
        ("a chair", ["a chair"]),
        ("", []),
        (" \n\n ", []),
        ("...", []),
        ("A chair. \U0001f600 \U0001f44d\U0001f3fd", ["A chair."]),
    ],
)
def test_a_text_is_cut_where_its_sentences_end(text: str, sentences: list[str]) -> None:
    assert cut(text) == sentences


def test_a_sentence_is_told_as_soon_as_it_is_complete() -> None:
    sentences = Sentences(100)
    assert sentences.more("A chair on the le") == []
    assert sentences.more("ft.") == []
    assert sentences.more(" A") == ["A chair on the left."]
    assert sentences.end(whole=True) == ["A"]


def test_what_broke_off_ends_with_a_whole_word() -> None:
    assert cut("A chair on the le", whole=False) == ["A chair on the"]
    assert cut("A chair. A ta", whole=False) == ["A chair.", "A"]
    assert cut("Cha", whole=False) == []


def test_a_text_without_an_end_is_cut_at_a_break_or_else_after_so_many_words() -> None:
    words = [f"w{i}" for i in range(70)]
    assert [len(s.split()) for s in cut(" ".join(words))] == [LONGEST_WORDS, LONGEST_WORDS, 10]
    words[19] += ","
    assert [len(s.split()) for s in cut(" ".join(words))] == [20, LONGEST_WORDS, 20]


def test_no_more_words_than_wanted() -> None:
    assert cut("One two three. Four five. Six.", 5) == ["One two three.", "Four five."]
    assert cut("One two three. Four five. Six.", 4) == ["One two three."]
    assert cut("One two three. Four.", 2) == ["One two"]
    sentences = Sentences(3)
    assert not sentences.full
    sentences.more("One two three. Four. Five. ")
    assert sentences.full
    assert sentences.more("Six. ") == []


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("# A *big* **red** `door`", "A big red door"),
        ("- a chair", "a chair"),
        ("[the door](https://example.org/a?b=c)", "the door"),
        ("see https://example.org:80/a?b=c#d now", "see example.org now"),
        ("<|im_end|> a <b>dog</b>", "a dog"),
        ("a\x00b\x1b[31m c", "a b 31m c"),
        ("left\u200b\u202e right", "left right"),
        ("20 °C, 5 €, 50 %, A&B, 3-4", "20 °C, 5 €, 50 %, A&B, 3-4"),
        ("a _nice_ file_name", "a nice file_name"),
        ("x" * (LONGEST_WORD + 1) + " y", "y"),
        ("Crème brûlée, Größe", "Crème brûlée, Größe"),
        ("| a | b |", "a b"),
        ("--- . !", ""),
    ],
)
def test_a_voice_is_given_words_only(text: str, spoken: str) -> None:
    assert plain(text) == spoken


TEXTS = st.one_of(
    st.text(max_size=120),
    st.lists(
        st.sampled_from(
            [
                "A",
                "chair.",
                "Dr.",
                "3.5",
                "e.g.",
                "left,",
                "\n",
                " ",
                "**bold.**",
                "no",
                "…",
                "12.",
                "\r\n",
                '"Go."',
            ]
        ),
        max_size=80,
    ).map(" ".join),
)


@given(text=TEXTS, data=st.data(), most_words=st.integers(1, 60), whole=st.booleans())
def test_it_does_not_matter_in_which_pieces_a_text_comes(
    text: str, data: st.DataObject, most_words: int, whole: bool
) -> None:
    places = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=20)))
    sentences = Sentences(most_words)
    made = []
    for start, stop in zip([0, *places], [*places, len(text)], strict=True):
        made += sentences.more(text[start:stop])
    assert [*made, *sentences.end(whole=whole)] == cut(text, most_words, whole=whole)


@given(text=TEXTS, most_words=st.integers(1, 60))
def test_every_sentence_has_words_and_they_are_not_too_many(text: str, most_words: int) -> None:
    sentences = cut(text, most_words)
    assert sum(len(sentence.split()) for sentence in sentences) <= most_words
    for sentence in sentences:
        assert any(map(str.isalnum, sentence))
        assert sentence == sentence.strip()
        assert sentence.isprintable()


@given(words=st.lists(st.text(alphabet="abcäöß", min_size=1, max_size=12), max_size=100))
def test_no_word_is_lost_or_halved(words: list[str]) -> None:
    assert " ".join(cut(" ".join(words))).split() == words
