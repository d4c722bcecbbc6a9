"""The lecture's update rules by hand, compared with Keras' optimizers.

A rule is a pure function of the learning rate and of all gradients so far, the newest last; it
returns what is added to the weights. Gradients may have any shape, so that one call serves many
learning rates, or many weights. The arguments behind the star are where Keras differs.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerasdemo.lecture.demo import ClaimResult, DemoContext, DemoOutput, status_of

Array = NDArray[np.float64]
MOMENTUM, RHO, BETA_1, BETA_2 = 0.9, 0.9, 0.9, 0.999
STEPS = 20
# Weights are float64 here, but Keras rounds 0.9 and 0.999 to float32.
ROUNDING = 1e-5


def sgd(rate: Any, gradients: Sequence[Array]) -> Array:
    """w <- w - eta g."""
    return -rate * gradients[-1]  # type: ignore[no-any-return]


def momentum(rate: Any, gradients: Sequence[Array], *, momentum: float = MOMENTUM) -> Array:
    """v <- lambda v - eta g; w <- w + v."""
    velocity = np.zeros_like(gradients[0])
    for gradient in gradients:
        velocity = momentum * velocity - rate * gradient
    return velocity


def adagrad(
    rate: Any, gradients: Sequence[Array], *, start: float = 0.0, epsilon: float = 0.0
) -> Array:
    """w <- w - eta g / sqrt(sum of all g^2); Keras' sum starts at 0.1."""
    total = start + sum(gradient**2 for gradient in gradients)
    return -rate * gradients[-1] / np.sqrt(total + epsilon)  # type: ignore[no-any-return]


def rmsprop(
    rate: Any, gradients: Sequence[Array], *, first: float = 1.0, epsilon: float = 0.0
) -> Array:
    """s^2 <- a s^2 + (1 - a) g^2; w <- w - eta g / s. The first s is g; Keras' is sqrt(1 - a) g."""
    squares = first * gradients[0] ** 2
    for gradient in gradients[1:]:
        squares = RHO * squares + (1 - RHO) * gradient**2
    return -rate * gradients[-1] / np.sqrt(squares + epsilon)  # type: ignore[no-any-return]


def adam(rate: Any, gradients: Sequence[Array], *, epsilon: float = 0.0) -> Array:
    """Momentum and RMSProp, each mean corrected for its start at 0 (Kingma and Ba 2015)."""
    mean, squares = np.zeros_like(gradients[0]), np.zeros_like(gradients[0])
    for gradient in gradients:
        mean = BETA_1 * mean + (1 - BETA_1) * gradient
        squares = BETA_2 * squares + (1 - BETA_2) * gradient**2
    mean, squares = mean / (1 - BETA_1 ** len(gradients)), squares / (1 - BETA_2 ** len(gradients))
    return -rate * mean / (np.sqrt(squares) + epsilon)  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Method:
    """An optimizer twice: the rule by hand, and Keras' class.

    Args:
        rule: by hand; without further arguments it is the lecture's.
        keras: name of Keras' class.
        arguments: of Keras' class, always.
        keras_defaults: arguments of the rule that make it Keras' optimizer with its defaults.
        as_in_lecture: arguments of Keras' class that make it the lecture's rule.
    """

    rule: Callable[..., Array]
    keras: str
    arguments: Mapping[str, float] = field(default_factory=dict)
    keras_defaults: Mapping[str, float] = field(default_factory=dict)
    as_in_lecture: Mapping[str, float] = field(default_factory=dict)

    def optimizer(self, rate: float, **changes: float) -> Any:
        """Return a new Keras optimizer."""
        from kerasdemo.backend import keras

        optimizer_class = getattr(keras.optimizers, self.keras)
        return optimizer_class(learning_rate=rate, **{**self.arguments, **changes})


# Keras' defaults: an epsilon of 1e-7 everywhere (inside the root except in Adam), and other starts.
METHODS = {
    "SGD": Method(sgd, "SGD"),
    "momentum": Method(momentum, "SGD", {"momentum": MOMENTUM}),
    "Adagrad": Method(
        adagrad,
        "Adagrad",
        keras_defaults={"start": 0.1, "epsilon": 1e-7},
        as_in_lecture={"initial_accumulator_value": 0.0, "epsilon": 0.0},
    ),
    "RMSProp": Method(
        rmsprop,
        "RMSprop",
        {"rho": RHO},
        keras_defaults={"first": 1 - RHO, "epsilon": 1e-7},
        as_in_lecture={"epsilon": 0.0},
    ),
    "Adam": Method(adam, "Adam", keras_defaults={"epsilon": 1e-7}, as_in_lecture={"epsilon": 0.0}),
}


def descend_by_hand(
    method: Method,
    gradient: Callable[[Array], Array],
    start: Array,
    rate: Any,
    steps: int,
    arguments: Mapping[str, float] | None = None,
) -> Array:
    """Return the path of a rule by hand, (steps + 1, *shape of start).

    Args:
        method: its rule is used.
        gradient: at a point.
        start: weights, or a row of them for each of many paths.
        rate: the learning rate, or one for each row of `start`.
        steps: number of updates.
        arguments: of the rule; None is the lecture's rule.
    """
    points, gradients = [np.asarray(start, float)], []
    for _ in range(steps):
        gradients.append(gradient(points[-1]))
        points.append(points[-1] + method.rule(rate, gradients, **(arguments or {})))
    return np.stack(points)


def descend_by_keras(
    optimizer: Any,
    value: Callable[[Any], Any],
    start: Array,
    steps: int,
    prepare: Callable[[Any, Any], None] | None = None,
) -> Array:
    """Return the path of a Keras optimizer, (steps + 1, *shape of start).

    Args:
        optimizer: a new one.
        value: the function to minimize, of a tensor shaped like `start`.
        start: weights.
        steps: number of updates.
        prepare: called with the built optimizer and the first gradient.
    """
    from kerasdemo.backend import keras, tf

    weights = keras.Variable(start, dtype="float64")
    optimizer.build([weights])
    points = [np.asarray(start, float)]
    for step in range(steps):
        with tf.GradientTape() as tape:
            height = value(weights.value)
        gradient = tape.gradient(height, weights.value)
        if prepare is not None and step == 0:
            prepare(optimizer, gradient)
        optimizer.apply([gradient], [weights])
        points.append(np.array(weights))
    return np.stack(points)


def _start_as_in_lecture(optimizer: Any, gradient: Any) -> None:
    """Start Keras' RMSProp as the lecture does: its first mean of squares is g^2."""
    if type(optimizer).__name__ == "RMSprop":
        next(v for v in optimizer.variables if v.path.endswith("velocity")).assign(gradient**2)


def update_rules(context: DemoContext) -> DemoOutput:
    """Minimize one function by each rule by hand and by Keras' optimizers."""
    start, rate, slope = np.array([1.5, -1.0]), 0.1, np.array([4.0, 2.0])
    lines = [f"{STEPS} steps at the rate {rate} down 2 w1^2 + w2^2, from {start}"]
    claims = []

    def value(w: Any) -> Any:
        return 2 * w[0] ** 2 + w[1] ** 2

    for name, method in METHODS.items():
        by_hand = descend_by_hand(method, lambda w: slope * w, start, np.float32(rate), STEPS)
        same, usual = method.optimizer(rate, **method.as_in_lecture), method.optimizer(rate)
        by_keras = descend_by_keras(same, value, start, STEPS, _start_as_in_lecture)
        by_default = descend_by_keras(usual, value, start, STEPS)
        difference = float(np.abs(by_keras - by_hand).max())
        measured = f"largest difference of a weight {difference:.1e}"
        if method.as_in_lecture:
            measured += f"; with Keras' defaults {float(np.abs(by_default - by_hand).max()):.2g}"
        lines.append(f"{name}: {method.rule.__doc__} Ends at {by_hand[-1].round(4)}.")
        statement, status = f"Keras' {name} is the lecture's rule", status_of(difference < ROUNDING)
        claims.append(ClaimResult(statement, "a formula", measured, status))
    lines += [
        "Changed for this: Keras' epsilon 1e-7 is 0; its Adagrad's sum starts at 0 (default 0.1)",
        "and RMSProp's mean of squares at the first g^2 (default 0, so that its first step is "
        f"{1 / np.sqrt(1 - RHO):.2f} times as long).",
        "Adam: the lecture's epsilon is 1e-8, Keras' 1e-7.",
    ]
    return DemoOutput(tuple(lines), tuple(claims))
