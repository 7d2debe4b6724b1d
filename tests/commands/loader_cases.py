"""Studies as people's archives, converters and anonymisers leave them, made from one phantom study, and what `grade` must
make of each: the rows of the intact study, or a refusal or a warning that names the cause.

    loader_cases.py LUMBARGRADE BASE OUT

BASE is a study of `lumbargrade phantom`. Ends with 1 where a case comes out otherwise. Two cases run at a time.
Longer than others: one function for each way in which studies arrive, and all are made from one base.
"""

import concurrent.futures
import copy
import csv
import gzip
import io
import os
import pathlib
import subprocess
import sys
import warnings

import numpy as np
import pydicom
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.sequence import Sequence
from pydicom.uid import generate_uid

warnings.simplefilter("ignore")
for settings in ("writing_validation_mode", "reading_validation_mode"):
    setattr(pydicom.config.settings, settings, pydicom.config.IGNORE)
PROGRAM, BASE, OUT = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
SAGITTAL = ("t1", "t2")


def load():
    """{"t1", "t2", "ax"}: data sets in instance order."""
    study = {}
    for folder, key in zip(sorted(BASE.iterdir()), ("t1", "t2", "ax")):
        images = [pydicom.dcmread(file) for file in folder.iterdir()]
        study[key] = sorted(images, key=lambda d: int(d.InstanceNumber))
    return study


STUDY = load()


def pixels(d):
    return np.frombuffer(d.PixelData, np.uint16).reshape(d.Rows, d.Columns)


def set_pixels(d, values):
    values = np.ascontiguousarray(values)
    d.Rows, d.Columns = values.shape
    d.PixelData = values.astype("<u2").tobytes()
    d["PixelData"].VR = "OW"


def raw(d, name, vr, text):
    tag = pydicom.tag.Tag(pydicom.datadict.tag_for_keyword(name))
    value = text.encode("latin-1") + b" " * (len(text) % 2)
    d[tag] = RawDataElement(tag, vr, len(value), value, 0, False, True)


def write(name, study, suffix=".dcm", pack=lambda b: b, implicit=False):
    """study: {folder: [data sets]}"""
    for folder, images in study.items():
        for i, d in enumerate(images):
            buffer = io.BytesIO()
            if implicit:
                bare = DicomBytesIO()
                bare.is_little_endian = bare.is_implicit_VR = True
                write_dataset(bare, d)
                buffer.write(bare.getvalue())
            else:
                pydicom.dcmwrite(buffer, d, enforce_file_format=False)
            path = OUT / name / folder / f"{i + 1}{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(pack(buffer.getvalue()))


def each(keys=("t1", "t2", "ax")):
    """A decorator: the function changes every image (key, number, data set) of these series."""

    def decorate(change):
        def make(name):
            study = copy.deepcopy(STUDY)
            for key in keys:
                for i, d in enumerate(study[key]):
                    change(key, i, d)
            write(name, study)

        make.__name__ = change.__name__
        return make

    return decorate


def some(name, **keep):
    """The base with other lists of slices."""
    study = copy.deepcopy(STUDY)
    for key, chosen in keep.items():
        study[key] = [study[key][k] for k in chosen]
    write(name, {key: images for key, images in study.items() if images})


# ---- the rows of the intact study ----------------------------------------------------------------------------------


@each()
def comma_spacing(_, __, d):
    raw(d, "PixelSpacing", "DS", "\\".join(str(v).replace(".", ",") for v in d.PixelSpacing))


@each()
def odd_spacings(key, _, d):
    d.SliceThickness, d.SpacingBetweenSlices, d.SliceLocation = "0", {"t1": "-4.5", "t2": "0", "ax": "-1"}[key], "0"


@each()
def series_uid_per_slice(_, __, d):
    d.SeriesInstanceUID = generate_uid()


@each()
def image_type_mixed(_, i, d):
    d.ImageType = ["ORIGINAL", "PRIMARY", "M", "ND"] + (["NORM"] if i % 2 else [])


@each()
def echo_in_seconds(_, __, d):
    d.EchoTime, d.RepetitionTime = str(float(d.EchoTime) / 1000), str(float(d.RepetitionTime) / 1000)


@each()
def slopes_that_are_none(key, _, d):
    raw(d, "RescaleSlope", "DS", {"t1": "NaN", "t2": "", "ax": "1"}[key])
    raw(d, "RescaleIntercept", "DS", {"t1": "0", "t2": "", "ax": "NaN"}[key])


@each()
def values_above_bits_stored(key, _, d):
    set_pixels(d, pixels(d).astype(np.uint32) * (12000 // max(int(pixels(one).max()) for one in STUDY[key])))
    d.BitsStored, d.HighBit = 12, 11


@each()
def icons_and_private_pixels(_, __, d):
    icon, private = Dataset(), Dataset()
    icon.SamplesPerPixel, icon.PhotometricInterpretation, icon.Rows, icon.Columns = 1, "MONOCHROME2", 64, 64
    icon.BitsAllocated, icon.BitsStored, icon.HighBit, icon.PixelRepresentation = 8, 8, 7, 0
    icon.PixelData = bytes(64 * 64)
    icon["PixelData"].VR = private_vr = "OB"
    d.IconImageSequence = Sequence([icon])
    private.PixelData = bytes(100)
    private["PixelData"].VR = private_vr
    block = d.private_block(0x0009, "TEST", create=True)
    block.add_new(1, "SQ", Sequence([private]))


@each()
def greyscale_of_another_name(_, __, d):
    d.PhotometricInterpretation = "GREYSCALE"


def one_patient_two_folders(name):
    study = copy.deepcopy(STUDY)
    half = len(study["t2"]) // 2
    study["t2_more"] = study["t2"][half:]
    study["t2"] = study["t2"][:half]
    for i, d in enumerate(study["t2_more"]):
        d.TemporalPositionIdentifier = "2"
    write(name, study)


def sent_twice(name):
    study = copy.deepcopy(STUDY)
    for key in list(study):
        again = copy.deepcopy(study[key])
        uid = generate_uid()
        for d in again:
            d.SeriesInstanceUID, d.SOPInstanceUID, d.SeriesNumber = uid, generate_uid(), int(d.SeriesNumber) + 1000
        study[key + "_again"] = again
    write(name, study)


def no_series_uid(name):
    images = copy.deepcopy(sum(STUDY.values(), []))
    for d in images:
        del d.SeriesInstanceUID
        d.SeriesNumber, d.SeriesDescription = 1, ""
    write(name, {"": images})


def gzipped_files(name):
    write(name, STUDY, ".dcm.gz", lambda b: gzip.compress(b, 1))


def no_meta_information(name):
    write(name, STUDY, implicit=True)


def enhanced(images, order, own=None):
    """One enhanced object; order: frame -> image."""
    first = images[0]
    d = copy.deepcopy(first)
    for name in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness", "EchoTime", "RepetitionTime"):
        if name in d:
            delattr(d, name)
    d.SOPClassUID, d.NumberOfFrames, d.EchoPulseSequence = "1.2.840.10008.5.1.4.1.1.4.1", len(order), "SPIN"
    if "ScanningSequence" in d:
        del d.ScanningSequence
    shared, measures, orientation, timing = Dataset(), Dataset(), Dataset(), Dataset()
    measures.PixelSpacing, orientation.ImageOrientationPatient = first.PixelSpacing, first.ImageOrientationPatient
    timing.RepetitionTime = first.RepetitionTime
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = Sequence([measures]), Sequence([orientation])
    shared.MRTimingAndRelatedParametersSequence = Sequence([timing])
    d.SharedFunctionalGroupsSequence = Sequence([shared])
    frames = []
    for i in order:
        groups, position, echo, content = Dataset(), Dataset(), Dataset(), Dataset()
        position.ImagePositionPatient = images[i].ImagePositionPatient
        echo.EffectiveEchoTime = float(images[i].EchoTime)
        content.StackID, content.InStackPositionNumber = str(i % 3 + 1), i // 3 + 1
        groups.PlanePositionSequence, groups.MREchoSequence = Sequence([position]), Sequence([echo])
        groups.FrameContentSequence = Sequence([content])
        if own:
            own(groups)
        frames.append(groups)
    d.PerFrameFunctionalGroupsSequence = Sequence(frames)
    d.PixelData = b"".join(images[i].PixelData for i in order)
    d["PixelData"].VR = "OW"
    return d


def slice_packages(name):
    write(name, {key: [enhanced(images, [i for k in range(3) for i in range(k, len(images), 3)])] for key, images in STUDY.items()})


def thickness_in_the_frames_alone(name):
    def own(groups):
        measures = Dataset()
        measures.SliceThickness = "4"
        groups.PixelMeasuresSequence = Sequence([measures])

    write(name, {key: [enhanced(images, range(len(images)), own)] for key, images in STUDY.items()})


@each(("t2",))
def padding(_, __, d):
    values = pixels(d).copy()
    values[:, -20:] = 65535
    set_pixels(d, values)
    d.BitsStored, d.HighBit = 16, 15
    d.add_new(0x00280120, "US", 65535)


def outlier(name):
    study = copy.deepcopy(STUDY)
    for key in SAGITTAL:
        stray = copy.deepcopy(study[key][0])
        stray.ImagePositionPatient = [float(stray.ImagePositionPatient[0]) + 200, *stray.ImagePositionPatient[1:]]
        stray.SOPInstanceUID, stray.InstanceNumber = generate_uid(), 99
        study[key].append(stray)
    write(name, study)


# ---- uneven stacks -------------------------------------------------------------------------------------------------


def one_missing(name):
    keep = [k for k in range(len(STUDY["t2"])) if k != 3]
    some(name, t1=keep, t2=keep)


def three_missing(name):
    some(name, t1=[], ax=[], t2=[0] + list(range(4, len(STUDY["t2"]))))


def t2_alone(name):
    some(name, t1=[], ax=[])


def middle_missing(name):
    n = len(STUDY["t2"])
    keep = list(range(n // 3)) + list(range(n - n // 3, n))
    some(name, t1=keep, t2=keep)


@each()
def rounded_positions(_, __, d):
    d.ImagePositionPatient = [str(round(float(v))) for v in d.ImagePositionPatient]


def one_image(name):
    middle = len(STUDY["t2"]) // 2
    some(name, t1=[], ax=[], t2=[middle])


@each()
def not_square(key, _, d):
    axis = 0 if key == "ax" else 1
    spacing, position = [float(v) for v in d.PixelSpacing], np.array(d.ImagePositionPatient, float)
    spacing[axis] /= 2
    directions = np.array(d.ImageOrientationPatient, float)
    set_pixels(d, np.repeat(pixels(d), 2, axis))
    d.PixelSpacing = [f"{v:.7f}" for v in spacing]
    position -= (directions[3:] if axis == 0 else directions[:3]) * spacing[axis] / 2
    d.ImagePositionPatient = [f"{v:.6f}" for v in position]


def composed(name):
    study = copy.deepcopy(STUDY)
    for key in SAGITTAL:
        for d in study[key]:
            values, rows = pixels(d), 2 * d.Rows
            tall = np.zeros((values.shape[0] + rows, values.shape[1]), np.uint16)
            tall[rows:] = values
            down = np.array(d.ImageOrientationPatient, float)[3:]
            position = np.array(d.ImagePositionPatient, float) - down * float(d.PixelSpacing[0]) * rows
            set_pixels(d, tall)
            d.ImagePositionPatient = [f"{v:.6f}" for v in position]
            d.ImageType = ["DERIVED", "PRIMARY", "M", "NORM", "COMPOSED"]
    write(name, study)


# ---- told or refused -----------------------------------------------------------------------------------------------


def two_patients(name):
    study = copy.deepcopy(STUDY)
    for key, images in study.items():
        for d in images:
            d.PatientID = "A" if key == "t2" else "B"
    write(name, study)


def study_uid_per_series(name):
    study = copy.deepcopy(STUDY)
    for images in study.values():
        uid = generate_uid()
        for d in images:
            d.StudyInstanceUID = uid
    write(name, study)


def broken_links(name):
    write(name, STUDY)
    for file in list((OUT / name / "t1").iterdir()):
        file.unlink()
        file.symlink_to("../../annex/nowhere")


def only(key, change):
    def make(name):
        images = copy.deepcopy(STUDY[key])
        for d in images:
            change(d)
        write(name, {key: images})

    return make


def colour(d):
    grey = (pixels(d) / 16).astype(np.uint8)
    d.SamplesPerPixel, d.PhotometricInterpretation, d.PlanarConfiguration = 3, "RGB", 0
    d.BitsAllocated, d.BitsStored, d.HighBit = 8, 8, 7
    d.PixelData = np.repeat(grey[..., None], 3, 2).tobytes()
    d["PixelData"].VR = "OB"


def floating(d):
    values = pixels(d).astype("<f4").tobytes()
    del d.PixelData
    d.BitsAllocated = 32
    d.add_new(0x7FE00008, "OF", values)


def wide(d):
    values = pixels(d).astype("<u4").tobytes()
    d.BitsAllocated, d.BitsStored, d.HighBit, d.PixelData = 32, 32, 31, values
    d["PixelData"].VR = "OW"


def number(name, vr, text):
    return only("t2", lambda d: raw(d, name, vr, text))


# ---- checks --------------------------------------------------------------------------------------------------------


class Case:
    """What `grade` made of one."""

    def __init__(self, name, options=()):
        done = subprocess.run([PROGRAM, "grade", OUT / name, "--threads", "1", *options], capture_output=True, text=True)
        self.name, self.code, self.told = name, done.returncode, done.stderr
        self.rows = list(csv.DictReader(io.StringIO(done.stdout)))

    def flags(self, condition=""):
        rows = [row for row in self.rows if condition in row["condition"]]
        return set.intersection(*(set(row["flags"].split()) for row in rows)) if rows else set()


def numbers(row):
    """Probabilities, measures in mm and places of a row."""
    value = lambda key: float(row[key]) if row.get(key) else None
    measures = [key for key in row if key.endswith("_mm") and key not in ("x_mm", "y_mm", "z_mm")]
    return ([value(k) for k in ("normal_mild", "moderate", "severe")], [value(k) for k in measures], [value(k) for k in ("x_mm", "y_mm", "z_mm")])


def difference(case, base, condition=""):
    """Largest differences of probabilities, measures and points from the base; nothing where a number is missing."""
    largest = [0.0, 0.0, 0.0]
    if len(case.rows) != len(base.rows):
        return None
    for a, b in zip(base.rows, case.rows):
        if condition not in a["condition"]:
            continue
        for k, (ours, theirs) in enumerate(zip(numbers(a), numbers(b))):
            for one, other in zip(ours, theirs):
                if (one is None) != (other is None):
                    return None
                largest[k] = max(largest[k], abs((one or 0) - (other or 0)))
    return largest


def as_base(case, base, limits=(0.02, 0.3, 1.0), condition="", told="", flag=None):
    apart = difference(case, base, condition)
    if case.code != 0:
        return f"exit {case.code}: {case.told.strip()[-200:]}"
    if apart is None or any(a > limit for a, limit in zip(apart, limits)):
        return f"differs from the base: {apart}"
    return tells(case, told)


def tells(case, told, code=0):
    if case.code != code:
        return f"exit {case.code} instead of {code}: {case.told.strip()[-200:]}"
    return "" if told in case.told else f"does not tell \"{told}\": {case.told.strip()[:300]}"


SAME = [comma_spacing, odd_spacings, series_uid_per_slice, image_type_mixed, echo_in_seconds, slopes_that_are_none,
        icons_and_private_pixels, greyscale_of_another_name, one_patient_two_folders, sent_twice, no_series_uid, gzipped_files,
        no_meta_information, slice_packages, thickness_in_the_frames_alone]
SAME_AND_TOLD = {values_above_bits_stored: "above BitsStored", outlier: "mm beside the others of the series; left out", two_patients: "files of 2 patients"}
REFUSED = {
    "colours": (only("t2", colour), "not greyscale"),
    "floating_point": (only("t2", floating), "floating-point"),
    "wide_integers": (only("t2", wide), "unsupported BitsAllocated 32"),
    "spacing_in_micrometres": (number("PixelSpacing", "DS", "1105\\1105"), "implausible PixelSpacing"),
    "spacing_in_metres": (number("PixelSpacing", "DS", "0.0011\\0.0011"), "implausible PixelSpacing"),
    "slope_overflow": (number("RescaleSlope", "DS", "1e36"), "implausible RescaleSlope"),
    "places_beyond_the_scanner": (number("ImagePositionPatient", "DS", "1e30\\0\\0"), "implausible ImagePositionPatient"),
    "places_that_are_none": (number("ImagePositionPatient", "DS", "nan\\0\\0"), "no ImagePositionPatient"),
    "spacing_that_is_no_number": (number("PixelSpacing", "DS", "1.1mm\\1.1mm"), "no valid PixelSpacing"),
    "studies_of_one_series_each": (study_uid_per_series, "--join-studies"),
}


def checks(base, t2_only):
    """(case, what is wrong)"""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        later = []

        def add(make, check, name=None, options=()):
            name = name or make.__name__
            later.append((name, pool.submit(lambda: (make(name), check(Case(name, options)))[1])))

        for make in SAME:
            add(make, lambda case: as_base(case, base))
        for make, told in SAME_AND_TOLD.items():
            add(make, lambda case, told=told: as_base(case, base, told=told))
        for name, (make, told) in REFUSED.items():
            add(make, lambda case, told=told: tells(case, told, 4), name)
        add(study_uid_per_series, lambda case: as_base(case, base), "joined_studies", ["--join-studies"])
        add(broken_links, lambda case: tells(case, f"{len(STUDY['t1'])} links lead nowhere"))
        add(one_missing, lambda case: as_base(case, base, (1, 0.3, 1.0), "canal", "1 gap between slices"))
        add(three_missing, lambda case: as_base(case, t2_only, (1, 0.3, 1.0), "subarticular", "1 gap between slices"))
        add(rounded_positions, lambda case: as_base(case, base, (0.1, 0.6, 1.5), "canal", "slices unevenly spaced"))
        add(not_square, lambda case: as_base(case, base, (0.05, 0.3, 3)))
        add(padding, lambda case: as_base(case, base, (0.05, 0.5, 1.0), "canal"))
        add(composed, lambda case: as_base(case, base, (0.1, 0.5, 1.5), "canal"))
        add(middle_missing, lambda case: tells(case, "gap between slices") if case.code == 4 or "slices_missing" in case.flags()
            and max(float(row["level_confidence"]) for row in case.rows) < 0.5 else "graded without the flag slices_missing")
        add(one_image, lambda case: "" if case.code == 4 or {"single_image"} <= case.flags() else "graded without the flag single_image")
        return [(name, check.result()) for name, check in later]


def main():
    write("base", STUDY)
    t2_alone("t2_alone")
    base, t2_only = Case("base"), Case("t2_alone")
    problems = []
    if base.code != 0 or len(base.rows) != 25:
        problems.append(("base", base.told))
    if not {"no_sagittal_t1"} <= t2_only.flags("foraminal") or not {"no_axial_t2"} <= t2_only.flags("subarticular"):
        problems.append(("t2_alone", "misses the flags of missing series"))
    results = checks(base, t2_only)
    problems += [(name, problem) for name, problem in results if problem]
    for name, problem in problems:
        print(f"{name}: {problem}")
    print(f"{len(results)} cases, {len(problems)} otherwise than expected")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
