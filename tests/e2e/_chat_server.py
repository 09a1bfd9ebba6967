"""A server of the OpenAI-compatible chat protocol, on loopback, that does exactly what a test wants: honest,
slow, broken or lying."""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nConnection: close\r\n\r\n"
CHUNKED = STREAM.replace(b"Connection: close", b"Transfer-Encoding: chunked")
DONE = b"data: [DONE]\n\n"


class Wire(Protocol):
    """What a connection is good for."""

    def sendall(self, data: bytes, /) -> None: ...
    def recv(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request as it arrived."""

    line: str
    headers: dict[str, str]
    body: dict[str, Any]
    at_s: float

    @property
    def jpeg(self) -> bytes:
        """The picture that left the device."""
        kind, _, data = self.body["messages"][0]["content"][0]["image_url"]["url"].partition(",")
        assert kind == "data:image/jpeg;base64"
        return base64.b64decode(data, validate=True)

    @property
    def prompt(self) -> str:
        """The words that went with it."""
        text = self.body["messages"][0]["content"][1]["text"]
        assert isinstance(text, str)
        return text


Script = Callable[[Wire], None]


@dataclass
class ChatServer:
    """Answers the connections by the scripts, in their order; the last one answers all further ones too. A
    script may be called before its request was read."""

    scripts: tuple[Script, ...]
    secure: ssl.SSLContext | None = None
    reads: bool = True
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    port: int = 0

    @property
    def url(self) -> str:
        return f"http{'s' if self.secure else ''}://127.0.0.1:{self.port}/v1"

    def serve(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                script = self.scripts[min(self.connections, len(self.scripts) - 1)]
                self.connections += 1
                threading.Thread(target=self._answer, args=(connection, script), daemon=True).start()

    def _answer(self, connection: socket.socket, script: Script) -> None:
        # Whoever asks may hang up at any time.
        with contextlib.suppress(OSError), connection:
            connection.settimeout(30)
            wire = self.secure.wrap_socket(connection, server_side=True) if self.secure else connection
            with wire:
                if self.reads:
                    self.asked.append(_request(wire))
                script(wire)


def _request(wire: Wire) -> Asked:
    data = b""
    while b"\r\n\r\n" not in data:
        data += _some(wire)
    head, _, body = data.partition(b"\r\n\r\n")
    line, *fields = head.decode("ascii").split("\r\n")
    headers = {name.lower(): value for name, _, value in (each.partition(": ") for each in fields)}
    while len(body) < int(headers["content-length"]):
        body += _some(wire)
    return Asked(line=line, headers=headers, body=json.loads(body), at_s=time.monotonic())


def _some(wire: Wire) -> bytes:
    data = wire.recv(65536)
    if not data:
        raise ConnectionResetError
    return data


@contextlib.contextmanager
def serving(
    *scripts: Script, secure: ssl.SSLContext | None = None, reads: bool = True
) -> Iterator[ChatServer]:
    """A server that is there within the block."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = ChatServer(scripts, secure=secure, reads=reads, port=listener.getsockname()[1])
        threading.Thread(target=server.serve, args=(listener,), daemon=True).start()
        yield server


def unused_port() -> int:
    """Where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


# --- what is sent ------------------------------------------------------------------------------------


def event(said: object) -> bytes:
    """One event of a stream."""
    return b"data: " + (said if isinstance(said, bytes) else json.dumps(said).encode()) + b"\n\n"


def delta(text: str | None = None, finish: str | None = None, **others: object) -> bytes:
    """A piece of an answer as servers send it."""
    said = {"content": text} if text is not None else {}
    choice = {"index": 0, "delta": said | others, "finish_reason": finish}
    return event({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "choices": [choice]})


def answer(*texts: str) -> bytes:
    """A whole honest answer."""
    return delta("", role="assistant") + b"".join(map(delta, texts)) + delta(finish="stop") + DONE


def chunked(*parts: bytes) -> bytes:
    """Parts as HTTP's chunks, with their end."""
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (*parts, b""))


def sends(*parts: bytes, every_s: float = 0.0) -> Script:
    """Sends these, with a pause after each but the last, and hangs up."""

    def script(wire: Wire) -> None:
        for index, part in enumerate(parts):
            time.sleep(every_s if index else 0)
            wire.sendall(part)

    return script


def drips(data: bytes, *, every_s: float) -> Script:
    """Sends a byte now and then."""
    return sends(*(data[index : index + 1] for index in range(len(data))), every_s=every_s)


def repeats(head: bytes, again: bytes) -> Script:
    """Never stops of itself."""

    def script(wire: Wire) -> None:
        wire.sendall(head)
        while True:
            wire.sendall(again)

    return script


def then_waits(*parts: bytes) -> Script:
    """Sends these, and keeps the line open."""

    def script(wire: Wire) -> None:
        wire.sendall(b"".join(parts))
        time.sleep(30)

    return script


def resets(*parts: bytes) -> Script:
    """Sends these and breaks the connection off, without an end to it."""

    def script(wire: Wire) -> None:
        wire.sendall(b"".join(parts))
        time.sleep(0.1)
        assert isinstance(wire, socket.socket)
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    return script


def status(code: int, body: str = "", *headers: str, kind: str = "application/json") -> Script:
    """Refuses."""
    head = (f"HTTP/1.1 {code} No", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *headers)
    return sends("\r\n".join((*head, "Connection: close", "", body)).encode())


def error(message: str, code: int = 500) -> str:
    """How a chat server words its refusals."""
    return json.dumps({"error": {"message": message, "type": "server_error", "code": code}})
