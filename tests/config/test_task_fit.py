"""The task of a config, its metrics and class weights: what is found, filled in and refused."""

import pytest

from kerasdemo.config import InputError, parse

ONE_UNIT = "data: {name: circles}\nloss: binary_crossentropy\n"
NUMBERS = "data: {name: friedman}\n"


def refused(text: str) -> str:
    with pytest.raises(InputError) as error:
        parse(text)
    return str(error.value)


@pytest.mark.parametrize(
    ("text", "task", "loss", "output"),
    [
        ("name: c", "classification", "categorical_crossentropy", "softmax"),
        ("loss: mse", "classification", "mean_squared_error", "softmax"),
        (ONE_UNIT, "binary", "binary_crossentropy", "sigmoid"),
        (NUMBERS, "regression", "mean_squared_error", "linear"),
        (NUMBERS + "loss: huber", "regression", "huber", "linear"),
    ],
)
def test_loss_and_output_fit_the_task(text: str, task: str, loss: str, output: str) -> None:
    config = parse(text)
    assert (config.task, config.loss.name) == (task, loss)
    assert config.network.output_activation is not None
    assert config.network.output_activation.name == output
    assert parse(config.to_yaml()).settings == config.settings


def test_classes_are_recorded_as_before() -> None:
    recorded = parse("name: c").resolved
    assert "task" not in recorded["data"]
    assert "metrics" not in recorded
    assert "class_weight" not in recorded["training"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (NUMBERS + "loss: categorical_crossentropy", "loss: categorical_crossentropy is for class"),
        (NUMBERS.replace("}", ", task: classification}"), "so the task is regression"),
        ("data: {name: mnist, task: regression}", "so the task is classification"),
        (
            NUMBERS + "training: {early_stopping: {monitor: val_accuracy}}",
            "there is no val_accuracy of a regression task; expected one of: val_loss, val_r2",
        ),
        (NUMBERS + "training: {class_weight: balanced}", "only classes have weights"),
        ("training: {class_weight: {0: 2, 12: 1}}", "class_weight.12: mnist has the classes 0 to"),
        ("training: {class_weight: {cat: 1}}", "class_weight.cat: mnist has the classes 0 to 9"),
        ("training: {class_weight: {0: -1}}", "class_weight.0: got -1"),
        ("training: {class_weight: {0: 0}}", "every weight is 0"),
        ("training: {class_weight: {}}", "class_weight: got {}"),
        ("training: {class_weight: equal}", "expected 'balanced'"),
        ("training: {class_weight: 2}", "expected 'balanced'"),
    ],
)
def test_what_does_not_fit_the_task_is_a_fault(text: str, message: str) -> None:
    assert message in refused(text)


def test_classes_are_named_by_number_in_python_too() -> None:
    from kerasdemo import load_config

    config = load_config({"training": {"class_weight": {0: 2, 1: 0.5}}})
    assert config.training.class_weight == {"0": 2, "1": 0.5}


def test_each_metric_has_a_column() -> None:
    config = parse(
        ONE_UNIT + "metrics: [auc, Precision, {name: precision, thresholds: 0.7}, {name: AUC, "
        "curve: PR}]"
    )
    # One unit has an auc that is measured anyway.
    assert list(config.metric_columns) == ["auc_2", "precision", "precision_2", "auc_3"]
    assert parse(config.to_yaml()).settings == config.settings


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (NUMBERS + "metrics: [auc]", "it is of classes, and the task is regression"),
        (NUMBERS + "metrics: [mae, mean_absolute_error]", "metrics.1: mean_absolute_error: given"),
        (NUMBERS + "metrics: [pearson_correlation]", "there is one column"),
        ("metrics: [r2_score]", "it is of numbers, and the task is classification"),
        ("metrics: [binary_accuracy]", "use categorical_accuracy"),
        ("metrics: [sparse_categorical_accuracy]", "use categorical_accuracy"),
        ("loss: sparse_categorical_crossentropy\nmetrics: [auc]", "takes a column for each class"),
        ("metrics: [f1_score]", "give `average`: macro, micro or weighted"),
        ("metrics: [{name: f1_score, average: mean}]", "expected 'micro', 'macro' or 'weighted'"),
        ("metrics: [precision_at_recall]", "precision_at_recall needs `recall`"),
        ("metrics: [{name: precision, thresholds: 2}]", "thresholds: got 2"),
        ("metrics: [{name: precision, thresholds: 0.5, top_k: 2}]", "can't both be given"),
        ("metrics: [aucc]", "did you mean 'auc'?"),
        ("metrics: auc", "expected a list"),
        ("metrics: [{name: auc, curves: PR}]", "unknown key 'curves'; did you mean 'curve'?"),
        (ONE_UNIT + "metrics: [categorical_accuracy]", "use binary_accuracy"),
        (ONE_UNIT + "metrics: [f1_score]", "it needs `threshold`, such as 0.5"),
        ("loss: {from_logits: true}\nmetrics: [auc]", "give it `from_logits: true`"),
        ("loss: {from_logits: true}\nmetrics: [recall]", "give it `thresholds: 0.0`"),
        (
            "loss: {from_logits: true}\nmetrics: [{name: recall_at_precision, precision: 0.5}]",
            "these are logits",
        ),
    ],
)
def test_a_metric_that_does_not_fit_is_a_fault(text: str, message: str) -> None:
    assert message in refused(text)
