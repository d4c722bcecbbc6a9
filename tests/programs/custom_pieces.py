"""A layer, a loss and a metric of one's own, after "Making new layers" and "Custom losses"."""

import keras
from keras import layers, ops

from .examples import table


class Linear(layers.Layer):
    def __init__(self, units=32):
        super().__init__()
        self.units = units

    def build(self, input_shape):
        self.w = self.add_weight(
            shape=(input_shape[-1], self.units), initializer="random_normal", trainable=True
        )
        self.b = self.add_weight(shape=(self.units,), initializer="zeros", trainable=True)

    def call(self, inputs):
        return ops.relu(ops.matmul(inputs, self.w) + self.b)


def mostly_above(y_true, y_pred):
    error = y_true - y_pred
    return ops.mean(ops.maximum(0.7 * error, -0.3 * error))


class WorstError(keras.metrics.Metric):
    def __init__(self, name="worst_error"):
        super().__init__(name=name)
        self.worst = self.add_weight(initializer="zeros", name="worst")

    def update_state(self, y_true, y_pred, sample_weight=None):
        error = ops.max(ops.abs(ops.cast(y_true, y_pred.dtype) - y_pred))
        self.worst.assign(ops.maximum(self.worst, error))

    def result(self):
        return self.worst


def main(fit):
    x, y = table(900)
    x, y = (x - x.mean(axis=0)) / x.std(axis=0), (y[:, None] - y.mean()) / y.std()
    model = keras.Sequential([keras.Input((6,)), Linear(32), Linear(32), layers.Dense(1)])
    model.compile("adam", mostly_above, metrics=[WorstError()])
    fit(model, x[:700], y[:700], batch_size=20, epochs=30, validation_data=(x[700:], y[700:]))
