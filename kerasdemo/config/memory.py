"""The memory that training needs at least: for the parameters, and for the largest output."""

import math
import os
from collections.abc import Sequence

from kerasdemo.config.layers import Layer
from kerasdemo.config.types import RunConfig

# Bytes of a variable, by dtype policy; mixed policies keep float32.
BYTES = {"float64": 8, "bfloat16": 2}
# Numbers that an optimizer keeps for each parameter; the others keep two or more.
SLOTS = {"sgd": 0, "adagrad": 1, "rmsprop": 1, "lion": 1}


def memory(config: RunConfig, parameters: int) -> int:
    """Return the bytes that training so many parameters needs at least.

    Each has its value twice (in the model and in the compiled program), its gradient, and what the
    optimizer keeps of it. Examples and the values of hidden layers come on top.
    """
    slots = SLOTS.get(config.optimizer.name, 2)
    if config.optimizer.name in ("sgd", "rmsprop") and config.optimizer.arguments["momentum"]:
        slots += 1
    return parameters * (3 + slots) * BYTES.get(config.training.precision, 4)


def find_shortage(config: RunConfig, layers: Sequence[Layer]) -> str | None:
    """Return what memory a network needs that this machine does not have; None where it has it."""
    count = sum(layer.parameters for layer in layers)
    needed, has = memory(config, count), os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    machine = f"this machine has {has / 2**30:,.0f} GiB"
    if needed > has:
        return (
            f"{count:.3g} parameters need at least {needed / 2**30:,.0f} GiB of memory to train "
            f"with {config.optimizer.name}; {machine}: use fewer units"
        )
    batch = min(config.training.batch_size, config.data.train or config.training.batch_size)
    for layer in layers:
        # Its output alone, as small as a number can be.
        needed = 2 * batch * math.prod(size or 1 for size in layer.output_shape)
        if needed > has:
            return (
                f"the output of {layer.name} has shape {layer.output_shape}: a mini-batch of "
                f"{batch:,} needs at least {needed / 2**30:,.0f} GiB of memory; {machine}"
            )
    return None
