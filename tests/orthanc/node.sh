#!/bin/bash
# A study goes into a real Orthanc; its hook (scripts/node/orthanc_stable_study.lua) sends it to a node, and the results
# come back into the same Orthanc, equal to grades.csv, once, and confirmed: node.sh LUMBARGRADE STUDY. Needs the packages
# orthanc, dcmtk, curl and .venv. Started by hand: the suite has no server. All traffic stays on the loopback.
set -euo pipefail
readonly LUMBARGRADE=${1:?the program} STUDY=${2:?a folder with one study}
readonly ROOT=$(cd "$(dirname "$0")/../.." && pwd)
PATH=/usr/bin:$PATH
for program in Orthanc storescu curl; do
  command -v "$program" >/dev/null || { echo "orthanc test: $program is missing (packages orthanc, dcmtk, curl)" >&2; exit 2; }
done

work=$(mktemp -d)
started=()
finish() {
  local code=$?
  for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${started[@]}"; do wait "$pid" 2>/dev/null || true; done
  if ((code != 0)); then tail -n 40 "$work"/*.log >&2; fi
  rm -rf "$work"
}
trap finish EXIT
fail() { echo "orthanc test: $*" >&2; exit 1; }

http=$((20000 + RANDOM % 5000)) dicom=$((25000 + RANDOM % 5000)) node_port=$((30000 + RANDOM % 2000))
cat >"$work/orthanc.json" <<JSON
{"Name": "test", "StorageDirectory": "$work/storage", "IndexDirectory": "$work/storage", "HttpPort": $http,
 "DicomPort": $dicom, "DicomAet": "ORTHANC", "RemoteAccessAllowed": false, "AuthenticationEnabled": false,
 "DicomCheckCalledAet": false, "Plugins": [], "StableAge": 2, "DicomAlwaysAllowFind": true,
 "DicomModalities": {"lumbargrade": {"AET": "LUMBARGRADE", "Host": "127.0.0.1", "Port": $node_port,
   "AllowFind": true, "AllowStore": true, "AllowStorageCommitment": true}},
 "LuaScripts": ["$ROOT/scripts/node/orthanc_stable_study.lua"]}
JSON
cat >"$work/node.conf" <<CONF
[node]
folder = $work/node
port = $node_port
quiet_s = 3
[grading]
threads = 1
[sender ORTHANC]
address = 127.0.0.1
[peer ORTHANC]
address = 127.0.0.1
port = $dicom
commitment = yes
retry_s = 2
CONF
Orthanc "$work/orthanc.json" >"$work/orthanc.log" 2>&1 &
started+=("$!")
get() { curl -sf "http://localhost:$http$1"; }
for _ in $(seq 60); do get /system >/dev/null && break; sleep 0.5; done
get /system >/dev/null || fail "the server does not start"
"$LUMBARGRADE" node --check "$work/node.conf" >"$work/check.log" 2>&1 || fail "the configuration: $(cat "$work/check.log")"
grep -q 'peer "ORTHANC".* answers' "$work/check.log" || fail "--check does not reach Orthanc: $(cat "$work/check.log")"
"$LUMBARGRADE" node "$work/node.conf" 2>"$work/node.log" &
started+=("$!")

find "$STUDY" -type f -name '*.dcm' -print0 | xargs -0 storescu -R -xt -aec ORTHANC localhost "$dicom"
modalities() { get "/series?expand" | tr '\n' ' ' | grep -o '"Modality" : "[A-Z]*"' | sort | uniq -c; }
for _ in $(seq 240); do
  modalities | grep -q '"SEG"' && grep -q 'confirms that it keeps' "$work/node.log" && break
  sleep 0.5
done
modalities | grep -q '"SEG"' || fail "no segmentation came back: $(modalities)"
grep -q 'confirms that it keeps' "$work/node.log" || fail "Orthanc did not confirm"
# Its own results come to rest in Orthanc and are not graded again.
sleep 8
[[ $(grep -c ' graded (' "$work/node.log") == 1 ]] || fail "graded $(grep -c ' graded (' "$work/node.log") times"
"$ROOT/.venv/bin/python" "$ROOT/tests/orthanc/came_back.py" "http://localhost:$http" "$work/node"
grep -q '"waiting": 0' "$work/node/status.json" || fail "something waits: $(cat "$work/node/status.json")"
echo "orthanc test: study in, results back, equal to the table"
