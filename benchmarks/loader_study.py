"""Writes a study of 174 RLE files in the challenge's layout: loader_study.py FOLDER.

Two sagittal series (18 slices of 512 and of 448 squared) and three axial blocks of 320 squared, all of which have a role
and so are decoded; real noise and smooth structure, 12 bits, so that RLE packs about as it does on scanner images.
"""

import pathlib
import sys

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, RLELossless

SERIES = [
    ("1", "T1", 512, 18, [0, 1, 0, 0, 0, -1], (1, 0, 0), 4.5),
    ("2", "T2", 448, 18, [0, 1, 0, 0, 0, -1], (1, 0, 0), 4.5),
    ("3", "T2", 320, 18, [1, 0, 0, 0, 0.9659258, -0.2588190], (0, 0.2588190, 0.9659258), 3.5),
    ("4", "T2", 320, 60, [1, 0, 0, 0, 1, 0], (0, 0, 1), 3.5),
    ("5", "T2", 320, 60, [1, 0, 0, 0, 0.9659258, 0.2588190], (0, -0.2588190, 0.9659258), 3.5),
]


def pixels(size, seed):
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:size, 0:size] / size
    smooth = 700 * (np.sin(9 * rows + seed) * np.cos(7 * columns) + 1) * (np.hypot(rows - 0.5, columns - 0.5) < 0.45)
    return np.clip(smooth + random.rayleigh(12, (size, size)), 0, 4095).astype("<u2")


def image(series, index):
    name, description, size, _, orientation, normal, step = series
    dataset = Dataset()
    dataset.SOPInstanceUID, dataset.StudyInstanceUID = f"9.1.{index}", "9"
    dataset.SeriesInstanceUID, dataset.SeriesDescription = f"9.{name}", description
    dataset.InstanceNumber = index
    dataset.ImagePositionPatient = [float(n * step * index) for n in normal]
    dataset.ImageOrientationPatient, dataset.PixelSpacing = orientation, [0.6, 0.6]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows = dataset.Columns = size
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 12, 11, 0
    dataset.Modality, dataset.SOPClassUID = "MR", "1.2.840.10008.5.1.4.1.1.4"
    dataset.PixelData = pixels(size, index).tobytes()
    dataset["PixelData"].VR = "OW"
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.compress(RLELossless, generate_instance_uid=False)
    return dataset


for one in SERIES:
    folder = pathlib.Path(sys.argv[1]) / one[0]
    folder.mkdir(parents=True)
    for number in range(1, one[3] + 1):
        image(one, number).save_as(folder / f"{number}.dcm", enforce_file_format=True)
