"""Where the arrays of a data set are found: bundled, computed, a file, Keras' cache or download."""

import os
import socket
import sys
import time
import warnings
from collections.abc import Mapping
from contextlib import redirect_stdout, suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from kerasdemo.config import Fault, InputError, RunConfig
from kerasdemo.config.data_types import TEXTS
from kerasdemo.config.datasets import DATASETS
from kerasdemo.data import images, sequences, tables
from kerasdemo.data.dataset import ARRAYS, Array, Source, hash_arrays
from kerasdemo.data.generated import GENERATED
from kerasdemo.data.npz_file import read_npz

SAMPLE = Path(__file__).with_name("mnist_sample") / "mnist_sample.npz"
# What Keras' loaders download, in MB. Those of cifar, imdb and reuters unpickle it inside of Keras,
# which has checked its SHA-256; a file that a config names is never unpickled.
DOWNLOADED = {
    "mnist": 11,
    "fashion_mnist": 30,
    "cifar10": 170,
    "cifar100": 169,
    "imdb": 17,
    "reuters": 2,
    "california_housing": 1,
}
FOLDERS = {"cifar10": "cifar-10-batches-py-target", "cifar100": "cifar-100-python-target"}
# Of these Keras' cached file has the arrays that a file of one's own has.
READABLE = ("mnist", "fashion_mnist")
DOWNLOAD_TIMEOUT = 20.0  # seconds
# A download that failed is not tried again for a day: it can take 20 seconds to fail.
RETRY_SECONDS = 24 * 3600


class SampleStandsIn(UserWarning):
    """MNIST is not available; the bundled sample is used in its place."""


def find(config: RunConfig) -> Source:
    """Return the arrays that a config's data names.

    Where MNIST is not available, the bundled sample stands in, with a warning.

    Raises:
        InputError: where a file is missing, is no data set, or holds bad values; and where
            what Keras downloads is not available, but for MNIST.
    """
    name = config.data.name
    if config.data.is_table:
        return tables.find(config)
    if name == "image_folder":
        return images.find(config)
    if name in GENERATED:
        arrays = GENERATED[name](config.data)
        return Source(arrays, name, hash_arrays(arrays), targets=DATASETS[name].targets)
    if name == "mnist_sample":
        return read_npz(SAMPLE, name)[0]
    file = find_local_file(config)
    if file is not None:
        named_by, path = file
        try:
            return read_file(config, path)[0]
        except ValueError as error:
            fault = config.fault(("data", "path"), f"{named_by}{error}")
            # `--set` may name the file, but did not damage it.
            raise InputError(Fault(fault.message) if fault.file == "--set" else fault) from None
    downloaded = _download(name, _cache(name))
    if not isinstance(downloaded, str):
        arrays = _as_declared(config, dict(zip(ARRAYS, downloaded, strict=True)))
        targets = DATASETS[name].targets
        return Source(arrays, name, hash_arrays(arrays), targets=targets)
    if name != "mnist":
        raise InputError(config.fault(("data", "name"), _not_available(name, downloaded)))
    warning = (
        f"MNIST is not available ({downloaded}): the bundled sample of 5,000 digits stands in for "
        f"it. Set {_variable(name)} or `data.path` to an mnist.npz to use MNIST itself."
    )
    warnings.warn(warning, SampleStandsIn, stacklevel=2)
    return replace(read_npz(SAMPLE, "mnist_sample")[0], warning=warning)


def read_file(
    config: RunConfig, path: Path, max_bytes: int | None = None
) -> tuple[Source, str | None]:
    """Return what the file says that a config's data is read from; as `npz_file.read_npz`.

    Raises:
        ValueError: with what is wrong in the file.
    """
    name = config.data.name
    task = "regression" if name == "california_housing" else config.data.task
    source, excerpt = read_npz(path, name, max_bytes, task)
    if name not in TEXTS:
        return source, excerpt
    arrays = _as_declared(config, source.arrays)
    sha256 = source.sha256 and hash_arrays(arrays)
    return replace(source, arrays=arrays, sha256=sha256), excerpt


def _as_declared(config: RunConfig, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Return arrays with texts as long, and of as many words, as a config says; numbers (n, 1)."""
    info, name = config.dataset_info, config.data.name
    assert info is not None
    read: dict[str, Array] = dict(arrays)
    if name in TEXTS:
        assert info.shape is not None
        assert info.tokens is not None
        for key in (key for key in read if key.startswith("x")):
            read[key] = sequences.pad(read[key], info.shape[0], info.tokens)
    for key in (key for key in read if key.startswith("y")):
        if info.targets == "numbers":
            read[key] = read[key].reshape(len(read[key]), -1).astype(np.float32)
        elif name not in READABLE:  # cifar's are a column
            read[key] = read[key].ravel()
    return read


def _not_available(name: str, reason: str) -> str:
    x = " of words' numbers, filled up with 0" if name in TEXTS else ""
    return (
        f"{name} is not available ({reason}); give `data.path` or set {_variable(name)} to an "
        f"npz file with x_train, y_train, x_test, y_test{x}"
    )


def describe_missing(config: RunConfig) -> str | None:
    """Return what `find` will do about data that is not on this machine yet, without doing it."""
    name = config.data.name
    if name not in DOWNLOADED or find_local_file(config) is not None or _cache(name).exists():
        return None
    reason = _find_failure(_cache(name))
    if name != "mnist":
        if reason is None:
            return f"{name} is not on this machine yet: a run downloads {DOWNLOADED[name]} MB"
        return _not_available(name, reason)
    if reason is None:
        return (
            "MNIST is not on this machine yet: a run downloads it; where that fails, the bundled "
            "sample of 5,000 digits stands in for it"
        )
    return f"MNIST is not available ({reason}): the bundled sample of 5,000 digits stands in for it"


def find_file(config: RunConfig) -> tuple[str, Path] | None:
    """Return the file that the user named for a config's data, after the variable that names it.

    The variable is KERASDEMO_MNIST, KERASDEMO_CIFAR10, ...; "" where the config names the file.
    """
    name, path = config.data.name, config.data.path
    if path is not None:
        return "", Path(path).expanduser()
    value = os.environ.get(_variable(name)) if name in DOWNLOADED else None
    return (f"{_variable(name)}: ", Path(value).expanduser()) if value else None


def find_local_file(config: RunConfig) -> tuple[str, Path] | None:
    """Return the file that a config's data is read from: as `find_file`, or Keras' cached copy.

    None where the data is generated, bundled, a folder, or still to be downloaded.
    """
    name = config.data.name
    if name == "image_folder":
        return None  # no file but many; a worker elsewhere has to have the folder
    if name in READABLE and find_file(config) is None and _cache(name).exists():
        return "", _cache(name)  # without the seconds that importing Keras takes
    return find_file(config)


def _cache(name: str) -> Path:
    """Return the file, or the folder, that Keras downloads a data set to."""
    folder = Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser() / "datasets"
    return folder / FOLDERS.get(name, f"{name}.npz")


def _find_failure(cache: Path) -> str | None:
    """Return why the download into a file failed within the last day, or None."""
    failure = _failure_file(cache)
    with suppress(OSError):
        if time.time() - failure.stat().st_mtime < RETRY_SECONDS:
            reason = failure.read_text(encoding="utf-8")[:80]
            return f"{reason}; delete {failure} to try again before tomorrow"
    return None


def _failure_file(cache: Path) -> Path:
    return cache.with_name(f"{cache.stem}.unavailable.txt")


def _variable(name: str) -> str:
    return f"KERASDEMO_{name.upper()}"


@lru_cache(maxsize=2)
def _download(name: str, cache: Path) -> tuple[Array, ...] | str:
    """Return ARRAYS that Keras downloads into its cache, or why they are not available."""
    reason = _find_failure(cache)
    if reason is not None:
        return reason
    from kerasdemo.backend import keras

    timeout = socket.getdefaulttimeout()
    # Keras' download waits forever where a firewall drops packets.
    socket.setdefaulttimeout(DOWNLOAD_TIMEOUT)
    try:
        # Keras reports its download on standard output, which may be somebody's JSON.
        with redirect_stdout(sys.stderr):
            (x, y), (x_test, y_test) = getattr(keras.datasets, name).load_data()
    except Exception as error:  # Keras has no common type for "no network", "bad checksum", ...
        reason = (str(error).splitlines() or [type(error).__name__])[0][:80]
        with suppress(OSError):  # a folder that can't be written to only costs the next try
            cache.parent.mkdir(parents=True, exist_ok=True)
            _failure_file(cache).write_text(reason, encoding="utf-8")
        return _find_failure(cache) or reason
    finally:
        socket.setdefaulttimeout(timeout)
    return x, y, x_test, y_test
