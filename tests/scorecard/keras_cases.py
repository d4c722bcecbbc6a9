"""Regression, binary and multi-label cases as plain Keras code, each a function that makes one.

Most are one program with one fault, beside a healthy twin. What a run of a case is, its curves say
(truth.py); a case with `outcomes` is one that the curves can't tell, where the author's label
counts and the twin only shows that the fault bites. Of a fault in the data, a run may be healthy
if its verdict names the fault.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from cases import HALVES, SOUND
from numpy.typing import NDArray

from kerasdemo.backend import keras

Array = NDArray[Any]
EXPERIMENT = "keras"

# Kind of fault -> the causes that name it, and those whose first remedy is the same fix.
KINDS: dict[str, tuple[str, ...]] = {
    SOUND: (),
    "target_not_scaled": ("target_not_scaled",),
    "output_out_of_range": ("output_out_of_range", "wrong_output_or_loss"),
    "loss_or_output": ("wrong_output_or_loss",),
    "inputs_too_large": ("input_not_normalized",),
    "rate_too_high": ("learning_rate_too_high", "oscillation", "exploding_gradient"),
    "rate_too_low": ("learning_rate_too_low",),
    "rate_decays": ("learning_rate_decays_too_soon",),
    "stopped_too_soon": ("early_stopping_too_soon",),
    "too_few_updates": ("too_few_updates", "learning_rate_too_low"),
    "too_small": ("network_too_small",),
    "held_down": ("network_too_small",),
    "weights_alike": ("bad_initialization",),
    "dying_relu": ("dead_units", "bad_initialization", "vanishing_gradient"),
    "frozen": ("frozen_layers",),
    "exploding_recurrence": ("exploding_gradient", "learning_rate_too_high", "oscillation"),
    "vanishing": ("vanishing_gradient", "saturation"),
    "tiny_batches": ("tiny_batches_normalized",),
    "rows_in_order": ("rows_in_order",),
    "wrong_labels": ("wrong_labels",),
    "not_finite": ("not_finite",),
    "rare_positives": ("rare_positives",),
    "too_few_examples": (),
    "outliers": (),
}


@dataclass(frozen=True)
class Training:
    """A compiled model, its examples, and the other arguments of fit."""

    model: Any
    x: Any
    y: Any
    arguments: dict[str, Any] = field(default_factory=dict)

    def longer(self, times: int) -> "Training":
        """Return the training with more epochs, which nothing ends too soon."""
        callbacks = [
            callback
            for callback in self.arguments.get("callbacks", ())
            if not isinstance(callback, keras.callbacks.EarlyStopping)
        ]
        epochs = times * self.arguments["epochs"]
        return replace(self, arguments={**self.arguments, "epochs": epochs, "callbacks": callbacks})


@dataclass(frozen=True)
class KerasCase:
    """A case in Keras code.

    Args:
        name: of the function that makes it.
        kind: of fault, or `sound`.
        twin: the healthy case of the same task; its own name where there is none.
        make: seed -> training, with weights and examples of that seed.
        score: the metric of its truth, where it is not that of the task.
        outcomes: the right ones by the author's label; empty where the curves say.
        counts: whether it counts for the rates.
    """

    name: str
    kind: str
    twin: str
    make: Callable[[int], Training]
    score: str | None = None
    outcomes: tuple[str, ...] = ()
    counts: bool = True

    @property
    def causes(self) -> tuple[str, ...]:
        """The causes that name its fault."""
        return KINDS[self.kind]

    @property
    def half(self) -> str:
        """Development, or held back: by the name alone, as for the cases from YAML."""
        digest = hashlib.sha256(f"{EXPERIMENT}/{self.name}".encode()).digest()
        return HALVES[digest[0] % 2]


CASES: dict[str, KerasCase] = {}


def case(
    kind: str,
    twin: str = "",
    *,
    score: str | None = None,
    outcomes: Sequence[str] = (),
    counts: bool = True,
) -> Callable[[Callable[[], Training]], Callable[[], Training]]:
    """Add the function below to the cases; weights and examples come from the seed set before."""

    def add(function: Callable[[], Training]) -> Callable[[], Training]:
        def make(seed: int) -> Training:
            keras.utils.set_random_seed(seed)
            return function()

        name = function.__name__
        CASES[name] = KerasCase(name, kind, twin or name, make, score, tuple(outcomes), counts)
        return function

    return add


# Examples. NumPy's global generator was seeded by `make`.


@dataclass(frozen=True)
class Examples:
    """Training and validation examples."""

    x: Any
    y: Any
    x_val: Any
    y_val: Any

    def with_targets(self, change: Callable[[Array], Array]) -> "Examples":
        return replace(self, y=change(self.y), y_val=change(self.y_val))

    def with_inputs(self, change: Callable[[Array], Array]) -> "Examples":
        return replace(self, x=change(self.x), x_val=change(self.x_val))


def split(x: Array, y: Array, train: int) -> Examples:
    x, y = x.astype("float32"), y.astype("float32")
    return Examples(x[:train], y[:train], x[train:], y[train:])


def standardized(values: Array) -> Array:
    return (values - values.mean(axis=0)) / values.std(axis=0)


def friedman(train: int = 1000) -> Examples:
    """Friedman's first function (1991) of five of ten inputs, standardized; R2 0.96 at best."""
    x = np.random.uniform(size=(train + 1000, 10))
    y = 10 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2
    y += 10 * x[:, 3] + 5 * x[:, 4] + np.random.normal(size=len(x))
    return split(standardized(x), standardized(y)[:, None], train)


def product(train: int = 2000) -> Examples:
    """A product and a square, which no linear function follows."""
    x = np.random.normal(size=(train + 1000, 4))
    y = x[:, 0] * x[:, 1] + x[:, 2] ** 2 + 0.1 * np.random.normal(size=len(x))
    return split(x, standardized(y)[:, None], train)


def linear(train: int = 1000) -> Examples:
    """A linear truth with as much noise as signal: R2 0.5 at best."""
    x = np.random.normal(size=(train + 1000, 8))
    y = x @ np.random.normal(size=8)
    return split(x, standardized(y + y.std() * np.random.normal(size=len(x)))[:, None], train)


def sequences(length: int, train: int = 1000) -> Examples:
    """The mean of the marked numbers of a sequence."""
    numbers = np.random.normal(size=(train + 1000, length))
    marks = np.random.uniform(size=numbers.shape) < 0.2
    y = (numbers * marks).sum(axis=1) / np.sqrt(0.2 * length)
    return split(np.stack([numbers, marks], axis=-1), y[:, None], train)


def rings(train: int = 1000, noise: float = 0.1) -> Examples:
    """Two rings, the inner one labeled 1: no line divides them."""
    count = train + 1000
    inner = np.random.uniform(size=count) < 0.5
    angle = np.random.uniform(0, 2 * np.pi, count)
    radius = np.where(inner, 0.8, 1.6) + noise * np.random.normal(size=count)
    x = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return split(x, inner[:, None], train)


def clouds(share: float = 0.5, distance: float = 2.0, train: int = 2000) -> Examples:
    """Two clouds in eight dimensions; a share of the examples is of the one labeled 1."""
    count = train + 2000
    y = np.random.uniform(size=count) < share
    x = np.random.normal(size=(count, 8))
    x[:, :4] += distance / 2 * y[:, None]
    return split(x, y[:, None], train)


def tags(train: int = 2000) -> Examples:
    """Six labels, each with its own plane in ten dimensions."""
    x = np.random.normal(size=(train + 1000, 10))
    scores = x @ np.random.normal(size=(10, 6)) - np.linspace(-2, 2, 6)
    return split(x, scores > 0, train)


def in_order(data: Examples, order: Array) -> Examples:
    """Return the training rows in an order, as a file may have them."""
    return replace(data, x=data.x[order], y=data.y[order])


# Models.


def network(
    inputs: int,
    *units: int,
    outputs: int = 1,
    activation: str = "relu",
    output: str | None = None,
    normalized: bool = False,
    dropout: float = 0.0,
    **arguments: Any,
) -> Any:
    """Return a network of dense layers; the arguments are those of the hidden ones."""
    model = keras.Sequential([keras.Input((inputs,))])
    for count in units:
        model.add(keras.layers.Dense(count, activation=activation, **arguments))
        if normalized:
            model.add(keras.layers.BatchNormalization())
        if dropout:
            model.add(keras.layers.Dropout(dropout))
    model.add(keras.layers.Dense(outputs, activation=output))
    return model


def train(
    model: Any,
    data: Examples,
    loss: Any = "mse",
    optimizer: Any = "adam",
    *,
    epochs: int = 40,
    batch_size: int = 20,
    **arguments: Any,
) -> Training:
    """Compile the model; return its training."""
    metrics = [] if loss in ("mse", "mae") or isinstance(loss, keras.losses.Huber) else ["accuracy"]
    model.compile(optimizer=optimizer, loss=loss, metrics=metrics)
    arguments |= {"epochs": epochs, "batch_size": batch_size}
    return Training(
        model, data.x, data.y, {"validation_data": (data.x_val, data.y_val), **arguments}
    )


SGD, Adam = keras.optimizers.SGD, keras.optimizers.Adam


# Regression without a fault.


@case(SOUND)
def regression() -> Training:
    return train(network(10, 64, 64), friedman(2000), epochs=30)


@case(SOUND, "regression")
def regression_sgd() -> Training:
    return train(network(10, 64, 64), friedman(2000), optimizer=SGD(0.05), epochs=30)


@case(SOUND, "regression")
def regression_tanh_huber() -> Training:
    model = network(10, 64, activation="tanh")
    return train(model, friedman(2000), keras.losses.Huber(), Adam(0.005), epochs=40)


@case(SOUND)
def regression_linear_noise() -> Training:
    return train(network(8), linear(), optimizer=SGD(0.01), epochs=20)


@case(SOUND)
def regression_many_columns() -> Training:
    x = np.random.normal(size=(3000, 6))
    y = np.sin(x @ np.random.normal(size=(6, 8)) / 2) + 0.1 * np.random.normal(size=(3000, 8))
    return train(network(6, 128, 64, outputs=8), split(x, y, 2000), optimizer=Adam(0.002))


@case(SOUND)
def regression_product() -> Training:
    return train(network(4, 64, 64), product(4000), optimizer=Adam(0.003), epochs=20)


@case(SOUND)
def regression_normalized() -> Training:
    return train(network(10, 32, 32, normalized=True), friedman(5000), batch_size=100)


@case(SOUND)
def regression_gru() -> Training:
    model = keras.Sequential([keras.Input((20, 2)), keras.layers.GRU(24), keras.layers.Dense(1)])
    return train(model, sequences(20, 2000), optimizer=Adam(0.01), epochs=20, batch_size=50)


@case(SOUND)
def regression_relu_output_positive_targets() -> Training:
    data = friedman(2000).with_targets(lambda y: (y - y.min()) / 2)
    return train(network(10, 64, 64, output="softplus"), data)


@case(SOUND, "regression")
def regression_stopped_early() -> Training:
    stop = keras.callbacks.EarlyStopping(patience=8, restore_best_weights=True)
    return train(network(10, 64, 64), friedman(2000), epochs=150, callbacks=[stop])


# Regression: the target and the output.


@case("target_not_scaled", "regression")
def target_in_thousands() -> Training:
    data = friedman(2000).with_targets(lambda y: 200_000 + 50_000 * y)
    return train(network(10, 64, 64), data, epochs=30)


@case("target_not_scaled", "regression")
def target_in_thousands_sgd() -> Training:
    data = friedman(2000).with_targets(lambda y: 30_000 + 8_000 * y)
    return train(network(10, 64, 64), data, optimizer=SGD(0.01), epochs=30)


@case("target_not_scaled", "regression")
def target_far_from_zero() -> Training:
    data = friedman(2000).with_targets(lambda y: 1000 + y)
    return train(network(10, 64, 64), data, epochs=30)


@case("target_not_scaled", "regression")
def target_tiny() -> Training:
    data = friedman(2000).with_targets(lambda y: 1e-5 * y)
    return train(network(10, 64, 64), data, epochs=30)


@case("output_out_of_range", "regression")
def sigmoid_output() -> Training:
    return train(network(10, 64, 64, output="sigmoid"), friedman(2000), epochs=30)


@case("output_out_of_range", "regression")
def relu_output() -> Training:
    data = friedman(2000).with_targets(lambda y: y - 1)
    return train(network(10, 64, 64, output="relu"), data, epochs=30)


@case("output_out_of_range", "regression")
def tanh_output() -> Training:
    data = friedman(2000).with_targets(lambda y: 4 * y)
    return train(network(10, 64, 64, output="tanh"), data, epochs=30)


@case("loss_or_output", "regression")
def softmax_output() -> Training:
    return train(network(10, 64, 64, output="softmax"), friedman(2000), epochs=20)


# Regression: the inputs.


@case("inputs_too_large", "regression")
def one_feature_huge() -> Training:
    data = friedman(2000).with_inputs(lambda x: x * ([1] * 9 + [1e5]))
    return train(network(10, 64, 64), data, epochs=30)


@case("inputs_too_large", "regression_sgd")
def inputs_not_scaled_sgd() -> Training:
    data = friedman(2000).with_inputs(lambda x: 100 + 40 * x)
    return train(network(10, 64, 64), data, optimizer=SGD(0.05), epochs=30)


@case("inputs_too_large", "regression")
def inputs_in_own_units() -> Training:
    data = friedman(2000).with_inputs(lambda x: (x + 3) * np.logspace(-2, 4, 10))
    return train(network(10, 64, 64), data, epochs=30)


@case("not_finite", "regression")
def input_missing() -> Training:
    data = friedman(2000)
    data.x[17, 3] = np.nan
    return train(network(10, 64, 64), data, epochs=10)


# Regression: training.


@case("rate_too_high", "regression")
def regression_rate_high() -> Training:
    return train(network(10, 64, 64), friedman(2000), optimizer=Adam(0.5), epochs=30)


@case("rate_too_high", "regression_sgd")
def regression_rate_high_sgd() -> Training:
    return train(network(10, 64, 64), friedman(2000), optimizer=SGD(2.0), epochs=20)


@case("rate_too_low", "regression_sgd")
def regression_rate_low() -> Training:
    return train(network(10, 64, 64), friedman(2000), optimizer=SGD(1e-5), epochs=30)


@case("rate_too_low", "regression")
def regression_rate_low_adam() -> Training:
    return train(network(10, 64, 64), friedman(2000), optimizer=Adam(1e-6), epochs=30)


@case("rate_decays", "regression")
def regression_schedule_decays() -> Training:
    rate = keras.optimizers.schedules.ExponentialDecay(0.01, decay_steps=10, decay_rate=0.5)
    return train(network(10, 64, 64), friedman(2000), optimizer=SGD(rate), epochs=30)


@case("stopped_too_soon", "regression_sgd")
def regression_patience_0() -> Training:
    stop = keras.callbacks.EarlyStopping(monitor="val_loss", patience=0, min_delta=0.05)
    optimizer = SGD(0.002)
    return train(
        network(10, 64, 64), friedman(2000), optimizer=optimizer, epochs=100, callbacks=[stop]
    )


@case("too_few_updates", "regression_sgd")
def regression_two_epochs() -> Training:
    return train(network(10, 64, 64), friedman(2000), optimizer=SGD(0.005), epochs=2)


@case("too_few_updates", "regression")
def regression_whole_batch() -> Training:
    return train(network(10, 64, 64), friedman(2000), epochs=20, batch_size=2000)


@case("tiny_batches", "regression_normalized")
def regression_batches_of_2() -> Training:
    model = network(10, 64, 64, normalized=True)
    return train(model, friedman(500), batch_size=2, epochs=20)


@case("rows_in_order", "regression_sgd")
def regression_sorted_rows() -> Training:
    data = friedman(2000)
    data = in_order(data, data.y[:, 0].argsort())
    model = network(10, 64, 64)
    return train(model, data, optimizer=SGD(0.05), epochs=30, shuffle=False)


@case("rows_in_order", "regression")
def regression_last_rows_held_out() -> Training:
    data = friedman(3000)
    data.y[2250:, 0] += 2 * data.x[2250:, 5]  # what came later follows another rule
    training = train(network(10, 64, 64), data, epochs=30)
    del training.arguments["validation_data"]
    training.arguments["validation_split"] = 0.25
    return training


# Regression: the network.


@case("too_small", "regression_product")
def regression_no_hidden() -> Training:
    return train(network(4), product(), optimizer=Adam(0.01), epochs=30)


@case("too_small", "regression_product")
def regression_one_unit() -> Training:
    model = network(4, 1, activation="tanh")
    return train(model, product(), optimizer=Adam(0.005), epochs=30)


@case("weights_alike", "regression")
def regression_zero_weights() -> Training:
    return train(network(10, 64, 64, kernel_initializer="zeros"), friedman(2000), epochs=20)


@case("dying_relu", "regression")
def regression_dead_units() -> Training:
    weights = keras.initializers.RandomUniform(-0.4, 0.05)
    data = friedman(2000).with_inputs(lambda x: (x - x.min()) / (x.max() - x.min()))
    return train(network(10, 64, 64, 64, kernel_initializer=weights), data, epochs=20)


@case("vanishing", "regression_sgd")
def regression_sigmoid_deep() -> Training:
    model = network(10, *[32] * 8, activation="sigmoid")
    return train(model, friedman(2000), optimizer=SGD(0.05), epochs=30)


@case("held_down", "regression")
def regression_l2_heavy() -> Training:
    penalty = keras.regularizers.L2(0.5)
    return train(network(10, 64, 64, kernel_regularizer=penalty), friedman(2000), epochs=30)


@case("held_down", "regression")
def regression_dropout_heavy() -> Training:
    return train(network(10, 64, 64, dropout=0.9), friedman(2000), epochs=30)


@case("frozen", "regression")
def regression_frozen() -> Training:
    model = network(10, 12, 12)
    for layer in model.layers[:-1]:
        layer.trainable = False
    return train(model, friedman(2000), optimizer=Adam(0.01), epochs=30)


@case("too_few_examples", "regression")
def regression_small_table() -> Training:
    return train(network(10, 128, 128), friedman(60), epochs=100, batch_size=10)


@case("exploding_recurrence", "regression_gru")
def regression_recurrence_explodes() -> Training:
    recurrent = keras.layers.SimpleRNN(
        24, activation="linear", recurrent_initializer=keras.initializers.Orthogonal(gain=1.3)
    )
    model = keras.Sequential([keras.Input((60, 2)), recurrent, keras.layers.Dense(1)])
    return train(model, sequences(60), optimizer=SGD(0.01), epochs=10, batch_size=50)


@case("outliers", "regression", counts=False)
def regression_outliers() -> Training:
    def spoil(y: Array) -> Array:
        far = np.random.uniform(size=y.shape) < 0.03
        return np.where(far, 30 * np.random.normal(size=y.shape), y).astype("float32")

    return train(network(10, 64, 64), friedman(2000).with_targets(spoil), epochs=30)


# Labels without a fault.


@case(SOUND)
def binary() -> Training:
    model = network(2, 32, 32, output="sigmoid")
    return train(model, rings(), "binary_crossentropy", Adam(0.005), epochs=30)


@case(SOUND, "binary")
def binary_logits() -> Training:
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model = network(2, 32, 32)
    training = train(model, rings(), loss, Adam(0.005), epochs=30)
    accuracy = keras.metrics.BinaryAccuracy(name="accuracy", threshold=0.0)
    model.compile(optimizer=Adam(0.005), loss=loss, metrics=[accuracy])
    return training


@case(SOUND)
def binary_overlap() -> Training:
    model = network(8, 16, output="sigmoid")
    return train(model, clouds(0.3, 1.2), "binary_crossentropy", Adam(0.002), epochs=15)


@case(SOUND)
def multi_label() -> Training:
    model = network(10, 64, outputs=6, output="sigmoid")
    return train(model, tags(), "binary_crossentropy", Adam(0.003), epochs=30)


@case(SOUND)
def two_classes_softmax() -> Training:
    model = network(2, 32, 32, outputs=2, output="softmax")
    data = rings().with_targets(lambda y: y[:, 0].astype("int64"))
    return train(model, data, "sparse_categorical_crossentropy", Adam(0.005), epochs=30)


@case(SOUND, score="balanced_accuracy")
def rare_weighted() -> Training:
    model = network(8, 16, output="sigmoid")
    data = clouds(0.03, 1.8, train=4000)
    weights = {0: 1.0, 1: 30.0}
    return train(
        model,
        data,
        "binary_crossentropy",
        Adam(0.003),
        epochs=20,
        batch_size=100,
        class_weight=weights,
    )


# Labels with a fault.


@case(
    "rare_positives",
    "rare_weighted",
    score="balanced_accuracy",
    outcomes=("optimization_failure", "healthy"),
)
def rare_hidden_by_accuracy() -> Training:
    model = network(8, 16, output="sigmoid")
    data = clouds(0.02, 1.2, train=4000)
    return train(model, data, "binary_crossentropy", Adam(0.003), epochs=20, batch_size=100)


@case("loss_or_output", "binary")
def softmax_on_one_unit() -> Training:
    model = network(2, 32, 32, output="softmax")
    return train(model, rings(), "binary_crossentropy", Adam(0.005), epochs=30)


@case("loss_or_output", "binary")
def missing_sigmoid() -> Training:
    return train(network(2, 32, 32), rings(), "binary_crossentropy", SGD(0.3), epochs=30)


# Keras reads the logits from behind the sigmoid, so that training goes well: only a warning.
@case("loss_or_output", "binary", counts=False)
def sigmoid_from_logits() -> Training:
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    return train(network(2, 32, 32, output="sigmoid"), rings(), loss, Adam(0.005), epochs=30)


@case("loss_or_output", "multi_label")
def multi_label_softmax() -> Training:
    model = network(10, 64, outputs=6, output="softmax")
    return train(model, tags(), "categorical_crossentropy", Adam(0.003), epochs=30)


@case("wrong_labels", "binary", outcomes=("optimization_failure", "overfitting", "healthy"))
def wrong_labels() -> Training:
    def spoil(y: Array) -> Array:
        return np.where(np.random.uniform(size=y.shape) < 0.2, 1 - y, y).astype("float32")

    model = network(2, 64, 64, output="sigmoid")
    data = rings().with_targets(spoil)
    return train(model, data, "binary_crossentropy", Adam(0.005), epochs=60)


@case("too_small", "binary")
def rings_no_hidden() -> Training:
    return train(network(2, output="sigmoid"), rings(), "binary_crossentropy", Adam(0.01))


@case("frozen", "binary")
def binary_frozen() -> Training:
    model = network(2, 4, 4, output="sigmoid")
    for layer in model.layers[:-1]:
        layer.trainable = False
    return train(model, rings(), "binary_crossentropy", Adam(0.01), epochs=30)


@case("rows_in_order", "binary_overlap")
def binary_rows_by_class() -> Training:
    data = clouds(0.3, 1.2)
    data = in_order(data, data.y[:, 0].argsort(kind="stable"))
    model = network(8, 16, output="sigmoid")
    return train(model, data, "binary_crossentropy", SGD(0.5), epochs=15, shuffle=False)


@case("stopped_too_soon", "binary")
def binary_patience_0() -> Training:
    stop = keras.callbacks.EarlyStopping(monitor="val_accuracy", patience=0)
    model = network(2, 32, 32, output="sigmoid")
    return train(model, rings(), "binary_crossentropy", SGD(0.005), epochs=100, callbacks=[stop])


@case("rate_decays", "binary")
def binary_schedule_decays() -> Training:
    rate = keras.optimizers.schedules.CosineDecay(0.01, decay_steps=60)
    model = network(2, 32, 32, output="sigmoid")
    return train(model, rings(), "binary_crossentropy", SGD(rate), epochs=30)


@case("rate_too_high", "binary")
def binary_rate_high() -> Training:
    model = network(2, 32, 32, output="sigmoid")
    return train(model, rings(), "binary_crossentropy", Adam(1.0), epochs=30)


@case("rate_too_low", "multi_label")
def multi_label_rate_low() -> Training:
    model = network(10, 64, outputs=6, output="sigmoid")
    return train(model, tags(), "binary_crossentropy", SGD(1e-4), epochs=30)


@case("held_down", "multi_label")
def multi_label_l2_heavy() -> Training:
    penalty = keras.regularizers.L2(3.0)
    model = network(10, 64, outputs=6, output="sigmoid", kernel_regularizer=penalty)
    return train(model, tags(), "binary_crossentropy", Adam(0.003), epochs=20)


@case("exploding_recurrence", "binary")
def binary_recurrence_explodes() -> Training:
    data = sequences(80).with_targets(lambda y: (y > 0).astype("float32"))
    recurrent = keras.layers.SimpleRNN(
        24, activation="linear", recurrent_initializer=keras.initializers.Orthogonal(gain=1.2)
    )
    output = keras.layers.Dense(1, activation="sigmoid")
    model = keras.Sequential([keras.Input((80, 2)), recurrent, output])
    return train(model, data, "binary_crossentropy", SGD(0.1), epochs=10, batch_size=50)


@case("too_few_examples", "binary_overlap")
def binary_few_examples() -> Training:
    model = network(8, 128, 128, output="sigmoid")
    data = clouds(0.4, 1.2, train=60)
    return train(model, data, "binary_crossentropy", Adam(0.003), epochs=100, batch_size=10)


def seeds() -> Iterator[int]:
    """Yield the seeds that every case is trained with."""
    yield from range(3)
