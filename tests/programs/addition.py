"""An LSTM that adds numbers digit by digit, after "Sequence to sequence learning: addition"."""

import keras
import numpy as np
from keras import layers

CHARACTERS = "0123456789+ "


def encode(texts):
    indices = np.array([[CHARACTERS.index(letter) for letter in text] for text in texts])
    return np.eye(len(CHARACTERS), dtype="float32")[indices]


def main(fit):
    pairs = np.random.default_rng(0).integers(0, 20, (2400, 2))
    x = encode([f"{a}+{b}".ljust(5) for a, b in pairs])
    y = encode([str(a + b).ljust(2) for a, b in pairs])
    model = keras.Sequential(
        [
            keras.Input((5, len(CHARACTERS))),
            layers.LSTM(48),
            layers.RepeatVector(2),
            layers.LSTM(48, return_sequences=True),
            layers.Dense(len(CHARACTERS), activation="softmax"),
        ]
    )
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    fit(model, x[:2000], y[:2000], batch_size=32, epochs=8, validation_data=(x[2000:], y[2000:]))
