"""In the machine, as the user kith. `state`: what the device's gallery holds, as JSON. `add NAME`: somebody
new. `write SEED`: change it without end through Kith's own code; each change is told before it begins and
once it is confirmed."""

from __future__ import annotations

import hashlib
import json
import random
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from kith.app.paths import calibration_dir, gallery_file
from kith.recognition.gallery import Gallery
from kith.types import Embedding

STATE_DIR = Path("/var/lib/kith")
MOST_PEOPLE = 6


def main() -> None:
    """The command."""
    point = tomllib.loads((calibration_dir() / "operating_point.toml").read_text(encoding="utf-8"))
    with Gallery.open(gallery_file(STATE_DIR), point["model_id"]) as gallery:
        if sys.argv[1] == "state":
            whole = [row[0] for row in gallery._store.connection.execute("PRAGMA integrity_check")]
            tell(people=people_of(gallery), integrity=whole, restored=gallery.restored)
        elif sys.argv[1] == "add":
            add(gallery, point["model_id"], sys.argv[2], random.Random(sys.argv[2]))
        else:
            write(gallery, point["model_id"], int(sys.argv[2]))


def people_of(gallery: Gallery) -> dict[str, str]:
    """A trace of all that is kept of each, by name."""
    people = {}
    connection = gallery._store.connection
    for person, name, recording in connection.execute("SELECT id, name, name_recording FROM people"):
        kept = hashlib.sha256()
        for (vector,) in connection.execute(
            "SELECT vector FROM templates WHERE person_id = ? ORDER BY id", (person,)
        ):
            kept.update(vector)
        if recording is not None:
            kept.update((STATE_DIR / recording).read_bytes())
        people[name] = kept.hexdigest()[:12]
    return people


def write(gallery: Gallery, model_id: str, seed: int) -> None:
    """Add, rename and forget until the power goes."""
    chance, number = random.Random(seed), 0
    while True:
        names, number = sorted(people_of(gallery)), number + 1
        new = f"Test {seed} {number}"
        if len(names) >= MOST_PEOPLE or (names and chance.random() < 0.2):
            change(gallery, "forget", chance.choice(names), None)
        elif names and chance.random() < 0.3:
            change(gallery, "rename", chance.choice(names), new)
        else:
            add(gallery, model_id, new, chance)


def change(gallery: Gallery, what: str, name: str, new: str | None) -> None:
    """Forget or rename somebody."""
    before = people_of(gallery)[name]
    tell(will=what, name=name, new=new, trace=before)
    if new is None:
        gallery.forget(name)
    else:
        gallery.rename(name, new)
    tell(did=what, name=name, new=new, trace=before)


def add(gallery: Gallery, model_id: str, name: str, chance: random.Random) -> None:
    """Somebody new, every other time with a recorded name."""
    rng = np.random.default_rng(chance.randrange(2**32))
    looks = []
    for _ in range(3):
        vector = rng.standard_normal(128).astype(np.float32)
        vector /= np.linalg.norm(vector)
        vector.flags.writeable = False
        looks.append(Embedding(vector=vector, model_id=model_id))
    said = rng.integers(-9000, 9000, 8000, dtype=np.int16) if chance.random() < 0.5 else None
    if said is not None:
        said.flags.writeable = False
    tell(will="add", name=name, new=None, trace=None)
    gallery.add_person(name, looks, datetime.now(UTC), recording=said)
    tell(did="add", name=name, new=None, trace=people_of(gallery)[name])


def tell(**said: Any) -> None:
    """A line of JSON, at once."""
    print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main()
