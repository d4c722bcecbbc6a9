"""From a config's `data` to arrays. Which examples were used is part of the run's identity."""

import hashlib
import math
import os
import sys
import time
import warnings
import zipfile
from collections.abc import Callable, Mapping
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerasdemo.config import Fault, InputError, RunConfig, regular_file
from kerasdemo.config.consistency import output_faults
from kerasdemo.config.datasets import check_size
from kerasdemo.config.types import Data

Array = NDArray[Any]
PARTS = ("train", "validation", "test")
ARRAYS = ("x_train", "y_train", "x_test", "y_test")
VALIDATION_ARRAYS = ("x_val", "y_val")
SAMPLE = Path(__file__).with_name("mnist_sample") / "mnist_sample.npz"
SAMPLE_SPLIT = {"train": 3_500, "validation": 500, "test": 1_000}
IMAGE_MAXIMUM = 255.0
# Circles, blobs and the order of `shuffle` are the same for every seed: seeds vary the training.
DATA_SEED = 20170
# `check` reads so much of each array: a second or less, all of MNIST.
CHECKED_BYTES = 1 << 26
# A download that failed is not tried again for a day: it can take 20 seconds to fail.
RETRY_SECONDS = 24 * 3600


class SampleStandsIn(UserWarning):
    """MNIST is not available; the bundled sample is used in its place."""


@dataclass(frozen=True)
class Source:
    """A data set as it was found: raw arrays, where they came from, and their fingerprint.

    Labels are whole numbers here, however the file spells them; `class_names` are those of labels
    that are text, sorted, and `class_count` is the width of labels that are one-hot.
    """

    arrays: Mapping[str, Array]
    source: str
    sha256: str
    warning: str | None = None
    class_names: tuple[str, ...] | None = None
    class_count: int | None = None

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
class Scaling:
    """What `data.normalize` does to examples: x / largest, or (x - mean) / sd, or nothing.

    The sd of a feature that does not vary is infinite, so that the feature becomes 0.
    """

    largest: float | None = None
    mean: Array | None = None
    sd: Array | None = None

    def __call__(self, x: Array) -> Array:
        if self.mean is not None and self.sd is not None:
            return ((x - self.mean) * (1.0 / self.sd)).astype(np.float32)
        scaled = x.astype(np.float32)
        return scaled if self.largest is None else scaled / np.float32(self.largest)


@dataclass(frozen=True)
class Dataset:
    """Training, validation and test examples, normalised and noisy as the config asks."""

    train: Part
    validation: Part
    test: Part
    classes: int
    source: Source
    uneven: str | None = None
    """which part lacks classes that another part has, in a sentence"""
    scaling: Scaling = Scaling()
    """what was done to the examples as they were found, before the noise"""

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
        return _from_file(SAMPLE, "mnist_sample")[0]
    place = _file(config)
    if place is not None:
        key, path, name = place
        try:
            return _from_file(path, name)[0]
        except ValueError as error:
            raise InputError(_found_fault(config, f"{key}{error}")) from None
    if data.name in ("mnist", "fashion_mnist"):
        return _images(config)
    made = {"fizzbuzz": fizzbuzz, "circles": circles, "blobs": blobs}[data.name](data)
    return Source(made, data.name, _sha256(made))


def load(config: RunConfig, source: Source | None = None) -> Dataset:
    """Return the examples as the network will see them.

    Args:
        config: whose data they are.
        source: what `find` returned, where it was called already.

    Raises:
        InputError: as `find`, and where more examples are asked for than there are.
    """
    source = source or find(config)
    raw = _split(config, source)
    classes = _classes(config, source)
    labels = {name: part.y for name, part in raw.items()}
    _refuse_unknown_classes(config, labels, classes)
    scaling = _scaling(config.data.normalize, source.source, raw["train"].x)
    scaled = {name: Part(scaling(part.x), part.y) for name, part in raw.items()}
    noisy = {name: _noisy(config, number, name, scaled[name]) for number, name in enumerate(PARTS)}
    uneven = _uneven(config, labels, source.class_names)
    return Dataset(**noisy, classes=classes, source=source, uneven=uneven, scaling=scaling)


def _refuse_unknown_classes(config: RunConfig, labels: Mapping[str, Array], classes: int) -> None:
    for name, y in labels.items():
        beyond = y[y >= classes]
        if beyond.size:
            message = f"label {beyond[0]} in the {name} examples; training has 0 to {classes - 1}"
            raise InputError(config.fault(("data", "path"), message))


def _uneven(
    config: RunConfig, labels: Mapping[str, Array], names: tuple[str, ...] | None
) -> str | None:
    """Return which part lacks classes that another part has, as in a file sorted by class."""
    present = {part: set(np.unique(y).tolist()) for part, y in labels.items() if len(y)}
    every = set[int]().union(*present.values())
    lacking = {
        part: [names[c] if names else str(c) for c in sorted(every - has)]
        for part, has in present.items()
    }
    said = [
        f"no {part} example of {len(missing)} of {len(every)} classes ({_listed(missing)})"
        for part, missing in lacking.items()
        if missing
    ]
    if not said:
        return None
    advice = "give it more examples" if config.data.shuffle else "mix them with data.shuffle: true"
    return f"{' and '.join(said)}: what is measured there says nothing of them; {advice}"


def _listed(words: list[str], most: int = 10) -> str:
    return ", ".join(words[:most]) + (", ..." if len(words) > most else "")


def _classes(config: RunConfig, source: Source) -> int:
    known = config.facts.classes if config.facts else None
    if known is not None:
        return known
    return max(2, source.class_count or int(source.arrays["y_train"].max()) + 1)


def inspect(config: RunConfig) -> list[str]:
    """Look at the file that a config's data come from, as `load` would; return what is odd.

    Small files are read whole, of large ones the first examples and all labels.

    Raises:
        InputError: where `load` or the runner would refuse the data.
    """
    place = _file(config)
    if place is None:
        return []
    key, path, name = place
    try:
        source, read = _from_file(path, name, CHECKED_BYTES)
    except ValueError as error:
        raise InputError(config.fault(("data", "path"), f"{key}{error}")) from None
    labels = {n: source.arrays[f"y_{a}"][i] for n, (a, i) in _choice(config, source).items()}
    classes = _classes(config, source)
    _refuse_unknown_classes(config, labels, classes)
    shape = tuple(source.arrays["x_train"].shape[1:])
    faults = [config.fault(*fault) for fault in output_faults(config, shape, classes)]
    if faults:
        raise InputError(faults)
    uneven = _uneven(config, labels, source.class_names)
    named = source.class_names and f"{len(source.class_names)} classes: " + _listed(
        list(source.class_names)
    )
    return [text for text in (uneven, named, read) if text]


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
        "uneven": dataset.uneven,
        "class_names": dataset.source.class_names and list(dataset.source.class_names),
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


def _file(config: RunConfig) -> tuple[str, Path, str] | None:
    """Return the file that the data are read from: who names it, the path, the data set."""
    name, path = config.data.name, config.data.path
    if path is not None:
        return "", Path(path).expanduser(), name
    variable = _variable(name)
    if name in ("mnist", "fashion_mnist") and os.environ.get(variable):
        return f"{variable}: ", Path(os.environ[variable]).expanduser(), name
    return None


def _variable(name: str) -> str:
    return f"KERASDEMO_{name.upper()}"


def _found_fault(config: RunConfig, message: str) -> Fault:
    """Return a fault of the file itself: `--set` may name the file, but did not damage it."""
    fault = config.fault(("data", "path"), message)
    return Fault(message) if fault.file == "--set" else fault


def _images(config: RunConfig) -> Source:
    """MNIST or Fashion-MNIST from Keras' cache or download."""
    name = config.data.name
    variable = _variable(name)
    arrays = _from_keras(name)
    if isinstance(arrays, str):
        if name == "mnist":
            return _stand_in(variable, arrays)
        message = (
            f"{name} is not available ({arrays}); give `data.path` or set {variable} to an "
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
        return _read(cache)[0]  # without the seconds that importing Keras takes
    failure = cache.with_name(f"{name}.unavailable.txt")
    with suppress(OSError):
        if time.time() - failure.stat().st_mtime < RETRY_SECONDS:
            return _unavailable(failure.read_text(encoding="utf-8"), failure)
    from kerasdemo.backend import keras

    try:
        # Keras tells of its download on standard output, which may be somebody's JSON.
        with _socket_timeout(20.0), redirect_stdout(sys.stderr):
            (x, y), (x_test, y_test) = getattr(keras.datasets, name).load_data()
    except Exception as error:  # Keras has no common type for "no network", "bad checksum", ...
        with suppress(OSError):  # a folder that can't be written to only costs the next try
            failure.parent.mkdir(parents=True, exist_ok=True)
            failure.write_text(_brief(error), encoding="utf-8")
        return _unavailable(_brief(error), failure)
    return dict(zip(ARRAYS, (x, y, x_test, y_test), strict=True))


def _unavailable(reason: str, failure: Path) -> str:
    return f"{reason[:80]}; delete {failure} to try again before tomorrow"


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
        f"MNIST is not available ({why}): the bundled sample of 5,000 digits stands in for "
        f"it. Set {variable} or `data.path` to an mnist.npz for the real thing."
    )
    warnings.warn(message, SampleStandsIn, stacklevel=2)
    sample, _ = _from_file(SAMPLE, "mnist_sample")
    return Source(sample.arrays, sample.source, sample.sha256, message)


def _from_file(path: Path, name: str, most_bytes: int | None = None) -> tuple[Source, str | None]:
    """Read and check an .npz; raise ValueError with what is wrong.

    `most_bytes`: of each array's values; then the source is for looking at only. Returns as well
    what was left out, in words.
    """
    modified = path.stat().st_mtime_ns if path.exists() else 0
    source, read = _checked(path.resolve(), modified, most_bytes)
    if name in ("mnist", "fashion_mnist") and source.arrays["x_train"].shape[1:] != (28, 28):
        got = source.arrays["x_train"].shape[1:]
        raise ValueError(f"{path}: examples of shape {got}; expected (28, 28)")
    return replace(source, source=name), read


@lru_cache(maxsize=4)
def _checked(path: Path, modified: int, most_bytes: int | None) -> tuple[Source, str | None]:
    raw, counts = _read(path, most_bytes)
    labels: dict[str, Array] = {}
    for part in _file_parts(raw):
        try:
            _check(f"x_{part}", raw[f"x_{part}"])
            labels[part] = _labels(f"y_{part}", raw[f"y_{part}"], counts[f"x_{part}"])
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None
        if raw[f"x_{part}"].shape[1:] != raw["x_train"].shape[1:]:
            raise ValueError(
                f"{path}: x_train has examples of shape {raw['x_train'].shape[1:]}, "
                f"x_{part} of {raw[f'x_{part}'].shape[1:]}; expected the same"
            )
    names = _name_classes(path, labels)
    arrays = raw | {f"y_{part}": y for part, y in labels.items()}
    one_hot = raw["y_train"].shape[1:] not in ((), (1,))
    source = Source(
        arrays,
        "file",
        "" if most_bytes else _sha256(raw),
        class_names=names,
        class_count=raw["y_train"].shape[1] if one_hot else (len(names) if names else None),
    )
    short = {a: n for a, n in counts.items() if len(raw[a]) < n}
    said = [f"the first {len(raw[a]):,} of {n:,} examples in {a}" for a, n in short.items()]
    return source, f"checked {' and '.join(said)}; `run` checks all" if said else None


def _file_parts(arrays: Mapping[str, Array]) -> tuple[str, ...]:
    return ("train", "test", "val") if "x_val" in arrays else ("train", "test")


def _read(path: Path, most_bytes: int | None = None) -> tuple[dict[str, Array], dict[str, int]]:
    """Return the arrays of an .npz, and how many examples each has in the file.

    `most_bytes`: read no more than that of the values of each x; labels are read whole.
    """
    problem = regular_file.problem(path)
    if problem is not None:
        raise ValueError(f"{problem}: {path}")
    try:
        check_size(path)
        with np.load(path, allow_pickle=False) as archive:
            if not hasattr(archive, "files"):
                raise ValueError("a single array")
            own = VALIDATION_ARRAYS if set(VALIDATION_ARRAYS) & set(archive.files) else ()
            missing = [name for name in (*ARRAYS, *own) if name not in archive.files]
            if missing:
                raise ValueError(f"no array {', '.join(missing)}; it has {sorted(archive.files)}")
            if most_bytes is None:
                arrays = {name: archive[name] for name in (*ARRAYS, *own)}
                return arrays, {name: len(array) for name, array in arrays.items() if array.ndim}
        with zipfile.ZipFile(path) as members:
            begun = {name: _beginning(members, name, most_bytes) for name in (*ARRAYS, *own)}
        return {n: array for n, (array, _) in begun.items()}, {n: c for n, (_, c) in begun.items()}
    except Exception as error:  # zipfile, zlib and numpy each have errors of their own
        raise ValueError(
            f"{path} is no data set: {_brief(error)} (expected an .npz with plain arrays "
            f"{', '.join(ARRAYS)})"
        ) from None


def _beginning(archive: zipfile.ZipFile, name: str, most_bytes: int) -> tuple[Array, int]:
    """Return the first examples of an array, and how many there are; of labels all."""
    if archive.getinfo(f"{name}.npy").file_size <= most_bytes or name.startswith("y"):
        with archive.open(f"{name}.npy") as member:
            array: Array = np.lib.format.read_array(member, allow_pickle=False)
            return array, len(array) if array.ndim else 0
    with archive.open(f"{name}.npy") as member:
        version = np.lib.format.read_magic(member)
        header: Any = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        # In Fortran's order these are other values of the same array: as good to look at.
        (count, *shape), _, dtype = header(member)
        if dtype.hasobject:
            raise ValueError("Object arrays cannot be loaded when allow_pickle=False")
        size = max(1, dtype.itemsize * math.prod(shape))
        rows = min(count, max(1, most_bytes // size))
        return np.frombuffer(member.read(rows * size), dtype).reshape(rows, *shape), count


def _check(name: str, x: Array) -> None:
    if x.dtype.kind not in "uifb":
        raise ValueError(f"{name} has dtype {x.dtype}; expected numbers")
    if x.ndim < 2 or not x.size:
        raise ValueError(
            f"{name} has shape {x.shape}; expected (examples, features...), at least one of each"
        )
    if x.dtype.kind == "f":
        bad = int((~np.isfinite(x)).sum())
        if bad:
            raise ValueError(f"{name} has {bad:,} values that are NaN or infinite")
        if np.abs(x).max() > np.finfo(np.float32).max:
            raise ValueError(f"{name} has values too large for float32")


def _labels(name: str, y: Array, examples: int) -> Array:
    """Return labels (n,) as whole numbers or text, whether they are a column, floats, one-hot."""
    y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    if y.ndim not in (1, 2) or len(y) != examples:
        raise ValueError(f"{name} has shape {y.shape}; expected ({examples},), a class for each")
    if y.dtype.kind in "US" and y.ndim == 1:
        return y.astype(np.str_)
    if y.dtype.kind not in "uifb":
        raise ValueError(f"{name} has dtype {y.dtype}; expected whole numbers, text or one-hot")
    if y.dtype.kind == "f" and not np.isfinite(y).all():
        raise ValueError(f"{name} has {int((~np.isfinite(y)).sum()):,} labels that are NaN or inf")
    if y.ndim == 2:
        if not (np.isin(y, (0, 1)).all() and (y.sum(axis=1) == 1).all()):
            raise ValueError(
                f"{name} has shape {y.shape} and is not one-hot; expected ({examples},), a class "
                "for each example, or one 1 in each row and else 0"
            )
        y = y.argmax(axis=1)
    parts = y[y != np.floor(y)] if y.dtype.kind == "f" else y[:0]
    if parts.size:
        raise ValueError(f"{name} has the label {parts[0]:g}; expected whole numbers (classes)")
    if y.min() < 0:
        raise ValueError(f"{name} has the label {int(y.min())}; expected classes from 0")
    if y.max() >= 10_000:
        raise ValueError(
            f"{name} has the label {int(y.max())}; expected classes numbered from 0 without gaps"
        )
    return y.astype(np.int64)


def _name_classes(path: Path, labels: dict[str, Array]) -> tuple[str, ...] | None:
    """Number the classes of labels that are text, in place; return their names, sorted."""
    texts = [part for part, y in labels.items() if y.dtype.kind == "U"]
    if not texts:
        return None
    if len(texts) < len(labels):
        others = [part for part in labels if part not in texts]
        raise ValueError(
            f"{path}: y_{texts[0]} has labels that are text, y_{others[0]} numbers; "
            "expected the same of all"
        )
    names = np.unique(labels["train"])
    if len(names) > 10_000:
        raise ValueError(f"{path}: y_train has {len(names):,} different labels; expected classes")
    for part, y in labels.items():
        unknown = y[~np.isin(y, names)]
        if unknown.size:
            known = _listed(names.tolist())
            raise ValueError(f"{path}: y_{part} has the label {unknown[0]!s}; y_train has {known}")
        labels[part] = np.searchsorted(names, y)
    return tuple(names.tolist())


def _sha256(arrays: Mapping[str, Array]) -> str:
    digest = hashlib.sha256()
    for name in (*ARRAYS, *(name for name in VALIDATION_ARRAYS if name in arrays)):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def _split(config: RunConfig, source: Source) -> dict[str, Part]:
    x, y = ({p: source.arrays[f"{a}_{p}"] for p in _file_parts(source.arrays)} for a in "xy")
    return {
        name: Part(x[part][chosen], y[part][chosen].astype(np.int64))
        for name, (part, chosen) in _choice(config, source).items()
    }


def _choice(config: RunConfig, source: Source) -> dict[str, tuple[str, Array | slice]]:
    """Return which examples of which array are the training, validation and test examples."""
    counts = {name: int(getattr(config.data, name) or 0) for name in PARTS}
    if source.warning is not None:
        counts = {name: min(counts[name], SAMPLE_SPLIT[name]) for name in PARTS}
    have = {part: len(source.arrays[f"y_{part}"]) for part in _file_parts(source.arrays)}
    train, both = counts["train"], counts["train"] + counts["validation"]
    own = "val" in have
    if (
        (train if own else both) > have["train"]
        or counts["test"] > have["test"]
        or (own and counts["validation"] > have["val"])
    ):
        raise InputError(
            config.fault(
                ("data",),
                f"{both:,} training and validation and {counts['test']:,} test examples "
                f"requested; there are {sum(have.values()) - have['test']:,} and "
                f"{have['test']:,}",
            )
        )

    def chosen(part: str, first: int, last: int) -> tuple[str, Array | slice]:
        if not config.data.shuffle:
            return part, slice(first, last)
        return part, _mixed(source.arrays[f"y_{part}"])[first:last]

    return {
        "train": chosen("train", 0, train),
        "validation": (
            chosen("val", 0, counts["validation"]) if own else chosen("train", train, both)
        ),
        "test": chosen("test", 0, counts["test"]),
    }


def _mixed(y: Array) -> Array:
    """Return an order of the examples in which every stretch has each class in its share."""
    order = np.random.default_rng([DATA_SEED, 2]).permutation(len(y))
    by_class = np.argsort(y[order], kind="stable")
    _, counts = np.unique(y, return_counts=True)
    sizes = np.repeat(counts, counts)
    ranks = np.concatenate([np.arange(count) for count in counts])
    place = np.empty(len(y))
    place[by_class] = (ranks + 0.5) / sizes  # the examples of a class spread evenly over 0 to 1
    mixed: Array = order[np.argsort(place, kind="stable")]
    return mixed


def _scaling(how: str, source: str, train: Array) -> Scaling:
    if how == "unit":
        images = source in ("mnist", "mnist_sample", "fashion_mnist")
        largest = IMAGE_MAXIMUM if images else float(train.max())
        return Scaling(largest if largest > 0 else 1.0)
    if how == "standardize":
        sd = train.std(axis=0, dtype=np.float64)
        return Scaling(mean=train.mean(axis=0, dtype=np.float64), sd=np.where(sd > 0, sd, np.inf))
    return Scaling()


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
