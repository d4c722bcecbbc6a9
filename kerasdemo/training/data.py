"""From a config's `data` to arrays. Which examples were used is part of the run's identity."""

import hashlib
import os
import sys
import warnings
from collections.abc import Callable, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerasdemo.config import InputError, RunConfig
from kerasdemo.config.types import Data

Array = NDArray[Any]
PARTS = ("train", "validation", "test")
ARRAYS = ("x_train", "y_train", "x_test", "y_test")
SAMPLE = Path(__file__).with_name("mnist_sample") / "mnist_sample.npz"
SAMPLE_SPLIT = {"train": 3_500, "validation": 500, "test": 1_000}
IMAGE_MAXIMUM = 255.0
# The points of circles and blobs are the same for every seed of a run: seeds vary the training.
DATA_SEED = 20170


class SampleStandsIn(UserWarning):
    """MNIST could not be had; the bundled sample is used in its place."""


@dataclass(frozen=True)
class Source:
    """A data set as it was found: raw arrays, where they came from, and their fingerprint."""

    arrays: Mapping[str, Array]
    source: str
    sha256: str
    warning: str | None = None

    @property
    def fingerprint(self) -> dict[str, Any]:
        """What makes a run on this data another question than a run on other data."""
        return {"source": self.source, "sha256": self.sha256}


@dataclass(frozen=True)
class Part:
    """Examples `x` (n, *shape) float32 and their classes `y` (n,) int64."""

    x: Array
    y: Array


@dataclass(frozen=True)
class Dataset:
    """Training, validation and test examples, normalised and noisy as the config asks."""

    train: Part
    validation: Part
    test: Part
    classes: int
    source: Source

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one example."""
        return tuple(self.train.x.shape[1:])


def find(config: RunConfig) -> Source:
    """Return the raw arrays that a config's data means, wherever they can be had.

    Raises:
        InputError: where a file is missing, is no data set, or holds bad values.
    """
    data = config.data
    if data.name == "mnist_sample":
        return _from_file(SAMPLE, "mnist_sample")
    if data.name in ("mnist", "fashion_mnist"):
        return _images(config)
    if data.name == "file":
        try:
            return _from_file(Path(data.path or ""), "file")
        except ValueError as error:
            raise InputError(config.fault(("data", "path"), str(error))) from None
    made = {"fizzbuzz": fizzbuzz, "circles": circles, "blobs": blobs}[data.name](data)
    return Source(made, data.name, _sha256(made))


def load(config: RunConfig) -> Dataset:
    """Return the examples as the network will see them.

    Raises:
        InputError: as `find`, and where more examples are asked for than there are.
    """
    source = find(config)
    raw = _split(config, source)
    classes = _classes(config, source)
    for name in PARTS:
        beyond = raw[name].y[raw[name].y >= classes]
        if beyond.size:
            message = f"label {beyond[0]} in the {name} examples; training has 0 to {classes - 1}"
            raise InputError(config.fault(("data", "path"), message))
    scaled = _normalized(config.data.normalize, source.source, raw)
    noisy = {name: _noisy(config, number, name, scaled[name]) for number, name in enumerate(PARTS)}
    return Dataset(**noisy, classes=classes, source=source)


def _classes(config: RunConfig, source: Source) -> int:
    known = config.facts.classes if config.facts else None
    return known or max(2, int(source.arrays["y_train"].max()) + 1)


def describe(dataset: Dataset) -> dict[str, Any]:
    """Return the facts of the data that stand in run.json and that the diagnosis reads."""
    shares = {
        name: (np.bincount(part.y, minlength=dataset.classes) / max(len(part.y), 1)).tolist()
        for name, part in _parts(dataset).items()
    }
    return {
        "source": dataset.source.source,
        "sha256": dataset.source.sha256,
        "warning": dataset.source.warning,
        **{name: len(part.y) for name, part in _parts(dataset).items()},
        "shape": list(dataset.shape),
        "classes": dataset.classes,
        "class_shares": shares["train"],
        "validation_class_shares": shares["validation"] if len(dataset.validation.y) else None,
        "test_class_shares": shares["test"],
        "input": _summary(dataset.train.x) | {"feature_sd": _feature_sds(dataset.train.x)},
        "test_input": _summary(dataset.test.x),
    }


def _parts(dataset: Dataset) -> dict[str, Part]:
    return {name: getattr(dataset, name) for name in PARTS}


def _feature_sds(x: Array) -> dict[str, float]:
    """Return the middle and the largest standard deviation of the features that vary at all."""
    sds = x.reshape(len(x), -1).std(axis=0)
    varying = sds[sds > 0]
    if not varying.size:
        return {"median": 0.0, "max": 0.0}
    return {"median": float(np.median(varying)), "max": float(varying.max())}


def _summary(x: Array) -> dict[str, float]:
    return {
        "min": float(x.min()),
        "max": float(x.max()),
        "mean": float(x.mean(dtype=np.float64)),
        "sd": float(x.std(dtype=np.float64)),
    }


def _images(config: RunConfig) -> Source:
    """MNIST or Fashion-MNIST: the config's path, the environment's, Keras' cache or download."""
    name, data = config.data.name, config.data
    variable = f"KERASDEMO_{name.upper()}"
    for key, place in (("data.path", data.path), (variable, os.environ.get(variable))):
        if place:
            try:
                return _from_file(Path(place).expanduser(), name, (28, 28))
            except ValueError as error:
                raise InputError(config.fault(("data", "path"), f"{key}: {error}")) from None
    arrays = _from_keras(name)
    if isinstance(arrays, str):
        if name == "mnist":
            return _stand_in(variable, arrays)
        message = (
            f"{name} can't be had ({arrays}); give `data.path` or set {variable} to an "
            "npz file with x_train, y_train, x_test, y_test"
        )
        raise InputError(config.fault(("data", "name"), message))
    return Source(arrays, name, _sha256(arrays))


def _brief(error: Exception) -> str:
    text = str(error).splitlines()
    return text[0][:80] if text else type(error).__name__


@lru_cache(maxsize=2)
def _from_keras(name: str) -> dict[str, Array] | str:
    """Return the arrays from Keras' cache or download, or in a word why there are none."""
    cache = Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser() / "datasets" / f"{name}.npz"
    if cache.exists():
        return _read(cache)  # without the seconds that importing Keras takes
    from kerasdemo.training.backend import keras

    try:
        # Keras tells of its download on standard output, which may be somebody's JSON.
        with _socket_timeout(20.0), redirect_stdout(sys.stderr):
            (x, y), (x_test, y_test) = getattr(keras.datasets, name).load_data()
    except Exception as error:  # Keras has no common type for "no network", "bad checksum", ...
        return _brief(error)
    return dict(zip(ARRAYS, (x, y, x_test, y_test), strict=True))


@contextmanager
def _socket_timeout(seconds: float) -> Any:
    """Keras' download waits for ever where a firewall drops packets."""
    import socket

    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _stand_in(variable: str, why: str) -> Source:
    message = (
        f"MNIST can't be had ({why}): the bundled sample of 5,000 digits stands in for "
        f"it. Set {variable} or `data.path` to an mnist.npz for the real thing."
    )
    warnings.warn(message, SampleStandsIn, stacklevel=2)
    sample = _from_file(SAMPLE, "mnist_sample")
    return Source(sample.arrays, sample.source, sample.sha256, message)


def _from_file(path: Path, source: str, shape: tuple[int, ...] | None = None) -> Source:
    """Read and check an .npz; raise ValueError with what is wrong."""
    arrays, digest = _checked(path.resolve(), path.stat().st_mtime_ns if path.exists() else 0)
    if shape is not None and arrays["x_train"].shape[1:] != shape:
        got = arrays["x_train"].shape[1:]
        raise ValueError(f"{path}: examples of shape {got}; expected {shape}")
    return Source(arrays, source, digest)


@lru_cache(maxsize=4)
def _checked(path: Path, modified: int) -> tuple[dict[str, Array], str]:
    arrays = _read(path)
    for part in ("train", "test"):
        _check(path, part, arrays[f"x_{part}"], arrays[f"y_{part}"])
    if arrays["x_train"].shape[1:] != arrays["x_test"].shape[1:]:
        raise ValueError(
            f"{path}: x_train has examples of shape {arrays['x_train'].shape[1:]}, "
            f"x_test of {arrays['x_test'].shape[1:]}; expected the same"
        )
    return arrays, _sha256(arrays)


def _read(path: Path) -> dict[str, Array]:
    if not path.is_file():
        raise ValueError(f"no such file: {path}")
    try:
        with np.load(path, allow_pickle=False) as archive:
            if not hasattr(archive, "files"):
                raise ValueError("a single array")
            missing = [name for name in ARRAYS if name not in archive.files]
            if missing:
                raise ValueError(f"no array {', '.join(missing)}; it has {sorted(archive.files)}")
            return {name: archive[name] for name in ARRAYS}
    except Exception as error:  # zipfile, zlib and numpy each have errors of their own
        raise ValueError(
            f"{path} is no data set: {_brief(error)} (expected an .npz with plain arrays "
            f"{', '.join(ARRAYS)})"
        ) from None


def _check(path: Path, part: str, x: Array, y: Array) -> None:
    def refuse(array: str, problem: str) -> None:
        raise ValueError(f"{path}: {array}_{part} {problem}")

    if x.dtype.kind not in "uifb":
        refuse("x", f"has dtype {x.dtype}; expected numbers")
    if x.ndim < 2 or not x.size:
        refuse("x", f"has shape {x.shape}; expected (examples, features...), at least one of each")
    elif x.dtype.kind == "f" and np.abs(x).max() > np.finfo(np.float32).max:
        refuse("x", "has values too large for float32")
    if y.dtype.kind not in "ui":
        refuse("y", f"has dtype {y.dtype}; expected whole numbers")
    if y.shape != x.shape[:1]:
        refuse("y", f"has shape {y.shape}; expected ({len(x)},), a class for each example")
    if x.dtype.kind == "f" and not np.isfinite(x).all():
        refuse("x", f"has {int((~np.isfinite(x)).sum()):,} values that are NaN or infinite")
    if int(y.min()) < 0:
        refuse("y", f"has the label {int(y.min())}; expected classes from 0")
    if int(y.max()) >= 10_000:
        refuse("y", f"has the label {int(y.max())}; expected classes numbered from 0 without gaps")


def _sha256(arrays: Mapping[str, Array]) -> str:
    digest = hashlib.sha256()
    for name in ARRAYS:
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def _split(config: RunConfig, source: Source) -> dict[str, Part]:
    counts = {name: int(getattr(config.data, name) or 0) for name in PARTS}
    if source.warning is not None:
        counts = {name: min(counts[name], SAMPLE_SPLIT[name]) for name in PARTS}
    x, y = source.arrays["x_train"], source.arrays["y_train"].astype(np.int64)
    train, both = counts["train"], counts["train"] + counts["validation"]
    if both > len(y) or counts["test"] > len(source.arrays["y_test"]):
        raise InputError(
            config.fault(
                ("data",),
                f"{both:,} training and validation and {counts['test']:,} test examples asked "
                f"for; there are {len(y):,} and {len(source.arrays['y_test']):,}",
            )
        )
    return {
        "train": Part(x[:train], y[:train]),
        "validation": Part(x[train:both], y[train:both]),
        "test": Part(
            source.arrays["x_test"][: counts["test"]],
            source.arrays["y_test"][: counts["test"]].astype(np.int64),
        ),
    }


def _normalized(how: str, source: str, raw: Mapping[str, Part]) -> dict[str, Part]:
    scale: Callable[[Array], Array] = _scaling(how, source, raw["train"].x)
    return {name: Part(scale(part.x), part.y) for name, part in raw.items()}


def _scaling(how: str, source: str, train: Array) -> Callable[[Array], Array]:
    if how == "unit":
        images = source in ("mnist", "mnist_sample", "fashion_mnist")
        largest = np.float32(IMAGE_MAXIMUM if images else train.max())
        largest = largest if largest > 0 else np.float32(1.0)
        return lambda x: x.astype(np.float32) / largest
    if how == "standardize":
        mean = train.mean(axis=0, dtype=np.float64)
        sd = train.std(axis=0, dtype=np.float64)
        inverse = np.divide(1.0, sd, out=np.zeros_like(sd), where=sd > 0)
        return lambda x: ((x - mean) * inverse).astype(np.float32)
    return lambda x: x.astype(np.float32)


def _noisy(config: RunConfig, number: int, name: str, part: Part) -> Part:
    sd = getattr(config.data.noise, name)
    if not sd:
        return part
    noise = np.random.default_rng([config.seed, number]).standard_normal(
        part.x.shape, dtype=np.float32
    )
    with np.errstate(over="ignore"):  # such noise makes the run diverge, which it then says
        return Part(part.x + np.float32(sd) * noise, part.y)


def fizzbuzz(data: Data) -> dict[str, Array]:
    """Numbers as 10 bits, the lowest first: 101 to 1000 to train on, 1 to 100 to test on.

    Classes: 0 number, 1 fizz (divisible by 3), 2 buzz (by 5), 3 fizzbuzz (by both).
    """

    def examples(first: int, last: int) -> tuple[Array, Array]:
        numbers = np.arange(first, last + 1)
        bits = (numbers[:, None] >> np.arange(10)) & 1
        classes = (numbers % 3 == 0) + 2 * (numbers % 5 == 0)
        return bits.astype(np.uint8), classes.astype(np.uint8)

    return dict(zip(ARRAYS, (*examples(101, 1000), *examples(1, 100)), strict=True))


def circles(data: Data) -> dict[str, Array]:
    """Two classes on two circles, radius 1 and 0.8, with noise of sd 0.1 (as scikit-learn's)."""

    def examples(rng: np.random.Generator, count: int) -> tuple[Array, Array]:
        y = rng.integers(0, 2, count)
        angle = rng.uniform(0.0, 2.0 * np.pi, count)
        radius = np.where(y == 0, 1.0, 0.8)
        points = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        return points + rng.normal(0.0, 0.1, points.shape), y

    return _made(data, examples)


def blobs(data: Data) -> dict[str, Array]:
    """Three classes, each a Gaussian of sd 2 around a centre of its own."""
    centres = np.array([[-4.0, 3.0], [4.0, 3.0], [0.0, -4.0]])

    def examples(rng: np.random.Generator, count: int) -> tuple[Array, Array]:
        y = rng.integers(0, len(centres), count)
        return centres[y] + rng.normal(0.0, 2.0, (count, 2)), y

    return _made(data, examples)


def _made(
    data: Data, examples: Callable[[np.random.Generator, int], tuple[Array, Array]]
) -> dict[str, Array]:
    count = (data.train or 0) + (data.validation or 0)
    x, y = examples(np.random.default_rng([DATA_SEED, 0]), count)
    x_test, y_test = examples(np.random.default_rng([DATA_SEED, 1]), data.test or 0)
    return dict(zip(ARRAYS, (x, y, x_test, y_test), strict=True))
