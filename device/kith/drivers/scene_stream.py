"""What a chat server streams, made into words. Pure, and bounded whatever the server sends; standard library
only, for the child."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

_LONGEST_EVENT = 1 << 16
"""Bytes. A piece of an answer takes a few hundred."""
_LONGEST_ANSWER = 8 << 20
"""Bytes. A model may think for ten thousand pieces before it speaks."""
_TAGS = ("<think>", "</think>", "<thinking>", "</thinking>")
_TAG = re.compile("|".join(_TAGS))
_SENTENCE_END = re.compile(r"[.!?]['\")»”]*(?=\s)|[。！？]|\n")
_LONG_WORD = 10
"""Characters. So many count as a word where a language, or a server gone mad, puts no spaces."""
_FAR_TOO_MANY = 2
"""So many times the words that are wanted, and the answer is cut in mid-sentence."""
_OF_PICTURES = re.compile(r"image|vision|picture|multi-?modal|mmproj", re.IGNORECASE)
_AT_FAULT = {401: "denied", 402: "denied", 403: "denied", 413: "no_pictures", 429: "busy", 503: "busy"}


class Trouble(Exception):
    """A narration is over before its end. end: a value of `ports.NarrationEnd`; the message is for the log,
    and quotes nothing that the server sent."""

    def __init__(self, end: str, message: str) -> None:
        super().__init__(message)
        self.end = end


class Piece(NamedTuple):
    """Some words of the answer; finished: no more will come."""

    text: str
    finished: bool


class Events:
    """Server-sent events from bytes: only their data."""

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []
        self._total = self._size = 0

    def feed(self, received: bytes) -> Iterator[str]:
        """The data of every event that is complete now. Raises Trouble for what is too long."""
        self._total += len(received)
        if self._total > _LONGEST_ANSWER:
            raise Trouble("nonsense", "the server's answer does not end")
        # A line may end in two characters, of which the second is not there yet.
        *lines, self._rest = re.split(rb"\r\n|\n|\r(?!\Z)", self._rest + received)
        for line in lines:
            yield from self._take(line)
        if len(self._rest) + self._size > _LONGEST_EVENT:
            raise Trouble("nonsense", "the server sends a line that does not end")

    def _take(self, line: bytes) -> Iterator[str]:
        if not line:
            if self._data:
                yield b"\n".join(self._data).decode(errors="replace")
            self._data, self._size = [], 0
            return
        name, _, value = line.partition(b":")
        if name == b"error":
            # A field of its own in which llama.cpp's server has sent its errors.
            value = b'{"error":' + value + b"}"
        elif name != b"data":
            return
        self._data.append(value.removeprefix(b" "))
        self._size += len(value)


def read(data: str) -> Piece:
    """What the data of one event says. Raises Trouble for an error of the server's, and for nonsense."""
    if data.strip() == "[DONE]":
        return Piece("", finished=True)
    try:
        said = json.loads(data)
    except (ValueError, RecursionError):
        raise Trouble("nonsense", "an event is no JSON") from None
    if not isinstance(said, dict):
        raise Trouble("nonsense", "an event is no object")
    if (error := said.get("error")) is not None:
        code = error.get("code") if isinstance(error, dict) else None
        # Any other number is the server's own, and may be as long as it likes.
        status = code if isinstance(code, int) and 400 <= code < 600 else 0
        raise refusal(status, json.dumps(error))
    choices = said.get("choices", [])
    if choices == []:
        return Piece("", finished=False)
    try:
        (choice, *_) = choices
        text = choice["delta"].get("content")
        finished = choice.get("finish_reason") is not None
    except (TypeError, KeyError, AttributeError, ValueError):
        raise Trouble("nonsense", "an event has no words where they belong") from None
    if not isinstance(text, str | None):
        raise Trouble("nonsense", "an event has no words where they belong")
    return Piece(text or "", finished)


def known_by(status: int) -> bool:
    """Whether a status of HTTP says all that `refusal` wants to know, without the body."""
    return status in _AT_FAULT or status < 400


def refusal(status: int, body: str) -> Trouble:
    """What an answer other than a stream means. status: of HTTP, or the like within a stream; 0: none."""
    message = f"the server refused, status {status}"
    if status in _AT_FAULT:
        return Trouble(_AT_FAULT[status], message)
    said = _said(body)
    if _OF_PICTURES.search(said) or (status == 404 and "model" in said.lower()):
        return Trouble("no_pictures", message)
    return Trouble("unreachable" if status >= 500 else "nonsense", message)


def _said(body: str) -> str:
    """The body of a refusal where a chat server wrote it: not the page of a gateway before it, which has
    images of its own."""
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return ""
    return body


class Thoughts:
    """Leaves out what a reasoning model thinks aloud. A tag may be split over pieces."""

    def __init__(self) -> None:
        self._held = ""
        self._thinking = False

    def feed(self, text: str) -> str:
        """What of the answer so far may be told."""
        self._held += text
        told = ""
        while found := _TAG.search(self._held):
            told += "" if self._thinking else self._held[: found.start()]
            self._held = self._held[found.end() :]
            self._thinking = not found.group().startswith("</")
        kept = _beginning_of_a_tag(self._held)
        free, self._held = self._held[: len(self._held) - kept], self._held[len(self._held) - kept :]
        return told + ("" if self._thinking else free)

    def rest(self) -> str:
        """What was held back, once no more comes."""
        held, self._held = self._held, ""
        return "" if self._thinking else held


def _beginning_of_a_tag(text: str) -> int:
    """How many of the last characters may be the beginning of a tag."""
    longest = max(map(len, _TAGS)) - 1
    ends = (text[-length:] for length in range(min(longest, len(text)), 0, -1))
    return next((len(end) for end in ends if any(tag.startswith(end) for tag in _TAGS)), 0)


class Words:
    """Counts words, and ends an answer that has too many with a sentence."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._told = ""

    @property
    def any(self) -> bool:
        """Whether there was more than white space."""
        return bool(self._told.strip())

    def take(self, text: str) -> Piece:
        """As much of further text as is wanted."""
        begun = len(self._told)
        self._told += text
        count = _count(self._told)
        if count < self._most:
            return Piece(text, finished=False)
        for end in _SENTENCE_END.finditer(self._told, max(begun - 4, 0)):
            if _count(self._told[: end.end()]) >= self._most:
                return Piece(self._told[begun : end.end()], finished=True)
        return Piece(text, finished=count >= _FAR_TOO_MANY * self._most)


def _count(text: str) -> int:
    return max(len(text.split()), len(text) // _LONG_WORD)
