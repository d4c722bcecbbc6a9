"""`fit` trains any Keras model as Keras' own fit does: same weights, history and callbacks."""

import gc
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from kerasdemo.backend import keras, tf
from kerasdemo.training import engine
from kerasdemo.training.engine import Engine
from kerasdemo.training.fit import fit

layers: Any = keras.layers
rng = np.random.default_rng(0)
# 70 examples leave a last, smaller batch of 10.
N, BATCH = 70, 20
X = rng.normal(size=(N, 6)).astype(np.float32)
LABELS = (X.sum(axis=1) > 0).astype(np.int32) + (X[:, 0] > 1)
Y = np.tanh(X[:, :2])
IMAGES = rng.normal(size=(N, 8, 8, 1)).astype(np.float32)
WORDS = rng.integers(0, 30, (N, 7))


class Trained:
    """A model after training, and what `fit` returned."""

    def __init__(self, model: Any, history: Any, loop: str):
        self.weights = model.get_weights()
        self.optimizer = [variable.numpy() for variable in model.optimizer.variables]
        self.history, self.epoch, self.params = history.history, history.epoch, history.params
        self.loop = loop
        assert model.history is history


def both(make: Callable[[], Any], x: Any, y: Any, **arguments: Any) -> tuple[Trained, Trained]:
    """Train with compiled epochs and with Keras' fit, in the same order, from the same weights."""
    arguments = {"batch_size": BATCH, "epochs": 3, "verbose": 0, "shuffle": False} | arguments
    callbacks = arguments.pop("callbacks", list)
    trained = []
    for is_ours in (True, False):
        keras.utils.set_random_seed(1)
        model = make()
        if is_ours:
            history, chosen = fit(model, x, y, callbacks=callbacks(), **arguments)
            trained.append(Trained(model, history, chosen.loop))
        else:
            history = model.fit(x, y, callbacks=callbacks(), **arguments)
            trained.append(Trained(model, history, "fit"))
    return trained[0], trained[1]


def assert_equal(ours: Trained, plain: Trained, tolerance: float = 2e-5) -> None:
    assert list(ours.history) == list(plain.history)
    assert (ours.epoch, ours.params) == (plain.epoch, plain.params)
    for name, values in plain.history.items():
        np.testing.assert_allclose(ours.history[name], values, rtol=tolerance, atol=tolerance)
    for one, other in zip(ours.weights, plain.weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)
    for one, other in zip(ours.optimizer, plain.optimizer, strict=True):
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)


def classifier(*hidden: Any, inputs: int = 6) -> Any:
    model = keras.Sequential([keras.Input((inputs,)), *hidden, layers.Dense(3, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def dense() -> Any:
    return classifier(layers.Dense(8, "relu", kernel_regularizer="l2"))


def normalized() -> Any:
    hidden = layers.Dense(8, use_bias=False)  # Adam would make noise of its gradient
    return classifier(hidden, layers.BatchNormalization(), layers.Dropout(0.4))


def two_inputs_and_outputs() -> Any:
    left, right = keras.Input((6,), name="left"), keras.Input((2,), name="right")
    hidden = layers.Dense(8, "tanh")(layers.Concatenate()([left, right]))
    outputs = {
        "label": layers.Dense(3, "softmax", name="label")(hidden),
        "value": layers.Dense(2, name="value")(hidden),
    }
    model = keras.Model([left, right], outputs)
    model.compile(
        keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.1, 5, 0.9)),
        {"label": "sparse_categorical_crossentropy", "value": "mse"},
        loss_weights={"label": 1.0, "value": 0.5},
        metrics={"label": ["accuracy"], "value": ["mae"]},
    )
    return model


class OwnStep(keras.Model):  # type: ignore[misc]
    """A subclassed model with a train_step and logs of its own, not built before it is trained."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden, self.out = layers.Dense(8, "tanh"), layers.Dense(2)

    def call(self, inputs: Any, training: bool = False) -> Any:
        return self.out(self.hidden(inputs))

    def train_step(self, data: Any) -> dict[str, Any]:
        x, y = data
        with tf.GradientTape() as tape:
            error = tf.reduce_mean(tf.square(self(x, training=True) - y))
        gradients = tape.gradient(error, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        return {"error": error, "steps": self.optimizer.iterations}

    def test_step(self, data: Any) -> dict[str, Any]:
        x, y = data
        return {"error": tf.reduce_mean(tf.square(self(x, training=False) - y))}


def own_step() -> Any:
    model = OwnStep()
    model.compile("rmsprop")
    return model


def lazy() -> Any:
    model = keras.Sequential([layers.Dense(8, "relu"), layers.Dense(2)])
    model.compile("adam", "mse", metrics=["mae"])
    return model


def recurrent() -> Any:
    model = keras.Sequential(
        [keras.Input((7,)), layers.Embedding(30, 4, mask_zero=True), layers.GRU(5), layers.Dense(1)]
    )
    model.compile("adam", keras.losses.BinaryCrossentropy(from_logits=True), metrics=["accuracy"])
    return model


def convolutional() -> Any:
    model = keras.Sequential(
        [
            *(keras.Input((8, 8, 1)), layers.Conv2D(4, 3, activation="relu")),
            *(layers.MaxPooling2D(), layers.Flatten(), layers.Dense(3, "softmax")),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


VALIDATION = {"validation_data": (X[:30], LABELS[:30])}
WEIGHTS = rng.uniform(0.5, 2, N)
CASES: dict[str, tuple[Callable[[], Any], Any, Any, dict[str, Any]]] = {
    "penalty, validation": (dense, X, LABELS, VALIDATION | {"validation_batch_size": 13}),
    "batch normalization, dropout": (normalized, X, LABELS, {"validation_split": 0.3}),
    "two inputs, two outputs": (
        *(two_inputs_and_outputs, [X, Y], {"label": LABELS, "value": Y}),
        {"sample_weight": WEIGHTS, "validation_split": 0.2},
    ),
    "own train_step": (own_step, X, Y, {"validation_data": (X[:40], Y[:40])}),
    "own train_step, whole batches": (own_step, X[:60], Y[:60], {}),
    "not built, float64": (lazy, X.astype(np.float64), Y.astype(np.float64), {}),
    "embedding and GRU": (recurrent, WORDS, LABELS > 0, {"validation_split": 0.2}),
    "convolution": (convolutional, IMAGES, LABELS, {}),
    "class weights": (dense, X, LABELS[:, None], {"class_weight": {0: 0.2, 1: 3.0}}),
    "sample weights": (dense, X, LABELS, {"sample_weight": WEIGHTS}),
    "validation weights": (
        *(dense, X, LABELS),
        {"validation_data": (X, LABELS, WEIGHTS), "validation_freq": [1, 3]},
    ),
    "one batch": (dense, X, LABELS, {"batch_size": 500}),
    "tensors": (dense, tf.constant(X), tf.constant(LABELS), {}),
    "later epochs": (dense, X, LABELS, {"initial_epoch": 1, "validation_split": 0.5}),
}
FAST = ("batch normalization, dropout", "two inputs, two outputs", "own train_step", "convolution")


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=() if n in FAST else pytest.mark.slow) for n in CASES]
)
def test_a_graph_of_an_epoch_trains_as_keras_fit(name: str) -> None:
    make, x, y, arguments = CASES[name]
    ours, plain = both(make, x, y, **arguments)
    assert ours.loop == "graph"
    assert_equal(ours, plain)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(n, marks=() if n in FAST else pytest.mark.slow)
        for n in CASES
        if n not in ("convolution", "batch normalization, dropout")  # XLA draws other masks
    ],
)
def test_xla_trains_as_keras_fit(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "XLA_STEPS", 0)
    make, x, y, arguments = CASES[name]
    ours, plain = both(make, x, y, **arguments)
    assert ours.loop == "xla"
    assert_equal(ours, plain, 2e-4)


def stopping() -> list[Any]:
    stop = keras.callbacks.EarlyStopping(
        monitor="val_loss", patience=2, min_delta=1.0, restore_best_weights=True
    )
    slower = keras.callbacks.ReduceLROnPlateau(
        monitor="loss", patience=1, min_delta=1.0, factor=0.5
    )
    return [stop, slower]


def test_callbacks_stop_restore_and_slow_down(tmp_path: Any) -> None:
    def callbacks() -> list[Any]:
        file = tmp_path / "log.csv"
        schedule = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.9)
        best = keras.callbacks.ModelCheckpoint(tmp_path / "best.keras", save_best_only=True)
        return [*stopping(), schedule, best, keras.callbacks.CSVLogger(file)]

    ours, plain = both(dense, X, LABELS, epochs=20, validation_split=0.2, callbacks=callbacks)
    assert len(ours.epoch) == 3
    assert ours.loop == "graph"
    assert_equal(ours, plain)
    assert (tmp_path / "best.keras").exists()
    assert (tmp_path / "log.csv").read_text().startswith("epoch,accuracy,learning_rate,loss")


def test_callbacks_see_the_users_model_and_are_called_as_by_keras() -> None:
    class Listener(keras.callbacks.Callback):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.heard: list[Any] = []

        def on_train_begin(self, logs: Any = None) -> None:
            self.heard.append(("train", type(self.model), self.params["steps"]))

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.heard.append(("begin", epoch))

        def on_test_end(self, logs: Any = None) -> None:
            self.heard.append(("test", sorted(logs)))

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.heard.append(("end", epoch, {k: type(v) for k, v in logs.items()}))
            self.model.stop_training = epoch == 1

        def on_train_end(self, logs: Any = None) -> None:
            self.heard.append(("over", sorted(logs)))

    listeners = [Listener(), Listener()]
    pairs = iter(listeners)
    both(dense, X, LABELS, epochs=9, callbacks=lambda: [next(pairs)], **VALIDATION)
    assert listeners[0].heard == listeners[1].heard
    assert listeners[0].heard[-1][0] == "over"
    assert len(listeners[0].heard) == 8


def test_the_order_is_the_seeds() -> None:
    def weights(seed: int) -> Any:
        keras.utils.set_random_seed(1)
        model = dense()
        fit(model, X, LABELS, seed=seed, batch_size=BATCH, epochs=2, verbose=0)
        return model.get_weights()[0]

    np.testing.assert_array_equal(weights(3), weights(3))
    assert (weights(3) != weights(4)).any()


def test_the_loop_is_known_before_training(capsys: pytest.CaptureFixture[str]) -> None:
    told: list[Engine] = []
    start = keras.callbacks.LambdaCallback(on_train_begin=lambda logs: told.append(None))  # type: ignore[arg-type]
    arguments = {"batch_size": BATCH, "verbose": 2, "callbacks": [start]}
    _, chosen = fit(dense(), X, LABELS, on_engine=told.append, **arguments)
    assert told == [chosen, None]
    assert capsys.readouterr().out.startswith("4/4 - ")


def test_a_second_fit_goes_on_from_the_first() -> None:
    def twice(train: Callable[..., Any]) -> Any:
        keras.utils.set_random_seed(1)
        model = dense()
        for _ in range(2):
            train(model, X, LABELS, batch_size=BATCH, shuffle=False, verbose=0)
        return model.get_weights()[0]

    plain = twice(lambda model, *data, **arguments: model.fit(*data, **arguments))
    np.testing.assert_allclose(twice(fit), plain, rtol=1e-5)


def test_what_is_compiled_serves_the_next_fit_until_the_model_is_compiled() -> None:
    traces = []

    class Counting(OwnStep):
        def train_step(self, data: Any) -> dict[str, Any]:
            traces.append(data)
            return super().train_step(data)

    def train(count: int = N, **arguments: Any) -> None:
        fit(model, X[:count], Y[:count], batch_size=BATCH, verbose=0, **arguments)

    model = Counting()
    model.compile("sgd")
    train()
    once = len(traces)
    train(epochs=2, validation_split=0)
    assert len(traces) == once
    train(count=60)
    assert len(traces) == once + 1
    model.hidden.trainable = False
    train()
    assert len(traces) == once + 2
    model.compile("sgd")
    before = model.hidden.kernel.numpy()
    train()
    assert len(traces) == once + 3
    np.testing.assert_array_equal(model.hidden.kernel, before)


def test_a_step_that_reads_an_attribute_is_compiled_again() -> None:
    """A model with metrics of its own shows no sign of having been compiled again."""

    class Scaled(OwnStep):
        scale = 1.0

        @property
        def metrics(self) -> list[Any]:
            return []

        def train_step(self, data: Any) -> dict[str, Any]:
            super().train_step(data)
            return {"scale": tf.constant(self.scale)}

    model, optimizer = Scaled(), keras.optimizers.SGD(1e-3)
    for scale in (1.0, 0.0):
        model.scale = scale
        model.compile(optimizer)
        history, chosen = fit(model, X, Y, batch_size=BATCH, verbose=0)
        assert (chosen.loop, history.history["scale"]) == ("graph", [scale])


class Checked(layers.Layer):  # type: ignore[misc]
    def call(self, inputs: Any) -> Any:
        tf.debugging.assert_less(inputs, 100.0)
        return inputs


class Table(layers.Layer):  # type: ignore[misc]
    def build(self, shape: Any) -> None:
        self.rows = self.add_weight(shape=(10, 3))

    def call(self, inputs: Any) -> Any:
        return keras.ops.take(self.rows, keras.ops.cast(inputs, "int32"), axis=0)


@pytest.mark.parametrize(
    ("first", "x", "y"),
    [
        (Checked(), X * 1000, LABELS),
        (Table(), np.full((N, 4), 10), LABELS),
        (layers.Embedding(10, 3), np.full((N, 4), 10.0), LABELS),
        (layers.Dense(3), X, (LABELS + 3).astype(np.float32)),
    ],
    ids=["own check", "own table", "embedding of floats", "labels of floats"],
)
def test_xla_hides_no_error(first: Any, x: Any, y: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "XLA_STEPS", 0)
    model = keras.Sequential([first, layers.Flatten(), layers.Dense(2, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    with pytest.raises(tf.errors.InvalidArgumentError):
        fit(model, x, y, batch_size=BATCH, verbose=0)


def test_a_model_is_not_kept_when_its_loop_is() -> None:
    model = dense()
    fit(model, X, LABELS, validation_split=0.5, verbose=0)
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None


class Batches(keras.callbacks.Callback):  # type: ignore[misc]
    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        pass


class OwnFit(keras.Sequential):  # type: ignore[misc]
    def fit(self, *arguments: Any, **more: Any) -> Any:
        return super().fit(*arguments, **more)


def with_code_that_cant_be_traced() -> Any:
    class Untraceable(OwnStep):
        def train_step(self, data: Any) -> dict[str, Any]:
            raise NotImplementedError("not today")

    model = Untraceable()
    model.compile("sgd")
    return model


def eager() -> Any:
    model = dense()
    model.compile("sgd", "sparse_categorical_crossentropy", run_eagerly=True)
    return model


def with_own_fit() -> Any:
    model = OwnFit([keras.Input((6,)), layers.Dense(3, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


def dataset(*_: Any) -> Any:
    return tf.data.Dataset.from_tensor_slices((X, LABELS)).batch(BATCH)


@pytest.mark.parametrize(
    ("make", "x", "y", "arguments", "reason"),
    [
        (dense, dataset(), None, {"shuffle": False}, "no arrays but a _BatchDataset"),
        (dense, X, LABELS, {"validation_data": dataset()}, "no arrays but a _BatchDataset"),
        (dense, X, LABELS, {"callbacks": [Batches()]}, "callback Batches asks for single"),
        (dense, X, LABELS, {"steps_per_epoch": 2}, "steps_per_epoch is given"),
        (dense, X, LABELS, {"shuffle": "batch"}, "shuffle is 'batch'"),
        (eager, X, LABELS, {}, "runs eagerly"),
        (with_own_fit, X, LABELS, {}, "has a fit of its own"),
    ],
)
def test_keras_fit_trains_what_asks_for_it(
    make: Callable[[], Any], x: Any, y: Any, arguments: dict[str, Any], reason: str
) -> None:
    history, chosen = fit(make(), x, y, epochs=2, verbose=0, **arguments)
    assert chosen.loop == "fit"
    assert reason in chosen.why
    assert len(history.history["loss"]) == 2


def test_keras_fit_trains_what_does_not_fit_into_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERASDEMO_RESIDENT_BYTES", "100")
    _, chosen = fit(dense(), X, LABELS, verbose=0)
    assert (chosen.loop, "don't fit into the device's memory" in chosen.why) == ("fit", True)


@pytest.mark.parametrize(
    ("make", "x", "y", "arguments"),
    [
        (dense, X, LABELS[:-1], {}),
        (dense, None, None, {}),
        (dense, X[:, :5], LABELS, {}),
        (dense, X, LABELS, {"batch_size": -1}),
        (dense, X, LABELS, {"validation_split": 0.999}),
        (dense, X, LABELS, {"class_weight": {0: 1.0}, "sample_weight": WEIGHTS}),
        (with_code_that_cant_be_traced, X, Y, {}),
        (lambda: keras.Sequential([layers.Dense(1)]), X, Y, {}),
    ],
)
def test_errors_are_those_of_keras(
    make: Callable[[], Any], x: Any, y: Any, arguments: dict[str, Any]
) -> None:
    def error(train: Callable[..., Any], *data: Any) -> tuple[type, str]:
        with pytest.raises(Exception) as raised:  # noqa: PT011
            train(*data, verbose=0, **arguments)
        return raised.type, str(raised.value)[:20]

    assert error(fit, make(), x, y) == error(make().fit, x, y)


@pytest.mark.parametrize(
    ("make", "x", "y"),
    [(dense, X, LABELS + 1), (recurrent, WORDS + 1, LABELS > 0)],
    ids=["a class", "a word"],
)
def test_indices_out_of_range_are_errors_with_xla_too(
    make: Callable[[], Any], x: Any, y: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "XLA_STEPS", 0)
    with pytest.raises(tf.errors.InvalidArgumentError):
        fit(make(), x, y, verbose=0)


def test_an_unknown_argument_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="epoch_count"):
        fit(dense(), X, LABELS, epoch_count=3)


def test_a_model_that_xla_cant_compile_trains_as_a_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    class Python(layers.Layer):  # type: ignore[misc]
        def call(self, inputs: Any) -> Any:
            outputs = tf.numpy_function(lambda x: x, [inputs], tf.float32)
            return inputs + 0 * tf.reshape(tf.stop_gradient(outputs), tf.shape(inputs))

    monkeypatch.setattr(engine, "XLA_STEPS", 0)
    ours, plain = both(lambda: classifier(Python()), X, LABELS)
    assert ours.loop == "graph"
    assert_equal(ours, plain)


def test_convolutions_are_found_wherever_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    class Hidden(layers.Layer):  # type: ignore[misc]
        def build(self, shape: Any) -> None:
            self.filters = self.add_weight(shape=(3, 3, 1, 2))

        def call(self, inputs: Any) -> Any:
            return tf.reduce_mean(tf.nn.conv2d(inputs, self.filters, 1, "SAME"), axis=(1, 2))

    def nested(layer: Any) -> Any:
        inner = keras.Sequential([keras.Input((8, 8, 1)), layer, layers.Flatten()])
        model = keras.Sequential([keras.Input((8, 8, 1)), inner, layers.Dense(3, "softmax")])
        model.compile("sgd", "sparse_categorical_crossentropy")
        return model

    monkeypatch.setattr(engine, "XLA_STEPS", 0)
    for layer in (Hidden(), layers.SeparableConv2D(2, 3), layers.Conv2DTranspose(1, 3)):
        _, chosen = fit(nested(layer), IMAGES, LABELS, verbose=0)
        assert chosen == engine.CONVOLUTIONS_ARE_SLOW


@pytest.mark.parametrize(
    ("make", "x", "steps", "loop"),
    [
        (dense, X, engine.XLA_STEPS, "xla"),
        (dense, X, engine.XLA_STEPS // 2, "graph"),
        (recurrent, WORDS, engine.XLA_STEPS // 2, "xla"),
        (convolutional, IMAGES, 10**6, "graph"),
        (normalized, X, 10**6, "xla"),
        (lambda: classifier(layers.Dropout(0.2)), X, 10**6, "graph"),
    ],
)
def test_the_loop_is_a_rule(make: Callable[[], Any], x: Any, steps: int, loop: str) -> None:
    assert engine.choose(make(), steps).loop == loop
