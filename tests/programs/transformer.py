"""A Transformer block as a layer of its own, after "Text classification with Transformer"."""

import keras
from keras import layers, ops

from .examples import sentences


class TransformerBlock(layers.Layer):
    def __init__(self, embed_dim, num_heads, ff_dim, rate=0.1):
        super().__init__()
        self.att = layers.MultiHeadAttention(num_heads=num_heads, key_dim=embed_dim)
        self.ffn = keras.Sequential(
            [layers.Dense(ff_dim, activation="relu"), layers.Dense(embed_dim)]
        )
        self.layernorm1 = layers.LayerNormalization(epsilon=1e-6)
        self.layernorm2 = layers.LayerNormalization(epsilon=1e-6)
        self.dropout1 = layers.Dropout(rate)
        self.dropout2 = layers.Dropout(rate)

    def call(self, inputs):
        attended = self.dropout1(self.att(inputs, inputs))
        out1 = self.layernorm1(inputs + attended)
        return self.layernorm2(out1 + self.dropout2(self.ffn(out1)))


class TokenAndPositionEmbedding(layers.Layer):
    def __init__(self, maxlen, vocab_size, embed_dim):
        super().__init__()
        self.token_emb = layers.Embedding(vocab_size, embed_dim)
        self.pos_emb = layers.Embedding(maxlen, embed_dim)

    def call(self, x):
        positions = ops.expand_dims(ops.arange(0, ops.shape(x)[-1]), 0)
        return self.token_emb(x) + self.pos_emb(positions)


def main(fit):
    x, y = sentences(2500)
    inputs = keras.Input((20,))
    z = TokenAndPositionEmbedding(20, 100, 16)(inputs)
    z = TransformerBlock(16, 2, 32)(z)
    z = layers.GlobalAveragePooling1D()(z)
    z = layers.Dropout(0.1)(z)
    z = layers.Dense(20, activation="relu")(z)
    outputs = layers.Dense(2, activation="softmax")(z)
    model = keras.Model(inputs, outputs)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    fit(model, x[:2000], y[:2000], batch_size=32, epochs=8, validation_data=(x[2000:], y[2000:]))
