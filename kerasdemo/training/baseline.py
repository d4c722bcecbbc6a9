"""What simple classifiers reach on the same examples: the least that a network should."""

from functools import lru_cache

import numpy as np

from kerasdemo.training.data import Array, Dataset, Part

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
    return _fit(_Key(dataset))


def neighbor_accuracy(dataset: Dataset) -> float | None:
    """Return the accuracy of asking each example's 10 nearest neighbours, itself left out.

    About what noise in the data allows, where the classes are smooth (Cover and Hart 1967), and
    unlike a network's training accuracy nothing that can be learnt by heart. On 1,000 of the first
    5,000 training examples; the better of inputs as they are and standardized. None where there
    are too many features, or too few examples.
    """
    if int(np.prod(dataset.shape)) > MAX_FEATURES or len(dataset.train.y) <= 2 * NEIGHBORS:
        return None
    return _ask_neighbors(_Key(dataset))


class _Key:
    """A dataset as a cache key: the runs of a sweep share its arrays, and one fit."""

    def __init__(self, dataset: Dataset):
        self.dataset = dataset
        x = dataset.train.x
        sums = (float(x[::97].sum(dtype=np.float64)), float(dataset.validation.x[::97].sum()))
        self.facts = (dataset.source.sha256, x.shape, dataset.validation.x.shape, sums)

    def __hash__(self) -> int:
        return hash(self.facts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self.facts == other.facts


@lru_cache(maxsize=8)
def _fit(key: _Key) -> dict[str, float | None]:
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

    def accuracy(part: Part) -> float | None:
        if not len(part.y):
            return None
        right = np.argmax(standardized(part.x) @ weights, axis=1) == part.y
        return round(float(right.mean()), 6)

    return {"train": accuracy(train), "validation": accuracy(dataset.validation)}


@lru_cache(maxsize=8)
def _ask_neighbors(key: _Key) -> float:
    train = key.dataset.train
    x, y = _flat(train.x[:NEIGHBOR_EXAMPLES]), train.y[:NEIGHBOR_EXAMPLES]
    mean, sd = x.mean(axis=0), x.std(axis=0)
    inverse = np.divide(1.0, sd, out=np.zeros_like(sd), where=sd > 0)
    votes = np.eye(key.dataset.classes, dtype=np.float32)[y]
    best = max(_neighbors_right(points, y, votes) for points in (x - mean, (x - mean) * inverse))
    return round(best, 6)


def _neighbors_right(x: Array, y: Array, votes: Array) -> float:
    asked = np.arange(len(x))[:NEIGHBOR_QUERIES]
    squares = np.einsum("ij,ij->i", x, x)
    distances = squares - 2 * x[asked] @ x.T  # of each, but for a constant
    distances[asked, asked] = np.inf
    nearest = np.argpartition(distances, NEIGHBORS, axis=1)[:, :NEIGHBORS]
    answers = votes[nearest].sum(axis=1).argmax(axis=1)
    return float((answers == y[asked]).mean())


def _flat(x: Array) -> Array:
    return x.reshape(len(x), -1)
