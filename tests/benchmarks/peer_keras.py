"""Plain Keras `Model.fit`: as it is, or with steps_per_execution (second argument)."""

import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras
from cases import Paced, serve

EXECUTION = len(sys.argv) > 2 and sys.argv[2] == "steps_per_execution"


class Clock(Paced, keras.callbacks.Callback):
    """Trains an epoch at a time, and times it."""


def prepare(case, x, y, kernels):
    model = keras.Sequential([keras.Input((x.shape[1],))])
    for kernel in kernels[:-1]:
        model.add(keras.layers.Dense(kernel.shape[1], activation="relu"))
    model.add(keras.layers.Dense(kernels[-1].shape[1], activation="softmax"))
    for layer, kernel in zip(model.layers, kernels, strict=True):
        layer.kernel.assign(kernel)
    make = {"adam": keras.optimizers.Adam, "sgd": keras.optimizers.SGD}[case.optimizer]
    steps = -(-len(x) // case.batch_size)
    model.compile(
        make(case.learning_rate),
        "categorical_crossentropy",
        metrics=["accuracy"],
        steps_per_execution=steps if EXECUTION else 1,
    )
    clock = Clock()
    clock.start_fit(
        lambda: model.fit(
            x, y, batch_size=case.batch_size, epochs=10**6, verbose=0, callbacks=[clock]
        )
    )

    def accuracy():
        return float(model.evaluate(x, y, batch_size=1000, verbose=0)[1])

    return clock.epoch, accuracy


serve(prepare)
