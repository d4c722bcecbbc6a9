"""From a config's `data` to the examples as the network sees them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from kerasdemo.config import InputError, RunConfig
from kerasdemo.config.consistency import output_faults, vocabulary_faults
from kerasdemo.config.dataset_info import Targets
from kerasdemo.data import images, tables
from kerasdemo.data.class_weight import check_classes
from kerasdemo.data.dataset import PARTS, Array, Dataset, Part, Scaling, Source
from kerasdemo.data.gaps import describe_gaps
from kerasdemo.data.noise import add_noise
from kerasdemo.data.npz_file import list_some
from kerasdemo.data.sources import describe_missing, find, find_file, read_file
from kerasdemo.data.split import split

IMAGES = ("mnist", "mnist_sample", "fashion_mnist", "cifar10", "cifar100", "image_folder")
TARGETS: Mapping[Targets, Any] = {
    "classes": "classification",
    "labels": "multi_label",
    "numbers": "regression",
}
IMAGE_MAXIMUM = 255.0
# `check` reads so much of each array: a second or less, all of MNIST.
CHECKED_BYTES = 1 << 26


def load(config: RunConfig, source: Source | None = None) -> Dataset:
    """Return the examples of a config, split, normalized and with its noise.

    Args:
        config: whose `data` is loaded; its seed is that of the noise.
        source: where `find` has found the data already.

    Raises:
        InputError: as for `find`; and where there are fewer examples than requested.
    """
    source = source or find(config)
    dataset = tables.load(config, source) if config.data.is_table else _load(config, source)
    if config.data.normalize_target is None:
        return dataset
    scaling = Scaling.fit(config.data.normalize_target, dataset.train.y)
    parts: dict[str, Any] = {name: getattr(dataset, name) for name in PARTS}
    scaled: dict[str, Any] = {name: Part(one.x, scaling(one.y)) for name, one in parts.items()}
    return replace(dataset, **scaled, target_scaling=scaling)


def _load(config: RunConfig, source: Source) -> Dataset:
    """Return the examples of a data set that is no table."""
    faults = vocabulary_faults(config, source.arrays["x_train"])
    if found := [config.fault(*fault) for fault in faults]:
        raise InputError(found)
    parts = split(config, source)
    y, outputs, uneven = _targets(config, source, parts)
    x = {part: source.arrays[f"x_{name}"][chosen] for part, (name, chosen) in parts.items()}
    maximum = IMAGE_MAXIMUM if source.name in IMAGES else None
    scaling = Scaling.fit(config.data.normalize or "none", x["train"], maximum)
    examples: dict[str, Any] = {}
    for part in PARTS:
        # Words' numbers stay whole.
        scaled = x[part].astype(np.int32) if config.data.is_text else scaling(x[part])
        examples[part] = Part(add_noise(config, part, scaled), y[part])
    return Dataset(
        **examples,
        outputs=outputs,
        source=source,
        uneven=uneven,
        scaling=scaling,
        targets=TARGETS[source.targets],
    )


def check(config: RunConfig) -> list[str]:
    """Check the file that a config's data comes from, as `load` would; return remarks on the data.

    Small files are read whole, of large ones the first examples and all labels.

    Raises:
        InputError: where `load` or the runner would refuse the data.
    """
    if config.data.is_table:
        return tables.check(config)
    if config.data.name == "image_folder":
        return images.check(config)
    file = find_file(config)
    if file is None:
        missing = describe_missing(config)
        return [missing] if missing else []
    named_by, path = file
    try:
        source, excerpt = read_file(config, path, CHECKED_BYTES)
    except ValueError as error:
        raise InputError(config.fault(("data", "path"), f"{named_by}{error}")) from None
    _, outputs, uneven = _targets(config, source, split(config, source))
    shape = tuple(source.arrays["x_train"].shape[1:])
    found = [
        *output_faults(config, shape, outputs, source.targets),
        *vocabulary_faults(config, source.arrays["x_train"]),
    ]
    if found:
        raise InputError([config.fault(*fault) for fault in found])
    names = source.class_names
    if source.targets == "classes":
        check_classes(config, names or tuple(map(str, range(outputs))))
    named = f"{len(names)} classes: {list_some(names)}" if names else None
    return [text for text in (uneven, named, excerpt) if text]


def _targets(
    config: RunConfig, source: Source, parts: Mapping[str, tuple[str, Array | slice]]
) -> tuple[dict[str, Array], int, str | None]:
    """Return the targets of each part, the number of outputs, and which part lacks which class.

    Raises:
        InputError: where a part has a class that the training examples do not have.
    """
    y = {part: source.arrays[f"y_{name}"][chosen] for part, (name, chosen) in parts.items()}
    if source.targets == "numbers":
        return {part: t.astype(np.float32) for part, t in y.items()}, y["train"].shape[1], None
    if source.targets == "labels":
        present = {
            part: set(np.flatnonzero(t.any(axis=0)).tolist()) for part, t in y.items() if len(t)
        }
        uneven = describe_gaps(present, source.column_names, "labels", config.data.shuffle)
        return y, y["train"].shape[1], uneven
    known = config.dataset_info.classes if config.dataset_info else None
    classes = known or max(2, source.class_count or int(source.arrays["y_train"].max()) + 1)
    for part, labels in y.items():
        unknown = labels[labels >= classes]
        if unknown.size:
            message = f"label {unknown[0]} in the {part} examples; training has 0 to {classes - 1}"
            raise InputError(config.fault(("data", "path"), message))
    present = {part: set(np.unique(labels).tolist()) for part, labels in y.items() if len(labels)}
    uneven = describe_gaps(present, source.class_names, "classes", config.data.shuffle)
    return {part: labels.astype(np.int64) for part, labels in y.items()}, classes, uneven
