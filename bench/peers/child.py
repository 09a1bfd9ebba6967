"""The process of one peer: `python -m bench.peers.child MODULE CONFIG`, run by the peer's own interpreter."""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from bench.peers.wire import U8, Peer, describe, look


def main() -> None:
    """Open the peer, then answer until there are no more questions."""
    answers = _own_stdout()
    module, config = sys.argv[1], json.loads(sys.argv[2])
    peer: Peer = importlib.import_module(module).open_peer(config)
    ready = {"versions": peer.versions, "metric": peer.metric, "usual_score": peer.usual_score}
    _say(answers, {"ready": ready | weigh()})
    work: dict[str, Callable[[Peer, dict[str, Any]], dict[str, Any]]] = {
        "look": _look,
        "whole": _whole,
        "describe": _describe,
    }
    for line in sys.stdin:
        question = json.loads(line)
        _say(answers, work[question["do"]](peer, question))


def weigh() -> dict[str, float]:
    """MiB resident now and at most so far, and the CPU seconds since the process began."""
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    kib = {line.split(":")[0]: int(line.split()[1]) for line in status if line.startswith(("VmRSS", "VmHWM"))}
    return {
        "resident_mib": kib["VmRSS"] / 1024,
        "peak_mib": kib["VmHWM"] / 1024,
        "cpu_s": time.process_time(),
    }


def _own_stdout() -> TextIO:
    """The pipe to the host; whatever a library prints goes to stderr from now on."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.stdout = sys.stderr  # else what it holds comes out last, after the reason of a failure
    return answers


def _say(answers: TextIO, answer: dict[str, Any]) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


def _whole(peer: Peer, question: dict[str, Any]) -> dict[str, Any]:
    picture = _open(peer, np.load(question["picture"]))
    return {"embedded": peer.whole(picture)} | weigh()


def _look(peer: Peer, question: dict[str, Any]) -> dict[str, Any]:
    """Each picture once. The first is looked at once before that: what another peer left in the caches is no
    cost of this one's."""
    looks = []
    for at, path in enumerate(question["pictures"]):
        picture = _open(peer, np.load(path))
        if at == 0:
            look(peer, picture)
        looks.append(look(peer, picture))
    return {"looks": looks}


def _open(peer: Peer, rgb: U8) -> U8:
    return np.ascontiguousarray(rgb[:, :, ::-1]) if peer.bgr else rgb


def _describe(peer: Peer, question: dict[str, Any]) -> dict[str, Any]:
    vectors = {}
    with np.load(question["pictures"]) as pictures:
        for name in pictures.files:
            vector = describe(peer, _open(peer, pictures[name]))
            if vector is not None:
                vectors[name] = np.asarray(vector, np.float32)
    np.savez(question["vectors"], **vectors)  # type: ignore[arg-type]
    return {"described": len(vectors)}


if __name__ == "__main__":
    main()
