"""JAX and optax: a whole epoch as one hand-written, compiled `scan`."""

import time

import jax
import jax.numpy as jnp
import optax
from cases import serve


def prepare(case, x, y, kernels):
    chosen = {"adam": optax.adam, "sgd": optax.sgd}[case.optimizer](case.learning_rate)
    x, y = jnp.asarray(x), jnp.asarray(y)

    def forward(parameters, x):
        for kernel, bias in parameters[:-1]:
            x = jax.nn.relu(x @ kernel + bias)
        kernel, bias = parameters[-1]
        return x @ kernel + bias

    def loss(parameters, x, y):
        return optax.softmax_cross_entropy(forward(parameters, x), y).mean()

    @jax.jit
    def train(parameters, state, order, x, y):
        def step(carry, batch):
            parameters, state = carry
            value, gradient = jax.value_and_grad(loss)(parameters, x[batch], y[batch])
            updates, state = chosen.update(gradient, state, parameters)
            return (optax.apply_updates(parameters, updates), state), value

        (parameters, state), losses = jax.lax.scan(
            step, (parameters, state), order.reshape(-1, case.batch_size)
        )
        return parameters, state, losses.mean()

    current = {"parameters": [(jnp.asarray(k), jnp.zeros(k.shape[1])) for k in kernels]}
    current["state"] = chosen.init(current["parameters"])

    def epoch(order):
        start = time.perf_counter()
        current["parameters"], current["state"], value = train(
            current["parameters"], current["state"], jnp.asarray(order), x, y
        )
        value.block_until_ready()
        return time.perf_counter() - start

    def accuracy():
        output = forward(current["parameters"], x)
        return float((output.argmax(1) == y.argmax(1)).mean())

    return epoch, accuracy


serve(prepare)
