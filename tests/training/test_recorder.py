"""The recorder, by real trainings with plain fit: what it records, and that it changes nothing."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerasdemo.backend import keras, tf
from kerasdemo.config import InputError
from kerasdemo.data import Array
from kerasdemo.records import Run, list_runs, read
from kerasdemo.training import recorder
from kerasdemo.training.recorder import Recorder

layers = keras.layers
SPARSE = "sparse_categorical_crossentropy"


def examples(count: int = 120, seed: int = 0) -> tuple[Array, Array]:
    x = np.random.default_rng(seed).normal(size=(count, 6)).astype(np.float32)
    return x, x[:, :3].argmax(axis=1)


X, Y = examples()
VALIDATION = examples(40, seed=1)


def compiled(model: Any, loss: Any = SPARSE, optimizer: Any = "adam", **arguments: Any) -> Any:
    model.compile(optimizer, loss, **arguments)
    return model


def dense(*, units: int = 3, activation: str | None = "softmax") -> Any:
    return keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(8, activation="relu", name="hidden"),
            layers.Dense(units, activation=activation, name="output"),
        ],
        name="net",
    )


def record(
    model: Any,
    results: Path,
    x: Any = X,
    y: Any = Y,
    *,
    fit: dict[str, Any] | None = None,
    callbacks: tuple[Any, ...] = (),
    **arguments: Any,
) -> tuple[Recorder, Run]:
    found = Recorder(x, y, results=results, **arguments)
    # Keras warns of generators that should be shuffled.
    fit = fit if y is not None else {"shuffle": False, **(fit or {})}
    asked = {"epochs": 2, "verbose": 0, **(fit or {})}
    targets = () if y is None else (y,)
    model.fit(x, *targets, callbacks=[*callbacks, found], **asked)
    assert found.folder is not None
    return found, read(found.folder.path)


def test_a_training_becomes_a_run_like_any_other(tmp_path: Path) -> None:
    model = compiled(dense(), metrics=["accuracy"])
    _, run = record(
        model,
        tmp_path,
        validation_data=VALIDATION,
        fit={"validation_data": VALIDATION},
        seed=3,
        settings={"width": np.int64(8)},
    )
    assert run.status == "finished"
    assert run.history.epochs == 2
    assert run.facts["updates"] == 2 * 4
    assert run.facts["data"]["train"] == 120
    assert run.facts["data"]["measured"] == {"train": 120, "validation": 40}
    assert run.facts["initial"]["loss"] > 0
    assert run.facts["kept_epoch"] == 2
    setup = run.setup
    assert (setup.name, setup.seed, setup.task, setup.batch_size) == (
        "net",
        3,
        "classification",
        32,
    )
    assert setup.loss == {"name": SPARSE}
    assert (setup.optimizer["name"], setup.optimizer["learning_rate"]) == ("adam", 0.001)
    assert (setup.settings, setup.notes) == ({"width": 8}, ())
    assert setup.compile == {"loss": f'"{SPARSE}"', "metrics": '["accuracy"]'}
    assert [layer.name for layer in run.network] == list(run.layers) == ["hidden", "output"]
    assert [one.path for one in list_runs(tmp_path).runs] == [run.path]
    # What Keras' evaluate says of the weights that the folder keeps.
    kept = keras.models.load_model(run.folder.model_file)
    loss, accuracy = kept.evaluate(*VALIDATION, verbose=0)
    assert run.history.val_loss[-1] == pytest.approx(loss, rel=1e-5)
    assert run.history.val_accuracy[-1] == pytest.approx(accuracy)
    loss, accuracy = kept.evaluate(X, Y, verbose=0)
    assert run.history.loss[-1] == pytest.approx(loss, rel=1e-5)
    assert run.history.accuracy[-1] == pytest.approx(accuracy)


def restless() -> Any:
    """A network with everything that draws or keeps a state, built by its first batch."""
    model = keras.Sequential(
        [
            layers.GaussianNoise(0.1),
            layers.Dense(8),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Dropout(0.3),
            layers.Dense(3, activation="softmax"),
        ]
    )
    return compiled(model, metrics=["accuracy"])


def test_of_a_large_validation_set_the_curve_is_that_of_all(tmp_path: Path) -> None:
    """A tenth of it, at least 1,000, is measured for comparisons in pairs."""
    validation = examples(1_500, seed=1)
    model = compiled(dense(), metrics=["accuracy"])
    found, run = record(
        model, tmp_path, validation_data=validation, fit={"validation_data": validation}
    )
    logged = found.model.history.history
    assert run.history.val_loss == pytest.approx(logged["val_loss"])
    assert run.history.val_accuracy == pytest.approx(logged["val_accuracy"])
    assert run.facts["data"]["measured"]["validation"] == 1_500
    assert run.facts["data"]["validation"] == 1_500


class Sampling(keras.Model):  # type: ignore[misc]
    """Draws in inference mode, too, and has a train_step and test_step of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.inside, self.outside = layers.Dense(4), layers.Dense(6)
        self.seeds = keras.random.SeedGenerator(1)
        self.tracker = keras.metrics.Mean(name="loss")

    @property
    def metrics(self) -> list[Any]:
        return [self.tracker]

    def call(self, x: Any) -> Any:
        code = self.inside(x)
        return self.outside(code + keras.random.normal(keras.ops.shape(code), seed=self.seeds))

    def train_step(self, data: Any) -> dict[str, Any]:
        with tf.GradientTape() as tape:
            loss = keras.ops.mean((self(data[0], training=True) - data[0]) ** 2)
        found = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply(found, self.trainable_variables)
        self.tracker.update_state(loss)
        return {"loss": self.tracker.result()}

    def test_step(self, data: Any) -> dict[str, Any]:
        self.tracker.update_state(keras.ops.mean((self(data[0]) - data[0]) ** 2))
        return {"loss": self.tracker.result()}


def sampling() -> Any:
    return compiled(Sampling(), None)


def shuffled() -> Any:
    return tf.data.Dataset.from_tensor_slices((X, Y)).shuffle(120).batch(16)


@pytest.mark.parametrize(
    ("make", "data"),
    [
        (restless, lambda: (X, Y)),
        pytest.param(sampling, lambda: (X, Y), marks=pytest.mark.slow),
        pytest.param(restless, lambda: (shuffled(),), marks=pytest.mark.slow),
    ],
    ids=["dropout", "own steps", "dataset"],
)
def test_a_training_is_the_same_bit_for_bit_without_the_recorder(
    tmp_path: Path, make: Callable[[], Any], data: Callable[[], tuple[Any, ...]]
) -> None:
    found = []
    for is_recorded in (False, True):
        keras.utils.set_random_seed(5)
        given, model = data(), make()
        callbacks = [Recorder(*given, results=tmp_path)] if is_recorded else []
        arguments = {"shuffle": False} if len(given) == 1 else {}  # Keras warns of datasets
        model.fit(*given, epochs=2, verbose=0, callbacks=callbacks, **arguments)
        drawn = [random.random(), np.random.random(), float(keras.random.uniform(()))]
        state = [*model.variables, *model.optimizer.variables, *model.metrics_variables]
        found.append((model, [np.asarray(v) for v in state], drawn))
    (_, plain, before), (_, recorded, after) = found
    assert len(plain) == len(recorded)
    for one, other in zip(plain, recorded, strict=True):
        np.testing.assert_array_equal(one, other)
    assert before == after
    assert len(list_runs(tmp_path).runs) == 1


def test_regression_is_measured_by_its_r2(tmp_path: Path) -> None:
    y = (X @ np.arange(6)).astype(np.float32)
    model = compiled(dense(units=1, activation=None), "mse")
    _, run = record(model, tmp_path, X, y, validation_data=(X[:40], y[:40]))
    assert run.setup.task == "regression"
    squares = ((y - model.predict(X, verbose=0)[:, 0]) ** 2).mean()
    assert run.history.r2[-1] == pytest.approx(1 - squares / y.var(), rel=1e-4)
    assert run.history.accuracy == ()
    assert run.history.val_newly_wrong == ()
    assert run.facts["data"]["constant_loss"] == pytest.approx(y.var(), rel=1e-4)


def test_binary_targets_are_measured_beyond_accuracy(tmp_path: Path) -> None:
    y = (X[:, :1] > 1).astype(np.float32)
    model = compiled(dense(units=1, activation=None), keras.losses.BinaryCrossentropy(True))
    _, run = record(model, tmp_path, X, y)
    logits = model.predict(X, verbose=0)
    assert run.setup.task == "binary"
    assert run.setup.loss["from_logits"] is True
    assert run.history.accuracy[-1] == pytest.approx(((logits > 0) == (y > 0.5)).mean())
    assert 0 < run.history.auc[-1] < 1
    assert 0 < run.history.balanced_accuracy[-1] < 1


def test_the_output_of_the_untrained_network_is_measured(tmp_path: Path) -> None:
    _, run = record(compiled(dense()), tmp_path / "softmax")
    probabilities = run.facts["initial"]["output"]
    assert 0 <= probabilities["low"] <= probabilities["high"] <= 1
    assert probabilities["sum_low"] == pytest.approx(1, abs=1e-5)
    assert probabilities["sum_high"] == pytest.approx(1, abs=1e-5)
    _, run = record(compiled(dense(activation=None)), tmp_path / "linear")
    assert run.facts["initial"]["output"]["low"] < 0


def test_several_outputs_are_measured_by_their_whole_loss(tmp_path: Path) -> None:
    inputs = keras.Input((6,))
    hidden = layers.Dense(4, activation="tanh", kernel_regularizer="l2", name="hidden")(inputs)
    outputs = {
        "kind": layers.Dense(3, activation="softmax", name="kind")(hidden),
        "size": layers.Dense(1, name="size")(hidden),
    }
    y = {"kind": Y, "size": X[:, 0]}
    weights = {"kind": 1.0, "size": 0.3}
    model = compiled(
        keras.Model(inputs, outputs), {"kind": SPARSE, "size": "mse"}, loss_weights=weights
    )
    _, run = record(model, tmp_path, X, y)
    assert run.setup.task == "other"
    assert run.setup.structure == "graph"
    assert run.history.loss[-1] == pytest.approx(model.evaluate(X, y, verbose=0)[0], rel=1e-5)
    assert run.setup.notes == ()
    assert list(run.layers) == ["hidden", "kind", "size"]


def test_sample_weights_count_in_the_loss(tmp_path: Path) -> None:
    weight = np.linspace(0, 2, len(X)).astype(np.float32)
    model = compiled(dense())
    _, run = record(model, tmp_path, sample_weight=weight, fit={"sample_weight": weight})
    expected = model.evaluate(X, Y, sample_weight=weight, batch_size=len(X), verbose=0)
    assert run.history.loss[-1] == pytest.approx(expected, rel=1e-4)


def test_nested_inputs_are_measured(tmp_path: Path) -> None:
    one, other = keras.Input((6,), name="one"), keras.Input((3,), name="other")
    joined = layers.Concatenate()([layers.Dense(4, name="hidden")(one), other])
    model = compiled(keras.Model([one, other], layers.Dense(3, activation="softmax")(joined)))
    _, run = record(model, tmp_path, [X, X[:, :3]], Y)
    assert run.setup.task == "classification"
    assert run.setup.structure == "graph"
    assert run.facts["initial"]["layers"]["hidden"]["gradient_norm"] > 0


def test_masked_steps_of_a_sequence_do_not_count(tmp_path: Path) -> None:
    x = np.random.default_rng(0).integers(1, 9, (40, 5))
    x[:, 3:] = 0
    model = keras.Sequential(
        [
            layers.Embedding(9, 4, mask_zero=True),
            layers.SimpleRNN(4, return_sequences=True),
            layers.Dense(9, activation="softmax"),
        ]
    )
    _, run = record(compiled(model), tmp_path, x, x)
    assert run.setup.task == "other"
    assert run.history.loss[-1] == pytest.approx(model.evaluate(x, x, verbose=0), rel=1e-4)
    assert len(run.layers) == 3


def test_a_stateful_model_is_measured_in_batches_of_its_size(tmp_path: Path) -> None:
    model = keras.Sequential(
        [keras.Input(batch_shape=(30, 3, 2)), layers.LSTM(4, stateful=True), layers.Dense(1)]
    )
    x = X.reshape(120, 3, 2)
    _, run = record(
        compiled(model, "mse"), tmp_path, x, X[:, 0], fit={"batch_size": 30, "shuffle": False}
    )
    assert run.setup.task == "regression"
    assert len(run.history.r2) == 2
    assert set(run.layers) == {layer.name for layer in run.network}


def test_what_validation_split_leaves_is_not_taken_for_the_whole(tmp_path: Path) -> None:
    _, run = record(compiled(dense()), tmp_path, fit={"validation_split": 0.5})
    assert len(run.history.val_loss) == 2
    assert run.setup.batch_size is None
    assert any("`validation_split`" in note for note in run.setup.notes)


def test_a_model_that_is_trained_in_parts_has_the_curves_that_it_logs(tmp_path: Path) -> None:
    class Pair(keras.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(name="pair")
            self.part = dense(units=1, activation=None)
            self.own = keras.optimizers.SGD()

        def train_step(self, data: Any) -> dict[str, Any]:
            with tf.GradientTape() as tape:
                loss = keras.ops.mean(self.part(data[0]) ** 2)
            found = tape.gradient(loss, self.part.trainable_variables)
            self.own.apply(found, self.part.trainable_variables)
            return {"part_loss": loss}

    model = Pair()
    model.compile()
    _, run = record(model, tmp_path)
    assert (run.status, run.history.epochs, run.facts["updates"]) == ("finished", 2, 8)
    assert [layer.name for layer in run.network] == ["net/hidden", "net/output"]
    assert "can't be computed outside" in run.setup.notes[0]


def test_without_data_the_curves_are_those_of_keras_and_a_note_says_what_to_pass(
    tmp_path: Path,
) -> None:
    found = Recorder(results=tmp_path)
    model = compiled(restless(), metrics=["accuracy"])
    history = model.fit(X, Y, validation_data=VALIDATION, epochs=2, verbose=0, callbacks=[found])
    assert found.folder is not None
    run = read(found.folder.path)
    assert run.history.loss == pytest.approx(history.history["loss"])
    assert run.history.val_accuracy == pytest.approx(history.history["val_accuracy"])
    assert run.layers == {}
    assert "Recorder(x, y" in run.setup.notes[0]
    assert run.setup.task == "classification"


def test_a_generator_is_left_to_the_training(tmp_path: Path) -> None:
    def batches() -> Any:
        while True:
            yield X[:32], Y[:32]

    source = batches()
    _, run = record(compiled(dense()), tmp_path, source, None, fit={"steps_per_epoch": 3})
    assert run.history.epochs == 2
    assert run.facts["updates_per_epoch"] == 3
    assert any("can be read only once" in note for note in run.setup.notes)


def test_a_py_dataset_is_read_for_its_measurements(tmp_path: Path) -> None:
    class Batches(keras.utils.PyDataset):  # type: ignore[misc]
        def __len__(self) -> int:
            return 4

        def __getitem__(self, number: int) -> Any:
            chosen = slice(30 * number, 30 * number + 30)
            return X[chosen], Y[chosen]

    _, run = record(compiled(dense()), tmp_path, Batches(), None)
    assert run.facts["data"]["measured"]["train"] == 120
    assert run.setup.batch_size == 30


def test_fit_goes_on_in_the_same_folder_from_the_epoch_it_reached(tmp_path: Path) -> None:
    model = compiled(dense())
    found, first = record(model, tmp_path)
    model.fit(X, Y, initial_epoch=2, epochs=5, verbose=0, callbacks=[found])
    assert found.folder is not None
    assert found.folder.path == first.path
    run = read(first.path)
    assert run.history.epochs == run.setup.epochs == 5
    assert run.history.loss[:2] == first.history.loss
    assert run.facts["initial"] == first.facts["initial"]
    assert run.facts["updates"] == 5 * 4


def test_another_fit_is_another_run(tmp_path: Path) -> None:
    model = compiled(dense())
    found, first = record(model, tmp_path)
    model.fit(X, Y, epochs=1, verbose=0, callbacks=[found])
    assert found.folder is not None
    assert found.folder.path != first.path
    assert read(found.folder.path).history.epochs == 1
    assert len(list_runs(tmp_path).runs) == 2


class Counter(layers.Layer):  # type: ignore[misc]
    """Counts its calls in a variable that Keras knows nothing of."""

    def __init__(self) -> None:
        super().__init__()
        self.count = tf.Variable(0.0, trainable=False)

    def call(self, inputs: Any) -> Any:
        self.count.assign_add(1.0)
        return inputs * (1 + 0.01 * self.count)


def test_a_model_with_a_state_of_its_own_is_not_measured(tmp_path: Path) -> None:
    def train(*callbacks: Any) -> Any:
        keras.utils.set_random_seed(1)
        model = compiled(keras.Sequential([keras.Input((6,)), Counter(), layers.Dense(3)]), "mse")
        y = np.zeros((len(X), 3))
        return model.fit(X, y, epochs=2, shuffle=False, verbose=0, callbacks=callbacks).history

    found = Recorder(X, np.zeros((len(X), 3)), results=tmp_path)
    assert train(found) == train()
    assert found.folder is not None
    assert "a state that is not Keras' own" in read(found.folder.path).setup.notes[0]


def test_a_second_recorder_of_the_same_training_gives_way(tmp_path: Path) -> None:
    second = Recorder(X, Y, results=tmp_path)
    with pytest.warns(UserWarning, match="recorded by another Recorder"):
        _, run = record(compiled(dense()), tmp_path, callbacks=(second,))
    assert run.history.epochs == 2


def test_the_final_weights_are_measured_on_all_training_examples(tmp_path: Path) -> None:
    x, y = examples(1_500)
    found, run = record(compiled(dense(), metrics=["accuracy"]), tmp_path, x, y)
    loss, accuracy = found.model.evaluate(x, y, verbose=0)
    assert run.facts["data"]["measured"]["train"] == 1_000
    assert run.facts["train"] == {
        "loss": pytest.approx(loss, rel=1e-4),
        "accuracy": pytest.approx(accuracy),
        "examples": 1_500,
    }


def test_the_same_training_is_the_same_run(tmp_path: Path) -> None:
    paths = []
    for _ in range(2):
        keras.utils.set_random_seed(1)
        model = compiled(keras.Sequential([layers.Dense(3, activation="softmax")]))
        paths.append(record(model, tmp_path)[1].path)
    assert paths[0] == paths[1]
    assert paths[0] is not None
    assert paths[0].name.startswith("sequential-")


class Interrupt(keras.callbacks.Callback):  # type: ignore[misc]
    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if epoch == 2:
            raise KeyboardInterrupt


def test_an_interrupted_training_can_be_read_and_done_again(tmp_path: Path) -> None:
    model = compiled(dense())
    found = Recorder(X, Y, results=tmp_path)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, epochs=5, verbose=0, callbacks=[found, Interrupt()])
    assert found.folder is not None
    run = read(found.folder.path)
    assert (run.status, run.history.epochs, len(run.network)) == ("unfinished", 2, 2)
    found.interrupted()
    run = read(found.folder.path)
    assert (run.status, run.facts["reason"]) == ("interrupted", "Ctrl-C")
    assert record(model, tmp_path)[1].status == "finished"


def test_the_kept_epoch_is_the_one_whose_weights_the_model_has(tmp_path: Path) -> None:
    stopping = keras.callbacks.EarlyStopping(
        monitor="loss", mode="max", patience=2, restore_best_weights=True
    )
    found = Recorder(X, Y, results=tmp_path)
    found.set_arguments([stopping], None, None)
    model = compiled(dense(), optimizer=keras.optimizers.SGD(0.1))
    model.fit(X, Y, epochs=9, verbose=0, callbacks=[stopping, found])
    assert found.folder is not None
    run = read(found.folder.path)
    assert run.history.epochs == 3
    assert (run.kept_epoch, run.facts["reason"]) == (1, "early stopping")
    assert run.setup.early_stopping is not None
    assert run.setup.early_stopping["patience"] == 2


def test_a_learning_rate_is_recorded_as_the_epoch_had_it(tmp_path: Path) -> None:
    rate = keras.optimizers.schedules.ExponentialDecay(0.1, 4, 0.5, staircase=True)
    _, run = record(compiled(dense(), optimizer=keras.optimizers.SGD(rate)), tmp_path)
    assert run.history.learning_rate == pytest.approx([0.05, 0.025])
    assert run.setup.optimizer["learning_rate"]["name"] == "exponential_decay"
    plateau = keras.callbacks.ReduceLROnPlateau(monitor="loss", mode="max", patience=1, factor=0.5)
    model = compiled(dense(), optimizer=keras.optimizers.SGD(0.1))
    _, run = record(model, tmp_path, callbacks=(plateau,), fit={"epochs": 3})
    assert run.history.learning_rate == pytest.approx([0.1, 0.1, 0.05])


def test_a_training_that_diverges_is_recorded_to_its_end(tmp_path: Path) -> None:
    model = compiled(dense(units=1, activation=None), "mse", keras.optimizers.SGD(1e20))
    _, run = record(model, tmp_path, X, X[:, 0])
    assert run.status == "diverged"
    assert run.facts["reason"] == "the loss is not finite in epoch 1"
    assert run.history.epochs == 2


def test_a_large_set_is_measured_on_a_spread_sample(tmp_path: Path) -> None:
    x, y = examples(20_400)
    _, run = record(compiled(dense()), tmp_path, x, y, fit={"batch_size": 400, "epochs": 1})
    assert run.facts["data"]["measured"]["train"] == 2_000
    assert run.facts["data"]["train"] == 20_400
    assert run.setup.batch_size == 400


def test_a_layer_without_a_config_costs_the_model_file_alone(tmp_path: Path) -> None:
    class Scale(layers.Layer):  # type: ignore[misc]
        def __init__(self, function: Any):
            super().__init__()
            self.function = function

        def call(self, x: Any) -> Any:
            return self.function(x)

    model = keras.Sequential([Scale(lambda x: 2 * x), layers.Dense(3, activation="softmax")])
    with pytest.warns(UserWarning, match=r"model\.keras is not written"):
        _, run = record(compiled(model), tmp_path)
    assert run.status == "finished"
    assert not run.folder.model_file.exists()
    assert [layer.type for layer in run.network] == ["scale", "dense"]


def test_a_disk_that_fails_ends_the_recording_and_not_the_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(recorder.RunFolder, "add_layers", fail)
    model = compiled(dense())
    with pytest.warns(UserWarning, match="nothing more of this training is recorded: .*No space"):
        history = model.fit(X, Y, epochs=3, verbose=0, callbacks=[Recorder(X, Y, results=tmp_path)])
    assert len(history.history["loss"]) == 3


@pytest.mark.parametrize(
    "arguments",
    [
        {"name": "a/b"},
        {"name": ""},
        {"seed": -1},
        {"seed": 1.5},
        {"settings": {"a b": 1}},
        {"settings": {"a": [1]}},
        {"settings": {"a": float("nan")}},
        {"settings": [1]},
        {"task": "ranking"},
    ],
)
def test_bad_arguments_are_input_errors(arguments: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="Recorder: "):
        Recorder(X, Y, **arguments)


def test_data_that_does_not_go_together_is_an_input_error_before_training(tmp_path: Path) -> None:
    model = compiled(dense())
    before = model.get_weights()
    with pytest.raises(InputError, match="60 and 120"):
        model.fit(X, Y, verbose=0, callbacks=[Recorder(X, Y[:60], results=tmp_path)])
    assert all(map(np.array_equal, before, model.get_weights()))
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(InputError, match="results can't be written here"):
        model.fit(X, Y, verbose=0, callbacks=[Recorder(X, Y, results=file / "runs")])


def test_setup_and_network_are_there_before_the_first_epoch_ends(tmp_path: Path) -> None:
    class Look(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if epoch == 0:
                (folder,) = (path for path in tmp_path.iterdir() if path.is_dir())
                self.found = json.loads((folder / "setup.json").read_text())
                self.files = {path.name for path in folder.iterdir()}

    look = Look()
    record(compiled(dense()), tmp_path, callbacks=(look,))
    assert look.found["loss"]["name"] == SPARSE
    assert {"setup.json", "network.json"} <= look.files
