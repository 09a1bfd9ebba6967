"""The initrd: busybox, the modules that find the root, and `image/initrd/init`."""

from __future__ import annotations

import lzma
import shutil
from pathlib import Path

from image import REPOSITORY
from image.build.cpio import pack
from image.build.kernel import Kernel, all_needs, module_name
from image.build.workshop import Workshop

_PARTS = REPOSITORY / "image" / "initrd"


def wanted_modules(text: str) -> list[str]:
    """The names in `image/initrd/modules`: the first word of each line that is not a remark."""
    lines = (line.split() for line in text.splitlines())
    return [words[0].replace("-", "_") for words in lines if words and not words[0].startswith("#")]


def build_initrd(shop: Workshop, kernel: Kernel) -> bytes:
    """The initrd as a zstd-compressed archive; to be called before the root's modules are thinned out."""
    folder = shop.work / "initrd"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "bin").mkdir(parents=True)
    shutil.copyfile(_PARTS / "init", folder / "init")
    shutil.copyfile(_PARTS / "modules", folder / "modules")
    shutil.copyfile(_busybox(shop), folder / "bin/busybox")
    for name in ("init", "bin/busybox"):
        (folder / name).chmod(0o755)
    for command in shop.tools.run(["qemu-aarch64", str(_busybox(shop)), "--list"]).split():
        if command != "busybox":
            (folder / "bin" / command).symlink_to("busybox")
    _take_modules(kernel, folder)
    shop.tools.run(["depmod", "-b", str(folder), kernel.version])
    for path in (folder / "lib/modules" / kernel.version).glob("modules.*"):
        if path.name not in ("modules.dep", "modules.alias", "modules.softdep"):
            path.unlink()
    plain = shop.work / "initrd.cpio"
    plain.write_bytes(pack(folder))
    packed = shop.work / "initrd.img"
    shop.tools.run(["zstd", "-q", "-f", "-19", "--single-thread", str(plain), "-o", str(packed)])
    return packed.read_bytes()


def _busybox(shop: Workshop) -> Path:
    return shop.root / "usr/bin/busybox"


def _take_modules(kernel: Kernel, folder: Path) -> None:
    needs = all_needs(kernel)
    by_name = {module_name(path): path for path in needs}
    names = wanted_modules((_PARTS / "modules").read_text(encoding="utf-8"))
    chosen = {by_name[name] for name in names if name in by_name}
    target = folder / "lib/modules" / kernel.version
    for path in sorted(chosen | {need for each in chosen for need in needs[each]}):
        content = (kernel.modules / path).read_bytes()
        # busybox cannot unpack them; the archive as a whole is compressed.
        plain = target / path.removesuffix(".xz")
        plain.parent.mkdir(parents=True, exist_ok=True)
        plain.write_bytes(lzma.decompress(content) if path.endswith(".xz") else content)
    for name in ("modules.builtin", "modules.builtin.modinfo", "modules.order"):
        if (kernel.modules / name).is_file():
            shutil.copyfile(kernel.modules / name, target / name)
