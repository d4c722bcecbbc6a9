"""Sizes, shapes and classes of the data sets, known without loading them."""

from dataclasses import replace

from kerasdemo.config import image_folder, npz_header
from kerasdemo.config.data_types import LENGTH, TEXTS, TOKENS, Data
from kerasdemo.config.dataset_info import DataError, DatasetInfo

_MNIST = DatasetInfo(60_000, 10_000, (28, 28), 10, 10_000, 10_000)
# Computed, as many as requested.
_MANY = 100_000

DATASETS: dict[str, DatasetInfo] = {
    "mnist": _MNIST,
    "fashion_mnist": _MNIST,
    "mnist_sample": DatasetInfo(4_000, 1_000, (28, 28), 10, None, 500),
    "fizzbuzz": DatasetInfo(900, 100, (10,), 4, None, 0),
    "circles": DatasetInfo(_MANY, _MANY, (2,), 2, 700, 300, 300),
    "cifar10": DatasetInfo(50_000, 10_000, (32, 32, 3), 10, 10_000, 10_000),
    "cifar100": DatasetInfo(50_000, 10_000, (32, 32, 3), 100, 10_000, 10_000),
    "blobs": DatasetInfo(_MANY, _MANY, (2,), 3, 700, 300, 300),
    "friedman": DatasetInfo(_MANY, _MANY, (10,), None, 700, 300, 300, targets="numbers"),
    "california_housing": DatasetInfo(16_512, 4_128, (8,), None, None, 1_651, targets="numbers"),
    "imdb": DatasetInfo(25_000, 25_000, (LENGTH,), 2, None, 5_000, tokens=TOKENS),
    "reuters": DatasetInfo(8_982, 2_246, (LENGTH,), 46, None, 1_000, tokens=TOKENS),
}


def find_info(data: Data) -> DatasetInfo | None:
    """Return what is known of a data set; of files what they say themselves, or None."""
    try:
        return _read_info(data)
    except DataError:
        return None


def find_problem(data: Data) -> DataError | None:
    """Return why `find_info` returns None, or None where it does not."""
    try:
        _read_info(data)
    except DataError as error:
        return error
    return None


def _read_info(data: Data) -> DatasetInfo:
    if data.is_table:
        from kerasdemo.config import table_file  # here: it takes numpy, and most configs do not

        return table_file.read_info(data)
    if data.name == "image_folder":
        return image_folder.read_info(data)
    if data.name == "file":
        return npz_header.read_info(data)
    info = DATASETS[data.name]
    if data.name in TEXTS:
        return replace(info, shape=(data.length,), tokens=data.tokens)
    return info
