"""A text and a table as two named inputs, after the functional guide's ticket ranking."""

import keras
import numpy as np
from keras import layers

from .examples import sentences


def main(fit):
    texts, nice = sentences(2500)
    facts = np.random.default_rng(1).normal(size=(2500, 4)).astype("float32")
    y = nice + facts[:, 0]
    text = keras.Input((20,), name="text")
    extra = keras.Input((4,), name="facts")
    words = layers.GlobalAveragePooling1D()(layers.Embedding(100, 16)(text))
    both = layers.concatenate([words, extra])
    output = layers.Dense(1)(layers.Dense(32, activation="relu")(both))
    model = keras.Model({"text": text, "facts": extra}, output)
    model.compile(optimizer="adam", loss="mse")
    train = {"text": texts[:2000], "facts": facts[:2000]}
    held_out = {"text": texts[2000:], "facts": facts[2000:]}
    fit(model, train, y[:2000], batch_size=20, epochs=10, validation_data=(held_out, y[2000:]))
