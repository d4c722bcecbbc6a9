"""One whole training by a plain PyTorch loop, eager, with a fused Adam; as peer_fit.py."""

import json
import sys
import time

import numpy as np
import torch
from fit_cases import EPOCHS, load
from torch import nn


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.words, self.units = nn.Embedding(1_000, 16), nn.GRU(16, 16, batch_first=True)
        self.out = nn.Linear(16, 1)

    def forward(self, words):
        return self.out(self.units(self.words(words))[0][:, -1])


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.left, self.right, self.inner = (nn.Linear(n, 64) for n in (392, 392, 64))
        self.normal, self.drop, self.out = nn.LayerNorm(64), nn.Dropout(0.2), nn.Linear(64, 10)

    def forward(self, left, right):
        value = self.left(left).relu() + self.right(right).relu()
        value = self.drop(self.normal(value))
        return self.out(value + self.inner(value).relu())


def build(network):
    """Return the model and its loss."""
    classes = nn.CrossEntropyLoss()
    if network == "dense":
        sizes = (784, 500, 500, 500)
        hidden = [m for a, b in zip(sizes, sizes[1:]) for m in (nn.Linear(a, b), nn.ReLU())]  # noqa: B905, RUF007
        return nn.Sequential(*hidden, nn.Linear(500, 10)), classes
    if network == "dense_normalized":
        sizes = (784, 128, 128, 128)
        hidden = [
            m
            for a, b in zip(sizes, sizes[1:])  # noqa: B905, RUF007
            for m in (nn.Linear(a, b), nn.BatchNorm1d(b), nn.ReLU(), nn.Dropout(0.3))
        ]
        return nn.Sequential(*hidden, nn.Linear(128, 10)), classes
    if network == "convolution":
        blocks = [(nn.Conv2d(a, b, 3), nn.ReLU(), nn.MaxPool2d(2)) for a, b in ((1, 16), (16, 32))]
        tail = [nn.Flatten(), nn.Linear(800, 64), nn.ReLU(), nn.Linear(64, 10)]
        return nn.Sequential(*blocks[0], *blocks[1], *tail), classes
    if network == "convolution_normalized":
        blocks = [
            (nn.Conv2d(a, b, 3), nn.BatchNorm2d(b), nn.ReLU()) for a, b in ((1, 16), (16, 32))
        ]
        tail = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 10)]
        return nn.Sequential(*blocks[0], nn.MaxPool2d(2), *blocks[1], *tail), classes
    if network == "table":
        hidden = [nn.Linear(13, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU()]
        return nn.Sequential(*hidden, nn.Linear(32, 1)), nn.MSELoss()
    if network == "recurrent":
        return Recurrent(), nn.BCEWithLogitsLoss()
    if network == "autoencoder":
        layers = (nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 784), nn.Sigmoid())
        return nn.Sequential(*layers), nn.MSELoss()
    return Residual(), classes


def main():
    network, batch = sys.argv[1], int(sys.argv[2])
    inputs, y = load(network)
    if network.startswith("convolution"):
        inputs = [np.ascontiguousarray(inputs[0].transpose(0, 3, 1, 2))]
    model, loss_of = build(network)
    start = time.perf_counter()
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    inputs = [
        torch.from_numpy(one if one.dtype != np.int32 else one.astype("int64")) for one in inputs
    ]
    y = torch.from_numpy(y.astype("int64") if y.dtype == np.int32 else y)
    ends = [time.perf_counter() - start]
    for _ in range(EPOCHS):
        total, right = 0.0, 0
        for rows in torch.randperm(len(y)).split(batch):
            optimizer.zero_grad(set_to_none=True)
            output = model(*(one[rows] for one in inputs))
            loss = loss_of(output, y[rows])
            loss.backward()
            optimizer.step()
            total += loss.detach()  # as Keras' metrics
            if isinstance(loss_of, nn.CrossEntropyLoss):
                right += (output.detach().argmax(1) == y[rows]).sum()
        float(total), float(right)
        ends.append(time.perf_counter() - start)
    print(json.dumps({"total": ends[-1], "ends": ends, "loop": None}))


main()
