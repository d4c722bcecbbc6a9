"""A config's metrics are Keras' own, one number each."""

import numpy as np
import pytest

from kerasdemo.backend import keras
from kerasdemo.config import keras_arguments, parse
from kerasdemo.training.metrics import make_metrics

ONE_UNIT = "data: {name: circles}\nloss: binary_crossentropy\n"
SPARSE = "data: {name: blobs}\nloss: sparse_categorical_crossentropy\n"
REGRESSION = "data: {name: friedman}\n"
SEVERAL = "data: {name: blobs}\n"
# The arguments that a metric needs, and the task that it is for.
ARGUMENTS = {
    "precision_at_recall": "recall: 0.5",
    "recall_at_precision": "precision: 0.5",
    "sensitivity_at_specificity": "specificity: 0.5",
    "specificity_at_sensitivity": "sensitivity: 0.5",
    "f1_score": "average: macro",
    "f_beta_score": "average: macro, beta: 2.0",
    "auc": "curve: PR, thresholds: [0.1, 0.5, 0.9]",
}
OF_ONE_UNIT = {"binary_accuracy", "binary_crossentropy", "binary_io_u", "hinge", "squared_hinge"}
OF_NUMBERS = {
    *("mean_absolute_percentage_error", "mean_squared_logarithmic_error", "log_cosh_error"),
    *("poisson", "r2_score"),
}
BETWEEN_COLUMNS = {"cosine_similarity", "pearson_correlation", "concordance_correlation"}
RNG = np.random.default_rng(0)


def task_of(name: str) -> tuple[str, np.ndarray, np.ndarray]:
    """Return a config, targets and outputs that a metric is for."""
    if name in OF_ONE_UNIT:
        return ONE_UNIT, RNG.integers(0, 2, (20, 1)).astype("float32"), RNG.random((20, 1), "f")
    if name in OF_NUMBERS:
        return REGRESSION, RNG.random((20, 1), "f"), RNG.random((20, 1), "f")
    classes = RNG.integers(0, 3, 20)
    outputs = RNG.dirichlet(np.ones(3), 20).astype("float32")
    if name.startswith("sparse_"):
        return SPARSE, classes, outputs
    return SEVERAL, np.eye(3, dtype="float32")[classes], outputs


@pytest.mark.parametrize(
    "name", [name for name in keras_arguments.names("metrics") if name not in BETWEEN_COLUMNS]
)
def test_every_metric_is_one_number(name: str) -> None:
    text, targets, outputs = task_of(name)
    arguments = ARGUMENTS.get(name)
    written = f"{{name: {name}, {arguments}}}" if arguments else name
    ((column, metric),) = make_metrics(parse(f"{text}metrics: [{written}]")).items()
    assert column == metric.name == name
    metric.update_state(targets, outputs)
    value = np.asarray(metric.result())
    assert value.shape == ()
    assert np.isfinite(value)


@pytest.mark.parametrize("name", keras_arguments.names("metrics"))
def test_keras_knows_every_metric_by_its_name(name: str) -> None:
    if name not in ARGUMENTS:
        assert type(keras.metrics.get(name)).__name__ == keras_arguments.class_name("metrics", name)


def test_short_names_mean_what_they_mean_in_keras() -> None:
    for alias, name in keras_arguments.aliases("metrics").items():
        assert type(keras.metrics.get(alias)) is type(keras.metrics.get(name))


def test_metrics_of_one_name_are_told_apart() -> None:
    config = parse(ONE_UNIT + "metrics: [precision, {name: precision, thresholds: 0.9}]")
    one, other = make_metrics(config).values()
    for metric in (one, other):
        metric.update_state([[1.0], [0.0], [1.0]], [[0.95], [0.6], [0.7]])
    assert (one.name, float(one.result())) == ("precision", pytest.approx(2 / 3))
    assert (other.name, float(other.result())) == ("precision_2", pytest.approx(1.0))
