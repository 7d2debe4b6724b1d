#!/bin/bash
# Memory of `lumbargrade phantom` while a set grows, as a Markdown table:
#   benchmarks/phantom_memory.sh PROGRAM OUT [STUDIES [PHANTOM OPTION...]]
# Resident memory and its highest value so far (VmRSS, VmHWM of /proc/PID/status), read once a second; the rows are the
# readings at which a number of finished studies was first seen. OUT must be new or empty and is left there.
set -euo pipefail

readonly PROGRAM=$1 OUT=$2 STUDIES=${3:-1000}
shift $(($# < 3 ? $# : 3))

finished() { { find "$OUT/train_images" -mindepth 1 -maxdepth 1 2>/dev/null || true; } | wc -l; }
mib_of() { awk -v key="$1:" '$1 == key { printf "%.1f", $2 / 1024 }' "/proc/$pid/status" 2>/dev/null; }

"$PROGRAM" --quiet phantom --studies "$STUDIES" -o "$OUT" "$@" &
pid=$!
trap 'kill $pid 2>/dev/null || true' EXIT

echo "| finished studies | resident, MiB | highest so far, MiB |"
echo "|---|---|---|"
peak=
next=$((STUDIES < 20 ? STUDIES : 20))
while kill -0 $pid 2>/dev/null; do
  rss=$(mib_of VmRSS || true) highest=$(mib_of VmHWM || true)
  [[ -z $highest ]] || peak=$highest
  count=$(finished)
  if [[ -n $rss ]] && ((count >= next)); then
    echo "| $count | $rss | $highest |"
    next=$((next < 100 ? 100 : next + 100))
  fi
  sleep 1
done
trap - EXIT
wait $pid
echo "| $(finished), at the end | – | $peak |"
