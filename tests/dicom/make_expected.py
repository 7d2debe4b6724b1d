"""Writes what pydicom reads from the real files in tests/data/dicom to expected.json.

Run: python tests/dicom/make_expected.py (needs pydicom, numpy, pylibjpeg with its libjpeg and openjpeg, pyjpegls).
Pixels are masked to BitsStored, sign-extended and scaled here, since pydicom leaves junk bits in place.
"""

import json
import pathlib
import zlib

import numpy as np
import pydicom

ROOT = pathlib.Path(__file__).resolve().parent.parent / "data" / "dicom"


def stored_values(dataset):
    raw = dataset.pixel_array.astype(np.int64)
    shift = dataset.HighBit + 1 - dataset.BitsStored
    values = (raw >> shift) & ((1 << dataset.BitsStored) - 1)
    if dataset.PixelRepresentation:
        sign = 1 << (dataset.BitsStored - 1)
        values = (values ^ sign) - sign
    return values.reshape(int(dataset.get("NumberOfFrames", 1)), dataset.Rows, dataset.Columns)


def group(dataset, frame, name):
    """A functional group of one frame: per-frame, then shared, then the data set itself."""
    for groups in (
        dataset.get("PerFrameFunctionalGroupsSequence", [None] * (frame + 1))[frame],
        (dataset.get("SharedFunctionalGroupsSequence") or [None])[0],
    ):
        if groups is not None and name in groups:
            return groups[name].value[0], groups
    return dataset, dataset


def scaling(dataset, frame):
    transformation, _ = group(dataset, frame, "PixelValueTransformationSequence")
    slope = float(transformation.get("RescaleSlope", 1))
    intercept = float(transformation.get("RescaleIntercept", 0))
    for groups in (dataset.get("PerFrameFunctionalGroupsSequence", [None] * (frame + 1))[frame], dataset):
        if groups is None:
            continue
        private = groups[0x2005140F].value[0] if 0x2005140F in groups else groups
        if 0x2005100E in private:
            divisor = slope * float(private[0x2005100E].value)
            return slope / divisor, intercept / divisor
    return slope, intercept


def affine(dataset, frame):
    """Maps (column, row, 0, 1) to patient space, row by row."""
    position = group(dataset, frame, "PlanePositionSequence")[0].ImagePositionPatient
    orientation = group(dataset, frame, "PlaneOrientationSequence")[0].ImageOrientationPatient
    spacing = group(dataset, frame, "PixelMeasuresSequence")[0].PixelSpacing
    row, column = np.array(orientation[:3], float), np.array(orientation[3:], float)
    return np.stack([row * float(spacing[1]), column * float(spacing[0]), np.array(position, float)], axis=1).tolist()


def describe(path):
    dataset = pydicom.dcmread(path)
    values = stored_values(dataset)
    frames = []
    for i, image in enumerate(values):
        slope, intercept = scaling(dataset, i)
        scaled = slope * image + intercept
        middle = (image.shape[0] // 2, image.shape[1] // 2)
        frames.append(
            {
                "stored_crc32": zlib.crc32(image.astype("<i4").tobytes()),
                "slope": slope,
                "intercept": intercept,
                "mean": float(scaled.mean()),
                "middle": float(scaled[middle]),
                "patient_from_index": affine(dataset, i),
            }
        )
    return {"rows": dataset.Rows, "columns": dataset.Columns, "frames": frames}


def main():
    files = sorted(ROOT.glob("dcm_qa_*/**/*.dcm"))
    expected = {str(path.relative_to(ROOT)): describe(path) for path in files}
    (ROOT / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    main()
