"""Which EpochTrainers are shared."""

import numpy as np

from kerasdemo.backend import tf
from kerasdemo.config import parse
from kerasdemo.training import trainer


def test_at_most_a_few_epoch_trainers_are_kept() -> None:
    text = "data: {name: blobs, train: 70}\nnetwork: {depth: 1, units: %d}"
    configs = [parse(text % units) for units in range(1, trainer.KEPT + 2)]
    made = [trainer.shared_epoch_trainer(config, (2,), 3) for config in configs]
    assert trainer.shared_epoch_trainer(configs[-1], (2,), 3) is made[-1]
    assert trainer.shared_epoch_trainer(configs[0], (2,), 3) is not made[0]


def test_the_callers_seed_is_left_alone() -> None:
    config = parse("data: {name: blobs, train: 70}\nnetwork: {depth: 1, units: 8, dropout: 0.5}")
    tf.random.set_seed(7)
    alone = float(tf.random.uniform(()))
    tf.random.set_seed(7)
    x, y = np.ones((70, 2), np.float32), np.eye(3, dtype=np.float32)[np.arange(70) % 3]
    for _ in range(25):  # a sweep's worth of runs
        shared = trainer.shared_epoch_trainer(config, (2,), 3)
    shared.fit_epochs(x, y, seed=0, epochs=1)
    assert float(tf.random.uniform(())) == alone
