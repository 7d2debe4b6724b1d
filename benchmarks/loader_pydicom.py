"""Reads, sorts and decodes a study with pydicom in one process: loader_pydicom.py FOLDER."""

import pathlib
import sys

import numpy as np
import pydicom

series = {}
for path in pathlib.Path(sys.argv[1]).rglob("*.dcm"):
    dataset = pydicom.dcmread(path)
    series.setdefault(dataset.SeriesInstanceUID, []).append(dataset)
for datasets in series.values():
    orientation = np.array(datasets[0].ImageOrientationPatient, float)
    normal = np.cross(orientation[:3], orientation[3:])
    datasets.sort(key=lambda dataset: float(np.dot(normal, np.array(dataset.ImagePositionPatient, float))))
    print(np.stack([dataset.pixel_array for dataset in datasets]).astype(np.float32).shape)
