"""Writes the fuzzers' seeds: small DICOM files in every encoding that the loader reads, and archives of them.

Run: python tests/fuzz/make_seeds.py (needs pydicom with pylibjpeg-openjpeg and pyjpegls; DCMTK's tools for JPEG).
"""

import io
import json
import pathlib
import subprocess
import tarfile
import zipfile

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

SEEDS = pathlib.Path(__file__).resolve().parent / "seeds"


def image(number=1, frames=1):
    dataset = Dataset()
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.4"
    dataset.SOPInstanceUID = f"1.2.3.{number}"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "1.2", "1.2.3"
    dataset.Modality, dataset.SeriesDescription = "MR", "T2"
    dataset.InstanceNumber = number
    dataset.EchoTime, dataset.RepetitionTime = "100", "3000"
    dataset.ImagePositionPatient = [4 * number, 0, 0]
    dataset.ImageOrientationPatient = [0, 1, 0, 0, 0, -1]
    dataset.PixelSpacing = [1, 1]
    dataset.SliceThickness = "4"
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows = dataset.Columns = 32
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 12, 11, 0
    values = np.random.default_rng(number).integers(0, 4096, (frames, 32, 32), dtype=np.uint16)
    values[:, 4:12, 4:12] = 700
    dataset.PixelData = values.tobytes()
    dataset["PixelData"].VR = "OW"
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return dataset


def enhanced():
    dataset = image(frames=3)
    dataset.NumberOfFrames = 3
    for name in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"):
        delattr(dataset, name)
    shared, measures, orientation = Dataset(), Dataset(), Dataset()
    measures.PixelSpacing, orientation.ImageOrientationPatient = [1, 1], [1, 0, 0, 0, 1, 0]
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = Sequence([measures]), Sequence([orientation])
    dataset.SharedFunctionalGroupsSequence = Sequence([shared])
    dataset.PerFrameFunctionalGroupsSequence = Sequence()
    for z in (4, 0, 8):
        groups, position = Dataset(), Dataset()
        position.ImagePositionPatient = [0, 0, z]
        groups.PlanePositionSequence = Sequence([position])
        dataset.PerFrameFunctionalGroupsSequence.append(groups)
    return dataset


def encoded(dataset, syntax):
    buffer = io.BytesIO()
    if syntax in (RLELossless, JPEGLSLossless, JPEG2000Lossless):
        dataset.compress(syntax, generate_instance_uid=False)
        pydicom.dcmwrite(buffer, dataset, enforce_file_format=True)
        return buffer.getvalue()
    if syntax == ExplicitVRBigEndian:
        dataset.PixelData = np.frombuffer(dataset.PixelData, "<u2").astype(">u2").tobytes()
    dataset.file_meta.TransferSyntaxUID = syntax
    little = syntax != ExplicitVRBigEndian
    pydicom.dcmwrite(
        buffer, dataset, enforce_file_format=True, implicit_vr=syntax == ImplicitVRLittleEndian, little_endian=little
    )
    return buffer.getvalue()


def write_files(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name, syntax in {
        "explicit": ExplicitVRLittleEndian,
        "implicit": ImplicitVRLittleEndian,
        "big": ExplicitVRBigEndian,
        "deflated": DeflatedExplicitVRLittleEndian,
        "rle": RLELossless,
        "jpegls": JPEGLSLossless,
        "jpeg2000": JPEG2000Lossless,
    }.items():
        (folder / f"{name}.dcm").write_bytes(encoded(image(), syntax))
    (folder / "enhanced.dcm").write_bytes(encoded(enhanced(), ExplicitVRLittleEndian))
    (folder / "enhanced_rle.dcm").write_bytes(encoded(enhanced(), RLELossless))
    for name in ("private", "icon", "numbers"):
        (folder / f"{name}.dcm").write_bytes(odd_file(name))
    (folder / "jpegls_lse.dcm").write_bytes(with_presets((folder / "jpegls.dcm").read_bytes()))
    for name, options in {"jpeg_lossless": ["+e1"], "jpeg_extended": ["+ee"]}.items():
        subprocess.run(["dcmcjpeg", *options, folder / "explicit.dcm", folder / f"{name}.dcm"], check=True)


def with_presets(file):
    """With an LSE segment before the scan: largest value, thresholds and reset of the standard's defaults for 12 bits."""
    dataset = pydicom.dcmread(io.BytesIO(file))
    stream = next(pydicom.encaps.generate_frames(dataset.PixelData, number_of_frames=1))
    scan = stream.index(b"\xff\xda")
    presets = b"\xff\xf8" + b"".join(n.to_bytes(size, "big") for n, size in ((13, 2), (1, 1), (4095, 2), (18, 2), (67, 2), (276, 2), (64, 2)))
    dataset.PixelData = pydicom.encaps.encapsulate([stream[:scan] + presets + stream[scan:]])
    buffer = io.BytesIO()
    pydicom.dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()


def odd_file(name):
    """Private and unknown sequences, icons and numbers that are none."""
    dataset = image()
    if name == "private":
        inner = Dataset()
        block = inner.private_block(0x0009, "TEST", create=True)
        block.add_new(1, "SQ", Sequence([image()]))
        outer = dataset.private_block(0x0009, "TEST", create=True)
        outer.add_new(1, "SQ", Sequence([inner]))
        return encoded(dataset, ImplicitVRLittleEndian)
    if name == "icon":
        dataset.IconImageSequence = Sequence([image()])
        return encoded(dataset, ExplicitVRLittleEndian)
    dataset.RescaleSlope, dataset.RescaleIntercept, dataset.SliceThickness = "1e36", "-1E+36", "1e-300"
    return encoded(dataset, ExplicitVRLittleEndian)


def write_others(folder):
    """Bundles: two bytes that tell where the manifest ends, the manifest, a file of weights. Tables."""
    bundle, tables = folder / "bundle", folder / "tables"
    for one in (bundle, tables):
        one.mkdir(parents=True, exist_ok=True)
    for name, text in {"whole": short_manifest(8), "tiny": tiny_manifest(), "none": b""}.items():
        weights = safetensors(2000 if name == "tiny" else 6)
        (bundle / f"{name}.bin").write_bytes(len(text).to_bytes(2, "little") + text + weights)
    (tables / "levels.csv").write_text("study_id,level,side,x,count,flag\n1,L4/L5,left,1.5,12.0,1\n\"a,b\",l5_s1,Right,-2,3,0\n")
    (tables / "descriptions.csv").write_bytes("\ufeffstudy_id,series_id,series_description\r\n1.0,5.0,Sagittal T2/STIR\r\n".encode())
    (tables / "object.json").write_text('{"a": [1, {"b": null}], "c": "d"}')


def short_manifest(networks):
    """The default bundle's, without its long texts."""
    manifest = json.loads((SEEDS.parents[2] / "models" / "default" / "manifest.json").read_bytes())
    for key in ("training_data", "metrics", "attribution"):
        manifest[key] = manifest[key][:1]
    manifest["networks"] = manifest["networks"][:networks]
    return json.dumps(manifest, separators=(",", ":")).encode()


def tiny_manifest():
    """One network, as small as they come, so that it is built."""
    manifest = json.loads(short_manifest(1))
    manifest["networks"][0]["parameters"]["widths"] = [1, 1]
    manifest["grading"]["heads"] = []
    return json.dumps(manifest, separators=(",", ":")).encode()


def safetensors(count):
    end = 4 * count
    header = b'{"a":{"dtype":"F32","shape":[%d],"data_offsets":[0,%d]},"__metadata__":{"k":"v"}}' % (count, end)
    return len(header).to_bytes(8, "little") + header + bytes(end)


def write_archives(folder):
    folder.mkdir(parents=True, exist_ok=True)
    files = {f"study/1/{i}.dcm": encoded(image(i), ExplicitVRLittleEndian) for i in (1, 2)}
    with zipfile.ZipFile(folder / "deflated.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    with zipfile.ZipFile(folder / "stored.zip", "w") as archive:
        archive.writestr("../../1.dcm", files["study/1/1.dcm"])
    for name, mode in {"plain.tar": "w", "packed.tar.gz": "w:gz"}.items():
        with tarfile.open(folder / name, mode) as archive:
            for path, data in files.items():
                entry = tarfile.TarInfo(path)
                entry.size = len(data)
                archive.addfile(entry, io.BytesIO(data))


if __name__ == "__main__":
    write_files(SEEDS / "file")
    write_archives(SEEDS / "archive")
    write_others(SEEDS)
