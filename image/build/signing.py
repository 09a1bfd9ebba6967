"""Who may make updates: a maintainer's certificate authority and signing key.

The image holds the authority's certificate only. ECDSA on P-256, since RAUC does not take Ed25519.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from image import CACHE_DIR, ImageError
from image.tools_tree import ToolsTree

DEVELOPMENT = CACHE_DIR / "keys"
"""Made where a build is given no keys; whoever has this machine's cache can sign for such an image."""
# A Pi has no clock of its own: these hold whatever year it believes it is.
_VALID = ("-not_before", "20200101000000Z", "-not_after", "20991231235959Z")
_CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-sha256")


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """Files of a maintainer: the authority, and the key and certificate that sign bundles."""

    folder: Path

    @property
    def authority(self) -> Path:
        """The certificate that goes into images."""
        return self.folder / "authority.cert.pem"

    @property
    def authority_key(self) -> Path:
        """Makes further signing keys; belongs on a disk that lies in a drawer."""
        return self.folder / "authority.key.pem"

    @property
    def certificate(self) -> Path:
        """The signing key's certificate, part of each bundle."""
        return self.folder / "signing.cert.pem"

    @property
    def key(self) -> Path:
        """Signs bundles."""
        return self.folder / "signing.key.pem"


def make_keys(folder: Path, tools: ToolsTree) -> Keys:
    """A new authority and a signing key in `folder`; ImageError where there are some already."""
    keys = Keys(folder=folder.resolve())
    if keys.authority.exists() or keys.key.exists():
        raise ImageError(f"{folder} holds keys already; devices trust them, so they are never overwritten")
    keys.folder.mkdir(parents=True, exist_ok=True)
    keys.folder.chmod(0o700)
    _openssl(keys, tools, _authority)
    _openssl(keys, tools, _signer)
    for path in (keys.authority_key, keys.key):
        path.chmod(0o600)
    return keys


def find_keys(folder: Path | None, tools: ToolsTree, report: Callable[[str], None]) -> Keys:
    """A maintainer's keys; without a folder this machine's own, for development, made where missing."""
    if folder is None:
        report(
            "KEYS FOR DEVELOPMENT ONLY: whoever can read .cache/image/keys can sign updates for this image."
        )
        report("For devices in use: python3 -m image keys FOLDER, then build with --keys FOLDER")
        if not Keys(folder=DEVELOPMENT).authority.exists():
            return make_keys(DEVELOPMENT, tools)
        folder = DEVELOPMENT
    keys = Keys(folder=folder.resolve())
    missing = [str(each) for each in (keys.authority, keys.certificate, keys.key) if not each.is_file()]
    if missing:
        raise ImageError(f"there is no {missing[0]}; type: python3 -m image keys {folder}")
    return keys


def _authority(keys: Keys) -> list[str]:
    use = ["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign"]
    out = ["-keyout", str(keys.authority_key), "-out", str(keys.authority)]
    return [*_CURVE, "-subj", "/CN=Kith updates, authority", *use, *out]


def _signer(keys: Keys) -> list[str]:
    by = ["-CA", str(keys.authority), "-CAkey", str(keys.authority_key)]
    use = ["-addext", "basicConstraints=CA:FALSE", "-addext", "keyUsage=critical,digitalSignature"]
    out = ["-keyout", str(keys.key), "-out", str(keys.certificate)]
    return [*_CURVE, "-subj", "/CN=Kith updates, signing", *by, *use, *out]


def _openssl(keys: Keys, tools: ToolsTree, arguments: Callable[[Keys], list[str]]) -> None:
    old = os.umask(0o077)
    try:
        inside = {keys.folder: str(keys.folder)}
        tools.run(["openssl", "req", "-x509", *_VALID, *arguments(keys)], binds=inside)
    finally:
        os.umask(old)
