"""A variational autoencoder: no targets, its own train_step, nothing compiled but an optimizer."""

import keras
import tensorflow as tf
from keras import layers, ops

from .examples import digits


class Sampling(layers.Layer):
    def __init__(self):
        super().__init__()
        self.seed_generator = keras.random.SeedGenerator(1337)

    def call(self, inputs):
        mean, log_var = inputs
        epsilon = keras.random.normal(shape=ops.shape(mean), seed=self.seed_generator)
        return mean + ops.exp(0.5 * log_var) * epsilon


class VAE(keras.Model):
    def __init__(self):
        super().__init__()
        self.hidden = layers.Dense(64, activation="relu")
        self.mean, self.log_var, self.sampling = layers.Dense(2), layers.Dense(2), Sampling()
        self.decoder = keras.Sequential(
            [layers.Dense(64, activation="relu"), layers.Dense(784, activation="sigmoid")]
        )
        self.total = keras.metrics.Mean(name="loss")
        self.divergence = keras.metrics.Mean(name="kl_loss")

    @property
    def metrics(self):
        return [self.total, self.divergence]

    def call(self, x):
        hidden = self.hidden(x)
        return self.decoder(self.sampling([self.mean(hidden), self.log_var(hidden)]))

    def train_step(self, data):
        x = data[0] if isinstance(data, tuple) else data
        with tf.GradientTape() as tape:
            hidden = self.hidden(x)
            mean, log_var = self.mean(hidden), self.log_var(hidden)
            decoded = self.decoder(self.sampling([mean, log_var]))
            reconstruction = ops.mean(784 * keras.losses.binary_crossentropy(x, decoded))
            kl = -0.5 * (1 + log_var - ops.square(mean) - ops.exp(log_var))
            kl = ops.mean(ops.sum(kl, axis=1))
            loss = reconstruction + kl
        gradients = tape.gradient(loss, self.trainable_weights)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_weights, strict=True))
        self.total.update_state(loss)
        self.divergence.update_state(kl)
        return {"loss": self.total.result(), "kl_loss": self.divergence.result()}


def main(fit):
    x, *_ = digits()
    x = x.reshape(-1, 784)
    vae = VAE()
    vae(x[:1])
    vae.compile(optimizer=keras.optimizers.Adam())
    fit(vae, x, epochs=8, batch_size=64)
