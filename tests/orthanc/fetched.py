"""Compares what an Orthanc gives back with the files that were stored: fetched.py URL FOLDER."""
import json
import pathlib
import sys

from orthanc_images import get, images_of_files, images_of_orthanc, require_unchanged


def main():
    url, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    stored = images_of_files(folder.glob("*.dcm"))
    require_unchanged(images_of_orthanc(url), stored)
    series = [json.loads(get(f"{url}/series/{identifier}")) for identifier in json.loads(get(url + "/series"))]
    modalities = sorted(one["MainDicomTags"]["Modality"] for one in series)
    assert len(json.loads(get(url + "/studies"))) == 1, "the results are spread over several studies"
    print(f"orthanc test: {len(stored)} instances stored and fetched unchanged, series {' '.join(modalities)}")


main()
