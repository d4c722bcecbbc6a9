"""The lecture's update rules by hand, beside Keras' own optimizers.

Each rule is a pure function of the learning rate and of all gradients so far, the newest last; it
returns what is added to the weights. Gradients may have any shape, so that one call serves many
learning rates, or many weights. The arguments after the star are where Keras differs.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerasdemo.lecture.demo import ClaimResult, DemoContext, DemoOutput, status_of

Array = NDArray[np.float64]
Rule = Callable[..., Array]
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
    """Momentum over RMSProp, each mean freed of its start at 0 (Kingma and Ba 2015)."""
    mean, squares = np.zeros_like(gradients[0]), np.zeros_like(gradients[0])
    for gradient in gradients:
        mean = BETA_1 * mean + (1 - BETA_1) * gradient
        squares = BETA_2 * squares + (1 - BETA_2) * gradient**2
    mean, squares = mean / (1 - BETA_1 ** len(gradients)), squares / (1 - BETA_2 ** len(gradients))
    return -rate * mean / (np.sqrt(squares) + epsilon)  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Method:
    """An optimizer twice: the rule by hand, and the arguments of Keras' class.

    own: what makes the rule by hand Keras' own. like: what makes Keras' class the lecture's.
    """

    rule: Rule
    keras: str
    arguments: Mapping[str, float] = field(default_factory=dict)
    own: Mapping[str, float] = field(default_factory=dict)
    like: Mapping[str, float] = field(default_factory=dict)

    def optimizer(self, rate: float, **changes: float) -> Any:
        """Return a new Keras optimizer."""
        from kerasdemo.backend import keras

        cls = getattr(keras.optimizers, self.keras)
        return cls(learning_rate=rate, **{**self.arguments, **changes})


# Keras' defaults: an epsilon of 1e-7 everywhere (inside the root but in Adam), and other starts.
METHODS = {
    "SGD": Method(sgd, "SGD"),
    "momentum": Method(momentum, "SGD", {"momentum": MOMENTUM}),
    "Adagrad": Method(
        adagrad,
        "Adagrad",
        own={"start": 0.1, "epsilon": 1e-7},
        like={"initial_accumulator_value": 0.0, "epsilon": 0.0},
    ),
    "RMSProp": Method(
        rmsprop,
        "RMSprop",
        {"rho": RHO},
        own={"first": 1 - RHO, "epsilon": 1e-7},
        like={"epsilon": 0.0},
    ),
    "Adam": Method(adam, "Adam", own={"epsilon": 1e-7}, like={"epsilon": 0.0}),
}


def by_hand(
    method: Method,
    slope: Callable[[Array], Array],
    start: Array,
    rate: Any,
    steps: int,
    changes: Mapping[str, float] | None = None,
) -> Array:
    """Return the path of a rule by hand, (steps + 1, *shape of start).

    Args:
        slope: the gradient at a point.
        rate: the learning rate, or one for each row of `start`.
        changes: of the rule's arguments; none is the lecture's rule.
    """
    points, gradients = [np.asarray(start, float)], []
    for _ in range(steps):
        gradients.append(slope(points[-1]))
        points.append(points[-1] + method.rule(rate, gradients, **(changes or {})))
    return np.stack(points)


def by_keras(
    optimizer: Any,
    value: Callable[[Any], Any],
    start: Array,
    steps: int,
    prepare: Callable[[Any, Any], None] | None = None,
) -> Array:
    """Return the path of Keras' own optimizer down `value`, (steps + 1, *shape of start).

    Args:
        value: the function, of a tensor such as `start`.
        prepare: called with the built optimizer and the first gradient.
    """
    from kerasdemo.backend import keras, tf

    weights = keras.Variable(start, dtype="float64")
    optimizer.build([weights])

    def step() -> Any:
        with tf.GradientTape() as tape:
            height = value(weights.value)
        gradient = tape.gradient(height, weights.value)
        if prepare is not None and optimizer.iterations == 0:
            prepare(optimizer, gradient)
        optimizer.apply([gradient], [weights])
        return weights.numpy()

    return np.stack([np.asarray(start, float), *(step() for _ in range(steps))])


def _as_lectured(optimizer: Any, gradient: Any) -> None:
    """Start Keras' RMSProp as the lecture does: its first mean of squares is g^2."""
    if type(optimizer).__name__ == "RMSprop":
        next(v for v in optimizer.variables if v.path.endswith("velocity")).assign(gradient**2)


def update_rules(context: DemoContext) -> DemoOutput:
    """Follow every rule by hand and by Keras' own optimizer down the same slope."""
    start, rate = np.array([1.5, -1.0]), 0.1
    lines, claims = [f"{STEPS} steps at the rate {rate} down 2 w1^2 + w2^2, from {start}"], []
    for name, method in METHODS.items():
        lectured = by_hand(method, _slope, start, np.float32(rate), STEPS)
        same = by_keras(method.optimizer(rate, **method.like), _value, start, STEPS, _as_lectured)
        usual = by_keras(method.optimizer(rate), _value, start, STEPS)
        apart = float(np.abs(same - lectured).max())
        parting = float(np.abs(usual - lectured).max())
        lines.append(f"{name}: {method.rule.__doc__} Ends at {lectured[-1].round(4)}.")
        told = f"largest difference of a weight {apart:.1e}"
        if method.like:
            told += f"; with Keras' defaults {parting:.2g}"
        claims.append(
            ClaimResult(
                f"Keras' {name} is the lecture's rule",
                "a formula",
                told,
                status_of(apart < ROUNDING),
            )
        )
    lines += [
        "Made alike: Keras' epsilon 1e-7 is 0 here, its Adagrad's sum starts at 0 (default 0.1),",
        "its RMSProp's mean of squares at the first g^2 (default 0, so that its first step is "
        f"{1 / np.sqrt(1 - RHO):.2f} times as long).",
        "Adam: the lecture's epsilon is 1e-8, Keras' 1e-7.",
    ]
    return DemoOutput(tuple(lines), tuple(claims))


def _value(w: Any) -> Any:
    return 2 * w[0] ** 2 + w[1] ** 2


def _slope(w: Array) -> Array:
    return np.array([4.0, 2.0]) * w
