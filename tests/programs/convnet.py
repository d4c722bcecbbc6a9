"""A small convolutional network for digits, after Keras' "Simple MNIST convnet"."""

import keras
from keras import layers

from .examples import digits


def main(fit):
    x, y, x_test, y_test = digits()
    y, y_test = keras.utils.to_categorical(y, 10), keras.utils.to_categorical(y_test, 10)
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    fit(model, x, y, batch_size=64, epochs=6, validation_data=(x_test, y_test))
