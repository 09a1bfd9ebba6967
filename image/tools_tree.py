"""A small Debian on this machine's own processor that holds every tool the image is built and tried with.

The tools are those of the image's own release: an older `systemd-sysusers` silently drops users, an older
QEMU knows no Pi 4. And so the machine itself needs nothing but root and mmdebstrap.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from image import CACHE_DIR, REPOSITORY, ImageError
from image.mirrors import SUITE, Mirrors, apt_options_here, mirrors_here

PACKAGES: Mapping[str, str] = {
    "squashfs-tools": "the root file systems",
    "mtools": "writes the boot partition without mounting it",
    "dosfstools": "mkfs.vfat",
    "e2fsprogs": "mkfs.ext4 for the tests' data partitions",
    "fdisk": "sfdisk",
    "cryptsetup-bin": "looks into an encrypted data partition from outside",
    "kmod": "depmod",
    "systemd": "sysusers, systemctl --root, systemd-analyze: of the image's own version",
    "udev": "systemd-hwdb",
    "python3": "byte-code for the image's Python",
    "libpython3.13-dev": "headers, for lgpio",
    "swig": "lgpio's Python side is generated",
    "gcc-aarch64-linux-gnu": "lgpio has no wheel for 3.13",
    "libc6-dev-arm64-cross": "as above",
    "rauc": "update bundles",
    "openssl": "their keys",
    "zstd": "the file that is given away",
    "busybox": "tries the initrd's commands",
    "cpio": "looks into an initrd",
    "device-tree-compiler": "QEMU's raspi4b needs an adapted device tree",
    "qemu-system-arm": "boots the image; its machines: virt, raspi3b, raspi4b",
    "qemu-user": "runs the image's Python for the golden inference",
    "ca-certificates": "apt over https",
}
"""What is in the tree: package -> why."""
_ARM64_HEADERS = "libpython3.13-dev:arm64"
_KEEP_OUT = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*")
_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
_HOST_FILES = ("/etc/resolv.conf", "/etc/hosts", "/etc/ssl/certs/ca-certificates.crt")
"""Copied in: without them the tree reaches no archive where the machine itself does."""


class ToolsTree:
    """The tree at `path`; `ensure` makes it once, `run` runs a command in it."""

    def __init__(self, path: Path = CACHE_DIR / "tools") -> None:
        self.path = path

    def ensure(self, report: Callable[[str], None] = print) -> None:
        """Make the tree where it is missing or of another recipe (2 minutes); ImageError if it cannot."""
        _need_root_and(("mmdebstrap", "mmdebstrap"), ("unshare", "util-linux"), ("chroot", "coreutils"))
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with _locked(self.path.with_suffix(".lock")):
            if self._stamp.is_file() and self._stamp.read_text(encoding="utf-8") == _fingerprint():
                # A portable machine meets another network each day.
                self._take_host_files()
                return
            report("making the tree of tools in .cache/image; a minute or two, once")
            self._stamp.unlink(missing_ok=True)
            self._unmount()
            shutil.rmtree(self.path, ignore_errors=True)
            self._make(mirrors_here())
            self._stamp.write_text(_fingerprint(), encoding="utf-8")

    def argv(
        self,
        command: Sequence[str],
        *,
        binds: Mapping[Path, str] | None = None,
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
    ) -> list[str]:
        """What to start so that `command` runs in the tree, as root and as the very process started.

        The repository is there at its own path, so most paths are the same inside and outside; `binds` adds
        folders or files (outside -> absolute path inside), `cwd` is a path inside, the environment is a small
        fixed one and `env`. Signals reach the command itself.
        """
        mounts = {REPOSITORY: str(REPOSITORY), **(binds or {})}
        script = "\n".join(["set -eu", *self._mount_lines(mounts), 'exec "$@"'])
        wanted = [f"{name}={value}" for name, value in {**_ENVIRONMENT, **(env or {})}.items()]
        inside = ["env", "-i", f"--chdir={cwd or '/'}", *wanted, *command]
        head = ["unshare", "--mount", "--propagation", "private", "--", "sh", "-c", script, "tools"]
        return [*head, "chroot", str(self.path), *inside]

    def run(
        self,
        command: Sequence[str],
        *,
        binds: Mapping[Path, str] | None = None,
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
        text_in: str | None = None,
        timeout_s: float | None = None,
    ) -> str:
        """What the command printed; ImageError, with its last words on standard error, where it failed."""
        argv = self.argv(command, binds=binds, env=env, cwd=cwd)
        done = subprocess.run(
            argv,
            input="" if text_in is None else text_in,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        if done.returncode:
            last = (done.stderr.strip() or done.stdout.strip())[-2000:]
            raise ImageError(f"'{shlex.join(command)[:300]}' failed with status {done.returncode}: {last}")
        return done.stdout

    @property
    def _stamp(self) -> Path:
        return self.path.with_suffix(".made-from")

    def _mount_lines(self, mounts: Mapping[Path, str]) -> Iterator[str]:
        tree = shlex.quote(str(self.path))
        yield f"mount -t proc proc {tree}/proc"
        yield f"mount --rbind /dev {tree}/dev"
        yield f"mount --rbind /sys {tree}/sys"
        yield f"mount -t tmpfs tmpfs {tree}/tmp"
        yield f"mount -t tmpfs tmpfs {tree}/run"
        for outside, inside in mounts.items():
            target = shlex.quote(str(self.path) + inside)
            made = "mkdir -p" if outside.is_dir() else f"mkdir -p $(dirname {target}) && touch"
            yield f"{made} {target} && mount --bind {shlex.quote(str(outside))} {target}"

    def _make(self, mirrors: Mirrors) -> None:
        options = [f"--aptopt={line}" for line in apt_options_here()]
        options += [f"--dpkgopt=path-exclude={pattern}" for pattern in _KEEP_OUT]
        options += ['--aptopt=APT::Install-Recommends "false"', '--aptopt=Acquire::Languages "none"']
        # The package lists stay: the image's packages are chosen by them.
        options += ["--skip=cleanup/apt/lists,cleanup/apt/cache", f"--include={','.join(PACKAGES)}"]
        command = ["mmdebstrap", "--quiet", "--mode=root", "--variant=apt", *options, SUITE, str(self.path)]
        done = subprocess.run(
            [*command, *mirrors.lines("main")],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise ImageError(f"the tree of tools could not be made: {done.stderr.strip()[-2000:]}")
        self._unmount()
        self._take_host_files()
        self._add_arm64_headers()

    def _unmount(self) -> None:
        """mmdebstrap leaves /proc mounted where it is cut off, and on some machines always."""
        proc = self.path / "proc"
        if proc.is_mount():
            subprocess.run(["umount", "--lazy", str(proc)], check=True)

    def _take_host_files(self) -> None:
        for name in _HOST_FILES:
            if Path(name).is_file():
                inside = self.path / name.lstrip("/")
                inside.unlink(missing_ok=True)
                shutil.copyfile(name, inside)

    def _add_arm64_headers(self) -> None:
        """The one header that differs between processors; its package would bring a second C library."""
        fetch = f"""set -e
            cd /tmp
            dpkg --add-architecture arm64
            apt-get update -qq
            apt-get download -qq {_ARM64_HEADERS}
            dpkg-deb -x libpython3.13-dev_*_arm64.deb headers
            cp -r headers/usr/include/aarch64-linux-gnu /usr/include/
            dpkg --remove-architecture arm64
            apt-get clean"""
        self.run(["sh", "-c", fetch])


def _fingerprint() -> str:
    """Of the recipe: another one makes the tree anew."""
    recipe = repr((SUITE, sorted(PACKAGES), _ARM64_HEADERS, _KEEP_OUT))
    return hashlib.sha256(recipe.encode()).hexdigest()


def _need_root_and(*tools: tuple[str, str]) -> None:
    missing = [package for tool, package in tools if shutil.which(tool) is None]
    if missing:
        raise ImageError(f"this machine lacks something; type: sudo apt-get install {' '.join(missing)}")
    if os.geteuid() != 0:
        raise ImageError("the image is built as root; type the same command after: sudo")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
