"""kerasdemo: compiled epochs, through Keras' fit; with `fit` plain fit of the same model."""

import sys

from cases import Paced, serve

from kerasdemo.backend import keras
from kerasdemo.config import parse
from kerasdemo.training import network
from kerasdemo.training.trainer import shared_epoch_trainer


class Clock(Paced, keras.callbacks.Callback):
    """Trains an epoch at a time, and times it."""


def prepare(case, x, y, kernels):
    described = case.network or f"{{depth: {len(case.units)}, units: {list(case.units)}}}"
    config = parse(
        f"""
data: {{name: {case.data}, validation: 0}}
network: {described}
optimizer: {{name: {case.optimizer}, learning_rate: {case.learning_rate}}}
training: {{batch_size: {case.batch_size}}}
"""
    )
    shape, classes = x.shape[1:], y.shape[1]
    ordinary = network.build(config, shape, classes)
    dense = [layer for layer in ordinary.layers if hasattr(layer, "kernel")]
    for layer, kernel in zip(dense, kernels, strict=bool(kernels)):
        layer.kernel.assign(kernel)
    clock = Clock()
    if sys.argv[2:] == ["fit"]:
        clock.start_fit(
            lambda: ordinary.fit(
                x, y, batch_size=case.batch_size, epochs=10**6, verbose=0, callbacks=[clock]
            )
        )
        return clock.epoch, lambda: float(ordinary.evaluate(x, y, batch_size=1000, verbose=0)[1])
    trainer = shared_epoch_trainer(config, shape, classes)
    trainer.load(ordinary)
    clock.start_fit(lambda: trainer.fit_epochs(x, y, seed=0, epochs=10**6, callbacks=[clock]))

    def accuracy():
        return trainer.evaluator.evaluate(trainer.evaluator.chunks(x, y)).accuracy

    return clock.epoch, accuracy


if __name__ == "__main__":
    serve(prepare)
