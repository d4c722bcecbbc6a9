"""How much work a run is, and roughly how long that takes here."""

import math
import os
import time
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from kerasdemo.config import RunConfig
from kerasdemo.config.layers import ShapeError, has_convolution, layers_of
from kerasdemo.sweeps.expansion import RunSpec
from kerasdemo.sweeps.run_store import RunOutcome
from kerasdemo.training.compile_key import compile_key

# Operations in whose time an epoch is begun, measured and recorded, an update starts, and reads and
# writes each weight: good enough guesses for an estimate, and so is the share of the peak rate.
EPOCH, UPDATE, UPDATE_OF_WEIGHT = 5e8, 1e6, 40
SHARE_OF_PEAK = 0.6
# A product takes that many times longer in a convolutional network than in a dense one: 3,500
# digits through 16 and 32 filters took 0.25 s an epoch, at the rate of dense layers 0.13 s.
CONVOLUTION = 2
# Of a table, whose categories are not counted yet.
GUESSED_FEATURES = 32
COMPILE_SECONDS = 4.0
# A worker starts and compiles in the time of this much work, and may hold that much memory.
WORTH_A_WORKER, WORKER_BYTES = 5e11, 2 << 30


def work(config: RunConfig) -> float:
    """Return about how much work a run is, in floating-point operations.

    Two for each weight and example forward, four backward, a forward pass over train and validation
    at each epoch's end, and the constant cost of each update and each epoch.
    """
    data, epochs = config.data, config.training.epochs
    train, validation = data.train or 0, data.validation or 0
    updates = math.ceil(train / config.training.batch_size)
    weights = multiplications(config)
    each_update = UPDATE + UPDATE_OF_WEIGHT * weights
    products = weights * (CONVOLUTION if has_convolution(config) else 1)
    return epochs * (EPOCH + products * (8 * train + 2 * validation) + each_update * updates)


def multiplications(config: RunConfig) -> int:
    """Return how many products one example's way through the network takes."""
    facts = config.dataset_info
    assert facts is not None  # a loaded config has them
    try:
        layers = layers_of(config, facts.shape or (GUESSED_FEATURES,), facts.outputs)
    except ShapeError:
        return 0  # the inputs, once counted, do not fit either: such a run is refused
    return sum(layer.multiplications for layer in layers)


def seconds(
    specs: Sequence[RunSpec], outcomes: Iterable[RunOutcome | None], workers: int = 1
) -> float:
    """Return roughly how many seconds the runs take that have no outcome yet.

    It follows from the seconds of the complete runs; where there are none, from this machine's rate
    of matrix products, which is measured quickly.

    Args:
        specs: of every run.
        outcomes: of each, None where it has to be trained.
        workers: processes that share the work.
    """
    pairs = list(zip(specs, outcomes, strict=True))
    left = [spec for spec, outcome in pairs if outcome is None]
    known = [
        (work(spec.config), outcome.summary.seconds)
        for spec, outcome in pairs
        if outcome is not None and outcome.summary is not None and outcome.summary.seconds
    ]
    total = sum(work(spec.config) for spec in left)
    if known:
        return total * sum(s for _, s in known) / sum(w for w, _ in known) / workers
    programs = len({compile_key(spec.config) for spec in left})
    return total / (peak() * SHARE_OF_PEAK) / workers + COMPILE_SECONDS * programs


def usual_workers(specs: Sequence[RunSpec]) -> int:
    """Return how many processes make these runs fastest here; each gets its share of the cores.

    One core for each run wastes least: on two cores two workers took 0.70 of one worker's time for
    24 runs of three layers of 500, and 0.57 for 24 of FizzBuzz. A GPU is not shared, and neither is
    work of a few seconds. It follows from the experiment and the machine alone, so that a resumed
    sweep has the same number.
    """
    if not specs or Path("/dev/nvidia0").exists():
        return 1
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // WORKER_BYTES
    worth = sum(work(spec.config) for spec in specs) // WORTH_A_WORKER
    return int(max(1, min(os.cpu_count() or 1, len(specs), memory, worth)))


@cache
def peak() -> float:
    """Return this machine's floating-point operations a second in a matrix product (float32)."""
    import numpy as np

    size = 700
    matrix = np.ones((size, size), np.float32)
    times = []
    for _ in range(10):
        start = time.perf_counter()
        matrix @ matrix
        times.append(time.perf_counter() - start)
    return 2 * size**3 / min(times)
