"""A config's `compile` and `fit` as code, and what kind of targets they take."""

from collections.abc import Sequence

from kerasdemo.config import RunConfig
from kerasdemo.config.layers import layers_of
from kerasdemo.config.task_fit import Encoding, find_encoding
from kerasdemo.config.tensor_shapes import Shape
from kerasdemo.export.code import call, lay_out, value
from kerasdemo.export.objects import write_callback, write_loss, write_object


def kind_of_targets(config: RunConfig, shape: Shape, outputs: int | None) -> Encoding:
    """Return how the loss takes the targets of the network's output."""
    return find_encoding(config, layers_of(config, shape, outputs)[-1].output_shape[-1])


def write_compile(config: RunConfig, kind: Encoding) -> list[str]:
    """Return the lines that compile `model`."""
    metrics = [_score(config, kind)]
    for column, metric in config.metric_columns.items():
        name = f"name={value(column)}"
        metrics.append(write_object("metrics", metric, also=[name], by_name=False))
    arguments = [
        f"optimizer={write_object('optimizers', config.optimizer, always=('learning_rate',))}",
        f"loss={write_loss(config.loss)}",
        f"metrics=[{', '.join(metrics)}]",
    ]
    return lay_out(call("model.compile", arguments))


def write_policy(config: RunConfig) -> list[str]:
    """Return the line that sets the precision where it is not Keras' default."""
    precision = config.training.precision
    return [] if precision == "float32" else [f"keras.config.set_dtype_policy({value(precision)})"]


def _score(config: RunConfig, kind: Encoding) -> str:
    if config.data.task == "regression":
        return 'keras.metrics.R2Score(name="r2")'
    turns_at = config.threshold
    is_of_columns = kind == "numbers"  # for which Keras would take them for one class of several
    if is_of_columns or (kind == "single" and turns_at != 0.5):
        given = ['name="accuracy"', *([f"threshold={turns_at}"] if turns_at != 0.5 else [])]
        return call("keras.metrics.BinaryAccuracy", given)
    return '"accuracy"'


def write_callbacks(config: RunConfig) -> list[str]:
    """Return the callbacks of a config, as code."""
    training = config.training
    chosen = (training.early_stopping, training.reduce_lr_on_plateau)
    return [write_callback(one) for one in chosen if one]


def monitors(config: RunConfig) -> tuple[str, ...]:
    """Return what the callbacks of a config look at."""
    training = config.training
    chosen = (training.early_stopping, training.reduce_lr_on_plateau)
    return tuple(one.monitor for one in chosen if one)


def write_fit(
    config: RunConfig,
    callbacks: Sequence[str],
    *,
    function: str = "model.fit",
    first: Sequence[str] = ("x", "y"),
    epochs: str | None = None,
    also: Sequence[str] = (),
) -> list[str]:
    """Return the lines that train `model` on `x` and `y`.

    Args:
        config: of the run.
        callbacks: as code.
        function: that trains.
        first: its first arguments.
        epochs: what stands for their number.
        also: further arguments.
    """
    training = config.training
    arguments = [
        *first,
        *(["validation_data=(x_val, y_val)"] if config.data.validation != 0 else []),
        f"epochs={epochs or training.epochs}",
        f"batch_size={training.batch_size}",
        *([f"callbacks=[{', '.join(callbacks)}]"] if callbacks else []),
        *also,
    ]
    return lay_out(f"history = {call(function, arguments)}")
