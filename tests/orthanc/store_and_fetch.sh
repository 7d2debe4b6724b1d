#!/bin/bash
# Stores the DICOM results of a graded study in a real Orthanc and fetches them back: store_and_fetch.sh RESULTS, the
# output folder of `lumbargrade grade --dicom sr,sc,seg`. Needs the packages orthanc, dcmtk, curl, python3-pydicom or
# .venv. Started by hand: the suite has no server.
set -euo pipefail
readonly RESULTS=${1:?the output folder of lumbargrade grade --dicom sr,sc,seg}
readonly HERE=$(cd "$(dirname "$0")" && pwd)
for program in Orthanc storescu curl; do
  command -v "$program" >/dev/null || { echo "orthanc test: $program is missing (packages orthanc, dcmtk, curl)" >&2; exit 2; }
done
python=$HERE/../../.venv/bin/python
[[ -x $python ]] || python=python3

work=$(mktemp -d)
server=
finish() {
  if [[ -n $server ]]; then kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap finish EXIT

http=$((20000 + RANDOM % 10000)) dicom=$((30000 + RANDOM % 10000))
cat >"$work/orthanc.json" <<JSON
{"Name": "test", "StorageDirectory": "$work/storage", "IndexDirectory": "$work/storage", "HttpPort": $http,
 "DicomPort": $dicom, "DicomAet": "ORTHANC", "RemoteAccessAllowed": false, "AuthenticationEnabled": false,
 "DicomCheckCalledAet": false, "Plugins": []}
JSON
Orthanc "$work/orthanc.json" >"$work/log" 2>&1 &
server=$!
for _ in $(seq 60); do
  curl -sf "http://localhost:$http/system" >/dev/null && break
  sleep 0.5
done
curl -sf "http://localhost:$http/system" >/dev/null || { echo "orthanc test: the server does not start" >&2; tail "$work/log" >&2; exit 1; }

storescu -R -aec ORTHANC localhost "$dicom" "$RESULTS"/dicom/*.dcm
"$python" "$HERE/fetched.py" "http://localhost:$http" "$RESULTS/dicom"
