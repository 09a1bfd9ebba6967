"""Runs Kith's own programs on an emulated arm64 processor and compares what they find with this machine's.

    make arm64-check DATA=FOLDER

Needs a Debian machine with qemu-user-static, apt and the network the first time; no root, and nothing is
mounted. An arm64 Python is unpacked below .cache/arm64, with the arm64 wheels of the versions in .venv. For
each kind of core, since kernels are chosen by what it can do, the networks are built anew and photos are
looked at, enrolled and identified. FOLDER is laid out as LFW is; without it only the demo's photos are.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLACE = ROOT / ".cache" / "arm64"
TREE, SITE, APT = PLACE / "tree", PLACE / "site", PLACE / "apt"
PACKAGES = ("python3", "libstdc++6")
CORES = {"cortex-a53": "0xd03", "cortex-a72": "0xd08", "cortex-a76": "0xd0b"}
"""QEMU's name of a core, those of the Pi Zero 2 W, 4 and 5 -> its part number in /proc/cpuinfo."""
FEATURES = {"cortex-a76": "fp asimd evtstrm crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp"}
"""Where they are more than the usual: dot products among them, for which there are kernels."""
PLATFORMS = (
    "manylinux2014",
    "manylinux_2_17",
    "manylinux_2_27",
    "manylinux_2_28",
    "manylinux_2_34",
    "manylinux_2_35",
)


def main() -> None:
    """Prepare, run everywhere, compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", nargs="?", type=Path, help="folder of photos laid out as LFW is")
    parser.add_argument("--cores", nargs="+", choices=sorted(CORES), default=list(CORES))
    options = parser.parse_args()
    if shutil.which("qemu-aarch64-static") is None:
        sys.exit("this needs QEMU's user emulation. Type:  sudo apt-get install qemu-user-static")
    prepare()
    photos = [str(options.data)] if options.data and options.data.is_dir() else []
    if not photos:
        say("no photos but the demo's: give DATA=FOLDER for more")
    # What was seen holds faces: it is not kept.
    with tempfile.TemporaryDirectory() as folder:
        look_everywhere(Path(folder), options.cores, photos)


def look_everywhere(folder: Path, cores: list[str], photos: list[str]) -> None:
    """Here first, then on each core; and the comparison."""
    say("looking at the photos on this machine")
    here, found = folder / "here.npz", [folder / f"{core}.npz" for core in cores]
    check([sys.executable, "-m", "bench.agreement", "look", here, *photos])
    for core, out in zip(cores, found, strict=True):
        say(f"building the networks and looking at the photos on an emulated {core}; minutes")
        build_alike(core)
        check(emulated(core, "-m", "bench.agreement", "look", out, *photos, "--same", here))
    check([sys.executable, "-m", "bench.agreement", "compare", here, *found])


def say(words: str) -> None:
    """To the terminal, beside what is printed."""
    print(f"\033[1m{words}\033[0m", file=sys.stderr, flush=True)


def check(command: Sequence[object], **environ: str) -> None:
    """Run it here in the source tree; ends the program where it fails."""
    done = subprocess.run(list(map(str, command)), cwd=ROOT, env=os.environ | environ, check=False)
    if done.returncode:
        sys.exit(f"this ended with {done.returncode}: {' '.join(map(str, command))}")


# --- the other machine ----------------------------------------------------------------------------------


def prepare() -> None:
    """The tree and the wheels, where they are not there yet."""
    pins = pinned()
    made_from = hashlib.sha256("\n".join([*PACKAGES, *pins, *PLATFORMS]).encode()).hexdigest()
    stamp = PLACE / "made-from"
    if stamp.is_file() and stamp.read_text() == made_from:
        return
    shutil.rmtree(PLACE, ignore_errors=True)
    say("unpacking an arm64 Python")
    unpack_tree()
    say("fetching the arm64 wheels")
    version = python().name.removeprefix("python")
    tags = [f"--platform={each}_aarch64" for each in PLATFORMS]
    check(
        [
            *(
                sys.executable,
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--no-compile",
            ),
            *("--only-binary=:all:", "--implementation=cp", f"--python-version={version}", "--target", SITE),
            *(*tags, *pins),
        ]
    )
    stamp.write_text(made_from)


def unpack_tree() -> None:
    """Debian's packages for arm64 by this machine's own sources, unpacked and not installed."""
    for folder in ("lists/partial", "archives/partial"):
        (APT / folder).mkdir(parents=True)
    (APT / "status").touch()
    settings = {
        "Dir::State": APT,
        "Dir::State::status": APT / "status",
        "Dir::Cache": APT,
        "APT::Architecture": "arm64",
        "APT::Architectures": "arm64",
        "APT::Install-Recommends": "false",
        "Acquire::Languages": "none",
        "APT::Sandbox::User": "",
    }
    (APT / "conf").write_text("".join(f'{key} "{value}";\n' for key, value in settings.items()))
    check(["apt-get", "--quiet=2", "update"], APT_CONFIG=str(APT / "conf"))
    words = ["apt-get", "--quiet=2", "--yes", "install", "--download-only", *PACKAGES]
    check(words, APT_CONFIG=str(APT / "conf"))
    TREE.mkdir()
    for package in sorted((APT / "archives").glob("*.deb")):
        check(["dpkg-deb", "--extract", package, TREE])


def pinned() -> list[str]:
    """What Kith and the building of its networks need, in the versions of this environment."""
    wanted = []
    for line in metadata.requires("kith") or []:
        name, _, marker = line.partition(";")
        if "extra" not in marker or "models" in marker:
            found = re.match(r"[\w.-]+", name)
            assert found is not None
            wanted.append(f"{found[0]}=={metadata.version(found[0])}")
    return sorted(set(wanted))


def python() -> Path:
    """The arm64 interpreter."""
    return next(
        path for path in (TREE / "usr" / "bin").glob("python3.*") if re.fullmatch(r"python3\.\d+", path.name)
    )


def emulated(core: str, *words: object) -> list[object]:
    """The command that runs the arm64 Python on such a core."""
    # The runtime asks the kernel's list of processors what it runs on, and QEMU shows that of this machine.
    features = FEATURES.get(core, "fp asimd evtstrm crc32 cpuid")
    (TREE / "proc").mkdir(exist_ok=True)
    (TREE / "proc" / "cpuinfo").write_text(
        "".join(
            f"processor\t: {n}\nBogoMIPS\t: 108.00\nFeatures\t: {features}\nCPU implementer\t: 0x41\n"
            f"CPU architecture: 8\nCPU variant\t: 0x0\nCPU part\t: {CORES[core]}\nCPU revision\t: 3\n\n"
            for n in range(4)
        )
    )
    environ = {
        "PYTHONHOME": TREE / "usr",
        "PYTHONPATH": f"{SITE}:{ROOT / 'device'}:{ROOT}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    given = [word for key, value in environ.items() for word in ("-E", f"{key}={value}")]
    return ["qemu-aarch64-static", "-cpu", core, "-L", TREE, *given, python(), "-S", *words]


def build_alike(core: str) -> None:
    """Build the networks there: the bytes must be those that the manifest promises."""
    folder = PLACE / f"models-{core}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    shutil.copy(ROOT / "models" / "manifest.toml", folder)
    program = (
        "import sys; from pathlib import Path; from models.build import build_all\n"
        "for one in build_all(models_dir=Path(sys.argv[1])).built:\n"
        "    print(one.name, 'built alike:', one.sha256)"
    )
    check(emulated(core, "-c", program, folder))


if __name__ == "__main__":
    main()
