"""The task of a config, found from its targets and its loss; and whether the rest fits the task."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from kerasdemo.config import losses
from kerasdemo.config.data_types import Data
from kerasdemo.config.dataset_info import DatasetInfo
from kerasdemo.config.document import Key
from kerasdemo.config.types import RunConfig

# How a loss takes targets: numbers or labels, classes, one column, or one for each class.
Encoding = Literal["numbers", "sparse", "single", "one_hot"]

# Whole numbers of more different values than this are numbers, where no loss says what they are.
MOST_CLASSES = 20
DEFAULT_LOSSES = {
    "regression": {"name": "mean_squared_error"},
    "multi_label": {"name": "binary_crossentropy"},
}
TASKS = {  # of each kind of targets
    "classes": ("classification",),
    "numbers": ("regression",),
    "labels": ("multi_label",),
    "whole_numbers": ("classification", "regression"),
}
KINDS = {"classes": "classes", "numbers": "numbers", "labels": "labels that are 0 or 1"}
KINDS["whole_numbers"] = "whole numbers"

# Metrics of the distance between numbers, which are defined for classes as well (Brier's score).
DISTANCES = {"mean_squared_error", "mean_absolute_error", "root_mean_squared_error"}
NUMBERS = {
    *("mean_absolute_percentage_error", "mean_squared_logarithmic_error", "log_cosh_error"),
    *("poisson", "r2_score"),
}
# Of numbers, too, but between the columns of one example.
BETWEEN_COLUMNS = {"cosine_similarity", "pearson_correlation", "concordance_correlation"}
ONE_COLUMN = {"binary_accuracy", "binary_crossentropy", "binary_io_u", "hinge", "squared_hinge"}
ONE_HOT = {
    *("categorical_accuracy", "categorical_crossentropy", "categorical_hinge", "kl_divergence"),
    "top_k_categorical_accuracy",
}
SPARSE = {
    *("sparse_categorical_accuracy", "sparse_categorical_crossentropy"),
    "sparse_top_k_categorical_accuracy",
}
AT_A_RATE = {
    *("precision_at_recall", "recall_at_precision"),
    *("sensitivity_at_specificity", "specificity_at_sensitivity"),
}
# What is measured each epoch beside the loss; of labels and one unit all but r2.
SCORES = {"classification": ("accuracy",), "regression": ("r2",)}
EVERY_SCORE = ("accuracy", "balanced_accuracy", "auc")
# Data whose classes may have names.
NAMED = ("file", "image_folder")


def find_task(info: DatasetInfo, config: RunConfig) -> Any:
    """Return the task of targets: what the config says, or what targets and loss say.

    Args:
        info: of the data.
        config: whose loss counts where it is given.
    """
    if config.data.task is not None:
        return config.data.task
    if info.targets != "whole_numbers":
        return TASKS[info.targets][0]
    if "loss" in config.model_fields_set:
        return "regression" if config.loss.name in losses.REGRESSION else "classification"
    return "regression" if (info.distinct or 0) > MOST_CLASSES else "classification"


def task_faults(config: RunConfig, info: DatasetInfo) -> Iterator[tuple[Key, str]]:
    """Yield (key, message) where values of a completed config do not fit its task.

    Args:
        config: with its task.
        info: of the data, without regard to the task.
    """
    data, loss = config.data, config.loss.name
    allowed = TASKS[info.targets]
    if data.task not in allowed:
        what = _target(data)
        yield (
            ("data", "task"),
            f"{what} {KINDS[info.targets]}, so the task is {' or '.join(allowed)}",
        )
        return
    if data.task == "regression" and loss not in losses.REGRESSION:
        yield (
            ("loss",),
            f"{loss} is for classes, and {_target(data)} numbers; use mean_squared_error"
            + (", or data.task: classification" if info.targets == "whole_numbers" else ""),
        )
    elif data.task == "multi_label" and loss in losses.OF_CLASSES:
        message = f"{loss} is for one class an example, and {_target(data)} labels"
        yield ("loss",), f"{message}; use binary_crossentropy"
    if data.normalize_target is not None and data.task != "regression":
        message = f"only numbers are standardized, and the task is {data.task.replace('_', '-')}"
        yield ("data", "normalize_target"), f"{message}; leave it out"
    yield from _class_weight_faults(config, info)
    yield from _monitor_faults(config)
    yield from _metric_faults(config, info)
    rate = config.optimizer.arguments.get("learning_rate")
    if isinstance(rate, dict) and config.training.reduce_lr_on_plateau is not None:
        yield (
            ("training", "reduce_lr_on_plateau"),
            f"it can't change the rate of a schedule ({rate['name']}); use one of them",
        )


def _target(data: Data) -> str:
    """Return the subject of a sentence about the targets."""
    names = data.targets
    if not names:
        name = Path(data.path).name if data.name == "file" and data.path else data.name
        return f"the targets of {name} are"
    return f"`{names[0]}` holds" if len(names) == 1 else "the target columns hold"


def _class_weight_faults(config: RunConfig, info: DatasetInfo) -> Iterator[tuple[Key, str]]:
    data, weights = config.data, config.training.class_weight
    if weights is None:
        return
    key: Key = ("training", "class_weight")
    if data.task != "classification":
        yield key, f"only classes have weights, and the task is {data.task}; leave it out"
    elif isinstance(weights, dict):
        if not any(weights.values()):
            yield key, "every weight is 0, so nothing would be learned"
        if data.name in NAMED or data.is_table or info.classes is None:
            return  # which classes there are is seen in the data
        for name in weights:
            if not name.isdecimal() or int(name) >= info.classes:
                yield (*key, name), f"{data.name} has the classes 0 to {info.classes - 1}"


def _monitor_faults(config: RunConfig) -> Iterator[tuple[Key, str]]:
    known = ("loss", *SCORES.get(config.task, EVERY_SCORE))
    for name in ("early_stopping", "reduce_lr_on_plateau"):
        callback = getattr(config.training, name)
        if callback is not None and callback.monitor.removeprefix("val_") not in known:
            task = config.task.replace("_", "-")
            words = ", ".join(f"val_{one}" for one in known)
            message = f"there is no {callback.monitor} of a {task} task; expected one of: {words}"
            yield ("training", name, "monitor"), message


def _metric_faults(config: RunConfig, info: DatasetInfo) -> Iterator[tuple[Key, str]]:
    seen: list[Any] = []
    for number, metric in enumerate(config.metrics):
        key: Key = ("metrics", number)
        message = "given twice" if metric in seen else _find_metric_fault(config, info, metric)
        if message is not None:
            yield key, f"{metric.name}: {message}"
        seen.append(metric)


def _find_metric_fault(config: RunConfig, info: DatasetInfo, metric: Any) -> str | None:
    """Return why a metric can't be computed of a config's outputs and targets, or None."""
    name, task = metric.name, config.task
    is_number = name in DISTANCES | NUMBERS | BETWEEN_COLUMNS
    if task == "regression":
        if not is_number:
            return "it is of classes, and the task is regression; use mean_absolute_error, r2_score"
        if name in BETWEEN_COLUMNS and info.columns == 1:
            return "it compares the columns of an example's target, and there is one column"
        return None
    if is_number and name not in DISTANCES:
        return f"it is of numbers, and the task is {task.replace('_', '-')}"
    if task == "classification":
        return _find_class_fault(config, metric)
    if name in ONE_HOT | SPARSE:
        outputs = "one output unit" if task == "binary" else "labels that may all be there"
        better = "binary_" + ("crossentropy" if "entropy" in name else "accuracy")
        return f"it is of one class among several, and the network has {outputs}; use {better}"
    return _find_output_fault(config, metric, one_unit=task == "binary")


def _find_class_fault(config: RunConfig, metric: Any) -> str | None:
    name, is_sparse = metric.name, config.loss.name in losses.OF_CLASSES
    if name in ONE_COLUMN:
        better = f"categorical_{name.removeprefix('binary_').removeprefix('squared_')}"
        better = "categorical_accuracy" if better == "categorical_io_u" else better
        better = f"sparse_{better}" if is_sparse and better != "categorical_hinge" else better
        return f"it is of one output unit, and the network has one for each class; use {better}"
    if is_sparse and name not in SPARSE:
        return (
            f"it takes a column for each class, and {config.loss.name} takes the class; use "
            "categorical_crossentropy as loss, or a sparse_categorical metric"
        )
    if not is_sparse and name in SPARSE:
        return (
            f"it takes the class, and {config.loss.name} takes a column for each; use "
            f"{name.removeprefix('sparse_')}"
        )
    return _find_output_fault(config, metric, one_unit=False)


def _find_output_fault(config: RunConfig, metric: Any, one_unit: bool) -> str | None:
    """Return what a metric needs to know of the outputs: logits, one unit, several units."""
    name, given = metric.name, metric.arguments
    if name in ("f1_score", "f_beta_score"):
        if one_unit and given["threshold"] is None:
            return "of one output unit it needs `threshold`, such as 0.5"
        if not one_unit and given["average"] is None:
            return "it would be a number for each class; give `average`: macro, micro or weighted"
    if not config.loss.arguments.get("from_logits"):
        return None
    if "from_logits" in given and not given["from_logits"]:
        return "the outputs are logits; give it `from_logits: true`"
    if "thresholds" in given and given["thresholds"] is None and given.get("top_k") is None:
        return "the outputs are logits; give it `thresholds: 0.0`"
    if name in AT_A_RATE:
        return "it takes outputs from 0 to 1, and these are logits; leave from_logits out"
    return None


def find_encoding(config: RunConfig, units: int) -> Encoding:
    """Return how a config's loss takes the targets of an output of so many units."""
    if config.data.task in ("regression", "multi_label"):
        return "numbers"
    if config.loss.name in losses.OF_CLASSES:
        return "sparse"
    return "single" if units == 1 else "one_hot"
