"""Compares what an Orthanc gives back with the files that were stored: fetched.py URL FOLDER."""
import io
import json
import pathlib
import sys
import urllib.request

import pydicom


def get(address):
    with urllib.request.urlopen(address) as answer:
        return answer.read()


def main():
    url, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    stored = {}
    for path in folder.glob("*.dcm"):
        data = pydicom.dcmread(path)
        stored[data.SOPInstanceUID] = data
    fetched = {}
    for identifier in json.loads(get(url + "/instances")):
        data = pydicom.dcmread(io.BytesIO(get(f"{url}/instances/{identifier}/file")))
        fetched[data.SOPInstanceUID] = data
    assert fetched.keys() == stored.keys(), (len(fetched), len(stored))
    for uid, data in stored.items():
        assert fetched[uid] == data, f"{uid} came back changed"
    series = [json.loads(get(f"{url}/series/{identifier}")) for identifier in json.loads(get(url + "/series"))]
    modalities = sorted(one["MainDicomTags"]["Modality"] for one in series)
    assert len(json.loads(get(url + "/studies"))) == 1, "the results are spread over several studies"
    print(f"orthanc test: {len(stored)} instances stored and fetched unchanged, series {' '.join(modalities)}")


main()
