"""Examples from a keras.utils.PyDataset that makes each batch when it is asked for."""

import keras
import numpy as np
from keras import layers

from .examples import digits


class Batches(keras.utils.PyDataset):
    def __init__(self, x, y, batch_size):
        super().__init__()
        self.x, self.y, self.batch_size = x, y, batch_size

    def __len__(self):
        return len(self.x) // self.batch_size

    def __getitem__(self, index):
        rows = slice(index * self.batch_size, (index + 1) * self.batch_size)
        return self.x[rows].reshape(-1, 784), np.eye(10, dtype="float32")[self.y[rows]]


def main(fit):
    x, y, x_test, y_test = digits()
    model = keras.Sequential(
        [
            keras.Input((784,)),
            layers.Dense(64, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    held_out = Batches(x_test, y_test, 100)
    fit(model, Batches(x, y, 50), epochs=6, validation_data=held_out)
