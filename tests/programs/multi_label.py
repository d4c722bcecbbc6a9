"""Several tags for a text, after "Large-scale multi-label text classification"."""

import keras
import numpy as np
from keras import layers

from .examples import sentences


def main(fit):
    texts, _ = sentences(3000)
    bags = np.stack([np.bincount(text, minlength=100)[1:] for text in texts]).clip(0, 1)
    tags = np.stack([bags[:, 5 * k : 5 * k + 10].sum(axis=1) >= 2 for k in range(6)], axis=1)
    x, y = bags.astype("float32"), tags.astype("float32")
    model = keras.Sequential(
        [
            keras.Input((99,)),
            layers.Dense(64, activation="relu"),
            layers.Dense(32, activation="relu"),
            layers.Dense(6, activation="sigmoid"),
        ]
    )
    model.compile("adam", "binary_crossentropy", metrics=["binary_accuracy"])
    fit(model, x[:2500], y[:2500], batch_size=32, epochs=10, validation_data=(x[2500:], y[2500:]))
