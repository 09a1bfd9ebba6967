"""One moment of a run, as the contact sheet and the video show it."""

from __future__ import annotations

from dataclasses import dataclass

from kith.types import U8, BoxPx, Outcome, Rejection


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceMark:
    """A face in the picture. label: the name or names, may be empty; outcome: None while it is not judged."""

    box: BoxPx
    label: str
    outcome: Outcome | None
    rejection: Rejection | None

    @property
    def words(self) -> str:
        """What stands at the face: the name, else why there is none, else nothing."""
        if self.label:
            return self.label
        if self.rejection is not None:
            return self.rejection.value
        return "not known" if self.outcome is Outcome.UNKNOWN else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A frame rgb u8[H, W, 3], the faces found in it and what is being said."""

    t_s: float
    rgb: U8
    marks: tuple[FaceMark, ...]
    captions: tuple[str, ...]
