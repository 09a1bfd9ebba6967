"""Runs Kith's driver for the Pi's camera on the real picamera2 and libcamera, without a camera.

    make camera-check

libcamera is built from Debian's newest source, for this environment's Python, with its virtual pipeline only:
a camera that shows the pictures of a folder. Needs a Debian machine with the packages below and the network
the first time, some ten minutes of it; no root. All of it stays below .cache/camera. What the tests ask is in
tests/contract/test_camera.py and tests/hardware/test_virtual_camera.py; what the pipeline cannot show, and so
waits for a Pi, is in docs/decisions/camera.md.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import site
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np

from tools.virtual_camera import write_settings

ROOT = Path(__file__).resolve().parent.parent
PLACE = ROOT / ".cache" / "camera"
STACK, APT, VENV, PICTURES = PLACE / "stack", PLACE / "apt", PLACE / "venv", PLACE / "pictures"
PACKAGES = (
    *("build-essential", "dpkg-dev", "libcap-dev", "libgnutls28-dev", "libudev-dev", "libyaml-dev"),
    *("libyuv-dev", "openssl", "pkg-config"),
)
WHEELS = ("meson", "ninja", "pybind11", "jinja2", "ply", "pyyaml", "picamera2==0.3.38")
OFF = ("cam", "qcam", "lc-compliance", "gstreamer", "v4l2", "tracing", "documentation", "libunwind", "libdw")
"""Parts of libcamera that are not needed."""
CLIPS = ROOT.parent / "shared" / "data" / "clips"
MOST_PICTURES = 60
"""The pipeline keeps them in memory, three times over."""


def main() -> int:
    """Build what is not there yet, and run the tests; 0 when all passed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", nargs="?", type=Path, default=CLIPS.parent, help="holds clips/PERSON/*.mkv")
    options = parser.parse_args()
    missing = [name for name in PACKAGES if not installed(name)]
    if missing:
        sys.exit(f"this needs more of Debian. Type:  sudo apt-get install {' '.join(missing)}")
    began_s = time.monotonic()
    build()
    say(f"the camera stack is there after {time.monotonic() - began_s:.0f} s")
    make_pictures(options.data)
    return tests(options.data)


def installed(package: str) -> bool:
    """Whether Debian's package is installed here."""
    words = ["dpkg-query", "--show", "--showformat=${db:Status-Status}", package]
    return subprocess.run(words, capture_output=True, text=True, check=False).stdout == "installed"


def say(words: str) -> None:
    """To the terminal, beside what is printed."""
    print(f"\033[1m{words}\033[0m", file=sys.stderr, flush=True)


def check(command: list[object], cwd: Path = PLACE, **environ: str) -> None:
    """Run it quietly; ends the program with what it said where it fails."""
    words = [str(word) for word in command]
    done = subprocess.run(
        words, cwd=cwd, env=os.environ | environ, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(
            f"{done.stdout[-3000:]}{done.stderr[-3000:]}\n'{' '.join(words)}' ended with {done.returncode}"
        )


# --- the stack -------------------------------------------------------------------------------------------


def build() -> None:
    """picamera2 and libcamera, unless they were built for this Python before."""
    stamp, made_for = PLACE / "made-for", f"{sys.version} {PACKAGES} {WHEELS}"
    if stamp.is_file() and stamp.read_text() == made_for:
        return
    shutil.rmtree(PLACE, ignore_errors=True)
    PLACE.mkdir(parents=True)
    say("fetching picamera2 and what libcamera is built by")
    check([sys.executable, "-m", "venv", VENV])
    # With all that this environment has: picamera2 runs beside Kith.
    here = "\n".join(site.getsitepackages())
    (python_folder() / "kith-environment.pth").write_text(f"{here}\n{ROOT / 'device'}\n{ROOT}\n")
    check([VENV / "bin/python", "-m", "pip", "install", "--quiet", *WHEELS])
    say("fetching the source of libcamera")
    source = fetched()
    say("building libcamera; five to ten minutes")
    built, path = PLACE / "build", f"{VENV / 'bin'}:{os.environ['PATH']}"
    switches = [f"-D{part}=disabled" for part in OFF]
    wanted = ["-Dbuildtype=release", "-Dpipelines=virtual", "-Dipas=", "-Dpycamera=enabled", "-Dudev=enabled"]
    setup = ["meson", "setup", built, source, "--prefix", STACK, "--libdir", "lib", *wanted, *switches]
    check([*setup, "-Dtest=false", "--wrap-mode=nofallback"], PATH=path)
    check(["ninja", "-C", built, "install"], PATH=path)
    for folder in (built, source):
        shutil.rmtree(folder)
    stamp.write_text(made_for)


def python_folder() -> Path:
    """Where the environment's packages lie."""
    return VENV / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"


def fetched() -> Path:
    """The source as its authors released it, by this machine's own Debian mirror from unstable: older ones
    lack what picamera2 asks for."""
    for folder in ("lists/partial", "archives/partial", "sources"):
        (APT / folder).mkdir(parents=True)
    (APT / "status").touch()
    (APT / "sources" / "unstable.sources").write_text(
        f"Types: deb-src\nURIs: {mirror()}\nSuites: sid\nComponents: main\n"
        "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n"
    )
    settings = {
        "Dir::State": APT,
        "Dir::State::status": APT / "status",
        "Dir::Cache": APT,
        "Dir::Etc::SourceList": "/dev/null",
        "Dir::Etc::SourceParts": APT / "sources",
        "Acquire::Languages": "none",
        "APT::Sandbox::User": "",
    }
    (APT / "conf").write_text("".join(f'{key} "{value}";\n' for key, value in settings.items()))
    check(["apt-get", "--quiet=2", "update"], APT_CONFIG=str(APT / "conf"))
    check(["apt-get", "--quiet=2", "source", "--download-only", "libcamera"], APT_CONFIG=str(APT / "conf"))
    (archive,) = PLACE.glob("libcamera_*.orig.tar.*")
    say(f"  {archive.name}")
    source = PLACE / "source"
    source.mkdir()
    check(["tar", "--extract", "--strip-components=1", f"--file={archive}"], cwd=source)
    return source


def mirror(apt: Path = Path("/etc/apt")) -> str:
    """Where this machine gets Debian from."""
    lists = [apt / "sources.list", *sorted((apt / "sources.list.d").glob("*"))]
    for file in lists:
        text = file.read_text() if file.suffix in (".list", ".sources") and file.is_file() else ""
        for line in text.splitlines():
            found = re.match(r"(?:URIs:|deb\s+(?:\[[^]]*\]\s+)?)\s*(\S+/debian/?)(?:\s|$)", line)
            if found:
                return found[1]
    sys.exit("this machine's apt sources name no Debian mirror")


# --- what the camera shows, and what is asked of it -------------------------------------------------------


def make_pictures(data: Path) -> None:
    """Frames of a clip, else of the demo's walk, as the pipeline wants them."""
    clips = sorted((data / "clips").glob("*/*.mkv"))
    film = clips[0] if clips else ROOT / "demo" / "build" / "walk.avi"
    capture = cv2.VideoCapture(str(film))
    shutil.rmtree(PICTURES, ignore_errors=True)
    PICTURES.mkdir()
    for number in range(MOST_PICTURES):
        more, picture = capture.read()
        if not more:
            break
        # JPEG's brightness goes from 0 to 255, and the pipeline hands it on as video's from 16 to 235.
        video = np.asarray(16 + np.asarray(picture, np.float32) * (219 / 255), np.uint8)
        cv2.imwrite(str(PICTURES / f"{number}.jpg"), video, [cv2.IMWRITE_JPEG_QUALITY, 95])
    if not (PICTURES / "0.jpg").is_file():
        sys.exit(f"{film} holds no picture: type `make demo` first")
    say(f"the camera shows {film.parent.name}/{film.name}")
    write_settings(STACK / "share/libcamera/pipeline/virtual/virtual.yaml", PICTURES)


def tests(data: Path) -> int:
    """The contract suite of the camera and what only a camera stack shows."""
    (module,) = STACK.glob("lib/python3*/*-packages")
    environ = {
        "KITH_CAMERA": "virtual",
        "KITH_DATA": str(data.resolve()),
        "LD_LIBRARY_PATH": str(STACK / "lib"),
        "LIBCAMERA_LOG_LEVELS": "*:FATAL",
        "PYTHONPATH": f"{module}:{ROOT / 'device'}:{ROOT}",
    }
    files = ["tests/contract/test_camera.py", "tests/hardware/test_virtual_camera.py"]
    words = [VENV / "bin/python", "-m", "pytest", "-v", "-s", "-p", "no:cacheprovider", *files]
    return subprocess.run(list(map(str, words)), cwd=ROOT, env=os.environ | environ, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
