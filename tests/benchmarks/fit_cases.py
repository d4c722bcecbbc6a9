"""Whole trainings that are measured: eight kinds of network, with data that need no file.

Needs nothing but the standard library and numpy: the peers import it in environments of their own.
"""

from itertools import product

import numpy as np

EXAMPLES, EPOCHS = 5_000, 10
BATCHES = (10, 100)
NETWORKS = {
    "dense": "784, 3 x 500 ReLU, 10",
    "dense_normalized": "784, 3 x 128 with batch normalization and dropout, 10",
    "convolution": "16 and 32 filters of 3 x 3 with pooling, 64, 10",
    "convolution_normalized": "the same filters with batch normalization, global pooling, 10",
    "table": "13, 2 x 32 ReLU, 1: regression",
    "recurrent": "embedding 16, GRU 16 over 20 words, 1",
    "autoencoder": "784, 64, 784",
    "residual": "two inputs of 392, layer normalization, dropout, residual 64, 10",
}
CASES = [f"{network}, batch {batch}" for network, batch in product(NETWORKS, BATCHES)]


def load(network: str) -> tuple[list[np.ndarray], np.ndarray]:
    """Return the inputs, each (n, ...), and the targets (n, ...)."""
    rng = np.random.default_rng(0)
    if network == "table":
        x = rng.normal(size=(EXAMPLES, 13)).astype(np.float32)
        return [x], np.tanh(x @ rng.normal(size=(13, 1))).astype(np.float32)
    if network == "recurrent":
        words = rng.integers(0, 1_000, (EXAMPLES, 20)).astype(np.int32)
        return [words], (words.mean(axis=1) > 500).astype(np.float32)[:, None]
    labels = rng.integers(0, 10, EXAMPLES).astype(np.int32)
    images = rng.random((10, 784))[labels] / 2 + rng.random((EXAMPLES, 784)) / 2
    x = images.astype(np.float32)
    if network == "autoencoder":
        return [x], x
    if network == "residual":
        return [x[:, :392], x[:, 392:]], labels
    return [x.reshape(-1, 28, 28, 1) if network.startswith("convolution") else x], labels
