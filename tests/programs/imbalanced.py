"""A few percent of positives, weighted, after "Imbalanced classification: credit card fraud"."""

import keras
import numpy as np
from keras import layers


def main(fit):
    rng = np.random.default_rng(0)
    y = (rng.random(5000) < 0.04).astype("uint8")
    x = (rng.normal(size=(5000, 12)) + 0.8 * y[:, None]).astype("float32")
    x, x_val = (x - x[:4000].mean(axis=0))[:4000], (x - x[:4000].mean(axis=0))[4000:]
    model = keras.Sequential(
        [
            keras.Input((12,)),
            layers.Dense(32, activation="relu"),
            layers.Dropout(0.3),
            layers.Dense(32, activation="relu"),
            layers.Dropout(0.3),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.Adam(1e-3),
        loss="binary_crossentropy",
        metrics=[
            keras.metrics.FalseNegatives(name="fn"),
            keras.metrics.Precision(name="precision"),
            keras.metrics.Recall(name="recall"),
        ],
    )
    count = y[:4000].sum()
    weight = {0: 1.0 / (4000 - count), 1: 1.0 / count}
    scale = 2000.0
    fit(
        model,
        x,
        y[:4000, None],
        batch_size=100,
        epochs=8,
        validation_data=(x_val, y[4000:, None]),
        class_weight={kind: scale * value for kind, value in weight.items()},
    )
