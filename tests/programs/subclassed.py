"""A subclassed model, trained twice in a row, after Keras' guide to subclassing."""

import keras
from keras import layers

from .examples import digits


class MLP(keras.Model):
    def __init__(self, units=64):
        super().__init__()
        self.flatten = layers.Flatten()
        self.first = layers.Dense(units, activation="relu")
        self.dropout = layers.Dropout(0.2)
        self.last = layers.Dense(10)

    def call(self, inputs, training=False):
        hidden = self.first(self.flatten(inputs))
        return self.last(self.dropout(hidden, training=training))


def main(fit):
    x, y, x_test, y_test = digits()
    model = MLP()
    model.compile(
        optimizer=keras.optimizers.SGD(0.1, momentum=0.9),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    fit(model, x, y, batch_size=50, epochs=3, validation_data=(x_test, y_test))
    fit(model, x, y, batch_size=50, epochs=6, initial_epoch=3, validation_data=(x_test, y_test))
