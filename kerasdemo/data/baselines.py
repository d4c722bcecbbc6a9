"""Baselines: the score of simple models on the same examples."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass

import numpy as np

from kerasdemo.data.dataset import Array, Dataset, Part
from kerasdemo.data.scores import r2

MAX_FEATURES = 2_000
MAX_EXAMPLES = 20_000
MAX_COLUMNS = 1_000
RIDGE = 1e-3
NEIGHBORS = 10
NEIGHBOR_EXAMPLES = 5_000
NEIGHBOR_QUERIES = 1_000
# Label noise: so many neighbors vote, on the queries that they agree on most.
VOTERS = 20
# Queries whose distances are computed at once.
BLOCK = 100
CONFIDENT_SHARE = 0.25
# Neighbors can tell noise where they go so much of the way from chance to perfect, and from chance
# to what the noise allows. With 0.5 to 0.6 for the latter, right labels of two normal classes 1 to
# 1.6 standard deviations apart were taken for noise in 2 to 12 of 12 samples; with 0.7 in 0 or 1.
MIN_PROGRESS = 0.4
MIN_PROGRESS_WITH_NOISE = 0.7
# So many results are kept for the next run on the same data.
MAX_KNOWN = 32


@dataclass(frozen=True)
class Problem:
    """Examples as simple models see them.

    Args:
        train, validation: x (n, *shape) float32, and y: classes (n,), of several labels 0 or 1
            (n, labels), of regression numbers about their training mean (n, columns) float32.
        task: classification, binary, multi_label or regression.
        classes: number of classes; of binary 2, of the others 0.
        key: equal for equal problems, so that the runs of a sweep share one fit.
    """

    train: Part
    validation: Part
    task: str
    classes: int
    key: Hashable

    @classmethod
    def of_dataset(cls, dataset: Dataset) -> "Problem":
        train, validation = dataset.train, dataset.validation
        sums = (float(train.x[::97].sum(dtype=np.float64)), float(validation.x[::97].sum()))
        key = (dataset.source.sha256, train.x.shape, validation.x.shape, sums)
        return cls(train, validation, "classification", dataset.outputs, key)

    @property
    def has_classes(self) -> bool:
        return self.task in ("classification", "binary")

    @property
    def features(self) -> int:
        return int(np.prod(self.train.x.shape[1:]))

    def encode(self, y: Array) -> Array:
        """Return what a model is fitted to, (n, columns) float32: classes one-hot."""
        if self.has_classes:
            return np.eye(self.classes, dtype=np.float32)[y]
        return y.astype(np.float32)

    def right(self, outputs: Array, y: Array) -> Array:
        """Return which classes (n,), or labels (n, labels), a model's outputs get right."""
        found: Array = (outputs.argmax(axis=1) if self.has_classes else outputs > 0.5) == y
        return found

    def score(self, outputs: Array, y: Array) -> float | None:
        """Return accuracy, or R² of regression; None without examples."""
        if not len(y):
            return None
        if self.task == "regression":
            found = r2(y, outputs, 0.0)
            return None if found is None else round(found, 6)
        return round(float(self.right(outputs, y).mean()), 6)


@dataclass(frozen=True)
class Baseline:
    """How a simple model does.

    Args:
        train, validation: its score; of neighbors `train` is left out one by one.
        right: which of the first validation examples (n,) it classifies correctly; None where
            the task has no classes.
        label_noise: of neighbors that can tell: the share of wrong labels among the training
            examples whose class is plainest, and how many examples these are.
    """

    train: float | None
    validation: float | None
    right: Array | None
    label_noise: tuple[float, int] | None = None


def linear_accuracy(dataset: Dataset) -> dict[str, float | None] | None:
    """Return train and validation accuracy of ridge regression on one-hot classes.

    None where there are too many features for it to be quick.
    """
    found = find_linear(Problem.of_dataset(dataset))
    return None if found is None else {"train": found.train, "validation": found.validation}


def neighbor_accuracy(dataset: Dataset) -> float | None:
    """Return the leave-one-out accuracy of 10 nearest neighbors.

    None where there are too many features, or too few examples.
    """
    found = find_neighbors(Problem.of_dataset(dataset))
    return None if found is None else found.train


def validation_right(dataset: Dataset) -> dict[str, Array]:
    """Return which validation examples each classifier gets right, as booleans (n,).

    Returns:
        {"linear": of all, "neighbors": of the first 1,000 validation examples, by their nearest
        training examples}; without a classifier that would take too long or has too few examples.
    """
    problem = Problem.of_dataset(dataset)
    found = {"linear": find_linear(problem), "neighbors": find_neighbors(problem)}
    return {
        name: baseline.right
        for name, baseline in found.items()
        if baseline and baseline.right is not None and len(problem.validation.y)
    }


def find_linear(problem: Problem) -> Baseline | None:
    """Return how ridge regression does: on one-hot classes, on labels, or on numbers.

    Closed form on standardized inputs, with a bias (Hastie et al., The Elements of Statistical
    Learning, 3.4 and 4.2). None where there are too many features or columns for it to be quick.
    """
    if problem.features > MAX_FEATURES or not _has_few_columns(problem):
        return None
    return _once("linear", problem, _fit)


def find_neighbors(problem: Problem) -> Baseline | None:
    """Return how 10 nearest neighbors do: by majority, or the mean of numbers.

    Close to what noise in the data allows, where the classes are smooth (Cover and Hart 1967);
    unlike the training score of a network it can't be memorized. On 1,000 of the first
    5,000 training examples, and on the first 1,000 validation examples; the better of raw and
    standardized inputs. None where there are too many features, or too few examples.
    """
    if problem.features > MAX_FEATURES or not _has_few_columns(problem):
        return None
    return _once("neighbors", problem, _vote) if len(problem.train.y) > 2 * NEIGHBORS else None


def _has_few_columns(problem: Problem) -> bool:
    y = problem.train.y
    return (problem.classes if problem.has_classes else y.shape[1]) <= MAX_COLUMNS


_known: dict[tuple[str, Hashable], Baseline] = {}


def _once(name: str, problem: Problem, find: Callable[[Problem], Baseline]) -> Baseline:
    """Return a baseline, found once for equal problems; the examples themselves are not kept."""
    key = (name, problem.key)
    if key not in _known:
        if len(_known) >= MAX_KNOWN:
            del _known[next(iter(_known))]
        _known[key] = find(problem)
    return _known[key]


def _fit(problem: Problem) -> Baseline:
    train = Part(problem.train.x[:MAX_EXAMPLES], problem.train.y[:MAX_EXAMPLES])
    x = _flat(train.x)
    mean, sd = x.mean(axis=0), x.std(axis=0)
    inverse = np.divide(1.0, sd, out=np.zeros_like(sd), where=sd > 0)

    def standardized(part: Array) -> Array:
        return np.hstack([(_flat(part) - mean) * inverse, np.ones((len(part), 1), np.float32)])

    features = standardized(train.x)
    normal = features.T @ features + RIDGE * len(features) * np.eye(features.shape[1])
    weights = np.linalg.solve(normal, features.T @ problem.encode(train.y))
    validation = problem.validation
    fitted, outputs = features @ weights, standardized(validation.x) @ weights
    if not problem.has_classes:
        # A feature that hardly varied in training can take a line anywhere.
        fitted, outputs = (np.clip(o, train.y.min(0), train.y.max(0)) for o in (fitted, outputs))
    return Baseline(
        problem.score(fitted, train.y),
        problem.score(outputs, validation.y),
        problem.right(outputs, validation.y) if problem.has_classes else None,
    )


def _vote(problem: Problem) -> Baseline:
    x, y = _flat(problem.train.x[:NEIGHBOR_EXAMPLES]), problem.train.y[:NEIGHBOR_EXAMPLES]
    mean, sd = x.mean(axis=0), x.std(axis=0)
    inverse = np.divide(1.0, sd, out=np.zeros_like(sd), where=sd > 0)
    votes = problem.encode(y)
    targets = y[:NEIGHBOR_QUERIES]
    found = {}
    for scale in (np.ones_like(sd), inverse):
        points = (x - mean) * scale
        nearest = _find_nearest(points, points[: len(targets)], are_among_them=True)
        score = problem.score(votes[nearest[:, :NEIGHBORS]].mean(axis=1), targets)
        found[-np.inf if score is None else score] = points, scale, nearest
    best = max(found)
    points, scale, nearest = found[best]
    noise = _find_label_noise(votes, targets, nearest) if problem.has_classes else None
    validation = Part(
        _flat(problem.validation.x[:NEIGHBOR_QUERIES]), problem.validation.y[:NEIGHBOR_QUERIES]
    )
    nearest = _find_nearest(points, (validation.x - mean) * scale)
    outputs = votes[nearest[:, :NEIGHBORS]].mean(axis=1)
    return Baseline(
        best if np.isfinite(best) else None,
        problem.score(outputs, validation.y),
        problem.right(outputs, validation.y) if problem.has_classes else None,
        noise,
    )


def _find_label_noise(votes: Array, labels: Array, nearest: Array) -> tuple[float, int] | None:
    """Return the share of labels that are wrong, and on how many examples it is measured.

    Where classes overlap, neighbors contradict a label at the border only; labels that are wrong
    at random contradict them everywhere. So: the share of labels that contradict the 20 nearest
    neighbors, among the quarter of examples whose neighbors agree most (the least probability of
    a label over the inputs bounds its noise: Liu and Tao 2016). None where neighbors do much
    worse than that noise allows: then the inputs do not tell the class.
    """
    if votes.shape[0] < 4 * VOTERS:
        return None
    shares = votes[nearest].mean(axis=1)
    wrong = shares.argmax(axis=1) != labels
    confident = np.argsort(-shares.max(axis=1), kind="stable")[: int(len(labels) * CONFIDENT_SHARE)]
    noise = float(wrong[confident].mean())
    chance = float(votes.mean(axis=0).max())
    reached, possible = 1 - float(wrong.mean()) - chance, 1 - noise - chance
    least = max(MIN_PROGRESS * (1 - chance), MIN_PROGRESS_WITH_NOISE * possible)
    if chance == 1 or reached < least:
        return None
    return round(noise, 6), len(confident)


def _find_nearest(points: Array, queries: Array, *, are_among_them: bool = False) -> Array:
    """Return the numbers of the VOTERS nearest points (m, VOTERS), first the NEIGHBORS nearest.

    Args:
        points: (n, features).
        queries: (m, features).
        are_among_them: whether the queries are the first points, and none its own neighbor.
    """
    squares = np.einsum("ij,ij->i", points, points)
    count = min(VOTERS, len(points) - 1)
    nearest = np.empty((len(queries), count), np.int64)
    # In blocks: fresh memory for all distances at once takes longer than to compute them.
    for start in range(0, len(queries), BLOCK):
        block = queries[start : start + BLOCK]
        distances = squares - 2 * block @ points.T  # up to one term of the query
        if are_among_them:
            rows = np.arange(len(block))
            distances[rows, start + rows] = np.inf
        order = np.argpartition(distances, (NEIGHBORS, count), axis=1)
        nearest[start : start + BLOCK] = order[:, :count]
    return nearest


def _flat(x: Array) -> Array:
    return x.reshape(len(x), int(np.prod(x.shape[1:])))
