"""PyTorch on the CPU, fused optimizers: eager, or with torch.compile (second argument)."""

import sys
import time

import torch
from cases import serve

COMPILED = len(sys.argv) > 2 and sys.argv[2] == "compile"


def prepare(case, x, y, kernels):
    layers = []
    for kernel in kernels:
        layer = torch.nn.Linear(*kernel.shape)
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(kernel.T.copy()))
            layer.bias.zero_()
        layers += [layer, torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers[:-1])
    make = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}[case.optimizer]
    optimizer = make(model.parameters(), lr=case.learning_rate, fused=True)
    criterion = torch.nn.CrossEntropyLoss()
    x, labels = torch.from_numpy(x), torch.from_numpy(y.argmax(1))

    def forward(inputs, targets):
        return criterion(model(inputs), targets)

    compute = torch.compile(forward) if COMPILED else forward

    def epoch(order):
        start = time.perf_counter()
        order = torch.from_numpy(order.astype("int64"))
        for batch in order.split(case.batch_size):
            optimizer.zero_grad(set_to_none=True)
            compute(x[batch], labels[batch]).backward()
            optimizer.step()
        return time.perf_counter() - start

    def accuracy():
        with torch.no_grad():
            return float((model(x).argmax(1) == labels).float().mean())

    return epoch, accuracy


serve(prepare)
