"""Preprocessing and augmentation as layers of the model, after "Image classification"."""

import keras
from keras import layers

from .examples import digits


def main(fit):
    x, y, x_test, y_test = digits()
    x, x_test = 255 * x, 255 * x_test
    inputs = keras.Input((28, 28, 1))
    z = layers.Rescaling(1.0 / 255)(inputs)
    z = layers.RandomTranslation(0.08, 0.08, seed=0)(z)
    z = layers.RandomRotation(0.03, seed=1)(z)
    z = layers.Conv2D(16, 3, strides=2, use_bias=False)(z)
    z = layers.BatchNormalization()(z)
    z = layers.Activation("relu")(z)
    z = layers.SeparableConv2D(32, 3, strides=2, activation="relu")(z)
    z = layers.Flatten()(z)
    z = layers.Dropout(0.25)(z)
    model = keras.Model(inputs, layers.Dense(10)(z))
    model.compile(
        optimizer=keras.optimizers.Adam(2e-3),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[keras.metrics.SparseCategoricalAccuracy(name="acc")],
    )
    stop = keras.callbacks.EarlyStopping(patience=3)
    fit(model, x, y, batch_size=64, epochs=8, validation_data=(x_test, y_test), callbacks=[stop])
