"""Whether two digits are the same: shared layers, contrastive loss. After "Siamese networks"."""

import keras
import numpy as np
from keras import layers, ops

from .examples import digits


def make_pairs(x, y, rng):
    first, second = rng.integers(0, len(x), (2, 2 * len(x)))
    # Half of them of one class.
    by_class = [np.flatnonzero(y == digit) for digit in range(10)]
    alike = rng.random(len(first)) < 0.5
    twins = np.array([rng.choice(by_class[digit]) for digit in y[first]])
    second = np.where(alike, twins, second)
    return x[first], x[second], (y[first] != y[second]).astype("float32")


def contrastive_loss(y_true, y_pred):
    y_true = ops.reshape(y_true, ops.shape(y_pred))
    apart = ops.square(ops.maximum(1.0 - y_pred, 0))
    return ops.mean((1 - y_true) * ops.square(y_pred) + y_true * apart)


def main(fit):
    x, y, x_test, y_test = digits()
    rng = np.random.default_rng(0)
    first, second, different = make_pairs(x, y, rng)
    first_test, second_test, different_test = make_pairs(x_test, y_test, rng)
    embedding = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(16, activation="tanh"),
        ],
        name="embedding",
    )
    one, other = keras.Input((28, 28, 1)), keras.Input((28, 28, 1))
    distance = layers.Lambda(
        lambda two: ops.sqrt(
            ops.maximum(ops.sum(ops.square(two[0] - two[1]), axis=1, keepdims=True), 1e-7)
        ),
        output_shape=(1,),
    )([embedding(one), embedding(other)])
    output = layers.Dense(1, activation="sigmoid")(layers.BatchNormalization()(distance))
    model = keras.Model([one, other], output)
    model.compile(loss=contrastive_loss, optimizer="rmsprop", metrics=["accuracy"])
    held_out = ([first_test, second_test], different_test)
    fit(model, [first, second], different, batch_size=50, epochs=6, validation_data=held_out)
