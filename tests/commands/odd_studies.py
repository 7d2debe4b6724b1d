"""Studies as scanners and archives really hand them out, written by pydicom, and the roles that `inspect` must give.

    odd_studies.py LUMBARGRADE OUT

Writes each study of CASES below OUT, runs `inspect --json` on it and compares role, evidence and warnings of its series.
Images are 16 x 16 pixels of 16 mm: only headers matter here. Ends with 1 where something differs.
"""

import json
import pathlib
import shutil
import subprocess
import sys
import warnings

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import EnhancedMRImageStorage, ExplicitVRLittleEndian, RLELossless, generate_uid

warnings.simplefilter("ignore")  # pydicom rightly complains of some values here
SAGITTAL, AXIAL, CORONAL = [0, 1, 0, 0, 0, -1], [1, 0, 0, 0, 1, 0], [1, 0, 0, 0, 0, -1]
T1, T2 = {"EchoTime": "10", "RepetitionTime": "550"}, {"EchoTime": "100", "RepetitionTime": "3500"}
MPR = {"ImageType": ["DERIVED", "SECONDARY", "MPR"]}
RUSSIAN, CHINESE, UTF8 = ({"SpecificCharacterSet": name} for name in ("ISO_IR 144", "GB18030", "ISO_IR 192"))


def corner(plane, slices, top):
    """Where the first slice starts, so that the stack lies around the middle of the body."""
    return np.array({tuple(SAGITTAL): [2 * slices, -128, top], tuple(AXIAL): [-128, -128, top],
                     tuple(CORONAL): [-128, 2 * slices, top]}[tuple(plane)], float)


def series(number, description="", plane=SAGITTAL, slices=9, top=120, change=None, **attributes):
    """The images of one series, 4 mm apart; `change(dataset, index)` edits each."""
    uid, normal, images = generate_uid(), np.cross(plane[:3], plane[3:]), []
    for i in range(slices):
        d = Dataset()
        d.SOPClassUID, d.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.4", generate_uid()
        d.StudyInstanceUID, d.SeriesInstanceUID, d.Modality = "1.2.3", uid, "MR"
        d.SeriesNumber, d.InstanceNumber, d.SeriesDescription = number, i + 1, description
        d.ImagePositionPatient = (corner(plane, slices, top) + normal * 4 * i).tolist()
        d.ImageOrientationPatient, d.PixelSpacing, d.SliceThickness = plane, [16, 16], "4"
        d.ImageType = ["ORIGINAL", "PRIMARY", "M", "ND"]
        d.SamplesPerPixel, d.PhotometricInterpretation, d.Rows, d.Columns = 1, "MONOCHROME2", 16, 16
        d.BitsAllocated, d.BitsStored, d.HighBit, d.PixelRepresentation = 16, 12, 11, 0
        d.PixelData = np.random.default_rng(i).integers(0, 4096, (16, 16), dtype=np.uint16).tobytes()
        d["PixelData"].VR = "OW"
        d.file_meta = FileMetaDataset()
        d.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        for name, value in attributes.items():
            setattr(d, name, value)
        if change:
            change(d, i)
        images.append(d)
    return str(number), images


def twice_each(name, values):
    """18 images at nine positions: two values of one attribute take turns."""
    def change(d, i):
        setattr(d, name, values[i % 2])
        d.ImagePositionPatient = [18.0 - 4 * (i // 2), -128, 120]
    return {"slices": 18, "change": change}


def challenge(d, _):
    """The challenge's quirks: RLE, file meta of another class, hardly any attribute, identifiers that are none."""
    for name in ("SOPClassUID", "Modality", "ImageType", "SeriesNumber"):
        delattr(d, name)
    d.SeriesInstanceUID, d.SOPInstanceUID = f"100206310.{d.SeriesDescription}", f"100206310.1.{d.InstanceNumber}"
    d.compress(RLELossless, generate_instance_uid=False)
    d.file_meta.MediaStorageSOPClassUID, d.file_meta.MediaStorageSOPInstanceUID = EnhancedMRImageStorage, "1.2"


def two_stations(d, i):
    """Upper and lower half of a spine, one behind the other in the same series."""
    d.ImagePositionPatient = [18.0 - 4 * (i // 2), -128, 620 - 290 * (i % 2)]


def given(d, _):
    d.ContrastBolusAgent = "GADOVIST"


def nameless(d, _):
    for name in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID", "Modality", "InstanceNumber"):
        delattr(d, name)


def lying(d, _):
    """Positions as long text, numbers as short text: an archive rewrote what it did not know."""
    for name, vr in (("ImagePositionPatient", "LO"), ("PixelSpacing", "LO"), ("InstanceNumber", "SH")):
        value = d[name].value
        values = [str(v) for v in value] if isinstance(value, pydicom.multival.MultiValue) else str(value)
        d[name] = pydicom.DataElement(d[name].tag, vr, values)


def unknown_syntax(d, _):
    d.file_meta.TransferSyntaxUID = "1.2.840.113619.5.2"


def enhanced(number, description):
    """One object: two echoes of nine slices, its frames shuffled. Each frame's first pixel tells echo and slice."""
    _, (d,) = series(number, description, slices=1, SOPClassUID=EnhancedMRImageStorage)
    for name in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness"):
        delattr(d, name)
    frames = [(echo, k) for echo in (15.0, 100.0) for k in range(9)]
    np.random.default_rng(5).shuffle(frames)
    d.NumberOfFrames = len(frames)
    pixels = np.zeros((len(frames), 16, 16), np.uint16)
    shared, measures, orientation = Dataset(), Dataset(), Dataset()
    measures.PixelSpacing, orientation.ImageOrientationPatient = [16, 16], SAGITTAL
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = Sequence([measures]), Sequence([orientation])
    d.SharedFunctionalGroupsSequence, d.PerFrameFunctionalGroupsSequence = Sequence([shared]), Sequence()
    for i, (echo, k) in enumerate(frames):
        groups, position, times = Dataset(), Dataset(), Dataset()
        position.ImagePositionPatient, times.EffectiveEchoTime = [18 - 4 * k, -128, 120], echo
        groups.PlanePositionSequence, groups.MREchoSequence = Sequence([position]), Sequence([times])
        d.PerFrameFunctionalGroupsSequence.append(groups)
        pixels[i] = 100 * echo + k
    d.PixelData = pixels.tobytes()
    return str(number), [d]


# name: (series, {number: role, or (role, text that the evidence or a warning must hold)}). Spare: not the one in use.
CASES = {
    "challenge": ([series(1, "T1", change=challenge), series(2, "T2", change=challenge),
                   series(3, "T2", AXIAL, change=challenge)],
                  {"1": "sagittal_t1", "2": "sagittal_t2", "3": "axial_t2"}),
    "agent_in_one_of_two_alike": ([series(1, "T1 SAG", change=given, **T1), series(2, "T1 SAG", **T1)],
                                  {"1": ("sagittal_t1 spare", "contrast agent"), "2": "sagittal_t1"}),
    "before_and_after_agent": ([series(1, "T1 SAG PRE CONTRAST"), series(2, "T1 SAG POST CONTRAST")],
                               {"1": "sagittal_t1", "2": ("sagittal_t1 spare", "contrast agent")}),
    "after_an_operation": ([series(1, "T2 sag post op", ContrastBolusAgent="NONE")], {"1": "sagittal_t2"}),
    "stir_beside_t2": ([series(1, "STIR sag", InversionTime="160", **T2), series(2, "T2 sag", **T2)],
                       {"1": "sagittal_t2 spare", "2": "sagittal_t2"}),
    "dixon": ([series(1, "FAT: Sag T2 IDEAL", **T2), series(2, "OutPhase: Sag T2 IDEAL", **T2),
               series(3, "WATER: Sag T2 IDEAL", **T2), series(4, "InPhase: Sag T2 IDEAL", **T2)],
              {"1": ("none", "fat"), "2": ("none", "opposed"), "3": "sagittal_t2 spare", "4": "sagittal_t2"}),
    "two_echoes_in_one_series": ([series(1, "sag", RepetitionTime="3500", **twice_each("EchoTime", ("15", "100")))],
                                 {"1": ("sagittal_t2", "TE 100 ms")}),
    "b_values_in_one_series": ([series(1, "sag T2 fs", **T2, **twice_each("DiffusionBValue", (0.0, 500.0)))],
                               {"1": ("none", "diffusion")}),
    "axial_t1_and_t2": ([series(1, "tra", AXIAL, **T1), series(2, "tra", AXIAL, **T2)],
                        {"1": ("none", "TE 10 ms"), "2": "axial_t2"}),
    "localizers": ([series(1, "3-pl T2* FGRE S"), series(2, "REPÉRAGE T2", **UTF8), series(3, "T2 定位", **UTF8)],
                   dict.fromkeys("123", ("none", "localizer"))),
    "reformatted_in_three_planes": (
        [series(1, "t2 space"), series(2, "t2 space cor", CORONAL, **MPR), series(3, "t2 space tra", AXIAL, **MPR),
         series(4, "t2 space sag", **MPR)],
        {"1": "sagittal_t2", "2": "none", "3": "axial_t2", "4": "sagittal_t2 spare"}),
    "whole_spine_in_two_series": (
        [series(1, "T2 sag", top=620), series(2, "T2 sag", top=330), series(3, "T1 sag", top=620),
         series(4, "T1 sag", top=330)],
        {"1": ("sagittal_t2 spare", "beside the lumbar spine"), "2": "sagittal_t2", "3": "sagittal_t1 spare",
         "4": "sagittal_t1"}),
    "whole_spine_in_one_series": ([series(1, "T2 sag", slices=18, change=two_stations)], {"1": "sagittal_t2"}),
    "descriptions_in_any_language": ([series(1, "сагиттальный", **RUSSIAN, **T2), series(2, "矢状位", **CHINESE, **T1)],
                                     {"1": "sagittal_t2", "2": "sagittal_t1"}),
    "capture_with_geometry": ([series(1, "T2 sag", SOPClassUID="1.2.840.10008.5.1.4.1.1.7"), series(2, "T2 sag")],
                              {"1": "sagittal_t2 spare", "2": "sagittal_t2"}),
    "no_identifiers": ([series(1, "T2 sag", change=nameless)], {"1": ("sagittal_t2", "9 files without StudyInstanceUID")}),
    "slope_zero": ([series(1, "T2 sag", RescaleSlope="0")], {"1": ("sagittal_t2", "RescaleSlope 0")}),
    "monochrome1": ([series(1, "T2 sag", PhotometricInterpretation="MONOCHROME1")], {"1": ("sagittal_t2", "inverted")}),
    "lossy": ([series(1, "T2 sag", LossyImageCompression="01")], {"1": ("sagittal_t2", "compressed with loss")}),
    "numbers_as_text": ([series(1, "T2 sag", change=lying)], {"1": "sagittal_t2"}),
    "private_transfer_syntax": ([series(1, "T2 sag", change=unknown_syntax), series(2, "T2 sag")],
                                {"1": ("none", "unsupported transfer syntax Private GE"),
                                 "2": "sagittal_t2"}),
    "enhanced_with_shuffled_echoes": ([enhanced(1, "sag")], {"1": ("sagittal_t2", "TE 100 ms")}),
}


def write(study, all_series):
    shutil.rmtree(study, ignore_errors=True)
    for folder, images in all_series:
        (study / folder).mkdir(parents=True)
        for i, d in enumerate(images):
            private = d.file_meta.TransferSyntaxUID.is_private
            pydicom.dcmwrite(study / folder / f"{i + 1}.dcm", d, enforce_file_format="SOPClassUID" in d,
                             **({"implicit_vr": True, "little_endian": True} if private else {}))


def role_of(one):
    return one["role"] + (" spare" if one["role"] != "none" and not one["used"] else "")


def differences(told, expected):
    for one in told["series"]:
        wanted = expected[one["folder"]]
        role, part = wanted if isinstance(wanted, tuple) else (wanted, "")
        said = [one["evidence"], *one["warnings"], *told["warnings"]]
        if role_of(one) != role or not any(part in text for text in said):
            yield f"series {one['folder']}: {role_of(one)}, {said} instead of {role}, {part!r}"


def main(program, out):
    bad = 0
    for name, (all_series, expected) in CASES.items():
        study = pathlib.Path(out) / name
        write(study, all_series)
        run = subprocess.run([program, "inspect", "--json", study], capture_output=True, text=True)
        found = [run.stderr] if run.returncode else list(differences(json.loads(run.stdout), expected))
        for difference in found:
            print(f"{name}: {difference}")
        bad += bool(found)
    print(f"{len(CASES)} studies, {bad} read otherwise than expected")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
