"""Every optimizer in every precision: shared programs keep runs apart, and nothing is forgotten."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerasdemo.config import RunConfig, parse
from kerasdemo.config.keras_arguments import names
from kerasdemo.data import loading as data
from kerasdemo.training import callbacks, checkpoint, epoch_trainer, network, trainer

EPOCHS = 2
# Eight or eleven bits of mantissa: rounding differs with the order of operations.
TOLERANCE = {"float32": 2e-4, "mixed_float16": 2e-2, "mixed_bfloat16": 5e-2}


def config(optimizer: str, precision: str, seed: int = 0) -> RunConfig:
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


class Training:
    """A network, its examples and the shared program, which it takes over."""

    def __init__(self, asked: RunConfig):
        dataset = data.load(asked)
        self.asked = asked
        self.network = network.build(asked, dataset.shape, dataset.classes)
        self.x = dataset.train.x
        self.y = network.encode("one_hot", dataset.train.y, dataset.classes)
        self.shared = trainer.shared_epoch_trainer(asked, dataset.shape, dataset.classes)
        self.shared.load(self.network)

    def epochs(self, first: int, last: int, *, every: tuple[Any, ...] = ()) -> None:
        self.shared.fit_epochs(
            self.x, self.y, seed=self.asked.seed, first=first, epochs=last, callbacks=every
        )

    def weights(self) -> list[np.ndarray]:
        self.shared.store(self.network)
        return [np.array(weight) for weight in self.network.get_weights()]

    def by_plain_fit(self) -> list[np.ndarray]:
        for epoch in range(EPOCHS):
            order = epoch_trainer.epoch_order(self.asked.seed, epoch, len(self.y))
            self.network.fit(self.x[order], self.y[order], batch_size=20, shuffle=False, verbose=0)
        return [np.array(weight) for weight in self.network.get_weights()]


@pytest.mark.parametrize("precision", TOLERANCE)
@pytest.mark.parametrize("optimizer", sorted(names("optimizers")))
def test_it_shares_resumes_and_agrees_with_plain_fit(
    optimizer: str, precision: str, tmp_path: Path
) -> None:
    whole = Training(config(optimizer, precision))
    whole.epochs(0, EPOCHS)
    expected = whole.weights()

    cut, file = Training(config(optimizer, precision)), tmp_path / "checkpoint.npz"
    evaluator = cut.shared.evaluator
    evaluate = callbacks.Evaluate(evaluator.evaluate, evaluator.chunks(cut.x, cut.y), None)
    save = checkpoint.SaveCheckpoint(file, cut.shared.state, evaluate, [], {})
    cut.epochs(0, 1, every=(save,))
    between = Training(config(optimizer, precision, seed=1))
    assert between.shared is cut.shared
    between.epochs(0, EPOCHS)

    saved = checkpoint.find(file, cut.shared.state)
    assert saved is not None
    assert saved.epoch == 1
    for variable, value in zip(cut.shared.state, saved.state, strict=True):
        variable.assign(value)
    cut.epochs(1, EPOCHS)
    for mine, theirs in zip(cut.weights(), expected, strict=True):
        np.testing.assert_array_equal(mine, theirs)

    tolerance = TOLERANCE[precision]
    plain = Training(config(optimizer, precision)).by_plain_fit()
    for mine, theirs in zip(expected, plain, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=tolerance, atol=tolerance)
