"""What the packages' maintainer scripts would do to the tree, done here on this machine's own processor."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from image import REPOSITORY, ImageError
from image.build.package_set import LISTS, read_list
from image.build.workshop import Source, Workshop

_DAY_S = 86_400
_ALTERNATIVES: Mapping[str, str] = {
    "usr/bin/awk": "mawk",
    "usr/bin/which": "which.debianutils",
    "usr/bin/pager": "more",
}
_COPIED: Mapping[str, str] = {
    "usr/share/base-passwd/passwd.master": "etc/passwd",
    "usr/share/base-passwd/group.master": "etc/group",
    "usr/share/libc-bin/nsswitch.conf": "etc/nsswitch.conf",
    "usr/share/base-files/profile": "etc/profile",
    "usr/share/debianutils/shells": "etc/shells",
    "usr/share/openssh/sshd_config": "etc/ssh/sshd_config",
}
"""Files that a package brings as a pattern: from -> to."""
_WRITTEN: Mapping[str, str] = {
    "etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
    "etc/hostname": "kith\n",
    "etc/environment": "",
    "etc/modules": "",
    "etc/subuid": "",
    "etc/subgid": "",
    "etc/motd": "",
}
_PAM: Mapping[str, str] = {
    "common-auth": "auth [success=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\n"
    "auth required pam_permit.so\n",
    "common-account": "account [success=1 new_authtok_reqd=done default=ignore] pam_unix.so\n"
    "account requisite pam_deny.so\naccount required pam_permit.so\n",
    "common-password": "password requisite pam_deny.so\n",
    "common-session": "session required pam_unix.so\n",
    "common-session-noninteractive": "session required pam_unix.so\n",
}
"""Nobody has a password, so none can be given or changed."""
_OWNED: Mapping[str, tuple[str, int]] = {
    "usr/lib/dbus-1.0/dbus-daemon-launch-helper": ("messagebus", 0o4754),
    "etc/polkit-1/rules.d": ("polkitd", 0o750),
}
"""Path -> group and mode, as the packages' scripts set them."""
_NOT_SETUID = (
    *("usr/bin/chfn", "usr/bin/chsh", "usr/bin/gpasswd", "usr/bin/newgrp", "usr/bin/passwd", "usr/bin/su"),
    *("usr/bin/mount", "usr/bin/umount", "usr/bin/chage", "usr/bin/expiry", "usr/bin/ssh-agent"),
    *("usr/lib/openssh/ssh-keysign", "usr/lib/polkit-1/polkit-agent-helper-1", "usr/sbin/unix_chkpwd"),
)
"""Nobody but root logs in, so none of these needs to be more than who starts it."""
_KITH_UNITS = ("kith.service", "kith-guard.service", "kith-privacy.target")


def settle(shop: Workshop, source: Source) -> None:
    """Users, PAM, links, units, Kith's own system files, and the image's static files on top of all."""
    root = shop.root
    _files(root)
    _folders(root)
    kith_system_files(root)
    lay_over(REPOSITORY / "image/rootfs", root)
    _onboard(shop)
    _users(shop, source)
    _modes(root)
    _units(shop)
    (root / "etc/kith-image").write_text(f"{shop.flavour} {source.version}\n", encoding="utf-8")
    rauc = root / "etc/rauc/system.conf"
    told = re.sub(r"^compatible=.*$", f"compatible=kith-{shop.flavour}", rauc.read_text(), flags=re.MULTILINE)
    rauc.write_text(told, encoding="utf-8")


def cache_libraries(shop: Workshop) -> None:
    """Where the loader finds libraries. ldconfig knows only its own processor's, so the device's is run,
    emulated: it is one program without any library, a second's work."""
    root = str(shop.root)
    shop.tools.run(["qemu-aarch64", f"{root}/usr/sbin/ldconfig", "-r", root])
    shutil.rmtree(shop.root / "var/cache/ldconfig", ignore_errors=True)


def lay_over(folder: Path, root: Path) -> None:
    """Copy a tree of static files over the root: links as links, executables as such, all of root's."""
    for path in sorted(folder.rglob("*")):
        target = root / path.relative_to(folder)
        if path.is_dir() and not path.is_symlink():
            target.mkdir(exist_ok=True)
        elif "__pycache__" not in path.parts:
            target.unlink(missing_ok=True)
            _copy(path, target)


def _copy(path: Path, target: Path) -> None:
    if path.is_symlink():
        target.symlink_to(path.readlink())
        return
    shutil.copyfile(path, target)
    target.chmod(0o755 if os.access(path, os.X_OK) and path.stat().st_mode & 0o100 else 0o644)


def _files(root: Path) -> None:
    for origin, target in _COPIED.items():
        shutil.copyfile(root / origin, root / target)
    for name, content in _WRITTEN.items():
        (root / name).write_text(content, encoding="utf-8")
    for name, content in _PAM.items():
        (root / "etc/pam.d" / name).write_text(content, encoding="utf-8")
    for name, to in _ALTERNATIVES.items():
        if (root / "usr/bin" / to).exists() and not (root / name).is_symlink():
            (root / name).symlink_to(to)
    (root / "etc/localtime").unlink(missing_ok=True)
    (root / "etc/localtime").symlink_to("/usr/share/zoneinfo/Etc/UTC")


def _folders(root: Path) -> None:
    for folder in (
        "opt/kith",
        "boot/firmware",
        "data",
        "mnt",
        "etc/rauc",
        "usr/lib/sysusers.d",
        "usr/lib/tmpfiles.d",
    ):
        (root / folder).mkdir(parents=True, exist_ok=True)
    # All of it is made anew at each start, in memory.
    shutil.rmtree(root / "run")
    (root / "run").mkdir()


def kith_system_files(root: Path) -> None:
    """Units, users, and rules of the bus and of udev, which an installation by hand has as well."""
    systemd = REPOSITORY / "systemd"
    shutil.copyfile(systemd / "kith.sysusers.conf", root / "usr/lib/sysusers.d/kith.conf")
    shutil.copyfile(systemd / "kith.tmpfiles.conf", root / "usr/lib/tmpfiles.d/kith.conf")
    rules = root / "etc/polkit-1/rules.d"
    rules.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(systemd / "50-kith-poweroff.rules", rules / "50-kith-poweroff.rules")
    for name in _KITH_UNITS:
        shutil.copyfile(systemd / name, root / "usr/lib/systemd/system" / name)
    for file in sorted(systemd.glob("*.rules")):
        if file.name.startswith("50-kith-poweroff"):
            continue
        shutil.copyfile(file, root / "usr/lib/udev/rules.d" / file.name)


def _onboard(shop: Workshop) -> None:
    target = shop.inside("/opt/kith/onboard")
    target.mkdir(parents=True, exist_ok=True)
    lay_over(REPOSITORY / "image/onboard", target)
    for needless in ("README.md", "boot-partition"):
        path = target / needless
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _users(shop: Workshop, source: Source) -> None:
    root = shop.root
    names = [line.split(":")[0] for line in (root / "etc/passwd").read_text(encoding="utf-8").splitlines()]
    day = source.epoch_s // _DAY_S
    shadow = "".join(f"{name}:*:{day}:0:99999:7:::\n" for name in names)
    (root / "etc/shadow").write_text(shadow, encoding="utf-8")
    groups = [line.split(":")[0] for line in (root / "etc/group").read_text(encoding="utf-8").splitlines()]
    (root / "etc/gshadow").write_text("".join(f"{name}:*::\n" for name in groups), encoding="utf-8")
    shop.tools.run(["systemd-sysusers", f"--root={root}"], env={"SOURCE_DATE_EPOCH": str(source.epoch_s)})
    for name in ("passwd-", "group-", "shadow-", "gshadow-", ".pwd.lock"):
        (root / "etc" / name).unlink(missing_ok=True)
    passwd = (root / "etc/passwd").read_text(encoding="utf-8")
    # What Debian's pattern has as "*" means: look into shadow.
    (root / "etc/passwd").write_text(passwd.replace(":*:", ":x:"), encoding="utf-8")
    group = (root / "etc/group").read_text(encoding="utf-8")
    (root / "etc/group").write_text(group.replace(":*:", ":x:"), encoding="utf-8")
    for name in ("shadow", "gshadow"):
        os.chown(root / "etc" / name, 0, group_id(root, "shadow"))
        (root / "etc" / name).chmod(0o640)


def group_id(root: Path, name: str) -> int:
    """The number of a group of the tree; ImageError where there is none."""
    for line in (root / "etc/group").read_text(encoding="utf-8").splitlines():
        words = line.split(":")
        if words[0] == name:
            return int(words[2])
    raise ImageError(f"the image has no group {name}; image/build/settle.py expects it")


def _modes(root: Path) -> None:
    for name, (group, mode) in _OWNED.items():
        os.chown(root / name, 0, group_id(root, group))
        (root / name).chmod(mode)
    for name in _NOT_SETUID:
        path = root / name
        if path.exists():
            path.chmod(path.stat().st_mode & 0o777)


def _units(shop: Workshop) -> None:
    lists = read_list(LISTS / "units.toml")
    presets = shop.root / "usr/lib/systemd/system-preset"
    lines = [f"enable {unit}\n" for unit in lists["enabled"]]
    # Before Debian's own, which enable what is not wanted here; after the image's, 10-kith.preset.
    (presets / "20-image.preset").write_text("".join([*lines, "disable *\n"]), encoding="utf-8")
    shop.tools.run(["systemctl", f"--root={shop.root}", "--quiet", "preset-all"])
    shop.tools.run(["systemctl", f"--root={shop.root}", "--quiet", "set-default", "multi-user.target"])
    for unit in lists["masked"]:
        link = shop.root / "etc/systemd/system" / unit
        link.unlink(missing_ok=True)
        link.symlink_to("/dev/null")
