"""To whom a picture goes: TLS that is verified, plain HTTP within one's own network alone, and the very
address that was looked at."""

from __future__ import annotations

import http.client
import shutil
import socket
import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest

from kith.drivers import scene_child, scene_server
from kith.drivers.scene_server import addresses, connect, server
from kith.drivers.scene_stream import Trouble
from kith.ports import NarrationEnd
from tests.e2e import _chat_server as chat
from tests.e2e._chat_server import STREAM, answer, sends, serving
from tests.e2e.test_scene_faults import described, endless

HONEST = sends(STREAM + answer("A step."))
OWN = ["127.0.0.1", "127.9.9.9", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.0.9", "169.254.1.1",
       "::1", "fd00::1", "fe80::1%lo", "::ffff:192.168.0.9"]  # fmt: skip
FOREIGN = ["8.8.8.8", "172.15.0.1", "172.32.0.1", "192.169.0.1", "100.64.0.1", "0.0.0.0", "255.255.255.255",
           "224.0.0.251", "203.0.113.5", "2001:4860::8888", "::", "::ffff:8.8.8.8", "64:ff9b::808:808",
           "2002:c0a8:1::1", "ff02::1", "fec0::1"]  # fmt: skip


def resolves(monkeypatch: pytest.MonkeyPatch, *to: str, port: int = 80) -> list[str]:
    """Have every name lead there; the names that were asked for."""
    names: list[str] = []

    def getaddrinfo(host: str, _port: int, **_: Any) -> list[Any]:
        names.append(host)
        kinds = [
            (socket.AF_INET6, (ip, port, 0, 0)) if ":" in ip else (socket.AF_INET, (ip, port)) for ip in to
        ]
        return [(family, socket.SOCK_STREAM, 6, "", sockaddr) for family, sockaddr in kinds]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return names


# --- plain HTTP ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("ip", OWN)
def test_plain_http_goes_to_one_s_own_network(monkeypatch: pytest.MonkeyPatch, ip: str) -> None:
    resolves(monkeypatch, ip)
    assert [each.sockaddr[0] for each in addresses(server("http://home.test/v1"))] == [ip]


@pytest.mark.parametrize("ip", FOREIGN)
def test_plain_http_goes_nowhere_else(monkeypatch: pytest.MonkeyPatch, ip: str) -> None:
    for others in ([], ["192.168.0.9"]):
        resolves(monkeypatch, *others, ip)
        with pytest.raises(Trouble) as told:
            addresses(server("http://home.test/v1"))
        assert told.value.end == NarrationEnd.INSECURE


@pytest.mark.parametrize("ip", FOREIGN)
def test_with_tls_it_may_go_anywhere(monkeypatch: pytest.MonkeyPatch, ip: str) -> None:
    resolves(monkeypatch, ip)
    assert addresses(server("https://home.test/v1"))


def test_nothing_is_sent_to_a_foreign_address(monkeypatch: pytest.MonkeyPatch) -> None:
    resolves(monkeypatch, "203.0.113.5")
    monkeypatch.setattr(socket, "socket", lambda *_: pytest.fail("a connection was begun"))
    with pytest.raises(Trouble) as told:
        scene_child._ask(server("http://home.test/v1"), b"{}", {})
    assert told.value.end == NarrationEnd.INSECURE


def test_the_child_says_so() -> None:
    # Addresses for documents: should the check be broken, nobody is there.
    for host in ("203.0.113.5", "[2001:db8::5]"):
        assert described(f"http://{host}:9/v1") == ("", NarrationEnd.INSECURE)


def test_a_name_is_asked_for_once_and_that_address_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(HONEST) as home:
        names = resolves(monkeypatch, "127.0.0.1", port=home.port)
        response = scene_child._ask(server(f"http://home.test:{home.port}/v1"), b"{}", {})
        assert response.status == 200
        assert home.asked[0].headers["host"] == f"home.test:{home.port}"
        assert names == ["home.test"]


def test_a_connection_that_was_lost_is_not_made_anew_to_wherever_the_name_leads_now(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serving(HONEST) as home:
        names = resolves(monkeypatch, "127.0.0.1", port=home.port)
        where = server(f"http://home.test:{home.port}/v1")
        connection = connect(where, addresses(where))
        connection.close()
        with pytest.raises(http.client.NotConnected):
            connection.request("POST", where.path, b"{}")
        assert names == ["home.test"]


def test_the_next_address_is_taken_where_the_first_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(HONEST) as home:
        resolves(monkeypatch, "::1", "127.0.0.1", port=home.port)
        assert scene_child._ask(server("http://home.test/v1"), b"{}", {}).status == 200


def test_an_address_that_swallows_everything_does_not_take_all_the_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(scene_server, "_CONNECT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, serving(HONEST) as home:
        # Nobody accepts; a few who wait, and it takes no more.
        waiting = [socket.socket() for _ in range(3)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(full.getsockname())
        one, two = ("127.0.0.1", full.getsockname()[1]), ("127.0.0.1", home.port)
        to = [scene_server.Address(socket.AF_INET, each) for each in (one, two)]
        connect(server("http://home.test/v1"), to).close()
        for each in waiting:
            each.close()


# --- TLS ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate of 127.0.0.1, signed by nobody."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not here to make a certificate")
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=home.test"
    names = "subjectAltName=IP:127.0.0.1"
    made = subprocess.run(
        ["openssl", *words.split(), "-addext", names, "-keyout", str(file), "-out", "-"],
        capture_output=True,
        check=True,
    )
    with file.open("ab") as stream:
        stream.write(made.stdout)
    return file


def secured(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(certificate: Path) -> None:
    with serving(HONEST, secure=secured(certificate)) as home:
        assert described(home.url) == ("", NarrationEnd.INSECURE)
        assert not home.asked


def test_one_that_is_vouched_for_is(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with serving(HONEST, secure=secured(certificate)) as home:
        assert described(home.url) == ("A step.", NarrationEnd.DONE)


def test_a_refusal_without_an_end_is_known_over_tls_too(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    for script in (chat.then_waits(endless(500)), chat.drips(endless(500) + b"x" * 1000, every_s=0.02)):
        with serving(script, secure=secured(certificate)) as home:
            assert described(home.url) == ("", NarrationEnd.UNREACHABLE)


def test_nor_is_one_of_another_name(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with serving(HONEST, secure=secured(certificate)) as home:
        url = home.url.replace("127.0.0.1", "localhost")
        assert described(url) == ("", NarrationEnd.INSECURE)
        assert not home.asked


def test_plain_http_at_the_other_end_is_no_tls() -> None:
    with serving(chat.sends(b"HTTP/1.1 400 Bad Request\r\n\r\n"), reads=False) as home:
        assert described(home.url.replace("http:", "https:")) == ("", NarrationEnd.NONSENSE)
