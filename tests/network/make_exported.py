#!/usr/bin/env python3
"""Makes tests/data/exported: tiny networks as torch.export writes them, with what PyTorch answers.

    make_exported.py DIR

Needs torch 2.11 and nothing else of the kind. For every NAME: NAME.pt2, and NAME.safetensors with inputs as the program
gives them (`input.<view>` N x S x H x W, `input.<view>.valid` N x S) and `output.grade`, the logits, N x 3. Inputs are
eight findings, the networks were exported with two.
"""

import json
import struct
import sys
from pathlib import Path

import torch
from torch import nn
from torch.export import Dim, export, save

SLICES, SIZE, FINDINGS = 3, 16, 8


class Channels(nn.Module):
    """Slices as channels: convolution, batch normalisation, GELU, generalised mean, a buffer that is no weight."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm, self.head = nn.Conv2d(SLICES, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.Linear(8, 3)
        self.register_buffer("shift", torch.tensor([0.1, 0.2, 0.3]), persistent=False)

    def forward(self, slices):
        x = nn.functional.gelu(self.norm(self.conv(slices)))
        return self.head(x.clamp(min=1e-6).pow(3).mean((2, 3)).pow(1 / 3)) + self.shift


class Sequence(nn.Module):
    """Slices as a sequence: a backbone for each, a bidirectional LSTM, attention over those that are there."""

    def __init__(self):
        super().__init__()
        self.conv, self.lstm = nn.Conv2d(1, 6, 3, 2, 1), nn.LSTM(6, 4, batch_first=True, bidirectional=True)
        self.score, self.head = nn.Linear(8, 1), nn.Linear(8, 3)

    def forward(self, slices, valid):
        n = slices.shape[0]
        x = torch.relu(self.conv(slices.reshape(n * SLICES, 1, SIZE, SIZE))).mean((2, 3)).reshape(n, SLICES, 6)
        x = self.lstm(x)[0]
        weights = torch.softmax(self.score(x).squeeze(2).masked_fill(valid < 0.5, -1e4), 1)
        return self.head((weights.unsqueeze(2) * x).sum(1))


class Volume(nn.Module):
    """The whole crop as a volume, exported for one finding at a time."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm, self.head = nn.Conv3d(1, 6, 3, 1, 1), nn.GroupNorm(2, 6), nn.Linear(6, 3)

    def forward(self, volume):
        return self.head(torch.nn.functional.silu(self.norm(self.conv(volume))).amax((2, 3, 4)))


class Batch(nn.Module):
    """Slice by slice, in three colours, answering with probabilities."""

    def __init__(self):
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 6, 3, 2, 1), nn.Linear(6, 3)

    def forward(self, slices):
        return torch.softmax(self.head(torch.relu(self.conv(slices)).mean((2, 3))), 1)


class TwoViews(nn.Module):
    """Two series joined, with a transformer layer."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3, 2, 1)
        self.layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
        self.head = nn.Linear(16, 3)

    def view(self, slices):
        n = slices.shape[0]
        x = torch.relu(self.conv(slices.reshape(n * SLICES, 1, SIZE, SIZE))).mean((2, 3)).reshape(n, SLICES, 8)
        return self.layer(x).mean(1)

    def forward(self, sagittal, axial):
        return self.head(torch.cat([self.view(sagittal), self.view(axial)], 1))


def write_safetensors(path, tensors):
    header, data = {}, b""
    for name, tensor in tensors.items():
        bytes_ = tensor.detach().contiguous().numpy().tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(bytes_)]}
        data += bytes_
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(11)
    first, second = torch.randn(FINDINGS, SLICES, SIZE, SIZE), torch.randn(FINDINGS, SLICES, SIZE, SIZE)
    valid = torch.ones(FINDINGS, SLICES)
    valid[1, 2] = valid[3, 0] = valid[3, 1] = 0
    first = first * valid[:, :, None, None]
    many = Dim("findings", min=1, max=64)

    def make(name, network, arguments, inputs, shapes, answer=lambda logits: logits, example=2):
        network.eval()
        for norm in (m for m in network.modules() if isinstance(m, nn.BatchNorm2d)):
            norm.running_mean.normal_(), norm.running_var.uniform_(0.5, 2)
        short = tuple(a[:example] for a in arguments)
        save(export(network, short, dynamic_shapes=shapes), folder / f"{name}.pt2")
        with torch.no_grad():
            rows = arguments[0].shape[0] if shapes else 1
            outputs = network(*arguments) if shapes else torch.cat([network(a[None]) for a in arguments[0]])
        named = {f"input.{key}": value for key, value in inputs.items()}
        write_safetensors(folder / f"{name}.safetensors", {**named, "output.grade": answer(outputs)})

    one = {"first": first}
    make("channels", Channels(), (first,), one, ({0: many},))
    make("sequence", Sequence(), (first[:, :, None], valid), {**one, "first.valid": valid}, ({0: many}, {0: many}))
    volume = Volume().eval()
    make("volume", volume, (first[:, None],), one, None, example=1)
    slices = Dim("slices", min=1, max=12)
    weights = valid.unsqueeze(2)

    def over_slices(p):
        return (p.log().reshape(FINDINGS, SLICES, 3) * weights).sum(1) / weights.sum(1)

    make("batch", Batch(), (first.reshape(-1, 1, SIZE, SIZE).expand(-1, 3, -1, -1),), {**one, "first.valid": valid},
         ({0: slices},), over_slices)
    make("two_views", TwoViews(), (first[:, :, None], second[:, :, None]), {"first": first, "second": second},
         ({0: many}, {0: many}))


if __name__ == "__main__":
    main()
