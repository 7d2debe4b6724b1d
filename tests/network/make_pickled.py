#!/usr/bin/env python3
"""Makes tests/data/network/pickled.bin, what torch.save writes of a state dict, and pickled.safetensors, the same tensors.

Needs torch and safetensors. One tensor is a view with strides of its own, one half precision, one whole numbers.
"""

import sys
from collections import OrderedDict
from pathlib import Path

import torch
from safetensors.torch import save_file

folder = Path(sys.argv[1])
torch.manual_seed(2)
base = torch.randn(4, 6)
layer = torch.nn.BatchNorm1d(3)
state = OrderedDict(whole=base, turned=base.t()[1:4], half=torch.randn(5).half(), parameter=torch.nn.Parameter(torch.randn(2, 2)),
                    **{f"norm.{key}": value for key, value in layer.state_dict().items()})
state._metadata = layer.state_dict()._metadata
torch.save({"state_dict": state, "epoch": 3}, folder / "pickled.bin")
save_file({key: value.detach().contiguous().clone() for key, value in state.items()}, str(folder / "pickled.safetensors"))
