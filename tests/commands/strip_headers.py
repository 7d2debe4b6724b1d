"""Copies a study without what tells its weighting: strip_headers.py STUDY OUT."""

import pathlib
import sys

import pydicom

TELLING = ("SeriesDescription", "ProtocolName", "EchoTime", "RepetitionTime", "InversionTime", "SequenceName")
for file in pathlib.Path(sys.argv[1]).rglob("*.dcm"):
    dataset = pydicom.dcmread(file)
    for name in TELLING:
        if name in dataset:
            delattr(dataset, name)
    out = pathlib.Path(sys.argv[2]) / file.relative_to(sys.argv[1])
    out.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(out)
