"""Scores against values worked out by hand."""

import math

import numpy as np
import pytest

from kerasdemo.data.scores import auc, balanced_accuracy, midranks, r2, r2_error

TRUTH = np.array([0, 0, 1, 1])


def test_r2_is_the_share_of_variance_explained() -> None:
    y, prediction = np.array([0.0, 2.0, 4.0]), np.array([1.0, 2.0, 3.0])
    # Squared errors 1, 0, 1 against 4, 0, 4 about the mean.
    assert r2(y, prediction, 2.0) == pytest.approx(0.75)
    assert r2(y, np.full(3, 2.0), 2.0) == 0.0
    assert r2(y, y, 2.0) == 1.0
    # About the training mean of other data: 9 + 1 + 1 in place of 8.
    assert r2(y, prediction, 3.0) == pytest.approx(1 - 2 / 11)


def test_r2_adds_up_columns() -> None:
    y = np.array([[0.0, 10.0], [2.0, 30.0]])
    prediction = np.array([[0.0, 20.0], [2.0, 20.0]])
    assert r2(y, prediction, y.mean(axis=0)) == pytest.approx(1 - 200 / 202)
    assert r2(y[:, 1], prediction[:, 1:], 20.0) == 0.0  # (n,) against (n, 1)


def test_r2_error_is_that_of_the_mean_of_squares() -> None:
    y, prediction = np.array([0.0, 2.0, 4.0, 6.0]), np.array([1.0, 2.0, 3.0, 6.0])
    # Squared errors 1, 0, 1, 0 have a deviation of 1/2; the variance about 3 is 5.
    assert r2_error(y, prediction, 3.0) == pytest.approx(0.5 / math.sqrt(4) / 5)
    assert r2_error(y, y, 3.0) == 0.0


def test_r2_error_says_how_r2_varies_on_these_targets() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=500)
    predictions = y + rng.normal(0.0, 0.5, (400, 500))
    found = [r2(y, prediction, 0.0) for prediction in predictions]
    error = r2_error(y, predictions[0], 0.0)
    assert error == pytest.approx(np.std(found), rel=0.15)


@pytest.mark.parametrize("prediction", [[np.nan, 1.0], [np.inf, 1.0], [1e200, 1e200]])
def test_a_diverged_network_has_no_r2(prediction: list[float]) -> None:
    assert r2(np.array([0.0, 1.0]), np.array(prediction), 0.5) is None
    assert r2_error(np.array([0.0, 1.0]), np.array(prediction), 0.5) is None


def test_targets_that_do_not_vary_have_no_r2() -> None:
    assert r2(np.ones(3), np.ones(3), 1.0) is None
    assert r2(np.zeros(0), np.zeros(0), 1.0) is None


def test_balanced_accuracy_is_the_mean_over_both_kinds() -> None:
    # 3 of 4 negatives and 1 of 2 positives are right.
    y, score = np.array([0, 0, 0, 0, 1, 1]), np.array([0.1, 0.2, 0.5, 0.9, 0.8, 0.3])
    assert balanced_accuracy(y, score) == pytest.approx((3 / 4 + 1 / 2) / 2)
    assert balanced_accuracy(y, score - 0.5, threshold=0.0) == balanced_accuracy(y, score)
    assert balanced_accuracy(y, np.zeros(6)) == 0.5


@pytest.mark.parametrize(
    ("score", "area"),
    [
        ([0.1, 0.2, 0.3, 0.4], 1.0),
        ([0.4, 0.3, 0.2, 0.1], 0.0),
        ([0.5, 0.5, 0.5, 0.5], 0.5),
        ([0.1, 0.4, 0.35, 0.8], 0.75),  # scikit-learn's example
        ([0.1, 0.4, 0.4, 0.8], 0.875),  # one of four pairs is a tie
        ([-np.inf, 0.4, 0.4, np.inf], 0.875),
    ],
)
def test_auc_is_the_share_of_pairs_in_order(score: list[float], area: float) -> None:
    assert auc(TRUTH, np.array(score)) == pytest.approx(area)


def test_auc_counts_pairs() -> None:
    rng = np.random.default_rng(0)
    y, score = rng.integers(0, 2, 200), rng.integers(0, 9, 200)  # many ties
    positive, negative = score[y == 1][:, None], score[y == 0]
    pairs = (positive > negative).mean() + (positive == negative).mean() / 2
    assert auc(y, score) == pytest.approx(pairs)
    assert auc(y, -score) == pytest.approx(1 - pairs)


def test_labels_without_both_kinds_do_not_count() -> None:
    y = np.column_stack([TRUTH, np.zeros(4), TRUTH])
    score = np.array([[0.1, 0.9, 0.9], [0.2, 0.9, 0.9], [0.6, 0.9, 0.1], [0.9, 0.9, 0.1]])
    assert auc(y, score) == 0.5  # 1 and 0
    assert balanced_accuracy(y, score) == 0.5
    assert auc(np.zeros(4), score[:, 0]) is None
    assert balanced_accuracy(np.ones((4, 1)), score[:, :1]) is None
    assert auc(np.zeros((0, 2)), np.zeros((0, 2))) is None


def test_scores_that_are_nan_have_no_auc() -> None:
    assert auc(TRUTH, np.array([0.1, np.nan, 0.3, 0.4])) is None


def test_equal_values_share_their_rank() -> None:
    assert midranks(np.array([3.0, 1.0, 3.0, 2.0])).tolist() == [3.5, 1.0, 3.5, 2.0]
