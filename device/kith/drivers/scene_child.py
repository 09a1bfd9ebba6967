"""The child process that asks a vision-language model for a description and streams what it says; see
`kith.drivers.scene_narrator`. Argument: the parent's pid. Standard library only."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import socket
import sys
import threading
import time
from typing import Any

from kith.drivers import scene_server
from kith.drivers.narrator_child import NarratorEnd
from kith.drivers.scene_stream import Events, Piece, Thoughts, Trouble, Words, known_by, read, refusal

_AGAIN_S = 0.5
"""Before a second try, where the server names no time itself."""
_AGAIN_STATUS = frozenset({429, 502, 503, 504})
_LONGEST_REFUSAL = 1 << 14
"""Bytes. A chat server's own takes a few hundred."""
_REFUSAL_S = 1.0
"""For the words of a refusal: its status came first, and they may never end."""
_AT_ONCE = 1 << 14


class Watch:
    """Ends the process at a deadline, whatever it is waiting for: a name, a connection, or a server that
    sends a byte now and then."""

    def __init__(self, end: NarratorEnd, asked: dict[str, Any]) -> None:
        now_s = time.monotonic()
        self._end = end
        self._pause_s = asked["pause_ms"] / 1000
        self.until_s = now_s + asked["first_words_ms"] / 1000
        self._moved = threading.Event()
        self._longest_s = now_s + asked["longest_ms"] / 1000
        # Held while something is told: nothing may follow an end.
        self.telling = threading.Lock()
        threading.Thread(target=self._watch, daemon=True).start()

    def words_came(self) -> None:
        """Further words are waited for from now on."""
        self.until_s = time.monotonic() + self._pause_s
        self._moved.set()

    def _watch(self) -> None:
        while (left_s := min(self.until_s, self._longest_s) - time.monotonic()) > 0:
            # Words may bring the deadline nearer.
            self._moved.wait(left_s)
            self._moved.clear()
        with self.telling:
            self._end.end("took_too_long")
            os._exit(0)


class Telling:
    """What of the stream is told: not its thoughts, and not too much of it."""

    def __init__(self, end: NarratorEnd, watch: Watch, most_words: int) -> None:
        self._end, self._watch = end, watch
        self._thoughts, self._words = Thoughts(), Words(most_words)

    @property
    def begun(self) -> bool:
        """Whether any word was told."""
        return self._words.any

    def take(self, piece: Piece) -> bool:
        """Tell a piece; True when that was all."""
        text = self._thoughts.feed(piece.text)
        if piece.finished:
            text += self._thoughts.rest()
        wanted = self._words.take(text)
        if wanted.text:
            with self._watch.telling:
                self._end.text(wanted.text)
            if wanted.text.strip():
                self._watch.words_came()
        return piece.finished or wanted.finished


def main(arguments: list[str]) -> None:
    """Answer one request."""
    (parent_pid,) = arguments
    end = NarratorEnd(int(parent_pid))
    asked, picture = end.request()
    watch = Watch(end, asked)
    telling = Telling(end, watch, asked["most_words"])
    try:
        _describe(asked, picture, watch, telling)
        result = "done" if telling.begun else "nothing"
    except Trouble as trouble:
        end.fault(str(trouble))
        result = trouble.end
    watch.telling.acquire()
    end.end(result)
    os._exit(0)


def _describe(asked: dict[str, Any], picture: bytes, watch: Watch, telling: Telling) -> None:
    where = scene_server.server(asked["url"])
    headers = {"Content-Type": "application/json", "Accept": "text/event-stream", "Connection": "close"}
    if asked["key_file"]:
        headers["Authorization"] = f"Bearer {scene_server.key(asked['key_file'])}"
    body = _body(asked, picture)
    try:
        response = _ask(where, body, headers)
    except _TryAgain as again:
        time.sleep(_pause(again, watch))
        try:
            response = _ask(where, body, headers)
        except _TryAgain as failed:
            raise failed.trouble from None
    _listen(response, telling)


def _body(asked: dict[str, Any], picture: bytes) -> bytes:
    """Neither a temperature nor a limit of tokens: servers disagree on both, and hanging up is limit
    enough."""
    url = "data:image/jpeg;base64," + base64.b64encode(picture).decode("ascii")
    content = [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": asked["prompt"]}]
    body = {"messages": [{"role": "user", "content": content}], "stream": True}
    if asked["model"]:
        body["model"] = asked["model"]
    return json.dumps(body).encode()


class _TryAgain(Exception):
    """The server could not take the request; perhaps it can in a moment. after_s: when it says so itself."""

    def __init__(self, trouble: Trouble, after_s: float = _AGAIN_S) -> None:
        super().__init__()
        self.trouble, self.after_s = trouble, after_s


def _pause(again: _TryAgain, watch: Watch) -> float:
    if time.monotonic() + again.after_s >= watch.until_s:
        raise again.trouble
    return again.after_s


def _ask(where: scene_server.Server, body: bytes, headers: dict[str, str]) -> http.client.HTTPResponse:
    """The server's answer, which is a stream of events. Raises Trouble and _TryAgain."""
    try:
        connection = scene_server.connect(where, scene_server.addresses(where))
        line = connection.sock
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            # It may have refused without listening to the end; then it says so.
            connection.request("POST", where.path, body, headers)
        response = connection.getresponse()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise _TryAgain(Trouble("unreachable", f"no connection: {reason}")) from None
    except http.client.HTTPException as error:
        raise Trouble("nonsense", f"no HTTP: {type(error).__name__}") from None
    if response.status != 200:
        _refuse(response, line)
    if response.headers.get_content_type() != "text/event-stream":
        raise Trouble("nonsense", "the server's answer is no stream of events")
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise Trouble("nonsense", "the server's answer is packed")
    return response


def _refuse(response: http.client.HTTPResponse, line: socket.socket) -> None:
    trouble = refusal(response.status, "" if known_by(response.status) else _words_of(response, line))
    response.close()
    if response.status in _AGAIN_STATUS:
        after = response.headers.get("Retry-After", "")
        raise _TryAgain(trouble, float(after) if after.isdecimal() and len(after) < 9 else _AGAIN_S)
    raise trouble


def _words_of(response: http.client.HTTPResponse, line: socket.socket) -> str:
    """What comes of a refusal's body in its time."""
    # A timeout of the socket would begin anew with every byte.
    hang_up = threading.Timer(_REFUSAL_S, _hang_up, [line])
    hang_up.daemon = True
    hang_up.start()
    words = b""
    while len(words) < _LONGEST_REFUSAL and (received := _received(response)):
        words += received
    hang_up.cancel()
    return words.decode(errors="replace")


def _hang_up(line: socket.socket) -> None:
    with contextlib.suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)


def _listen(response: http.client.HTTPResponse, telling: Telling) -> None:
    events = Events()
    while received := _received(response):
        for data in events.feed(received):
            if telling.take(read(data)):
                return
    raise Trouble("cut_short", "the server hung up before the end")


def _received(response: http.client.HTTPResponse) -> bytes:
    """What has come since; none at the end and where the connection broke."""
    try:
        return response.read1(_AT_ONCE)
    except (OSError, http.client.HTTPException):
        return b""


if __name__ == "__main__":
    main(sys.argv[1:])
