"""kerasdemo: the compiled epoch, through Keras' fit; with `fit` plain fit of the same model."""

import sys

from cases import Paced, serve

from kerasdemo.backend import keras
from kerasdemo.config import parse
from kerasdemo.training import epoch_trainer, network


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
    shared = epoch_trainer.acquire(config, shape, classes)
    shared.load(ordinary)
    clock.start_fit(
        lambda: shared.fit(
            shared.epochs(x, y, 0),
            epochs=10**6,
            steps_per_epoch=1,
            shuffle=False,
            verbose=0,
            callbacks=[clock],
        )
    )

    def accuracy():
        return shared.measure(shared.chunks(x, y)).accuracy

    return clock.epoch, accuracy


if __name__ == "__main__":
    serve(prepare)
