"""What is told of lines that were read more or less well."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kith.vision.page_words import CUT_OFF, SURE, UNCLEAR, PageWords, ReadLine, ReadWord


def read(text: str, *, before: bool = False, after: bool = False, follows: bool = False) -> ReadLine:
    """A line of words; one with a question mark was not read well."""
    words = (
        ReadWord(text=word.rstrip("?"), score=SURE - 0.01 if word.endswith("?") else SURE)
        for word in text.split()
    )
    return ReadLine(words=tuple(words), cut_before=before, cut_after=after, follows=follows)


def told(*lines: ReadLine) -> str:
    page = PageWords()
    return "".join(page.line(line) for line in lines)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (read("Way out"), "Way out"),
        (read("Opening hours? Friday"), "Opening, something unclear, Friday"),
        (read("a? b? Friday"), "something unclear, Friday"),
        (read("Friday a? b?"), "Friday, something unclear"),
        (read("a? b?"), "something unclear"),
        (read("Friday -? 9.00"), "Friday 9.00"),
        (read("-?"), ""),
        (read(""), ""),
        (read("Friday \u4e94 9.00"), "Friday, something unclear, 9.00"),
        (read("\u0432\u044b\u0445\u043e\u0434"), "something unclear"),
        (read("Crème 2ª 5°"), "Crème 2ª 5°"),
        (read("gency exit", before=True), "cut off, gency exit"),
        (read("Emergency ex", after=True), "Emergency ex, cut off"),
        (read("Emergency ex?", after=True), "Emergency, cut off"),
        (read("a? exit", before=True), "cut off, exit"),
        (read("a?", before=True, after=True), "something unclear"),
        (read("", after=True), ""),
    ],
)
def test_only_what_is_sure_is_told_and_what_is_missing_is_said(line: ReadLine, text: str) -> None:
    assert told(line) == text


def test_lines_that_cannot_be_read_are_told_of_once() -> None:
    assert told(read("Exit"), read("a?"), read("b?"), read("c? Stairs")).split("\n") == [
        "Exit",
        UNCLEAR,
        f"{UNCLEAR}, Stairs",
    ]


def test_a_paragraph_runs_on_and_a_new_sentence_does_not() -> None:
    page = told(
        read("Please use"),
        read("the stairs.", follows=True),
        read("Thank you", follows=True),
        read("very much"),
    )
    assert page == "Please use the stairs.\nThank you\nvery much"


def test_what_follows_a_gap_is_a_line_of_its_own() -> None:
    assert told(read("Please"), read("use?", follows=True)) == f"Please\n{UNCLEAR}"
    assert told(read("Please?"), read("use", follows=True)) == f"{UNCLEAR}\nuse"
    assert told(read("Please", after=True), read("use", follows=True)) == f"Please, {CUT_OFF}\nuse"
    assert told(read("Please"), read("use", before=True, follows=True)) == f"Please\n{CUT_OFF}, use"


@given(
    lines=st.lists(
        st.builds(
            ReadLine,
            words=st.lists(
                st.builds(ReadWord, text=st.text("abcÄ1-", min_size=1, max_size=4), score=st.floats(0, 1)),
                max_size=5,
            ).map(tuple),
            cut_before=st.booleans(),
            cut_after=st.booleans(),
            follows=st.booleans(),
        ),
        max_size=8,
    )
)
def test_nothing_is_told_that_was_not_read_well(lines: list[ReadLine]) -> None:
    sure = [word.text for line in lines for word in line.words if word.score >= SURE]
    text = told(*lines).replace(UNCLEAR, " ").replace(CUT_OFF, " ").replace(",", " ")
    assert text.split() == [word for word in sure if word in text.split()]
    unsure = [word.text for line in lines for word in line.words if word.score < SURE]
    assert not set(unsure) - set(sure) & set(text.split())
