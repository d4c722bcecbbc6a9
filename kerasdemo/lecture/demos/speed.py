"""Times of a dense network by hand: a batch or a loop (lecture 6), backward or forward (7)."""

import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from statistics import median, quantiles

import numpy as np

from kerasdemo.lecture.demo import ClaimResult, DemoContext, DemoOutput, Status
from kerasdemo.lecture.demos import dense

# The batch and the loop.
LOOP_SIZES, EXAMPLES, LOOP_REPEATS = (784, 500, 500, 10), 1_000, 7
# The backward pass.
SIZES, BATCH, REPEATS = (784, 500, 500, 500, 10), 100, 31
# The backward pass costs about as much as the forward pass where the ratio is within this factor.
FACTOR = 2.0


def random_network(sizes: Sequence[int], rng: np.random.Generator) -> tuple[dense.Layer, ...]:
    """Return sigmoid layers of these sizes in float32, initialized as Keras does by default.

    The weights are uniform in +-sqrt(6 / (inputs + units)) (Glorot and Bengio 2010).
    """
    return tuple(
        dense.Layer(
            (rng.uniform(-1, 1, (m, n)) * np.sqrt(6 / (m + n))).astype(np.float32),  # (m, n)
            np.zeros(n, np.float32),
            dense.SIGMOID,
        )
        for m, n in pairwise(sizes)
    )


def measure(functions: dict[str, Callable[[], object]], repeats: int) -> dict[str, list[float]]:
    """Return each function's seconds; they take turns, so that other load affects all alike."""
    seconds: dict[str, list[float]] = {name: [] for name in functions}
    for repeat in range(repeats + 1):
        for name, function in functions.items():
            start = time.perf_counter()
            function()
            if repeat:  # the first one warms up
                seconds[name].append(time.perf_counter() - start)
    return seconds


def batch_against_loop(context: DemoContext) -> DemoOutput:
    """Time one matrix product for all examples, and one for each example."""
    layers = random_network(LOOP_SIZES, np.random.default_rng(context.seeds[0]))
    x = np.random.default_rng(context.seeds[0]).random((EXAMPLES, LOOP_SIZES[0]), np.float32)
    seconds = measure(
        {
            "batch": lambda: dense.forward(layers, x),
            "loop": lambda: [dense.forward(layers, row[None]) for row in x],
        },
        LOOP_REPEATS,
    )
    ratios = [loop / batch for loop, batch in zip(seconds["loop"], seconds["batch"], strict=True)]
    low, middle, high = quantiles(ratios, n=4)
    lines = (
        f"{'-'.join(map(str, LOOP_SIZES))}, {EXAMPLES:,} random examples, float32, median of "
        f"{LOOP_REPEATS} repeats",
        f"one batch             {1e3 * median(seconds['batch']):9.1f} ms",
        f"a loop over examples  {1e3 * median(seconds['loop']):9.1f} ms",
    )
    claim = ClaimResult(
        "one matrix product for a batch is faster than a loop over its examples",
        "matrix operations, sped up by parallel computing (no number)",
        f"{middle:.1f} times as fast (quartiles {low:.1f} to {high:.1f})",
        "held" if low > 1 else "not held" if high < 1 else "undecided",
    )
    return DemoOutput(lines, (claim,))


def cost_of_backward_pass(context: DemoContext) -> DemoOutput:
    """Time the backward pass and the forward pass, and count their multiplications."""
    rng = np.random.default_rng(context.seeds[0])
    layers = random_network(SIZES, rng)
    x = rng.random((BATCH, SIZES[0]), np.float32)
    targets = np.eye(SIZES[-1], dtype=np.float32)[rng.integers(0, SIZES[-1], BATCH)]
    steps = dense.forward(layers, x)
    seconds = measure(
        {
            "forward": lambda: dense.forward(layers, x),
            "dC/dz": lambda: dense.backward_pass(steps, targets, dense.MSE),
            "dC/dz and dC/dw": lambda: dense.backward(steps, targets, dense.MSE),
        },
        REPEATS,
    )
    # Multiplications of the matrix products, for one example.
    forward = sum(layer.kernel.size for layer in layers)
    back = forward - layers[0].kernel.size
    counts = {"forward": forward, "dC/dz": back, "dC/dz and dC/dw": back + forward}
    shares = {name: count / forward for name, count in counts.items()}
    lines = [
        f"{'-'.join(map(str, SIZES))}, batch {BATCH}, float32, median of {REPEATS} repeats",
        *(
            f"{name:16} {1e3 * median(seconds[name]):8.2f} ms   {counts[name]:9,} multiplications "
            f"an example ({shares[name]:.2f} of forward)"
            for name in seconds
        ),
    ]
    quartiles = {
        name: quantiles([b / f for b, f in zip(taken, seconds["forward"], strict=True)], n=4)
        for name, taken in seconds.items()
        if name != "forward"
    }
    claim = ClaimResult(
        f"the backward pass costs about as much as the forward pass (factor {FACTOR:g} at most)",
        "about the same (no number)",
        "; ".join(
            f"{name}: {middle:.2f} times forward (quartiles {low:.2f} to {high:.2f}; by "
            f"multiplications {shares[name]:.2f})"
            for name, (low, middle, high) in quartiles.items()
        ),
        _is_within_factor(list(quartiles.values())),
        note="dC/dz stops at the first layer, because inputs have no z; that saves "
        f"{1 - shares['dC/dz']:.0%} of the multiplications here",
    )
    return DemoOutput(tuple(lines), (claim,))


def _is_within_factor(quartiles: Sequence[Sequence[float]]) -> Status:
    """Return "held" where all quartiles are within the factor, "not held" where one has left it."""
    if all(low >= 1 / FACTOR and high <= FACTOR for low, _, high in quartiles):
        return "held"
    is_outside = any(low > FACTOR or high < 1 / FACTOR for low, _, high in quartiles)
    return "not held" if is_outside else "undecided"
