"""The way to a chat server: only where a picture may go, and to the very address that was checked. For the
child; standard library only.

`http.client` takes no proxy from the environment and follows no redirect; both are wanted here. A library of
its own for this (httpx) was tried: it takes 7 MiB and twice the time more, and would have to be taught the
address and the deadlines just so.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import stat
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from kith.drivers.scene_stream import Trouble

_CONNECT_S = 5.0
"""For each address: one that swallows what it is sent must not take all the time there is."""
_LONGEST_KEY = 4096
_OWN = [
    ipaddress.ip_network(network)
    for network in (
        *("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"),
        *("::1/128", "fc00::/7", "fe80::/10"),
    )
]
"""Where nothing is routed to from the Internet. Without 100.64.0.0/10: that is a provider's network."""


class Server(NamedTuple):
    """Where a chat server is. path: of its chat completions."""

    secure: bool
    host: str
    port: int
    path: str


class Address(NamedTuple):
    """Where a name leads to, as `socket` takes it."""

    family: int
    sockaddr: Any


def server(url: str) -> Server:
    """The server of a setting. Raises Trouble."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Trouble("unreachable", "scene.url is no address") from None
    known = url.isascii() and parts.scheme in ("http", "https")
    if not known or not parts.hostname or parts.username is not None:
        raise Trouble("unreachable", "scene.url must be as http://192.168.1.20:8080/v1")
    secure = parts.scheme == "https"
    path = f"{parts.path.rstrip('/')}/chat/completions"
    return Server(secure, parts.hostname, port or (443 if secure else 80), path)


def addresses(where: Server, flags: int = 0) -> list[Address]:
    """Where the server's name leads to. Raises Trouble when a picture may not go there, and OSError. flags:
    of `getaddrinfo`; with AI_NUMERICHOST nobody is asked for a name, and one raises OSError."""
    try:
        found = socket.getaddrinfo(where.host, where.port, type=socket.SOCK_STREAM, flags=flags)
    except UnicodeError:
        raise Trouble("unreachable", "scene.url names no host") from None
    if not where.secure and not all(_is_own(sockaddr[0]) for *_, sockaddr in found):
        raise Trouble("insecure", "plain HTTP, and the server is not in a network of one's own")
    return [Address(family, sockaddr) for family, _, _, _, sockaddr in found]


def _is_own(host: str | int) -> bool:
    address = ipaddress.ip_address(str(host).partition("%")[0])
    inner = getattr(address, "ipv4_mapped", None) or address
    return any(inner in network for network in _OWN)


def connect(where: Server, to: list[Address]) -> http.client.HTTPConnection:
    """A connection to the first of the addresses that answers. Raises Trouble when it cannot be trusted, and
    OSError."""
    plain = _first(to)
    connection = http.client.HTTPConnection(where.host, where.port)
    # It must never look for the host itself.
    connection.auto_open = 0
    connection.default_port = 443 if where.secure else 80
    try:
        connection.sock = _trusted(plain, where.host) if where.secure else plain
    except ssl.SSLError as error:
        plain.close()
        doubt = isinstance(error, ssl.SSLCertVerificationError)
        raise Trouble("insecure" if doubt else "nonsense", f"TLS: {error.reason}") from None
    connection.sock.settimeout(None)
    return connection


def _first(to: list[Address]) -> socket.socket:
    for family, sockaddr in to[:-1]:
        try:
            return _reach(family, sockaddr)
        except OSError:
            continue
    return _reach(*to[-1])


def _reach(family: int, sockaddr: Any) -> socket.socket:
    reached = socket.socket(family, socket.SOCK_STREAM)
    reached.settimeout(_CONNECT_S)
    try:
        reached.connect(sockaddr)
    except OSError:
        reached.close()
        raise
    return reached


def _trusted(plain: socket.socket, host: str) -> ssl.SSLSocket:
    return ssl.create_default_context().wrap_socket(plain, server_hostname=host)


def key(file: str) -> str:
    """The key that a file holds. Raises Trouble."""
    try:
        kind = Path(file).stat().st_mode
        if not stat.S_ISREG(kind):  # a pipe that nobody writes to would be waited for, for ever
            raise Trouble("denied", "scene.key_file is no file")
        if kind & (stat.S_IWGRP | stat.S_IRWXO):
            raise Trouble("denied", "scene.key_file is open to others: chmod 600")
        with Path(file).open("rb") as stream:
            held = stream.read(_LONGEST_KEY + 1).strip()
    except OSError as error:
        raise Trouble("denied", f"scene.key_file cannot be read: {error.strerror}") from None
    if not held or len(held) > _LONGEST_KEY or not all(0x21 <= each <= 0x7E for each in held):
        raise Trouble("denied", "scene.key_file holds no key")
    return held.decode("ascii")
