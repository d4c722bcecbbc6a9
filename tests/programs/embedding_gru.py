"""Texts with an embedding and a GRU that skips the padding, after "Bidirectional LSTM on IMDB"."""

import keras
from keras import layers

from .examples import sentences


def main(fit):
    x, y = sentences(2500)
    model = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            layers.Embedding(100, 16, mask_zero=True),
            layers.Bidirectional(layers.GRU(16)),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    fit(model, x[:2000], y[:2000], batch_size=50, epochs=6, validation_data=(x[2000:], y[2000:]))
