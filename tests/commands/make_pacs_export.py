"""Writes what an archive hands out, by pydicom alone: make_pacs_export.py STUDY OUT.

OUT gets a DICOMDIR and nested folders of files without extension: the study of the folder STUDY, with a localizer, a
structured report, an encapsulated PDF and a screenshot among its images; a second study of the same patient; and one
file in a transfer syntax that no reader here knows. Prints the first study's UID.
"""

import copy
import pathlib
import sys

import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.fileset import FileSet
from pydicom.uid import ExplicitVRLittleEndian, HTJ2KLossless, generate_uid


def completed(dataset):
    """With what a DICOMDIR asks for and the published files lack."""
    dataset.PatientID, dataset.PatientName = "1", "Export^Test"
    dataset.StudyDate, dataset.StudyTime, dataset.StudyID = "20260101", "120000", "1"
    dataset.StudyDescription = "Lumbar spine"
    dataset.setdefault("Modality", "MR")
    dataset.setdefault("SeriesNumber", 1)
    return dataset


def other_object(like, sop_class, modality, series_number):
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID, dataset.SOPInstanceUID = sop_class, generate_uid()
    dataset.file_meta.MediaStorageSOPClassUID = sop_class
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = like.StudyInstanceUID, generate_uid()
    dataset.Modality, dataset.SeriesNumber, dataset.InstanceNumber = modality, series_number, 1
    return completed(dataset)


def report(like):
    dataset = other_object(like, "1.2.840.10008.5.1.4.1.1.88.11", "SR", 90)
    dataset.ContentDate, dataset.ContentTime = "20260101", "120000"
    dataset.CompletionFlag, dataset.VerificationFlag, dataset.ValueType = "COMPLETE", "UNVERIFIED", "CONTAINER"
    name = Dataset()
    name.CodeValue, name.CodingSchemeDesignator, name.CodeMeaning = "18782-3", "LN", "Report"
    dataset.ConceptNameCodeSequence = [name]
    return dataset


def pdf(like):
    dataset = other_object(like, "1.2.840.10008.5.1.4.1.1.104.1", "DOC", 91)
    dataset.ContentDate, dataset.ContentTime, dataset.MIMETypeOfEncapsulatedDocument = "20260101", "1200", "application/pdf"
    dataset.EncapsulatedDocument = b"%PDF-1.4\n"
    dataset.DocumentTitle, dataset.BurnedInAnnotation = "Report", "NO"
    dataset.ConceptNameCodeSequence = []
    dataset.HL7InstanceIdentifier = "1"
    return dataset


def image(like, modality, series_number, description, orientation):
    sop_class = "1.2.840.10008.5.1.4.1.1.4" if modality == "MR" else "1.2.840.10008.5.1.4.1.1.7"
    dataset = other_object(like, sop_class, modality, series_number)
    dataset.SeriesDescription = description
    dataset.Rows = dataset.Columns = 16
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 12, 11, 0
    dataset.PixelData = bytes(16 * 16 * 2)
    dataset["PixelData"].VR = "OW"
    if orientation:
        dataset.ImageOrientationPatient, dataset.ImagePositionPatient = orientation, [0, 0, 0]
        dataset.PixelSpacing = [10, 10]
    return dataset


def localizer(like):
    return [image(like, "MR", 92, "T2 localizer", [0, 1, 0, 0, 0, -1])]


def of_new_study(dataset):
    other = copy.deepcopy(dataset)
    other.StudyInstanceUID, other.SeriesInstanceUID, other.SOPInstanceUID = "1.2.826.2", "1.2.826.2.1", generate_uid()
    other.file_meta.MediaStorageSOPInstanceUID = other.SOPInstanceUID
    return other


def main(study, out):
    images = [completed(pydicom.dcmread(file)) for file in sorted(pathlib.Path(study).rglob("*.dcm"))]
    first = images[0]
    objects = [*images, *localizer(first), report(first), pdf(first), image(first, "OT", 93, "screenshot", None)]
    objects.append(of_new_study(first))
    files = FileSet()
    for dataset in objects:
        files.add(dataset)
    files.write(out)
    unknown = image(first, "MR", 94, "T2 of a new scanner", [0, 1, 0, 0, 0, -1])
    unknown.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    unknown.PixelData = pydicom.encaps.encapsulate([b"\xff\x4f\xff\x51" + bytes(60)])
    unknown["PixelData"].VR = "OB"
    unknown["PixelData"].is_undefined_length = True
    unknown.file_meta.TransferSyntaxUID = HTJ2KLossless
    pydicom.dcmwrite(pathlib.Path(out) / "NEWCODEC", unknown, enforce_file_format=True)
    print(first.StudyInstanceUID)


main(*sys.argv[1:])
