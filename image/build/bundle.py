"""An update: the root partition, signed, as a RAUC bundle. The kernel lies inside it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from image import ImageError
from image.build.signing import Keys
from image.build.workshop import Source, Workshop

_MANIFEST = """[update]
compatible=kith-{flavour}
version={version}
description=Kith

[bundle]
format=verity

[image.rootfs]
filename=rootfs.img
"""


def manifest(flavour: str, version: str) -> str:
    """What a bundle says of itself; a device of another set refuses it."""
    return _MANIFEST.format(flavour=flavour, version=version)


def build_bundle(shop: Workshop, source: Source, root: Path, keys: Keys) -> Path:
    """The update file; checked against the authority as a device would."""
    if not root.is_file():
        raise ImageError(f"there is no {root}; type: python3 -m image build")
    folder = shop.work / "bundle"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "manifest.raucm").write_text(manifest(shop.flavour, source.version), encoding="utf-8")
    os.link(root, folder / "rootfs.img")
    made = shop.out / f"kith-{shop.flavour}.raucb"
    made.unlink(missing_ok=True)
    inside = {keys.folder: str(keys.folder)}
    signing = [f"--cert={keys.certificate}", f"--key={keys.key}", f"--keyring={keys.authority}"]
    # No second compression: the root is compressed.
    packing = ["--mksquashfs-args=-comp zstd -Xcompression-level 1 -no-progress"]
    shop.tools.run(["rauc", "bundle", *signing, *packing, str(folder), str(made)], binds=inside)
    shop.tools.run(["rauc", "info", f"--keyring={keys.authority}", str(made)], binds=inside)
    shutil.rmtree(folder)
    return made
