"""One whole training by Keras in a process of its own; prints the seconds since its begin.

python peer_fit.py NETWORK BATCH PEER; the imports and the making of the model are left out.
"""

import json
import sys
import time
from tempfile import TemporaryDirectory

from fit_cases import EPOCHS, EXAMPLES, load

from kerasdemo.backend import keras

layers = keras.layers


def build(network, execution):
    """Return the compiled model."""
    images, flat = keras.Input((28, 28, 1)), keras.Input((784,))
    dense, normal = layers.Dense, layers.BatchNormalization
    inputs, outputs, loss = [flat], None, "sparse_categorical_crossentropy"
    if network == "dense":
        hidden = [dense(500, "relu") for _ in range(3)]
    elif network == "dense_normalized":
        hidden = [(dense(128), normal(), layers.ReLU(), layers.Dropout(0.3)) for _ in range(3)]
        hidden = [layer for block in hidden for layer in block]
    elif network == "convolution":
        inputs = [images]
        blocks = [(layers.Conv2D(n, 3, activation="relu"), layers.MaxPooling2D()) for n in (16, 32)]
        hidden = [*blocks[0], *blocks[1], layers.Flatten(), dense(64, "relu")]
    elif network == "convolution_normalized":
        inputs = [images]
        blocks = [(layers.Conv2D(n, 3), normal(), layers.ReLU()) for n in (16, 32)]
        hidden = [*blocks[0], layers.MaxPooling2D(), *blocks[1], layers.GlobalAveragePooling2D()]
    elif network == "table":
        inputs, loss = [keras.Input((13,))], "mean_squared_error"
        hidden, outputs = [dense(32, "relu"), dense(32, "relu")], dense(1)
    elif network == "recurrent":
        inputs, loss = [keras.Input((20,))], "binary_crossentropy"
        hidden, outputs = [layers.Embedding(1_000, 16), layers.GRU(16)], dense(1, "sigmoid")
    elif network == "autoencoder":
        loss, hidden, outputs = "mean_squared_error", [dense(64, "relu")], dense(784, "sigmoid")
    else:
        inputs, hidden = [keras.Input((392,)), keras.Input((392,))], []
    if network == "residual":
        both = [dense(64, "relu")(one) for one in inputs]
        value = layers.Dropout(0.2)(layers.LayerNormalization()(layers.Add()(both)))
        value = layers.Add()([value, dense(64, "relu")(value)])
    else:
        value = inputs[0]
    for layer in hidden:
        value = layer(value)
    model = keras.Model(inputs, (outputs or dense(10, "softmax"))(value))
    measured = ["accuracy"] if "crossentropy" in loss else ["mae"]
    model.compile("adam", loss, metrics=measured, steps_per_execution=execution)
    return model


class Clock(keras.callbacks.Callback):
    """Notes when each epoch ends."""

    def on_train_begin(self, logs=None):
        self.ends = [time.perf_counter()]

    def on_epoch_end(self, epoch, logs=None):
        self.ends.append(time.perf_counter())


def main():
    network, batch, peer = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    inputs, y = load(network)
    x = inputs if len(inputs) > 1 else inputs[0]
    keras.utils.set_random_seed(1)
    model = build(network, -(-EXAMPLES // batch) if peer == "steps_per_execution" else 1)
    clock, loop = Clock(), None
    arguments = {"batch_size": batch, "epochs": EPOCHS, "verbose": 0, "callbacks": [clock]}
    if peer == "recorded":
        from kerasdemo import fit as recorded

        with TemporaryDirectory() as results:
            start = time.perf_counter()
            loop = recorded(model, x, y, results=results, **arguments).engine.loop
            end = time.perf_counter()
    elif peer in ("kerasdemo", "xla", "graph"):
        from kerasdemo.training import engine, fit

        if peer != "kerasdemo":  # one loop whatever the rule says, to find the rule
            engine.choose = lambda *_: engine.Engine(peer, "")
            engine.why_not_xla = lambda *_: None
        start = time.perf_counter()
        loop = fit.fit(model, x, y, **arguments)[1].loop
        end = time.perf_counter()
    else:
        start = time.perf_counter()
        model.fit(x, y, **arguments)
        end = time.perf_counter()
    print(json.dumps({"total": end - start, "ends": [t - start for t in clock.ends], "loop": loop}))


main()
