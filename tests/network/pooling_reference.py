"""Slice poolings once more, in PyTorch's Python: tests/network/slice_pooling_test.cpp compares the C++ ones with them.

    python -m pip install torch==2.11.0 numpy safetensors && python tests/network/pooling_reference.py

writes tests/data/network/pooling.safetensors: inputs and outputs; weights come from their names (timm_reference.py).
Masked slices are left out of the sequence here, crop by crop, so that no masking is trusted.
"""

import math

import torch
from timm_reference import DATA, set_state, uniform
from torch import nn

FEATURES = 12
HIDDEN = 16
SLICES = 5
VALID = [[1, 1, 1, 1, 1], [0, 1, 1, 1, 0], [1, 1, 0, 0, 0], [0, 0, 0, 0, 1], [0, 0, 0, 0, 0]]


def layer(width):
    return nn.TransformerEncoderLayer(
        width, 4, 2 * width, dropout=0.3, activation="gelu", batch_first=True, norm_first=True
    )


class Mean(nn.Module):
    size = FEATURES

    def forward(self, x, place):
        return x.mean(1), torch.full((len(place),), 1 / len(place))


class Attention(nn.Module):
    def __init__(self, features=FEATURES, hidden=HIDDEN):
        super().__init__()
        self.size = features
        self.project = nn.Linear(features, hidden)
        self.score = nn.Linear(hidden, 1, bias=False)

    def forward(self, x, place):
        weights = torch.softmax(self.score(torch.tanh(self.project(x))), 1)
        return (weights * x).sum(1), weights[0, :, 0]


class LstmAttention(nn.Module):
    size = HIDDEN

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(FEATURES, HIDDEN // 2, 2, bidirectional=True, batch_first=True, dropout=0.3)
        self.attention = Attention(HIDDEN)

    def forward(self, x, place):
        return self.attention(self.lstm(x)[0], place)


class GruAttention(nn.Module):
    size = HIDDEN

    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(FEATURES, HIDDEN // 2, 2, bidirectional=True, batch_first=True, dropout=0.3)
        self.attention = Attention(HIDDEN)

    def forward(self, x, place):
        return self.attention(self.gru(x)[0], place)


class Transformer(nn.Module):
    size = HIDDEN

    def __init__(self):
        super().__init__()
        self.project = nn.Linear(FEATURES, HIDDEN)
        self.layers = nn.ModuleList([layer(HIDDEN), layer(HIDDEN)])
        self.norm = nn.LayerNorm(HIDDEN)
        self.attention = Attention(HIDDEN)

    def forward(self, x, place):
        tokens = self.project(x)
        for k in range(HIDDEN // 2):
            rate = 10000 ** (-2 * k / HIDDEN)
            for token, slice_index in enumerate(place):
                angle = (slice_index - (SLICES - 1) / 2) * rate
                tokens[0, token, 2 * k] += math.sin(angle)
                tokens[0, token, 2 * k + 1] += math.cos(angle)
        for step in self.layers:
            tokens = step(tokens)
        return self.attention(self.norm(tokens), place)


def fixed(name, *shape):
    return torch.from_numpy(uniform(name, math.prod(shape)).astype("float32").reshape(shape))


def main():
    from safetensors.torch import save_file

    features = 2 * fixed("features", len(VALID), SLICES, FEATURES)
    out = {"features": features, "valid": torch.tensor(VALID, dtype=torch.float32)}
    poolings = {"mean": Mean, "attention": Attention, "gru_attention": GruAttention, "lstm_attention": LstmAttention, "transformer": Transformer}
    for name, kind in poolings.items():
        pooling = set_state(kind())
        pooled = torch.zeros(len(VALID), pooling.size)
        weights = torch.zeros(len(VALID), SLICES)
        for crop, valid in enumerate(VALID):
            place = [k for k in range(SLICES) if valid[k]]
            if place:
                pooled[crop], weights[crop, place] = pooling(features[crop : crop + 1, place].clone(), place)
        out[f"{name}.pooled"], out[f"{name}.weights"] = pooled, weights

    save_file({key: value.contiguous() for key, value in out.items()}, str(DATA / "pooling.safetensors"))


if __name__ == "__main__":
    with torch.no_grad():
        main()
