"""The results in an Orthanc against those in a node's folder: came_back.py URL FOLDER."""
import csv
import io
import json
import pathlib
import sys
import urllib.request

import pydicom


def get(address):
    with urllib.request.urlopen(address) as answer:
        return answer.read()


def children(item, meaning):
    return [c for c in item.ContentSequence
            if "ConceptNameCodeSequence" in c and c.ConceptNameCodeSequence[0].CodeMeaning == meaning]


def number(group, meaning):
    return float(children(group, meaning)[0].MeasuredValueSequence[0].NumericValue)


def main():
    url, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    made = {}
    for path in folder.glob("results/reports/*/dicom/*.dcm"):
        data = pydicom.dcmread(path)
        made[data.SOPInstanceUID] = data
    there = {}
    for identifier in json.loads(get(url + "/instances")):
        data = pydicom.dcmread(io.BytesIO(get(f"{url}/instances/{identifier}/file")))
        if data.Modality != "MR":
            there[data.SOPInstanceUID] = data
    assert there.keys() == made.keys(), (len(there), len(made))
    for uid, data in made.items():
        assert there[uid] == data, f"{uid} came back changed"
    report = next(data for data in there.values() if data.Modality == "SR")
    groups = children(children(report, "Imaging Measurements")[0], "Measurement Group")
    rows = list(csv.DictReader(open(folder / "results/grades.csv")))
    assert len(groups) == len(rows) == 25
    told = sorted((number(g, "Probability of normal or mild"), number(g, "Probability of moderate"),
                   number(g, "Probability of severe")) for g in groups)
    assert told == sorted(tuple(float(row[name]) for name in ("normal_mild", "moderate", "severe")) for row in rows)
    print(len(there), "instances came back, 25 findings equal to the table")


main()
