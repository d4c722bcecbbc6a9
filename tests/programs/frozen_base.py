"""Layers that were trained before and are frozen now, after "Transfer learning"."""

import keras
from keras import layers

from .examples import digits


def main(fit):
    x, y, x_test, y_test = digits()
    base = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(16, 5, strides=2, activation="relu"),
            layers.Conv2D(16, 3, strides=2, activation="relu"),
            layers.Flatten(),
        ],
        name="base",
    )
    before = keras.Sequential([base, layers.Dense(5, activation="softmax")])
    before.compile("adam", "sparse_categorical_crossentropy")
    small = y < 5
    before.fit(x[small], y[small], batch_size=32, epochs=3, verbose=0)
    base.trainable = False
    inputs = keras.Input((28, 28, 1))
    z = layers.Dropout(0.2)(base(inputs, training=False))
    model = keras.Model(inputs, layers.Dense(5, activation="softmax")(z))
    model.compile(
        optimizer=keras.optimizers.Adam(1e-3),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    large, large_test = y >= 5, y_test >= 5
    held_out = (x_test[large_test], y_test[large_test] - 5)
    fit(model, x[large], y[large] - 5, batch_size=20, epochs=8, validation_data=held_out)
