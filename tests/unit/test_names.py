"""What a person may be called."""

from __future__ import annotations

import pytest

from kith.errors import InputError
from kith.recognition.names import MAX_NAME_CHARS, normal_name


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("  Anna ", "Anna"),
        ("Dr  Beth \u00a0 Okoro", "Dr Beth Okoro"),
        ("A\u0308rla", "\u00c4rla"),
        (
            "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
            "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        ),
        ("\u0915\u094d\u200d\u0937", "\u0915\u094d\u200d\u0937"),
        ("7", "7"),
        ("O'Neill-Smith \U0001f600", "O'Neill-Smith \U0001f600"),
        ("x" + " " * 200 + "y", "x y"),
    ],
)
def test_a_name_is_brought_into_one_form(raw: str, name: str) -> None:
    assert normal_name(raw) == name
    assert normal_name(name) == name


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ("", "must not be empty"),
        ("   ", "must not be empty"),
        ("x" * (MAX_NAME_CHARS + 1), "at most 80 characters"),
        ("An\nna", "line breaks"),
        ("An\tna", "control"),
        ("An\u00adna", "invisible"),  # a soft hyphen
        ("An\u200bna", "invisible"),  # a space of no width
        ("\u202eannA", "invisible"),  # written backwards
        ("\ufeffAnna", "invisible"),
        ("\u200d", "a letter or a digit"),
        ("...", "a letter or a digit"),
        ("\U0001f600", "a letter or a digit"),
        ("\u0301", "a letter or a digit"),
    ],
)
def test_what_cannot_be_a_name_is_told(raw: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        normal_name(raw)
