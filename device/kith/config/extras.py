"""The tables of the optional parts: things, descriptions, reading."""

from __future__ import annotations

from dataclasses import dataclass

from kith.config.fields import bounded, one_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ThingsSettings:
    """Objects and things: what is here besides people. Its network is built only where `npm` was there."""

    enabled: bool = one_of(True, False)
    """False: neither looked for nor learnt, and its network is not loaded."""
    object_score: float = bounded(0.4, 0.1, 0.95)
    """An object below this detector score (0..1) is not told of. On real pictures 0.5 found little more than
    half as many, and 0.35 told twice as often of what was not there (docs/objects.md)."""
    survey_looks: int = bounded(3, 1, 20)
    """So many frames are looked at for an answer; what most of them show is told; †."""
    most_objects: int = bounded(5, 1, 20)
    """So many objects are told of in one answer, the largest first; †."""
    views: int = bounded(5, 2, 20)
    """Of a thing that is taught."""
    teach_timeout_ms: int = bounded(30_000, 1000, 300_000)
    """For the views; a question that is asked meanwhile does not count; †."""
    min_view_gap_ms: int = bounded(1000, 0, 5000)
    """From one view, or the words that ask to turn it, to the next view: meanwhile the hand turns it; †."""
    max_view_likeness: float = bounded(0.95, 0.5, 1.0)
    """A look whose cosine with an earlier view is no less shows nothing new: the thing is to be turned. Drawn
    flat boxes (12) keep 0.98 when turned by 30 degrees and 0.95 by 45; solid made things (92) have 0.67, the
    median of two of their views, and 0.94 in one pair of a hundred."""
    alike_after_ms: int = bounded(4000, 500, 60_000)
    """Where the thing looks the same after so long, a view is taken all the same: a ball looks the same from
    everywhere; †."""
    min_agreement: float = bounded(0.3, -1.0, 0.95)
    """Least cosine of a view with one of the others; with less it is not the same thing. 1.1 % of 348 views
    of those made things have less with all views before; of looks of another thing 18 % have more with one of
    five. To lose a thing's own views is worse: things are seldom swapped in the hand."""
    announce_interval_ms: int = bounded(1000, 100, 60_000)
    """Where a thing is marked to be told of unasked, one frame in this time is searched for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneSettings:
    """Descriptions by a vision-language model, on a server that speaks the OpenAI-compatible chat protocol.
    A picture leaves the device for each."""

    enabled: bool = one_of(False, True)
    url: str = ""
    """Of the server's API, as http://192.168.1.20:8080/v1; plain HTTP only within the wearer's own
    network."""
    model: str = ""
    """As the server names it; empty: whatever it has."""
    key_file: str = ""
    """A file that holds the server's key; empty: it needs none."""
    show_strangers: bool = one_of(False, True)
    """True: faces of people not enrolled are not covered before a picture is sent."""
    picture_px: int = bounded(768, 224, 1280)
    """The longer side of the picture that is sent. Faces are searched for as finely as 1280 px show them."""
    first_words_ms: int = bounded(20_000, 1000, 300_000)
    """No words so long after the press: given up, and said; †."""
    pause_ms: int = bounded(10_000, 1000, 300_000)
    """No further words for so long: it broke off; †."""
    longest_ms: int = bounded(60_000, 5000, 600_000)
    """Whatever comes after that is not heard; †."""
    most_words: int = bounded(80, 10, 400)
    """Of one description; †."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingSettings:
    """Text on signs and labels, read aloud on the device itself when asked for."""

    enabled: bool = one_of(True, False)
    picture_px: int = bounded(640, 320, 2048)
    """The longer side of the picture in which text is searched; that of the camera's, or smaller. In one that
    is enlarged small print is found less well (docs/reading.md)."""
    longest_ms: int = bounded(30_000, 1000, 300_000)
    """It is given up after that; †."""
    most_words: int = bounded(200, 10, 2000)
    """Read out at once; †."""
