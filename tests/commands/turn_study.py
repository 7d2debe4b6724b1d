"""Copies a study with its geometry turned about: turn_study.py FROM TO HOW[,HOW...].

oblique: everything is turned by 9 degrees about the body's axis and 6 about the front-back axis. feet_first: rows run
from the feet to the head. right_to_left: slices are numbered the other way and columns run from back to front.
renamed: another patient's name and identity in a character set of two scripts. cropped: the upper half of the rows alone.
All these are honest: pixels and headers agree. upside_down: the image stands on its head and the header denies it.
japanese, cyrillic, arabic, chinese, undeclared, markup: names in that script or character set.
"""
import math
import pathlib
import sys

import numpy as np
import pydicom
from pydicom.uid import ExplicitVRLittleEndian


NAMES = {  # character set, name; the examples of PS3.5 annexes H to K where there is one
    "japanese": (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎=やまだ^たろう"),
    "cyrillic": ("ISO_IR 144", "Люкceмбypг"),
    "arabic": ("ISO_IR 127", "قباني^لنزار"),
    "chinese": ("GB18030", "Wang^XiaoDong=王^小东"),
    "undeclared": (None, b"M\xfcller^J\xf6rg"),
    "markup": ("ISO_IR 100", "<script>alert(1)</script>^&quot;"),
}


def rotation():
    a, b = math.radians(9), math.radians(6)
    about_z = np.array([[math.cos(a), -math.sin(a), 0], [math.sin(a), math.cos(a), 0], [0, 0, 1]])
    about_y = np.array([[math.cos(b), 0, math.sin(b)], [0, 1, 0], [-math.sin(b), 0, math.cos(b)]])
    return about_z @ about_y


def turn_about(data, rotation_matrix):
    orientation = np.array(data.ImageOrientationPatient, float).reshape(2, 3)
    data.ImageOrientationPatient = ["%.12g" % v for v in (orientation @ rotation_matrix.T).ravel()]
    position = rotation_matrix @ np.array(data.ImagePositionPatient, float)
    data.ImagePositionPatient = ["%.9g" % v for v in position]


def flip(data, pixels, axis):
    """Runs the rows (axis 0) or columns (axis 1) the other way."""
    orientation = np.array(data.ImageOrientationPatient, float).reshape(2, 3)
    spacing = [float(v) for v in data.PixelSpacing]
    along = orientation[1 - axis]
    length = (pixels.shape[axis] - 1) * spacing[axis]
    data.ImagePositionPatient = ["%.9g" % v for v in np.array(data.ImagePositionPatient, float) + along * length]
    orientation[1 - axis] *= -1
    data.ImageOrientationPatient = ["%.12g" % v for v in orientation.ravel()]
    return np.flip(pixels, axis)


def turned(data, ways, count):
    data.decompress() if data.file_meta.TransferSyntaxUID.is_compressed else None
    pixels = data.pixel_array
    for how in ways:
        pixels = changed(data, pixels, how, count)
    data.PixelData = np.ascontiguousarray(pixels).tobytes()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return data


def changed(data, pixels, how, count):
    if how == "oblique":
        turn_about(data, rotation())
    elif how == "feet_first":
        data.PatientPosition = "FFS"
        pixels = flip(data, pixels, 0)
    elif how == "right_to_left":
        pixels = flip(data, pixels, 1)
        data.InstanceNumber = count + 1 - int(data.InstanceNumber)
    elif how == "renamed":
        data.SpecificCharacterSet = "ISO_IR 192"
        data.PatientName = "Zażółć^Gęślą=山田^太郎"
        data.PatientID = "PESEL-61052312345"
        data.PatientBirthDate = "19610523"
        data.StudyDate = "20240229"
        data.AccessionNumber = "ACC4711"
    elif how == "cropped":
        data.Rows = pixels.shape[0] * 6 // 10
        pixels = pixels[:data.Rows]
    elif how == "upside_down":
        pixels = np.rot90(pixels, 2)
    elif how in NAMES:
        character_set, name = NAMES[how]
        if character_set is None:
            data.pop("SpecificCharacterSet", None)
        else:
            data.SpecificCharacterSet = character_set
        data.PatientName = name
        data.PatientID = "ID-" + how
        data.PatientBirthDate = "19610523"
    else:
        sys.exit("unknown: " + how)
    return pixels


def main():
    source, target, how = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3].split(",")
    files = sorted(path for path in source.rglob("*") if path.is_file() and path.suffix in (".dcm", ""))
    target.mkdir(parents=True)
    for number, path in enumerate(files):
        turned(pydicom.dcmread(path), how, len(files)).save_as(target / f"{number:04}.dcm", enforce_file_format=True)


main()
