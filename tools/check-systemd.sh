#!/usr/bin/env bash
# The units are free of unknown keys and well shut in. `systemd-analyze verify` returns 0 on an unknown
# key, so whatever it prints is a failure.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
command -v systemd-analyze >/dev/null || { echo "systemd units: not checked, no systemd-analyze here"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
status=0
for name in kith.service kith-guard.service; do
  # The program itself need not be installed where the unit is checked.
  sed 's#^ExecStart=.*#ExecStart=/bin/true#' "systemd/$name" >"$folder/$name"
  said=$(systemd-analyze verify "$folder/$name" 2>&1)
  [ -z "$said" ] || { echo "systemd-analyze verify: $said"; status=1; }
  systemd-analyze security --offline=true --threshold=20 "$folder/$name" >"$folder/found" || status=1
  tail -n 1 "$folder/found"
done
exit $status
