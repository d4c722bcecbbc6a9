"""From a config's `metrics` to ordinary Keras metrics."""

from typing import Any

from kerasdemo.config import RunConfig
from kerasdemo.training.keras_classes import classes


def make_metrics(config: RunConfig) -> dict[str, Any]:
    """Return new Keras metrics by their columns in metrics.csv, which are their names, too.

    They take the targets that the loss takes, (n,), (n, 1) or (n, units), and the outputs; one that
    does not fit them was refused when the config was loaded.
    """
    return {
        column: classes("metrics")[metric.name](**_arguments(metric.arguments), name=column)
        for column, metric in config.metric_columns.items()
    }


def _arguments(given: dict[str, Any]) -> dict[str, Any]:
    """Return arguments as Keras takes them, which knows lists but no tuples."""
    return {key: list(value) if isinstance(value, tuple) else value for key, value in given.items()}
