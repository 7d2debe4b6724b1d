"""Checks MR Image Storage objects against the modules that PS3.3 A.4 demands, with pydicom.

    phantom_conformance.py FILE...

For where dciodvfy is not at hand. Ends with 1 and a line for every breach.
"""

import re
import sys

import numpy as np
import pydicom
from pydicom.uid import MRImageStorage

# Type 1: present with a value. Type 2: present. Patient, General Study, General Series, Frame of Reference, General
# Equipment, General Acquisition, General Image, Image Plane, Image Pixel, MR Image, SOP Common.
TYPE_1 = """StudyInstanceUID Modality SeriesInstanceUID FrameOfReferenceUID PixelSpacing ImageOrientationPatient
ImagePositionPatient SamplesPerPixel PhotometricInterpretation Rows Columns BitsAllocated BitsStored HighBit
PixelRepresentation PixelData ImageType ScanningSequence SequenceVariant SOPClassUID SOPInstanceUID""".split()
TYPE_2 = """PatientName PatientID PatientBirthDate PatientSex StudyDate StudyTime ReferringPhysicianName StudyID
AccessionNumber SeriesNumber PositionReferenceIndicator Manufacturer InstanceNumber SliceThickness ScanOptions
MRAcquisitionType EchoTime EchoTrainLength RepetitionTime""".split()
UID = re.compile(r"^(0|[1-9]\d*)(\.(0|[1-9]\d*))+$")
SCANNING = {"SE", "IR", "GR", "EP", "RM"}
VARIANTS = {"SK", "MTC", "SS", "TRSS", "SP", "MP", "OSP", "NONE"}


def breaches(path):
    data = pydicom.dcmread(path)
    for name in TYPE_1:
        if name not in data or data[name].value in (None, "", b""):
            yield f"{name} has no value"
    for name in TYPE_2:
        if name not in data:
            yield f"{name} is missing"
    if data.SOPClassUID != MRImageStorage or data.file_meta.MediaStorageSOPClassUID != MRImageStorage:
        yield "not an MR image"
    if data.file_meta.MediaStorageSOPInstanceUID != data.SOPInstanceUID:
        yield "the meta header names another instance"
    for element in data:
        for value in element.value if element.VM > 1 else [element.value]:
            text = str(value)
            if element.VR == "UI" and (len(text) > 64 or not UID.match(text)):
                yield f"{element.keyword}: {text} is no UID"
            if element.VR in ("DS", "CS", "SH", "IS") and len(getattr(value, "original_string", text)) > 16:
                yield f"{element.keyword}: {text} is longer than 16 characters"
            if element.VR == "CS" and text and not re.fullmatch(r"[A-Z0-9_ ]+", text):
                yield f"{element.keyword}: {text} is no code string"
    if "IR" in data.ScanningSequence and "InversionTime" not in data:
        yield "an inversion recovery without InversionTime"
    scanning = [data.ScanningSequence] if isinstance(data.ScanningSequence, str) else list(data.ScanningSequence)
    variants = [data.SequenceVariant] if isinstance(data.SequenceVariant, str) else list(data.SequenceVariant)
    if not set(scanning) <= SCANNING or not set(variants) <= VARIANTS:
        yield "unknown scanning sequence or variant"
    orientation = np.array(data.ImageOrientationPatient, float)
    row, column = orientation[:3], orientation[3:]
    if abs(row @ row - 1) > 1e-4 or abs(column @ column - 1) > 1e-4 or abs(row @ column) > 1e-4:
        yield "ImageOrientationPatient is not orthonormal"
    if data.HighBit != data.BitsStored - 1 or data.pixel_array.max() >= 1 << data.BitsStored:
        yield "pixels do not fit their stored bits"


def main():
    failed = False
    instances = set()
    for path in sys.argv[1:]:
        for breach in breaches(path):
            failed = True
            print(f"{path}: {breach}")
        uid = pydicom.dcmread(path, stop_before_pixels=True).SOPInstanceUID
        if uid in instances:
            failed = True
            print(f"{path}: SOP instance UID {uid} appears twice")
        instances.add(uid)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
