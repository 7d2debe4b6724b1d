"""Images of an Orthanc and of files, by their SOPInstanceUIDs."""
import io
import json
import urllib.request

import pydicom


def get(address):
    with urllib.request.urlopen(address) as answer:
        return answer.read()


def images_of_files(paths):
    images = [pydicom.dcmread(path) for path in paths]
    return {image.SOPInstanceUID: image for image in images}


def images_of_orthanc(url):
    return images_of_files(io.BytesIO(get(f"{url}/instances/{identifier}/file"))
                           for identifier in json.loads(get(url + "/instances")))


def require_unchanged(there, sent):
    assert there.keys() == sent.keys(), (len(there), len(sent))
    for uid, image in sent.items():
        assert there[uid] == image, f"{uid} came back changed"
