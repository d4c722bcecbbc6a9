"""What cars use, from a table, with a Normalization layer, after "Basic regression"."""

import keras
from keras import layers

from .examples import table


def main(fit):
    x, y = table(900)
    normalization = layers.Normalization()
    normalization.adapt(x)
    model = keras.Sequential(
        [
            normalization,
            layers.Dense(64, activation="relu"),
            layers.Dense(64, activation="relu"),
            layers.Dense(1),
        ]
    )
    model.compile(loss="mean_absolute_error", optimizer=keras.optimizers.Adam(0.001))
    fit(model, x, y, validation_split=0.2, epochs=60)
