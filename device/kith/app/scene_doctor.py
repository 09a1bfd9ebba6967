"""The doctor's look at where descriptions come from. Nothing is sent, and no name is looked up."""

from __future__ import annotations

import socket

from kith.config import SceneSettings
from kith.errors import ConfigError


def check_scene(settings: SceneSettings) -> str:
    """What can be told of the server and its key without asking the server. Raises ConfigError for what would
    be heard at every press."""
    from kith.drivers import scene_server
    from kith.drivers.scene_stream import Trouble

    try:
        where = scene_server.server(settings.url)
        try:
            scene_server.addresses(where, socket.AI_NUMERICHOST)
            named = False
        except socket.gaierror:
            named = True
        if settings.key_file:
            scene_server.key(settings.key_file)
    except Trouble as trouble:
        raise ConfigError(f"{trouble}; until that is mended nothing is described") from None
    key = "a key that this user may read" if settings.key_file else "no key"
    return f"{_way(where.secure, named)}; {key}; the server was not asked: `kith describe PICTURE` does"


def _way(secure: bool, named: bool) -> str:
    if secure:
        return "over HTTPS, its certificate is looked at when it is asked"
    if named:
        return "over plain HTTP, whether to one's own network is looked at when it is asked"
    return "over plain HTTP, within one's own network"
