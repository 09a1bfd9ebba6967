#!/usr/bin/env bash
# The units are free of unknown keys and well shut in. `systemd-analyze verify` returns 0 on an unknown
# key, so whatever it prints is a failure.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
command -v systemd-analyze >/dev/null || { echo "systemd units: not checked, no systemd-analyze here"; exit 0; }
unit=$(mktemp -d)/kith.service
# The program itself need not be installed where the unit is checked.
sed 's#^ExecStart=.*#ExecStart=/bin/true#' systemd/kith.service >"$unit"
said=$(systemd-analyze verify "$unit" 2>&1)
[ -z "$said" ] || { echo "systemd-analyze verify: $said"; exit 1; }
systemd-analyze security --offline=true --threshold=20 "$unit" | tail -n 1
