"""From sigmoid to ReLU: why a deep network's first weights hardly matter, and what replaced it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kerasdemo.comparison.comparison import interval, metric_interval
from kerasdemo.display.run_plots import (
    BLUE,
    GREEN,
    GREY,
    INK,
    PALE,
    PURPLE,
    VERMILION,
    figure,
    style,
)
from kerasdemo.lecture.demo import ClaimResult, DemoContext, DemoOutput, status_above, status_of
from kerasdemo.lecture.demos import trained
from kerasdemo.records import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[Any]
COLORS = {"sigmoid": VERMILION, "relu": BLUE}
NAMES = {
    "sigmoid": "sigmoid",
    "relu": "ReLU",
    "leaky_relu": "leaky ReLU",
    "prelu": "parametric ReLU",
    "elu": "ELU",
    "maxout": "maxout",
}
VARIANTS = {
    "relu": INK,
    "leaky_relu": BLUE,
    "prelu": GREEN,
    "elu": PURPLE,
    "maxout": VERMILION,
}
DEPTH, EXAMPLES = 6, 100
# The change of a weight whose way through the layers is followed, and smaller ones for the limit.
CHANGE = 1.0
CHANGES = (1.0, 0.1, 1e-2, 1e-3, 1e-4)
# A network in float32 and a product of its matrices agree to this share of the largest output.
ROUNDING = 1e-4
# Test digits whose thin networks are counted, and those that are made one matrix of.
COUNTED, MULTIPLIED = 1000, 20


# One weight is changed.


@dataclass(frozen=True)
class Change:
    """What a change of one first-layer weight does.

    by_layer: the change of each hidden layer's outputs (L2 norm, root mean square over examples).
    ratios: change of the loss over the change of the weight, for each of `CHANGES`. gradient: the
    automatic one.
    """

    by_layer: Array
    ratios: Array
    gradient: float

    @property
    def factor(self) -> float:
        """By how much a layer multiplies the change, on geometric average."""
        return float((self.by_layer[-1] / self.by_layer[0]) ** (1 / (len(self.by_layer) - 1)))


def follow(activation: str, seed: int) -> Change:
    """Change the weight from the brightest pixel to the first unit of an untrained deep network."""
    from kerasdemo.backend import keras, tf

    network, x, y = _deep(activation, seed)
    hidden = [layer for layer in network.layers if isinstance(layer, keras.layers.Activation)]
    inside = keras.Model(network.inputs[0], [layer.output for layer in hidden])
    kernel = next(layer.kernel for layer in network.layers if hasattr(layer, "kernel"))
    pixel = int(x.mean(axis=0).argmax())

    def loss() -> tuple[list[Array], Any]:
        *outputs, prediction = inside(x)
        errors = keras.losses.sparse_categorical_crossentropy(y, prediction)
        return [np.asarray(output) for output in outputs], tf.reduce_mean(errors)

    with tf.GradientTape() as tape:
        before, height = loss()
    gradient = float(tape.gradient(height, kernel.value)[pixel, 0])
    start, ratios, by_layer = kernel.numpy(), [], np.array([])
    for change in CHANGES:
        changed = start.copy()
        changed[pixel, 0] += change
        kernel.assign(changed)
        after, higher = loss()
        ratios.append(float(higher - height) / change)
        if change == CHANGE:
            by_layer = np.array([_size(b - a) for a, b in zip(before, after, strict=True)])
    return Change(by_layer, np.array(ratios), gradient)


def _deep(activation: str, seed: int) -> tuple[Any, Array, Array]:
    """Return a network in float64, so that small changes can be seen, and bundled digits."""
    from kerasdemo.config import parse
    from kerasdemo.data import loading as data
    from kerasdemo.training import network

    config = parse(
        f"seed: {seed}\ndata: {{name: mnist_sample, train: {EXAMPLES}}}\n"
        f"network: {{depth: {DEPTH}, units: 100, activation: {activation}}}\n"
        "training: {precision: float64}"
    )
    examples = data.load(config)
    built = network.build(config, (784,), examples.classes)
    x = examples.train.x.reshape(EXAMPLES, -1).astype(np.float64)
    return built, x, examples.train.y


def _size(change: Array) -> float:
    return float(np.sqrt((change**2).sum(axis=1).mean()))


def intuition(context: DemoContext) -> DemoOutput:
    """Change one first-layer weight and see the change shrink through every sigmoid."""
    found = {name: [follow(name, seed) for seed in context.seeds] for name in COLORS}
    first = found["sigmoid"][0]
    lines = [
        f"{DEPTH} hidden layers of 100 units, untrained, {EXAMPLES} bundled digits; "
        f"the weight from the brightest pixel to the first unit grows by {CHANGE:g}",
    ]
    for name, every in found.items():
        steps = ", ".join(f"{size:.2g}" for size in every[0].by_layer)
        factor = interval([one.factor for one in every])
        lines.append(f"{NAMES[name]}: outputs change by {steps} (seed {context.seeds[0]})")
        lines.append(f"  each layer multiplies the change by {factor}")
    for change, ratio in zip(CHANGES, first.ratios, strict=True):
        lines.append(
            f"sigmoid, dw {change:g}: dC/dw {ratio:.6e}, automatic gradient {first.gradient:.6e}"
        )
    with style():
        drawn = _drawn_change(found)
    return DemoOutput(tuple(lines), _checked_change(found), {"intuition": drawn})


def _checked_change(found: Mapping[str, Sequence[Change]]) -> tuple[ClaimResult, ...]:
    sigmoid, relu = ([one.factor for one in found[name]] for name in COLORS)
    # ReLU's kinks make its ratios jump; the lecture's limit is about sigmoids.
    worst = max(abs(one.ratios[-1] / one.gradient - 1) for one in found["sigmoid"])
    largest = max(float((one.by_layer[1:] / one.by_layer[:-1]).max()) for one in found["sigmoid"])
    return (
        ClaimResult(
            "a change shrinks through every sigmoid layer",
            "large input, small output; no numbers",
            f"to {interval(sigmoid)} of its size in a layer on average, to {largest:.2g} at most",
            status_of(largest < 1),
        ),
        ClaimResult(
            "a change shrinks less through a ReLU layer than through a sigmoid layer",
            "no shrinking; no numbers",
            f"to {interval(relu)} in a layer, with sigmoid {interval(sigmoid)}",
            status_above([r - s for r, s in zip(relu, sigmoid, strict=True)]),
        ),
        ClaimResult(
            "the ratio of the changes, dC/dw, becomes the automatic gradient (to 0.1 % of it)",
            "the limit",
            f"with dw {CHANGES[-1]:g} they differ by {worst:.1e} of it at most",
            status_of(worst < 1e-3),
        ),
    )


def _drawn_change(found: Mapping[str, Sequence[Change]]) -> "Figure":
    from matplotlib.ticker import MaxNLocator

    drawn = figure(11, 4.2)
    drawn.set_layout_engine("constrained")
    drawn.suptitle(
        "A large change of one first-layer weight is a small change of the loss",
        x=0.01, ha="left", fontsize=12, fontweight="bold", color=INK,
    )  # fmt: skip
    left, right = drawn.subplots(1, 2)
    for name, every in found.items():
        dashes = "-" if name == "relu" else (0, (4, 1.6))
        layers = range(1, DEPTH + 1)
        for one in every:
            left.plot(layers, one.by_layer, color=COLORS[name], linewidth=0.7, alpha=0.5)
        mean = np.exp(np.mean([np.log(one.by_layer) for one in every], axis=0))
        factor = np.mean([one.factor for one in every])
        left.plot(layers, mean, color=COLORS[name], marker="o", linestyle=dashes,
                  label=f"{NAMES[name]}: x {factor:.2f} a layer")  # fmt: skip
    for one in found["sigmoid"]:
        error = np.abs(one.ratios / one.gradient - 1)
        right.plot(CHANGES, error, color=COLORS["sigmoid"], marker="o", linewidth=1, markersize=4)
    left.set(yscale="log", xlabel="hidden layer", ylabel="change of its outputs (L2 norm)")
    left.set_title(f"The weight grows by {CHANGE:g}; thin: each seed")
    left.xaxis.set_major_locator(MaxNLocator(integer=True))
    right.set(xscale="log", yscale="log", xlabel="$\\Delta w$")
    right.set_ylabel("relative error of $\\Delta C / \\Delta w$")
    right.set_title("Sigmoid: the ratio nears the automatic gradient (each seed)")
    right.invert_xaxis()
    left.legend()
    return drawn


# ReLU's thin linear network.


@dataclass(frozen=True)
class Thin:
    """A ReLU network for one example: the units that are active, and the linear network they make.

    active: for each hidden layer, (units,) of booleans. linear: outputs before the softmax by the
    product of the restricted matrices; whole: by the network itself, (classes,).
    """

    active: tuple[Array, ...]
    linear: Array
    whole: Array


def thin(kernels: Sequence[Array], biases: Sequence[Array], x: Array) -> Thin:
    """Restrict a ReLU network to the units that are active for x (inputs,).

    Args:
        kernels: of each layer (inputs, units), the output's last.
        biases: of each layer (units,).
    """
    active, a = [], x
    for kernel, bias in zip(kernels[:-1], biases[:-1], strict=True):
        z = a @ kernel + bias
        active.append(z > 0)
        a = np.maximum(z, 0)
    whole = a @ kernels[-1] + biases[-1]
    # y = x W + b of the layers so far, with the rows and columns of active units only.
    rows = active[0]
    weights, bias = kernels[0][:, rows], biases[0][rows]
    for kernel, own, columns in zip(
        kernels[1:], biases[1:], [*active[1:], np.ones(len(whole), bool)], strict=True
    ):
        restricted = kernel[rows][:, columns]
        weights, bias, rows = weights @ restricted, bias @ restricted + own[columns], columns
    return Thin(tuple(active), x @ weights + bias, whole)


def thin_network(context: DemoContext) -> DemoOutput:
    """Count the units that are active for one example, and show that they are a linear network."""
    looked = [_looked_at(run) for run in context.runs["relu"]]
    run = context.runs["relu"][0]
    first = looked[0]
    depth = len(first.shares[0])
    by_layer = [_percent([one.shares[:, n].mean() for one in looked]) for n in range(depth)]
    lines = [
        f"hidden layer {number}: {share} of the units are active for a test digit"
        for number, share in enumerate(by_layer, start=1)
    ]
    apart = max(one.apart for one in looked)
    counted = len(first.shares)
    claims = (
        ClaimResult(
            "for one example the active units are a linear network: the same output by one matrix",
            "a thinner linear network",
            f"largest difference {apart:.1e} of the largest output, {MULTIPLIED} digits a seed",
            status_of(apart < ROUNDING),
        ),
        ClaimResult(
            "the linear network is thinner: a part of the units is at 0",
            "a figure without numbers",
            f"{_percent([1 - one.shares.mean() for one in looked])} are at 0",
            status_above([1 - float(one.shares.mean()) for one in looked]),
        ),
        ClaimResult(
            f"another example has another thin network: all of {counted} digits differ",
            "a statement",
            f"{min(one.different for one in looked)} different ones at least, of each seed",
            status_of(all(one.different == counted for one in looked)),
        ),
    )
    with style():
        drawn = _drawn_thin(first.examples, trained.origin([run]))
    return DemoOutput(
        (*lines, trained.origin(context.runs["relu"])), claims, {"active_units": drawn}
    )


@dataclass(frozen=True)
class LookedAt:
    """What the thin networks of one run showed.

    shares: of active units, (digits, layers). apart: the linear network's output minus the whole
    one's, over the largest. different: thin networks. examples: image, digit, thin network.
    """

    shares: Array
    apart: float
    different: float
    examples: tuple[tuple[Array, int, Thin], ...]


def _looked_at(run: Run) -> LookedAt:
    network, test = trained.model(run), trained.dataset(run).test
    dense = [layer for layer in network.layers if hasattr(layer, "kernel")]
    kernels, biases = zip(
        *([np.asarray(w, dtype=np.float64) for w in layer.get_weights()] for layer in dense),
        strict=True,
    )
    images = test.x[:COUNTED]
    a, active = images.reshape(len(images), -1).astype(np.float64), []
    for kernel, bias in zip(kernels[:-1], biases[:-1], strict=True):
        a = np.maximum(a @ kernel + bias, 0)
        active.append(a > 0)
    shares = np.stack([layer.mean(axis=1) for layer in active], axis=1)
    patterns = np.unique(np.concatenate(active, axis=1), axis=0)
    found = [thin(kernels, biases, x.ravel().astype(np.float64)) for x in images[:MULTIPLIED]]
    apart = max(np.abs(one.linear - one.whole).max() / np.abs(one.whole).max() for one in found)
    # The network itself, by Keras, says the same as the sums here.
    own = np.asarray(network(images[:MULTIPLIED]))
    apart = max(apart, *(np.abs(own[n] - _softmax(one.whole)).max() for n, one in enumerate(found)))
    other = int(np.flatnonzero(test.y[:MULTIPLIED] != test.y[0])[0])
    examples = tuple((images[n], int(test.y[n]), found[n]) for n in (0, other))
    return LookedAt(shares, float(apart), float(len(patterns)), examples)


def _softmax(z: Array) -> Array:
    powers = np.exp(z - z.max())
    return powers / powers.sum()  # type: ignore[no-any-return]


def _drawn_thin(examples: Sequence[tuple[Array, int, Thin]], origin: str) -> "Figure":
    """Draw the units of each layer as squares for each example, the active ones dark."""
    depth = len(examples[0][2].active)
    drawn = figure(2.3 * (depth + 2), 2.6 * len(examples) + 0.8)
    drawn.set_layout_engine("constrained")
    drawn.suptitle(
        "ReLU: each example has a thin linear network of its own",
        x=0.01, ha="left", fontsize=12, fontweight="bold", color=INK,
    )  # fmt: skip
    rows = drawn.subplots(len(examples), depth + 2, squeeze=False)
    for row, (image, digit, one) in zip(rows, examples, strict=True):
        row[0].imshow(image, cmap="Greys")
        row[0].set_title(f"a {digit}")
        for layer, (ax, active) in enumerate(zip(row[1:-1], one.active, strict=True), start=1):
            _squares(ax, active)
            ax.set_title(f"layer {layer}: {active.sum()} of {len(active)} active")
        _outputs(row[-1], one)
        for ax in row[:-1]:
            ax.set(xticks=[], yticks=[])
            ax.grid(visible=False)
            ax.spines[:].set_visible(False)
    drawn.supxlabel(f"a square is a unit, dark where it is active; {origin}", size=9)
    return drawn


def _squares(ax: "Axes", active: Array) -> None:
    from matplotlib.colors import ListedColormap

    side = int(np.ceil(np.sqrt(len(active))))
    cells = np.full(side * side, np.nan)
    cells[: len(active)] = active
    ax.pcolormesh(
        cells.reshape(side, side)[::-1], cmap=ListedColormap([PALE, BLUE]), vmin=0, vmax=1,
        edgecolors="white", linewidth=1.5,
    )  # fmt: skip
    ax.set_aspect("equal")


def _outputs(ax: "Axes", one: Thin) -> None:
    digits = np.arange(len(one.whole))
    ax.bar(digits, one.whole, color=GREY, width=0.8, label="whole network")
    ax.plot(digits, one.linear, "o", color=VERMILION, markersize=4.5, label="one matrix")
    ax.set_xticks(digits)
    ax.set_title("output before softmax")
    ax.set_ylim(top=ax.get_ylim()[1] + 0.45 * np.ptp(ax.get_ylim()))
    ax.legend(fontsize=7.5, loc="upper left")


# ReLU's variants.

# The lecture's slope of leaky ReLU; Keras' own default is 0.3.
LEAK, SHOWN_ALPHA = 0.01, 0.25
FORMULAS: dict[str, Callable[[Array], Array]] = {
    "relu": lambda z: np.maximum(z, 0),
    "leaky_relu": lambda z: np.where(z > 0, z, LEAK * z),
    "prelu": lambda z: np.where(z > 0, z, SHOWN_ALPHA * z),
    "elu": lambda z: np.where(z > 0, z, np.exp(z) - 1),
}


def activation_variants(context: DemoContext) -> DemoOutput:
    """Hold the formulas of ReLU's variants against Keras' layers, and compare trained networks."""
    z = np.linspace(-3, 3, 601, dtype=np.float32)
    apart = {
        name: float(np.abs(np.asarray(layer(z[None, :]))[0] - FORMULAS[name](z)).max())
        for name, layer in _keras_layers(len(z)).items()
    }
    alphas = [_alphas(run) for run in context.runs["prelu"]]
    means = [float(own.mean()) for own in alphas]
    lines = [f"parametric ReLU's alphas start at 0; after training their mean is {interval(means)}"]
    for label, runs in context.runs.items():
        values, count = (
            [run.facts["test"]["accuracy"] for run in runs],
            runs[0].facts["data"]["test"],
        )
        ends = metric_interval(values, "test_accuracy", count).scaled(100)
        lines.append(f"{NAMES[label]}: test accuracy {ends} %")
    claims = (
        *(
            ClaimResult(
                f"Keras' layer is the formula of {NAMES[name]}",
                "a formula" if name != "elu" else "not on the slide",
                f"largest difference {difference:.1e}",
                status_of(difference < 1e-6),
            )
            for name, difference in apart.items()
        ),
        ClaimResult(
            "parametric ReLU learns alpha: it moves away from 0",
            "alpha is learned by gradient descent",
            f"mean distance from the 0 it starts at {interval([_away(own) for own in alphas])}",
            status_above([_away(own) for own in alphas]),
        ),
    )
    origin = trained.origin(context.runs["prelu"])
    with style():
        figures = {"activation_shapes": _drawn_variants(z, alphas, context.runs, origin)}
    return DemoOutput(tuple(lines), claims, figures)


def _percent(shares: Sequence[float]) -> str:
    return f"{metric_interval(shares, 'accuracy').scaled(100)} %"


def _away(alphas: Array) -> float:
    return float(np.abs(alphas).mean())


def _keras_layers(units: int) -> dict[str, Any]:
    from kerasdemo.backend import keras

    prelu = keras.layers.PReLU(alpha_initializer=keras.initializers.Constant(SHOWN_ALPHA))
    prelu.build((None, units))
    return {
        "relu": keras.layers.ReLU(),
        "leaky_relu": keras.layers.LeakyReLU(negative_slope=LEAK),
        "prelu": prelu,
        "elu": keras.layers.ELU(),
    }


def _alphas(run: Run) -> Array:
    """Return every learned slope of a network of parametric ReLUs, (units of all layers,)."""
    from kerasdemo.backend import keras

    layers = [x for x in trained.model(run).layers if isinstance(x, keras.layers.PReLU)]
    return np.concatenate([np.asarray(layer.alpha).ravel() for layer in layers])


def _drawn_variants(
    z: Array, alphas: Sequence[Array], runs: Mapping[str, Sequence[Run]], origin: str
) -> "Figure":
    from matplotlib.ticker import MaxNLocator

    drawn = figure(13, 4.2)
    drawn.set_layout_engine("constrained")
    left, middle, right = drawn.subplots(1, 3)
    names = {
        "relu": "ReLU",
        "leaky_relu": f"leaky: {LEAK:g} z",
        "prelu": f"parametric: alpha z, here {SHOWN_ALPHA:g}",
        "elu": "ELU: exp(z) - 1",
    }
    for name, formula in FORMULAS.items():
        left.plot(z, formula(z), color=VARIANTS[name], label=names[name], linestyle=_dashes(name))
    left.set(xlabel="$z$", ylabel="output", xlim=(-3, 1.5), ylim=(-1.1, 1.5))
    left.set_title("They differ below 0")
    left.legend(loc="upper left", fontsize=8.5)
    learned = np.concatenate(alphas)
    middle.hist(learned, bins=40, color=VARIANTS["prelu"])
    middle.axvline(0, color=INK, linewidth=1)
    middle.set(xlabel="learned alpha", ylabel="units (of all layers and seeds)")
    middle.set_title(f"Parametric ReLU: alphas moved by {_away(learned):.3f} from 0")
    for label, own in runs.items():
        curves = 100 * np.array([run.history.val_accuracy for run in own])
        epochs = range(1, curves.shape[1] + 1)
        right.plot(
            epochs, curves.mean(axis=0), color=VARIANTS[label], label=NAMES[label],
            linestyle=_dashes(label),
        )  # fmt: skip
    right.xaxis.set_major_locator(MaxNLocator(integer=True))
    right.set(xlabel="epoch", ylabel="validation accuracy (%)")
    right.set_title("In the same network, mean over the seeds")
    right.legend(loc="lower right", fontsize=8.5)
    drawn.supxlabel(origin, size=9, x=0.01, ha="left")
    return drawn


def _dashes(name: str) -> Any:
    return {"relu": "-", "leaky_relu": (0, (5, 1.5)), "prelu": (0, (3, 1, 1, 1)), "elu": "-"}.get(
        name, (0, (1.5, 1))
    )
