"""`walk.toml`: what is in the walk's video, who is to be enrolled for it and what must come of it."""

from __future__ import annotations

from demo import script
from demo.film import seen_between

_INTENTION = (
    "Made of photographs, see docs/demo.md. `taught` stands for the name that the device gives to the person"
    " whom the wearer enrols on the way. Nobody but the person of a visit may be named while it lasts; a"
    " visit without a person is by somebody who is never enrolled."
)


def describe(video: str, scene: str, photos: dict[str, list[str]]) -> str:
    """The text of the file."""
    button = "; ".join(f"{at_s:g} {press}" for at_s, press in script.BUTTON)
    lines = [
        f"description = {_text(_INTENTION)}",
        f"video = {_text(video)}",
        f"scene = {_text(scene)}",
        f"fps = {script.FPS}",
        f"duration_s = {script.DURATION_S}",
        f"button = {_text(button)}",
        f"names = [{', '.join(map(_text, script.NAMES))}]",
        "",
    ]
    lines += ["[sensors]", *(f"{position} = {_text(kind)}" for position, kind in script.SENSORS.items()), ""]
    for name, paths in photos.items():
        lines += ["[[enrol]]", f"name = {_text(name)}", f"photos = [{', '.join(map(_text, paths))}]", ""]
    for visit in script.VISITS:
        first_s, last_s = seen_between(visit)
        lines += ["[[visit]]", f"from_s = {first_s:.1f}", f"to_s = {last_s:.1f}"]
        lines += [f"person = {_text(visit.person)}", f"stranger = {str(not visit.person).lower()}", ""]
    lines += ["[learn]", f"from_s = {_learning_from():.1f}", f"to_s = {script.LEARNT_BY_S:.1f}", ""]
    for expected in script.EXPECTED:
        lines += ["[[expect]]", f"named = {_text(expected.person)}"]
        lines += [f"from_s = {expected.from_s:.1f}", f"to_s = {expected.to_s:.1f}", ""]
    for asked in script.ANSWERS:
        lines += ["[[answer]]", f"press_s = {asked.press_s:.1f}"]
        lines += [f"named = [{', '.join(map(_text, asked.named))}]", f"about = {_text(asked.about)}", ""]
    for warning in script.WARNINGS:
        lines += ["[[warn]]", f"from_s = {warning.from_s:.1f}", f"to_s = {warning.to_s:.1f}"]
        lines += [f"level = {_text(warning.level)}", f"position = {_text(warning.position)}", ""]
    for from_s, to_s in script.QUIET:
        lines += ["[[quiet]]", f"from_s = {from_s:.1f}", f"to_s = {to_s:.1f}", ""]
    out = script.DROPOUT
    lines += ["[dropout]", f"position = {_text(out.position)}"]
    return "\n".join([*lines, f"from_s = {out.from_s:.1f}", f"to_s = {out.to_s:.1f}", ""])


def _learning_from() -> float:
    return next(at_s for at_s, press in script.BUTTON if press == "double")


def _text(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
