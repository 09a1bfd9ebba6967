#!/usr/bin/env bash
# Makes .venv and builds the networks. Quick when there is nothing to do.
#   tools/setup.sh [environment|all|test]
# environment: .venv only.  all (default): and the networks.  test: and the system packages that tests use.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
what=${1:-all}

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }
die() { printf 'kith: %s\n' "$*" >&2; exit 1; }

# Installs Debian packages where that needs nobody's leave, else names the one command to type.
need() {
    local command="apt-get install --yes --no-install-recommends $*"
    command -v apt-get >/dev/null || die "this machine lacks: $*. Install them by your system's own means."
    [ "$(id -u)" = 0 ] || die "this machine lacks some packages. Type:  sudo $command"
    say "Installing $*"
    { DEBIAN_FRONTEND=noninteractive $command || { apt-get update && DEBIAN_FRONTEND=noninteractive $command; }
    } >.cache/apt.log 2>&1 || die "'$command' failed; see .cache/apt.log"
}

find_python() {
    local candidate
    for candidate in "${PYTHON:-}" python3 python3.13 python3.12 python3.11; do
        [ -n "$candidate" ] && command -v "$candidate" >/dev/null || continue
        "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' && echo "$candidate" && return
    done
    die "Kith needs Python 3.11, 3.12 or 3.13; set PYTHON=/path/to/one"
}

# What the environment was made from: this place, this Python, these requirements.
fingerprint() { { pwd; "$python" --version; cat pyproject.toml; } | sha256sum | cut -d' ' -f1; }

mkdir -p .cache
command -v python3 >/dev/null || [ -n "${PYTHON:-}" ] || need python3 python3-venv
python=$(find_python)
if [ "$(cat .venv/.made-from 2>/dev/null)" != "$(fingerprint)" ] || ! .venv/bin/python -c '' 2>/dev/null; then
    "$python" -c 'import ensurepip' 2>/dev/null || need python3-venv
    say "Making the environment (.venv); a minute or two the first time"
    rm -rf .venv
    "$python" -m venv .venv
    # 'python -m pip' and not 'pip': a script's first line cannot hold a path with a space.
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[speech,desk,models,dev]' \
        2> >(grep -v '^WARNING: Location' >&2) || die "the packages could not be installed; see above"
    fingerprint >.venv/.made-from
fi
[ "$what" = environment ] && exit 0

# What is optional and could not be downloaded is tried again by 'make models' only.
.venv/bin/python -m models build --once

if [ "$what" = test ]; then
    missing=()
    ldconfig -p | grep -q libportaudio.so.2 || missing+=(libportaudio2)
    ldconfig -p | grep -q libespeak-ng.so.1 || missing+=(libespeak-ng1)
    command -v arecord >/dev/null || missing+=(alsa-utils)
    command -v pulseaudio >/dev/null || missing+=(pulseaudio)
    command -v pactl >/dev/null || missing+=(pulseaudio-utils)
    compgen -G '/usr/lib/*/alsa-lib/libasound_module_pcm_pulse.so' >/dev/null || missing+=(libasound2-plugins)
    [ ${#missing[@]} = 0 ] || need "${missing[@]}"
fi
exit 0
