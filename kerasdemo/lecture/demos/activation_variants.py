"""Lecture 9-1's variants of ReLU: their formulas, Keras' layers, and trained networks."""

from collections.abc import Callable
from typing import Any

import numpy as np

from kerasdemo.comparison.statistics import interval
from kerasdemo.display.style import INK
from kerasdemo.lecture.demo import (
    ClaimResult,
    DemoContext,
    DemoOutput,
    percent,
    status_above,
    status_of,
)
from kerasdemo.lecture.demos import trained
from kerasdemo.lecture.demos.dense import Array
from kerasdemo.lecture.demos.figures import (
    COLORS,
    NAMES,
    SMALL,
    titled_figure,
    use_integer_ticks,
)
from kerasdemo.records import Run

# The lecture's slope of leaky ReLU (Keras' default is 0.3), and a slope of parametric ReLU.
LEAK, ALPHA = 0.01, 0.25
# ELU: Clevert et al. 2016.
FORMULAS: dict[str, Callable[[Array], Array]] = {
    "relu": lambda z: np.maximum(z, 0),
    "leaky_relu": lambda z: np.where(z > 0, z, LEAK * z),
    "prelu": lambda z: np.where(z > 0, z, ALPHA * z),
    "elu": lambda z: np.where(z > 0, z, np.exp(z) - 1),
}
LABELS = {
    "relu": "ReLU",
    "leaky_relu": f"leaky: {LEAK:g} z",
    "prelu": f"parametric: alpha z, here {ALPHA:g}",
    "elu": "ELU: exp(z) - 1",
}
DASHES: dict[str, Any] = {
    "relu": "-",
    "leaky_relu": (0, (5, 1.5)),
    "prelu": (0, (3, 1, 1, 1)),
    "elu": "-",
    "maxout": (0, (1.5, 1)),
}


def compare(context: DemoContext) -> DemoOutput:
    """Compare the formulas of ReLU's variants with Keras' layers, and trained networks."""
    z = np.linspace(-3, 3, 601, dtype=np.float32)
    differences = {
        name: float(np.abs(np.asarray(layer(z[None, :]))[0] - FORMULAS[name](z)).max())
        for name, layer in _keras_layers(len(z)).items()
    }
    alphas = [learned_alphas(run) for run in context.runs["prelu"]]
    distances = [float(np.abs(alpha).mean()) for alpha in alphas]
    means = interval([float(alpha.mean()) for alpha in alphas])
    lines = [f"parametric ReLU's alphas start at 0; after training their mean is {means}"]
    for label, runs in context.runs.items():
        accuracies = [run.facts["test"]["accuracy"] for run in runs]
        examples = runs[0].facts["data"]["test"]
        lines.append(
            f"{NAMES[label]}: test accuracy {percent(accuracies, 'test_accuracy', examples)}"
        )
    claims = [
        ClaimResult(
            f"Keras' layer is the formula of {NAMES[name]}",
            "a formula" if name != "elu" else "not on the slide",
            f"largest difference {difference:.1e}",
            status_of(difference < 1e-6),
        )
        for name, difference in differences.items()
    ]
    claims.append(
        ClaimResult(
            "parametric ReLU learns alpha: it moves away from 0",
            "alpha is learned by gradient descent",
            f"mean distance from the initial 0 {interval(distances)}",
            status_above(distances),
        )
    )
    drawn = titled_figure(
        "ReLU's variants: formulas, learned slopes, trained networks",
        13,
        4.2,
        trained.describe(context.runs["prelu"]),
    )
    left, middle, right = drawn.subplots(1, 3)
    for name, formula in FORMULAS.items():
        look = {"color": COLORS[name], "label": LABELS[name], "linestyle": DASHES[name]}
        left.plot(z, formula(z), **look)
    left.set(xlabel="$z$", ylabel="output", xlim=(-3, 1.5), ylim=(-1.1, 1.5))
    left.set_title("Formulas")
    left.legend(loc="upper left", fontsize=SMALL)
    learned = np.concatenate(alphas)
    middle.hist(learned, bins=40, color=COLORS["prelu"])
    middle.axvline(0, color=INK, linewidth=1)
    middle.set(xlabel="learned alpha", ylabel="units (of all layers and seeds)")
    middle.set_title(f"Parametric ReLU: mean distance from 0: {np.abs(learned).mean():.3f}")
    for label, runs in context.runs.items():
        # (seeds, epochs)
        curves = 100 * np.array([run.history.val_accuracy for run in runs])
        epochs = range(1, curves.shape[1] + 1)
        look = {"color": COLORS[label], "label": NAMES[label], "linestyle": DASHES[label]}
        right.plot(epochs, curves.mean(axis=0), **look)
    use_integer_ticks(right)
    right.set(xlabel="epoch", ylabel="validation accuracy (%)")
    right.set_title("In the same network, mean over the seeds")
    right.legend(loc="lower right", fontsize=SMALL)
    return DemoOutput(tuple(lines), tuple(claims), {"activation_shapes": drawn})


def learned_alphas(run: Run) -> Array:
    """Return every learned slope of a network of parametric ReLUs, (units of all layers,)."""
    from kerasdemo.backend import keras

    layers = trained.load_model(run).layers
    slopes = [layer.alpha for layer in layers if isinstance(layer, keras.layers.PReLU)]
    return np.concatenate([np.asarray(slope).ravel() for slope in slopes])


def _keras_layers(units: int) -> dict[str, Any]:
    from kerasdemo.backend import keras

    prelu = keras.layers.PReLU(alpha_initializer=keras.initializers.Constant(ALPHA))
    prelu.build((None, units))
    return {
        "relu": keras.layers.ReLU(),
        "leaky_relu": keras.layers.LeakyReLU(negative_slope=LEAK),
        "prelu": prelu,
        "elu": keras.layers.ELU(),
    }
