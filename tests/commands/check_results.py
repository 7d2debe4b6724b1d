"""Reads what `grade -o RESULTS --report --masks --dicom sr,seg` wrote with independent readers (pydicom, highdicom,
nibabel) and compares it with grades.csv and with the study's own headers: check_results.py RESULTS STUDY.
"""
import csv
import json
import pathlib
import sys

import highdicom
import nibabel
import numpy as np
import pydicom

FARTHEST_MM = 0.5


def tables(results):
    rows = list(csv.DictReader(open(results / "grades.csv")))
    assert len(rows) == 25
    return rows


def headers(study):
    images = {}
    for path in study.rglob("*"):
        if path.is_file() and path.suffix in (".dcm", ""):
            data = pydicom.dcmread(path, stop_before_pixels=True)
            images[(data.SeriesInstanceUID, data.SOPInstanceUID)] = data
    return images


def axes(data):
    orientation = np.array(data.ImageOrientationPatient, float).reshape(2, 3)
    rows_mm, columns_mm = (float(v) for v in data.PixelSpacing)
    return np.array(data.ImagePositionPatient, float), orientation[0] * columns_mm, orientation[1] * rows_mm


def point_of(row):
    return np.array([float(row[axis]) for axis in ("x_mm", "y_mm", "z_mm")]) if row["x_mm"] else None


def check_masks(results, images, rows):
    mask = nibabel.load(results / "masks.nii.gz")
    labels = np.asarray(mask.dataobj)
    lps = np.diag([-1, -1, 1, 1]) @ mask.affine
    assert np.allclose(mask.get_qform(), mask.get_sform(), atol=1e-3), "qform and sform differ"
    table = json.load(open(results / "masks.json"))
    series = [data for (uid, _), data in images.items() if uid == table["series_instance_uid"]]
    assert len(series) == labels.shape[2]
    for data in series:
        corner, along_columns, along_rows = axes(data)
        slice_number = int(round((np.linalg.inv(lps) @ np.append(corner, 1))[2]))
        for column, row in ((0, 0), (data.Columns - 1, 0), (0, data.Rows - 1), (data.Columns - 1, data.Rows - 1)):
            there = corner + column * along_columns + row * along_rows
            here = (lps @ [column, row, slice_number, 1])[:3]
            assert np.linalg.norm(here - there) < FARTHEST_MM, (slice_number, here, there)
    for row in rows:
        if row["condition"] != "spinal_canal_stenosis" or not row["x_mm"]:
            continue
        voxel = np.rint(np.linalg.inv(lps) @ np.append(point_of(row), 1))[:3].astype(int)
        assert labels[tuple(voxel)] == 61, (row["level"], "the graded point is not in the canal")
    for structure in table["structures"]:
        voxels = np.argwhere(labels == structure["label"])
        centroid = (lps @ np.append(voxels.mean(axis=0), 1))[:3]
        assert np.linalg.norm(centroid - structure["centroid_mm"]) < FARTHEST_MM, structure
    names = [structure["name"] for structure in table["structures"]]
    assert names == ["L1", "L2", "L3", "L4", "L5", "L1/L2", "L2/L3", "L3/L4", "L4/L5", "L5/S1", "canal"], names
    heights = [structure["centroid_mm"][2] for structure in table["structures"]]
    down = [heights[k] for k in (0, 5, 1, 6, 2, 7, 3, 8, 4, 9)]
    assert down == sorted(down, reverse=True), "vertebrae and discs do not alternate from the head down"
    spine = json.load(open(results / "grades.json"))["spine"]
    for level in spine["levels"]:
        disc = next(s for s in table["structures"] if s["name"] == level["level"])
        assert np.linalg.norm(np.subtract(disc["centroid_mm"], level["disc_centre_mm"])) < 8, level["level"]
    return labels, lps, table


def check_markups(results, rows, table):
    markups = json.load(open(results / "points.mrk.json"))["markups"]
    assert all(markup["coordinateSystem"] == "LPS" for markup in markups)
    structures = {p["label"]: p["position"] for p in markups[0]["controlPoints"]}
    for structure in table["structures"]:
        if structure["name"] != "canal":
            assert structures[structure["name"]] == structure["centroid_mm"]
    points = {p["label"]: np.array(p["position"]) for p in markups[1]["controlPoints"]}
    expected = {key_of(row): point_of(row) for row in rows if row["x_mm"]}
    assert points.keys() == expected.keys()
    for key, point in expected.items():
        assert np.linalg.norm(points[key] - point) < FARTHEST_MM, key


def key_of(row):
    side = row["side"] + "_" if row["side"] else ""
    return side + row["condition"] + "_" + row["level"].lower().replace("/", "_")


def children(item, meaning):
    return [c for c in item.ContentSequence
            if "ConceptNameCodeSequence" in c and c.ConceptNameCodeSequence[0].CodeMeaning == meaning]


def number(item, meaning):
    return float(children(item, meaning)[0].MeasuredValueSequence[0].NumericValue)


CONDITIONS = {"CANAL": "spinal_canal_stenosis", "FORAMEN": "neural_foraminal_narrowing",
              "SUBARTICULAR": "subarticular_stenosis"}
GRADES = {"NORMAL_MILD": "normal_mild", "6736007": "moderate", "24484000": "severe"}


def group_key(group):
    site = children(group, "Finding Site")[0]
    level = site.ConceptCodeSequence[0].CodeMeaning.split()[2]
    side = children(site, "Laterality")[0].ConceptCodeSequence[0].CodeMeaning.lower() if "ContentSequence" in site else ""
    condition = CONDITIONS[children(group, "Finding")[0].ConceptCodeSequence[0].CodeValue]
    return key_of({"side": side, "condition": condition, "level": level})


def check_point(group, row, images):
    region = children(group, "Image Region")
    if not row["x_mm"]:
        assert not region and group.ContentTemplateSequence[0].TemplateIdentifier == "1501"
        return
    assert group.ContentTemplateSequence[0].TemplateIdentifier == "1410"
    assert region[0].GraphicType == "POINT"
    reference = region[0].ContentSequence[0].ReferencedSOPSequence[0]
    candidates = [data for (_, uid), data in images.items() if uid == reference.ReferencedSOPInstanceUID
                  and data.SeriesInstanceUID == row["series_instance_uid"]]
    assert candidates and candidates[0].SOPClassUID == reference.ReferencedSOPClassUID
    corner, along_columns, along_rows = axes(candidates[0])
    column, line = region[0].GraphicData
    there = corner + (column - 0.5) * along_columns + (line - 0.5) * along_rows
    offset = point_of(row) - there
    normal = np.cross(along_columns, along_rows)
    normal /= np.linalg.norm(normal)
    aside = offset - normal * offset.dot(normal)
    assert np.linalg.norm(aside) < FARTHEST_MM, (key_of(row), offset)
    assert abs(offset.dot(normal)) < 6, (key_of(row), "the point is far from its image")


def check_report(results, rows, images):
    report = highdicom.sr.srread(results / "dicom" / "sr.dcm")
    assert report.SOPClassUID == "1.2.840.10008.5.1.4.1.1.88.33"
    assert report.CompletionFlag == "COMPLETE" and report.VerificationFlag == "UNVERIFIED"
    groups = children(children(report, "Imaging Measurements")[0], "Measurement Group")
    assert len(groups) == 25
    by_key = {group_key(group): group for group in groups}
    measures = {grade["finding"]: grade["measures"] for grade in json.load(open(results / "grades.json"))["grades"]}
    tracking = set()
    for row in rows:
        group = by_key[key_of(row)]
        for name, meaning in (("normal_mild", "Probability of normal or mild"), ("moderate", "Probability of moderate"),
                              ("severe", "Probability of severe"), ("level_confidence", "Confidence in the level")):
            assert number(group, meaning) == float(row[name]), (key_of(row), name)
        for measure in measures[key_of(row)]:
            assert abs(number(group, measure["meaning"]) - measure["value"]) < 1e-3
        value = children(group, "Grade of stenosis")[0].ConceptCodeSequence[0].CodeValue
        assert GRADES[value] == row["grade"]
        assert children(group, "Source of the grade")[0].TextValue == row["source"]
        assert children(group, "Flags")[0].TextValue == row["flags"]
        tracking.add(children(group, "Tracking Unique Identifier")[0].UID)
        check_point(group, row, images)
    assert len(tracking) == 25
    library = children(report, "Image Library")[0].ContentSequence[0].ContentSequence
    listed = {item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID for item in library}
    assert listed and listed <= {uid for _, uid in images}


def check_segmentation(results, labels, lps, table, images):
    segmentation = highdicom.seg.segread(results / "dicom" / "seg.dcm")
    assert segmentation.FrameOfReferenceUID == next(iter(images.values())).FrameOfReferenceUID
    numbers = {segment.SegmentNumber: segment for segment in segmentation.SegmentSequence}
    by_name = {structure["name"]: structure for structure in table["structures"]}
    assert {segment.SegmentLabel for segment in numbers.values()} == set(by_name)
    seen = np.zeros_like(labels)
    for frame, groups in zip(segmentation.pixel_array, segmentation.PerFrameFunctionalGroupsSequence):
        segment = numbers[groups.SegmentIdentificationSequence[0].ReferencedSegmentNumber]
        structure = by_name[segment.SegmentLabel]
        assert segment.SegmentedPropertyTypeCodeSequence[0].CodeValue == structure["code"]["value"]
        position = np.array(groups.PlanePositionSequence[0].ImagePositionPatient, float)
        source = groups.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID
        origins = [data for (series, uid), data in images.items()
                   if uid == source and series == table["series_instance_uid"]]
        assert np.linalg.norm(position - np.array(origins[0].ImagePositionPatient, float)) < 1e-3
        slice_number = int(round((np.linalg.inv(lps) @ np.append(position, 1))[2]))
        seen[:, :, slice_number][frame.T == 1] = structure["label"]
    assert (seen == labels).all(), "segmentation and mask differ"


def main():
    results, study = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    rows, images = tables(results), headers(study)
    labels, lps, table = check_masks(results, images, rows)
    check_markups(results, rows, table)
    check_report(results, rows, images)
    check_segmentation(results, labels, lps, table, images)


main()
