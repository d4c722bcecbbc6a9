"""Compiled epochs give what plain Keras `fit` gives, for everything that a config can describe."""

import numpy as np
import pytest

from kerasdemo.backend import keras, tf
from kerasdemo.config import RunConfig, parse
from kerasdemo.config.keras_arguments import names
from kerasdemo.data import loading as data
from kerasdemo.training import epoch_trainer, evaluation, network, trainer
from kerasdemo.training.compile_key import compile_key

EPOCHS = 3


def config(
    network_yaml: str = "{depth: 1, units: 8}", *overrides: str, batch: int = 50
) -> RunConfig:
    # 230 examples leave a last, smaller batch of 30.
    return parse(
        f"""
data: {{name: mnist_sample, train: 230, validation: 0, test: 50}}
network: {network_yaml}
training: {{batch_size: {batch}, epochs: {EPOCHS}}}
""",
        overrides=overrides,
    )


def compiled(asked: RunConfig) -> list[np.ndarray]:
    """Train with compiled epochs; return all weights."""
    dataset = data.load(asked)
    ordinary = network.build(asked, dataset.shape, dataset.classes)
    y = network.encode(network.targets(asked, ordinary), dataset.train.y, dataset.classes)
    shared = trainer.shared_epoch_trainer(asked, dataset.shape, dataset.classes)
    shared.load(ordinary)
    shared.fit_epochs(dataset.train.x, y, seed=asked.seed, epochs=EPOCHS)
    shared.store(ordinary)
    return ordinary.get_weights()


def plain(asked: RunConfig) -> list[np.ndarray]:
    """Train with plain Keras fit in the same order of examples; return all weights."""
    dataset = data.load(asked)
    ordinary = network.build(asked, dataset.shape, dataset.classes)
    y = network.encode(network.targets(asked, ordinary), dataset.train.y, dataset.classes)
    # XLA and TensorFlow's own kernels draw other numbers from one seed: other dropout masks.
    ordinary.jit_compile = trainer.uses_xla(asked)
    for epoch in range(EPOCHS):
        order = epoch_trainer.epoch_order(asked.seed, epoch, len(y))
        ordinary.fit(
            dataset.train.x[order],
            y[order],
            batch_size=asked.training.batch_size,
            shuffle=False,
            verbose=0,
        )
    return ordinary.get_weights()


def assert_same(asked: RunConfig, tolerance: float = 2e-4) -> None:
    for mine, keras_own in zip(compiled(asked), plain(asked), strict=True):
        np.testing.assert_allclose(mine, keras_own, rtol=tolerance, atol=tolerance)


NETWORKS = {
    "dropout": "{depth: 2, units: 8, dropout: 0.5, input_dropout: 0.2}",
    "batch normalization": "{depth: 2, units: 8, normalization: batch}",
    "layer normalization": "{depth: 2, units: 8, normalization: layer}",
    "regularizers": "{depth: 1, units: 8, regularizer: {l1: 1e-3, l2: 1e-2}}",
    "maxout": "{depth: 2, units: 8, activation: maxout, maxout_pieces: 3}",
    "prelu": "{depth: 2, units: 8, activation: prelu}",
    "leaky relu": "{depth: 2, units: 8, activation: {name: leaky_relu, negative_slope: 0.1}}",
    "convolution": """{layers: [
        {type: conv2d, filters: 4, kernel_size: 3, strides: 2, activation: relu},
        {type: max_pooling2d}, {type: flatten},
        {type: dropout, rate: 0.3}, {type: dropout, rate: 0},
        {type: maxout, units: 8}, {type: batch_normalization},
        {type: dense, units: 10, activation: softmax}]}""",
}


@pytest.mark.parametrize("kind", NETWORKS)
def test_every_layer_kind_trains_as_plain_fit(kind: str) -> None:
    assert_same(config(NETWORKS[kind], "optimizer={name: sgd, learning_rate: 0.05}"))


@pytest.mark.parametrize(
    "override",
    [
        "loss=mean_squared_error",
        "loss=sparse_categorical_crossentropy",
        "loss={name: categorical_crossentropy, from_logits: true, label_smoothing: 0.1}",
        "optimizer={name: sgd, momentum: 0.9, nesterov: true, clipnorm: 0.5}",
        "optimizer={name: adam, weight_decay: 0.01, global_clipnorm: 1.0, amsgrad: true}",
        "optimizer={name: rmsprop, momentum: 0.5, centered: true}",
        "training.batch_size=1000",
    ],
)
def test_losses_and_arguments_train_as_plain_fit(override: str) -> None:
    assert_same(config("{depth: 1, units: 8}", override))


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_trains_as_plain_fit(precision: str) -> None:
    # Eight bits of mantissa: rounding differs with the order of operations.
    asked = config("{depth: 1, units: 8, dropout: 0.2}", f"training.precision={precision}")
    assert_same(asked, tolerance=2e-2)


def test_one_output_unit_trains_as_plain_fit() -> None:
    asked = parse(
        """
data: {name: circles, train: 90, validation: 0, test: 10}
network: {depth: 1, units: 8}
loss: binary_crossentropy
training: {batch_size: 20, epochs: 3}
"""
    )
    assert_same(asked)


def test_runs_of_one_shape_share_a_program_and_do_not_disturb_each_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shape = "{depth: 1, units: 8, dropout: 0.5, regularizer: {l2: 0.01}, initializer: he_normal}"
    other = "{depth: 1, units: 8, dropout: 0.1, regularizer: {l2: 0.1}, initializer: lecun_normal}"
    first = config(shape, "optimizer={name: sgd, learning_rate: 0.1, momentum: 0.9}")
    second = config(other, "optimizer={name: sgd, learning_rate: 0.01, momentum: 0.9}", "seed=3")
    alone = compiled(first)
    shared = trainer.shared_epoch_trainer(first, (28, 28), 10)
    assert trainer.shared_epoch_trainer(second, (28, 28), 10) is shared
    monkeypatch.setattr(
        epoch_trainer.EpochTrainer, "train_batch", _no_more
    )  # it runs where something is traced
    assert_same(second)
    for before, after in zip(alone, compiled(first), strict=True):
        np.testing.assert_array_equal(before, after)


def _no_more(*_: object) -> None:
    raise AssertionError("traced, and so compiled, once more")


@pytest.mark.parametrize(
    "override",
    [
        *("network.units=9", "optimizer=adam", "optimizer.momentum=0.5"),
        *("network.dropout=0", "training.batch_size=7", "loss=mse"),
    ],
)
def test_other_arithmetic_is_another_shape(override: str) -> None:
    text, sgd = "{depth: 1, units: 8, dropout: 0.5}", "optimizer={name: sgd, momentum: 0.9}"
    key = compile_key(config(text, sgd))
    assert compile_key(config(text, sgd, "seed=3", "network.dropout=0.1")) == key
    assert compile_key(config(text, sgd, override)) != key


def test_measuring_agrees_with_keras_evaluate() -> None:
    asked = config("{depth: 1, units: 8, dropout: 0.5, regularizer: {l2: 0.01}}")
    dataset = data.load(asked)
    ordinary = network.build(asked, dataset.shape, dataset.classes)
    y = network.encode("one_hot", dataset.train.y, dataset.classes)
    shared = trainer.shared_epoch_trainer(asked, dataset.shape, dataset.classes)
    shared.load(ordinary)
    mine = shared.evaluator.evaluate(shared.evaluator.chunks(dataset.train.x, y))
    assert [mine.loss, mine.accuracy] == pytest.approx(
        ordinary.evaluate(dataset.train.x, y, verbose=0), rel=1e-5
    )


@pytest.mark.parametrize("name", sorted(names("losses")))
def test_every_loss_is_measured_as_keras_evaluate_does(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluation, "CHUNK", 40)  # of 90: a last chunk of 10
    asked = parse(
        f"""
data: {{name: circles, train: 90, validation: 0, test: 10}}
network: {{depth: 1, units: 4, output_activation: sigmoid, regularizer: {{l2: 0.01}}}}
loss: {name}
"""
    )
    dataset = data.load(asked)
    ordinary = network.build(asked, dataset.shape, dataset.classes)
    y = network.encode(network.targets(asked, ordinary), dataset.train.y, dataset.classes)
    shared = epoch_trainer.EpochTrainer(
        ordinary,
        asked.training.batch_size,
        network.is_right(asked, ordinary),
        loss_is_of_batch=network.loss_is_of_batch(asked),
    )
    mine = shared.evaluator.evaluate(shared.evaluator.chunks(dataset.train.x, y))
    theirs = ordinary.evaluate(dataset.train.x, y, batch_size=40, verbose=0)
    assert [mine.loss, mine.accuracy] == pytest.approx(theirs, rel=1e-5)
    assert len(mine.losses) == len(mine.right) == 90


def test_an_epochs_order_depends_on_seed_and_epoch_alone() -> None:
    order = epoch_trainer.epoch_order(3, 5, 100)
    np.testing.assert_array_equal(order, epoch_trainer.epoch_order(3, 5, 100))
    assert sorted(order) == list(range(100))
    assert (order != epoch_trainer.epoch_order(3, 6, 100)).any()
    assert (order != epoch_trainer.epoch_order(4, 5, 100)).any()


def test_mini_batches_for_large_data_train_to_the_same_weights() -> None:
    asked = config()
    dataset = data.load(asked)
    y = network.encode("one_hot", dataset.train.y, dataset.classes)
    ordinary = network.build(asked, dataset.shape, dataset.classes)
    shared = trainer.shared_epoch_trainer(asked, dataset.shape, dataset.classes)
    shared.load(ordinary)
    shared.fit_epochs(dataset.train.x, y, seed=asked.seed, epochs=EPOCHS, is_resident=False)
    shared.store(ordinary)
    for mine, whole in zip(ordinary.get_weights(), compiled(asked), strict=True):
        np.testing.assert_allclose(mine, whole, rtol=1e-4, atol=1e-5)


def test_the_callers_seed_is_left_alone() -> None:
    asked = config("{depth: 1, units: 8, dropout: 0.5}")
    tf.random.set_seed(7)
    alone = float(tf.random.uniform(()))
    tf.random.set_seed(7)
    compiled(asked)
    for _ in range(25):  # a sweep's worth of runs
        trainer.shared_epoch_trainer(asked, (28, 28), 10)
    assert float(tf.random.uniform(())) == alone


def test_optimizers_of_all_runs_have_one_name() -> None:
    asked = config("{depth: 1, units: 8}", "training.precision=mixed_float16")
    first, second = (network.build(asked, (28, 28), 10).optimizer for _ in range(2))
    assert first.name == second.name
    assert [v.path for v in first.variables] == [v.path for v in second.variables]


def test_the_network_is_an_ordinary_keras_model() -> None:
    asked = config(NETWORKS["maxout"])
    assert type(network.build(asked, (28, 28), 10)) is keras.Sequential
