"""KerasTuner's GridSearch over the same 24 runs as sweep_mnist.yaml or sweep_fizzbuzz.yaml."""

import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras
import keras_tuner
import numpy as np

FOLDER, NAME = Path(sys.argv[1]), sys.argv[2]
MNIST = NAME == "mnist"


def build(hp):
    """Return a compiled network for one point of the grid."""
    seed = hp.Choice("seed", [0, 1, 2])
    activation = hp.Choice("activation", ["relu", "sigmoid"])
    rates = [0.01, 0.03, 0.1, 0.3] if MNIST else [0.0003, 0.001, 0.003, 0.01]
    rate = hp.Choice("learning_rate", rates)
    keras.utils.set_random_seed(seed)
    model = keras.Sequential([keras.Input((784 if MNIST else 10,))])
    for units in (500, 500, 500) if MNIST else (100,):
        model.add(keras.layers.Dense(units, activation=activation))
    model.add(keras.layers.Dense(10 if MNIST else 4, activation="softmax"))
    optimizer = keras.optimizers.SGD(rate) if MNIST else keras.optimizers.Adam(rate)
    model.compile(optimizer, "categorical_crossentropy", metrics=["accuracy"])
    return model


with np.load(FOLDER / f"{NAME}.npz") as arrays:
    x = arrays["x"][:20_000].reshape(len(arrays["x"][:20_000]), -1).astype(np.float32)
    y = np.eye(int(arrays["y"].max()) + 1, dtype=np.float32)[arrays["y"][:20_000]]
train = 10_000 if MNIST else 900
with tempfile.TemporaryDirectory() as folder:
    tuner = keras_tuner.GridSearch(
        build,
        objective="val_accuracy" if MNIST else "accuracy",
        max_trials=24,
        directory=folder,
        project_name=NAME,
    )
    tuner.search(
        x[:train],
        y[:train],
        validation_data=(x[train:], y[train:]) if MNIST else None,
        batch_size=100 if MNIST else 20,
        epochs=10 if MNIST else 100,
        verbose=0,
    )
    trials = tuner.oracle.get_best_trials(24)
    print(len(trials), trials[0].score)
