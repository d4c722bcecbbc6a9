"""What run.json records of the data: what they are like, and how simple models do on them."""

from typing import Any

import numpy as np

from kerasdemo.config import RunConfig
from kerasdemo.config.data_types import TABLES, TEXTS
from kerasdemo.data import arrays
from kerasdemo.data.baselines import linear_accuracy, neighbor_accuracy, validation_right
from kerasdemo.data.dataset import Array, Dataset, Part, describe


@np.errstate(over="ignore", invalid="ignore")  # data can be as bad as the run it makes
def describe_data(
    config: RunConfig, dataset: Dataset, network_right: Array | None
) -> dict[str, Any]:
    """Return `data` and `baseline_pairs` of run.json.

    Args:
        config: of the run.
        dataset: its examples.
        network_right: which validation examples (n,) the network predicts right; None where that is
            not known, or the task has no right and wrong.
    """
    name = {"name": config.data.name}
    if config.task == "classification" and config.data.name not in (*TABLES, *TEXTS):
        found, right = _describe_classes(dataset), _first(validation_right(dataset))
    else:
        found, right = _describe_arrays(config, dataset)
    pairs = {}
    if network_right is not None:
        for baseline, (rows, is_right) in right.items():
            network = network_right[rows]
            pairs[baseline] = {
                "only_baseline_right": int((is_right & ~network).sum()),
                "only_network_right": int((network & ~is_right).sum()),
            }
    return {"data": name | found, "baseline_pairs": pairs}


def _describe_classes(dataset: Dataset) -> dict[str, Any]:
    """Return the facts of images and points in classes, as they were recorded from the start."""
    neighbors = validation_right(dataset).get("neighbors")
    return {
        **describe(dataset),
        "linear_baseline": linear_accuracy(dataset),
        "neighbor_baseline": neighbor_accuracy(dataset),
        "neighbor_baseline_validation": (
            None if neighbors is None else round(float(neighbors.mean()), 6)
        ),
    }


def _first(right: dict[str, Array]) -> dict[str, tuple[Array, Array]]:
    """Return the rows that baselines are measured on, the first ones, with what is right there."""
    return {name: (np.arange(len(found)), found) for name, found in right.items()}


def _describe_arrays(
    config: RunConfig, dataset: Dataset
) -> tuple[dict[str, Any], dict[str, tuple[Array, Array]]]:
    """Return the facts that models from Python have, and which examples baselines get right."""
    train, source = dataset.train, dataset.source
    validation = _pair(dataset.validation) if len(dataset.validation.y) else None
    given = (*_pair(train), validation, config.task)
    arguments: dict[str, Any] = {
        "tokens": train.x.dtype.kind in "iu",
        "classes": dataset.classes,
    }
    test = arrays.describe_part(
        *_pair(dataset.test), config.task, tokens=arguments["tokens"], classes=dataset.classes
    )
    found = {
        **arrays.facts(*given, sha256=source.sha256, **arguments),
        "source": source.name,
        "warning": source.warning,
        "uneven": dataset.uneven,
        "class_names": source.class_names and list(source.class_names),
        "test": len(dataset.test.y),
        **{f"test_{name}": value for name, value in test.items()},
        **dataset.facts,
    }
    if "target_copies" in found and dataset.encoding is not None:
        names = dataset.encoding.names
        copies = found["target_copies"].items()
        found["target_copies"] = {names[int(number)]: value for number, value in copies}
    return found, arrays.validation_right(*given, **arguments)


def _pair(part: Part) -> tuple[Array, Array]:
    return part.x, part.y
