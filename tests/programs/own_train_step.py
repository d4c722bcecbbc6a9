"""A model with its own train_step and test_step, after "Customizing what happens in fit()"."""

import keras
import tensorflow as tf
from keras import layers

from .examples import digits


class CustomModel(keras.Model):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.loss_tracker = keras.metrics.Mean(name="loss")
        self.right = keras.metrics.SparseCategoricalAccuracy(name="accuracy")
        self.loss_fn = keras.losses.SparseCategoricalCrossentropy()

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.loss_fn(y, y_pred)
        gradients = tape.gradient(loss, self.trainable_weights)
        self.optimizer.apply(gradients, self.trainable_weights)
        self.loss_tracker.update_state(loss)
        self.right.update_state(y, y_pred)
        return {m.name: m.result() for m in self.metrics}

    def test_step(self, data):
        x, y = data
        y_pred = self(x, training=False)
        self.loss_tracker.update_state(self.loss_fn(y, y_pred))
        self.right.update_state(y, y_pred)
        return {m.name: m.result() for m in self.metrics}

    @property
    def metrics(self):
        return [self.loss_tracker, self.right]


def main(fit):
    x, y, x_test, y_test = digits()
    inputs = keras.Input((28, 28, 1))
    z = layers.Dense(64, activation="relu")(layers.Flatten()(inputs))
    model = CustomModel(inputs, layers.Dense(10, activation="softmax")(z))
    model.compile(optimizer="adam")
    fit(model, x, y, batch_size=32, epochs=8, validation_data=(x_test, y_test))
