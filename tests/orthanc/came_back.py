"""The results in an Orthanc against those in a node's folder: came_back.py URL FOLDER."""
import csv
import pathlib
import sys

from orthanc_images import images_of_files, images_of_orthanc, require_unchanged


def children(item, meaning):
    return [c for c in item.ContentSequence
            if "ConceptNameCodeSequence" in c and c.ConceptNameCodeSequence[0].CodeMeaning == meaning]


def number(group, meaning):
    return float(children(group, meaning)[0].MeasuredValueSequence[0].NumericValue)


def main():
    url, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    made = images_of_files(folder.glob("results/reports/*/dicom/*.dcm"))
    there = {uid: image for uid, image in images_of_orthanc(url).items() if image.Modality != "MR"}
    require_unchanged(there, made)
    report = next(data for data in there.values() if data.Modality == "SR")
    groups = children(children(report, "Imaging Measurements")[0], "Measurement Group")
    rows = list(csv.DictReader(open(folder / "results/grades.csv")))
    assert len(groups) == len(rows) == 25
    told = sorted((number(g, "Probability of normal or mild"), number(g, "Probability of moderate"),
                   number(g, "Probability of severe")) for g in groups)
    assert told == sorted(tuple(float(row[name]) for name in ("normal_mild", "moderate", "severe")) for row in rows)
    print(len(there), "instances came back, 25 findings equal to the table")


main()
