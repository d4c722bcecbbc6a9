"""Which digit it is, and how much ink it has: two outputs with a loss and a weight each."""

import keras
from keras import layers

from .examples import digits


def main(fit):
    x, y, x_test, y_test = digits()
    inputs = keras.Input((28, 28, 1))
    z = layers.Dense(64, activation="relu")(layers.Flatten()(inputs))
    digit = layers.Dense(10, activation="softmax", name="digit")(z)
    ink = layers.Dense(1, name="ink")(z)
    model = keras.Model(inputs, {"digit": digit, "ink": ink})
    model.compile(
        optimizer="adam",
        loss={"digit": "sparse_categorical_crossentropy", "ink": "mse"},
        loss_weights={"digit": 1.0, "ink": 0.5},
        metrics={"digit": ["accuracy"], "ink": ["mae"]},
    )
    train = {"digit": y, "ink": x.mean(axis=(1, 2)) * 10}
    held_out = {"digit": y_test, "ink": x_test.mean(axis=(1, 2)) * 10}
    fit(model, x, train, batch_size=50, epochs=8, validation_data=(x_test, held_out))
