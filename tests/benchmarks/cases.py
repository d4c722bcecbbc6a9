"""What is measured: one training epoch of each of these, the same work for every peer.

Needs nothing but the standard library and numpy: the peers import it in environments of their own.
"""

import queue
import statistics
import threading
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Case:
    """A dense ReLU network with softmax output and cross-entropy; or a config's `network`."""

    name: str
    data: str
    units: tuple[int, ...]
    batch_size: int
    optimizer: str
    learning_rate: float
    examples: int
    # Epochs that a peer trains in its turn: one of a millisecond would measure its waking up.
    epochs: int = 1
    # As YAML; measured against Keras' fit alone, which trains the very same model.
    network: str = ""


CONV = """{layers: [
  {type: conv2d, filters: 16, kernel_size: 3, activation: relu}, {type: max_pooling2d},
  {type: conv2d, filters: 32, kernel_size: 3, activation: relu}, {type: max_pooling2d},
  {type: flatten}, {type: dense, units: 64, activation: relu},
  {type: dense, units: 10, activation: softmax}]}"""
NORMALIZED_CONV = """{layers: [
  {type: conv2d, filters: 16, kernel_size: 3}, {type: batch_normalization},
  {type: activation, activation: relu}, {type: max_pooling2d},
  {type: conv2d, filters: 32, kernel_size: 3}, {type: batch_normalization},
  {type: activation, activation: relu}, {type: max_pooling2d},
  {type: flatten}, {type: dense, units: 64, activation: relu},
  {type: dense, units: 10, activation: softmax}]}"""
NORMALIZED_DENSE = "{depth: 3, units: 500, normalization: batch, dropout: 0.3}"
MAXOUT = "{depth: 3, units: 200, activation: maxout}"
DEEP = "{depth: 13, units: 689}"


def _network(name: str, network: str, batch_size: int, examples: int) -> Case:
    return Case(name, "mnist", (), batch_size, "adam", 0.001, examples, network=network)


NETWORKS = {
    case.name: case
    for case in (
        _network("convolutions, 3,500 digits", CONV, 64, 3_500),
        _network("convolutions, batch normalization", NORMALIZED_CONV, 64, 3_500),
        _network("convolutions, 60,000 digits", CONV, 64, 60_000),
        _network("3 x 500, batch norm, dropout, batch 10", NORMALIZED_DENSE, 10, 3_500),
        _network("3 x 500, batch norm, dropout, batch 100", NORMALIZED_DENSE, 100, 3_500),
        _network("3 x 200 maxout, batch 100", MAXOUT, 100, 3_500),
        _network("13 x 689, batch 100", DEEP, 100, 3_500),
    )
}
CASES = {
    case.name: case
    for case in (
        Case("batch 100, Adam", "mnist", (500, 500, 500), 100, "adam", 0.001, 10_000),
        Case("batch 100, SGD", "mnist", (500, 500, 500), 100, "sgd", 0.1, 10_000),
        Case("batch 10, SGD", "mnist", (500, 500, 500), 10, "sgd", 0.01, 10_000),
        Case("batch 1, SGD", "mnist", (500, 500, 500), 1, "sgd", 0.001, 2_000),
        Case("FizzBuzz, batch 20, Adam", "fizzbuzz", (100,), 20, "adam", 0.001, 900, epochs=20),
    )
}


def load(case: Case, folder: Path) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Return x (n, features) float32, y (n, classes) one-hot, and the initial kernels.

    For a config's network: images (n, 28, 28), and no kernels but the seed's.
    """
    with np.load(folder / f"{case.data}.npz") as arrays:
        x, labels = arrays["x"][: case.examples], arrays["y"][: case.examples]
    if not case.network:
        x = np.ascontiguousarray(x.reshape(len(x), -1), dtype=np.float32)
    classes = int(labels.max()) + 1
    sizes = (x.shape[1], *case.units, classes)
    rng = np.random.default_rng(0)
    kernels = [
        (rng.uniform(-1, 1, (a, b)) * np.sqrt(6 / (a + b))).astype(np.float32)
        for a, b in pairwise(sizes)
    ]
    if case.network:
        kernels = []  # the seed's own
    return x, np.eye(classes, dtype=np.float32)[labels], kernels


def order(epoch: int, examples: int) -> np.ndarray:
    """Return the order of an epoch's examples, the same for every peer."""
    return np.random.default_rng([0, epoch]).permutation(examples).astype(np.int32)


def serve(prepare) -> None:  # type: ignore[no-untyped-def]
    """Serve commands on standard input: prepare a case, train its epochs, return its accuracy.

    `prepare(case, x, y, kernels)` returns (epoch(order) -> seconds, accuracy() -> share right).
    """
    import json
    import sys

    folder = Path(sys.argv[1])
    replies = sys.stdout
    sys.stdout = sys.stderr  # what a library prints is no reply
    epoch = accuracy = None
    examples = number = 0
    for line in sys.stdin:
        command = json.loads(line)
        if "case" in command:
            case = (CASES | NETWORKS)[command["case"]]
            x, y, kernels = load(case, folder)
            epoch, accuracy = prepare(case, x, y, kernels)
            examples, number, reply = len(x), 0, "ready"
        elif command.get("epoch"):
            orders = [order(number + some, examples) for some in range(case.epochs)]
            reply = statistics.median([epoch(one) for one in orders])
            number += case.epochs
        else:
            reply = accuracy()
        print(json.dumps(reply), file=replies, flush=True)


class Paced:
    """Part of a Keras callback: lets a long `fit` train an epoch on request, and times it.

    So an epoch is timed as it is in the middle of a training, without the start of `fit`.
    """

    def __init__(self):  # type: ignore[no-untyped-def]
        super().__init__()
        self.requests: queue.Queue[int] = queue.Queue()
        self.seconds: queue.Queue[float] = queue.Queue()

    def on_epoch_begin(self, epoch, logs=None) -> None:  # type: ignore[no-untyped-def]
        """Wait for the next request, then start the clock."""
        self.requests.get()
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None) -> None:  # type: ignore[no-untyped-def]
        """Stop the clock."""
        self.seconds.put(time.perf_counter() - self.start)

    def start_fit(self, fit) -> None:  # type: ignore[no-untyped-def]
        """Run `fit` in a thread of its own."""
        threading.Thread(target=fit, daemon=True).start()

    def epoch(self, order: np.ndarray) -> float:
        """Have one epoch trained; return its seconds."""
        self.requests.put(1)
        return self.seconds.get()
