"""A deep autoencoder of digits: the target is the input. After "Building autoencoders in Keras"."""

import keras
from keras import layers

from .examples import digits


def main(fit):
    x, _, x_test, _ = digits()
    x, x_test = x.reshape(-1, 784), x_test.reshape(-1, 784)
    inputs = keras.Input((784,))
    encoded = layers.Dense(64, activation="relu")(inputs)
    encoded = layers.Dense(16, activation="relu")(encoded)
    decoded = layers.Dense(64, activation="relu")(encoded)
    decoded = layers.Dense(784, activation="sigmoid")(decoded)
    autoencoder = keras.Model(inputs, decoded)
    autoencoder.compile(optimizer="adam", loss="binary_crossentropy")
    fit(autoencoder, x, x, batch_size=64, epochs=10, validation_data=(x_test, x_test))
