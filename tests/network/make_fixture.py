"""Writes tests/data/network/reference.safetensors with the PyPI package `safetensors` (0.5.3), the independent
implementation that tests/network/safetensors_test.cpp compares with.

    python -m pip install numpy safetensors==0.5.3 && python tests/network/make_fixture.py
"""

import pathlib
import struct

import numpy as np
from safetensors import serialize_file

TARGET = pathlib.Path(__file__).parent.parent / "data" / "network" / "reference.safetensors"


def entry(dtype, array):
    return {"dtype": dtype, "shape": list(array.shape), "data": array.tobytes()}


def bfloat16_of(values):
    """The upper halves of the float32 patterns: exact for the values used here."""
    return np.array([struct.unpack("<I", struct.pack("<f", v))[0] >> 16 for v in values], dtype="<u2")


tensors = {
    "conv.weight": entry("float32", np.arange(24, dtype="<f4").reshape(2, 3, 4) / 8),
    "double": entry("float64", np.array([1 / 3, -2.5e300])),
    "half": entry("float16", np.array([[0.5, -65504.0]], dtype="<f2")),
    "brain": entry("bfloat16", bfloat16_of([1.0, -3.0, 0.15625])),
    "long": entry("int64", np.array([-(2**62), 7])),
    "int": entry("int32", np.array([[-(2**31)], [2**31 - 1]], dtype="<i4")),
    "byte": entry("uint8", np.array([0, 255, 3], dtype="u1")),
    "scalar": entry("int64", np.array(42)),
    "empty": entry("float32", np.zeros((0, 3), dtype="<f4")),
}
serialize_file(tensors, str(TARGET), {"made_by": "safetensors 0.5.3", "ünï": "\"quoted\"\n"})
