"""Baselines: the accuracy of simple classifiers on the same examples."""

from functools import lru_cache

import numpy as np

from kerasdemo.data.dataset import Array, Dataset, Part

MAX_FEATURES = 2_000
MAX_EXAMPLES = 20_000
RIDGE = 1e-3
NEIGHBORS = 10
NEIGHBOR_EXAMPLES = 5_000
NEIGHBOR_QUERIES = 1_000


def linear_accuracy(dataset: Dataset) -> dict[str, float | None] | None:
    """Return train and validation accuracy of ridge regression on one-hot classes.

    Closed form on standardized inputs, with a bias (Hastie et al., The Elements of Statistical
    Learning, 4.2). None where there are too many features for it to be quick.
    """
    if int(np.prod(dataset.shape)) > MAX_FEATURES:
        return None
    return _fit(_CacheKey(dataset))[0]


def neighbor_accuracy(dataset: Dataset) -> float | None:
    """Return the leave-one-out accuracy of 10 nearest neighbors.

    Close to what noise in the data allows, where the classes are smooth (Cover and Hart 1967);
    unlike the training accuracy of a network it can't be memorized. On 1,000 of the first
    5,000 training examples; the better of raw and standardized inputs. None where there
    are too many features, or too few examples.
    """
    if not _has_neighbors(dataset):
        return None
    return _vote(_CacheKey(dataset))[0]


def validation_right(dataset: Dataset) -> dict[str, Array]:
    """Return which validation examples each classifier gets right, as booleans (n,).

    Returns:
        {"linear": of all, "neighbors": of the first 1,000 validation examples, by their nearest
        training examples}; without a classifier that would take too long or has too few examples.
    """
    found = {}
    if len(dataset.validation.y) and int(np.prod(dataset.shape)) <= MAX_FEATURES:
        found["linear"] = _fit(_CacheKey(dataset))[1]
    if len(dataset.validation.y) and _has_neighbors(dataset):
        found["neighbors"] = _vote(_CacheKey(dataset))[1]
    return found


def _has_neighbors(dataset: Dataset) -> bool:
    return int(np.prod(dataset.shape)) <= MAX_FEATURES and len(dataset.train.y) > 2 * NEIGHBORS


class _CacheKey:
    """A dataset as a key of a cache: the runs of a sweep share one fit."""

    def __init__(self, dataset: Dataset):
        self.dataset = dataset
        x = dataset.train.x
        sums = (float(x[::97].sum(dtype=np.float64)), float(dataset.validation.x[::97].sum()))
        self.facts = (dataset.source.sha256, x.shape, dataset.validation.x.shape, sums)

    def __hash__(self) -> int:
        return hash(self.facts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _CacheKey) and self.facts == other.facts


@lru_cache(maxsize=8)
def _fit(key: _CacheKey) -> tuple[dict[str, float | None], Array]:
    dataset = key.dataset
    train = Part(dataset.train.x[:MAX_EXAMPLES], dataset.train.y[:MAX_EXAMPLES])
    x = _flat(train.x)
    mean, sd = x.mean(axis=0), x.std(axis=0)
    inverse = np.divide(1.0, sd, out=np.zeros_like(sd), where=sd > 0)

    def standardized(part: Array) -> Array:
        return np.hstack([(_flat(part) - mean) * inverse, np.ones((len(part), 1), np.float32)])

    features = standardized(train.x)
    normal = features.T @ features + RIDGE * len(features) * np.eye(features.shape[1])
    targets = np.eye(dataset.classes, dtype=np.float32)[train.y]
    weights = np.linalg.solve(normal, features.T @ targets)

    def right(part: Part) -> Array:
        found: Array = np.argmax(standardized(part.x) @ weights, axis=1) == part.y
        return found

    seen = right(dataset.validation) if len(dataset.validation.y) else np.zeros(0, bool)
    validation = round(float(seen.mean()), 6) if len(seen) else None
    return {"train": round(float(right(train).mean()), 6), "validation": validation}, seen


@lru_cache(maxsize=8)
def _vote(key: _CacheKey) -> tuple[float, Array]:
    dataset = key.dataset
    x, y = _flat(dataset.train.x[:NEIGHBOR_EXAMPLES]), dataset.train.y[:NEIGHBOR_EXAMPLES]
    mean, sd = x.mean(axis=0), x.std(axis=0)
    inverse = np.divide(1.0, sd, out=np.zeros_like(sd), where=sd > 0)
    votes = np.eye(dataset.classes, dtype=np.float32)[y]
    targets = y[:NEIGHBOR_QUERIES]
    found = {}
    for scale in (np.ones_like(sd), inverse):
        points = (x - mean) * scale
        nearest = _nearest(points, points[: len(targets)], itself=True)
        found[float((votes[nearest].sum(axis=1).argmax(axis=1) == targets).mean())] = points, scale
    best = max(found)
    points, scale = found[best]
    queries = (_flat(dataset.validation.x[:NEIGHBOR_QUERIES]) - mean) * scale
    predictions = votes[_nearest(points, queries)].sum(axis=1).argmax(axis=1)
    return round(best, 6), predictions == dataset.validation.y[: len(queries)]


def _nearest(points: Array, queries: Array, itself: bool = False) -> Array:
    """Return the nearest points (m, 10) of m queries; `itself`: query i is point i, left out."""
    squares = np.einsum("ij,ij->i", points, points)
    distances = squares - 2 * queries @ points.T  # up to a constant for each query
    if itself:
        diagonal = np.arange(len(queries))
        distances[diagonal, diagonal] = np.inf
    nearest: Array = np.argpartition(distances, NEIGHBORS, axis=1)[:, :NEIGHBORS]
    return nearest


def _flat(x: Array) -> Array:
    return x.reshape(len(x), int(np.prod(x.shape[1:])))
