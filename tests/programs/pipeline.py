"""Examples from a tf.data pipeline, shuffled and in batches of their own."""

import keras
import tensorflow as tf
from keras import layers

from .examples import digits


def main(fit):
    x, y, x_test, y_test = digits()
    train = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(2000, seed=0).batch(64)
    held_out = tf.data.Dataset.from_tensor_slices((x_test, y_test)).batch(64)
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    fit(model, train.prefetch(tf.data.AUTOTUNE), epochs=6, validation_data=held_out)
