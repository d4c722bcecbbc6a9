"""Which examples of a source are for training, validation and testing."""

import numpy as np

from kerasdemo.config import InputError, RunConfig
from kerasdemo.data.dataset import PARTS, Array, Source
from kerasdemo.data.generated import DATA_SEED

SAMPLE_SPLIT = {"train": 3_500, "validation": 500, "test": 1_000}


def split(config: RunConfig, source: Source) -> dict[str, tuple[str, Array | slice]]:
    """Return {part: (suffix of the arrays that hold it, indices of its examples)}.

    Validation examples are those behind the training examples, or x_val. `shuffle` mixes the
    examples in one order for all seeds.

    Raises:
        InputError: where more examples are requested than there are.
    """
    counts = {part: int(getattr(config.data, part) or 0) for part in PARTS}
    if source.warning is not None:  # the sample stands in
        counts = {part: min(counts[part], SAMPLE_SPLIT[part]) for part in PARTS}
    train, both = counts["train"], counts["train"] + counts["validation"]
    has_validation = "y_val" in source.arrays
    ranges = {
        "train": ("train", 0, train),
        "validation": ("val", 0, counts["validation"])
        if has_validation
        else ("train", train, both),
        "test": ("test", 0, counts["test"]),
    }
    have = {name: len(source.arrays[f"y_{name}"]) for name, _, _ in ranges.values()}
    if any(last > have[name] for name, _, last in ranges.values()):
        message = (
            f"{both:,} training and validation and {counts['test']:,} test examples requested; "
            f"there are {sum(have.values()) - have['test']:,} and {have['test']:,}"
        )
        raise InputError(config.fault(("data",), message))
    if not config.data.shuffle:
        return {part: (name, slice(first, last)) for part, (name, first, last) in ranges.items()}
    orders = {name: _mixed_order(source.arrays[f"y_{name}"]) for name in have}
    return {part: (name, orders[name][first:last]) for part, (name, first, last) in ranges.items()}


def _mixed_order(y: Array) -> Array:
    """Return an order (n,) of examples in which every stretch has each class in its share."""
    order = np.random.default_rng([DATA_SEED, 2]).permutation(len(y))
    by_class = np.argsort(y[order], kind="stable")
    _, counts = np.unique(y, return_counts=True)
    sizes = np.repeat(counts, counts)
    ranks = np.concatenate([np.arange(count) for count in counts])
    place = np.empty(len(y))
    place[by_class] = (ranks + 0.5) / sizes  # the examples of a class spread evenly over 0 to 1
    mixed: Array = order[np.argsort(place, kind="stable")]
    return mixed
