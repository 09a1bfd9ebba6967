"""One picture file put into words for whoever sits at a desk, as the wearer would hear it."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from dataclasses import dataclass

from kith.announce.sentences import Sentences
from kith.announce.words import LINES, REASONS
from kith.app.narrating import NarrationKind
from kith.ports import Narration, NarrationEnd, Narrator, Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrated:
    """How it went. first_s: from the request to the first sentence, None without one; whole_s: to the end."""

    end: NarrationEnd
    first_s: float | None
    whole_s: float


def narrate(
    kind: NarrationKind, narrator: Narrator, subject: Subject, most_words: int, tell: Callable[[str], None]
) -> Narrated:
    """Tell what a narrator makes of a picture, sentence by sentence as it comes, and last why there is no
    more of it."""
    news: queue.SimpleQueue[Narration] = queue.SimpleQueue()
    begun_s = time.monotonic()
    narrator.begin(1, subject, news.put)
    try:
        end, first_s = _follow(kind, news, Sentences(most_words), tell)
    finally:
        narrator.cancel()
    return Narrated(
        end=end,
        first_s=None if first_s is None else first_s - begun_s,
        whole_s=time.monotonic() - begun_s,
    )


def _follow(
    kind: NarrationKind,
    news: queue.SimpleQueue[Narration],
    sentences: Sentences,
    tell: Callable[[str], None],
) -> tuple[NarrationEnd, float | None]:
    """How it ended, and when the first sentence came."""
    first_s: float | None = None
    while True:
        told = news.get()
        made = sentences.more(told.text)
        if told.end is not None:
            made += sentences.end(whole=told.end is NarrationEnd.DONE)
        for sentence in made:
            first_s = first_s or time.monotonic()
            tell(sentence)
        end = NarrationEnd.DONE if sentences.full else told.end
        if end is not None:
            end = NarrationEnd.NOTHING if end is NarrationEnd.DONE and first_s is None else end
            if line := _last_line(kind, end, told=first_s is not None, full=sentences.full):
                tell(line)
            return end, first_s


def _last_line(kind: NarrationKind, end: NarrationEnd, *, told: bool, full: bool) -> str:
    if end is NarrationEnd.DONE:
        return LINES["read.more"].text if full and kind == "read" else ""
    if end is NarrationEnd.NOTHING and kind == "read":
        return LINES["read.nothing"].text
    line = LINES[f"{kind}.broke_off" if told else f"{kind}.refused"].text
    return line.format(reason=REASONS[end.value])
