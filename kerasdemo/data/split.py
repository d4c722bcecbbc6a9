"""Which examples of a source are for training, validation and testing."""

import numpy as np

from kerasdemo.config import InputError, RunConfig
from kerasdemo.data.dataset import PARTS, Array, Source
from kerasdemo.data.generated import DATA_SEED

# Numbers are mixed so that every stretch has each tenth of them in its share.
BINS = 10
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
    seed = config.data.split_seed
    orders = {name: mixed_order(source.arrays[f"y_{name}"], seed) for name in have}
    return {part: (name, orders[name][first:last]) for part, (name, first, last) in ranges.items()}


def mixed_order(y: Array, seed: int = 0) -> Array:
    """Return an order (n,) of examples in which every stretch has each kind in its share.

    Kinds are classes; of labels the rarest one that an example has; of numbers their tenths, of
    several columns the tenths of their mean rank.

    Args:
        y: classes (n,), labels 0 and 1 (n, labels), or numbers (n, columns), whole or not, as of
            `Part`.
        seed: `data.split_seed`.
    """
    # With 0 the order is that of runs from before the seed.
    rng = np.random.default_rng([DATA_SEED, 2, *([seed] if seed else [])])
    order = rng.permutation(len(y))
    kinds = y if y.ndim == 1 else _kinds(y)
    by_kind = np.argsort(kinds[order], kind="stable")
    _, counts = np.unique(kinds, return_counts=True)
    # The examples of a kind are spread evenly over 0 to 1; of many small kinds each begins
    # elsewhere, or they would meet in the middle.
    begin = np.full(len(counts), 0.5) if y.ndim == 1 else rng.uniform(size=len(counts))
    ranks = np.concatenate(
        [np.arange(count) + start for count, start in zip(counts, begin, strict=True)] or [[]]
    )
    place = np.empty(len(y))
    place[by_kind] = ranks / np.repeat(counts, counts)
    mixed: Array = order[np.argsort(place, kind="stable")]
    return mixed


def _kinds(y: Array) -> Array:
    """Return a number (n,) for the kind of each example, of labels or numbers (n, columns)."""
    if y.dtype.kind != "f":
        rarity = np.where(y > 0, 1.0 / np.maximum(y.sum(axis=0), 1), 0.0)
        return np.where(y.any(axis=1), rarity.argmax(axis=1), -1)
    ranks = y.argsort(axis=0, kind="stable").argsort(axis=0, kind="stable").mean(axis=1)
    place: Array = ranks.argsort(kind="stable").argsort(kind="stable")
    return place * BINS // max(len(y), 1)
