"""Compiled epochs give what plain Keras `fit` gives, for everything that a config can describe."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerasdemo import data
from kerasdemo.config import RunConfig, parse
from kerasdemo.config.keras_arguments import names
from kerasdemo.training import callbacks, checkpoint, epoch_loop, network, trainer

EPOCHS = 2


def config(network_yaml: str, *overrides: str) -> RunConfig:
    # 130 examples leave a last, smaller batch of 30.
    return parse(
        f"""
data: {{name: mnist_sample, train: 130, validation: 0, test: 50}}
network: {network_yaml}
training: {{batch_size: 50, epochs: {EPOCHS}}}
""",
        overrides=overrides,
    )


class Training:
    """A network, its examples and the shared EpochTrainer, which takes it over."""

    def __init__(self, config: RunConfig):
        dataset = data.load(config)
        self.config = config
        self.network = network.build(config, dataset.shape, dataset.classes)
        self.x = dataset.train.x
        kind = network.targets(config, self.network)
        self.y = network.encode(kind, dataset.train.y, dataset.classes)
        self.shared = trainer.shared_epoch_trainer(config, dataset.shape, dataset.classes)
        self.shared.load(self.network)

    def fit(self, first: int = 0, last: int = EPOCHS, **arguments: Any) -> None:
        """Train with compiled epochs."""
        seed = self.config.seed
        self.shared.fit_epochs(self.x, self.y, seed=seed, first=first, epochs=last, **arguments)

    def weights(self) -> list[np.ndarray]:
        self.shared.store(self.network)
        return [np.array(weight) for weight in self.network.get_weights()]

    def weights_by_plain_fit(self) -> list[np.ndarray]:
        """Train with plain Keras fit in the same order of examples."""
        # XLA and TensorFlow's own kernels draw other numbers from one seed: other dropout masks.
        self.network.jit_compile = trainer.uses_xla(self.config)
        for epoch in range(EPOCHS):
            order = epoch_loop.epoch_order(self.config.seed, epoch, len(self.y))
            size = self.config.training.batch_size
            self.network.fit(
                self.x[order], self.y[order], batch_size=size, shuffle=False, verbose=0
            )
        return [np.array(weight) for weight in self.network.get_weights()]


def compiled(config: RunConfig) -> list[np.ndarray]:
    """Train with compiled epochs; return all weights."""
    training = Training(config)
    training.fit()
    return training.weights()


def assert_as_plain_fit(config: RunConfig, tolerance: float = 2e-4) -> None:
    found, expected = compiled(config), Training(config).weights_by_plain_fit()
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)


DROPOUT = "{depth: 2, units: 8, dropout: 0.5, input_dropout: 0.2, regularizer: {l2: 1e-2}}"
BATCH_NORMALIZATION = "{depth: 2, units: 8, normalization: batch}"
CONVOLUTION = """{layers: [
    {type: conv2d, filters: 4, kernel_size: 3, strides: 2, activation: relu},
    {type: max_pooling2d}, {type: flatten},
    {type: dropout, rate: 0.3}, {type: dropout, rate: 0},
    {type: maxout, units: 8}, {type: batch_normalization},
    {type: dense, units: 10, activation: softmax}]}"""
OTHER_NETWORKS = {
    "layer normalization": "{depth: 2, units: 8, normalization: layer}",
    "regularizers": "{depth: 1, units: 8, regularizer: {l1: 1e-3, l2: 1e-2}}",
    "maxout": "{depth: 2, units: 8, activation: maxout, maxout_pieces: 3}",
    "prelu": "{depth: 2, units: 8, activation: prelu}",
    "leaky relu": "{depth: 2, units: 8, activation: {name: leaky_relu, negative_slope: 0.1}}",
}


@pytest.mark.parametrize(
    "text", [DROPOUT, CONVOLUTION, pytest.param(BATCH_NORMALIZATION, marks=pytest.mark.slow)]
)
def test_networks_train_as_plain_fit(text: str) -> None:
    assert_as_plain_fit(config(text, "optimizer={name: sgd, learning_rate: 0.05}"))


@pytest.mark.slow
@pytest.mark.parametrize("kind", OTHER_NETWORKS)
def test_every_layer_kind_trains_as_plain_fit(kind: str) -> None:
    assert_as_plain_fit(config(OTHER_NETWORKS[kind], "optimizer={name: sgd, learning_rate: 0.05}"))


@pytest.mark.slow
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
    assert_as_plain_fit(config("{depth: 1, units: 8}", override))


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_trains_as_plain_fit(precision: str) -> None:
    # Eight bits of mantissa: rounding differs with the order of operations.
    mixed = config("{depth: 1, units: 8, dropout: 0.2}", f"training.precision={precision}")
    assert_as_plain_fit(mixed, tolerance=2e-2)


@pytest.mark.slow
def test_one_output_unit_trains_as_plain_fit() -> None:
    assert_as_plain_fit(
        parse(
            f"""
data: {{name: circles, train: 90, validation: 0, test: 10}}
network: {{depth: 1, units: 8}}
loss: binary_crossentropy
training: {{batch_size: 20, epochs: {EPOCHS}}}
"""
        )
    )


def test_runs_of_one_kind_share_what_is_compiled_and_do_not_disturb_each_other() -> None:
    text = "{depth: 1, units: 8, dropout: 0.5, regularizer: {l2: 0.01}, initializer: he_normal}"
    other = "{depth: 1, units: 8, dropout: 0.1, regularizer: {l2: 0.1}, initializer: lecun_normal}"
    first = config(text, "optimizer={name: sgd, learning_rate: 0.1, momentum: 0.9}")
    second = config(other, "optimizer={name: sgd, learning_rate: 0.01, momentum: 0.9}", "seed=3")
    alone = compiled(first)
    shared = trainer.shared_epoch_trainer(first, (28, 28), 10)
    assert trainer.shared_epoch_trainer(second, (28, 28), 10) is shared

    assert_as_plain_fit(second)
    for before, after in zip(alone, compiled(first), strict=True):
        np.testing.assert_array_equal(before, after)
    (loop,) = shared.loops.values()
    assert loop.loop.experimental_get_tracing_count() == 1


def test_an_epochs_order_depends_on_seed_and_epoch_alone() -> None:
    order = epoch_loop.epoch_order(3, 5, 100)
    np.testing.assert_array_equal(order, epoch_loop.epoch_order(3, 5, 100))
    assert sorted(order) == list(range(100))
    assert (order != epoch_loop.epoch_order(3, 6, 100)).any()
    assert (order != epoch_loop.epoch_order(4, 5, 100)).any()


def test_mini_batches_for_large_data_train_to_the_same_weights() -> None:
    dense = config("{depth: 1, units: 8}")
    large = Training(dense)
    large.fit(is_resident=False)
    for one, other in zip(large.weights(), compiled(dense), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


# Eight or eleven bits of mantissa: rounding differs with the order of operations.
TOLERANCE = {"float32": 2e-4, "mixed_float16": 2e-2, "mixed_bfloat16": 5e-2}
OPTIMIZERS = [(name, precision) for name in sorted(names("optimizers")) for precision in TOLERANCE]
# Nadam inside a loss scaling optimizer has variables in both.
FAST = {("nadam", "mixed_float16")}


@pytest.mark.parametrize(
    ("optimizer", "precision"),
    [
        pytest.param(*one, marks=[] if one in FAST else [pytest.mark.slow], id="-".join(one))
        for one in OPTIMIZERS
    ],
)
def test_every_optimizer_shares_resumes_and_agrees_with_plain_fit(
    optimizer: str, precision: str, tmp_path: Path
) -> None:
    def config(seed: int = 0) -> RunConfig:
        # 70 points leave a last, smaller batch of 10.
        return parse(
            f"""
seed: {seed}
data: {{name: blobs, train: 70, validation: 0, test: 10}}
network: {{depth: 1, units: 4, activation: tanh}}
optimizer: {optimizer}
training: {{batch_size: 20, epochs: {EPOCHS}, precision: {precision}}}
"""
        )

    expected = compiled(config())
    cut, file = Training(config()), tmp_path / "checkpoint.npz"
    shared, evaluator = cut.shared, cut.shared.evaluator
    evaluate = callbacks.Evaluate(evaluator.evaluate, evaluator.chunks(cut.x, cut.y), None)
    save = checkpoint.SaveCheckpoint(file, shared.state, evaluate, [], {"a": 1})
    cut.fit(0, 1, callbacks=[evaluate, save])
    between = Training(config(seed=1))
    assert between.shared is shared
    between.fit()

    saved = checkpoint.find(file, shared.state)
    assert saved is not None
    assert (saved.epoch, saved.facts) == (1, {"a": 1})
    for variable, value in zip(shared.state, saved.state, strict=True):
        variable.assign(value)
    cut.fit(1)
    for one, other in zip(cut.weights(), expected, strict=True):
        np.testing.assert_array_equal(one, other)

    tolerance = TOLERANCE[precision]
    plain = Training(config()).weights_by_plain_fit()
    for one, other in zip(expected, plain, strict=True):
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)
