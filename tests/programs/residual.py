"""Residual blocks with batch normalization, after the functional guide's toy ResNet."""

import keras
from keras import layers

from .examples import digits


def block(x, filters):
    shortcut = x
    x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU()(x)
    x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    return layers.ReLU()(layers.add([x, shortcut]))


def main(fit):
    x, y, x_test, y_test = digits()
    inputs = keras.Input((28, 28, 1))
    z = layers.Conv2D(8, 3, strides=2, activation="relu")(inputs)
    z = block(z, 8)
    z = layers.MaxPooling2D(2)(z)
    z = block(z, 8)
    z = layers.GlobalAveragePooling2D()(z)
    outputs = layers.Dense(10)(z)
    model = keras.Model(inputs, outputs, name="toy_resnet")
    model.compile(
        optimizer=keras.optimizers.RMSprop(2e-3),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["acc"],
    )
    fit(model, x, y, batch_size=32, epochs=8, validation_data=(x_test, y_test))
