"""A description, asked for by the real child process of servers that are honest, slow, broken or lying: the
words that are told, and the reason when there are none."""

from __future__ import annotations

import dataclasses
import gzip
import logging
import os
import queue
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from kith.config import SceneSettings
from kith.drivers.scene_narrator import SceneNarrator
from kith.ports import Narration, NarrationEnd, Subject
from kith.types import BoxPx
from tests.e2e import _chat_server as chat
from tests.e2e._chat_server import STREAM, ChatServer, Script, answer, delta, event, sends, serving, status

PATIENCE_S = 20.0
QUICK = SceneSettings(enabled=True, first_words_ms=3000, pause_ms=1000, longest_ms=6000)
SUBJECT = Subject(rgb=np.full((48, 64, 3), 90, np.uint8), hide=())
HONEST = sends(STREAM + answer("Two steps", " down. A door", " ahead."))
SAID = "Two steps down. A door ahead."
END = NarrationEnd


def described(
    url: str, settings: SceneSettings = QUICK, subject: Subject = SUBJECT
) -> tuple[str, NarrationEnd]:
    """What a narration tells of it, and how it ends."""
    news: queue.SimpleQueue[Narration] = queue.SimpleQueue()
    narrator = SceneNarrator(dataclasses.replace(settings, url=url), voice="en")
    narrator.begin(1, subject, news.put)
    text = ""
    while (told := news.get(timeout=PATIENCE_S)).end is None:
        text += told.text
    return text, told.end


def asked(*scripts: Script, settings: SceneSettings = QUICK) -> tuple[str, NarrationEnd, ChatServer]:
    with serving(*scripts) as server:
        return *described(server.url, settings), server


@pytest.fixture(autouse=True)
def nothing_told_is_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level(logging.DEBUG)
    yield
    for word in ("steps", "door", "secret"):
        assert word not in caplog.text


# --- an honest server ---------------------------------------------------------------------------------


def test_what_an_honest_server_streams_is_told(tmp_path: Path) -> None:
    text, end, server = asked(HONEST)
    assert (text, end) == (SAID, END.DONE)
    (request,) = server.asked
    assert request.line == "POST /v1/chat/completions HTTP/1.1"
    assert request.headers["host"] == f"127.0.0.1:{server.port}"
    assert request.headers["accept-encoding"] == "identity"
    assert "authorization" not in request.headers
    assert request.body["stream"] is True
    assert set(request.body) == {"messages", "stream"}
    assert [each["role"] for each in request.body["messages"]] == ["user"]


def test_the_first_words_are_told_before_the_last_are_there() -> None:
    with serving(sends(STREAM + delta("A step. "), delta("A door."), chat.DONE, every_s=0.5)) as server:
        news: queue.SimpleQueue[tuple[float, Narration]] = queue.SimpleQueue()
        narrator = SceneNarrator(dataclasses.replace(QUICK, url=server.url), voice="en")
        narrator.begin(1, SUBJECT, lambda told: news.put((time.monotonic(), told)))
        first_s, first = news.get(timeout=PATIENCE_S)
        second_s, second = news.get(timeout=PATIENCE_S)
        assert (first.text, second.text) == ("A step. ", "A door.")
        assert second_s - first_s > 0.3
        assert news.get(timeout=PATIENCE_S)[1].end is END.DONE


def test_what_leaves_is_a_plain_jpeg_in_which_strangers_are_covered() -> None:
    rgb = np.random.default_rng(1).integers(0, 256, (960, 1280, 3), np.uint8)
    subject = Subject(rgb=rgb, hide=(BoxPx(x=600, y=400, w=100, h=120),))
    with serving(HONEST) as server:
        described(server.url, subject=subject)
        jpeg = server.asked[0].jpeg
    assert jpeg[:4] == b"\xff\xd8\xff\xe0"
    assert b"Exif" not in jpeg[:200]
    sent = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert sent is not None
    assert sent.shape == (576, 768, 3)
    assert float(np.std(sent[245:308, 365:415])) < 3.0
    assert float(np.std(sent[:200])) > 20.0


@pytest.mark.parametrize("show_strangers", [False, True])
def test_a_picture_whose_faces_were_not_searched_for_does_not_leave(
    show_strangers: bool, caplog: pytest.LogCaptureFixture
) -> None:
    settings = dataclasses.replace(QUICK, show_strangers=show_strangers)
    with serving(HONEST) as server:
        assert described(server.url, settings, Subject(rgb=SUBJECT.rgb)) == ("", END.FAILED)
        assert server.connections == 0
    assert "not searched for" in caplog.text


def test_a_known_person_goes_by_a_mark_and_a_side_never_by_a_name() -> None:
    known = (("Person 1", BoxPx(x=2, y=2, w=5, h=5)), ("Person 2", BoxPx(x=50, y=2, w=5, h=5)))
    with serving(HONEST) as server:
        described(server.url, subject=dataclasses.replace(SUBJECT, known=known))
        assert "Person 1 (left), Person 2 (right)" in server.asked[0].prompt


@pytest.mark.parametrize(
    ("stream", "told"),
    [
        (answer("a b"), "a b"),
        (answer("a b").replace(b"\n", b"\r\n"), "a b"),
        (answer("a b").replace(b"\n", b"\r"), "a b"),
        (answer("a b").replace(b"data: ", b"data:"), "a b"),
        (b": ping\n\nid: 4\nevent: message\nretry: 10\n" + answer("a b"), "a b"),
        (delta("a b") + chat.DONE, "a b"),
        (delta("a b", finish="length"), "a b"),
        (event({"error": None, "choices": []}) + answer("a b"), "a b"),
        (delta("a b") + event({"choices": [], "usage": {"total_tokens": 7}}) + chat.DONE, "a b"),
        (delta(role="assistant", refusal=None) + answer("a b"), "a b"),
        (delta("", reasoning_content="the secret wish") + answer("a b"), "a b"),
        (answer("<think>the secret", " wish</th", "ink>\n\na", " b"), "\n\na b"),
        (answer("<think>a</think>", "a <", "b > c <thin"), "a <b > c <thin"),
        (answer("a\x00\x1b[2J", "\ud83d", "\ude00 b"), "a  [2J b"),
        (answer("Žofie 张伟 🙂"), "Žofie 张伟 🙂"),
    ],
)  # fmt: skip
def test_the_manners_of_servers_differ(stream: bytes, told: str) -> None:
    assert asked(sends(STREAM + stream))[:2] == (told, END.DONE)


def test_chunks_may_cut_anywhere() -> None:
    whole = answer("Žofie", " is here.")
    parts = [whole[index : index + 7] for index in range(0, len(whole), 7)]
    assert asked(sends(chat.CHUNKED + chat.chunked(*parts)))[:2] == ("Žofie is here.", END.DONE)


def test_an_answer_that_is_too_long_ends_with_a_sentence() -> None:
    settings = dataclasses.replace(QUICK, most_words=10)
    sentence = "One two three four. "
    text, end, _ = asked(chat.repeats(STREAM, delta(sentence)), settings=settings)
    assert (text.split(), end) == (3 * sentence.split(), END.DONE)
    text, end, _ = asked(chat.repeats(STREAM, delta("and ")), settings=settings)
    assert (text, end) == ("and " * 20, END.DONE)
    text, end, _ = asked(chat.repeats(STREAM, delta("x" * 50)), settings=settings)
    assert (text, end) == ("x" * 200, END.DONE)


# --- a key --------------------------------------------------------------------------------------------


def key_file(folder: Path, content: bytes = b"sk-secret-1\n", mode: int = 0o600) -> SceneSettings:
    file = folder / "key"
    file.write_bytes(content)
    file.chmod(mode)
    return dataclasses.replace(QUICK, key_file=str(file))


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o640])
def test_the_key_of_a_file_is_shown_to_the_server(tmp_path: Path, mode: int) -> None:
    *_, end, server = asked(HONEST, settings=key_file(tmp_path, mode=mode))
    assert end is END.DONE
    assert server.asked[0].headers["authorization"] == "Bearer sk-secret-1"


@pytest.mark.parametrize(
    ("content", "mode"),
    [(b"sk-secret-1", 0o644), (b"sk-secret-1", 0o660), (b"", 0o600), (b"\n", 0o600), (b"x" * 5000, 0o600),
     (b"sk-secret\r\nX-Evil: 1", 0o600), (b"sk secret", 0o600), ("sk-Ž".encode(), 0o600)],
)  # fmt: skip
def test_a_key_that_others_may_read_or_that_is_none_is_shown_to_nobody(
    tmp_path: Path, content: bytes, mode: int
) -> None:
    text, end, server = asked(HONEST, settings=key_file(tmp_path, content, mode))
    assert (text, end, server.connections) == ("", END.DENIED, 0)


def test_a_key_file_that_is_missing_or_a_folder_is_a_key_that_is_missing(tmp_path: Path) -> None:
    for file in (tmp_path / "none", tmp_path):
        settings = dataclasses.replace(QUICK, key_file=str(file))
        text, end, server = asked(HONEST, settings=settings)
        assert (text, end, server.connections) == ("", END.DENIED, 0)


def test_the_key_is_neither_in_the_arguments_nor_in_the_surroundings(tmp_path: Path) -> None:
    settings = key_file(tmp_path)
    with serving(chat.then_waits(STREAM, delta("a "))) as server:
        news: queue.SimpleQueue[Narration] = queue.SimpleQueue()
        narrator = SceneNarrator(dataclasses.replace(settings, url=server.url), voice="en")
        narrator.begin(1, SUBJECT, news.put)
        news.get(timeout=PATIENCE_S)
        for what in ("cmdline", "environ"):
            assert b"secret" not in Path(f"/proc/{narrator.pid}/{what}").read_bytes()
        narrator.cancel()


# --- servers that refuse --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("script", "end", "tries"),
    [
        (status(401), END.DENIED, 1),
        (status(403, chat.error("forbidden", 403)), END.DENIED, 1),
        (status(404, chat.error("model 'secret' not found", 404)), END.NO_PICTURES, 1),
        (status(404, "<html>no model of an image</html>", kind="text/html"), END.NONSENSE, 1),
        (status(400, chat.error("this model does not support image input", 400)), END.NO_PICTURES, 1),
        (status(500, chat.error("image input is not supported - mmproj")), END.NO_PICTURES, 1),
        (status(413), END.NO_PICTURES, 1),
        (status(400, chat.error("temperature must be a number", 400)), END.NONSENSE, 1),
        (status(500, chat.error("out of memory")), END.UNREACHABLE, 1),
        (status(302, "", "Location: http://127.0.0.1:1/", "Retry-After: 0"), END.NONSENSE, 1),
        (status(204), END.NONSENSE, 1),
        (status(429), END.BUSY, 2),
        (status(503, chat.error("loading the model", 503)), END.BUSY, 2),
        (status(502, "<img src=vision.png>", kind="text/html"), END.UNREACHABLE, 2),
        (status(504), END.UNREACHABLE, 2),
    ],
)  # fmt: skip
def test_a_refusal_has_a_reason(script: Script, end: NarrationEnd, tries: int) -> None:
    text, told, server = asked(script)
    assert (text, told, server.connections) == ("", end, tries)


def test_a_server_that_refuses_without_listening_is_heard() -> None:
    with serving(status(401), reads=False) as server:
        rgb = np.random.default_rng(1).integers(0, 256, (2000, 2000, 3), np.uint8)
        big = Subject(rgb=rgb, hide=())
        settings = dataclasses.replace(QUICK, picture_px=2048)
        # The system may throw the refusal away together with what nobody read: then nothing is known.
        assert described(server.url, settings, big) in [("", END.DENIED), ("", END.UNREACHABLE)]


def endless(code: int, *body: bytes, chunks: bool = False) -> bytes:
    """A refusal that promises more than it sends."""
    length = b"Transfer-Encoding: chunked" if chunks else b"Content-Length: 100000"
    return b"HTTP/1.1 %d No\r\nContent-Type: application/json\r\n%s\r\n\r\n" % (code, length) + b"".join(body)


NO_IMAGES = chat.error("this model does not support image input", 400).encode()


@pytest.mark.parametrize(
    ("script", "end", "tries"),
    [
        (chat.then_waits(endless(401)), END.DENIED, 1),
        (chat.then_waits(endless(403, chunks=True)), END.DENIED, 1),
        (chat.then_waits(endless(404)), END.NONSENSE, 1),
        (chat.then_waits(endless(500, b'{"error"')), END.UNREACHABLE, 1),
        (chat.then_waits(endless(503)), END.BUSY, 2),
        (chat.then_waits(endless(504)), END.UNREACHABLE, 2),
        (chat.then_waits(endless(302)), END.NONSENSE, 1),
        (chat.then_waits(endless(400, NO_IMAGES)), END.NO_PICTURES, 1),
        (chat.then_waits(endless(400, b"%x\r\n" % len(NO_IMAGES), NO_IMAGES, b"\r\n", chunks=True)),
         END.NO_PICTURES, 1),
        (chat.drips(endless(500) + b"x" * 1000, every_s=0.02), END.UNREACHABLE, 1),
        (chat.drips(endless(404, chunks=True) + b"0" * 1000, every_s=0.02), END.NONSENSE, 1),
        (chat.repeats(endless(500, chunks=True), b"5\r\nimage\r\n"), END.UNREACHABLE, 1),
    ],
)  # fmt: skip
def test_a_refusal_without_an_end_is_known_by_its_beginning(
    script: Script, end: NarrationEnd, tries: int
) -> None:
    settings = dataclasses.replace(QUICK, first_words_ms=15_000, longest_ms=20_000)
    begun_s = time.monotonic()
    text, told, server = asked(script, settings=settings)
    assert (text, told, server.connections) == ("", end, tries)
    assert time.monotonic() - begun_s < 10.0


@pytest.mark.parametrize("code", [429, 502, 503, 504])
def test_what_may_pass_is_tried_once_more(code: int) -> None:
    text, end, server = asked(status(code), HONEST)
    assert (text, end, server.connections) == (SAID, END.DONE, 2)


def test_a_connection_that_breaks_before_the_answer_is_tried_once_more() -> None:
    for broken in (chat.resets(), sends()):
        text, end, server = asked(broken, HONEST)
        assert (text, end, server.connections) == (SAID, END.DONE, 2)
        text, end, server = asked(broken)
        assert (text, end, server.connections) == ("", END.UNREACHABLE, 2)


def test_after_the_first_words_nothing_is_tried_again() -> None:
    text, end, server = asked(chat.resets(STREAM, delta("Two steps ")), HONEST)
    assert (text, end, server.connections) == ("Two steps ", END.CUT_SHORT, 1)


def test_the_server_says_when_to_come_again() -> None:
    _, end, server = asked(status(429, "", "Retry-After: 1"), HONEST)
    assert end is END.DONE
    assert 1.0 <= server.asked[1].at_s - server.asked[0].at_s < 2.0


@pytest.mark.parametrize("after", ["3", "3600", "99999999999999999999", "9" * 400])
def test_to_come_again_after_the_deadline_is_no_use(after: str) -> None:
    begun_s = time.monotonic()
    _, end, server = asked(status(429, "", f"Retry-After: {after}"), HONEST)
    if len(after) < 9:
        assert (end, server.connections) == (END.BUSY, 1)
        assert time.monotonic() - begun_s < 2.0
    else:
        # Nobody means that: as if it had said nothing.
        assert (end, server.connections) == (END.DONE, 2)


def test_where_nobody_listens_nobody_answers() -> None:
    assert described(f"http://127.0.0.1:{chat.unused_port()}/v1") == ("", END.UNREACHABLE)


@pytest.mark.parametrize(
    "url",
    ["", "127.0.0.1:8080", "ftp://127.0.0.1/v1", "http://", "http://a:b@127.0.0.1/v1", "http://[::1/v1",
     "http://127.0.0.1:99999/v1", f"http://{'x' * 70}.invalid./v1", "http://bücher.invalid/v1"],
)  # fmt: skip
def test_an_address_that_is_none_is_not_reached(url: str) -> None:
    assert described(url) == ("", END.UNREACHABLE)


# --- servers that are slow ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "script",
    [
        chat.then_waits(),
        chat.then_waits(STREAM),
        chat.then_waits(STREAM, delta(" \n")),
        chat.then_waits(b"HTTP/1.1 200 OK\r\n"),
        chat.drips(STREAM + answer("never") * 20, every_s=0.2),
        chat.repeats(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        chat.repeats(STREAM, b": ping\n\n"),
        sends(STREAM, *[delta("", reasoning_content="hm")] * 100, every_s=0.1),
    ],
)  # fmt: skip
def test_no_words_in_time_is_too_slow_whatever_is_sent_meanwhile(script: Script) -> None:
    settings = dataclasses.replace(QUICK, first_words_ms=1000)
    begun_s = time.monotonic()
    text, end, _ = asked(script, settings=settings)
    assert (text.strip(), end) in [("", END.TOO_SLOW), ("", END.NONSENSE)]
    assert time.monotonic() - begun_s < 3.0


@pytest.mark.parametrize(
    "script",
    [
        chat.then_waits(STREAM, delta("A step. ")),
        sends(STREAM + delta("A step. "), *[b": ping\n\n"] * 100, every_s=0.1),
        sends(STREAM + delta("A step. "), *[delta(" ")] * 100, every_s=0.1),
    ],
)
def test_words_that_stop_coming_are_too_slow(script: Script) -> None:
    settings = dataclasses.replace(QUICK, first_words_ms=15_000, longest_ms=20_000)
    begun_s = time.monotonic()
    text, end, _ = asked(script, settings=settings)
    assert (text.rstrip(), end) == ("A step.", END.TOO_SLOW)
    assert 0.9 < time.monotonic() - begun_s < 5.0


def test_words_that_drip_for_ever_end_in_time() -> None:
    settings = dataclasses.replace(QUICK, longest_ms=5000, most_words=400)
    begun_s = time.monotonic()
    text, end, _ = asked(sends(STREAM, *[delta("step ")] * 300, every_s=0.2), settings=settings)
    assert end is END.TOO_SLOW
    assert text.startswith("step step")
    assert 4.8 < time.monotonic() - begun_s < 7.0


# --- servers that are broken, or lie ----------------------------------------------------------------------


HTML = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<html>Log in to the door</html>"
)
BOMB = gzip.compress(answer("a b") + b" " * 10_000_000)
PACKED = STREAM.replace(b"Connection", b"Content-Encoding: gzip\r\nConnection")


@pytest.mark.parametrize(
    ("script", "told", "end"),
    [
        (sends(HTML), "", END.NONSENSE),
        (sends(b"the secret\r\n\r\n"), "", END.NONSENSE),
        (sends(b"\xff" * 1000), "", END.NONSENSE),
        (sends(STREAM.replace(b"text/event-stream", b"application/json") + answer("a b")), "", END.NONSENSE),
        (sends(PACKED + BOMB), "", END.NONSENSE),
        (sends(STREAM + gzip.compress(answer("a b"))), "", END.CUT_SHORT),
        (sends(b"HTTP/1.1 200 OK\r\n" + b"X-Secret: " + b"x" * 100_000 + b"\r\n\r\n"), "", END.NONSENSE),
        (chat.repeats(b"HTTP/1.1 200 OK\r\n", b"X-Secret: x\r\n"), "", END.NONSENSE),
        (sends(chat.CHUNKED + b"zz\r\nno length"), "", END.CUT_SHORT),
        (sends(chat.CHUNKED + b"-5\r\nno length"), "", END.CUT_SHORT),
        (sends(STREAM), "", END.CUT_SHORT),
        (sends(STREAM + chat.DONE), "", END.NOTHING),
        (sends(STREAM + answer()), "", END.NOTHING),
        (sends(STREAM + answer("<think>the secret wish")), "", END.NOTHING),
        (sends(STREAM + delta("A step ")), "A step ", END.CUT_SHORT),
        (sends(STREAM + answer("A step")[:-60]), "A step", END.CUT_SHORT),
        (sends(STREAM + b"data: {\n\n"), "", END.NONSENSE),
        (sends(STREAM + delta("A step ") + event(b"{'a': secret}")), "A step ", END.NONSENSE),
        (sends(STREAM + event(b"[" * 20_000)), "", END.NONSENSE),
        (sends(STREAM + event(["secret"])), "", END.NONSENSE),
        (sends(STREAM + event({"choices": "secret"})), "", END.NONSENSE),
        (sends(STREAM + event({"choices": [{"delta": None}]})), "", END.NONSENSE),
        (sends(STREAM + event({"choices": [{"delta": {"content": ["secret"]}}]})), "", END.NONSENSE),
        (sends(STREAM + event({"error": "secret"})), "", END.NONSENSE),
        (sends(STREAM + event({"error": {"code": 503, "message": "secret"}})), "", END.BUSY),
        (sends(STREAM + event({"error": {"code": 500, "message": "no mmproj"}})), "", END.NO_PICTURES),
        (sends(STREAM + b'error: {"code": 503}\n\n'), "", END.BUSY),
        (sends(STREAM + delta("A step ") + event({"error": {}})), "A step ",
         END.NONSENSE),
        (chat.repeats(STREAM + b"data: ", b"x" * 10_000), "", END.NONSENSE),
        (chat.repeats(STREAM, b"data: x\n" * 1000), "", END.NONSENSE),
        (chat.repeats(STREAM, delta("", reasoning_content="secret" * 1000)), "", END.NONSENSE),
    ],
)  # fmt: skip
def test_a_lie_is_found_out(script: Script, told: str, end: NarrationEnd) -> None:
    settings = dataclasses.replace(QUICK, first_words_ms=15_000, longest_ms=20_000)
    assert asked(script, settings=settings)[:2] == (told, end)


def test_neither_a_proxy_of_the_surroundings_nor_a_redirect_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(HONEST) as other, serving(status(307, "", "Location: " + other.url)) as server:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "https_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{other.port}")
        assert described(server.url) == ("", END.NONSENSE)
        assert (server.connections, other.connections) == (1, 0)


def test_a_server_that_is_asked_again_and_again_leaves_nothing_behind() -> None:
    with serving(HONEST) as server:
        described(server.url)
        before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
        for _ in range(5):
            described(server.url)
        assert len(os.listdir("/proc/self/fd")) <= before + 1  # noqa: PTH208
